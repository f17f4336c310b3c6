"""Design, search, fit, recalibration, threshold, and the model that comes of them.

Imports `data` and below, scikit-learn and threadpoolctl. Read `train`: it calls the others in order.
"""
