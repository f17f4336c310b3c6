"""A contract from a table: rules with slack from the data's own spread, as Great Expectations JSON.

The slack is such that another sample of the same table keeps each rule: a share may rise by five standard
errors and 20 rows, a range is as wide again on either side, or ten times as wide where the tail is heavy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor, log10, sqrt
from typing import Any, Literal

import numpy as np

from .guesses.guess import Guess
from .guesses.profiles import ColumnKind, Profile
from .guesses.roles import Role
from .guesses.suspects import tail_share

_NAMED = 5
"""Fewest rows of a level that a contract names: a level of fewer could be one person's text."""
_MOST_LEVELS = 100
_HEAVY = 0.15
_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class DraftRule:
    """One entry of a suite."""

    type: str
    kwargs: Mapping[str, Any]
    because: str
    severity: Literal["critical", "warning", "info"] = "critical"

    @property
    def plain(self) -> dict[str, Any]:
        """Return the entry as JSON writes it."""
        kwargs = dict(self.kwargs)
        return {
            "type": self.type,
            "kwargs": kwargs,
            "severity": self.severity,
            "meta": {"because": self.because},
        }


def suite_text(guessed: Guess) -> str:
    """Write the contract of a table."""
    entries = [json.dumps(rule.plain, ensure_ascii=False) for rule in rules_of(guessed)]
    body = ",\n    ".join(entries)
    name = json.dumps(guessed.name)
    return f'{{\n  "name": {name},\n  "expectations": [\n    {body}\n  ]\n}}\n'


def rules_of(guessed: Guess) -> list[DraftRule]:
    """Return the rules of a table, those of rows first, then the outcome, then the features."""
    rules = [*_identity(guessed), *_outcome(guessed)]
    for one in guessed.roles.features:
        rules += _presence(one.profile)
        rules += _levels(one.profile) if one.role is Role.CATEGORICAL else _range(one.profile)
    return rules


def _identity(guessed: Guess) -> Iterator[DraftRule]:
    named = guessed.roles.name_of(Role.ID)
    if named and guessed.roles.columns[named].profile.is_unique:
        column = {"column": named}
        because = "each row has an id, by which its label is joined"
        yield DraftRule("expect_column_values_to_not_be_null", column, because)
        because = "two rows of one id would be one row counted twice"
        yield DraftRule("expect_column_values_to_be_unique", column, because)
    if guessed.calendar.time:
        yield from _time(guessed.roles.columns[guessed.calendar.time].profile)


def _time(profile: Profile) -> Iterator[DraftRule]:
    because = "a row without a time has no place in the order of blocks"
    yield DraftRule("expect_column_values_to_not_be_null", {"column": profile.name}, because)
    moments = profile.present.astype("datetime64[us]")
    earliest = moments.min() - (moments.max() - moments.min()) - np.timedelta64(366, "D")
    kwargs = {
        "column": profile.name,
        "min_value": f"{str(earliest)[:4]}-01-01T00:00:00+00:00",
        "max_value": "2100-01-01T00:00:00+00:00",
    }
    because = "an earlier or later moment is a mistaken unit or format; as long again before the first row"
    yield DraftRule("expect_column_values_to_be_between", kwargs, because)


def _outcome(guessed: Guess) -> Iterator[DraftRule]:
    outcome = guessed.outcome
    levels = sorted((outcome.event, outcome.other))
    yield DraftRule(
        "expect_column_values_to_be_in_set",
        {"column": outcome.column, "value_set": levels},
        "the outcome has these two values, and a third one would be taken for none",
    )
    rows = len(outcome.known)
    least = _mostly(1 - float(outcome.known.mean()), rows)
    if least > 0:
        because = f"{outcome.known.mean():.1%} of {rows:,} rows have an outcome; {_slack_words(rows)}"
        yield DraftRule(
            "expect_column_proportion_of_non_null_values_to_be_between",
            {"column": outcome.column, "min_value": least},
            because,
            "warning",
        )


def _presence(profile: Profile) -> Iterator[DraftRule]:
    share = profile.missing / profile.rows
    mostly = _mostly(share, profile.rows)
    if mostly <= 0:
        return
    because = f"{share:.1%} of {profile.rows:,} rows have no value; {_slack_words(profile.rows)}"
    severity: Literal["critical", "warning"] = "critical" if share < 0.5 else "warning"
    yield DraftRule(
        "expect_column_values_to_not_be_null", {"column": profile.name, "mostly": mostly}, because, severity
    )


def _levels(profile: Profile) -> Iterator[DraftRule]:
    counts = profile.counts[profile.counts > 0]
    named = counts[counts >= _NAMED]
    present = int(counts.sum())
    if not len(named) or len(counts) > _MOST_LEVELS:
        return
    others = (present - int(named.sum()) + int((counts == 1).sum())) / present
    mostly = _mostly(others, present)
    if mostly <= 0:
        return
    levels = sorted(_level(profile, value) for value in named.index)
    because = f"{len(named)} levels of at least {_NAMED} rows in {present:,}; {_slack_words(present)}"
    kwargs = {"column": profile.name, "value_set": levels, "mostly": mostly}
    yield DraftRule("expect_column_values_to_be_in_set", kwargs, because, "warning")


def _level(profile: Profile, value: object) -> str:
    return f"{value:.0f}" if profile.kind is ColumnKind.NUMBER else str(value)


def _range(profile: Profile) -> Iterator[DraftRule]:
    values = profile.present.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    spread = high - low
    is_heavy = _is_heavy(profile)
    beyond = spread * (10 if is_heavy else 1)
    least = 0.0 if low >= 0 and low - beyond < 0 else low - beyond
    kwargs: dict[str, Any] = {
        "column": profile.name,
        "min_value": _outward(least, up=False),
        "max_value": _outward(high + beyond, up=True),
    }
    how = "ten times" if is_heavy else "once"
    because = f"{len(values):,} values, and {how} their spread beyond either end" + (
        ", never negative" if least == 0 else ""
    )
    if is_heavy:
        kwargs["mostly"] = _mostly(0.01, len(values))
        because += f"; the tail is heavy, so {_slack_words(len(values))}"
    yield DraftRule("expect_column_values_to_be_between", kwargs, because)


def _is_heavy(profile: Profile) -> bool:
    share = tail_share(profile)
    if share is not None and share > _HEAVY:
        return True
    values = profile.present.astype(np.float64)
    low, high = np.quantile(values, [0.05, 0.95])
    return bool(values.max() - values.min() > 10 * max(high - low, 1e-12))


def _mostly(share: float, rows: int) -> float:
    """Return the share of cells that keep a rule in another sample, by the share that breaks it in this one.

    Examples
    --------
    >>> _mostly(0.0, 100_000), _mostly(0.1, 1_000)
    (0.9998, 0.7978)
    """
    broken = share + 5 * sqrt(share * (1 - share) * 3 / rows) + 20 / rows
    return floor((1 - broken) * _STEPS) / _STEPS


def _slack_words(rows: int) -> str:
    return f"the slack is five standard errors and 20 of {rows:,} rows"


def _outward(value: float, *, up: bool) -> float:
    """Return a number of two digits beyond another one.

    Examples
    --------
    >>> _outward(123.4, up=True), _outward(0.0, up=False), _outward(-0.0567, up=False)
    (130.0, 0.0, -0.057)
    """
    if value == 0:
        return 0.0
    unit = 10.0 ** (floor(log10(abs(value))) - 1)
    return float(f"{(ceil if up else floor)(value / unit) * unit:.6g}")
