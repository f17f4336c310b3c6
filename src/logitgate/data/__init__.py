"""Tables in: rows, contract, sample, blocks.

Imports `evaluation` and below, pandas and pyarrow. Read `table`, then `sampling`; then `readers` and
`contract`.
"""
