"""Which recipe is submitted: the simplest that no more complex one is proven to beat.

The search's choice is submitted unless a simpler recipe does as well: step by step, to plain linear and to
the best single feature, a simpler one takes its place where it is not proven dearer. A recipe that is not
proven cheaper than flagging none and all never takes the place of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...evaluation.comparisons.comparison import Paired, always, paired
from ...evaluation.evaluate import Scored
from .baselines import PRIOR


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison with a simpler recipe on the judged rows."""

    recipe: str
    simpler: str
    compared: Paired
    taken: bool
    """Whether the simpler one took its place."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The recipe that goes to the gates, and the comparisons that led to it."""

    name: str
    steps: tuple[Step, ...]


def submit(recipes: Mapping[str, Scored], alpha: float) -> Submission:
    """Choose the recipe that is submitted.

    Parameters
    ----------
    recipes : mapping of name to Scored
        On the same rows, from simple to complex; the prior is none to be submitted.
    alpha : float
        Of each one-sided bound. The choice among a training's own recipes spends no alpha of its gates:
        whatever is submitted has to pass them.
    """
    ordered = [name for name in recipes if name != PRIOR]
    now, steps, passed = ordered[-1], [], [ordered[-1]]
    for simpler in reversed(ordered[:-1]):
        compared = {name: paired(recipes[name], recipes[simpler], alpha) for name in passed}
        needed = any(one.upper < 0 for one in compared.values())
        taken = not needed and beats_rules(recipes[simpler], alpha)
        steps.append(Step(now, simpler, compared[now], taken))
        passed.append(simpler)
        if needed:
            break
        now = simpler if taken else now
    return Submission(now, tuple(steps))


def beats_rules(scored: Scored, alpha: float) -> bool:
    """Whether decisions are proven cheaper than flagging none and than flagging all."""
    return all(paired(scored, always(scored, flagged=every), alpha).upper < 0 for every in (False, True))
