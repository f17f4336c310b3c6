"""Labels that turn: the relation of outcome and features changes its sign, or the rate its side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.costs import IntArray
from ...decision.expressions import FloatArray
from ...findings import Figure, Finding, Status
from ...project.project import Project
from ..binned import binned
from .time_blocks import DayBlocks

CHECK = Check.SHIFTS
_REMEDY = "mend the labels, or say under gates.shifts.trusted why this is real"
_BINS = 10
_PRIOR_ROWS = 20
_TURNED, _STRENGTH = -0.25, 0.05
_HALF_WAY, _SHORT_WAY = 0.5, 0.2
_JUMP, _MIRRORED_JUMP, _MIRROR = 1.5, 2.4, 0.35


def label_shift(sample: Sample, blocks: DayBlocks, project: Project) -> Iterator[Finding]:
    """Find the cut after which the features point to the opposite outcome.

    Each feature's bins are scored by their event rates before the cut; the covariance of score and
    outcome, as a share of the outcome's variance and summed over the features, is compared with the
    one after it. Only where this sum is at least 0.05 before, the relation is strong enough to tell.
    Where it is weaker, a rate that changes to its mirror image shows flipped labels.
    """
    events = blocks.sums(sample.y.astype(np.float64))
    rows = blocks.sums(np.ones(len(sample)))
    cuts = list(blocks.cuts())
    before, after = np.zeros((2, len(cuts)))
    for name in project.features.all:
        level = binned(sample.frame[name], _BINS)
        one, other = _relations(blocks, level, sample, cuts)
        before += one
        after += other
    rates = [_rates(events, rows, near, late) for _, near, late in cuts]
    # Days on the wrong side of a cut weaken the gap between both sides, few rows widen it by chance.
    gap = (before - after) * np.sqrt([rows[late].sum() for _, _, late in cuts])
    place = int(np.where(before >= _STRENGTH, gap, -np.inf).argmax())
    if before[place] >= _STRENGTH and after[place] <= _TURNED * before[place]:
        yield _turned(blocks.day(cuts[place][0]), float(after[place] / before[place]), rates[place], project)
    else:
        yield from _rate_jump(blocks, cuts, rates, project)


def _turned(day: str, ratio: float, rates: tuple[float, float], project: Project) -> Finding:
    """Stop where the rate moved as flipped labels move it; where it did not, the world has turned."""
    flipped = _moved_as_flipped(*rates)
    because = (
        f"from {day} on the features point to the opposite outcome ({ratio:+.2f} of the "
        f"relation, limit {_TURNED:g}) and the event's rate goes from {rates[0]:.1%} to {rates[1]:.1%}"
    )
    because += (
        f", as when labels are flipped; {_REMEDY}"
        if flipped
        else ": flipped labels would have mirrored the rate, so what causes the event has changed"
    )
    figures: dict[str, Figure] = {"relation": ratio, "limit": _TURNED, "since": day}
    figures |= {"rate_before": rates[0], "rate_after": rates[1]}
    status = Status.FAIL if flipped else Status.WARN
    return Finding(CHECK, project.outcome.column, status, because, figures)


def _moved_as_flipped(before: float, after: float) -> bool:
    """Whether a rate came at least half of the way to its mirror image, or has too short a way to tell.

    Where a share f of the labels is flipped the relation is 1 - 2 f of what it was, and the rate has come f
    of the way from p to 1 - p; a relation of -0.25 means f = 0.625.
    """
    way = 1 - 2 * before
    return abs(way) < _SHORT_WAY or (after - before) / way >= _HALF_WAY


def _rate_jump(
    blocks: DayBlocks,
    cuts: list[tuple[int, slice, slice]],
    rates: list[tuple[float, float]],
    project: Project,
) -> Iterator[Finding]:
    """Tell of a rate that jumps; only one that becomes its own mirror image stops."""
    old, new = np.array([[_log_odds(one), _log_odds(two)] for one, two in rates]).T
    jump = np.abs(new - old)
    place = int(jump.argmax())
    if jump[place] < _JUMP:
        return
    mirrored = jump >= _MIRRORED_JUMP
    mirrored &= np.abs(new + old) <= _MIRROR * jump
    if mirrored.any():
        place = int(np.where(mirrored, jump, -np.inf).argmax())
    day, (rate, other) = blocks.day(cuts[place][0]), rates[place]
    because = f"from {day} on the event's rate goes from {rate:.1%} to {other:.1%}"
    status = Status.FAIL if mirrored.any() else Status.WARN
    because += (
        f", its mirror image, as when labels are flipped; {_REMEDY}"
        if mirrored.any()
        else "; features keep their relation, or tell too little to see it turn"
    )
    figures: dict[str, Figure] = {"rate_before": rate, "rate_after": other, "since": day}
    yield Finding(CHECK, project.outcome.column, status, because, figures)


def _relations(
    blocks: DayBlocks, level: IntArray, sample: Sample, cuts: list[tuple[int, slice, slice]]
) -> tuple[FloatArray, FloatArray]:
    """Return the covariance of score and outcome over the outcome's variance, before and after each cut."""
    events = blocks.counts(level, sample.y).cumsum(axis=0)
    rows = blocks.counts(level).cumsum(axis=0)
    found = []
    for cut, _, after in cuts:
        old_events, old_rows = events[cut - 1], rows[cut - 1]
        last = after.stop - 1
        rate = old_events.sum() / old_rows.sum()
        score = (old_events + _PRIOR_ROWS * rate) / (old_rows + _PRIOR_ROWS) - rate
        found.append(
            [
                _covariance(score, old_events, old_rows),
                _covariance(score, events[last] - old_events, rows[last] - old_rows),
            ]
        )
    old, new = np.array(found).T
    return old, new


def _covariance(score: FloatArray, events: FloatArray, rows: FloatArray) -> float:
    rate = events.sum() / rows.sum()
    variance = rate * (1 - rate)
    return float(((events - rate * rows) * score).sum() / rows.sum() / variance) if variance > 0 else 0.0


def _rates(events: FloatArray, rows: FloatArray, near: slice, after: slice) -> tuple[float, float]:
    return float(events[near].sum() / rows[near].sum()), float(events[after].sum() / rows[after].sum())


def _log_odds(rate: float) -> float:
    clipped = min(max(rate, 0.001), 0.999)
    return float(np.log(clipped / (1 - clipped)))
