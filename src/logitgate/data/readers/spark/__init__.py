"""Rows that Apache Spark holds: which of them and which columns come home, and as what.

Imports `spark`, `source` and `files`. Read `selection`, `conditions`.
"""
