"""Scoring a table with the champion, batch by batch, into a file that appears whole.

Imports `promotion` and what it imports; PyArrow. Read `champion`, `score`, `shadow_record`.
"""
