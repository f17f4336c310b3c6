"""What answers rows: look-ups, costs and threshold together; without MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import LogitgateError
from .cells import FeatureCells, FeatureReader, numbers_of, refuse
from .compiled import compiled
from .costs import CostMatrix, IntArray
from .expressions import FloatArray
from .look_ups import LookUps
from .rule import Arithmetic, Decision, DecisionRule

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

TRUSTED_TYPES: tuple[str, ...] = (
    "numpy.dtype",  # how imputers and encoders remember their input's type
    "scipy._lib.array_api_compat.numpy._aliases.asarray",  # how curves read arrays before SciPy 1.18
    "scipy.interpolate._bsplines.BSpline",  # its curves
    "scipy.interpolate._bsplines._BSpline",  # what they consist of from SciPy 1.18 on
)
"""What may be read from `model.skops` beyond skops' own list; never taken from the file itself."""

ANSWER = ("probability", "threshold", "decision", "cost_if_flagged", "cost_if_passed")
"""Columns of an answer: all numbers (double) but the decision, which is true for "flag"."""

UNFAMILIAR = "unfamiliar"
"""Column after them: how many features of the row the training rows do not cover (an unseen level, a number
out of range)."""

_FORMAT = 1
_NUMBER, _TEXT, _COST = "number", "text", "cost"


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides beside the probability, as `decision.json` keeps it.

    Parameters
    ----------
    rule : DecisionRule
    costs : CostMatrix
    numeric, categorical : tuple of str
        The features, in the order the pipeline was fitted with.
    unit : str
        Unit of the costs.
    arithmetic : "look-ups" or "pipeline"
        By which the version was judged, and answers.
    declared : mapping of str to str
        Types that the project declares, by column: integer, boolean, date, datetime.
    ranges : mapping of str to (low, high)
        The numbers that the training rows cover, with slack.
    """

    rule: DecisionRule
    costs: CostMatrix
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    unit: str
    arithmetic: Arithmetic = "look-ups"
    declared: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Each column that a row must bring, and whether it is a number, a text or only a cost."""
        kinds = dict.fromkeys(self.numeric, _NUMBER) | dict.fromkeys(self.categorical, _TEXT)
        return kinds | {name: _COST for name in sorted(self.costs.columns) if name not in kinds}

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        costs = {"unit": self.unit, "costs": self.costs.as_json(), "columns": self.columns}
        ranges = {name: list(limits) for name, limits in self.ranges.items()}
        read = {"arithmetic": self.arithmetic, "declared": dict(self.declared), "ranges": ranges}
        return {"format": _FORMAT, **self.rule.as_json(), **costs, **read}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Terms:
        """Rebuild from what `as_json` returned.

        Raises
        ------
        ValueError
            When it was written in a format that this version does not know.
        """
        if plain["format"] != _FORMAT:
            raise ValueError(f"decision.json has format {plain['format']}, this code reads {_FORMAT}")
        rule, costs = DecisionRule.from_json(plain), CostMatrix.from_json(plain["costs"])
        kinds: dict[str, str] = plain["columns"]
        numeric, categorical = (
            tuple(name for name in kinds if kinds[name] == kind) for kind in (_NUMBER, _TEXT)
        )
        arithmetic, declared = plain.get("arithmetic", "pipeline"), plain.get("declared", {})
        ranges = {name: (low, high) for name, (low, high) in plain.get("ranges", {}).items()}
        return cls(rule, costs, numeric, categorical, plain["unit"], arithmetic, declared, ranges)


def answer(estimator: Pipeline, terms: Terms, frame: pd.DataFrame) -> pd.DataFrame:
    """Decide about each row of a table.

    A missing feature is what the pipeline learned to impute; MLflow's signature lets it pass as well.
    A missing cost leaves no decision.

    Parameters
    ----------
    estimator : fitted Pipeline
    terms : Terms
    frame : DataFrame of n rows

    Returns
    -------
    DataFrame of n rows
        With the columns `ANSWER` and `UNFAMILIAR`, and the index of the rows. A threshold is infinite where
        no row, or each row, is flagged whatever its probability; MLflow's server writes that as
        ``Infinity``, which some readers of JSON refuse.

    Raises
    ------
    ValueError
        When a column is absent, infinite, beyond 1e150, no number, not of its declared type, or a cost is
        missing. It names the column and counts the rows; it never repeats a value.
    """
    return Answering.of(estimator, terms).answer(frame)


@dataclass(frozen=True, slots=True)
class Answering:
    """All that answers rows, read and folded once.

    Attributes
    ----------
    estimator : fitted Pipeline
    terms : Terms
    look_ups : LookUps, or None
        None where scikit-learn answers.
    reader : FeatureReader
    only_costs : tuple of str
        Columns of the costs that are no features.
    """

    estimator: Pipeline
    terms: Terms
    look_ups: LookUps | None
    reader: FeatureReader
    only_costs: tuple[str, ...]

    @classmethod
    def of(cls, estimator: Pipeline, terms: Terms) -> Answering:
        """Fold the pipeline into look-ups, where the version was judged by them."""
        reader = FeatureReader.of(estimator, terms.numeric, terms.categorical, terms.declared)
        look_ups = compiled(estimator) if terms.arithmetic == "look-ups" else None
        only_costs = tuple(name for name, kind in terms.columns.items() if kind == _COST)
        return cls(estimator, terms, look_ups, reader, only_costs)

    def answer(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Decide about each row of a table; see `answer`."""
        self._refuse_columns(frame)
        if not len(frame):
            none = np.empty(0)
            decision = Decision(none, none, np.empty(0, dtype=bool), none, none)
            return _table(frame, decision, np.empty(0, dtype=np.int64))
        cells = self.reader.read(frame.__getitem__, len(frame))
        numbers = {name: cells.numbers[name] for name in self.terms.costs.columns & cells.numbers.keys()}
        for name in self.only_costs:
            numbers[name] = numbers_of(frame[name], name, self.terms.declared.get(name))
        for name in sorted(numbers):
            refuse(name, np.isnan(numbers[name]), "missing, and what a decision costs depends on it")
        probability = self._probability(cells, frame.index)
        try:
            costs = self.terms.costs.rows(numbers, len(frame))
        except LogitgateError as error:
            raise ValueError(str(error)) from None
        return _table(frame, Decision.by(self.terms.rule, probability, costs), self._unfamiliar(cells))

    def _refuse_columns(self, frame: pd.DataFrame) -> None:
        absent = [name for name in self.terms.columns if name not in frame.columns]
        if absent:
            raise ValueError(f"the rows lack {', '.join(absent)}")
        if not frame.columns.is_unique:
            twice = set(frame.columns[frame.columns.duplicated()]) & set(self.terms.columns)
            if twice:
                raise ValueError(f"the rows have {', '.join(sorted(twice))} twice")

    def _probability(self, cells: FeatureCells, index: pd.Index[Any]) -> FloatArray:
        if self.look_ups is not None:
            return self.look_ups.probability(cells)
        features: dict[str, Any] = dict(cells.numbers)
        features |= {name: self.reader.levels[name].texts(codes) for name, codes in cells.codes.items()}
        return _by_pipeline(self.estimator, pd.DataFrame(features, index=index))

    def _unfamiliar(self, cells: FeatureCells) -> IntArray:
        """Count the features of each row that the training rows do not cover, shape (n,)."""
        found = np.zeros(cells.rows, dtype=np.int64)
        for name, codes in cells.codes.items():
            found += codes == self.reader.levels[name].unseen
        for name, (low, high) in self.terms.ranges.items():
            found += (cells.numbers[name] < low) | (cells.numbers[name] > high)
        return found


def _by_pipeline(estimator: Pipeline, features: pd.DataFrame) -> FloatArray:
    try:
        both: FloatArray = estimator.predict_proba(features)
    except (ValueError, TypeError) as error:
        # The error of a transformer can repeat a cell.
        raise ValueError(
            f"the pipeline cannot read these {len(features)} rows ({type(error).__name__})"
        ) from None
    return np.ascontiguousarray(both[:, 1])


def _table(frame: pd.DataFrame, decision: Decision, unfamiliar: IntArray) -> pd.DataFrame:
    columns = (
        decision.probability,
        decision.threshold,
        decision.flagged,
        decision.cost_if_flagged,
        decision.cost_if_passed,
        unfamiliar,
    )
    return pd.DataFrame(dict(zip((*ANSWER, UNFAMILIAR), columns, strict=True)), index=frame.index)
