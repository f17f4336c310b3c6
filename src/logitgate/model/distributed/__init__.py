"""Rows that are not all in memory while a model is fitted to them: coded once, then summed at each step.

Imports `design`, `fitting`, `data` and `spark`. Read `coding`, `on_disk`, `in_spark`, `whole_table`.
"""
