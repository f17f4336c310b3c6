"""What each feature adds to the log-odds of a row.

Imports `model.model` and below. Read `contributions`.
"""
