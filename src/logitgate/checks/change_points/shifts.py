"""Breaks in time: a column that changes its unit, a category that changes its codes, labels that turn.

What breaks from one day to the next is an export, not the world. Seasons and campaigns move a
column too, but slowly, or they leave days behind that look like those before.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .dying_features import dying_findings
from .flipped_labels import label_shift
from .time_blocks import LEAST, DayBlocks

CHECK = Check.SHIFTS
_TRUST = "or say under gates.shifts.trusted why this is real"
_GAP = 1.5
"""Spreads of a day between all days before and all days after that make a break."""
_SHARE = 0.05
"""Share of the rows in levels that vanish, and in levels that are new, that makes a recoding."""
_MOVED, _MOVED_LEVELS = 0.3, 4
_FEWEST = 10


def shift_findings(sample: Sample, project: Project) -> list[Finding]:
    """Look for breaks in time: in each feature, and in the outcome.

    Returns
    -------
    list of Finding
        Each break names its column and since when; one in a column that is trusted with a reason,
        and one that the trade may explain, is a WARN.
    """
    if sample.time is None:
        because = "there is no columns.time, so nothing can break in time"
        return [Finding(CHECK, "time", Status.PASS, because)]
    blocks = DayBlocks.of(sample.time)
    dying = [_trusted(one, project) for one in dying_findings(sample, project)]
    if len(blocks) < 2 * LEAST:
        because = f"{len(blocks)} blocks of days are too few to see a break; {2 * LEAST} are needed"
        return [*dying, Finding(CHECK, "time", Status.INSUFFICIENT, because, {"blocks": len(blocks)})]
    found = [*dying, *(_trusted(one, project) for one in _breaks(sample, blocks, project))]
    if any(one.status.stops for one in found):
        return found
    because = f"no column and no label breaks in {len(blocks)} blocks of days from {blocks.day(0)} on"
    return [*found, Finding(CHECK, "columns", Status.PASS, because, {"blocks": len(blocks)})]


def _trusted(finding: Finding, project: Project) -> Finding:
    reason = project.gates.shifts.trusted.get(finding.subject)
    if reason is None or not finding.status.stops:
        return finding
    because = f"{finding.because}: trusted, as {reason}"
    return Finding(CHECK, finding.subject, Status.WARN, because, finding.figures)


def _breaks(sample: Sample, blocks: DayBlocks, project: Project) -> Iterator[Finding]:
    for name in project.features.numeric:
        values = sample.frame[name].to_numpy(np.float64, na_value=np.nan)
        yield from _jump(name, values, blocks)
    for name in project.features.categorical:
        yield from _recoding(name, sample.frame[name], blocks)
    yield from label_shift(sample, blocks, project)


def _jump(name: str, values: FloatArray, blocks: DayBlocks) -> Iterator[Finding]:
    """Find the cut at which a column's daily means lie farthest apart, in spreads within a day."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    rows = blocks.sums(known)
    enough = rows >= _FEWEST
    mean = np.where(enough, blocks.sums(filled) / np.maximum(rows, 1), np.nan)
    centred = np.where(known, values - mean[blocks.code], 0.0)
    spread = np.sqrt(blocks.sums(np.nan_to_num(centred) ** 2) / np.maximum(rows, 1))
    best, since = -np.inf, 0
    for cut, near, after in blocks.cuts():
        old, new = mean[near][enough[near]], mean[after][enough[after]]
        if min(len(old), len(new)) < LEAST:
            continue
        within = float(np.median(spread[near][enough[near]]))
        apart = max(new.min() - old.max(), old.min() - new.max())
        if within > 0 and apart / within > best:
            best, since = float(apart / within), cut
    if best >= _GAP:
        day = blocks.day(since)
        because = (
            f"from {day} on every day's mean lies {best:.1f} spreads of a day beyond all days before (limit "
            f"{_GAP:g}), as when its unit or source changes; mend the export, {_TRUST}"
        )
        yield Finding(CHECK, name, Status.FAIL, because, {"gap": best, "limit": _GAP, "since": day})


def _recoding(name: str, column: pd.Series, blocks: DayBlocks) -> Iterator[Finding]:
    """Find levels that vanish while others appear, and levels that exchange their shares."""
    level, _ = pd.factorize(column, use_na_sentinel=False)
    counts = blocks.counts(level.astype(np.int64))
    total = np.vstack([np.zeros(counts.shape[1]), counts.cumsum(axis=0)])
    replaced, moved = (0.0, 0), (0.0, 0)
    for cut, near, after in blocks.cuts():
        ever, later = total[cut], total[-1] - total[cut]
        old, new = total[cut] - total[near.start], total[after.stop] - total[cut]
        gone = float(old[later == 0].sum() / old.sum())
        fresh = float(new[ever == 0].sum() / new.sum())
        replaced = max(replaced, (min(gone, fresh), cut))
        moved = max(moved, (_exchanged(old / old.sum(), new / new.sum()), cut))
    if replaced[0] >= _SHARE:
        share, day = replaced[0], blocks.day(replaced[1])
        because = (
            f"from {day} on levels with {share:.0%} of the rows are gone and new ones stand in their place, "
            f"as when its codes change; map the codes, {_TRUST}"
        )
        yield Finding(CHECK, name, Status.FAIL, because, {"share": share, "limit": _SHARE, "since": day})
    elif moved[0] >= _MOVED:
        yield _exchange(name, moved, total, blocks)


def _exchanged(old: FloatArray, new: FloatArray) -> float:
    """Return how far two tables of shares differ beyond what their sorted shares differ."""
    by_level = np.abs(old - new).sum() / 2
    sorted_shares = np.abs(np.sort(old) - np.sort(new)).sum() / 2
    return float(by_level - sorted_shares)


def _exchange(name: str, moved: tuple[float, int], total: FloatArray, blocks: DayBlocks) -> Finding:
    """Tell a permutation of many levels from two or three that trade places in the world."""
    share, cut = moved
    old, new = (rows / rows.sum() for rows in (total[cut], total[-1] - total[cut]))
    levels = int((np.abs(old - new) >= 0.01).sum())
    many = levels >= _MOVED_LEVELS
    day = blocks.day(cut)
    because = (
        f"from {day} on {levels} levels exchange {share:.0%} of the rows while the sorted shares stay, as "
        + (
            f"when its codes are mixed up; map the codes, {_TRUST}"
            if many
            else "when codes are mixed up or a campaign turns"
        )
    )
    figures: dict[str, Figure] = {"share": share, "limit": _MOVED, "levels": levels, "since": day}
    return Finding(CHECK, name, Status.FAIL if many else Status.WARN, because, figures)
