"""Learning: search and fit on train, recalibrate on calibrate, choose the threshold on threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from ..data.folds import Folds
from ..data.split import Split
from ..errors import FitError
from ..evaluation.intervals import Estimate
from ..project.data import FeaturesConfig
from ..project.project import Project
from . import baselines
from .baselines import LINEAR, PRIOR
from .explanation import design_means
from .fit import fit
from .model import Model
from .recalibration import Recalibration, recalibrate
from .search import SearchResult, search
from .threshold import Choice, choose_rule, threshold_interval


@dataclass(frozen=True, slots=True)
class Learned:
    """A frozen model, how it came about, and the simpler ones it must beat."""

    model: Model
    found: SearchResult
    recalibration: Recalibration
    threshold: Choice
    threshold_interval: Estimate
    """The one threshold that costs least on the threshold rows, with its bootstrap interval."""
    baselines: Mapping[str, Model]
    design_means: tuple[float, ...]
    """Mean of each column of the design matrix over the training rows."""


def learn(split: Split, project: Project) -> Learned:
    """Learn a model and its baselines; the test rows are not looked at.

    Raises
    ------
    DataError, FitError
        When nothing can be learned from the rows.
    """
    train, y = split.train, split.train.y.astype(np.int64)
    folds, signs = _folds(split, project), project.gates.signs
    found = search(train.frame, y, folds, project.features, project.search, signs=signs)
    pipeline = fit(found.chosen.choice, train.frame, y, project.features, project.search, signs=signs)
    calibrated, recalibration = recalibrate(
        pipeline, split.calibrate.frame, split.calibrate.y.astype(np.int64)
    )
    model, threshold = _deciding(calibrated, project.features, split, project)
    return Learned(
        model,
        found,
        recalibration,
        threshold,
        _interval(calibrated, split, project),
        _baselines(found, folds, split, project),
        design_means(pipeline, train.frame),
    )


def _folds(split: Split, project: Project) -> Folds:
    y = split.train.y.astype(np.int64)
    if project.split_by == "time":
        return Folds.in_time(y, project.search.folds, split.train.cluster)
    return Folds.at_random(y, project.search.folds, project.split.seed, split.train.cluster)


def _deciding(
    calibrated: Pipeline, features: FeaturesConfig, split: Split, project: Project
) -> tuple[Model, Choice]:
    """Choose the threshold on its own rows."""
    costs = project.costs.matrix
    probability = calibrated.predict_proba(split.threshold.frame)[:, 1]
    threshold = choose_rule(probability, split.threshold.y, split.threshold.row_costs(costs))
    return Model(calibrated, threshold.rule, costs, features), threshold


def _interval(calibrated: Pipeline, split: Split, project: Project) -> Estimate:
    rows = split.threshold
    probability = calibrated.predict_proba(rows.frame)[:, 1]
    costs = rows.row_costs(project.costs.matrix)
    return threshold_interval(probability, rows.y, costs, rows.cluster, project.split.seed)


def _baselines(found: SearchResult, folds: Folds, split: Split, project: Project) -> dict[str, Model]:
    X, y = split.train.frame, split.train.y.astype(np.int64)
    features, signs = project.features, project.gates.signs
    simpler = {
        PRIOR: (baselines.prior(X, y), features),
        LINEAR: (baselines.plain_linear(X, y, features, project.search, found, signs=signs), features),
    }
    if len(features.all) > 1:  # a single feature has no best among them: it would be the model itself
        alone = baselines.single_feature(X, y, folds, features, project.search, signs=signs)
        only = FeaturesConfig(
            numeric=tuple({alone.feature} & set(features.numeric)),
            categorical=tuple({alone.feature} & set(features.categorical)),
        )
        simpler[f"best single feature ({alone.feature})"] = (alone.pipeline, only)
    return {
        name: _deciding(_recalibrated_if_it_can_be(pipeline, split), uses, split, project)[0]
        for name, (pipeline, uses) in simpler.items()
    }


def _recalibrated_if_it_can_be(pipeline: Pipeline, split: Split) -> Pipeline:
    """Recalibrate a baseline; one that ranks the calibrate rows backwards competes as it is."""
    try:
        return recalibrate(pipeline, split.calibrate.frame, split.calibrate.y.astype(np.int64))[0]
    except FitError:
        return pipeline
