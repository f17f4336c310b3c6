"""A challenger in the shadow of the champion: rows decided differently, and the difference in cost.

The champion's decisions count; the challenger's are only recorded. Rows are summed by unit: the
project's cluster (rows that fail together), or 64 groups of rows by a hash of their id.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..catalogue import Check
from ..data.sampling.outcome_levels import read_outcomes
from ..data.sampling.row_hashes import FittedRows, untouched
from ..data.sampling.sample import Sample, row_costs
from ..decision.costs import BoolArray
from ..decision.rule import Decision
from ..evaluation.comparisons.words import amount, bound, cheaper
from ..evaluation.confidence_sequence import NO_UNITS, Sequence, Sums, confidence_sequence
from ..evaluation.estimates import Estimate, proves_below
from ..findings import Finding, Status
from ..project.gates import ShadowGate
from ..project.project import Project

CHECK = Check.SHADOW
COLUMNS = ("challenger_probability", "challenger_threshold", "challenger_decision", "challenger_version")
"""The columns that a shadow adds to those of a score."""

_GROUPS = 64
_SUMS = ("rows", "different", "stake", "labelled", "difference")


@dataclass(frozen=True, slots=True)
class Shadow:
    """Totals of both models on the same rows; they add up over tables.

    Parameters
    ----------
    different : Sums
        Of 1 where both decide differently, else 0.
    stake : Sums
        Of what the decision is expected to change there, by the champion's probability: the distance between
        the expected costs of its two sides, else 0.
    difference : Sums
        Of the challenger's cost minus the champion's, of rows whose outcome is known and mature.
    """

    different: Sums = NO_UNITS
    stake: Sums = NO_UNITS
    difference: Sums = NO_UNITS

    def __add__(self, other: Shadow) -> Shadow:
        """Put both together."""
        return Shadow(
            self.different + other.different, self.stake + other.stake, self.difference + other.difference
        )

    def as_json(self) -> dict[str, list[float]]:
        """Return plain values."""
        return {name: list(astuple(getattr(self, name))) for name in ("different", "stake", "difference")}

    @classmethod
    def from_json(cls, plain: dict[str, list[float]]) -> Shadow:
        """Rebuild from what `as_json` returned."""
        return cls(*(Sums(*plain[name]) for name in ("different", "stake", "difference")))

    def sequences(self, alpha: float) -> dict[str, Sequence]:
        """Return a confidence sequence for each of the means."""
        names = ("different", "stake", "difference")
        return {name: confidence_sequence(getattr(self, name), alpha) for name in names}


def with_shadow_columns(scores: pd.DataFrame, challenger: Decision, version: int) -> pd.DataFrame:
    """Add the challenger's answers to the scores of the same rows."""
    number = np.full(len(scores), version, dtype=np.int64)
    columns = (challenger.probability, challenger.threshold, challenger.flagged, number)
    answers = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), index=scores.index)
    return pd.concat([scores, answers], axis=1)


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """What both models have decided about n rows, and the rows that each has learned from (None: unknown)."""

    champion: Decision
    challenger: Decision
    fitted_rows: tuple[FittedRows | None, FittedRows | None]


def by_unit(frame: pd.DataFrame, pair: ScoredPair, project: Project, now: datetime) -> pd.DataFrame:
    """Sum n rows by unit.

    Parameters
    ----------
    frame : DataFrame of n rows
        Where it has the outcome, rows whose outcome is there and mature by `now`, and that neither model has
        learned from, cost what they cost.
    pair : ScoredPair
        What was decided about them.
    project : Project
    now : datetime

    Returns
    -------
    DataFrame
        One row for each unit: rows, different, stake, labelled, difference.
    """
    champion, challenger = pair.champion, pair.challenger
    different = champion.flagged != challenger.flagged
    stake = np.where(different, np.abs(champion.cost_if_flagged - champion.cost_if_passed), 0.0)
    labelled = _known(frame, pair, project, now)
    difference = np.zeros(len(frame))
    if labelled.any():
        known = frame[labelled]
        y = read_outcomes(known[project.outcome.column], project.outcome)
        ids = known[project.columns.row_id].astype(str).to_numpy(object)
        costs = row_costs(known, project.costs.matrix, ids)
        gained = costs.of(y, challenger.flagged[labelled]) - costs.of(y, champion.flagged[labelled])
        difference[labelled] = gained
    rows = pd.DataFrame(
        {
            "rows": np.ones(len(frame)),
            "different": different.astype(np.float64),
            "stake": stake,
            "labelled": labelled.astype(np.float64),
            "difference": difference,
        }
    )
    return rows.groupby(_units(frame, project), sort=False).sum()


def shadow_of(units: pd.DataFrame) -> Shadow:
    """Put the units of all batches of a table together; a unit may stand in several of them."""
    whole = units.groupby(level=0, sort=False).sum()
    rows, different, stake, labelled, difference = (whole[name].to_numpy(np.float64) for name in _SUMS)
    return Shadow(Sums.of(rows, different), Sums.of(rows, stake), Sums.of(labelled, difference))


def shadow_finding(version: int, champion: int, totals: Shadow, project: Project) -> Finding:
    """Demand that the challenger's cost beyond the champion's is proven to be below the margin.

    The interval may be read after every table: its limits hold at all times at once.
    """
    gate = project.gates.shadow
    found = totals.sequences(project.gates.alpha)["difference"]
    figures = {**found.figures("difference"), "margin": gate.margin, "units_needed": gate.units}
    subject = f"version {version} against version {champion}"
    if found.units < gate.units:
        because = f"{found.units} of {gate.units} units have mature outcomes: the shadow is not finished"
        return Finding(CHECK, subject, Status.INDETERMINATE, because, figures)
    because = (
        f"{cheaper(Estimate(found.mean, found.low, found.high))} per row than the champion, at all times at "
        f"once; {bound(found.high)}, and less than {amount(gate.margin)} dearer must be proven"
    )
    return Finding(CHECK, subject, proves_below(found.high, found.low, gate.margin), because, figures)


def not_yet(gate: ShadowGate, champion: int | None) -> list[Finding]:
    """Stop a version that has just been made, where a shadow is demanded and there is a champion."""
    if not gate.demanded or champion is None:
        return []
    because = (
        f"has no row in the shadow of version {champion} yet; run logitgate score --shadow, promote it by "
        "logitgate shadow --promote"
    )
    return [Finding(CHECK, "the new version", Status.INDETERMINATE, because)]


def _known(frame: pd.DataFrame, pair: ScoredPair, project: Project, now: datetime) -> BoolArray:
    column, time = project.outcome.column, project.columns.time
    if column not in frame.columns or (time is not None and time not in frame.columns):
        return np.zeros(len(frame), dtype=bool)
    known: BoolArray = frame[column].notna().to_numpy(dtype=bool)
    if time is not None:
        mature = frame[time] + project.outcome.matures_after <= now.astimezone(UTC)
        known = known & mature.to_numpy(dtype=bool)
    rows = frame[known]
    moments = None if time is None else rows[time].dt.tz_localize(None).to_numpy("datetime64[us]")
    ids = rows[project.columns.row_id].astype(str).to_numpy(object)
    sample = Sample(rows, np.zeros(len(rows), dtype=np.int8), ids, moments)
    fresh = untouched(sample, project, pair.fitted_rows)
    counted = np.zeros(len(frame), dtype=bool)
    counted[known] = False if fresh is None else fresh
    return counted


def _units(frame: pd.DataFrame, project: Project) -> NDArray[np.generic]:
    name = project.cluster
    if name is not None and name in frame.columns:
        return frame[name].astype(str).to_numpy(object)
    ids = frame[project.columns.row_id].astype(str).to_numpy(object)
    return np.asarray(pd.util.hash_array(ids) % _GROUPS)
