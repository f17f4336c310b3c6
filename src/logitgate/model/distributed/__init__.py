"""Rows that stay in Spark while a model is fitted to them: coded once, then summed at each step.

Imports `design`, `fitting`, `data` and `spark`. Read `coding`, `whole_table`.
"""
