"""Features that die: empty or constant from a day on until the end, or there in a handful of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.costs import BoolArray
from ...evaluation.histograms import longest_run
from ...findings import Figure, Finding, Status
from ...project.project import Project

CHECK = Check.SHIFTS
_NEVER, _LONGER = 1e-6, 5
"""Dead rows at the end that chance never makes, and that are as many times the longest run before."""
_FEWEST = 50
_HANDFUL, _SHARE = 50, 0.05
_REMEDY = "mend the export or drop the feature, or say under gates.shifts.trusted why this is real"


def dying_findings(sample: Sample, project: Project) -> Iterator[Finding]:
    """Look at each feature of a sample that has times; each finding names the day from which it is dead."""
    assert sample.time is not None  # noqa: S101 - the caller checked
    order = np.argsort(sample.time, kind="stable")
    days = sample.time[order].astype("datetime64[D]")
    for name in project.features.all:
        codes = pd.factorize(sample.frame[name].iloc[order])[0]
        present = codes >= 0
        yield from _handful(name, present)
        gone = _from(codes, present)
        if gone is None:
            continue
        place, state = gone
        rows = len(codes) - place
        because = f"from {days[place]} on it is {state} in all {rows:,} rows of the window; {_REMEDY}"
        figures: dict[str, Figure] = {"since": str(days[place]), "rows": rows, "before": place}
        yield Finding(CHECK, name, Status.FAIL, because, figures)


def _handful(name: str, present: BoolArray) -> Iterator[Finding]:
    there = int(present.sum())
    if 0 < there < _HANDFUL and there < _SHARE * len(present):
        because = f"only {there} of {len(present):,} rows have it: too few to learn from, and soon none may"
        figures = {"present": there, "rows": len(present)}
        yield Finding(CHECK, name, Status.WARN, because, figures)


def _from(codes: NDArray[np.integer], present: BoolArray) -> tuple[int, str] | None:
    """Return where a feature dies, and how; None for one that lives."""
    last = int(np.flatnonzero(present).max(initial=-1))
    if _died(~present, last + 1):
        return last + 1, "empty"
    there = np.flatnonzero(present)
    known = codes[there]
    changes = np.flatnonzero(known[1:] != known[:-1])
    if not len(changes):
        return None
    at = int(changes[-1]) + 1
    if _died(known == known[-1], at, known):
        return int(there[at]), "constant"
    return None


def _died(dead: BoolArray, place: int, runs: NDArray[np.integer] | None = None) -> bool:
    """Whether the rows from a place on are dead as no chance and no run before explain."""
    before, rows = dead[:place], len(dead) - place
    if rows < _FEWEST or len(before) < _FEWEST:
        return False
    longest = longest_run(before, of=True) if runs is None else longest_run(runs[:place])
    return bool(before.mean() ** rows < _NEVER and rows > _LONGER * longest)
