"""Features that are the outcome's mean by another column: an encoder that was fitted on these rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtr

from ...catalogue import Check
from ...data.sampling.blocks import Blocks
from ...data.sampling.sample import Sample
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...findings import Finding, Status
from ...project.project import Project

CHECK = Check.LEAKAGE
_FIT = 0.98
_FEWEST_LEVELS, _FEWEST_ROWS = 8, 5
_SMOOTHING = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""Rows of the overall mean that encoders mix in."""
_PROOF = 1e-6
"""Below this probability no number that was made of other rows follows these rows' event rates so closely."""
_SOME = 10_000
"""Rows that are looked at first: most numbers differ within a level there."""
_ROUNDING = 1e-9
"""Share of a number's squares that rounding may leave of a spread within levels where there is none."""


class Sign(NamedTuple):
    """What speaks for an encoder that was fitted on these rows."""

    words: str
    fit: float
    proven: bool


def encoder_findings(blocks: Blocks, project: Project) -> Iterator[Finding]:
    """Look for numbers that follow from a column and the outcomes of these very rows.

    Two marks: a number that is the same all over a level and a straight line of the level's smoothed
    event rate, and one that within each level is one value for events and another for the others,
    as when each row's own outcome is left out of the mean. The rates are those of the rows outside the
    last block and those of all rows. An encoder that was fitted on earlier rows follows neither, but where
    levels have so many rows that their rates hardly scatter: what those could explain is a WARN.
    """
    whole, learned = blocks.sample, blocks.number < blocks.count - 1
    found: dict[str, Finding] = {}
    for source, code in _categories(whole.frame, project):
        for name in project.features.numeric:
            if name in found or name == source:
                continue
            values = whole.frame[name].to_numpy(np.float64, na_value=np.nan)
            sign = _sign(values, code, whole, learned)
            if sign is not None:
                found[name] = _finding(name, source, sign, project)
    yield from (found[name] for name in project.features.numeric if name in found)
    if not found:
        because = "no feature is the mean of these rows' outcomes by another column"
        yield Finding(CHECK, "encoders", Status.PASS, because)


def _finding(name: str, source: str, sign: Sign, project: Project) -> Finding:
    reason = project.gates.leakage.trusted.get(name)
    because = f"{sign.words} by '{source}' on these very rows (fit {sign.fit:.3f})"
    if not sign.proven:
        because += ", or follows a rate that is as stable"
    because += (
        "; fit the encoder on earlier rows, or use the column itself as a category"
        if reason is None
        else f": trusted, as {reason}"
    )
    status = Status.FAIL if sign.proven and reason is None else Status.WARN
    return Finding(CHECK, name, status, because, {"fit": sign.fit, "limit": _FIT, "source": source})


def _categories(frame: pd.DataFrame, project: Project) -> Iterator[tuple[str, IntArray]]:
    """Yield each column that could have been encoded, with the codes of its levels."""
    known = {project.columns.row_id, project.columns.time, project.outcome.column}
    for other in frame.columns:
        if other in known or pd.api.types.is_float_dtype(frame[other]):
            continue
        code, levels = pd.factorize(frame[other], use_na_sentinel=False)
        if _FEWEST_LEVELS <= len(levels) <= len(frame) // 2:
            yield str(other), code.astype(np.int64)


def _sign(values: FloatArray, code: IntArray, whole: Sample, learned: BoolArray) -> Sign | None:
    y = whole.y.astype(np.float64)
    if _constant(values, code):
        fits = [_straight(values[rows], code[rows], y[rows]) for rows in (learned, learned | True)]
        best, proven = max(fit for fit, _ in fits), min(by_chance for _, by_chance in fits) < _PROOF
        return Sign("it is the smoothed mean of the outcome", best, proven) if best >= _FIT else None
    fit = _left_out(values[learned], code[learned], y[learned])
    return Sign("it is the mean of the other rows' outcomes", fit, proven=True) if fit >= _FIT else None


def _constant(values: FloatArray, code: IntArray) -> bool:
    """Whether a number follows from the level alone."""
    some = slice(None, _SOME)
    return _constant_in(values[some], code[some]) and _constant_in(values, code)


def _constant_in(values: FloatArray, code: IntArray) -> bool:
    first = np.full(int(code.max()) + 1, -1, dtype=np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    own = values[first]
    return bool(np.isfinite(own[first >= 0]).all() and (values == own[code]).all())


def _straight(values: FloatArray, code: IntArray, y: FloatArray) -> tuple[float, float]:
    """Return how closely a level's value follows its event rate, smoothed in the way that fits best.

    The largest R2, weighted by rows, and the probability that a value which was made of other rows
    follows as closely: rates of n rows scatter by at least their binomial variance around any such value,
    so the sum of the squared residuals over it is chi-squared at least.
    """
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    rows = np.bincount(group)
    keep = rows >= _FEWEST_ROWS
    value, events, n = values[first][keep], np.bincount(group, y)[keep], rows[keep].astype(np.float64)
    if len(n) < _FEWEST_LEVELS or np.ptp(value) == 0:
        return 0.0, 1.0
    likely = (events + 1) / (n + 2)
    best, closest = 0.0, np.inf
    for mixed in _SMOOTHING:
        rate = (events + mixed * y.mean()) / (n + mixed)
        fit, residual = _line(value, rate, n)
        variance = n * likely * (1 - likely) / (n + mixed) ** 2
        best, closest = max(best, fit), min(closest, float((residual**2 / variance).sum()))
    return best, float(chdtr(len(n) - 2, closest))


def _line(one: FloatArray, other: FloatArray, weight: FloatArray) -> tuple[float, FloatArray]:
    """Return R2 and residuals of the weighted regression of `other` on `one`."""
    a, b = one - np.average(one, weights=weight), other - np.average(other, weights=weight)
    products = [float((weight * part).sum()) for part in (a * a, b * b, a * b)]
    both = products[0] * products[1]
    return (products[2] ** 2 / both if both > 0 else 0.0), b - a * products[2] / products[0]


def _left_out(values: FloatArray, code: IntArray, y: FloatArray) -> float:
    """Return the share of a number's spread within the levels that the row's own outcome explains."""
    known = np.isfinite(values)
    if not known.all():
        return 0.0
    centred = values - values.mean()
    squares, cell = float(centred @ centred), 2 * code + (y == 1)
    total, within = (squares - _between(group, centred) for group in (code, cell))
    return 1 - within / total if total > _ROUNDING * squares else 0.0


def _between(group: IntArray, values: FloatArray) -> float:
    """Return the sum over the groups of their rows times the square of their mean."""
    rows = np.bincount(group)
    return float((np.bincount(group, values)[rows > 0] ** 2 / rows[rows > 0]).sum())
