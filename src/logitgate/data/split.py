"""Four disjoint parts: train, calibrate, threshold, test; in order of time when there is a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ..decision.costs import IntArray
from ..errors import DataError
from ..project.project import Project
from .sample import Sample, rows_seen

PARTS = ("train", "calibrate", "threshold", "test")


@dataclass(frozen=True, slots=True)
class Split:
    """The four parts of a sample."""

    train: Sample
    calibrate: Sample
    threshold: Sample
    test: Sample

    def __iter__(self) -> Iterator[tuple[str, Sample]]:
        """Yield each part with its name, in order."""
        return ((name, getattr(self, name)) for name in PARTS)

    @property
    def fitted_on(self) -> tuple[Sample, Sample, Sample]:
        """The parts that a model with its recalibration and its threshold learns from."""
        return self.train, self.calibrate, self.threshold


def split(sample: Sample, project: Project) -> Split:
    """Part the rows; whole clusters by time, whole entities, or identical rows together at random.

    Parameters
    ----------
    sample : Sample
        In order of time when the split is by time.
    project : Project

    Raises
    ------
    DataError
        When a part is empty or lacks events or non-events.
    """
    match project.split_by:
        case "time":
            part = _by_time(sample, project)
        case "entity":
            assert sample.entity is not None  # noqa: S101 - the project demands the column
            part = _by_group(sample.entity, sample, project)
        case "random":
            part = _by_group(_identical_rows(sample, project), sample, project)
    parts = [sample.take(np.flatnonzero(part == number)) for number in range(len(PARTS))]
    for name, rows in zip(PARTS, parts, strict=True):
        events = int(rows.y.sum())
        if not 0 < events < len(rows):
            raise DataError(
                f"the {name} rows",
                f"{len(rows)} rows with {events} events, each part needs events and non-events",
                "give more rows, a longer split.window or other shares under split",
            )
    return Split(*parts)


def _by_time(sample: Sample, project: Project) -> IntArray:
    assert sample.time is not None  # noqa: S101 - the project demands the column
    time = sample.time.astype(np.int64)
    group = _codes(sample.cluster if project.columns.cluster and sample.cluster is not None else time)
    start = np.full(int(group.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(start, group, time)
    if project.split.test_from is not None:
        firsts = [datetime(day.year, day.month, day.day) for day in project.split.dates if day]
        edges = np.array(firsts, dtype="datetime64[us]").astype(np.int64)
        return np.searchsorted(edges, start, side="right")[group]
    order = np.argsort(start, kind="stable")
    return _assigned(group, order, _edges(project, len(sample)))


def _by_group(group: IntArray, sample: Sample, project: Project) -> IntArray:
    """Shuffle whole groups and deal them out, groups with and without events apart."""
    codes = _codes(group)
    eventful = np.bincount(codes, weights=sample.y) > 0
    random = np.random.default_rng(project.split.seed)
    part = np.empty(len(codes), dtype=np.int64)
    for stratum in (True, False):
        rows = np.flatnonzero(eventful[codes] == stratum)
        if len(rows):
            members = _codes(codes[rows])
            order = random.permutation(int(members.max()) + 1)
            part[rows] = _assigned(members, order, _edges(project, len(rows)))
    return part


def _assigned(group: IntArray, order: IntArray, edges: NDArray[np.float64]) -> IntArray:
    """Give each group, in order, to the part in which its middle row falls."""
    size = np.bincount(group)[order]
    middle = np.cumsum(size) - size / 2
    part = np.empty(len(order), dtype=np.int64)
    part[order] = np.searchsorted(edges, middle, side="right")
    return part[group]


def _edges(project: Project, rows: int) -> NDArray[np.float64]:
    shares = project.split
    return rows * np.cumsum([shares.train, shares.calibrate, shares.threshold])


def _codes(values: NDArray[np.generic]) -> IntArray:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _identical_rows(sample: Sample, project: Project) -> IntArray:
    return rows_seen(sample, project.features.all).astype(np.int64)
