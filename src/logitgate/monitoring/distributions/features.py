"""The distribution of each feature over some rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...evaluation.histograms import Levels, Numbers, mixed, unreadable
from ...project.project import Project


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

    @classmethod
    def mixed(cls, parts: list[tuple[Features, float]]) -> Features:
        """Mix the features of seasons by the weights of a window, which add up to 1."""
        first = parts[0][0]
        numeric = {
            name: mixed([(part.numeric[name], weight) for part, weight in parts]) for name in first.numeric
        }
        categorical = {
            name: mixed([(part.categorical[name], weight) for part, weight in parts])
            for name in first.categorical
        }
        return cls(numeric, categorical)  # type: ignore[arg-type]  # each kind is mixed with its own
