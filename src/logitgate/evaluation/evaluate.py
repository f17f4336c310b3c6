"""What a model and its rule are worth on rows neither was fitted on: each figure with its interval.

Means and ranks carry bootstrap intervals: multinomial weights over the clusters, or over the rows,
applied to sums and to scores that were sorted once. Calibration carries Wald intervals, rates
Wilson's. Sources: Bahnsen (2014) for savings; Efron (1979); Cox (1958); Wilson (1927).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..decision.costs import BoolArray, IntArray, RowCosts
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from .cox import fit_cox, log_odds
from .intervals import NAN, Clusters, Estimate, wilson
from .metrics import ScoreGroups, auc, average_precision, log_losses, squared_errors

_LEFT_OUT = 0.05


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows with their outcome, what was decided about them and what that costs.

    Parameters
    ----------
    y : int array of shape (n,), 0 or 1
    decision : Decision
    costs : RowCosts
    cluster : int array of shape (n,), optional
        Codes from 0 on of the entity a row belongs to; without them rows are independent.

    Raises
    ------
    ValueError
        When the parts differ in length, or an outcome is neither 0 nor 1.
    """

    y: IntArray
    decision: Decision
    costs: RowCosts
    cluster: IntArray | None = None

    def __post_init__(self) -> None:
        lengths = {
            "probabilities": len(self.decision.probability),
            "costs": len(self.costs.true_positive),
            "clusters": len(self.y) if self.cluster is None else len(self.cluster),
        }
        for part, length in lengths.items():
            if length != len(self.y):
                raise ValueError(f"{length} {part} for {len(self.y)} outcomes")
        if not np.isin(self.y, (0, 1)).all():
            raise ValueError("an outcome is neither 0 nor 1")
        if self.cluster is not None and len(self.cluster) and int(self.cluster.min()) < 0:
            raise ValueError("a row without a cluster: cluster codes start at 0")

    @property
    def cost(self) -> FloatArray:
        """What each row cost, shape (n,)."""
        return self.costs.of(self.y, self.decision.flagged)

    def take(self, index: IntArray | BoolArray) -> Scored:
        """Return the chosen rows."""
        decision = Decision(*(getattr(self.decision, part.name)[index] for part in fields(Decision)))
        cluster = None if self.cluster is None else self.cluster[index]
        return Scored(self.y[index], decision, self.costs.take(index), cluster)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a decision maker is worth on n rows: 95 % intervals, NaN where undefined."""

    n: int
    events: int
    prevalence: Estimate
    cost: Estimate
    """Mean per row."""
    total_cost: Estimate
    savings: Estimate
    log_loss: Estimate
    brier: Estimate
    auc: Estimate
    average_precision: Estimate
    calibration_in_the_large: Estimate
    slope: Estimate
    flag_rate: Estimate
    recall: Estimate
    false_positive_rate: Estimate
    precision: Estimate

    def figures(self) -> dict[str, float]:
        """Return all figures flat: `n`, `events`, then each `name`, `name_low` and `name_high`."""
        flat: dict[str, float] = {"n": self.n, "events": self.events}
        for part in fields(self):
            estimate = getattr(self, part.name)
            if isinstance(estimate, Estimate):
                flat |= estimate.figures(part.name)
        return flat


def evaluate(scored: Scored, seed: int, resamples: int = 400) -> Evaluation:
    """Evaluate one decision maker.

    Bootstrap limits are the 2.5 and 97.5 percentiles of the resamples that have a value; where
    more than one in twenty has none, there are no limits. A single cluster or row has none either.

    Parameters
    ----------
    scored : Scored
    seed : int
    resamples : int

    Raises
    ------
    ValueError
        When there are no rows.
    """
    if not len(scored.y):
        raise ValueError("no rows to evaluate")
    rows = scored.take(_canonical_order(scored))
    sums = _summands(rows)
    groups = ScoreGroups.of(rows.decision.probability)
    weights = np.ones(len(rows.y))
    values = _from_sums(sums.sum(axis=1)) | _from_ranks(*groups.counts(rows.y, weights))
    limits = _bootstrap(rows, sums, groups, np.random.default_rng(seed), resamples)
    estimates = {name: Estimate(float(value), *limits[name]) for name, value in values.items()}
    if rows.cluster is None:
        estimates |= _wilson_rates(rows)
    cox = fit_cox(rows.y, log_odds(rows.decision.probability), rows.cluster)
    return Evaluation(
        n=len(rows.y),
        events=int(rows.y.sum()),
        total_cost=Estimate(*(len(rows.y) * figure for figure in estimates["cost"])),
        calibration_in_the_large=cox.in_the_large_interval(),
        slope=cox.slope_interval(),
        **estimates,
    )


def _canonical_order(scored: Scored) -> IntArray:
    """Order the rows by what counts about them, so that their order in the table counts for nothing."""
    flag, leave = (scored.costs.of(scored.y, np.full(len(scored.y), on)) for on in (True, False))
    return np.lexsort((flag, leave, scored.decision.flagged, scored.y, -scored.decision.probability))


def _summands(rows: Scored) -> FloatArray:
    """Return what is summed over the rows, shape (9, n), in the order that `_from_sums` reads."""
    flagged, event = rows.decision.flagged, rows.y == 1
    every = np.ones(len(rows.y), dtype=bool)
    return np.array(
        [
            every,
            event,
            rows.cost,
            rows.costs.of(rows.y, ~every),
            rows.costs.of(rows.y, every),
            log_losses(rows.y, rows.decision.probability),
            squared_errors(rows.y, rows.decision.probability),
            flagged,
            flagged & event,
        ],
        dtype=np.float64,
    )


def _from_sums(sums: FloatArray) -> dict[str, FloatArray]:
    """Return the figures that are ratios of sums; `sums` has shape (9,) or (9, resamples)."""
    n, events, cost, none, every, log_loss, brier, flagged, hits = sums
    reference = np.minimum(none, every)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "prevalence": events / n,
            "cost": cost / n,
            "savings": np.where(reference > 0, 1 - cost / reference, NAN),
            "log_loss": log_loss / n,
            "brier": brier / n,
            "flag_rate": flagged / n,
            "recall": hits / events,
            "false_positive_rate": (flagged - hits) / (n - events),
            "precision": hits / flagged,
        }


def _from_ranks(events: FloatArray, others: FloatArray) -> dict[str, float]:
    return {"auc": auc(events, others), "average_precision": average_precision(events, others)}


def _bootstrap(
    rows: Scored, sums: FloatArray, groups: ScoreGroups, random: np.random.Generator, resamples: int
) -> dict[str, tuple[float, float]]:
    """Return the percentile limits of each figure, over resamples of whole clusters."""
    code = _cluster_codes(rows.cluster, len(rows.y))
    clusters = int(code.max()) + 1
    pooled = sums if rows.cluster is None else np.array([np.bincount(code, row, clusters) for row in sums])
    drawn = np.empty((len(sums), resamples))
    ranks = []
    for resample in range(resamples):
        times = np.bincount(random.integers(0, clusters, clusters), minlength=clusters).astype(np.float64)
        drawn[:, resample] = pooled @ times
        ranks.append(_from_ranks(*groups.counts(rows.y, times if rows.cluster is None else times[code])))
    figures: dict[str, NDArray[np.float64]] = _from_sums(drawn)
    figures |= {name: np.array([rank[name] for rank in ranks]) for name in ("auc", "average_precision")}
    return {name: _percentiles(values) if clusters > 1 else (NAN, NAN) for name, values in figures.items()}


def _cluster_codes(cluster: Clusters, rows: int) -> IntArray:
    """Return codes without gaps; each row is its own cluster when there are none."""
    if cluster is None:
        return np.arange(rows)
    return np.unique(cluster, return_inverse=True)[1]


def _percentiles(values: FloatArray) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known) or len(known) < (1 - _LEFT_OUT) * len(values):
        return NAN, NAN
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)


def _wilson_rates(rows: Scored) -> dict[str, Estimate]:
    n, events = len(rows.y), int(rows.y.sum())
    flagged = int(rows.decision.flagged.sum())
    hits = int((rows.decision.flagged & (rows.y == 1)).sum())
    return {
        "prevalence": wilson(events, n),
        "flag_rate": wilson(flagged, n),
        "recall": wilson(hits, events),
        "false_positive_rate": wilson(flagged - hits, n - events),
        "precision": wilson(hits, flagged),
    }
