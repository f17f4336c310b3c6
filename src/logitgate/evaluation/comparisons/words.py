"""Costs and their differences in words: cheaper and dearer in place of signs."""

from __future__ import annotations

import math

from ..estimates import Estimate


def amount(value: float) -> str:
    """Return a cost as people write it: two decimals, none from 1,000 on, two digits below 0.1.

    Examples
    --------
    >>> amount(5.2954), amount(18240.5), amount(0.00123)
    ('5.30', '18,240', '0.0012')
    """
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"


def cheaper(difference: Estimate, unit: str = "") -> str:
    """Return a difference in cost with its interval: how much cheaper or dearer the first of the two is.

    Parameters
    ----------
    difference : Estimate
        Cost of the first less cost of the second; below zero the first is cheaper.
    unit : str
        Of the costs.

    Examples
    --------
    >>> cheaper(Estimate(-5.295, -9.86, -0.729), "USD")
    '5.30 USD cheaper [0.73, 9.86]'
    >>> cheaper(Estimate(0.2, -0.1, 0.5))
    '0.20 dearer [0.10 cheaper to 0.50 dearer]'
    """
    money = f"{amount(abs(difference.value))} {unit}".rstrip()
    if math.isnan(difference.value):
        return "of unknown cost"
    if difference.value == difference.low == difference.high == 0:
        return "no cheaper and no dearer"
    word = "cheaper" if difference.value < 0 else "dearer"
    return f"{money} {word}{_span(difference)}"


def each(unit: str) -> str:
    """Return a unit with its article, as a price is given: 5.30 EUR a flight, an order.

    Examples
    --------
    >>> each("flight"), each("order")
    ('a flight', 'an order')
    """
    return f"{'an' if unit[:1].lower() in 'aeio' else 'a'} {unit}"


def bound(upper: float) -> str:
    """Return what an upper bound of a difference in cost proves, or leaves open.

    Examples
    --------
    >>> bound(-0.73), bound(0.5)
    ('proven to be at least 0.73 cheaper', 'not proven cheaper: it may be up to 0.50 dearer')
    """
    if math.isnan(upper):
        return "not proven: there is no interval"
    if upper < 0:
        return f"proven to be at least {amount(-upper)} cheaper"
    return f"not proven cheaper: it may be up to {amount(upper)} dearer"


def _span(difference: Estimate) -> str:
    low, high = difference.low, difference.high
    if math.isnan(low) or math.isnan(high):
        return ""
    if high <= 0:
        return f" [{amount(-high)}, {amount(-low)}]"
    if low >= 0:
        return f" [{amount(low)}, {amount(high)}]"
    return f" [{amount(-low)} cheaper to {amount(high)} dearer]"
