"""One penalised fit: Newton's method, the fit and its preconditions, recalibration folded into it.

Imports `model.design`. Read `fit`, then `recalibration`.
"""
