"""Train-serving skew: what a model was given when it answered, against what it should have been given.

`skew(served, offline, project, by, tolerance)` joins rows that were served with rows built offline by
request id, and compares features, what the costs read, and the probability row by row. It needs no
statistics: one row that differs is a fault on one of the two ways. Values are never reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..catalogue import Check
from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..errors import DataError
from ..evidence_table import Exhibit
from ..findings import Figure, Finding, Status
from ..project.project import Project

CHECK = Check.SKEW
PROBABILITY = "probability"
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class _Difference:
    column: str
    differing: int
    """Rows beyond the tolerance; a value on one side only is beyond any."""
    one_sided: int
    """Those of them that have a value on one side only."""


def skew(
    served: pd.DataFrame, offline: pd.DataFrame, project: Project, by: str, tolerance: float = TOLERANCE
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare served rows with offline rows of the same request.

    Parameters
    ----------
    served, offline : pandas.DataFrame
        With the request id, the project's features, what its costs read, and `probability` (what was
        answered, and the answer of the same model version about the offline row); read with the same types.
    project : Project
    by : str
        Column of the request id. Rows without one are counted and not compared.
    tolerance : float
        Largest difference of two numbers, as a share of the offline one where that is above 1 (so of
        probabilities, an absolute one).

    Returns
    -------
    findings, exhibits
        FAIL with the columns that differ; else INDETERMINATE where a column is absent or no request was
        found offline, WARN where some were not, INSUFFICIENT without any served row.

    Raises
    ------
    DataError
        When a table lacks the request id, or an id stands on several of its rows.
    """
    ours, theirs = _by_request(served, by, "served"), _by_request(offline, by, "offline")
    both = ours.index.intersection(theirs.index)
    wanted = (*project.needed_to_decide, PROBABILITY)
    absent = [name for name in wanted if name not in ours.columns or name not in theirs.columns]
    text = set(project.features.categorical)
    differences = [
        _difference(ours.loc[both, name], theirs.loc[both, name], tolerance, as_text=name in text)
        for name in wanted
        if name not in absent
    ]
    counts = {
        "served": len(served),
        "compared": len(both),
        "not_offline": len(ours) - len(both),
        "without_id": len(served) - len(ours),
    }
    return [_finding(differences, absent, counts, tolerance)], [_exhibit(differences, len(both), tolerance)]


def _by_request(frame: pd.DataFrame, by: str, whose: str) -> pd.DataFrame:
    if by not in frame.columns:
        raise DataError(by, f"the {whose} rows lack it", "log a request id with each answer")
    known = frame[frame[by].notna()]
    ids = known[by].astype(str)
    repeated = int(ids.duplicated().sum())
    if repeated:
        raise DataError(
            by, f"{repeated} of {len(ids)} request ids of the {whose} rows are repeated", "keep one"
        )
    return known.set_axis(pd.Index(ids.to_numpy(object)), axis=0)


def _difference(one: pd.Series, other: pd.Series, tolerance: float, *, as_text: bool) -> _Difference:
    here, there = one.notna().to_numpy(), other.notna().to_numpy()
    if as_text:
        apart: BoolArray = one.astype(str).to_numpy(object) != other.astype(str).to_numpy(object)
    else:
        apart = _apart(_numbers(one), _numbers(other), tolerance)
    one_sided = here != there
    differing = one_sided | (here & there & apart)
    return _Difference(str(one.name), int(differing.sum()), int(one_sided.sum()))


def _numbers(values: pd.Series) -> FloatArray:
    """Return numbers; what is none is NaN, which equals nothing."""
    return np.asarray(pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan))


def _apart(one: FloatArray, other: FloatArray, tolerance: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= tolerance * np.maximum(1.0, np.abs(other))
    return np.asarray(~(near | (one == other)))


def _finding(
    differences: list[_Difference], absent: list[str], counts: dict[str, int], tolerance: float
) -> Finding:
    figures: dict[str, Figure] = {**counts, "tolerance": tolerance}
    bad = sorted((one for one in differences if one.differing), key=lambda one: -one.differing)
    figures["columns"] = len(bad)
    compared, unmatched = counts["compared"], counts["not_offline"] + counts["without_id"]
    if bad:
        named = ", ".join(f"{one.column} in {one.differing}" for one in bad)
        because = f"of {compared} requests, served and offline rows differ: {named}"
        return Finding(CHECK, "served rows", Status.FAIL, because, figures)
    if not counts["served"]:
        return Finding(CHECK, "served rows", Status.INSUFFICIENT, "no row was served", figures)
    if absent:
        because = f"{', '.join(absent)} cannot be compared, as one of the tables lacks it"
        return Finding(CHECK, "served rows", Status.INDETERMINATE, because, figures)
    if not compared:
        because = f"none of {counts['served']} served rows has a request id that is found offline"
        return Finding(CHECK, "served rows", Status.INDETERMINATE, because, figures)
    if unmatched:
        because = f"{compared} requests agree; {unmatched} served rows have no offline row to compare with"
        return Finding(CHECK, "served rows", Status.WARN, because, figures)
    return Finding(CHECK, "served rows", Status.PASS, f"all {compared} requests agree", figures)


def _exhibit(differences: list[_Difference], compared: int, tolerance: float) -> Exhibit:
    rows: list[dict[str, Figure]] = [
        {
            "column": one.column,
            "compared": compared,
            "differing": one.differing,
            "on one side only": one.one_sided,
        }
        for one in differences
    ]
    note = f"Rows of the same request id, numbers within {tolerance:g}."
    return Exhibit("skew", "Served against offline", tuple(rows), note)
