"""Slices that are not declared and in which the probabilities are wrong: found, named, proposed.

A shallow tree is grown on the residuals of one half of the rows; its leaves are tested on the other half.
Sources: Benjamini, Hochberg (1995) for the leaves; Liang, Zeger (1986) for
clusters; Athey, Imbens (2016), Recursive partitioning, for honest halves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr
from scipy.stats import false_discovery_control
from sklearn.tree import DecisionTreeRegressor

from ..catalogue import Check
from ..data.sampling.sample import Sample
from ..data.sampling.slicing import column_levels, rare_pooled
from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray
from ..evaluation.estimates import NAN
from ..evaluation.evaluate import Scored
from ..evaluation.intervals import Means
from ..evaluation.slices import SliceLevels
from ..evidence_table import Exhibit
from ..findings import Finding, Status
from ..project.project import Project
from .tree_rules import Column, Conditions, members, tree_leaves, words

CHECK = Check.WEAK_SLICES
_DEPTH = 3
_FALSE_SHARE = 0.05
_MOST = 5
_FEWEST_CLUSTERS = 5


@dataclass(frozen=True, slots=True)
class WeakSlice:
    """One leaf, as the rows that were kept for testing see it."""

    words: str
    n: int
    predicted: float
    """The mean probability."""
    observed: float
    """The rate of events."""
    z: float
    """(observed - expected events) / standard error; above zero there are more events than predicted."""
    p_value: float
    """Two-sided; NaN where there is too little to test."""
    q_value: float
    """Benjamini and Hochberg's, over the leaves that can be tested."""

    @property
    def found(self) -> bool:
        """Whether the probabilities are wrong here, at a false discovery rate of 5 %."""
        return self.q_value <= _FALSE_SHARE

    def figures(self) -> dict[str, float]:
        """Return the figures by name."""
        return {
            "n": self.n,
            "predicted": self.predicted,
            "observed": self.observed,
            "z": self.z,
            "p_value": self.p_value,
            "q_value": self.q_value,
        }


def weak_slices(sample: Sample, scored: Scored, project: Project) -> list[WeakSlice]:
    """Look for rows whose events are not as many as their probabilities say.

    Parameters
    ----------
    sample : Sample
        The judged rows; the features and the declared slice columns are looked at.
    scored : Scored
        The same rows with their probabilities. Whole clusters go to either half.
    project : Project
        The minimum of rows and events of a slice hold for both halves together.

    Returns
    -------
    list of WeakSlice
        One for each leaf, the surest first; empty when there are no two halves to speak of. The
        order of the rows makes no difference.
    """
    order = pd.array(sample.ids, dtype="str").argsort()
    rows = scored.take(order)
    grown = _first_half(rows, project.split.seed)
    least = max(project.slices.minimum_rows // 2, 1)
    if min(int(grown.sum()), int((~grown).sum())) < 2 * least:
        return []
    residual = rows.y - rows.decision.probability
    columns = {name: values[order] for name, values in _columns(sample.frame, project).items()}
    tree = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=least, random_state=project.split.seed)
    leaves = tree_leaves(columns, residual, grown, tree)
    kept = {name: values[~grown] for name, values in columns.items()}
    return _tested(leaves, kept, rows.take(~grown), project.slices.minimum_events / 2)


def weak_findings(found: list[WeakSlice]) -> list[Finding]:
    """Warn of the surest weak slices, five at most; they are proposals and stop nothing."""
    weak = [one for one in found if one.found]
    counted = sum(not np.isnan(one.p_value) for one in found)
    if not weak:
        because = (
            f"none found among {counted} leaves of a tree on the residuals"
            if counted
            else "too few rows to look"
        )
        return [Finding(CHECK, "discovery", Status.PASS, because, {"leaves": counted, "found": 0})]
    return [
        Finding(
            CHECK,
            one.words,
            Status.WARN,
            f"predicted {one.predicted:.3f}, observed {one.observed:.3f}, n = {one.n}; declare it as a slice "
            "to watch it, or give the model a term for it",
            one.figures(),
        )
        for one in weak[:_MOST]
    ]


def weak_exhibit(found: list[WeakSlice]) -> Exhibit:
    """Return all leaves as a table."""
    note = (
        "Leaves of a shallow tree on the residuals of one half of the judged rows, tested on the other half; "
        "n and all figures are of that half. A q-value of .05 or less is a weak slice."
    )
    return Exhibit(
        "weak-slices", "Weak slices", tuple({"slice": one.words, **one.figures()} for one in found), note
    )


def _first_half(rows: Scored, seed: int) -> BoolArray:
    """Draw whole clusters up to half of the rows, without regard to how clusters are coded."""
    cluster = np.arange(len(rows.y)) if rows.cluster is None else pd.factorize(rows.cluster)[0]
    sizes = np.bincount(cluster)
    drawn = np.random.default_rng(seed).permutation(len(sizes))
    first = np.zeros(len(sizes), dtype=bool)
    first[drawn[np.cumsum(sizes[drawn]) <= len(cluster) / 2]] = True
    half: BoolArray = first[cluster]
    return half


def _columns(frame: pd.DataFrame, project: Project) -> dict[str, Column]:
    """Return the columns that are looked at: numbers as they are, all others as the names of levels."""
    numeric = (*project.features.numeric, *project.slices.bins)
    columns: dict[str, Column] = {
        name: frame[name].to_numpy(np.float64, na_value=np.nan) for name in dict.fromkeys(numeric)
    }
    for name in dict.fromkeys((*project.features.categorical, *project.slices.columns)):
        if name not in columns:
            levels = rare_pooled({name: column_levels(frame[name])}, project)[name]
            columns[name] = _sorted(levels)
    return columns


def _sorted(levels: SliceLevels) -> Column:
    """Return levels by their sorted names; what is called the same is one level."""
    names, place = np.unique(levels.names, return_inverse=True)
    named = pd.CategoricalDtype(names.tolist())
    return pd.Categorical.from_codes(place[levels.codes], dtype=named).remove_unused_categories()


def _tested(
    leaves: list[Conditions], columns: Mapping[str, Column], held: Scored, least_events: float
) -> list[WeakSlice]:
    """Test each leaf on the rows that the tree was not grown on; the surest first."""
    leaf = np.full(len(held.y), -1)
    for at, conditions in enumerate(leaves):
        leaf[members(conditions, columns, len(held.y))] = at
    z, p_values = _statistics(held, leaf, len(leaves), least_events)
    q_values = np.full(len(leaves), NAN)
    q_values[~np.isnan(p_values)] = false_discovery_control(p_values[~np.isnan(p_values)])
    n = np.bincount(leaf, minlength=len(leaves))
    with np.errstate(invalid="ignore"):
        predicted = np.bincount(leaf, held.decision.probability, len(leaves)) / n
        observed = np.bincount(leaf, held.y, len(leaves)) / n
    found = [
        WeakSlice(words(conditions), int(rows), *map(float, figures))
        for conditions, rows, *figures in zip(
            leaves, n, predicted, observed, z, p_values, q_values, strict=True
        )
    ]
    return sorted(found, key=lambda one: (np.isnan(one.z), -abs(one.z), one.words))


def _statistics(
    held: Scored, leaf: IntArray, leaves: int, least_events: float
) -> tuple[FloatArray, FloatArray]:
    """Return z and its p-value for each leaf.

    z is (O - E) / sqrt(sum p(1 - p)). With clusters the error is the clustered one where that is larger,
    at Student's quantile. NaN where sum p(1 - p) or the number of clusters is too small to tell.
    """
    probability = held.decision.probability
    variance = np.bincount(leaf, probability * (1 - probability), leaves)
    excess = np.bincount(leaf, held.y - probability, leaves)
    error, degrees = np.sqrt(variance), np.full(leaves, np.inf)
    if held.cluster is not None:
        means = Means.of(held.y - probability, leaf, leaves, held.cluster)
        error = np.fmax(error, means.error * np.bincount(leaf, minlength=leaves))
        degrees = np.where(means.degrees + 1 >= _FEWEST_CLUSTERS, means.degrees, NAN)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance >= least_events, excess / error, NAN)
    z = np.where(np.isnan(degrees), NAN, z)
    tail = ndtr(-np.abs(z)) if held.cluster is None else stdtr(degrees, -np.abs(z))
    return z, 2 * tail
