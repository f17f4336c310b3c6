"""Newton's method for a penalised logistic regression, on codes: for a search's many fits and for final ones.

Summing the Hessian takes most of the time, so an old one is used, corrected by the gradients, as long as that
leads on; of many rows it is that of some, drawn by their leverage. The gradient is exact and alone decides
where it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...evaluation.probabilities.cox import chances, softplus
from ..design.coded import CodedMatrix
from ..design.signs import Limits
from .leverage import drawn
from .quadratic import Quadratic

_WITHIN = 1e-9
_ROUNDING = 1e-7
"""Nats, or share of fewer than one nat, below which rounding may hide what a step gains."""
_STEPS = 100
_HALVINGS = 30
_LAST = 3
"""Steps whose mean gain tells the pace."""
_PACE = (1e-4, 6)
"""Share of the gain within which a method with an old Hessian ends, and steps that a new one is worth."""
LARGE = 10_000
"""Rows above which the Hessian is that of some of them."""
_PART, _PER_COLUMN, _ONE_IN = 4_096, 30, 16
"""How many those are at least, for each column, and of all."""
_ROUGH = 1.0
"""Nats within which those rows are fitted, where the fit of all begins."""
_POOR = 0.05
"""Share of the last gain above which, at larger gains than that, their Hessian is summed again."""
_PACE_OF_PART = (0.1, 30)
"""The same where the Hessian is that of some rows: a step by it leaves some hundredths of its gain."""


def part_size(rows: int, columns: int) -> int:
    """Return how many rows of many have nearly the Hessian of all."""
    return max(_PART, _PER_COLUMN * (columns + 1), rows // _ONE_IN)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to fit, and the limits within which their weights must stay.

    Attributes
    ----------
    X : CodedMatrix of n rows and p columns
    sign : array of shape (n,)
        1 for an event, -1 for none.
    weights : array of shape (p + 1, p + 1), or None
        From the steps to the weights; None where they are the same.
    bounded : bool array of shape (p + 1,)
        Which steps may not be negative.
    counts : array of shape (n,), or None
        How many rows each stands for; None for one.
    part : Rows, or None
        Some of many rows, which stand for all.
    """

    X: CodedMatrix
    sign: FloatArray
    weights: FloatArray | None
    bounded: BoolArray
    counts: FloatArray | None = None
    part: Rows | None = None

    @classmethod
    def of(cls, X: CodedMatrix | FloatArray, y: NDArray[np.integer], limits: Limits | None = None) -> Rows:
        """Prepare a matrix of shape (n, p), outcomes of 0 and 1, and limits on the weights."""
        coded = X if isinstance(X, CodedMatrix) else CodedMatrix.of_dense(X)
        weights, bounded = None, np.zeros(coded.shape[1] + 1, dtype=bool)
        if limits is not None and limits.bounded.any():
            weights, bounded[:-1] = np.eye(len(bounded)), limits.bounded
            weights[:-1, :-1] = np.linalg.inv(limits.differences)
        sign = np.where(np.asarray(y, dtype=bool), 1.0, -1.0)
        size, every = part_size(*coded.shape), cls(coded, sign, weights, bounded)
        if len(sign) <= max(LARGE, 2 * size):
            return every
        return replace(every, X=coded.for_many_sums(), part=every.some(size))

    def some(self, size: int) -> Rows:
        """Return about so many rows, each counted for those it stands for; all where they are not more."""
        if size >= len(self.sign):
            return self
        rows, counts = drawn(self.X, size)
        return replace(self, X=self.X.take(rows), sign=self.sign[rows], counts=counts)

    def scores(self, steps: FloatArray) -> FloatArray:
        """Return each row's score at p + 1 steps, shape (n,)."""
        return self.X.scores(self.weights_of(steps))

    def gradient(self, score: FloatArray) -> FloatArray:
        """Return the gradient of the likelihood in the steps where rows have these scores, shape (p + 1,)."""
        found = self.X.sums(self._counted(self.sign * chances(-self.sign * score)))
        return found if self.weights is None else self.weights.T @ found

    def hessian(self, score: FloatArray) -> FloatArray:
        """Return the likelihood's Hessian in the steps, shape (p + 1, p + 1)."""
        chance = chances(-self.sign * score)
        found = self.X.hessian(self._counted(chance * (1 - chance)))
        return found if self.weights is None else self.weights.T @ found @ self.weights

    def loss(self, score: FloatArray) -> float:
        """Return the log loss, summed over the rows, in nats."""
        return float(self._counted(softplus(-self.sign * score)).sum())

    def _counted(self, values: FloatArray) -> FloatArray:
        return values if self.counts is None else values * self.counts

    def penalty(self, C: float) -> FloatArray:
        """Return the matrix of the quadratic penalty on the steps, shape (p + 1, p + 1)."""
        ridge = np.diag(np.append(np.full(self.X.shape[1], 1 / C), 0.0))
        return ridge if self.weights is None else self.weights.T @ ridge @ self.weights

    def steps_of(self, weights: FloatArray) -> FloatArray:
        """Return the steps that weights are sums of; those below a bound are raised to it."""
        steps = weights if self.weights is None else np.linalg.solve(self.weights, weights)
        return np.where(self.bounded, np.maximum(steps, 0.0), steps)

    def weights_of(self, steps: FloatArray) -> FloatArray:
        """Return the weights that are the sums of steps."""
        return steps if self.weights is None else self.weights @ steps


class Likelihood(Protocol):
    """What the method asks of rows: those of `Rows`, or rows that lie elsewhere (`distant`)."""

    @property
    def part(self) -> Rows | None:
        """Some of many rows, which stand for all."""

    @property
    def bounded(self) -> BoolArray:
        """Which steps may not be negative, shape (p + 1,)."""

    def scores(self, steps: FloatArray) -> FloatArray:
        """Return what stands for each row's score: it is linear in the steps."""

    def gradient(self, score: FloatArray) -> FloatArray:
        """Return the gradient of the likelihood in the steps, shape (p + 1,)."""

    def hessian(self, score: FloatArray) -> FloatArray:
        """Return the likelihood's Hessian in the steps, shape (p + 1, p + 1)."""

    def loss(self, score: FloatArray) -> float:
        """Return the log loss, summed over the rows, in nats."""

    def penalty(self, C: float) -> FloatArray:
        """Return the matrix of the quadratic penalty on the steps, shape (p + 1, p + 1)."""

    def steps_of(self, weights: FloatArray) -> FloatArray:
        """Return the steps that weights are sums of."""

    def weights_of(self, steps: FloatArray) -> FloatArray:
        """Return the weights that are the sums of steps."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the method ended."""

    weights: FloatArray
    """Coefficients, and last the intercept; shape (p + 1,)."""
    steps: int
    failure: str | None
    """Why it is no maximum."""
    hessian: FloatArray | None = None
    """Of the likelihood in the steps, nearly: a start at another penalty."""


def beginning(y: NDArray[np.integer], columns: int) -> FloatArray:
    """Return where a fit of so many columns to outcomes begins: at the best intercept, shape (p + 1,)."""
    weights = np.zeros(columns + 1)
    rate = float(np.mean(y))
    if 0 < rate < 1:
        weights[-1] = np.log(rate / (1 - rate))
    return weights


def solve(
    rows: Likelihood, C: float, start: FloatArray, within: float = _WITHIN, hessian: FloatArray | None = None
) -> Solution:
    """Maximise the likelihood less half the squared coefficients over C; the intercept is free.

    Each step leads to the maximum of a quadratic model within the limits. The method ends when a whole step
    gains less than `within` of total log-likelihood (half the Newton decrement; Boyd, Vandenberghe 2004,
    9.5.1), 1e-4 of it where the Hessian was summed elsewhere and a tenth of it where it is that of some rows;
    that step is still made. It ends as well where steps by a Hessian of all rows here gain no less than the
    last such step, and less than rounding may hide. At a limit the gradient does not vanish, but no step
    within the limits gains anything (Karush, Kuhn, Tucker).

    Parameters
    ----------
    rows : Rows, or other Likelihood
    C : float
        Inverse strength of the penalty.
    start : array of shape (p + 1,)
        Such as the solution of a stronger penalty.
    within : float
        In nats.
    hessian : array of shape (p + 1, p + 1), optional
        Of a solution that is close.

    Examples
    --------
    >>> rows = Rows.of(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 1, 1]))
    >>> solve(rows, 1.0, np.zeros(2)).weights.round(4).tolist()
    [0.4215, 0.899]
    """
    part, (share, worth) = rows.part, _PACE if rows.part is None else _PACE_OF_PART
    if part is not None and hessian is None:
        rough = solve(part, C, start, _ROUGH)
        start, hessian = rough.weights, rough.hessian
    at, penalty = rows.steps_of(start), rows.penalty(C)
    model = None if hessian is None else Quadratic.of(hessian + penalty, rows.bounded, is_old=True)
    score, exact, gains = rows.scores(at), np.inf, [np.inf]
    now = _objective(rows, score, at, penalty)
    for steps in range(1, _STEPS + 1):
        gradient = penalty @ at - rows.gradient(score)
        model, step, expected = _moved(model, at, gradient)
        if part is not None and expected > max(_ROUGH, _POOR * gains[-1]):
            hessian = part.hessian(part.scores(at))
            model = Quadratic.of(hessian + penalty, rows.bounded, is_old=True)
            model, step, expected = _moved(model, at, gradient)
        if model is None or (model.is_old and _is_slow(expected, gains, share * within, worth)):
            hessian = rows.hessian(score)
            model = Quadratic.of(hessian + penalty, rows.bounded, is_old=False)
            step, gains = None if model is None else model.step(at, gradient), [np.inf]
        if model is None or step is None:
            return Solution(rows.weights_of(at), steps, "the Hessian is singular or ill-conditioned")
        gain = float(gradient @ step) / 2
        if gain < (share * within if model.is_old else within):  # too little to look at what it leads to
            return Solution(rows.weights_of(at - step), steps, None, model.corrected - penalty)
        hidden = _ROUNDING * min(1.0, now)
        if not model.is_old:
            if exact / 2 < gain < hidden:  # the last whole step gained nothing but rounding
                return Solution(rows.weights_of(at), steps, None, model.corrected - penalty)
            exact = gain
        there = _shortened(rows, (at, score), step, penalty, np.inf if gain < hidden else now)
        if there is None:
            break
        at, score, now = there
        gains.append(gain)
    return Solution(rows.weights_of(at), steps, "the solver did not converge")


def _shortened(
    rows: Likelihood, here: tuple[FloatArray, FloatArray], step: FloatArray, penalty: FloatArray, most: float
) -> tuple[FloatArray, FloatArray, float] | None:
    """Halve a step from weights and scores until the objective is at most this; return all three there."""
    (at, score), along = here, rows.scores(step)
    for _ in range(_HALVINGS):
        then = _objective(rows, score - along, at - step, penalty)
        if then <= most:
            return at - step, score - along, then
        step, along = step / 2, along / 2
    return None


def _moved(
    model: Quadratic | None, at: FloatArray, gradient: FloatArray
) -> tuple[Quadratic | None, FloatArray | None, float]:
    """Return the model with the gradient at another place, its step from there, and what it would gain."""
    model = None if model is None else model.moved(at, gradient)
    step = None if model is None else model.step(at, gradient)
    return model, step, np.nan if step is None else float(gradient @ step) / 2


def _objective(rows: Likelihood, score: FloatArray, at: FloatArray, penalty: FloatArray) -> float:
    return rows.loss(score) + float(at @ penalty @ at / 2)


def _is_slow(gain: float, gains: list[float], least: float, worth: int) -> bool:
    """Whether an old Hessian leads nowhere, or takes more steps to the end than a new one is worth.

    One step says little: those of a quasi-Newton method that learn a new direction gain less than the others.
    """
    if not 0 <= gain < gains[-1]:
        return True
    last = [one for one in gains[-_LAST:] if np.isfinite(one)]
    return bool(last) and gain * (gain / last[0]) ** (worth / len(last)) > least
