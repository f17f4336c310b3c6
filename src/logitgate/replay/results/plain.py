"""Estimates as plain values, and in words."""

from __future__ import annotations

from ...evaluation.estimates import Estimate
from ...findings import finite


def plain(estimate: Estimate) -> dict[str, float | None]:
    """Return value, low and high; None for what is not finite."""
    names = ("value", "low", "high")
    found = (finite(one) for one in estimate)
    return {name: None if one is None else float(one) for name, one in zip(names, found, strict=True)}


def worded(saved: Estimate, unit: str) -> str:
    """Return a saving in words: saved 18,200 USD [2,100, 34,000], or cost the same with its signs turned."""
    money = f" {unit}" if unit else ""
    if saved.value < 0:
        saved = Estimate(-saved.value, -saved.high, -saved.low)
        return f"cost {saved.value:,.0f}{money} [{saved.low:,.0f}, {saved.high:,.0f}]"
    return f"saved {saved.value:,.0f}{money} [{saved.low:,.0f}, {saved.high:,.0f}]"
