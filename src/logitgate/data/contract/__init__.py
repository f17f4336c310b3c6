"""What a table promises, held against its rows.

`suite` reads the Great Expectations file, which `engines.library` alone imports. `validation` holds a whole
table against the rules; `batch_rules` and `batches` do the same for tables of any length.
"""
