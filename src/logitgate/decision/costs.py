"""What each outcome of a decision costs, per row, and the threshold that follows from it.

Sources: Elkan (2001), The foundations of cost-sensitive learning; Bahnsen, Aouada, Ottersten
(2014), Example-dependent cost-sensitive logistic regression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ProjectError
from .expressions import Expression, FloatArray, Tree

BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]

ENTRIES = ("true_positive", "false_positive", "true_negative", "false_negative")
_ROUNDING = 4 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class RowCosts:
    """The four costs of each row, arrays of shape (n,), in the project's unit.

    What is the same for all rows is best a broadcast number: it takes no memory, and less time.
    """

    true_positive: FloatArray
    false_positive: FloatArray
    true_negative: FloatArray
    false_negative: FloatArray

    def take(self, index: IntArray | BoolArray) -> RowCosts:
        """Return the costs of the chosen rows."""
        return RowCosts(*(_taken(getattr(self, entry), index) for entry in ENTRIES))

    def spread(self) -> FloatArray:
        """Return C_FP - C_TN + C_FN - C_TP, what errors cost beyond being right; shape (n,).

        Zero where nothing but rounding is left, so that costs which cancel on paper cancel here.
        """
        extra = self.false_positive - self.true_negative
        missed = self.false_negative - self.true_positive
        size = sum(np.abs(getattr(self, entry)) for entry in ENTRIES)
        spread = extra + missed
        return np.where(np.abs(spread) <= _ROUNDING * size, 0.0, spread)

    def bayes_threshold(self) -> FloatArray:
        """Return the probability from which flagging a row costs less than passing it (Elkan 2001).

        ``t = (C_FP - C_TN) / (C_FP - C_TN + C_FN - C_TP)``. Where the denominator is zero the
        outcome does not matter: such a row is never worth flagging (infinity), unless flagging is
        cheaper whatever happens (minus infinity).

        Returns
        -------
        array of shape (n,)
        """
        extra = self.false_positive - self.true_negative
        spread = self.spread()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(spread == 0, np.where(extra < 0, -np.inf, np.inf), extra / spread)

    def of(self, y: NDArray[np.integer], flagged: BoolArray) -> FloatArray:
        """Return what each row cost, given its outcome and its decision; shape (n,)."""
        event, flagged = np.asarray(y, dtype=bool), np.asarray(flagged, dtype=bool)
        if all(_is_constant(getattr(self, entry)) for entry in ENTRIES):
            each = (self.true_negative, self.false_positive, self.false_negative, self.true_positive)
            return np.array([cost[0] for cost in each]).take(2 * event.view(np.uint8) + flagged)
        found = np.array(self.true_negative, dtype=np.float64)
        np.copyto(found, self.false_positive, where=flagged & ~event)
        np.copyto(found, self.false_negative, where=event & ~flagged)
        np.copyto(found, self.true_positive, where=event & flagged)
        return found

    def expected(self, probability: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the expected cost of flagging and of passing each row, both of shape (n,)."""
        flag = probability * self.true_positive + (1 - probability) * self.false_positive
        leave = probability * self.false_negative + (1 - probability) * self.true_negative
        return flag, leave

    def savings(self, y: NDArray[np.integer], flagged: BoolArray) -> float:
        """Return 1 - cost / min(cost of flag-none, cost of flag-all) (Bahnsen 2014).

        NaN where the better of both costs nothing, or less than nothing: then there is no scale.
        """
        reference = min(self.of(y, np.full(len(y), flag)).sum() for flag in (False, True))
        return float(1 - self.of(y, flagged).sum() / reference) if reference > 0 else float("nan")


def _is_constant(values: FloatArray) -> bool:
    return len(values) > 0 and values.strides == (0,)


def _taken(values: FloatArray, index: IntArray | BoolArray) -> FloatArray:
    if not _is_constant(values):
        return values[index]
    rows = int(np.count_nonzero(index)) if index.dtype == bool else len(index)
    return np.broadcast_to(values[0], (rows,))


@dataclass(frozen=True, slots=True)
class CostMatrix:
    """The cost of each outcome of a decision: a constant or an expression over the row's columns.

    Examples
    --------
    >>> costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    >>> costs.rows({}, 1).bayes_threshold().tolist()
    [0.2]
    """

    true_positive: Expression
    false_positive: Expression
    true_negative: Expression
    false_negative: Expression

    @classmethod
    def of(cls, **sources: str | float) -> CostMatrix:
        """Parse the four entries; what is wrong with one raises ProjectError naming its key."""
        entries = {}
        for entry in ENTRIES:
            try:
                entries[entry] = Expression.parse(sources[entry])
            except ValueError as error:
                raise ProjectError(
                    f"costs.{entry}", str(error), "give a number or an expression over columns"
                ) from error
        matrix = cls(**entries)
        if matrix.constant:
            matrix.rows({}, 1)
        return matrix

    @classmethod
    def from_json(cls, trees: Mapping[str, Tree]) -> CostMatrix:
        """Rebuild from what `as_json` returned."""
        return cls(**{entry: Expression(trees[entry]) for entry in ENTRIES})

    def as_json(self) -> dict[str, Tree]:
        """Return the parsed expressions as plain lists, strings and numbers."""
        return {entry: getattr(self, entry).tree for entry in ENTRIES}

    @property
    def columns(self) -> frozenset[str]:
        """The columns that any entry reads."""
        return frozenset().union(*(getattr(self, entry).columns for entry in ENTRIES))

    @property
    def constant(self) -> bool:
        """Whether all rows cost the same."""
        return not self.columns

    def rows(
        self, columns: Mapping[str, FloatArray], rows: int, ids: NDArray[np.generic] | None = None
    ) -> RowCosts:
        """Evaluate the costs of each row, and refuse those that allow no threshold, by count and column.

        Parameters
        ----------
        columns : mapping of str to array of shape (rows,)
        rows : int
        ids : array of shape (rows,), optional
            Must be as many; the rows' names are never printed.

        Raises
        ------
        ValueError
            When there are not as many ids as rows.
        DataError
            When a cost is missing or not finite, or a false negative and a false positive together
            cost less than being right about both (a negative denominator).
        ProjectError
            The same for costs that are constant, and for a zero denominator there.
        """
        if ids is not None and len(ids) != rows:
            raise ValueError(f"{len(ids)} ids for {rows} rows")
        costs = RowCosts(*(getattr(self, entry).over(columns, rows) for entry in ENTRIES))
        finite = np.logical_and.reduce([np.isfinite(getattr(costs, entry)) for entry in ENTRIES])
        with np.errstate(invalid="ignore"):
            spread = np.where(finite, costs.spread(), np.nan)
        refused = ~(spread > 0) if self.constant else ~(spread >= 0)
        if refused.any():
            raise self._refusal(spread, refused, ids)
        return costs

    def _refusal(
        self, spread: FloatArray, refused: BoolArray, ids: NDArray[np.generic] | None
    ) -> ProjectError | DataError:
        first = int(np.argmax(refused))
        if self.constant:
            word = {-1: "is negative", 0: "is zero"}.get(np.sign(spread[first]), "is not finite")
            return ProjectError(
                "costs",
                f"C_FP - C_TN + C_FN - C_TP = {spread[first]:g} {word}, so no threshold exists",
                "give errors that cost more than being right: raise false_negative or false_positive",
            )
        used = ", ".join(sorted(self.columns))
        # Where rows have ids, a row's place would name one of them.
        subject = f"costs of row {first}" if ids is None else f"costs over {used}"
        count = f"({int(refused.sum())} of {len(refused)} rows)"
        if not np.isfinite(spread[first]):
            return DataError(
                subject,
                f"not a finite number {count}",
                f"fill the missing values of {used} or divide by nothing that can be zero",
            )
        return DataError(
            subject,
            f"C_FP - C_TN + C_FN - C_TP is negative, so no threshold exists {count}",
            "give errors that cost more than being right on every row",
        )
