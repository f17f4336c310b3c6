"""Two decision makers on the same rows: paired cost, McNemar's test, the cost of miscalibration.

Imports `evaluation.evaluate` and below. Read `comparison`.
"""
