"""The reference profile: what the rows looked like that a model was made and judged on, without any row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..data.sampling.outcome_levels import OutcomeLevels, learned, levels_of
from ..data.sampling.sample import Sample, codes
from ..decision.costs import IntArray
from ..decision.rule import Decision
from ..evaluation.evaluate import Scored
from ..evaluation.histograms import Numbers, longest_run, outside_of, unreadable
from ..evaluation.probabilities.cox import log_odds
from ..model.model import Model
from ..project.project import Project
from .distributions.contribution import Contribution, Contributions, contributions_of, mixed_contributions
from .distributions.features import Features
from .distributions.independence import (
    INDEPENDENT,
    ClusterSizes,
    Correlation,
    correlation_of,
    correlations,
    share_correlation,
)
from .distributions.season import UTC, season_of, season_zone
from .performance.control_limits import NO_REFERENCE, Chunks
from .performance.realised import reference_chunks

_COUNTS = ("outside", "runs", "gaps")
LOG_ODDS, FLAGGED = "log_odds", "flagged"
"""Names of scores and decisions in `Reference.score_alike`."""

FORMAT = 2
"""Rises when a key is dropped or changes its meaning."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The profile that later rows are compared with.

    Parameters
    ----------
    rows : int
        Training rows, which the features were counted over.
    features : Features
    log_odds : Numbers
        Of the judged rows.
    test_rows : int
    flag_rate : float
        Share of the judged rows that were flagged.
    seasons : mapping of str to Features
        Parts of the features by season; empty without a declared one.
    """

    rows: int
    features: Features
    log_odds: Numbers
    test_rows: int
    flag_rate: float
    seasons: Mapping[str, Features]
    outside: Mapping[str, int] = field(default_factory=dict)
    """Training rows of each number outside its own range (`Numbers.range`)."""
    runs: Mapping[str, int] = field(default_factory=dict)
    """How many training rows on end had the same value of a feature at most; empty without a time."""
    gaps: Mapping[str, int] = field(default_factory=dict)
    """How many training rows on end lacked a feature at most; empty without a time."""
    clusters: ClusterSizes = INDEPENDENT
    """Of the training rows."""
    alike: Mapping[str, Correlation] = field(default_factory=dict)
    """How alike the rows of a cluster are in each feature; empty where it was not kept."""
    score_clusters: ClusterSizes = INDEPENDENT
    """Of the judged rows."""
    score_alike: Mapping[str, Correlation] = field(default_factory=dict)
    """The same of `LOG_ODDS` and `FLAGGED` of the judged rows."""
    contributions: Contributions = field(default_factory=dict)
    """What each feature adds to the log-odds of the training rows; empty where it was not kept."""
    season_contributions: Mapping[str, Contributions] = field(default_factory=dict)
    season_zone: str = UTC
    """Whose clocks the seasons were read from."""

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Reference:
        """Read the profile that was shipped with a model.

        Raises
        ------
        DataError
            When it is no reference profile, or one of an older format.
        """
        try:
            if plain["format"] != FORMAT:
                raise unreadable()
            seasons = {str(name): Features.from_json(part) for name, part in plain["seasons"].items()}
            return cls(
                int(plain["rows"]),
                Features.from_json(plain),
                Numbers.from_json(plain["log_odds"]),
                int(plain["test_rows"]),
                float(plain["flag_rate"]),
                seasons,
                **_added(plain),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise unreadable() from error

    def of_seasons(self, shares: Mapping[str, float]) -> tuple[Features, Contributions] | None:
        """Return features and contributions of the same seasons, mixed as a window mixes them.

        Seasons that the reference lacks are left out; None when it lacks all.
        """
        known = {name: share for name, share in shares.items() if name in self.seasons}
        total = sum(known.values())
        if not total > 0:
            return None
        features = Features.mixed([(self.seasons[name], share / total) for name, share in known.items()])
        parts = [(self.season_contributions.get(name, {}), share / total) for name, share in known.items()]
        return features, mixed_contributions(parts)


@dataclass(frozen=True, slots=True)
class ReferenceProfile:
    """A reference profile as it is packed with a model: plain values, each read when it is asked for.

    So a model whose profile has an older format, or none, still scores; only what needs the profile refuses.
    """

    plain: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> Reference:
        """What later rows are compared with; DataError where it cannot be read."""
        return Reference.from_json(self.plain)

    @property
    def chunks(self) -> Chunks:
        """Figures of consecutive chunks of the judged rows; `NO_REFERENCE` where there are none."""
        chunks = self.plain.get("chunks")
        return NO_REFERENCE if chunks is None else Chunks.from_json(chunks)

    @property
    def prevalence(self) -> float | None:
        """Share of events in the training rows; None where it is not known to be inside (0, 1)."""
        share = self.plain.get("prevalence")
        return share if isinstance(share, float) and 0 < share < 1 else None

    @property
    def design_means(self) -> tuple[float, ...]:
        """Means of the design's columns over the training rows."""
        return tuple(self.plain["design_means"])

    @property
    def outcome(self) -> OutcomeLevels | None:
        """The two levels that the model learned from; None where they were not kept."""
        kept = self.plain.get("outcome")
        return OutcomeLevels(str(kept["event"]), kept["non_event"]) if kept else None

    def of_rule(self, *, flagged: bool) -> ReferenceProfile:
        """Return the profile of a rule that flags all rows or none: no chunk says how it performs."""
        kept = {name: part for name, part in self.plain.items() if name != "chunks"}
        return ReferenceProfile(kept | {"flag_rate": float(flagged)})


def _added(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Read what profiles of earlier versions do not have."""
    sizes = {name: ClusterSizes(*plain[name]) for name in ("clusters", "score_clusters") if name in plain}
    alike = {
        key: {str(name): Correlation.from_json(one) for name, one in plain.get(key, {}).items()}
        for key in ("alike", "score_alike")
    }
    seasons = plain.get("season_contributions", {})
    counts = {key: {str(name): int(rows) for name, rows in plain.get(key, {}).items()} for key in _COUNTS}
    return {
        **counts,
        **sizes,
        **alike,
        "contributions": _contributions(plain.get("contributions", {})),
        "season_contributions": {str(name): _contributions(part) for name, part in seasons.items()},
        "season_zone": str(plain.get("season_zone", UTC)),
    }


def _contributions(plain: Mapping[str, Any]) -> dict[str, Contribution]:
    return {str(name): Contribution.from_json(one) for name, one in plain.items()}


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


def as_learned(project: Project, profile: ReferenceProfile) -> Project:
    """Return a project whose outcome has the two levels that a model learned from, by its profile."""
    levels = profile.outcome
    if levels is None:
        return project
    outcome = learned(project.outcome, levels)
    return project.model_copy(update={"outcome": outcome})


def _seasons(train: Sample, project: Project, whole: Features) -> dict[str, Any]:
    column = project.columns.time
    if project.monitoring.season is None or column is None:
        return {}
    season = season_of(train.frame[column], project)
    return {
        str(name): Features.of(train.frame[season == name], project, whole).as_json()
        for name in sorted(set(season))
    }
