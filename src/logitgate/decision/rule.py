"""From a probability to a decision: the rule that is frozen with a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

import numpy as np

from .costs import BoolArray, IntArray, RowCosts
from .expressions import FloatArray

RuleName: TypeAlias = Literal["constant", "per-row", "flag-none", "flag-all"]
Arithmetic: TypeAlias = Literal["look-ups", "pipeline"]
"""How a version computes its probabilities: by look-ups, or as the versions of before, by scikit-learn."""


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How a threshold is found for each row.

    ``constant``: one threshold; ``per-row``: the Bayes threshold of the row's own costs;
    ``flag-none`` and ``flag-all``: no row, or each row, whatever its probability.
    """

    name: RuleName
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name not in ("constant", "per-row", "flag-none", "flag-all"):
            raise ValueError(f"unknown rule {self.name!r}")
        finite = isinstance(self.value, (int, float)) and bool(np.isfinite(self.value))
        if not (finite if self.name == "constant" else self.value is None):
            raise ValueError(f"rule {self.name!r} does not go with threshold {self.value!r}")

    @classmethod
    def from_json(cls, plain: Mapping[str, object]) -> DecisionRule:
        """Rebuild from what `as_json` returned."""
        return cls(plain["rule"], plain["threshold"])  # type: ignore[arg-type]  # __post_init__ checks both

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {"rule": self.name, "threshold": self.value}

    def thresholds(self, costs: RowCosts) -> FloatArray:
        """Return the threshold of each row, shape (n,)."""
        rows = len(costs.true_positive)
        match self.name:
            case "constant":
                return np.full(rows, self.value, dtype=np.float64)
            case "per-row":
                return costs.bayes_threshold()
            case "flag-none":
                return np.full(rows, np.inf)
            case "flag-all":
                return np.full(rows, -np.inf)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about each row and why; arrays of shape (n,)."""

    probability: FloatArray
    threshold: FloatArray
    flagged: BoolArray
    cost_if_flagged: FloatArray
    cost_if_passed: FloatArray

    @classmethod
    def by(cls, rule: DecisionRule, probability: FloatArray, costs: RowCosts) -> Decision:
        """Flag each row whose probability reaches its threshold.

        Raises
        ------
        ValueError
            When a probability is missing or outside [0, 1]: such a row has no decision.
        """
        return cls.at(rule.thresholds(costs), probability, costs)

    @classmethod
    def at(cls, threshold: FloatArray, probability: FloatArray, costs: RowCosts) -> Decision:
        """Flag each row whose probability reaches its threshold, both of shape (n,).

        Raises
        ------
        ValueError
            As `by`.
        """
        sound = (probability >= 0) & (probability <= 1)
        if not sound.all():
            raise ValueError(f"{int((~sound).sum())} of {len(sound)} probabilities are not in [0, 1]")
        flag, leave = costs.expected(probability)
        return cls(probability, threshold, probability >= threshold, flag, leave)

    def take(self, index: IntArray | BoolArray) -> Decision:
        """Return what was decided about the chosen rows."""
        return Decision(*(getattr(self, part.name)[index] for part in fields(Decision)))
