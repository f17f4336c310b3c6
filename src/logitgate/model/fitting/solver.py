"""Newton's method for a penalised logistic regression: for a search's many fits, and within limits.

The gradient is exact to float64 and alone decides where it ends. The Hessian, which takes nearly all of
the time, is summed in float32: that changes the way to the maximum and not the maximum. Where rounding has
spoiled it, it is summed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import nnls
from scipy.special import expit

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ..design.signs import Limits

_GAIN = 1e-7
_STEPS = 100
_HALVINGS = 30

_Factor: TypeAlias = tuple[FloatArray, bool]
"""A Cholesky factor, as `cho_factor` returns it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to fit, and the limits within which their weights must stay.

    Attributes
    ----------
    X : array of shape (n, p + 1)
        A column for each step of the weights (each weight, where nothing is limited), and last one of ones.
    narrow : float32 array of shape (n, p + 1)
    sign : array of shape (n,)
        1 for an event, -1 for none.
    weights : array of shape (p + 1, p + 1), or None
        From the steps to the weights; None where they are the same.
    bounded : bool array of shape (p + 1,)
        Which steps may not be negative.
    """

    X: FloatArray
    narrow: NDArray[np.float32]
    sign: FloatArray
    weights: FloatArray | None
    bounded: BoolArray

    @classmethod
    def of(cls, X: FloatArray, y: NDArray[np.integer], limits: Limits | None = None) -> Rows:
        """Prepare a matrix of shape (n, p), outcomes of 0 and 1, and limits on the weights."""
        weights, bounded = None, np.zeros(X.shape[1] + 1, dtype=bool)
        if limits is not None and limits.bounded.any():
            weights, bounded[:-1] = np.eye(len(bounded)), limits.bounded
            weights[:-1, :-1] = np.linalg.inv(limits.differences)
            X = X @ weights[:-1, :-1]
        whole = np.column_stack((X, np.ones(len(X))))
        return cls(
            whole, whole.astype(np.float32), np.where(np.asarray(y, dtype=bool), 1.0, -1.0), weights, bounded
        )

    def penalty(self, C: float) -> FloatArray:
        """Return the matrix of the quadratic penalty on the steps, shape (p + 1, p + 1)."""
        ridge = np.diag(np.append(np.full(self.X.shape[1] - 1, 1 / C), 0.0))
        return ridge if self.weights is None else self.weights.T @ ridge @ self.weights

    def steps_of(self, weights: FloatArray) -> FloatArray:
        """Return the steps that weights are sums of; those below a bound are raised to it."""
        steps = weights if self.weights is None else np.linalg.solve(self.weights, weights)
        return np.where(self.bounded, np.maximum(steps, 0.0), steps)

    def weights_of(self, steps: FloatArray) -> FloatArray:
        """Return the weights that are the sums of steps."""
        return steps if self.weights is None else self.weights @ steps


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the method ended."""

    weights: FloatArray
    """Coefficients, and last the intercept; shape (p + 1,)."""
    steps: int
    failure: str | None
    """Why it is no maximum."""


def solve(rows: Rows, C: float, start: FloatArray, within: float = _GAIN) -> Solution:
    """Maximise the likelihood less half the squared coefficients over C; the intercept is free.

    Each step leads to the maximum of the quadratic model within the limits, which is Newton's step where
    nothing is limited. It ends when a whole step would gain less than `within` of total log-likelihood (half
    the Newton decrement; Boyd, Vandenberghe 2004, 9.5.1). At a limit the gradient does not vanish, but no
    step within the limits gains anything (Karush, Kuhn, Tucker).

    Parameters
    ----------
    rows : Rows
    C : float
        Inverse strength of the penalty.
    start : array of shape (p + 1,)
        Such as the solution of a stronger penalty.
    within : float
        In nats.

    Examples
    --------
    >>> rows = Rows.of(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 1, 1]))
    >>> solve(rows, 1.0, np.zeros(2)).weights.round(4).tolist()
    [0.4215, 0.899]
    """
    at, penalty = rows.steps_of(start), rows.penalty(C)
    score, before = rows.X @ at, None
    now = _objective(rows, score, at, penalty)
    for steps in range(1, _STEPS + 1):
        chance = expit(-rows.sign * score)
        gradient = penalty @ at - rows.X.T @ (rows.sign * chance)
        step = _last_step(before, gradient, within)
        if step is None:
            before, step = _step(rows, chance * (1 - chance), penalty, (at, gradient))
        if step is None:
            return Solution(rows.weights_of(at), steps, "the Hessian is singular or ill-conditioned")
        gain, along = float(gradient @ step) / 2, rows.X @ step
        for _ in range(_HALVINGS):
            then = _objective(rows, score - along, at - step, penalty)
            if then <= now or gain < _GAIN:
                break
            step, along = step / 2, along / 2
        else:
            break
        at, score, now = at - step, score - along, then
        if gain < within:
            return Solution(rows.weights_of(at), steps, None)
    return Solution(rows.weights_of(at), steps, "the solver did not converge")


def _objective(rows: Rows, score: FloatArray, at: FloatArray, penalty: FloatArray) -> float:
    losses = np.logaddexp(0.0, -rows.sign * score)
    return float(losses.sum() + at @ penalty @ at / 2)


def _last_step(before: _Factor | None, gradient: FloatArray, within: float) -> FloatArray | None:
    """Return the step by the Hessian before, where it gains so little that it is the last; else None.

    Close to the maximum the Hessian hardly changes, and summing it takes nearly all of the time.
    """
    if before is None:
        return None
    step = np.asarray(cho_solve(before, gradient), dtype=np.float64)
    return step if 0 <= float(gradient @ step) / 2 < within / 10 else None


def _step(
    rows: Rows, curvature: FloatArray, penalty: FloatArray, here: tuple[FloatArray, FloatArray]
) -> tuple[_Factor | None, FloatArray | None]:
    """Return the factor of the Hessian, where nothing is bounded, and the step; None where it is singular."""
    root = np.sqrt(curvature)
    for X, own in ((rows.narrow, root.astype(np.float32)), (rows.X, root)):
        scaled = X * own[:, None]
        hessian = np.asarray(scaled.T @ scaled, dtype=np.float64) + penalty
        try:
            factor = None if rows.bounded.any() else cho_factor(hessian)
            step = _within(hessian, rows.bounded, *here) if factor is None else cho_solve(factor, here[1])
        except (LinAlgError, ValueError, RuntimeError):
            continue
        if np.isfinite(step).all():
            return factor, np.asarray(step, dtype=np.float64)
    return None, None


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
