"""Apache Spark, the only room that imports it: a session, and frames of rows that stay where they are.

Imports `errors`; PySpark. Read `session`, `frame`, `refusals`.
"""
