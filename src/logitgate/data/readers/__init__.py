"""The cells of CSV, Parquet, SQL, Delta Lake and Iceberg, and where each row stands.

Read `source`, then the format you need in `files` or `sql`, then `casts` and
`cells`: from stored to declared types.
"""
