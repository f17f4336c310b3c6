"""Drift, performance and the reaction policy for a model in production: pure functions.

Imports `model` and below. Read `window`, `reference`, `drift`, `reactions.policy`; then `performance` and
`distributions`.
"""
