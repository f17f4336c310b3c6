"""Statistics of scored rows: intervals, AUC, calibration, curves, slices, comparisons.

No file is read here.

Imports `project` and `decision`, numpy and scipy. Read `intervals`, `metrics`, `evaluate`, then
`comparison` and `slices`.
"""
