"""Whether probabilities are right: Cox's recalibration, CORP reliability, calibration figures.

Imports `evaluation.intervals` and `evaluation.metrics`. Read `calibration`.
"""
