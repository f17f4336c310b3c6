"""What a window is compared with: the reference, or its rows of the same seasons, in independent rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..decision.costs import BoolArray, IntArray
from ..evaluation.histograms import Levels, Numbers
from ..findings import Figure, Finding, Status
from ..model.model import Model
from ..project.project import Project
from .distributions.change import DRIFT, Pair
from .distributions.contribution import Contribution, Contributions, contributions_of
from .distributions.features import Features
from .distributions.independence import (
    ALONE,
    INDEPENDENT,
    ClusterSizes,
    Correlation,
    correlations,
    worth,
)
from .distributions.season import season_of
from .reference import Reference


@dataclass(frozen=True, slots=True)
class Compared:
    """What a window is compared with, and by how many independent rows.

    Parameters
    ----------
    now, before : Features
    sizes : ClusterSizes of the window and of the reference
    alike : mapping of str to Correlation
        By feature; empty where rows are independent.
    contributions : Contributions of the window and of the reference
        Empty where the model or the reference has none.
    """

    now: Features
    before: Features
    sizes: tuple[ClusterSizes, ClusterSizes] = (INDEPENDENT, INDEPENDENT)
    alike: Mapping[str, Correlation] = field(default_factory=dict)
    contributions: tuple[Contributions, Contributions] = ({}, {})

    @property
    def names(self) -> tuple[str, ...]:
        """The features that both have."""
        return (*self.now.numeric, *self.now.categorical)

    def pair(self, name: str) -> Pair:
        """Return a feature's distributions in independent rows."""
        if name in self.now.numeric:
            return paired(
                self.now.numeric[name], self.before.numeric[name], self.sizes, self.alike.get(name, ALONE)
            )
        now, before = self.now.categorical[name], self.before.categorical[name]
        return paired(now, before, self.sizes, self.alike.get(name, ALONE))

    def contribution(self, name: str) -> tuple[Contribution, Contribution] | None:
        """Return what a feature adds to the log-odds in both; None where it is not known."""
        now, before = self.contributions
        return (now[name], before[name]) if name in now and name in before else None


def paired(
    now: Numbers | Levels,
    before: Numbers | Levels,
    sizes: tuple[ClusterSizes, ClusterSizes],
    alike: Correlation,
) -> Pair:
    """Bring two distributions to the numbers of rows that are independent."""
    effects = [(one.effect(alike.cells), one.effect(alike.missing)) for one in sizes]
    below = [one.present / size.effect(alike.below) for one, size in zip((now, before), sizes, strict=True)]
    return Pair(worth(now, effects[0]), worth(before, effects[1]), (below[0], below[1]), (now, before))


@dataclass(frozen=True, slots=True)
class Window:
    """Rows, and the cluster of each; None where they are independent."""

    frame: pd.DataFrame
    cluster: IntArray | None

    def take(self, keep: BoolArray) -> Window:
        """Return some of the rows."""
        return Window(self.frame[keep], None if self.cluster is None else self.cluster[keep])


def by_season(
    window: Window, reference: Reference, project: Project, model: Model | None
) -> tuple[Compared, Compared | None, list[Finding]]:
    """Compare all rows, and those of seasons that the reference has, with rows of the same seasons.

    Returns
    -------
    Compared, Compared or None, list of Finding
        For cells of all rows, whatever their season; for drift; and what is said of seasons.
    """
    column, whole = project.columns.time, (reference.features, reference.contributions)
    if project.monitoring.season is None or column is None or column not in window.frame:
        found = _compare(window, whole, reference, project, model)
        return found, found, []
    season = season_of(window.frame[column], project, reference.season_zone)
    known = np.isin(season.astype(str), list(reference.seasons))
    left_out = float(1 - known.mean())
    shares = pd.Series(season[known]).value_counts(normalize=True)
    same = reference.of_seasons({str(name): float(share) for name, share in shares.items()})
    figures: dict[str, Figure] = {"n": len(season), "left_out": left_out}
    if same is None or int(known.sum()) < project.monitoring.minimum_rows:
        because = (
            f"{left_out:.1%} of the rows are of seasons that the reference lacks; train on a whole year, or "
            "drop monitoring.season"
        )
        few = Finding(DRIFT, "season", Status.INSUFFICIENT, because, figures)
        return _compare(window, whole, reference, project, model), None, [few]
    if known.all():
        found = _compare(window, same, reference, project, model)
        return found, found, []
    because = f"{left_out:.1%} of the rows are of seasons that the reference lacks, and left out"
    rest = Finding(DRIFT, "season", Status.WARN, because, figures)
    in_season = _compare(window.take(known), same, reference, project, model)
    return _compare(window, whole, reference, project, model), in_season, [rest]


def _compare(
    window: Window,
    known: tuple[Features, Contributions],
    reference: Reference,
    project: Project,
    model: Model | None,
) -> Compared:
    before, contributions = known
    now = Features.of(window.frame, project, reference.features)
    added: Contributions = {}
    if model is not None and contributions and set(model.features.all) <= set(window.frame.columns):
        added = contributions_of(model.pipeline, window.frame[list(model.features.all)])
    if window.cluster is None:
        return Compared(now, before, contributions=(added, contributions))
    sizes = ClusterSizes.of(window.cluster)
    alike: Mapping[str, Correlation] = reference.alike
    if not alike:  # of an earlier version
        alike = correlations(window.frame, before.numeric, before.categorical, window.cluster)
    there = reference.clusters if reference.clusters.count else sizes
    return Compared(now, before, (sizes, there), alike, (added, contributions))
