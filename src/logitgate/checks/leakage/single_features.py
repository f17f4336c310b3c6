"""Whether a feature knows the outcome, and whether the judged rows know the learned ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...data.sampling.blocks import Blocks
from ...data.sampling.sample import Sample
from ...decision.costs import IntArray
from ...evaluation.ranking.auc import auc
from ...findings import Figure, Finding, Status
from ...project.gates import LeakageGate
from ...project.project import Project
from ..binned import binned
from .duplicates import duplicate_findings
from .equal_rows import Matches
from .repeats import repeat_findings
from .target_encoding import encoder_findings
from .timestamps import time_findings

CHECK = Check.LEAKAGE
_BINS = 20
_BARE = re.compile("[A-Za-z0-9_-]+")
"""A key that TOML takes without quotes."""


def single_feature_auc(column: pd.Series, y: NDArray[np.int8], half: IntArray) -> float:
    """Return how well one column alone separates the outcome on rows it was not learned on.

    The column is cut at the quantiles of one half (levels, when it is a category), each bin scored
    by its event rate there, and the other half is ranked by these scores; the mean of both ways.
    So an encoder cannot carry the outcome into its own test.

    Parameters
    ----------
    column : pandas.Series of n values
    y : int8 array of shape (n,)
    half : int64 array of shape (n,)
        0 or 1; rows that fail together belong in the same half.

    Returns
    -------
    float
        Area under the ROC curve, NaN when a half holds one class only, or all rows are in one half.
    """
    if np.ptp(half) == 0:
        return float("nan")
    return float(np.mean([_auc_of_rates(column, y, half == learned) for learned in (0, 1)]))


def leakage_findings(blocks: Blocks, project: Project, copies: Matches | None) -> list[Finding]:
    """Look for leaks: in the declarations, in single columns, across the blocks; warn of the copies."""
    return [
        *_declared(project),
        *separating(blocks.sample, project),
        *_spans(blocks, project),
        *duplicate_findings(blocks, project),
        *repeat_findings(copies, project),
        *encoder_findings(blocks, project),
        *time_findings(blocks.sample, project),
    ]


def _declared(project: Project) -> Iterator[Finding]:
    known = sorted(set(project.columns.known_after_outcome) & set(project.features.all))
    for column in known:
        because = (
            "declared as known only after the outcome and used as a feature; take it out of the features"
        )
        yield Finding(CHECK, column, Status.FAIL, because)
    if not known:
        yield Finding(
            CHECK, "declarations", Status.PASS, "no feature is declared as known only after the outcome"
        )


def separating(train: Sample, project: Project) -> Iterator[Finding]:
    """Look for single columns that separate the outcome too well on rows they were not learned on."""
    gate, half = project.gates.leakage, _halves(train)
    aucs = {name: single_feature_auc(train.frame[name], train.y, half) for name in project.features.all}
    undefined = sorted(name for name, auc in aucs.items() if not np.isfinite(auc))
    for name in undefined:
        because = "its single-feature AUC is undefined on the training rows"
        yield Finding(CHECK, name, Status.INDETERMINATE, because)
    ranked = sorted(aucs.keys() - undefined, key=lambda name: (-aucs[name], name))
    found = [_judged(name, aucs, ranked, gate) for name in ranked]
    suspicious = [finding for finding in found if finding.status is not Status.PASS]
    yield from suspicious
    if not undefined and all(finding.subject in gate.trusted for finding in suspicious):
        because = "no feature that is not trusted separates the outcome suspiciously well"
        figures: dict[str, Figure] = {
            figure: max(
                (float(one.figures[figure] or 0) for one in found if one.subject not in gate.trusted),
                default=float("nan"),
            )
            for figure in ("auc", "gap")
        }
        yield Finding(CHECK, "single features", Status.PASS, because, {**figures, "features": len(aucs)})
    yield from _undeclared(train, half, project)


def _judged(name: str, aucs: dict[str, float], ranked: list[str], gate: LeakageGate) -> Finding:
    """Hold one feature against the limits: its AUC alone, and how far it is above the best other one.

    Near-perfect is FAIL; strong, which an honest feature may be, is WARN; so is whatever is trusted.
    """
    auc = aucs[name]
    gap = auc - max((aucs[other] for other in ranked if other != name), default=0.5)
    because = (
        f"alone it separates the outcome with AUC {auc:.3f} (suspicious from {gate.single_feature_auc:g} on, "
        f"near-perfect from {gate.near_perfect_auc:g}; {gap:+.3f} to the next, suspicious from {gate.gap:g})"
    )
    status = Status.PASS
    if auc >= gate.single_feature_auc or gap >= gate.gap:
        reason = gate.trusted.get(name)
        refused = auc >= gate.near_perfect_auc and reason is None
        status = Status.FAIL if refused else Status.WARN
        because += f": {_remedy(name)}" if reason is None else f": trusted, as {reason}"
    return Finding(CHECK, name, status, because, {"auc": auc, "gap": gap})


def _remedy(name: str) -> str:
    key = name if _BARE.fullmatch(name) else json.dumps(name)
    return (
        "if it is known only after the outcome, add it to columns.known_after_outcome and take it out of the "
        f'features; else write under [gates.leakage.trusted]: {key} = "how it is known at the decision"'
    )


def _undeclared(train: Sample, half: IntArray, project: Project) -> Iterator[Finding]:
    """Warn of columns that are not used yet and that know the outcome."""
    roles, limit = project.columns, project.gates.leakage.single_feature_auc
    named = {
        *project.features.all,
        *roles.known_after_outcome,
        project.outcome.column,
        roles.row_id,
        roles.time,
    }
    for name in train.frame.columns.difference(list(named - {None}), sort=False):
        column = train.frame[name]
        if not pd.api.types.is_numeric_dtype(column) and column.nunique() > len(column) // 10:
            continue
        auc = single_feature_auc(column, train.y, half)
        if auc >= limit:
            because = (
                f"no feature, but alone it separates the outcome with AUC {auc:.3f}: declare it under "
                "columns.known_after_outcome so that it never becomes one"
            )
            yield Finding(CHECK, str(name), Status.WARN, because, {"auc": auc})


def _spans(blocks: Blocks, project: Project) -> Iterator[Finding]:
    if project.columns.entity:
        parts = [np.unique(part.entity) for _, part in blocks if part.entity is not None]
        _, seen_in = np.unique(np.concatenate(parts), return_counts=True)
        spanning = int((seen_in > 1).sum())
        yield Finding(
            CHECK,
            project.columns.entity,
            _spanning(spanning, project),
            f"{spanning} entities stand in more than one block"
            + (
                "; set split.by = 'entity', or drop columns.entity if its rows are independent"
                if spanning
                else ""
            ),
            {"entities_across_blocks": spanning},
        )
    if project.split_by == "time":
        latest = np.maximum.accumulate(blocks.number)
        late = int((blocks.number < latest).sum())
        yield Finding(
            CHECK,
            "order of time",
            Status.FAIL if late else Status.PASS,
            f"{late} rows of an earlier block lie after the first row of a later one"
            + ("; declare a columns.cluster that does not reach across blocks" if late else ""),
            {"rows_out_of_order": late},
        )


def _spanning(entities: int, project: Project) -> Status:
    """Entities that come back in time are a reason to doubt; where parts are to hold whole ones, a fault."""
    if not entities:
        return Status.PASS
    return Status.WARN if project.split_by == "time" else Status.FAIL


def _halves(sample: Sample) -> IntArray:
    """Part the rows into two halves by alternating clusters (or rows)."""
    codes = (
        np.arange(len(sample))
        if sample.cluster is None
        else np.unique(sample.cluster, return_inverse=True)[1]
    )
    return (codes % 2).astype(np.int64)


def _auc_of_rates(column: pd.Series, y: NDArray[np.int8], learned: NDArray[np.bool_]) -> float:
    bins = binned(column, _BINS, learned)
    events = np.bincount(bins[learned], weights=y[learned], minlength=int(bins.max()) + 1)
    rows = np.bincount(bins[learned], minlength=len(events))
    rate = (events + y[learned].mean()) / (rows + 1)
    # Rows of a bin share their score: the bins are ranked in place of the rows.
    _, rank = np.unique(-rate, return_inverse=True)
    group, event = rank[bins[~learned]], y[~learned]
    others, ones = (
        np.bincount(group, event == one, int(rank.max()) + 1).astype(np.float64) for one in (0, 1)
    )
    return auc(ones, others)
