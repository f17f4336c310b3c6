"""Golden rows: a few rows with a model's answers when it was judged, which it must repeat bit for bit.

The rows are scored in one batch, in the order in which they are kept: a row that is scored alone may differ
in the last bit, because BLAS sums in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...data.sampling.sample import Sample, row_costs
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...decision.rule import Decision
from ...errors import DataError
from ...evaluation.evaluate import Scored
from ...model.model import Model
from ...project.project import Project

_SPREAD, _CLOSE = 32, 8


@dataclass(frozen=True, slots=True)
class Golden:
    """n rows, column by column, and what the model answered about them.

    Parameters
    ----------
    numbers : mapping of str to tuple of n floats
        Numeric features and columns of the costs; NaN where missing.
    texts : mapping of str to tuple of n texts
        Categorical features; None where missing.
    probability, threshold : tuple of n floats
    decision : tuple of n bools
        True for "flag".
    """

    numbers: Mapping[str, tuple[float, ...]]
    texts: Mapping[str, tuple[str | None, ...]]
    probability: tuple[float, ...]
    threshold: tuple[float, ...]
    decision: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a table; a missing text is NaN, as it was when the model learned."""
        columns: dict[str, Any] = {name: np.array(cells) for name, cells in self.numbers.items()}
        for name, cells in self.texts.items():
            texts = [np.nan if cell is None else cell for cell in cells]
            columns[name] = pd.Series(texts, dtype=object)
        return pd.DataFrame(columns)

    def as_json(self) -> dict[str, Any]:
        """Return plain values; floats survive exactly, and what is not finite is written as text."""
        return {
            "numbers": {name: [_written(cell) for cell in cells] for name, cells in self.numbers.items()},
            "texts": {name: list(cells) for name, cells in self.texts.items()},
            "probability": list(self.probability),
            "threshold": [_written(value) for value in self.threshold],
            "decision": list(self.decision),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Golden:
        """Rebuild from what `as_json` returned."""
        return cls(
            {name: _floats(cells) for name, cells in plain["numbers"].items()},
            {name: tuple(cells) for name, cells in plain["texts"].items()},
            _floats(plain["probability"]),
            _floats(plain["threshold"]),
            tuple(plain["decision"]),
        )


def golden_rows(model: Model, test: Sample, scored: Scored, project: Project) -> Golden:
    """Choose golden rows and keep the model's answers about them.

    They are judged rows, spread over the ranks of the probability, and those closest to their threshold; or,
    where the project has ``golden = "synthetic"``, rows made of deciles and levels. Only columns that the
    model needs are kept.

    Parameters
    ----------
    model : Model
    test : Sample of n rows
    scored : Scored of the same n rows
    project : Project

    Raises
    ------
    DataError
        When no synthetic row has costs that allow a threshold.
    """
    chosen = _chosen(scored) if project.golden == "rows" else np.arange(len(test))
    frame = test.frame.iloc[chosen]
    texts = model.features.categorical
    numeric = (*model.features.numeric, *sorted(model.costs.columns - set(model.features.all)))
    if project.golden == "synthetic":
        frame = _synthetic(frame, numeric, project)
        frame = frame[_sound(frame, model)]
    return answered(
        model,
        {name: tuple(frame[name].to_numpy(np.float64, na_value=np.nan).tolist()) for name in numeric},
        {name: tuple(None if pd.isna(cell) else str(cell) for cell in frame[name]) for name in texts},
    )


def answered(
    model: Model, numbers: Mapping[str, tuple[float, ...]], texts: Mapping[str, tuple[str | None, ...]]
) -> Golden:
    """Let the model answer rows that are given column by column."""
    some = next(iter((*numbers.values(), *texts.values())), ())
    unknown = (float("nan"),) * len(some)
    rows = Golden(numbers, texts, unknown, unknown, (False,) * len(some))
    decision = _decided(model, rows.frame)
    return Golden(
        numbers,
        texts,
        tuple(decision.probability.tolist()),
        tuple(decision.threshold.tolist()),
        tuple(decision.flagged.tolist()),
    )


def replay(model: Model, golden: Golden) -> None:
    """Let the model answer the golden rows again.

    Raises
    ------
    DataError
        When one answer differs in one bit, when the rows cannot be answered, or when there are none.
    """
    if not len(golden):
        raise DataError("golden rows", "there are none, so nothing proves the model's answers", _REMEDY)
    try:
        now = _decided(model, golden.frame)
    except (TypeError, ValueError) as error:
        rule = f"the model cannot answer them any more ({type(error).__name__})"
        raise DataError("golden rows", rule, _REMEDY) from None
    other = {
        "probability": _different(now.probability, golden.probability),
        "threshold": _different(now.threshold, golden.threshold),
        "decision": int((now.flagged != np.array(golden.decision)).sum()),
    }
    if any(other.values()):
        counts = ", ".join(f"{name} {number}" for name, number in other.items())
        largest = np.abs(now.probability - np.array(golden.probability)).max()
        rule = (
            f"of {len(golden)} rows so many answers differ from those that were judged: {counts}; "
            f"the largest difference of a probability is {largest:.2g}"
        )
        raise DataError("golden rows", rule, _REMEDY)


_REMEDY = "use the libraries and the kind of machine it was judged on, or train it again"


def _decided(model: Model, frame: pd.DataFrame) -> Decision:
    costs = row_costs(frame, model.costs, np.arange(len(frame)).astype(object))
    return Decision.by(model.rule, model.probability(frame), costs)


def _different(found: FloatArray, kept: tuple[float, ...]) -> int:
    """Count the values that differ in at least one bit."""
    return int((found.view(np.uint64) != np.array(kept).view(np.uint64)).sum())


def _chosen(scored: Scored) -> IntArray:
    """Return positions spread over the ranks of the probability, and those closest to the threshold."""
    probability, threshold = scored.decision.probability, scored.decision.threshold
    order = np.argsort(probability, kind="stable")
    spread = order[np.unique(np.linspace(0, len(order) - 1, _SPREAD).round().astype(np.int64))]
    distance = np.abs(probability - np.clip(threshold, 0, 1))
    close = np.argsort(distance, kind="stable")[:_CLOSE]
    return np.unique(np.concatenate([spread, close]))


def _synthetic(frame: pd.DataFrame, numeric: tuple[str, ...], project: Project) -> pd.DataFrame:
    """Make rows of deciles and of frequent levels, each column going through its own at another pace."""
    rows = np.arange(_SPREAD)
    columns: dict[str, Any] = {}
    costs = project.costs.matrix.columns
    for place, name in enumerate(numeric):
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        deciles = np.unique(np.nanquantile(values, np.linspace(0.1, 0.9, 9)))
        # What the costs read rises together, so that the dear rows stay dear in every entry.
        steps = rows if name in costs else rows * (2 * place + 1) + place
        columns[name] = deciles[steps % len(deciles)]
    for place, name in enumerate(project.features.categorical):
        counts = frame[name].value_counts()
        frequent = counts.index[counts >= project.search.rare_level_rows]
        levels: list[str | None] = [str(level) for level in frequent] or [None]
        columns[name] = pd.Series([levels[(row + place) % len(levels)] for row in rows], dtype=object)
    return pd.DataFrame(columns)


def _sound(frame: pd.DataFrame, model: Model) -> BoolArray:
    """Return which rows have costs that allow a threshold."""

    def allowed(row: int) -> bool:
        try:
            row_costs(frame.iloc[[row]], model.costs, np.array(["synthetic"], dtype=object))
        except DataError:
            return False
        return True

    sound = np.array([allowed(row) for row in range(len(frame))])
    if not sound.any():
        rule = "no row made of deciles has costs that allow a threshold"
        raise DataError("golden rows", rule, 'declare golden = "rows" in the project file')
    return sound


def _written(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)


def _floats(cells: list[float | str]) -> tuple[float, ...]:
    return tuple(float(cell) for cell in cells)
