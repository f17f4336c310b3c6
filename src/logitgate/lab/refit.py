"""Small fits that only the lab makes: the shipped form and penalty on other rows, decided by the costs."""

from __future__ import annotations

import numpy as np

from ..data.sampling.sample import Sample
from ..evaluation.evaluate import Scored
from ..model.fitting.fit import Choice, fit
from ..model.model import Model
from ..model.recipes.threshold import bayes_rule
from ..project.data import FeaturesConfig
from .material import Material


def refitted(
    material: Material, learned: Sample, judged: Sample, features: FeaturesConfig | None = None
) -> Scored:
    """Fit the shipped form to some rows and decide others by the threshold of the costs.

    Raises
    ------
    DataError, FitError
        When the rows determine no model.
    """
    model = refitted_model(material, learned, features=features)
    return model.score(judged, material.project.costs.matrix)


def refitted_model(
    material: Material,
    learned: Sample,
    choice: Choice | None = None,
    features: FeaturesConfig | None = None,
) -> Model:
    """Fit the shipped choice to some rows, or another one, or other features.

    Raises
    ------
    DataError, FitError
        When the rows determine no model.
    """
    project, used = material.project, features or material.project.features
    y = learned.y.astype(np.int64)
    pipeline = fit(choice or shipped_choice(material), learned.frame, y, used, project.search)
    return Model(pipeline, bayes_rule(project.costs.matrix), project.costs.matrix, used)


def shipped_choice(material: Material) -> Choice:
    """Return the form and the penalty that ship; the linear form where that is the prior alone."""
    choice = material.learned.shipped.decided.candidate.choice
    return choice if choice.C > 0 else Choice(choice.form, 1.0)
