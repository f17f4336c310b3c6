"""What a judged version saves, and against whom: read from the typed figures of the findings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ...catalogue import Check
from ...evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE
from ...evaluation.estimates import Estimate
from ...findings import Finding

_RULES = {FLAG_NONE: "flagging none", FLAG_ALL: "flagging all"}


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference in cost a row, against one opponent.

    Parameters
    ----------
    opponent : str
        As a sentence calls it, with the rule's own name where it is one.
    difference : Estimate
        Cost of the judged version less that of the opponent; below zero it saves.
    """

    opponent: str
    difference: Estimate


def gain(findings: Iterable[Finding]) -> Gain | None:
    """Return the gain over the champion where it was compared, else over the best rule without a model.

    The best rule is the one over which least is saved. None where neither was reached.
    """
    kept = tuple(findings)
    compared = (one for one in kept if one.check is Check.CHAMPION and "lane" in one.figures)
    for one in compared:
        if (difference := _difference(one)) is not None:
            return Gain(f"{one.subject}, the champion", difference)
    rules = [(_RULES[one.subject], _difference(one)) for one in kept if _is_rule(one)]
    known = [(name, difference) for name, difference in rules if difference is not None]
    if not known:
        return None
    name, least = max(known, key=lambda pair: pair[1].value)
    return Gain(f"the best rule without a model ({name})", least)


def _is_rule(one: Finding) -> bool:
    return one.check is Check.BASELINES and one.subject in _RULES


def _difference(one: Finding) -> Estimate | None:
    known = [one.figures.get(name) for name in ("difference", "difference_low", "difference_high")]
    value, low, high = (float(number) if isinstance(number, (int, float)) else math.nan for number in known)
    return None if math.isnan(value) else Estimate(value, low, high)
