"""What a table promises, held against its rows.

`suite` reads the Great Expectations file, `engines.library` alone imports Great Expectations. `validation` holds a
whole table against the rules; `batch_rules` and `batches` do the same for tables of any length.
"""
