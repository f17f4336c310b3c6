"""A training or a comparison in a few sentences: the verdict, the money, and what to do next."""

from __future__ import annotations

import math

from ...catalogue import Check
from ...evaluation.comparisons.words import amount, cheaper, each
from ...evaluation.estimates import Estimate
from ...findings import Verdict
from .gain import Gain, gain
from .groups import groups
from .outcome import Outcome

_MOST_CHECKS = 3


def verdict_sentence(outcome: Outcome) -> str:
    """Return what was decided, with the gain where it was reached, else which checks stopped it.

    Examples
    --------
    >>> from ...findings import Finding, Status
    >>> figures = {"difference": -5.295, "difference_low": -9.86, "difference_high": -0.729}
    >>> found = Finding(Check.BASELINES, "flag-none", Status.PASS, "", figures)
    >>> verdict_sentence(Outcome("m", "", (found,), Status.PASS, version=2, promoted=True))
    'Released: version 2 saves 5.30 a row [0.73, 9.86] against the best rule without a model (flagging none).'
    """
    found = gain(outcome.findings)
    if outcome.kind == "comparison":
        word = f"Not better, {stopping(outcome.verdict)} did not pass" if outcome.status.stops else "Better"
        return f"{word}: {_saves(outcome, found)}."
    if not outcome.status.stops:
        waiting = "Awaiting approval" if outcome.awaits_approval else "Passed, not released"
        word = "Released" if outcome.promoted else waiting
        return f"{word}: {_saves(outcome, found)}."
    stopped = stopping(outcome.verdict)
    if outcome.version is None:
        return f"Stopped before a version was made: {stopped} did not pass."
    return f"Refused: version {outcome.version} did not pass {stopped}."


def champion_sentence(outcome: Outcome) -> str:
    """Return what is in production now."""
    if outcome.kind == "comparison":
        return "Nothing was promoted."
    again = "This training was done before; its verdict is repeated. " if outcome.repeated else ""
    if outcome.champion is None:
        return f"{again}No version is in production."
    stays = "is" if outcome.promoted or outcome.champion == outcome.version else "stays"
    return f"{again}Version {outcome.champion} {stays} in production."


def money_sentence(outcome: Outcome) -> str:
    """Return the cost of a judged row, and what is saved of the cost without a model; or nothing."""
    test = outcome.test
    cost = _estimate(test, "cost")
    if math.isnan(cost.value):
        return ""
    text = f"costs {_spanned(cost, outcome.unit)} {each(outcome.row)} on {test.get('n', 0):,.0f} judged rows"
    share = test.get("savings", math.nan)
    if not math.isnan(share):
        word = "less" if share >= 0 else "more"
        text += f", {abs(share):.0%} {word} than the best rule without a model"
    found = gain(outcome.findings)
    if outcome.status.stops and found is not None:
        text += f"; {cheaper(found.difference, outcome.unit)} than {found.opponent}"
    return f"{text}."


def stopping(verdict: Verdict) -> str:
    """Return the checks that stop, the gravest first, for a sentence."""
    names = [one.check.about.title.lower() for one in groups(verdict) if one.status.stops]
    if not names:
        return "a verdict without findings"
    more = len(names) - _MOST_CHECKS
    shown = names[:_MOST_CHECKS] + ([f"{more} more"] if more > 0 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def stopping_check(verdict: Verdict) -> Check | None:
    """Return the gravest check that stops."""
    return next((one.check for one in groups(verdict) if one.status.stops), None)


def _saves(outcome: Outcome, found: Gain | None) -> str:
    version = "no version" if outcome.version is None else f"version {outcome.version}"
    if found is None:
        return f"{version} passed every gate; what it saves was not compared"
    difference, unit = found.difference, f" {outcome.unit}" if outcome.unit else ""
    word = "saves" if difference.value < 0 else "costs"
    more = "" if difference.value < 0 else "more "
    span = _range(difference)
    saved = f"{amount(abs(difference.value))}{unit} {more}{each(outcome.row)}{span}"
    return f"{version} {word} {saved} against {found.opponent}"


def _range(difference: Estimate) -> str:
    if math.isnan(difference.low) or math.isnan(difference.high):
        return ""
    if difference.low < 0 < difference.high:
        return f" [{amount(-difference.low)} saved to {amount(difference.high)} lost]"
    low, high = sorted((abs(difference.low), abs(difference.high)))
    return f" [{amount(low)}, {amount(high)}]"


def _spanned(found: Estimate, unit: str) -> str:
    money = f"{amount(found.value)} {unit}".rstrip()
    if math.isnan(found.low) or math.isnan(found.high):
        return money
    return f"{money} [{amount(found.low)}, {amount(found.high)}]"


def _estimate(figures: dict[str, float], name: str) -> Estimate:
    value, low, high = (figures.get(key, math.nan) for key in (name, f"{name}_low", f"{name}_high"))
    return Estimate(value, low, high)
