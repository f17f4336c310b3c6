"""Tables in: rows, contract, sample, parts.

Imports `evaluation` and below, pandas and pyarrow. Read `table`, `sample`, `split`; then `readers` and
`contract`.
"""
