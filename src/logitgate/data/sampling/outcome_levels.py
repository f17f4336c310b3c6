"""The outcome's two levels, and the one reader of outcomes, wherever they stand.

What the project calls the event means what the column holds: `1`, `1.0`, `true` and `"1"` are the same event
of a column of numbers or truth values. A level that is neither the event nor its opposite is refused: taken
for "no event", it would make a bad model look good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...decision.levels import Spelling, text_of
from ...errors import DataError
from ...project.data import OutcomeConfig

_MOST, _FEWEST, _CODE = 6, 5, 3


@dataclass(frozen=True, slots=True)
class OutcomeLevels:
    """How the two levels are spelled; `other` is None as long as no table has shown it."""

    event: str
    other: str | None = None


def read_outcomes(outcome: pd.Series, declared: OutcomeConfig) -> NDArray[np.int8]:
    """Return 1 where an outcome is the event, 0 where it is the other level; shape (n,).

    Parameters
    ----------
    outcome : pandas.Series of shape (n,)
        Without missing cells, of any type.
    declared : OutcomeConfig
        Without `non_event`, any one other level is taken for it.

    Raises
    ------
    DataError
        With the levels that were found, where one is foreign or two say the same, or there are more than two.
    """
    codes, found = pd.factorize(outcome.astype(object), use_na_sentinel=False)
    levels = [_text(level) for level in found]
    event, other = _text(declared.event), None if declared.non_event is None else _text(declared.non_event)
    spelling = Spelling.of(levels if other is None else (event, other))
    keys = [spelling.key(level) for level in levels]
    known = {spelling.key(event)} | ({spelling.key(other)} if other is not None else set())
    foreign = set(keys) - known
    if len(foreign) > (0 if other is not None else 1):
        raise _refused(declared, dict(zip(levels, np.bincount(codes).tolist(), strict=True)))
    is_event = np.array([key == spelling.key(event) for key in keys], dtype=np.int8)
    if other is None and len(set(keys)) == 2 and not is_event.any():
        raise _refused(declared, dict(zip(levels, np.bincount(codes).tolist(), strict=True)))
    y: NDArray[np.int8] = is_event[codes] if levels else np.zeros(0, dtype=np.int8)
    return y


def learned(declared: OutcomeConfig, levels: OutcomeLevels) -> OutcomeConfig:
    """Return an outcome with the levels that a model learned from, where the project means the same event."""
    if declared.non_event is not None or levels.other is None:
        return declared
    meant = Spelling.of((levels.event, levels.other)).bring(_text(declared.event))
    if meant != levels.event:
        return declared
    return declared.model_copy(update={"event": levels.event, "non_event": levels.other})


def levels_of(outcome: pd.Series, declared: OutcomeConfig) -> OutcomeLevels:
    """Return how a table that holds both levels spells them, as its model remembers them.

    Raises
    ------
    DataError
        As `read_outcomes`.
    """
    values = outcome.dropna()
    y = read_outcomes(values, declared)
    texts = [_text(level) for level in values.to_numpy(object)[[int(y.argmax()), int(y.argmin())]]]
    return OutcomeLevels(texts[0], texts[1] if y.any() and not y.all() else None)


def _text(level: object) -> str:
    return text_of(level) or str(level)


def _refused(declared: OutcomeConfig, levels: Mapping[str, int]) -> DataError:
    found = f"{len(levels)} distinct outcome{'s' * (len(levels) != 1)} in {sum(levels.values())} rows"
    named = shown(levels)
    if declared.non_event is not None:
        pair = f"'{_text(declared.event)}' and '{_text(declared.non_event)}'"
        rule = f"{found}, not only {pair}{named}"
        return DataError(declared.column, rule, "map the outcome to these two values")
    if len(levels) == 2:
        rule = f"the declared event never occurs: {found}{named}"
        return DataError(declared.column, rule, "mend outcome.event in the project file, or map the outcome")
    return DataError(declared.column, f"{found}, two are needed{named}", "map the outcome to two values")


def shown(levels: Mapping[str, int]) -> str:
    """Name the levels of an outcome by how many rows hold them; not those that could be one person's text.

    Examples
    --------
    >>> shown({"Y": 2, "yes, says Ms Miller": 1, "no, never": 40})
    " (found: 'Y', 'no, never' and 1 of few rows)"
    """
    names = sorted(name for name, rows in levels.items() if rows >= _FEWEST or len(name) <= _CODE)
    if not names or len(names) > _MOST:
        return ""
    few = len(levels) - len(names)
    return f" (found: {', '.join(map(repr, names))}{f' and {few} of few rows' if few else ''})"
