"""Equal rows under several ids: what chance does not explain are copies, which prove nothing further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.costs import BoolArray, IntArray
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .equal_rows import EqualRows, Matches
from .row_hashes import Hashes

CHECK = Check.LEAKAGE


def repeat_findings(found: Matches | None, project: Project) -> Iterator[Finding]:
    """Warn of the copies that `copied_rows` returns."""
    if found is None:
        return
    limit = project.gates.leakage.duplicate_share
    share, chance = float(found.matched.mean()), found.share_by_chance()
    groups = len(np.unique(found.group[found.copies]))
    because = (
        f"{share:.2%} of the {len(found.group)} rows have an equal one under another id, at most "
        f"{chance:.2%} by chance: {int(found.copies.sum())} rows are counted as {groups} clusters; "
        "remove the copies, or declare what they have in common as columns.entity"
    )
    figures: dict[str, Figure] = {"share": share, "chance": chance, "limit": limit, "copied_as": groups}
    yield Finding(CHECK, "equal rows", Status.WARN, because, figures)


def one_cluster(sample: Sample, found: Matches | None) -> Sample:
    """Return the sample with each group of the copies that `copied_rows` returns as one cluster."""
    return sample if found is None else replace(sample, cluster=_joined(sample, found.group, found.copies))


def copied_rows(sample: Sample, project: Project) -> Matches | None:
    """Return the rows that are equal in features and outcome; None where gate and chance explain them."""
    limit = project.gates.leakage.duplicate_share
    rows = EqualRows.of(sample.frame[list(project.features.all)])
    if rows.share_matched(sample.y) <= limit:
        return None
    found = rows.matches(sample.y)
    is_beyond = float(found.matched.mean()) > limit + found.share_by_chance()
    return found if found.copies.any() and is_beyond else None


def _joined(part: Sample, group: Hashes, copied: BoolArray) -> IntArray:
    """Put clusters together that share copies, step by step until nothing changes."""
    cluster = np.arange(len(part)) if part.cluster is None else pd.factorize(part.cluster)[0]
    rows = np.flatnonzero(copied)
    number = pd.factorize(group[rows])[0]
    while True:
        least = np.full(int(number.max()) + 1, len(part), dtype=np.int64)
        np.minimum.at(least, number, cluster[rows])
        lower = np.arange(int(cluster.max()) + 1)
        np.minimum.at(lower, cluster[rows], least[number])
        if (lower == np.arange(len(lower))).all():
            return cluster.astype(np.int64)
        cluster = lower[cluster]
