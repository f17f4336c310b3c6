"""What must not be learned from, or only after a question: leaks, copies, sentinels, persons, heavy tails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...checks.leakage.single_features import single_feature_auc
from .names import names_person
from .profiles import ColumnKind, Profile

_SENTINELS = (-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999, -88, -77, 888, 8888)
_COMMON = 0.005
"""Share of the cells from which a far value is a sentinel."""
_AUC_ROWS, _PAIR_ROWS = 50_000, 5_000
_LINEAR = 0.99999
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?=.*(\+|[ /()-]))\+?[0-9][0-9 /().-]{6,18}[0-9]")
_FULL_NAME = re.compile(r"[^\W\d_][\w'.-]*( [^\W\d_][\w'.-]*){1,3}")


def sentinel_of(profile: Profile) -> float | None:
    """Return the number that stands for "missing" in a column: frequent, at an end, far from all others."""
    values = profile.present
    if profile.kind is not ColumnKind.NUMBER or len(values) < 50 or profile.distinct < 10:
        return None
    low, high = float(values.min()), float(values.max())
    for end in (low, high):
        others = values[values != end]
        if end not in _SENTINELS or (values == end).mean() < _COMMON or len(others) < 20:
            continue
        if _stands_apart(end, others, whole=profile.is_whole):
            return end
    return None


def _stands_apart(end: float, others: NDArray[np.float64], *, whole: bool) -> bool:
    near, far = float(others.min()), float(others.max())
    if end == -1:
        return near >= 0 and (whole or near >= 0) and far - near >= 10
    gap = near - end if end < near else end - far
    spread = float(np.quantile(others, 0.99) - np.quantile(others, 0.01))
    return gap > max(0.5 * spread, 1.0)


def tail_share(profile: Profile) -> float | None:
    """Return the share of a sum that its largest 1 % of rows hold, of a column that is never negative."""
    values = profile.present
    if profile.kind is not ColumnKind.NUMBER or len(values) < 100 or values.min() < 0 or not values.sum():
        return None
    largest = np.sort(values)[-max(len(values) // 100, 1) :]
    return float(largest.sum() / values.sum())


def personal_because(profile: Profile) -> str | None:
    """Return why a column looks as if a person could be found by it, or None."""
    levels = (
        [] if profile.kind is not ColumnKind.TEXT else [str(level) for level in profile.counts.index[:500]]
    )
    kinds = {"mail addresses": _MAIL, "phone numbers": _PHONE}
    for what, pattern in kinds.items():
        share = _share(levels, pattern)
        if share >= 0.8 and profile.distinct > 5:
            return f"looks like {what}: {share:.0%} of its texts"
    many = profile.distinct > 50 or profile.kind is ColumnKind.MOMENT
    if many and names_person(profile.name):
        return "is named like something by which a person can be found"
    share = _share(levels, _FULL_NAME)
    titled = np.mean([level.istitle() for level in levels]) if levels else 0.0
    if share >= 0.9 and titled >= 0.8 and profile.distinct > max(50, profile.rows // 4):
        return f"looks like names of persons: {share:.0%} of its texts"
    return None


def _share(levels: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.fullmatch(level.strip())) for level in levels) / len(levels) if levels else 0.0


@dataclass(frozen=True, slots=True)
class Separation:
    """How well a column alone separates the outcome, on rows that it was not learned on."""

    name: str
    auc: float


def separations(
    columns: Iterable[Profile], y: NDArray[np.int8], known: NDArray[np.bool_]
) -> list[Separation]:
    """Return the AUC of each column alone, the best first.

    Parameters
    ----------
    columns : iterable of Profile of n rows
    y : int8 array of shape (known rows,)
    known : bool array of shape (n,)
        The rows with an outcome.
    """
    rows = np.flatnonzero(known)
    some = np.linspace(0, len(rows) - 1, min(len(rows), _AUC_ROWS)).astype(np.int64)
    half = (np.arange(len(some)) % 2).astype(np.int64)
    found = [
        Separation(column.name, single_feature_auc(column.values.iloc[rows[some]], y[some], half))
        for column in columns
    ]
    return sorted((one for one in found if np.isfinite(one.auc)), key=lambda one: (-one.auc, one.name))


def missing_separates(column: Profile, y: NDArray[np.int8], known: NDArray[np.bool_]) -> float:
    """Return the AUC of whether a column's cell is there; NaN where all or none are."""
    there = pd.Series(column.values.notna().to_numpy()[known].astype(np.float64))
    if there.nunique() < 2:
        return float("nan")
    return single_feature_auc(there, y, (np.arange(len(y)) % 2).astype(np.int64))


def repeats(columns: Sequence[Profile]) -> Mapping[str, str]:
    """Return the columns that say the same as an earlier one: level for level, or on a straight line."""
    found: dict[str, str] = {}
    first: dict[int, str] = {}
    for column in columns:
        codes = pd.factorize(column.values, use_na_sentinel=True)[0]
        key = hash(codes.tobytes())
        if key in first:
            found[column.name] = first[key]
        first.setdefault(key, column.name)
    numbers = [
        one
        for one in columns
        if one.kind is ColumnKind.NUMBER and one.name not in found and one.distinct > 10
    ]
    return found | _on_a_line(numbers)


def _on_a_line(numbers: Sequence[Profile]) -> dict[str, str]:
    if len(numbers) < 2:
        return {}
    rows = np.linspace(0, numbers[0].rows - 1, min(numbers[0].rows, _PAIR_ROWS)).astype(np.int64)
    values = pd.DataFrame({one.name: one.values.to_numpy()[rows] for one in numbers})
    linear = values.corr(min_periods=50).abs().to_numpy()
    found: dict[str, str] = {}
    for later in range(1, len(numbers)):
        for earlier in range(later):
            name = numbers[earlier].name
            if linear[earlier, later] >= _LINEAR and name not in found:
                found[numbers[later].name] = name
                break
    return found
