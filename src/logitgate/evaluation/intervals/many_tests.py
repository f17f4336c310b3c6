"""A correction for many tests: Holm (1979)."""

from __future__ import annotations

import numpy as np

from ...decision.expressions import FloatArray


def holm(p_values: FloatArray) -> FloatArray:
    """Return Holm's step-down adjusted p-values, in the order given.

    A NaN stays NaN and still counts as a test of the family.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    left = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(np.asarray(p_values)[order] * left), 1.0)
    return adjusted
