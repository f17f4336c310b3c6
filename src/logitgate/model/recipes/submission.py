"""Which recipe is submitted: the simplest that no more complex one is proven to beat.

The search's choice is submitted unless a simpler recipe does as well: step by step, to plain linear and to
the best single feature, a simpler one takes its place where it is not proven dearer. The cost of decisions
looks at one threshold, where few rows lie, and where costs differ by row a few large ones hide everything; so
a log loss that is proven lower counts as well, unless decisions are proven dearer. Log loss adds up what
decisions cost over all thresholds (Schervish 1989). A recipe that is not proven cheaper than flagging none
and all never takes the place of another, and the luckiest of several gains nothing: they are tested in this
order, and a proof hands its share of alpha to the next simpler recipe (the fallback procedure of Wiens 2003).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...evaluation.comparisons.comparison import Paired, always, paired
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import upper_bound
from ...evaluation.metrics import log_losses
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
    ordered = [name for name in recipes if name != PRIOR][::-1]
    earns = _earning({name: recipes[name] for name in ordered}, alpha)
    now, steps = ordered[0], list[Step]()
    for place, simpler in enumerate(ordered[1:], start=1):
        compared = {name: paired(recipes[name], recipes[simpler], alpha) for name in ordered[:place]}
        needed = any(
            one.upper < 0 or (earns[name] and _predicts_better(recipes[name], recipes[simpler], one))
            for name, one in compared.items()
        )
        taken = not needed and earns[simpler]
        steps.append(Step(now, simpler, compared[now], taken))
        if needed:
            break
        now = simpler if taken else now
    return Submission(now, tuple(steps))


def _earning(recipes: Mapping[str, Scored], alpha: float) -> dict[str, bool]:
    """Return which recipes, the most complex one first, are proven against the rules by their own share."""
    above, found = list[Scored](), {}
    for name, scored in recipes.items():
        found[name] = beats_rules(scored, share_after(above, alpha) * alpha)
        above.append(scored)
    return found


def _predicts_better(scored: Scored, simpler: Scored, compared: Paired) -> bool:
    """Whether log loss is proven lower and decisions are not proven dearer."""
    losses, others = (log_losses(one.y, one.decision.probability) for one in (scored, simpler))
    is_dearer = compared.difference.low > 0
    return not is_dearer and upper_bound(losses - others, scored.cluster, compared.alpha) < 0


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
