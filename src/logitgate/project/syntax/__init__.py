"""Notations inside a project file: column types, time formats, row conditions, names of slices.

Imports `errors`. Each module stands alone.
"""
