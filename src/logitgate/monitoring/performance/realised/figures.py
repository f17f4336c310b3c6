"""What labelled rows show, all together and chunk by chunk.

`reference_chunks(scored)` is made of the judged rows when a model is trained and kept in its reference
profile. Source: Cox (1958) for slope and calibration-in-the-large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....catalogue import Check
from ....decision.expressions import FloatArray
from ....evaluation.estimates import NAN, Estimate
from ....evaluation.evaluate import Scored
from ....evaluation.intervals import mean_interval, wilson
from ....evaluation.probabilities.cox import fit_cox, log_odds
from ....findings import Figure
from ..control_limits import Chunks, chunk_rows, cut
from ..estimated import COST as EXPECTED_COST
from ..estimated import expected_chunks, expected_cost

COST = Check.COST

EXCESS = "excess_z"
"""(O - E) / sqrt(sum p (1 - p)): observed less expected events, in standard errors of calibrated rows."""
EXCESS_COST = "excess_cost"
"""Realised less expected cost per row: what the model did not foresee."""
NAMES = (EXCESS, "in_the_large", "slope", COST, EXCESS_COST)
"""The figures of a chunk."""


@dataclass(frozen=True, slots=True)
class Realised:
    """What n labelled rows show; 95 % intervals that respect the clusters, NaN where undefined."""

    n: int
    events: int
    prevalence: Estimate
    mean_prediction: float
    """Mean probability."""
    cost: Estimate
    """Mean per row."""
    excess_cost: Estimate
    """Realised less expected by the model, mean per row."""
    excess_z: float
    in_the_large: Estimate
    slope: Estimate

    @classmethod
    def of(cls, scored: Scored) -> Realised:
        """Evaluate labelled rows; without clusters the share of events has Wilson's interval."""
        n, events = len(scored.y), int(scored.y.sum())
        probability = scored.decision.probability
        cox = scored.cox
        clustered = scored.cluster is not None
        return cls(
            n,
            events,
            mean_interval(scored.y.astype(np.float64), scored.cluster) if clustered else wilson(events, n),
            float(probability.mean()) if n else NAN,
            mean_interval(scored.cost, scored.cluster),
            mean_interval(scored.cost - expected(scored), scored.cluster),
            excess(scored),
            cox.in_the_large_interval(),
            cox.slope_interval(),
        )

    def figures(self) -> dict[str, Figure]:
        """Return all figures flat."""
        flat: dict[str, Figure] = {
            "n": self.n,
            "events": self.events,
            "said": self.mean_prediction,
            EXCESS: self.excess_z,
        }
        for name in ("prevalence", "cost", EXCESS_COST, "in_the_large", "slope"):
            flat |= getattr(self, name).figures(name)
        return flat


def excess(scored: Scored) -> float:
    """Return (O - E) / sqrt(sum p (1 - p)); NaN where nothing could vary."""
    probability = scored.decision.probability
    spread = float(np.sqrt((probability * (1 - probability)).sum()))
    return float((scored.y - probability).sum()) / spread if spread > 0 else NAN


def expected(scored: Scored) -> FloatArray:
    """Return what the model expects each decision to cost, shape (n,)."""
    return expected_cost(scored.decision.probability, scored.decision.flagged, scored.costs)


def realised_chunks(scored: Scored, rows: int) -> Chunks:
    """Return the figures `NAMES` of each whole chunk of labelled rows that stand in order of time."""
    everywhere = np.arange(len(scored.y))

    def figures(place: slice) -> dict[str, float]:
        part = scored.take(everywhere[place])
        cox = fit_cox(part.y, log_odds(part.decision.probability))
        return {
            EXCESS: excess(part),
            "in_the_large": cox.in_the_large,
            "slope": cox.slope,
            COST: float(part.cost.mean()),
            EXCESS_COST: float((part.cost - expected(part)).mean()),
        }

    return cut(len(scored.y), rows, figures, NAMES)


def reference_chunks(scored: Scored, rows: int | None = None) -> Chunks:
    """Return the reference chunks of a model for later windows, with and without labels.

    Parameters
    ----------
    scored : Scored of n rows
        The judged rows, in order of time: calibrated by rows that are not among them.
    rows : int, optional
        Of a chunk; by default `chunk_rows(n)`.

    Returns
    -------
    Chunks
        The figures of `realised_chunks` and of `estimated.expected_chunks`.
    """
    size = chunk_rows(len(scored.y)) if rows is None else rows
    return realised_chunks(scored, size).plus(expected_chunks(scored.decision, scored.costs, size))


def with_excess_cost(reference: Chunks) -> Chunks:
    """Return a reference with the excess cost of its chunks; earlier versions kept what it is made of."""
    figures = reference.figures
    if EXCESS_COST in figures or not {COST, EXPECTED_COST} <= set(figures):
        return reference
    pairs = zip(figures[COST], figures[EXPECTED_COST], strict=True)
    return Chunks(reference.rows, {**figures, EXCESS_COST: tuple(one - two for one, two in pairs)})
