"""Checks of rows and of a fitted model; each is a pure function that returns findings and tables.

Imports `model` and below. `leakage`, `change_points` and `inspection` are rooms of their own.
"""
