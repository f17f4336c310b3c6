"""Labels that can be trusted: which rows of a window have an outcome that has had its time to come in.

An outcome that is there before its time is a biased one: what goes wrong early is known early. It
is counted and never used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...errors import DataError
from ...findings import Finding, Status
from ...project.project import Project
from .label_join import Joined, joined, refuse_events_alone
from .outcome_levels import read_outcomes
from .sample import Sample, codes

CHECK = Check.LABELS


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """The rows whose outcome is known and mature, in order of time and id, and why the others are not used.

    Parameters
    ----------
    sample : Sample
        Possibly without any row, or with rows of one class.
    counts : mapping of str to int
        ``rows``, ``immature``, ``unlabelled`` and ``matured`` add up; ``labelled_early`` are the immature
        ones that have an outcome, ``without_row`` the labels that belong to no row.
    """

    sample: Sample
    counts: Mapping[str, int]
    order: IntArray
    """Where all rows of the window stand in order of time and id, mature or not."""
    places: IntArray
    """Where those of the sample stand."""
    problem: str = ""
    """Why the labels say too little about the rows."""

    @property
    def finding(self) -> Finding:
        """What the check "labels" says: INSUFFICIENT without any mature outcome.

        INDETERMINATE where there are labels and too few of them belong to these rows.
        """
        counts = self.counts
        if self.problem:
            return Finding(CHECK, "window", Status.INDETERMINATE, self.problem, dict(counts))
        because = (
            f"{counts['matured']} of {counts['rows']} rows have a mature outcome; {counts['immature']} are "
            f"immature, {counts['unlabelled']} have none"
        )
        status = Status.PASS if counts["matured"] else Status.INSUFFICIENT
        return Finding(CHECK, "window", status, because, dict(counts))


def labelled_rows(
    window: pd.DataFrame, project: Project, as_of: datetime, labels: pd.DataFrame | None = None
) -> LabelledRows:
    """Choose the rows of a window whose outcome is known and has matured by the as-of date.

    Parameters
    ----------
    window : pandas.DataFrame
        Rows with the columns of the project. Without its outcome, and without `labels`, all are unlabelled.
    project : Project
    as_of : datetime
        UTC unless it says otherwise. A row is mature when ``time + matures_after`` is not after it; a row
        without a time never is. Without `columns.time` all rows are.
    labels : pandas.DataFrame, optional
        Outcomes that came in later, by the project's id; an outcome that is missing there is unlabelled.

    Raises
    ------
    DataError
        When a column is absent, an id is missing or stands on several rows of either table, or the outcomes
        are not those of the project: more than two, or two and none of them the event; or labels are events
        alone, and `labels.only_events` does not say so.
    """
    ids = _ids(window, project.columns.row_id, "the rows")
    outcome, join = _outcome(window, ids, project, labels)
    mature, only_events = _mature(window, project, as_of), project.labels.only_events
    y = _read(outcome, project)
    if join is not None and only_events and join.known.any():
        y[mature & ~join.known] = 0
    known = ~np.isnan(y)
    keep = mature & known
    counts = {
        "rows": len(window),
        "immature": int((~mature).sum()),
        "unlabelled": int((mature & ~known).sum()),
        "matured": int(keep.sum()),
        "labelled_early": int((~mature & known).sum()),
        "without_row": join.without_row if join else 0,
    }
    problem = "" if join is None else join.problem(mature, only_events=only_events)
    if join is not None and problem:
        counts |= {"labels": join.labels, "with_label": int((mature & join.known).sum())}
    full = np.nan_to_num(y).astype(np.int8)
    time = _times(window, project.columns.time) if project.columns.time else None
    order = np.argsort(ids, kind="stable")
    if time is not None:
        order = order[np.argsort(time[order], kind="stable")]
    # Labels that are likely another table's judge nothing.
    kept = order[keep[order]] if not problem else order[:0]
    return LabelledRows(_sample(window, kept, (ids, full, time), project), counts, order, kept, problem)


def _read(outcome: pd.Series, project: Project) -> FloatArray:
    """Return 1 for an event, 0 for none and NaN for a missing outcome, shape (n,)."""
    known = outcome.notna().to_numpy(dtype=bool)
    y = np.full(len(outcome), np.nan)
    y[known] = read_outcomes(outcome[known], project.outcome)
    return y


def _ids(frame: pd.DataFrame, column: str, whose: str) -> NDArray[np.object_]:
    if column not in frame.columns:
        raise DataError(column, f"{whose} lack it", "give the column that names each row")
    absent = int(frame[column].isna().sum())
    if absent:
        rule = f"{absent} of {len(frame)} ids of {whose} are missing"
        raise DataError(column, rule, "give each row its id, or leave it out")
    ids: NDArray[np.object_] = frame[column].astype(str).to_numpy(object)
    repeated = len(ids) - len(pd.unique(ids))
    if repeated:
        raise DataError(
            column, f"{repeated} of {len(ids)} ids of {whose} are repeated", "keep one row for each id"
        )
    return ids


def _outcome(
    window: pd.DataFrame, ids: NDArray[np.object_], project: Project, labels: pd.DataFrame | None
) -> tuple[pd.Series, Joined | None]:
    column = project.outcome.column
    if labels is None:
        there = column in window.columns
        outcome = window[column] if there else pd.Series(None, window.index, dtype=object)
        return outcome.reset_index(drop=True), None
    if column not in labels.columns:
        raise DataError(column, "the labels lack it", "give the column of the outcome")
    named = _ids(labels, project.business_key("labels"), "the labels")
    refuse_events_alone(labels[column], project)
    outcome = pd.Series(labels[column].astype(object).to_numpy(), index=named)
    return outcome.reindex(ids).reset_index(drop=True), joined(ids, named)


def _mature(window: pd.DataFrame, project: Project, as_of: datetime) -> BoolArray:
    column = project.columns.time
    if column is None:
        return np.ones(len(window), dtype=bool)
    if column not in window.columns:
        raise DataError(
            column, "the rows lack it", "give the column, or no outcome can be known to be mature"
        )
    limit = np.datetime64(_utc(as_of), "us")
    time = _times(window, column)
    mature: BoolArray = (time < limit) & (time + np.timedelta64(project.outcome.matures_after, "us") <= limit)
    return mature


def _times(window: pd.DataFrame, column: str) -> NDArray[np.datetime64]:
    utc = window[column].dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(utc.to_numpy("datetime64[us]"))


def _utc(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(tzinfo=None)


def _sample(
    window: pd.DataFrame,
    kept: IntArray,
    known: tuple[NDArray[np.object_], NDArray[np.int8], NDArray[np.datetime64] | None],
    project: Project,
) -> Sample:
    frame, (ids, y, time) = window.iloc[kept], known
    return Sample(
        frame,
        y[kept],
        ids[kept],
        None if time is None else time[kept],
        codes(frame, project.columns.entity),
        codes(frame, project.cluster),
    )
