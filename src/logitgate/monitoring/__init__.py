"""Is production still good, and what is to be done? Pure functions.

Imports `model` and below. Read `window`, `drift`, `policy`; `performance` is a room of its own.
"""
