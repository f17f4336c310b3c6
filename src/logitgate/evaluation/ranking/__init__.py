"""How well scores rank: AUC with intervals, DeLong's test of two AUCs, average precision.

Imports `evaluation.intervals` and `evaluation.metrics`. Read `auc` first.
"""
