"""The calibration of a model on the judged rows: all of them, near the threshold, and slice by slice.

Probabilities that are right on the whole may be wrong where decisions turn on them, or for some
people only. So the same figures are taken there too: as evidence, while the gate looks at all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...decision.costs import BoolArray
from ...evaluation.estimates import Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.probabilities.calibration import BINS, Calibration, calibration
from ...evaluation.probabilities.cox import log_odds
from ...evaluation.probabilities.cox_tests import Statistic
from ...evaluation.probabilities.reliability import Corp, Decomposition, Null, consistency
from ...evaluation.slices import Sliced, SliceLevels
from ...evidence_table import Exhibit
from ...findings import Figure, Finding
from ...project.gates import Slices
from ...project.project import Project
from ..rules import gates

NEAR = 0.5
"""Log-odds on either side of a row's own threshold: the odds are within a factor of 1.65 of it."""

_HOW = (
    "Value and 95 % interval; `calibrated` is what a calibrated model shows on as many rows, "
    "`by_chance` what it exceeds in one of twenty samples."
)
_CAUTION = (
    " Intervals and tests respect the clusters. What chance shows was drawn row by row, so rows that "
    "fail together exceed it without being miscalibrated."
)


_COLUMNS = ("figure", "value", "low", "high", "calibrated", "by_chance", "p_value")


@dataclass(frozen=True, slots=True)
class _Part:
    """A slice and its calibration, if it has the rows to tell."""

    name: str
    n: int
    events: int
    found: Calibration | None

    def figures(self) -> dict[str, Figure]:
        counts: dict[str, Figure] = {"slice": self.name, "n": self.n, "events": self.events}
        found = self.found
        if found is None:
            return {**counts, "note": "too small"}
        return {
            **counts,
            "observed": found.observed,
            "said": found.said,
            **found.in_the_large.figures("in_the_large"),
            **found.slope.figures("slope"),
            "joint_p_value": found.joint.p_value,
            "spiegelhalter_p_value": found.spiegelhalter.p_value,
            "l2_error": found.l2_error,
            "ece": found.ece,
            "ece_calibrated": found.ece_null.mean,
            "ece_by_chance": found.ece_null.high,
        }


def calibration_evidence(
    scored: Scored, levels: Mapping[str, SliceLevels], project: Project
) -> tuple[list[Finding], tuple[Exhibit, ...]]:
    """Return what stands beside the calibration gate.

    Parameters
    ----------
    scored : Scored
    levels : mapping of str to SliceLevels
        The declared slices.
    project : Project
        For the seed, the gate's margins, and the rows, events and non-events that a part must have.

    Returns
    -------
    list of Finding
        A WARN where miscalibration beyond the gate's margin is proven near the threshold, and one
        where it is in slices.
    tuple of Exhibit
        `calibration`, `calibration-near-threshold` and `calibration-slices`.
    """
    seed = project.split.seed
    how = _HOW if scored.cluster is None else _HOW + _CAUTION
    where = f"Judged rows whose log-odds lie within {NEAR:g} of their own threshold's. {how}"
    overall, near = _calibration(scored, seed), scored.take(near_threshold(scored))
    beside = _calibration(near, seed) if _enough(len(near.y), int(near.y.sum()), project.slices) else None
    parts = tuple(_parts(scored, levels, project))
    known = {part.name: part.found for part in parts if part.found is not None}
    gate = project.gates.calibration
    return [*gates.near_threshold(beside, gate), *gates.calibrated_slices(known, gate)], (
        Exhibit("calibration", "Calibration", _table(overall, scored, seed), how),
        Exhibit(
            "calibration-near-threshold", "Calibration near the threshold", _table(beside, near, seed), where
        ),
        Exhibit("calibration-slices", "Calibration by slice", tuple(part.figures() for part in parts), how),
    )


def near_threshold(scored: Scored) -> BoolArray:
    """Return which rows have log-odds within `NEAR` of their own threshold's; shape (n,).

    A row that is flagged, or passed, whatever its probability has no threshold to be near.
    """
    threshold = scored.decision.threshold
    decides = (threshold > 0) & (threshold < 1)
    away = log_odds(scored.decision.probability) - log_odds(np.where(decides, threshold, 0.5))
    return np.asarray(decides & (np.abs(away) <= NEAR), dtype=bool)


def _calibration(rows: Scored, seed: int) -> Calibration:
    return calibration(rows.y, rows.decision.probability, rows.cluster, seed)


def _enough(n: int, events: int, minimum: Slices) -> bool:
    return n >= minimum.minimum_rows and min(events, n - events) >= minimum.minimum_events


def _table(found: Calibration | None, rows: Scored, seed: int) -> tuple[dict[str, Figure], ...]:
    """Return one row for each figure: what it is, and what a calibrated model would show."""
    if found is None:
        return ({"figure": "rows", "value": len(rows.y), "note": "too few to tell"},)
    corp = Corp.of(rows.y, rows.decision.probability)
    chance = consistency(corp, seed)
    table: tuple[dict[str, Figure], ...] = (
        {"figure": "rows", "value": found.n},
        {"figure": "events", "value": found.events},
        {"figure": "share of events", "value": found.observed, "calibrated": found.said},
        {"figure": "calibration-in-the-large", **_spanned(found.in_the_large), "calibrated": 0},
        {"figure": "slope", **_spanned(found.slope), "calibrated": 1},
        {"figure": "Cox's joint test", **_tested(found.joint)},
        {"figure": "Spiegelhalter's Z", **_tested(found.spiegelhalter), "calibrated": 0},
        {"figure": "debiased L2 calibration error", "value": found.l2_error, "calibrated": 0},
        {"figure": f"ECE, {BINS} bins of equal width", "value": found.ece, **_by_chance(found.ece_null)},
        *_decomposed("Brier score", corp.brier(), chance.brier),
        *_decomposed("log loss", corp.log_loss(), chance.log_loss),
    )
    return tuple({**dict.fromkeys(_COLUMNS), **row} for row in table)


def _spanned(estimate: Estimate) -> dict[str, Figure]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _tested(test: Statistic) -> dict[str, Figure]:
    return {"value": test.value, "p_value": test.p_value}


def _by_chance(null: Null) -> dict[str, Figure]:
    return {"calibrated": null.mean, "by_chance": null.high}


def _decomposed(name: str, parts: Decomposition, chance: Null) -> Iterator[dict[str, Figure]]:
    yield {"figure": name, "value": parts.score}
    yield {"figure": f"{name}: miscalibration", "value": parts.miscalibration, **_by_chance(chance)}
    yield {"figure": f"{name}: discrimination", "value": parts.discrimination}
    yield {"figure": f"{name}: uncertainty", "value": parts.uncertainty}


def _parts(scored: Scored, levels: Mapping[str, SliceLevels], project: Project) -> Iterator[_Part]:
    for column, level in levels.items():
        cut = Sliced.of(column, level, scored.y)
        for code, name in enumerate(cut.names):
            n, events = int(cut.n[code]), int(cut.events[code])
            found = None
            if _enough(n, events, project.slices):
                found = _calibration(scored.take(cut.member[cut.code == code]), project.split.seed)
            yield _Part(name, n, events, found)
