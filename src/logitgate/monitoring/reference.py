"""The reference profile: what the rows looked like that a model was made and judged on, without any row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.outcome_levels import OutcomeLevels, learned, levels_of
from ..data.sample import Sample
from ..evaluation.evaluate import Scored
from ..evaluation.histograms import Levels, Numbers, longest_run, mixed, outside_of, unreadable
from ..evaluation.probabilities.cox import log_odds
from ..project.project import Project
from .performance.realised import reference_chunks

_COUNTS = ("outside", "runs", "gaps")

FORMAT = 2
"""Rises when a key is dropped or changes its meaning."""


@dataclass(frozen=True, slots=True)
class Features:
    """The distribution of each feature over some rows."""

    numeric: Mapping[str, Numbers]
    categorical: Mapping[str, Levels]

    @classmethod
    def of(cls, frame: pd.DataFrame, project: Project, like: Features | None = None) -> Features:
        """Count the project's features in a table, or those of a reference by its edges and levels.

        A feature of the reference that the table lacks is left out.
        """
        rare = project.search.rare_level_rows
        numeric = project.features.numeric if like is None else like.numeric
        categorical = project.features.categorical if like is None else like.categorical
        return cls(
            {
                name: Numbers.of(
                    frame[name].to_numpy(np.float64, na_value=np.nan), like.numeric[name] if like else None
                )
                for name in numeric
                if name in frame
            },
            {
                name: Levels.of(frame[name], rare, like.categorical[name] if like else None)
                for name in categorical
                if name in frame
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "numeric": {name: one.as_json() for name, one in self.numeric.items()},
            "categorical": {name: one.as_json() for name, one in self.categorical.items()},
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Features:
        """Rebuild from what `as_json` returned."""
        try:
            return cls(
                {str(name): Numbers.from_json(one) for name, one in plain["numeric"].items()},
                {str(name): Levels.from_json(one) for name, one in plain["categorical"].items()},
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise unreadable() from error


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
                *({str(name): int(rows) for name, rows in plain.get(key, {}).items()} for key in _COUNTS),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise unreadable() from error

    def of_seasons(self, shares: Mapping[str, float]) -> Features | None:
        """Return the features of the same seasons, mixed as a window mixes them; None when one is missing."""
        if not shares or any(name not in self.seasons for name in shares):
            return None
        parts = [(self.seasons[name], share) for name, share in shares.items()]
        numeric = {
            name: mixed([(part.numeric[name], share) for part, share in parts])
            for name in self.features.numeric
        }
        categorical = {
            name: mixed([(part.categorical[name], share) for part, share in parts])
            for name in self.features.categorical
        }
        return Features(numeric, categorical)  # type: ignore[arg-type]  # each kind is mixed with its own


def reference_profile(train: Sample, scored: Scored, project: Project) -> dict[str, Any]:
    """Summarise the features of the training rows and the scores of the judged rows.

    Returns
    -------
    dict
        Plain values of a `Reference`, with the rates of events and the figures of consecutive
        chunks of the judged rows (`Chunks.as_json`).
    """
    whole = Features.of(train.frame, project)
    return {
        "format": FORMAT,
        "rows": len(train),
        "prevalence": float(train.y.mean()),
        "outcome": _outcome(train, project),
        **whole.as_json(),
        "seasons": _seasons(train, project, whole),
        "outside": _outside(train, whole),
        "runs": _runs(train, project),
        "gaps": _gaps(train, project),
        "log_odds": Numbers.of(log_odds(scored.decision.probability)).as_json(),
        "test_rows": len(scored.y),
        "test_prevalence": float(scored.y.mean()),
        "flag_rate": float(scored.decision.flagged.mean()),
        "chunks": reference_chunks(scored).as_json(),
    }


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


def as_learned(project: Project, plain: Mapping[str, Any]) -> Project:
    """Return a project whose outcome has the two levels that a model learned from, by its profile."""
    kept = plain.get("outcome")
    if not kept:
        return project
    outcome = learned(project.outcome, OutcomeLevels(str(kept["event"]), kept["non_event"]))
    return project.model_copy(update={"outcome": outcome})


def season_of(times: pd.Series, project: Project) -> NDArray[np.object_]:
    """Return the season of each row, shape (n,), as the project declares it: "month 6", "weekday 0", ..."""
    season = project.monitoring.season
    utc = times.dt.tz_convert("UTC").dt
    number = {"month": utc.month, "weekday": utc.day_of_week, "hour": utc.hour}[str(season)]
    named: NDArray[np.object_] = (f"{season} " + number.astype(str)).to_numpy(object)
    return named


def _seasons(train: Sample, project: Project, whole: Features) -> dict[str, Any]:
    column = project.columns.time
    if project.monitoring.season is None or column is None:
        return {}
    season = season_of(train.frame[column], project)
    return {
        str(name): Features.of(train.frame[season == name], project, whole).as_json()
        for name in sorted(set(season))
    }
