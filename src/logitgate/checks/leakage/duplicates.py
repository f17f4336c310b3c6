"""Rows that know each other: equal ones, nearly equal ones, and those that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...data.sampling.blocks import Blocks
from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .equal_rows import EqualRows
from .row_hashes import Hashes, repeated, row_hashes

CHECK = Check.LEAKAGE
_STEP = 0.01
"""Nearly equal numbers lie in one cell of a grid of this share of the column's spread."""
_COARSER = 10
_BOTH_GRIDS = 1.5
"""Steps that two cells cover together, half a step apart."""


def duplicate_findings(blocks: Blocks, project: Project) -> Iterator[Finding]:
    """Count judged rows that their model learned from, exactly or nearly, and contradictory rows."""
    gate = project.gates.leakage
    whole, tested = blocks.sample.frame[list(project.features.all)], _tested(blocks)
    rows = EqualRows.of(whole)
    elsewhere = rows.matches(blocks.number, opposite=True)
    equal = _known(elsewhere.group, blocks)[tested]
    yield _share(
        "duplicate rows",
        float(equal.mean()),
        gate.duplicate_share,
        "of the judged rows share all features with a row that their model learned from",
        "remove repeated rows, declare what they have in common as columns.entity, or raise "
        "gates.leakage.duplicate_share",
        chance=elsewhere.share_by_chance(tested),
    )
    near, chance = near_duplicates(blocks, project)
    yield _share(
        "near-duplicate rows",
        float((near[tested] & ~equal).mean()),
        gate.near_duplicate_share,
        f"of the judged rows nearly equal a row that their model learned from, each number within "
        f"{_STEP:.0%} of its spread",
        "remove copies, declare what they have in common as columns.entity, or raise "
        "gates.leakage.near_duplicate_share",
        chance=chance,
    )
    contrary = rows.matches(blocks.sample.y, opposite=True)
    yield _share(
        "contradictory rows",
        float(contrary.matched.mean()),
        gate.contradictory_share,
        "of the rows share all features with a row of the other outcome",
        "mend the labels, add the feature that tells such rows apart, or raise "
        "gates.leakage.contradictory_share",
        chance=contrary.share_by_chance(),
    )


def near_duplicates(blocks: Blocks, project: Project) -> tuple[NDArray[np.bool_], float]:
    """Return which rows, shape (n,), share a cell with one that their model learned from, and chance's share.

    Two grids, shifted by half a step, are looked at: values that one of them parts by its border
    may share a cell of the other. Hashed, so the time grows with the rows and not with their pairs.
    By chance: a grid ten times as fine leaves honest rows a tenth of their neighbours or fewer, as
    they spread in one dimension at least; copies keep theirs. Two standard errors are granted to it.
    """
    frame = blocks.sample.frame[list(project.features.all)]
    step = {name: _step(_numbers(frame[name])) for name in project.features.numeric}

    def cells(steps: float, shift: float) -> Hashes:
        placed = {name: np.floor(_numbers(frame[name]) / one / steps + shift) for name, one in step.items()}
        return row_hashes(frame.assign(**placed), range(frame.shape[1]))

    found = np.zeros(len(frame), dtype=bool)
    for shift in (0.0, 0.5):
        found |= _known(cells(1, shift), blocks)
    tested = _tested(blocks)
    neighbours = _learned(cells(_COARSER, 0.0), blocks)[tested]
    chance = float((1 - np.exp(-_BOTH_GRIDS * neighbours / _COARSER)).mean())
    return found, chance + 2 * float(np.sqrt(chance * (1 - chance) / len(neighbours)))


def _tested(blocks: Blocks) -> NDArray[np.bool_]:
    """Return which rows, shape (n,), are judged: all, but for the first block in time."""
    return np.asarray((blocks.number > 0) | (not blocks.in_time), dtype=bool)


def _known(hashes: Hashes | IntArray, blocks: Blocks) -> NDArray[np.bool_]:
    """Return which rows, shape (n,), share their hash with a row that their model learned from."""
    return np.asarray(_learned(hashes, blocks) > 0, dtype=bool)


def _learned(hashes: Hashes | IntArray, blocks: Blocks) -> IntArray:
    """Return for each row, shape (n,), how many rows of its hash its model learned from."""
    several, found = repeated(hashes), np.zeros(len(hashes), dtype=np.int64)
    rows = pd.DataFrame({"cell": pd.factorize(hashes[several])[0], "block": blocks.number[several]})
    own = rows.groupby(["cell", "block"]).size()
    by_cell = own.groupby(level="cell")
    others = (by_cell.cumsum() if blocks.in_time else by_cell.transform("sum")) - own
    found[several] = others.reindex(pd.MultiIndex.from_frame(rows))
    return found


def _numbers(column: pd.Series) -> FloatArray:
    return column.to_numpy(np.float64, na_value=np.nan)


def _step(values: FloatArray) -> float:
    """Return the step of the grid."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 1.0
    low, first, third, high = np.quantile(known, (0.05, 0.25, 0.75, 0.95))
    # Half of a column may be one value: then its tails say how far it spreads.
    spread = float(third - first) or float(high - low) or float(np.ptp(known)) or 1.0
    return _STEP * spread


def _share(  # noqa: PLR0913 - a sentence and its figures
    subject: str, share: float, limit: float, what: str, remedy: str, *, chance: float = 0.0
) -> Finding:
    passes = share <= limit + chance
    beyond = f" beyond the {chance:.2%} of chance" if chance else ""
    because = f"{share:.2%} {what} (at most {limit:.2%}{beyond})" + ("" if passes else f"; {remedy}")
    figures: dict[str, Figure] = {"share": share, "limit": limit}
    if chance:
        figures["chance"] = chance
    return Finding(CHECK, subject, Status.PASS if passes else Status.FAIL, because, figures)
