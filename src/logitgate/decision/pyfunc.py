"""A model as it is served: pipeline, costs and threshold answer together, wherever MLflow loads it.

This file is shipped with each model, beside the ground floor it stands on, under a name that carries the
digest of their contents. So it may import only `errors`, `expressions`, `costs`, `decision`, `levels` and
vendors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from ..errors import LogitgateError
from .costs import BoolArray, CostMatrix
from .expressions import FloatArray
from .levels import Spelling, brought, learned_levels, number_text, text_of
from .rule import Decision, DecisionRule

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

_FORMAT = 1
_LARGEST = 1e150
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
    """

    rule: DecisionRule
    costs: CostMatrix
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    unit: str

    @property
    def columns(self) -> dict[str, str]:
        """Each column that a row must bring, and whether it is a number, a text or only a cost."""
        kinds = dict.fromkeys(self.numeric, _NUMBER) | dict.fromkeys(self.categorical, _TEXT)
        return kinds | {name: _COST for name in sorted(self.costs.columns) if name not in kinds}

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        costs = {"unit": self.unit, "costs": self.costs.as_json(), "columns": self.columns}
        return {"format": _FORMAT, **self.rule.as_json(), **costs}

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
        return cls(rule, costs, numeric, categorical, plain["unit"])


class ServedModel(PythonModel):
    """Answers rows with their probability, threshold, decision and what either decision would cost.

    There is no configuration: what `load_model(..., model_config=...)` is given, MLflow ignores, and a
    configuration that reaches the model all the same is refused. So it cannot move the threshold.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the pipeline and the terms."""
        if context.model_config:
            raise ValueError(
                f"this model takes no configuration, but was given {', '.join(context.model_config)}"
            )
        from skops.io import load  # noqa: PLC0415 - its import takes seconds

        self.estimator = load(context.artifacts["model"], trusted=list(TRUSTED_TYPES))
        self.terms = Terms.from_json(json.loads(Path(context.artifacts["decision"]).read_text("utf-8")))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Decide about each row; see `answer`."""
        return answer(self.estimator, self.terms, model_input)


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
        With the columns `ANSWER` and the index of the rows. A threshold is infinite where no row, or each
        row, is flagged whatever its probability; MLflow's server writes that as ``Infinity``, which some
        readers of JSON refuse.

    Raises
    ------
    ValueError
        When a column is absent, infinite, beyond 1e150, no number, or a cost is missing. It names the
        column and counts the rows; it never repeats a value.
    """
    absent = [name for name in terms.columns if name not in frame.columns]
    if absent:
        raise ValueError(f"the rows lack {', '.join(absent)}")
    twice = sorted(set(frame.columns[frame.columns.duplicated()]) & set(terms.columns))
    if twice:
        raise ValueError(f"the rows have {', '.join(twice)} twice")
    if not len(frame):
        none = np.empty(0)
        return _table(frame, Decision(none, none, np.empty(0, dtype=bool), none, none))
    numbers = {name: _numbers(frame[name]) for name, kind in terms.columns.items() if kind != _TEXT}
    for name in sorted(terms.costs.columns):
        _refuse(name, np.isnan(numbers[name]), "missing, and what a decision costs depends on it")
    features: dict[str, FloatArray | pd.Series[Any]] = {name: numbers[name] for name in terms.numeric}
    learned = learned_levels(estimator)
    features |= {name: _texts(frame[name], learned.get(name, ())) for name in terms.categorical}
    probability = _probability(estimator, pd.DataFrame(features, index=frame.index))
    try:
        costs = terms.costs.rows({name: numbers[name] for name in terms.costs.columns}, len(frame))
    except LogitgateError as error:
        raise ValueError(str(error)) from None
    return _table(frame, Decision.by(terms.rule, probability, costs))


def _probability(estimator: Pipeline, features: pd.DataFrame) -> FloatArray:
    try:
        both: FloatArray = estimator.predict_proba(features)
    except (ValueError, TypeError) as error:
        # The error of a transformer can repeat a cell.
        raise ValueError(
            f"the pipeline cannot read these {len(features)} rows ({type(error).__name__})"
        ) from None
    return np.ascontiguousarray(both[:, 1])


def _numbers(column: pd.Series[Any]) -> FloatArray:
    name, kind = str(column.name), column.dtype
    # pandas would read a text "12" as a number here, and a date as nanoseconds.
    if pd.api.types.is_object_dtype(kind):
        wrong = column.map(lambda cell: isinstance(cell, str))
    elif pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        wrong = pd.Series(data=False, index=column.index)
    else:
        wrong = column.notna()
    _refuse(name, wrong.to_numpy(dtype=bool), "not numbers")
    try:
        values: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        raise ValueError(f"column {name!r}: holds values that are not numbers") from None
    with np.errstate(invalid="ignore"):
        _refuse(name, np.abs(values) > _LARGEST, f"infinite or beyond {_LARGEST:g}")
    return values


def _texts(column: pd.Series[Any], learned: Iterable[str]) -> pd.Series[Any]:
    """Return the texts as the pipeline learned them: a missing one, whatever its kind, is NaN.

    A number, truth value or moment is the level that says the same, where the levels are of such a kind.
    """
    present, spelling = column.notna(), Spelling.of(learned)
    texts = column.astype(object).where(present, np.nan)
    if spelling.is_coded:
        texts = texts.map(_level).astype(object).where(present, np.nan)
    wrong = present & ~texts.map(lambda cell: isinstance(cell, str))
    _refuse(str(column.name), wrong.to_numpy(dtype=bool), "not texts")
    return brought(texts, spelling)


def _level(cell: object) -> object:
    """Return the text of a level; pandas has only binary fractions for a decimal, so 1.5 is 1.5 here."""
    if isinstance(cell, float) and not cell.is_integer() and math.isfinite(cell):
        return number_text(format(Decimal(repr(float(cell))), "f"))
    return text_of(cell) or cell


def _refuse(column: str, refused: BoolArray, what: str) -> None:
    if refused.any():
        raise ValueError(
            f"column {column!r}: {int(refused.sum())} of {len(refused)} values are {what}"
        ) from None


def _table(frame: pd.DataFrame, decision: Decision) -> pd.DataFrame:
    columns = (
        decision.probability,
        decision.threshold,
        decision.flagged,
        decision.cost_if_flagged,
        decision.cost_if_passed,
    )
    return pd.DataFrame(dict(zip(ANSWER, columns, strict=True)), index=frame.index)
