"""Rows to learn from and to judge on: observed, mature, within the window, cut into blocks and slices.

Read `sample`, `maturity`, `blocks`; then `label_join` and `slicing`. Imports nothing else of `data`.
"""
