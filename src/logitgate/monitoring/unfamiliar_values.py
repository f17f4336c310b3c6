"""Values unknown to the model: new levels, values out of range, columns that became constant.

Each is a share of the cells that are there. It is a warning when it is more than the reference leads one to
expect, and a breach of the contract above a declared share, in a batch of at least 50 rows: another code or
another unit makes other decisions, and no error.

Sources: Good (1953) for the levels that later rows will show for the first time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from ..catalogue import Check
from ..errors import DataError
from ..evaluation.histograms import Levels, Numbers, outside_of
from ..findings import Figure, Finding, Status
from ..model.model import Model
from ..model.scored_rows import known_levels
from ..project.project import Project
from .distributions.features import Features
from .reference import Reference, ReferenceProfile

CHECK = Check.CONTRACT
FEWEST = 50
"""Fewer rows are no batch whose shares say anything."""

_CHANCE, _FLOOR = 1e-3, 0.02
_NEVER = 1e-6
_LONGER = 5
"""Times the longest run of the reference: rows of one source make runs, and a table may consist of one."""


class _Values(Enum):
    """What stands for values that are none: itself also after the way through another process."""

    SEVERAL = "several"


_SEVERAL = _Values.SEVERAL


@dataclass(frozen=True, slots=True)
class Known:
    """What a model's own rows held.

    Parameters
    ----------
    reference : Reference
    levels : mapping of str to frozenset
    ranges : mapping of str to (low, high)
        Of the numeric features, with slack.
    """

    reference: Reference
    levels: Mapping[str, frozenset[str]]
    ranges: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, model: Model, profile: ReferenceProfile) -> Known:
        """Read the profile packed with a model; from an unreadable profile nothing is known."""
        try:
            reference = profile.reference
        except DataError:
            nothing = Numbers((), np.zeros(1), 0.0)
            reference = Reference(0, Features({}, {}), nothing, 0, 0.0, {})
        numeric = reference.features.numeric
        return cls(reference, known_levels(model), {name: one.range() for name, one in numeric.items()})


@dataclass(frozen=True, slots=True)
class CellCounts:
    """Counts of cells by feature; they add up over batches.

    Parameters
    ----------
    rows : int
    present, unseen, outside : mapping of str to int
    only : mapping of str to object
        The one value of a feature, or `_SEVERAL`; it never leaves this module.
    """

    rows: int = 0
    present: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, int] = field(default_factory=dict)
    only: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pd.DataFrame, known: Known) -> CellCounts:
        """Count the cells of n rows whose categories are spelled as the model learned them."""
        numbers = {name: frame[name].to_numpy(np.float64, na_value=np.nan) for name in known.ranges}
        texts = {name: frame[name].value_counts() for name in known.levels}
        texts = {name: counts[counts > 0] for name, counts in texts.items()}
        present = {name: int((~np.isnan(values)).sum()) for name, values in numbers.items()}
        present |= {name: int(counts.sum()) for name, counts in texts.items()}
        outside = {name: outside_of(values, known.ranges[name]) for name, values in numbers.items()}
        unseen = {
            name: int(counts[~counts.index.isin(list(known.levels[name]))].sum())
            for name, counts in texts.items()
        }
        only = {name: _single(values) for name, values in numbers.items()}
        only |= {
            name: counts.index[0] if len(counts) == 1 else _SEVERAL
            for name, counts in texts.items()
            if len(counts)
        }
        alone = {name: value for name, value in only.items() if value is not None}
        return cls(len(frame), present, unseen, outside, alone)

    def __add__(self, other: CellCounts) -> CellCounts:
        """Count two batches together."""
        only = dict(self.only)
        for name, value in other.only.items():
            only[name] = value if only.get(name, value) == value else _SEVERAL
        return CellCounts(
            self.rows + other.rows,
            _sum(self.present, other.present),
            _sum(self.unseen, other.unseen),
            _sum(self.outside, other.outside),
            only,
        )


def unfamiliar(cells: CellCounts, known: Known, project: Project) -> tuple[Finding, ...]:
    """Judge the counts of a batch, or of a whole table."""
    found = [*_unseen(cells, known, project), *_outside(cells, known, project)]
    return (*found, *_dead(cells, known, project))


def _unseen(cells: CellCounts, known: Known, project: Project) -> Iterator[Finding]:
    for name, count in cells.unseen.items():
        before = known.reference.features.categorical.get(name, Levels({}, 0.0, 0.0))
        expected = min((before.singles + 1) / max(before.rows, 1.0), 1.0)
        limit = project.contract.most_unseen
        words = "has levels that the model has never met"
        yield from _judged(name, (count, cells.present[name]), (expected, limit), words, "most_unseen")


def _outside(cells: CellCounts, known: Known, project: Project) -> Iterator[Finding]:
    for name, count in cells.outside.items():
        before = known.reference.features.numeric[name]
        expected = min((known.reference.outside.get(name, 0) + 1) / max(before.present, 1.0), 1.0)
        limit = project.contract.most_outside
        words = "lies outside the range of the model's rows, as another unit does"
        yield from _judged(name, (count, cells.present[name]), (expected, limit), words, "most_outside")


def _judged(
    name: str, counts: tuple[int, int], shares: tuple[float, float], words: str, key: str
) -> Iterator[Finding]:
    (count, of), (expected, limit) = counts, shares
    share = count / max(of, 1)
    likely = float(binom.sf(count - 1, max(of, 1), expected)) if count else 1.0
    breaks = of >= FEWEST and share > limit
    if not breaks and (share < _FLOOR or likely > _CHANCE):
        return
    because = f"{share:.1%} of its {of:,} cells {words}; {expected:.2%} were to be expected"
    if breaks:
        because += f", at most {limit:.0%} may: correct the source, or raise contract.{key}"
    figures: dict[str, Figure] = {"cells": of, "count": count, "share": share, "expected": expected}
    yield Finding(CHECK, name, Status.FAIL if breaks else Status.WARN, because, figures)


def _dead(cells: CellCounts, known: Known, project: Project) -> Iterator[Finding]:
    """Name features that are empty or constant, where the reference was so by less than chance."""
    if cells.rows < FEWEST:
        return
    features = known.reference.features
    both: dict[str, Numbers | Levels] = {**features.numeric, **features.categorical}
    for name, before in both.items():
        if name not in cells.present or name in project.contract.may_be_constant:
            continue
        figures: dict[str, Figure] = {"rows": cells.rows, "cells": cells.present[name]}
        missing = before.missing / max(before.rows, 1.0)
        if not cells.present[name]:
            longest = known.reference.gaps.get(name, 0)
            if missing < 1 and missing**cells.rows < _NEVER and cells.rows > _LONGER * longest:
                because = f"every cell of {cells.rows:,} rows is empty, {missing:.1%} of the model's rows"
                yield Finding(CHECK, name, Status.FAIL, because, figures)
        elif cells.only.get(name, _SEVERAL) is not _SEVERAL:
            yield from _constant(name, cells, known, _commonest(before))


def _constant(name: str, cells: CellCounts, known: Known, commonest: float) -> Iterator[Finding]:
    rows, longest = cells.present[name], known.reference.runs.get(name)
    if rows < FEWEST or commonest >= 1 or commonest**rows >= _NEVER:
        return
    if longest is not None and rows <= longest:
        return
    never = longest is not None and rows > _LONGER * longest
    because = f"all of its {rows:,} cells are the same"
    because += "" if longest is None else f", at most {longest:,} of the model's rows were on end"
    if never:
        because += "; correct the source, or name it under contract.may_be_constant"
    yield Finding(CHECK, name, Status.FAIL if never else Status.WARN, because, {"cells": rows})


def _commonest(before: Numbers | Levels) -> float:
    """Return the largest share that one value can have had in the reference."""
    counts = before.counts if isinstance(before, Numbers) else [*before.levels.values(), before.pooled]
    return float(np.max(counts, initial=0.0)) / max(before.present, 1.0)


def _single(values: NDArray[np.float64]) -> object:
    present = values[~np.isnan(values)]
    if not len(present):
        return None
    return float(present[0]) if (present == present[0]).all() else _SEVERAL


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in dict.fromkeys((*one, *other))}
