"""The reference profile: what the rows looked like that a model was made and judged on, without any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.sampling.outcome_levels import OutcomeLevels, learned
from ..evaluation.histograms import Numbers, unreadable
from ..project.project import Project
from .distributions.contribution import Contribution, Contributions, mixed_contributions
from .distributions.features import Features
from .distributions.independence import INDEPENDENT, ClusterSizes, Correlation
from .distributions.season import UTC
from .performance.control_limits import NO_REFERENCE, Chunks

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


def as_learned(project: Project, profile: ReferenceProfile) -> Project:
    """Return a project whose outcome has the two levels that a model learned from, by its profile."""
    levels = profile.outcome
    if levels is None:
        return project
    outcome = learned(project.outcome, levels)
    return project.model_copy(update={"outcome": outcome})


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
