"""Rows that lie elsewhere: only sums over them come here, of which a fit needs no more.

The Hessian is that of some of the rows, which are here and stand for all. The gradient and the log loss are
exact and decide where the fit ends: where it would with all rows at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from sklearn.compose import ColumnTransformer

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from .solver import Rows, part_size


@dataclass(frozen=True, slots=True)
class BlockSums:
    """Sums over rows at some weights; they add up over blocks, wherever these lie.

    Attributes
    ----------
    loss : float
        The log loss in nats.
    gradient : array of shape (p + 1,)
        Of the log likelihood in the weights.
    hessian : array of shape (p + 1, p + 1), or None
        Of the log loss; None where it was not asked for.
    """

    loss: float
    gradient: FloatArray
    hessian: FloatArray | None = None

    @classmethod
    def of(cls, rows: Rows, weights: FloatArray, *, hessian: bool) -> BlockSums:
        """Sum over a block of rows, at p + 1 weights."""
        score = rows.scores(weights)
        return cls(rows.loss(score), rows.gradient(score), rows.hessian(score) if hessian else None)

    def __add__(self, other: BlockSums) -> BlockSums:
        """Take the rows of both."""
        both = None
        if self.hessian is not None and other.hessian is not None:
            both = self.hessian + other.hessian
        return BlockSums(self.loss + other.loss, self.gradient + other.gradient, both)


@dataclass(frozen=True, slots=True)
class CodedElsewhere:
    """Rows that are coded by a fitted layout, elsewhere.

    Attributes
    ----------
    rows : int
    sums : callable
        From p + 1 weights, and whether the Hessian is asked for, to sums over all rows.
    """

    rows: int
    sums: Callable[[FloatArray, bool], BlockSums]


class WholeTable(Protocol):
    """All rows of a table of which only some are here."""

    @property
    def rows(self) -> int:
        """How many there are, with those whose outcome is not known."""

    def coded(self, layout: ColumnTransformer) -> AbstractContextManager[CodedElsewhere]:
        """Code the rows by a fitted layout, for as long as the block lasts."""


@dataclass
class DistantRows:
    """What `solve` asks of rows, for those that lie elsewhere: in the place of scores stand the steps.

    Scores are linear in the steps, so the same sums and differences are taken of the steps themselves.

    Attributes
    ----------
    part : Rows
        Rows that are here, counted so that they stand for all.
    elsewhere : CodedElsewhere
    """

    part: Rows
    elsewhere: CodedElsewhere
    _last: tuple[bytes, BlockSums] | None = field(default=None, init=False)

    @classmethod
    def of(cls, here: Rows, elsewhere: CodedElsewhere) -> DistantRows:
        """Let rows that are here, or some of them, stand for all."""
        some = replace(here, part=None).some(part_size(elsewhere.rows, here.X.shape[1]))
        counts = np.ones(len(some.sign)) if some.counts is None else some.counts
        return cls(replace(some, counts=counts * (elsewhere.rows / counts.sum())), elsewhere)

    @property
    def bounded(self) -> BoolArray:
        """Which steps may not be negative, shape (p + 1,)."""
        return self.part.bounded

    def scores(self, steps: FloatArray) -> FloatArray:
        """Return the steps."""
        return steps

    def gradient(self, score: FloatArray) -> FloatArray:
        """Return the gradient of the likelihood in the steps, shape (p + 1,)."""
        return self._in_steps(self._at(score).gradient)

    def hessian(self, score: FloatArray) -> FloatArray:
        """Return the likelihood's Hessian in the steps, shape (p + 1, p + 1)."""
        found = self._at(score, hessian=True).hessian
        assert found is not None  # noqa: S101 - it was asked for
        return found if self.part.weights is None else self.part.weights.T @ found @ self.part.weights

    def loss(self, score: FloatArray) -> float:
        """Return the log loss, summed over the rows, in nats."""
        return self._at(score).loss

    def penalty(self, C: float) -> FloatArray:
        """Return the matrix of the quadratic penalty on the steps, shape (p + 1, p + 1)."""
        return self.part.penalty(C)

    def steps_of(self, weights: FloatArray) -> FloatArray:
        """Return the steps that weights are sums of."""
        return self.part.steps_of(weights)

    def weights_of(self, steps: FloatArray) -> FloatArray:
        """Return the weights that are the sums of steps."""
        return self.part.weights_of(steps)

    def _in_steps(self, sums: FloatArray) -> FloatArray:
        return sums if self.part.weights is None else self.part.weights.T @ sums

    def _at(self, steps: FloatArray, *, hessian: bool = False) -> BlockSums:
        """Return the sums at some steps; those that were asked for last are kept."""
        key = steps.tobytes()
        if self._last is None or self._last[0] != key or (hessian and self._last[1].hessian is None):
            self._last = (key, self.elsewhere.sums(self.weights_of(steps), hessian))
        return self._last[1]
