"""How sure an estimate without labels is, and the same estimate recalibrated by the last mature labels.

An estimate takes the probabilities at their word. How far that word was off in the reference is known from
its chunks: their offsets (calibration-in-the-large) are drawn with replacement, and the mean of each draw
shifts the log-odds of the window (a bootstrap of the reference, Efron 1979). Neighbouring chunks resemble
each other, so draws are spread by the root of how many chunks are worth one. The luck of the window's own
outcomes is not part of it.

The recalibrated estimate shifts the log-odds by the offset of the last labelled rows, one Newton step of
calibration-in-the-large, ``sum (y - p) / sum p (1 - p)``. Which of the two is better is a backtest: each
labelled window is estimated plainly, and by the offset of the one before it. M-CBPE (Białek, Kuberski,
Perrakis, Bifet 2024, arXiv 2401.08348) recalibrates by a model of the shift; here one number is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from scipy.special import expit

from ...catalogue import Check
from ...decision.costs import RowCosts
from ...decision.expressions import FloatArray
from ...decision.rule import Decision
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.probabilities.cox import log_odds
from ...findings import Figure, Finding, Status
from ..since_release import ErrorSums
from .control_limits import FEWEST_CHUNKS, Chunks, likeness

OFFSET = "in_the_large"
PLAIN, RECALIBRATED = "plain", "recalibrated"
_DRAWS, _MOST_ROWS, _SEED, _CONFIDENCE = 100, 20_000, 0, 0.95
_FEWEST_TESTS = 2

Evaluate: TypeAlias = Callable[[Decision, RowCosts], dict[str, float]]
"""From decisions and costs to figures."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Mean absolute error of the expected share of events in labelled windows, by both estimates."""

    windows: int
    plain: float
    recalibrated: float

    @property
    def better(self) -> str | None:
        """The estimate that was closer; None below two windows."""
        if self.windows < _FEWEST_TESTS:
            return None
        return RECALIBRATED if self.recalibrated < self.plain else PLAIN


def offset(known: ErrorSums) -> float:
    """Return the offset of labelled rows in log-odds; 0 where nothing could vary."""
    return known.sums.total / known.spread if known.spread > 0 else 0.0


def backtest(known: Sequence[ErrorSums]) -> Backtest:
    """Estimate each labelled window by the one before it.

    Parameters
    ----------
    known : sequence of ErrorSums
        Of all rows of each labelled window, oldest first.
    """
    pairs = list(pairwise(known))
    if not pairs:
        return Backtest(0, NAN, NAN)
    errors = np.array(
        [
            (abs(now.sums.total), abs(now.sums.total - offset(before) * now.spread))
            / np.array(max(now.sums.rows, 1.0))
            for before, now in pairs
        ]
    )
    plain, recalibrated = errors.mean(axis=0)
    return Backtest(len(pairs), float(plain), float(recalibrated))


def shifted(decision: Decision, by: float) -> Decision:
    """Return the same decisions with other probabilities: their log-odds shifted."""
    return replace(decision, probability=expit(log_odds(decision.probability) + by))


def intervals(
    decision: Decision, costs: RowCosts, reference: Chunks, evaluate: Evaluate
) -> dict[str, Estimate]:
    """Return the 95 % interval of each figure of n rows; none where the reference has too few chunks.

    Parameters
    ----------
    decision : Decision of n rows
    costs : RowCosts of the same rows
    reference : Chunks
    evaluate : callable
    """
    values = np.asarray(reference.figures.get(OFFSET, ()), dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) < FEWEST_CHUNKS:
        return {}
    kept = np.arange(0, len(decision.probability), max(1, len(decision.probability) // _MOST_ROWS))
    part = Decision(*(getattr(decision, one.name)[kept] for one in fields(Decision)))
    theirs = costs.take(kept)
    found = [evaluate(shifted(part, by), theirs) for by in _offsets(values)]
    tails = ((1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2)
    drawn = {name: np.array([one[name] for one in found]) for name in found[0]}
    return {
        name: Estimate(float(np.median(one)), *map(float, np.quantile(one, tails)))
        for name, one in drawn.items()
        if np.isfinite(one).all()
    }


def recalibrated(
    decision: Decision, costs: RowCosts, known: Sequence[ErrorSums], evaluate: Evaluate
) -> Finding | None:
    """Return the estimate by the last mature labels, and which one was closer before; None without labels.

    Parameters
    ----------
    decision : Decision of n rows
    costs : RowCosts of the same rows
    known : sequence of ErrorSums
        Of all rows of each labelled window, oldest first.
    evaluate : callable
    """
    if not known or not known[-1].sums.rows:
        return None
    by, tested = offset(known[-1]), backtest(known)
    found = evaluate(shifted(decision, by), costs)
    figures: dict[str, Figure] = {
        **found,
        "offset": by,
        "windows": tested.windows,
        "plain_error": tested.plain,
        "recalibrated_error": tested.recalibrated,
        "better": tested.better,
    }
    because = (
        f"shifted by the {by:+.3f} log-odds of the last mature labels, expected cost is "
        f"{found['expected_cost']:.4g} and expected AUC {found['expected_roc_auc']:.4f}"
    )
    if tested.better is not None:
        errors = f"{tested.recalibrated:.2%} against {tested.plain:.2%}"
        because += f"; in {tested.windows} labelled windows the {tested.better} one was closer ({errors})"
    return Finding(Check.ESTIMATE, RECALIBRATED, Status.PASS, because, figures)


def _offsets(values: FloatArray) -> FloatArray:
    """Draw the mean offset of the reference, shape (draws,)."""
    rng = np.random.default_rng(_SEED)
    means = values[rng.integers(0, len(values), (_DRAWS, len(values)))].mean(axis=1)
    centre = values.mean()
    return np.asarray(centre + (means - centre) * np.sqrt(likeness(values)))
