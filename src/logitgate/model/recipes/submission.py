"""Which recipe is submitted: the simplest that no more complex one is proven to beat.

The search's choice is submitted unless a simpler recipe does as well: step by step, to plain linear and to
the best single feature, a simpler one takes its place where it is not proven dearer. A recipe that is not
proven cheaper than flagging none and all never takes the place of another, and the luckiest of several gains
nothing: they are tested in this order, and a proof hands its share of alpha to the next simpler recipe (the
fallback procedure of Wiens 2003).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...evaluation.comparisons.comparison import Paired, always, paired
from ...evaluation.evaluate import Scored
from .baselines import PRIOR

CHOICE, SIMPLER = 0.75, 0.125
"""Shares of alpha against the rules without a model: of the search's choice, and of each simpler recipe."""


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

    @property
    def above(self) -> tuple[str, ...]:
        """The more complex recipes, the most complex one first."""
        walked = [*(step.recipe for step in self.steps[:1]), *(step.simpler for step in self.steps)]
        return tuple(walked[: walked.index(self.name)]) if self.name in walked else ()


def submit(recipes: Mapping[str, Scored], alpha: float) -> Submission:
    """Choose the recipe that is submitted.

    Parameters
    ----------
    recipes : mapping of name to Scored
        On the same rows, from simple to complex; the prior is none to be submitted.
    alpha : float
        Of each one-sided bound between recipes, and of all recipes against the rules without a model.
    """
    ordered = [name for name in recipes if name != PRIOR]
    now, steps, passed = ordered[-1], [], [ordered[-1]]
    for simpler in reversed(ordered[:-1]):
        compared = {name: paired(recipes[name], recipes[simpler], alpha) for name in passed}
        needed = any(one.upper < 0 for one in compared.values())
        share = share_after([recipes[name] for name in passed], alpha)
        taken = not needed and beats_rules(recipes[simpler], share * alpha)
        steps.append(Step(now, simpler, compared[now], taken))
        passed.append(simpler)
        if needed:
            break
        now = simpler if taken else now
    return Submission(now, tuple(steps))


def share_after(above: Iterable[Scored], alpha: float) -> float:
    """Return the share of alpha at which a recipe is tested against the rules without a model.

    The fallback procedure (Wiens 2003; Wiens, Dmitrienko 2005): a recipe that is proven hands its share on to
    the next simpler one, which else has only its own. So all recipes of a training together are falsely
    proven with probability `CHOICE` and `SIMPLER` for each simpler one at most, times alpha.

    Parameters
    ----------
    above : iterable of Scored
        The more complex recipes on the same rows, the most complex one first; none for the search's choice.
    alpha : float
        Of all recipes of the training.
    """
    share = CHOICE
    for one in above:
        share = CHOICE if beats_rules(one, share * alpha) else SIMPLER
    return share


def beats_rules(scored: Scored, alpha: float) -> bool:
    """Whether decisions are proven cheaper than flagging none and than flagging all."""
    return all(paired(scored, always(scored, flagged=every), alpha).upper < 0 for every in (False, True))
