"""What is decided from rows, and judged on other rows: form, penalty, recalibration, threshold.

Imports `model.fitting` and `model.design`. Read `recipe`, then `baselines` and `submission`.
"""
