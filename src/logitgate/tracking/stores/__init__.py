"""What kinds of stores there are: their addresses, the embedded SQLite file, the schemas of databases.

`tracking.store` opens them.
"""
