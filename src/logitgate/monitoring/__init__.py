"""Drift, performance and the reaction policy for a model in production: pure functions.

Imports `model` and below. Read `window`, `drift`, `policy`; `performance` is a room of its own.
"""
