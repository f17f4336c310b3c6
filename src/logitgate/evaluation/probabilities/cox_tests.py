"""Intercept and slope of Cox's recalibration: their errors, intervals and tests.

Source: Hotelling (1931) for the joint test of clustered rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtri, stdtr, stdtrit

from ...decision.expressions import FloatArray
from ..estimates import NAN, Estimate

_SINGULAR = 1e-16


class Statistic(NamedTuple):
    """A test statistic, and the probability of one as extreme if the model is calibrated."""

    value: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Cox:
    """The recalibration and its errors; NaN where the rows do not determine it."""

    intercept: float
    slope: float
    covariance: FloatArray
    """Of intercept and slope, shape (2, 2)."""
    in_the_large: float
    in_the_large_error: float
    joint_statistic: float
    """2 (l(a, b) - l(0, 1)); chi-squared with 2 degrees of freedom for a calibrated model."""
    slope_statistic: float
    """2 (l(a, b) - l(a', 1)), a' calibration-in-the-large; chi-squared with 1 degree of freedom when the
    slope is 1."""
    degrees: float
    """Degrees of freedom of the errors: clusters - 1, or infinite."""

    @property
    def slope_error(self) -> float:
        """The standard error of the slope."""
        return float(np.sqrt(self.covariance[1, 1]))

    @property
    def joint_p_value(self) -> float:
        """The probability of such a misfit under a calibrated model; it knows nothing of clusters."""
        return float(chdtrc(2, self.joint_statistic))

    @property
    def wald(self) -> Statistic:
        """Intercept 0 and slope 1 tested together, by a covariance that may be clustered.

        ``W = (a, b - 1) V^-1 (a, b - 1)'`` is chi-squared with 2 degrees of freedom; with G clusters
        it is Hotelling's: ``W (G - 2) / (2 (G - 1))`` is F with 2 and G - 2. NaN below three clusters.
        """
        (top, both), (_, bottom) = self.covariance
        determinant = top * bottom - both**2
        if not (self.degrees > 1 and determinant > _SINGULAR * top * bottom):
            return Statistic(NAN, NAN)
        a, b = self.intercept, self.slope - 1
        value = float((a**2 * bottom - 2 * a * b * both + b**2 * top) / determinant)
        if np.isinf(self.degrees):
            return Statistic(value, float(chdtrc(2, value)))
        left = self.degrees - 1
        return Statistic(value, float(fdtrc(2, left, value * left / (2 * self.degrees))))

    @property
    def joint(self) -> Statistic:
        """The likelihood ratio where rows are independent, Wald's where they are clustered.

        The likelihood ratio counts rows of one cluster as if each were news, and rejects too often.
        """
        clustered = np.isfinite(self.degrees)
        return self.wald if clustered else Statistic(self.joint_statistic, self.joint_p_value)

    @property
    def slope_beyond_intercept(self) -> Statistic:
        """Slope 1 tested with a free intercept: the likelihood ratio, or Wald's where rows are clustered."""
        if np.isinf(self.degrees):
            return Statistic(self.slope_statistic, float(chdtrc(1, self.slope_statistic)))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = (self.slope - 1) / self.slope_error
        return Statistic(value, float(2 * stdtr(self.degrees, -abs(value))))

    def slope_interval(self, confidence: float = 0.95) -> Estimate:
        """Return the slope with its Wald interval."""
        return self._wald(self.slope, self.slope_error, confidence)

    def in_the_large_interval(self, confidence: float = 0.95) -> Estimate:
        """Return calibration-in-the-large with its Wald interval, in log-odds."""
        return self._wald(self.in_the_large, self.in_the_large_error, confidence)

    def _wald(self, value: float, error: float, confidence: float) -> Estimate:
        share = (1 + confidence) / 2
        reach = error * float(ndtri(share) if np.isinf(self.degrees) else stdtrit(self.degrees, share))
        return Estimate(value, value - reach, value + reach)
