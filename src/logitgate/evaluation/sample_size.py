"""What the rows can prove: enough for the model's coefficients, and enough for the proofs that gates ask for.

Sources: Riley, Ensor, Snell et al. (2020), Calculating the sample size required for developing a clinical
prediction model, BMJ 368:m441, with the formulas of Riley, Snell, Ensor et al. (2019), Statistics in Medicine
38:1276; Cox, Snell (1989) for R2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, xlog1py, xlogy

from ..catalogue import Check
from ..decision.expressions import FloatArray
from ..findings import Figure, Finding, Status
from .intervals import Clusters, mean_interval, upper_bound
from .metrics import log_loss

CHECK = Check.ROWS
SHRINKAGE = 0.9
"""The coefficients may lose a tenth to what they learned by chance."""
OPTIMISM = 0.05
"""By how much the apparent share of the largest R2 may exceed the true one."""
PRECISION = 0.05
"""Half of the width that the interval of the prevalence may have."""
MODEST = 0.15
"""The share of the largest R2 that Riley et al. assume where nothing is known of the model."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """How many rows each criterion of Riley et al. (2020) asks for; infinite where R2 is not above 0."""

    shrinkage: float
    """So that coefficients need to be shrunk by a tenth at most."""
    optimism: float
    """So that R2 looks better than it is by little."""
    prevalence: float
    """So that the prevalence is known to within .05."""

    @property
    def rows(self) -> float:
        """Rows that meet all of them."""
        return max(self.shrinkage, self.optimism, self.prevalence)


@dataclass(frozen=True, slots=True)
class Learning:
    """What there is to learn a model's coefficients from, and what it would take."""

    rows: int
    events: int
    coefficients: int
    """Without the intercept."""
    r2: float
    """Cox and Snell's."""
    needed: Criteria

    @property
    def events_per_coefficient(self) -> float:
        """Events (or other rows, where those are fewer) for each coefficient; infinite without any."""
        return (
            min(self.events, self.rows - self.events) / self.coefficients if self.coefficients else math.inf
        )

    def figures(self) -> dict[str, Figure]:
        """Return all figures flat."""
        return {
            "rows": self.rows,
            "events": self.events,
            "coefficients": self.coefficients,
            "events_per_coefficient": self.events_per_coefficient,
            "r2": self.r2,
            "needed_for_shrinkage": self.needed.shrinkage,
            "needed_for_optimism": self.needed.optimism,
            "needed_for_prevalence": self.needed.prevalence,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """How far a mean cost difference is from being proven below a limit."""

    rows: int
    units: int
    """Clusters, or rows where there are none."""
    difference: float
    """Mean cost per row of the model less that of its opponent."""
    limit: float
    reach: float
    """Half of the width of the difference's two-sided 95 % interval."""
    factor: float
    """By how much the rows would have to grow: at most 1 where it is proven, infinite where the difference
    is not below the limit, NaN where a single cluster shows no error."""

    @property
    def more_rows(self) -> float:
        """Rows that are missing, at this difference and this spread."""
        return self._missing(self.rows)

    @property
    def more_units(self) -> float:
        """Clusters that are missing."""
        return self._missing(self.units)

    def _missing(self, now: int) -> float:
        more = now * (self.factor - 1)
        return float(max(0, math.ceil(more))) if math.isfinite(more) else more

    def figures(self) -> dict[str, Figure]:
        """Return all figures flat."""
        return {
            "rows": self.rows,
            "units": self.units,
            "difference": self.difference,
            "limit": self.limit,
            "reach": self.reach,
            "more_rows": self.more_rows,
            "more_units": self.more_units,
        }


def largest_r2(prevalence: float) -> float:
    """Return what Cox and Snell's R2 is at most: that of a model which is always right.

    Examples
    --------
    >>> round(largest_r2(0.5), 2), round(largest_r2(0.01), 2)
    (0.75, 0.11)
    """
    entropy = -float(xlogy(prevalence, prevalence) + xlog1py(1 - prevalence, -prevalence))
    return -math.expm1(-2 * entropy)


def cox_snell(y: NDArray[np.integer], probability: FloatArray) -> float:
    """Return Cox and Snell's R2 of probabilities; below 0 where the prevalence alone is better.

    Parameters
    ----------
    y : int array of shape (n,), 0 or 1
    probability : array of shape (n,)
        Of a model that was not fitted on these rows: then the R2 is not flattered.
    """
    blind = log_loss(y, np.full(len(y), y.mean()))
    return -math.expm1(-2 * (blind - log_loss(y, probability)))


def criteria(coefficients: int, r2: float, prevalence: float) -> Criteria:
    """Return the rows that a logistic model takes.

    With S = .9: ``n = p / ((S - 1) ln(1 - R2 / S))`` for the shrinkage; the same with
    ``S = R2 / (R2 + .05 max R2)`` for the optimism; ``(1.96 / .05)^2 phi (1 - phi)`` for the prevalence phi.

    Parameters
    ----------
    coefficients : int
        p, without the intercept.
    r2 : float
        Cox and Snell's, as it is to be expected on other rows.
    prevalence : float

    Examples
    --------
    The documentation of the R package pmsampsize finds 662 rows:

    >>> criteria(coefficients=24, r2=0.288, prevalence=0.174)
    Criteria(shrinkage=623.0, optimism=662.0, prevalence=221.0)
    """
    largest = largest_r2(prevalence)
    adjusted = r2 / (r2 + OPTIMISM * largest) if r2 > 0 else math.nan
    share = float(ndtri(0.975)) / PRECISION
    return Criteria(
        _rows(coefficients, r2, SHRINKAGE),
        _rows(coefficients, r2, adjusted),
        float(math.ceil(share**2 * prevalence * (1 - prevalence))),
    )


def learning(rows: int, events: int, coefficients: int, r2: float | None = None) -> Learning:
    """Compare the rows that a model is learned from with those that it takes.

    Parameters
    ----------
    rows, events, coefficients : int
    r2 : float, optional
        Cox and Snell's; without it .15 of the largest, as Riley et al. advise where nothing is known.
    """
    prevalence = events / rows if rows else math.nan
    assumed = MODEST * largest_r2(prevalence) if r2 is None else r2
    return Learning(rows, events, coefficients, assumed, criteria(coefficients, assumed, prevalence))


def proof(difference: FloatArray, cluster: Clusters, alpha: float, limit: float = 0.0) -> Proof:
    """Return how many rows would prove that a mean difference is below a limit, if it stays what it is.

    The error falls with the root of the rows (or clusters), so that ``n (t se / (limit - mean))^2`` are
    needed; t is that of today's clusters, which grants a little more.

    Parameters
    ----------
    difference : array of shape (n,)
        Cost of the model less that of its opponent, row by row.
    cluster : int array of shape (n,), optional
    alpha : float
        One-sided.
    limit : float
    """
    interval = mean_interval(difference, cluster)
    missing = limit - interval.value
    bound = upper_bound(difference, cluster, alpha) - interval.value
    factor = (bound / missing) ** 2 if missing > 0 else math.inf
    units = len(difference) if cluster is None else len(np.unique(cluster))
    reach = (interval.high - interval.low) / 2
    return Proof(len(difference), units, interval.value, limit, reach, factor)


def row_findings(known: Learning, proofs: Mapping[str, Proof]) -> list[Finding]:
    """Say what the rows can prove; no finding of it stops.

    Parameters
    ----------
    known : Learning
    proofs : mapping of str to Proof
        By the name of the opponent; only those that are missing are given.
    """
    missing = (_missing(name, one) for name, one in proofs.items() if not one.factor <= 1)
    return [_learned(known), *missing]


def _learned(known: Learning) -> Finding:
    enough = known.rows >= known.needed.rows
    asked = (
        "no number of rows is enough"
        if math.isinf(known.needed.rows)
        else f"{known.needed.rows:,.0f} rows are asked for"
    )
    because = (
        f"{known.rows:,} rows with {known.events:,} events for {known.coefficients} coefficients, "
        f"{known.events_per_coefficient:.1f} each; at an R2 of {known.r2:.3f} {asked} (Riley et al. 2020)"
    )
    because += "" if enough else "; give more rows, or fewer features, levels and knots"
    return Finding(CHECK, "coefficients", Status.PASS if enough else Status.WARN, because, known.figures())


def _missing(name: str, found: Proof) -> Finding:
    measured = f"costs {found.difference:+.4g} per row against the {name}, known to within {found.reach:.4g}"
    if math.isinf(found.factor):
        remedy = f"that is not below {found.limit:.4g}, so more rows of this kind prove nothing"
    elif math.isnan(found.factor):
        remedy = "a single cluster does not show how far that is from what others would"
    else:
        kind = "rows" if found.units == found.rows else f"rows in {found.more_units:,.0f} more clusters"
        remedy = f"about {found.more_rows:,.0f} more {kind} would prove that it is below {found.limit:.4g}"
    return Finding(CHECK, f"proof against the {name}", Status.WARN, f"{measured}; {remedy}", found.figures())


def _rows(coefficients: int, r2: float, shrinkage: float) -> float:
    if not coefficients:
        return 0.0
    if not r2 > 0:
        return math.inf
    return float(math.ceil(coefficients / ((shrinkage - 1) * math.log1p(-r2 / shrinkage))))
