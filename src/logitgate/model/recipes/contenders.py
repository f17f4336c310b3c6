"""All candidates of a training on the folds of its plan, and the recipes that choose among them.

Of many rows only those are fitted that a race on a sample leaves; see `racing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...decision.costs import BoolArray
from ...project.project import Project
from ...project.search import Form, Search
from ..design.learnable import refuse_unlearnable
from . import baselines
from .baselines import LINEAR, SEARCH, SINGLE
from .cross_validation import Trial, tried
from .out_of_fold import Plan
from .racing import Race, wanted_on
from .recipe import Entered, Recipe
from .search import LINEAR as LINEAR_FORM


@dataclass(frozen=True, slots=True)
class Contenders:
    """What competes for a training.

    Parameters
    ----------
    plan : Plan
    project : Project
    trials : tuple of Trial
        All candidates of the search, and the plain linear ones.
    entered : mapping of str to Entered
        By recipe, which candidates the race leaves; empty without a race.
    """

    plan: Plan
    project: Project
    trials: tuple[Trial, ...]
    entered: Mapping[str, Entered]

    @classmethod
    def of(cls, plan: Plan, project: Project) -> Contenders:
        """Fit what competes on all folds of a plan.

        Raises
        ------
        DataError
            When nothing can be learned from the rows.
        """
        sample, choices = plan.blocks.sample, _with_linear(project.search)
        refuse_unlearnable(sample.frame, sample.y.astype(np.int64), project.features, project.search)
        race = Race.of(plan, project.split.seed)
        if race is None:
            return cls(plan, project, _tried(plan, project, choices), {})
        trials = race.renamed(_tried(race.sampled, project, race.smaller(choices)), choices)
        entered = {one.name: race.entered(one) for one in _searched(trials, project)}
        if len(project.features.all) > 1:
            entered[SINGLE] = race.entered(_single(race.sampled, project, race.smaller(project.search)))
        wanted = np.zeros((len(plan.folds), len(trials)), dtype=bool)
        for name, forms in _forms(project).items():
            places = [place for place, one in enumerate(trials) if one.choice.form in forms]
            wanted[:, places] |= wanted_on(plan, entered[name])
        return cls(plan, project, _tried(plan, project, choices, wanted), entered)

    def recipes(self) -> Iterator[Recipe]:
        """Yield the recipes from simple to complex, one at a time: log-odds of many candidates take room."""
        plan, project = self.plan, self.project
        y, folds = plan.blocks.sample.y.astype(np.int64), tuple(plan.folds.values())
        yield baselines.prior(y, folds, project.features)
        if len(project.features.all) > 1:  # a single one has no best among them: it would be the model itself
            entered = self.entered.get(SINGLE)
            wanted = None if entered is None else wanted_on(plan, entered)
            yield replace(_single(plan, project, project.search, wanted), entered=entered)
        for recipe in _searched(self.trials, project):
            yield replace(recipe, entered=self.entered.get(recipe.name))


def _with_linear(choices: Search) -> Search:
    forms = choices.forms if LINEAR_FORM in choices.forms else (*choices.forms, LINEAR_FORM)
    return choices.model_copy(update={"forms": forms})


def _forms(project: Project) -> dict[str, tuple[Form, ...]]:
    """Return the forms among which each recipe of the search chooses."""
    forms = project.search.forms
    return {LINEAR: (LINEAR_FORM,)} | ({} if forms == (LINEAR_FORM,) else {SEARCH: forms})


def _tried(
    plan: Plan, project: Project, choices: Search, wanted: BoolArray | None = None
) -> tuple[Trial, ...]:
    sample, folds = plan.blocks.sample, tuple(plan.folds.values())
    y, signs = sample.y.astype(np.int64), project.gates.signs
    return tried(sample.frame, y, folds, project.features, choices, signs=signs, wanted=wanted)


def _single(plan: Plan, project: Project, choices: Search, wanted: BoolArray | None = None) -> Recipe:
    sample, folds = plan.blocks.sample, tuple(plan.folds.values())
    y, signs = sample.y.astype(np.int64), project.gates.signs
    return baselines.single_feature(
        sample.frame, y, folds, project.features, choices, signs=signs, wanted=wanted
    )


def _searched(trials: tuple[Trial, ...], project: Project) -> Iterator[Recipe]:
    for name, forms in _forms(project).items():
        yield baselines.searched(name, trials, forms, project.features)
