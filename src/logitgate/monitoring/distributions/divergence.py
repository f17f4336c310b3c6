"""How far two distributions are apart: statistics of counts, and their p-values."""

from __future__ import annotations

import numpy as np
from scipy.special import kolmogorov
from scipy.stats import chi2

from ...decision.expressions import FloatArray
from ...evaluation.estimates import NAN
from ...evaluation.histograms import Numbers

_LEAST_EXPECTED = 5.0
_TINY = 0.5


def psi(now: FloatArray, before: FloatArray) -> float:
    """Return the population stability index of two arrays of counts, less what chance adds; at least 0.

    Half a row is added to each cell, so that an empty one counts, but not without bounds.
    """
    used = (now > 0) | (before > 0)
    n, m, k = now.sum(), before.sum(), int(used.sum())
    if not n or not m:
        return NAN
    p, q = ((part[used] + _TINY) / (part.sum() + _TINY * k) for part in (now, before))
    return max(float(((p - q) * np.log(p / q)).sum() - (k - 1) * (1 / n + 1 / m)), 0.0)


def jensen_shannon(now: FloatArray, before: FloatArray) -> float:
    """Return the Jensen-Shannon distance in bits to the power of a half, between 0 and 1."""
    p, q = now / max(now.sum(), 1.0), before / max(before.sum(), 1.0)
    middle = (p + q) / 2

    def against(part: FloatArray) -> float:
        used = part > 0
        return float((part[used] * np.log2(part[used] / middle[used])).sum())

    return float(np.sqrt(max((against(p) + against(q)) / 2, 0.0)))


def chi_squared(now: FloatArray, before: FloatArray) -> float:
    """Return the p-value of two arrays of counts; cells with fewer than 5 expected rows are pooled."""
    n, m = now.sum(), before.sum()
    share = (now + before) / max(n + m, 1.0)
    rare = np.minimum(n, m) * share < _LEAST_EXPECTED
    pooled = [np.r_[part[~rare], part[rare].sum()] for part in (now, before)]
    used = (pooled[0] + pooled[1]) > 0
    one, other = (part[used] for part in pooled)
    if len(one) < 2 or not n or not m:
        return 1.0
    together = (one + other) / (n + m)
    statistic = ((one - n * together) ** 2 / (n * together)).sum()
    statistic += ((other - m * together) ** 2 / (m * together)).sum()
    return float(chi2.sf(statistic, len(one) - 1))


def kolmogorov_smirnov(
    now: Numbers, before: Numbers, independent: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Return the largest distance of two distribution functions on the reference's grid, and its p-value.

    Parameters
    ----------
    now, before : Numbers
    independent : pair of float, optional
        How many independent rows each is worth; by default those that have a value.
    """
    if not len(before.edges) or not now.present or not before.present:
        return 0.0, 1.0
    distance = float(np.abs(now.cumulative() - before.cumulative()).max())
    n, m = independent or (now.present, before.present)
    scale = np.sqrt(n * m / (n + m))
    return distance, float(kolmogorov(scale * distance))
