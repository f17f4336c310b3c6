"""Finding what killed runs and lost answers left behind, and putting it right.

Imports `release`, `promotion` and what they import. Read `doctor`, `repair_production`.
"""
