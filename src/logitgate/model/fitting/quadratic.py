"""A quadratic model of a penalised likelihood: where its minimum lies, also within limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import nnls

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray

_Factor: TypeAlias = tuple[FloatArray, bool]
"""A Cholesky factor, as `cho_factor` returns it."""


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A Hessian, and how the gradient has changed since it was summed.

    Attributes
    ----------
    hessian : array of shape (p, p)
        Penalty included.
    bounded : bool array of shape (p,)
        Which entries may not be negative.
    factor : Cholesky factor, or None where something is bounded
    is_old : bool
        Whether the Hessian was summed elsewhere.
    changes : tuple of pairs of arrays of shape (p,)
        Steps, and the changes of the gradient along them; where something is bounded the Hessian has them.
    last : pair of arrays of shape (p,), or None
        Where the model was asked last, and the gradient there.
    """

    hessian: FloatArray
    bounded: BoolArray
    factor: _Factor | None
    is_old: bool
    changes: tuple[tuple[FloatArray, FloatArray], ...] = ()
    last: tuple[FloatArray, FloatArray] | None = None

    @classmethod
    def of(cls, hessian: FloatArray, bounded: BoolArray, *, is_old: bool) -> Quadratic | None:
        """Factor a Hessian; None where it is singular."""
        try:
            factor = None if bounded.any() else cho_factor(hessian)
        except (LinAlgError, ValueError):
            return None
        return cls(hessian, bounded, factor, is_old)

    def moved(self, at: FloatArray, gradient: FloatArray) -> Quadratic:
        """Take note of the gradient at another place, shapes (p,)."""
        if self.last is None:
            return replace(self, last=(at, gradient))
        step, change = at - self.last[0], gradient - self.last[1]
        moved = replace(self, is_old=True, last=(at, gradient))
        if not float(step @ change) > 0:
            return moved
        if self.factor is None:
            return replace(moved, hessian=_corrected(self.hessian, step, change))
        return replace(moved, changes=(*self.changes, (step, change)))

    @property
    def corrected(self) -> FloatArray:
        """The Hessian, with what the changes of the gradient say of it."""
        found = self.hessian
        for step, change in self.changes:
            found = _corrected(found, step, change)
        return found

    def step(self, at: FloatArray, gradient: FloatArray) -> FloatArray | None:
        """Return the way down to the minimum within the limits, shape (p,); None where there is none."""
        try:
            step = (
                _within(self.hessian, self.bounded, at, gradient)
                if self.factor is None
                else self._free(gradient)
            )
        except (LinAlgError, ValueError, RuntimeError):
            return None
        return step if np.isfinite(step).all() else None

    def _free(self, gradient: FloatArray) -> FloatArray:
        """Return the step of L-BFGS that begins with the Hessian (Nocedal, Wright 2006, algorithm 7.4)."""
        assert self.factor is not None  # noqa: S101 - the caller looked
        rest, shares = gradient.copy(), []
        for step, change in reversed(self.changes):
            share = float(step @ rest) / float(step @ change)
            rest -= share * change
            shares.append(share)
        found = np.asarray(cho_solve(self.factor, rest), dtype=np.float64)
        for (step, change), share in zip(self.changes, reversed(shares), strict=True):
            found += step * (share - float(change @ found) / float(step @ change))
        return found


def _corrected(hessian: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return a Hessian that leads from a step to its change of the gradient (Nocedal, Wright 2006, 6.19)."""
    led = hessian @ step
    own = np.outer(led, led) / float(step @ led)
    return np.asarray(hessian + np.outer(change, change) / float(step @ change) - own)


def _within(hessian: FloatArray, bounded: BoolArray, at: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return the step down to the minimum of a quadratic model where the bounded entries are not negative.

    The free entries are eliminated (Schur complement) and the bounded ones found by non-negative least
    squares (Lawson, Hanson 1974), which ends at the exact minimum after finitely many exchanges.
    """
    pull = hessian @ at - gradient
    across, free = hessian[np.ix_(~bounded, bounded)], cho_factor(hessian[np.ix_(~bounded, ~bounded)])
    schur = hessian[np.ix_(bounded, bounded)] - across.T @ cho_solve(free, across)
    lower = cholesky(schur, lower=True)
    target = solve_triangular(lower, pull[bounded] - across.T @ cho_solve(free, pull[~bounded]), lower=True)
    there = np.empty(len(at))
    there[bounded] = nnls(lower.T, target)[0]
    there[~bounded] = cho_solve(free, pull[~bounded] - across @ there[bounded])
    return at - there
