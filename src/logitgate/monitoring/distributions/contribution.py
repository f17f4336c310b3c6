"""What each feature adds to a model's log-odds over some rows: mean and spread.

A change of a feature matters to a model as far as its contribution changes. The columns of an interaction
count for both of its features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ...evaluation.estimates import NAN
from ...evaluation.histograms import unreadable
from ...model.explanation.contributions import feature_contributions

_ROWS = 50_000
"""Rows that are transformed at a time."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Mean and standard deviation over so many rows, in log-odds."""

    rows: int
    mean: float
    sd: float

    def change_from(self, before: Contribution) -> tuple[float, float]:
        """Return the change of the mean and that of the spread."""
        return self.mean - before.mean, self.sd - before.sd

    def as_json(self) -> list[float]:
        """Return plain values."""
        return [self.rows, self.mean, self.sd]

    @classmethod
    def from_json(cls, plain: object) -> Contribution:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        DataError
            When it is none of ours.
        """
        try:
            rows, mean, sd = (float(one) for one in plain)  # type: ignore[attr-defined]  # or a TypeError
            return cls(int(rows), mean, sd)
        except (TypeError, ValueError) as error:
            raise unreadable() from error


Contributions: TypeAlias = Mapping[str, Contribution]
"""By feature."""


def contributions_of(pipeline: Pipeline, X: pd.DataFrame) -> dict[str, Contribution]:
    """Return what each feature adds to the log-odds of n rows; nothing for a model of the prior alone.

    Parameters
    ----------
    pipeline : Pipeline
    X : DataFrame of shape (n, ...)
        With the feature columns.
    """
    sums: dict[str, np.ndarray] = {}
    for start in range(0, len(X), _ROWS):
        for name, values in feature_contributions(pipeline, X.iloc[start : start + _ROWS]).items():
            part = np.array([len(values), values.sum(), (values**2).sum()])
            sums[name] = sums.get(name, np.zeros(3)) + part
    return {name: _from_sums(*one) for name, one in sums.items()}


def mixed_contributions(parts: Iterable[tuple[Contributions, float]]) -> dict[str, Contribution]:
    """Mix the contributions of seasons by the weights of a window, which add up to 1."""
    found = list(parts)
    return {
        name: _mixed([(part[name], weight) for part, weight in found])
        for name in (found[0][0] if found else ())
        if all(name in part for part, _ in found)
    }


def _mixed(parts: list[tuple[Contribution, float]]) -> Contribution:
    mean = sum(weight * one.mean for one, weight in parts)
    squares = sum(weight * (one.sd**2 + one.mean**2) for one, weight in parts)
    rows = sum(one.rows for one, _ in parts)
    return Contribution(rows, mean, float(np.sqrt(max(squares - mean**2, 0.0))))


def _from_sums(rows: float, total: float, squares: float) -> Contribution:
    if not rows:
        return Contribution(0, NAN, NAN)
    mean = total / rows
    return Contribution(int(rows), float(mean), float(np.sqrt(max(squares / rows - mean**2, 0.0))))
