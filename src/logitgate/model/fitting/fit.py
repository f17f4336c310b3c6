"""Fit a penalised logistic model, or say which rows, columns or figures stand against it.

The maximum of the penalised likelihood always exists, so perfect separation shows itself in what
the penalty leaves: it is refused where one feature alone separates the classes (see `learnable`),
where nothing but rounding keeps the fitted probabilities from 0 and 1, and, in an unpenalised fit,
wherever no maximum exists (Albert, Anderson 1984), which a linear programme decides (Konis 2007).
Many features that separate few rows between them under a working penalty are not an error: the
estimate is finite, and cross-validation and recalibration judge what it is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from ...decision.expressions import FloatArray
from ...errors import FitError
from ...evaluation.probabilities.cox import chances
from ...project.data import FeaturesConfig
from ...project.search import Form, Search
from ..design.coded import CodedMatrix
from ..design.learnable import refuse_unlearnable
from ..design.matrix import fitted_design, source_of
from ..design.pooled import pooled
from ..design.signs import FREE, Limits, Signs
from .distant import CodedElsewhere, DistantRows, WholeTable
from .leverage import drawn
from .solver import LARGE, Likelihood, Rows, beginning, part_size, solve

_CERTAIN = 1e-6
_WORST_CONDITION = 1e12
_PRECISE = 1e-14
"""Nats within which a fit ends: rounding alone."""
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
    whole: WholeTable | None = None,
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
    whole : WholeTable, optional
        All rows, of which those at hand are a sample: the design is decided from the sample, the weights are
        those at the maximum over all.

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
    known = pooled(rows, features.numeric)
    layout = fitted_design(choice.form, features, search, rows, signs, known)
    matrix = CodedMatrix.of(layout, rows, known=known)
    if np.isinf(choice.C):
        _refuse_unbounded(layout, matrix.whole(), y)
    limits, subject = Limits.of(layout, signs), f"model {choice}"
    if whole is None:
        weights = fitted_weights(matrix, y, choice.C, limits, subject=subject)
    else:
        with whole.coded(layout) as elsewhere:
            weights = fitted_weights(matrix, y, choice.C, limits, subject=subject, elsewhere=elsewhere)
    _refuse_certain(matrix, weights, y)
    _refuse_ill_conditioned(matrix, weights, choice.C)
    return Pipeline([("design", layout), ("model", regression_of(choice.C, weights, y))])


def fitted_weights(  # noqa: PLR0913 - rows here and elsewhere, penalty and limits
    matrix: CodedMatrix,
    y: NDArray[np.integer],
    C: float,
    limits: Limits | None = None,
    *,
    subject: str,
    elsewhere: CodedElsewhere | None = None,
) -> FloatArray:
    """Return the weights at the maximum, the best within limits where the free ones do not keep them.

    Parameters
    ----------
    matrix : CodedMatrix of n rows and p columns
    y : int array of shape (n,)
        0 or 1.
    C : float
    limits : Limits, optional
        Of the p weights.
    subject : str
        What is fitted, for the error.
    elsewhere : CodedElsewhere, optional
        All rows, of which those of the matrix are some.

    Returns
    -------
    array of shape (p + 1,)
        The intercept is last.

    Raises
    ------
    FitError
        When the solver does not get there.
    """

    def rows(limits: Limits | None) -> Likelihood:
        here = Rows.of(matrix, y, limits)
        return here if elsewhere is None else DistantRows.of(here, elsewhere)

    free = _solved(rows(None), C, beginning(y, matrix.shape[1]), subject)
    if limits is None or limits.hold(free[:-1]):
        return free
    return _solved(rows(limits), C, free, f"{subject} and declared signs")


def _solved(rows: Likelihood, C: float, start: FloatArray, subject: str) -> FloatArray:
    with threadpool_limits(1):
        found = solve(rows, C, start, _PRECISE)
    if found.failure is not None:
        raise FitError(subject, found.failure, _REMEDY)
    return found.weights


def regression(C: float) -> LogisticRegression:
    """Return an unfitted regression that scikit-learn solves as tightly as it can.

    Its own tolerance of 1e-4 leaves the coefficients of rare levels off by 1 to 3.
    """
    return LogisticRegression(C=C, solver="newton-cholesky", tol=1e-14, max_iter=100)


def regression_of(C: float, weights: FloatArray, y: NDArray[np.integer]) -> LogisticRegression:
    """Return a regression with p + 1 weights, the intercept last, as one that was fitted to outcomes."""
    model = regression(C)
    model.coef_, model.intercept_ = weights[None, :-1].copy(), weights[-1:].copy()
    model.classes_, model.n_features_in_ = np.unique(y), len(weights) - 1
    return model


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


def _refuse_certain(matrix: CodedMatrix, weights: FloatArray, y: NDArray[np.integer]) -> None:
    residual = np.abs(y - chances(matrix.scores(weights)))
    if float(residual.max()) < _CERTAIN:
        raise FitError(
            "the features together",
            f"all {len(y)} fitted probabilities lie within {_CERTAIN:g} of the outcome: perfect separation",
            "lower C or drop what is only known after the outcome",
        )


def _refuse_ill_conditioned(matrix: CodedMatrix, weights: FloatArray, C: float) -> None:
    condition = condition_number(_hessian_nearly(matrix, weights, C))
    if not condition < _WORST_CONDITION:
        raise FitError(
            f"model with C = {C:g}",
            f"its Hessian has condition number {condition:.1e}, above {_WORST_CONDITION:.0e}",
            _REMEDY,
        )


def _hessian_nearly(matrix: CodedMatrix, weights: FloatArray, C: float) -> FloatArray:
    """Return `penalised_hessian`, of many rows as some of them have it that are drawn by leverage."""
    if matrix.shape[0] <= LARGE:
        return penalised_hessian(matrix, weights, C)
    rows, counts = drawn(matrix, part_size(*matrix.shape))
    return penalised_hessian(matrix.take(rows), weights, C, counts)


def penalised_hessian(
    matrix: CodedMatrix, weights: FloatArray, C: float, counts: FloatArray | None = None
) -> FloatArray:
    """Return X'WX + diag(1/C, ..., 1/C, 0) at p + 1 weights, W the variance of each row's outcome.

    Parameters
    ----------
    matrix : CodedMatrix of n rows and p columns
    weights : array of shape (p + 1,)
    C : float
    counts : array of shape (n,), optional
        How many rows each stands for.

    Returns
    -------
    array of shape (p + 1, p + 1)
        Of the penalised log loss, summed over the rows.
    """
    fitted = chances(matrix.scores(weights))
    curvature = fitted * (1 - fitted)
    hessian = matrix.hessian(curvature if counts is None else curvature * counts)
    columns = np.arange(len(weights) - 1)
    hessian[columns, columns] += 1 / C
    return hessian


def condition_number(hessian: FloatArray) -> float:
    """Return the ratio of the largest to the smallest eigenvalue; infinite where one is not positive."""
    eigenvalues = np.linalg.eigvalsh(hessian)
    return float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else float("inf")
