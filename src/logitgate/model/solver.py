"""Newton's method for a penalised logistic regression, for the many fits of a search.

The gradient is exact to float64 and alone decides where it ends. The Hessian, which takes nearly all of
the time, is summed in float32: that changes the way to the maximum and not the maximum. Where rounding has
spoiled it, it is summed again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit

from ..decision.expressions import FloatArray

_GAIN = 1e-7
_STEPS = 100
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to fit: the design matrix with a last column of ones, also in float32, and the outcomes."""

    X: FloatArray
    narrow: NDArray[np.float32]
    sign: FloatArray
    """1 for an event, -1 for none."""

    @classmethod
    def of(cls, X: FloatArray, y: NDArray[np.integer]) -> Rows:
        """Prepare a matrix of shape (n, p) and outcomes of 0 and 1."""
        whole = np.column_stack((X, np.ones(len(X))))
        return cls(whole, whole.astype(np.float32), np.where(np.asarray(y, dtype=bool), 1.0, -1.0))


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the method ended."""

    weights: FloatArray
    """Coefficients, and last the intercept; shape (p + 1,)."""
    steps: int
    failure: str | None
    """Why it is no maximum."""


def solve(rows: Rows, C: float, start: FloatArray) -> Solution:
    """Maximise the likelihood less half the squared coefficients over C; the intercept is free.

    It ends when a whole step would gain less than 1e-7 of total log-likelihood (half the Newton decrement;
    Boyd, Vandenberghe 2004, 9.5.1).

    Parameters
    ----------
    rows : Rows
    C : float
        Inverse strength of the penalty, finite.
    start : array of shape (p + 1,)
        Such as the solution of a stronger penalty.

    Examples
    --------
    >>> rows = Rows.of(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 1, 1]))
    >>> solve(rows, 1.0, np.zeros(2)).weights.round(4).tolist()
    [0.4215, 0.899]
    """
    weights, ridge = start, np.full(len(start), 1 / C)
    ridge[-1] = 0.0
    now = _objective(rows, weights, ridge)
    for steps in range(1, _STEPS + 1):
        chance = expit(-rows.sign * (rows.X @ weights))
        gradient = ridge * weights - rows.X.T @ (rows.sign * chance)
        step = _step(rows, chance * (1 - chance), ridge, gradient)
        if step is None:
            return Solution(weights, steps, "the Hessian is singular or ill-conditioned")
        gain = float(gradient @ step) / 2
        for _ in range(_HALVINGS):
            then = _objective(rows, weights - step, ridge)
            if then <= now or gain < _GAIN:
                break
            step = step / 2
        else:
            break
        weights, now = weights - step, then
        if gain < _GAIN:
            return Solution(weights, steps, None)
    return Solution(weights, steps, "the solver did not converge")


def _objective(rows: Rows, weights: FloatArray, ridge: FloatArray) -> float:
    losses = np.logaddexp(0.0, -rows.sign * (rows.X @ weights))
    return float(losses.sum() + (ridge * weights**2).sum() / 2)


def _step(rows: Rows, curvature: FloatArray, ridge: FloatArray, gradient: FloatArray) -> FloatArray | None:
    root = np.sqrt(curvature)
    for X, own in ((rows.narrow, root.astype(np.float32)), (rows.X, root)):
        scaled = X * own[:, None]
        hessian = np.asarray(scaled.T @ scaled, dtype=np.float64)
        hessian[np.diag_indices_from(hessian)] += ridge
        try:
            step = np.asarray(cho_solve(cho_factor(hessian), gradient), dtype=np.float64)
        except (LinAlgError, ValueError):
            continue
        if np.isfinite(step).all():
            return step
    return None
