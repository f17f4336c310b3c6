"""Fit a penalised logistic model, or say which rows, columns or figures stand against it.

The maximum of the penalised likelihood always exists, so perfect separation shows itself in what
the penalty leaves: it is refused where one feature alone separates the classes (see `learnable`),
where nothing but rounding keeps the fitted probabilities from 0 and 1, and, in an unpenalised fit,
wherever no maximum exists (Albert, Anderson 1984), which a linear programme decides (Konis 2007).
Many features that separate few rows between them under a working penalty are not an error: the
estimate is finite, and cross-validation and recalibration judge what it is worth.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning
from scipy.optimize import linprog
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from ...decision.expressions import FloatArray
from ...errors import FitError
from ...project.data import FeaturesConfig
from ...project.search import Form, Search
from ..design.learnable import refuse_unlearnable
from ..design.matrix import design, source_of
from ..design.signs import FREE, Limits, Signs
from .solver import Rows, solve

_CERTAIN = 1e-6
_WORST_CONDITION = 1e12
_PRECISE = 1e-14
"""Nats within which a fit with signs ends: rounding alone, as in a free one."""
_SHOWN = 5
_REMEDY = "lower C or drop features that repeat others"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search chooses: a form of the design matrix and the inverse strength of the penalty."""

    form: Form
    C: float

    def __str__(self) -> str:
        """Return the form and C as a line of a table."""
        return f"{self.form}, C = {self.C:g}"


def fit(  # noqa: PLR0913 - rows, what is chosen and what is declared about them
    choice: Choice,
    X: pd.DataFrame,
    y: NDArray[np.integer],
    features: FeaturesConfig,
    search: Search,
    *,
    signs: Signs = FREE,
) -> Pipeline:
    """Fit a logistic model to training rows.

    Where the free fit already goes the declared ways, it is the result.

    Parameters
    ----------
    choice : Choice
        Form and C; an infinite C is an unpenalised fit.
    X : DataFrame of shape (n, ...)
    y : int array of shape (n,)
        0 or 1.
    features : FeaturesConfig
    search : Search
        For knots, interactions and how levels are pooled.
    signs : mapping of feature to "positive" or "negative"
        Which way the effects of these features must go; see `signs`.

    Returns
    -------
    Pipeline
        With the steps `design` (ColumnTransformer) and `model` (LogisticRegression).

    Raises
    ------
    DataError
        When nothing can be learned from the rows; see `refuse_unlearnable`.
    FitError
        When the classes are separated, the solver does not converge or the Hessian is
        ill-conditioned.
    """
    refuse_unlearnable(X, y, features, search)
    rows = X[list(features.all)]
    layout = design(choice.form, features, search, rows, signs)
    model = regression(choice.C)
    with converging(f"model {choice}"):
        matrix = layout.fit_transform(rows)
        if np.isinf(choice.C):
            _refuse_unbounded(layout, matrix, y)
        model.fit(matrix, y)
    impose(Limits.of(layout, signs), model, matrix, y)
    _refuse_certain(model, matrix, y)
    _refuse_ill_conditioned(model, matrix)
    return Pipeline([("design", layout), ("model", model)])


def regression(C: float) -> LogisticRegression:
    """Return an unfitted regression that is solved tightly enough for rare levels.

    scikit-learn's own tolerance of 1e-4 leaves the coefficients of rare levels off by 1 to 3.
    """
    return LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10, max_iter=100)


def impose(limits: Limits, model: LogisticRegression, matrix: FloatArray, y: NDArray[np.integer]) -> None:
    """Move the weights of a fitted regression to the best ones within limits; none moves if they hold.

    Raises
    ------
    FitError
        When the solver does not get there.
    """
    if limits.hold(model.coef_[0]):
        return
    free = np.append(model.coef_[0], model.intercept_)
    found = solve(Rows.of(matrix, y, limits), model.C, free, _PRECISE)
    if found.failure is not None:
        raise FitError(f"model with C = {model.C:g} and declared signs", found.failure, _REMEDY)
    model.coef_, model.intercept_ = found.weights[None, :-1], found.weights[-1:]


@contextmanager
def converging(subject: str) -> Iterator[None]:
    """Turn the solver's warnings into FitError. Enter it once around threads, never inside one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("error", LinAlgWarning)
        try:
            yield
        except (ConvergenceWarning, LinAlgWarning) as warning:
            raise FitError(subject, _what_failed(warning), _REMEDY) from warning


def _what_failed(warning: Warning) -> str:
    """Say in one line why the solver gave up."""
    if isinstance(warning, LinAlgWarning):
        return "the Hessian is singular or ill-conditioned"
    return "the solver did not converge"


def _refuse_unbounded(layout: ColumnTransformer, matrix: FloatArray, y: NDArray[np.integer]) -> None:
    """Refuse rows whose likelihood has no maximum: some direction separates them, at least in part.

    Maximise the sum of the signed scores over directions that put no row on the wrong side; it is
    zero unless the classes are separated.
    """
    sign = np.where(np.asarray(y, dtype=bool), 1.0, -1.0)
    signed = sign[:, None] * np.column_stack((matrix, np.ones(len(y))))
    found = linprog(-signed.mean(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=(-1, 1), method="highs")
    if found.x is None or found.fun is None or found.fun >= -_CERTAIN:
        return
    used = np.flatnonzero(np.abs(found.x[:-1]) > _CERTAIN)
    sources = source_of(layout)
    names = list(dict.fromkeys(name for place in used for name in sources[place]))
    raise FitError(
        f"features {_few(names)}",
        f"together they separate classes in the {len(y)} training rows, so no unpenalised fit exists",
        "give a finite C or drop what is only known after the outcome",
    )


def _few(names: list[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _refuse_certain(model: LogisticRegression, matrix: FloatArray, y: NDArray[np.integer]) -> None:
    residual = np.abs(y - expit(model.decision_function(matrix)))
    if float(residual.max()) < _CERTAIN:
        raise FitError(
            "the features together",
            f"all {len(y)} fitted probabilities lie within {_CERTAIN:g} of the outcome: perfect separation",
            "lower C or drop what is only known after the outcome",
        )


def _refuse_ill_conditioned(model: LogisticRegression, matrix: FloatArray) -> None:
    condition = condition_number(model, matrix)
    if not condition < _WORST_CONDITION:
        raise FitError(
            f"model with C = {model.C:g}",
            f"its Hessian has condition number {condition:.1e}, above {_WORST_CONDITION:.0e}",
            _REMEDY,
        )


def condition_number(model: LogisticRegression, matrix: FloatArray) -> float:
    """Return the ratio of the largest to the smallest eigenvalue of the penalised Hessian.

    Parameters
    ----------
    model : LogisticRegression
        Fitted to `matrix`.
    matrix : array of shape (n, p)

    Returns
    -------
    float
        Infinite where an eigenvalue is not positive.
    """
    fitted = expit(model.decision_function(matrix))
    weight = fitted * (1 - fitted)
    hessian = np.empty((matrix.shape[1] + 1,) * 2)
    hessian[:-1, :-1] = matrix.T @ (weight[:, None] * matrix)
    hessian[-1, :-1] = hessian[:-1, -1] = weight @ matrix
    hessian[-1, -1] = weight.sum()
    hessian[np.arange(len(hessian) - 1), np.arange(len(hessian) - 1)] += 1 / model.C
    eigenvalues = np.linalg.eigvalsh(hessian)
    return float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else float("inf")
