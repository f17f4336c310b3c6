"""Training: judge the recipes block by block, submit one of them, and fit it to all rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.sampling.blocks import Blocks
from ..data.sampling.sample import Sample
from ..decision.costs import IntArray
from ..evaluation.estimates import Estimate
from ..evaluation.evaluate import Scored
from ..project.project import Project
from .explanation.contributions import design_means
from .fitting.distant import WholeTable
from .fitting.fit import fit
from .fitting.recalibration import recalibrated
from .model import Model
from .recipes.contenders import Contenders
from .recipes.cross_validation import Trial
from .recipes.out_of_fold import Plan
from .recipes.recipe import Decided, JudgedRecipe
from .recipes.search import SearchResult, search_result
from .recipes.submission import Submission, submit
from .recipes.threshold import threshold_interval

LEARNER = 3
"""Version of what is learned from the same rows and configuration; raised when a change of code changes the
model."""


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model with what was decided for it and the rows it was fitted to."""

    model: Model
    decided: Decided
    rows: Sample
    whole: WholeTable | None = None
    """All rows it was fitted to, where `rows` are a sample of them."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a training learned.

    Parameters
    ----------
    shipped : FittedModel
        What is registered: the submitted recipe on all mature rows, or the last block's model without
        `fit.refit`.
    last : FittedModel
        The submitted recipe as the last block was judged by it.
    judged : Sample
        The rows that are judged.
    block : int array
        The block of each judged row.
    in_time : bool
        Whether the last block holds the newest rows.
    recipes : mapping of str to JudgedRecipe
        From simple to complex.
    submission : Submission
    found : SearchResult
        All candidates of the search.
    threshold_interval : Estimate
        The one threshold that costs least on the judged rows, with its bootstrap interval.
    design_means : tuple of float
        Mean of each column of the shipped model's design matrix over the rows it was fitted to.
    """

    shipped: FittedModel
    last: FittedModel
    judged: Sample
    block: IntArray
    in_time: bool
    recipes: Mapping[str, JudgedRecipe]
    submission: Submission
    found: SearchResult
    threshold_interval: Estimate
    design_means: tuple[float, ...]

    @property
    def model(self) -> Model:
        """The model that is registered."""
        return self.shipped.model

    @property
    def submitted(self) -> JudgedRecipe:
        """The recipe that goes to the gates."""
        return self.recipes[self.submission.name]

    @property
    def scored(self) -> Scored:
        """The submitted recipe's decisions about the judged rows."""
        return self.submitted.scored

    @property
    def simpler(self) -> dict[str, Scored]:
        """The recipes that were not submitted, on the judged rows."""
        return {name: one.scored for name, one in self.recipes.items() if name != self.submission.name}


def recipe_key(project: Project) -> str:
    """Return what makes two trainings the same recipe: learning part of the project, and learner.

    Which rows are learned from, and when, makes no difference.
    """
    parts: Any = {
        "rows": {"where", "types", "missing"},
        "columns": True,
        "outcome": True,
        "features": True,
        "search": True,
        "split": True,
        "fit": True,
        "costs": {"true_positive", "false_positive", "true_negative", "false_negative"},
        "gates": {"signs"},
    }
    text = project.model_dump_json(include=parts)
    return hashlib.sha256(f"{LEARNER}\0{text}".encode()).hexdigest()[:16]


def learn(blocks: Blocks, project: Project, whole: WholeTable | None = None) -> Learned:
    """Judge the recipes on the blocks of a sample, choose which one is submitted, and fit what ships.

    Parameters
    ----------
    blocks : Blocks
    project : Project
    whole : WholeTable, optional
        All rows, where the sample is some of them: what ships is fitted to them.

    Raises
    ------
    DataError, FitError
        When nothing can be learned from the rows.
    """
    plan, costs, alpha = Plan.of(blocks), project.costs.matrix, project.gates.alpha
    contenders = Contenders.of(plan, project)
    judged = {one.name: one.judge(plan, costs, alpha) for one in contenders.recipes()}
    submission = submit({name: one.scored for name, one in judged.items()}, alpha)
    chosen, top = judged[submission.name], list(judged.values())[-1]
    last = fitted(chosen.last, blocks.sample.take(blocks.learned(blocks.last)), project)
    shipped = fitted(chosen.final, blocks.sample, project, whole) if project.fit.refit else last
    rows = plan.final(())
    return Learned(
        shipped,
        last,
        rows.sample,
        rows.block,
        blocks.in_time,
        judged,
        submission,
        _search_result(plan, contenders.trials, top, project),
        _threshold_interval(chosen, project),
        design_means(shipped.model.pipeline, shipped.rows.frame),
    )


def _search_result(plan: Plan, trials: Sequence[Trial], top: JudgedRecipe, project: Project) -> SearchResult:
    """Describe the candidates of the most complex recipe."""
    trials = [one for one in trials if one.choice.form in project.search.forms]
    chosen = [one.choice for one in trials].index(top.final.candidate.choice)
    return search_result(trials, plan.final([one.log_odds for one in trials]), chosen, project.costs.matrix)


def fitted(decided: Decided, rows: Sample, project: Project, whole: WholeTable | None = None) -> FittedModel:
    """Fit what was decided to some rows.

    Parameters
    ----------
    decided : Decided
    rows : Sample
    project : Project
    whole : WholeTable, optional
        All rows, of which `rows` are a sample.

    Raises
    ------
    DataError, FitError
        When nothing can be learned from the rows.
    """
    choice, features = decided.candidate.choice, decided.candidate.features
    y, signs = rows.y.astype(np.int64), project.gates.signs
    pipeline = fit(choice, rows.frame, y, features, project.search, signs=signs, whole=whole)
    model = Model(recalibrated(pipeline, decided.recalibration), decided.rule, project.costs.matrix, features)
    return FittedModel(model, decided, rows, whole)


def _threshold_interval(recipe: JudgedRecipe, project: Project) -> Estimate:
    scored = recipe.scored
    return threshold_interval(
        scored.decision.probability, scored.y, scored.costs, scored.cluster, project.split.seed
    )
