"""Joining outcomes that came in later to the rows they belong to, and how well that went."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...decision.costs import BoolArray
from ...errors import DataError
from ...project.project import Project
from .outcome_levels import read_outcomes

_ENOUGH = 0.5
"""Share of the mature rows that a table of labels must know, or it is likelier to be another table's."""
_LONGEST_FORM = 24


@dataclass(frozen=True, slots=True)
class Joined:
    """Which labels found their row.

    Parameters
    ----------
    labels : int
        Rows of the table of labels.
    without_row : int
        Those whose id no row of the window has.
    known : bool array of shape (n,)
        Rows of the window whose id the labels have.
    forms : pair of str
        What most ids of the rows and of the labels look like, with every letter and digit masked.
    """

    labels: int
    without_row: int
    known: BoolArray
    forms: tuple[str, str]

    def problem(self, mature: BoolArray, *, only_events: bool) -> str:
        """Return why the labels say too little about the mature rows, or nothing."""
        of, matched = int(mature.sum()), int((mature & self.known).sum())
        enough = self.labels > self.without_row if only_events else matched >= _ENOUGH * of
        if not of or not self.labels or (enough and self.labels > self.without_row):
            return ""
        return (
            f"{matched} of {of} mature rows are among the {self.labels} labels, {self.without_row} labels "
            f"belong to no row; ids of the rows look like {self.forms[0]}, of the labels like {self.forms[1]}"
        )


def joined(ids: NDArray[np.object_], named: NDArray[np.object_]) -> Joined:
    """Join labels by their ids `named` to rows by their `ids`."""
    known = pd.Index(ids).isin(named)
    return Joined(len(named), int((~pd.Index(named).isin(ids)).sum()), known, (form(ids), form(named)))


def form(ids: Iterable[object]) -> str:
    """Return what most ids look like: 9 for a digit, 0 for one in front, A and a for letters.

    Examples
    --------
    >>> form(["v00172", "v00173", "V1"]), form(["172"])
    ('a00999', '999')
    """
    counts = Counter(_masked(str(name)) for name in ids)
    if not counts:
        return "nothing"
    most = max(counts.values())
    return min(mask for mask, number in counts.items() if number == most)


def _masked(name: str) -> str:
    # A zero in front stays one: an id that has lost its zeros is another id.
    digits = re.sub(r"[0-9]+", lambda run: _digits(run[0]), name)
    mask = "".join(_letter(sign) for sign in digits)
    return mask if len(mask) <= _LONGEST_FORM else f"{mask[:_LONGEST_FORM]}... ({len(mask)} characters)"


def _digits(run: str) -> str:
    rest = run[:-1].lstrip("0") + run[-1]
    return "0" * (len(run) - len(rest)) + "9" * len(rest)


def _letter(sign: str) -> str:
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign if sign in "09-_ " else "."


def refuse_events_alone(outcome: pd.Series, project: Project) -> None:
    """Refuse a table of labels that holds events alone, unless the project says that it does.

    Raises
    ------
    DataError
        As `read_outcomes` as well.
    """
    known = outcome.dropna()
    y = read_outcomes(known, project.outcome)
    if len(y) and y.all() and not project.labels.only_events:
        rule = f"all {len(y)} labels are events, so nothing says which rows had none"
        remedy = "give the others too, or set labels.only_events if a row without a label is none"
        raise DataError(project.outcome.column, rule, remedy)
    if project.labels.only_events and not y.all():
        rule = f"labels.only_events is set, and {int((y == 0).sum())} of {len(y)} labels are no events"
        raise DataError(project.outcome.column, rule, "drop labels.only_events from the project file")
