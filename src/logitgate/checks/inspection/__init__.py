"""The fitted model itself: coefficients, declared signs, stability, what each feature is worth.

Read `inspect`.
"""
