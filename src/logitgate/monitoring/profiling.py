"""Making the reference profile of a model from its training rows and its judged rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import pandas as pd

from ..data.sampling.outcome_levels import levels_of
from ..data.sampling.sample import Sample, codes
from ..decision.costs import IntArray
from ..decision.rule import Decision
from ..evaluation.evaluate import Scored
from ..evaluation.histograms import Numbers, longest_run, outside_of
from ..evaluation.probabilities.cox import log_odds
from ..model.model import Model
from ..project.project import Project
from .distributions.contribution import Contributions, contributions_of
from .distributions.features import Features
from .distributions.independence import (
    ClusterSizes,
    Correlation,
    correlation_of,
    correlations,
    share_correlation,
)
from .distributions.season import season_of, season_zone
from .performance.realised.figures import reference_chunks
from .reference import FLAGGED, FORMAT, LOG_ODDS, ReferenceProfile


def reference_profile(
    train: Sample,
    scored: Scored,
    project: Project,
    model: Model | None = None,
    design_means: Sequence[float] = (),
) -> ReferenceProfile:
    """Summarise the features of the training rows and the scores of the judged rows.

    Parameters
    ----------
    train : Sample
        The rows that the model was fitted to.
    scored : Scored
        The judged rows.
    project : Project
    model : Model, optional
        The one that ships: what each feature adds to its log-odds is kept, too.
    design_means : sequence of p floats, optional
        Of the design's columns over the training rows.

    Returns
    -------
    ReferenceProfile
    """
    whole = Features.of(train.frame, project)
    plain = {
        "format": FORMAT,
        "rows": len(train),
        "prevalence": float(train.y.mean()),
        "outcome": _outcome(train, project),
        **whole.as_json(),
        "seasons": _seasons(train, project, whole),
        "season_zone": season_zone(project),
        "outside": _outside(train, whole),
        "runs": _runs(train, project),
        "gaps": _gaps(train, project),
        "log_odds": Numbers.of(log_odds(scored.decision.probability)).as_json(),
        "test_rows": len(scored.y),
        "test_prevalence": float(scored.y.mean()),
        "flag_rate": float(scored.decision.flagged.mean()),
        "chunks": reference_chunks(scored).as_json(),
        **_clusters(train, scored, whole, project),
        **_added_to_log_odds(train, model, project),
        "design_means": list(design_means),
    }
    return ReferenceProfile(plain)


def _clusters(train: Sample, scored: Scored, whole: Features, project: Project) -> dict[str, Any]:
    """Return how the rows lie in clusters, and how alike those of one are."""
    cluster = codes(train.frame, project.cluster) if project.cluster in train.frame else None
    if cluster is None:
        return {}
    alike = correlations(train.frame, whole.numeric, whole.categorical, cluster)
    return {
        "clusters": list(astuple(ClusterSizes.of(cluster))),
        "score_clusters": list(astuple(ClusterSizes.of(scored.cluster))),
        "alike": {name: one.as_json() for name, one in alike.items()},
        "score_alike": {
            name: one.as_json() for name, one in score_correlations(scored.decision, scored.cluster).items()
        },
    }


def score_correlations(
    decision: Decision, cluster: IntArray | None, like: Numbers | None = None
) -> dict[str, Correlation]:
    """Return how alike log-odds and decisions of a cluster's rows are, by the cells of `like` or its own."""
    if cluster is None or not len(cluster):
        return {}
    scores = log_odds(decision.probability)
    flagged = Correlation(share_correlation(decision.flagged.astype(np.float64), cluster))
    return {
        LOG_ODDS: correlation_of(scores, Numbers.of(scores) if like is None else like, cluster),
        FLAGGED: flagged,
    }


def _added_to_log_odds(train: Sample, model: Model | None, project: Project) -> dict[str, Any]:
    if model is None:
        return {}
    X, time = train.frame[list(model.features.all)], project.columns.time
    found: dict[str, Any] = {"contributions": _plain(contributions_of(model.pipeline, X))}
    if project.monitoring.season is not None and time is not None:
        season = season_of(train.frame[time], project)
        found["season_contributions"] = {
            str(name): _plain(contributions_of(model.pipeline, X[season == name]))
            for name in sorted(set(season))
        }
    return found


def _plain(contributions: Contributions) -> dict[str, list[float]]:
    return {name: one.as_json() for name, one in contributions.items()}


def _outside(train: Sample, whole: Features) -> dict[str, int]:
    values = {name: train.frame[name].to_numpy(np.float64, na_value=np.nan) for name in whole.numeric}
    return {name: outside_of(values[name], one.range()) for name, one in whole.numeric.items()}


def _runs(train: Sample, project: Project) -> dict[str, int]:
    if train.time is None:
        return {}
    order = np.argsort(train.time, kind="stable")
    columns = {name: train.frame[name].iloc[order].dropna() for name in project.features.all}
    return {name: longest_run(pd.factorize(column)[0]) for name, column in columns.items()}


def _gaps(train: Sample, project: Project) -> dict[str, int]:
    if train.time is None:
        return {}
    order = np.argsort(train.time, kind="stable")
    absent = {name: train.frame[name].isna().to_numpy()[order] for name in project.features.all}
    return {name: longest_run(gaps, of=True) for name, gaps in absent.items()}


def _outcome(train: Sample, project: Project) -> dict[str, str | None]:
    if project.outcome.column not in train.frame:
        return {}
    levels = levels_of(train.frame[project.outcome.column], project.outcome)
    return {"event": levels.event, "non_event": levels.other}


def _seasons(train: Sample, project: Project, whole: Features) -> dict[str, Any]:
    column = project.columns.time
    if project.monitoring.season is None or column is None:
        return {}
    season = season_of(train.frame[column], project)
    return {
        str(name): Features.of(train.frame[season == name], project, whole).as_json()
        for name in sorted(set(season))
    }
