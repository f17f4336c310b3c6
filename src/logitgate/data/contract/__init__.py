"""What a table promises, held against its rows.

`suite` reads the Great Expectations file, `validation` alone imports the library, `batches` does the same
for tables of any length.
"""
