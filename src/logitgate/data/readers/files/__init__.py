"""Files in: CSV, Parquet, Delta and Iceberg folders, as cells that know where they stand.

Read `table_parts`, `csv`, `parquet`. Imports `source` and `headers` of the readers, and pyarrow.
"""
