"""Choose a form and a penalty by cross-validated log loss, the simplest that is as good as the best.

"As good" is the one-standard-error rule (Breiman et al. 1984) on paired rows: the mean difference
between a candidate's and the best one's log loss, on the same judged rows, is at most its own
standard error. The unpaired error would be mostly what all candidates share, above all a base rate
that moves from fold to fold, and would wave through clearly worse models.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import LinAlgWarning
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from .design import blocks
from .errors import FitError
from .expressions import FloatArray
from .fit import Choice, converging, regression, what_failed
from .folds import Fold, Folds
from .intervals import NAN, Means
from .learnable import refuse_unlearnable
from .project import Features, Form, Search

_THREADS = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """What cross-validation found about one choice; NaN throughout where it failed."""

    choice: Choice
    log_loss: float
    """Mean over the judged rows, in nats."""
    error: float
    """Its standard error, from the clusters where there are any."""
    behind: float
    """Mean log loss above the best candidate's on the same rows."""
    behind_error: float
    """The standard error of that difference."""
    n_features: int
    """Columns of the widest fold's design matrix."""
    iterations: int
    """Newton steps, over all folds."""
    failure: str | None
    """Why there is no figure, naming the fold."""

    @property
    def as_good_as_best(self) -> bool:
        """Whether it lies within one standard error of the best."""
        return self.behind <= self.behind_error or self.behind == 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """All candidates, from simple to complex, and the two that count."""

    candidates: tuple[Candidate, ...]
    best: Candidate
    """The lowest log loss."""
    chosen: Candidate
    """The simplest that is as good."""
    _trials: tuple[_Trial, ...] = field(repr=False, compare=False)
    _cluster: NDArray[np.integer] | None = field(repr=False, compare=False)

    def among(self, forms: Collection[Form]) -> SearchResult:
        """Return the result of the same search, had it tried only these forms.

        Raises
        ------
        FitError
            When none of their candidates converged.
        """
        return _result(tuple(trial for trial in self._trials if trial.choice.form in forms), self._cluster)


@dataclass(frozen=True, slots=True)
class _Trial:
    """The judged rows' log losses of one choice, in fold order; empty where it failed."""

    choice: Choice
    losses: FloatArray
    n_features: int
    iterations: int
    failure: str | None


_Matrices: TypeAlias = tuple[FloatArray, FloatArray]


def search(
    X: pd.DataFrame, y: NDArray[np.integer], folds: Folds, features: Features, choices: Search
) -> SearchResult:
    """Judge every form with every C by cross-validated log loss.

    Each block of a fold's design matrix is built once and shared by the forms; C is followed from
    the strongest penalty to the weakest, each fit starting where the last one ended. Two folds at a
    time, one BLAS thread each; the result is the same bit for bit every time.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        Training rows, with the feature columns; in time order if the folds are.
    y : int array of shape (n,)
        0 or 1.
    folds : Folds
        Over these rows.
    features : Features
    choices : Search

    Returns
    -------
    SearchResult
        A candidate that did not converge in some fold is recorded as failed and cannot win.

    Raises
    ------
    DataError, FitError
        When nothing can be learned from the rows; see `refuse_unlearnable`.
    FitError
        When all candidates failed.
    """
    refuse_unlearnable(X, y, features, choices)
    largest_first = sorted(range(len(folds.parts)), key=lambda number: -len(folds.parts[number].train))
    with threadpool_limits(1), converging("search"), ThreadPoolExecutor(_THREADS) as pool:
        found = dict(
            zip(
                largest_first,
                pool.map(lambda number: _try_fold(X, y, folds.parts[number], features, choices), largest_first),
                strict=True,
            )
        )
    by_fold = [found[number] for number in range(len(folds.parts))]
    judged = np.concatenate([part.judged for part in folds.parts])
    cluster = None if folds.cluster is None else folds.cluster[judged]
    return _result(tuple(_joined(trials) for trials in zip(*by_fold, strict=True)), cluster)


def _try_fold(
    X: pd.DataFrame, y: NDArray[np.integer], fold: Fold, features: Features, choices: Search
) -> list[_Trial]:
    """Try every choice on one fold, form by form."""
    learned, judged = X.iloc[fold.train], X.iloc[fold.judged]
    built: dict[str, _Matrices | str] = {}
    trials = []
    for form in choices.forms:
        parts = []
        for name, transformer, columns in blocks(form, features, choices, learned):
            if name not in built:
                built[name] = _matrices(transformer, learned[columns], judged[columns])
            parts.append(built[name])
        trials += _try_form(form, parts, (y[fold.train], y[fold.judged]), choices)
    return trials


def _matrices(transformer: Any, learned: pd.DataFrame, judged: pd.DataFrame) -> _Matrices | str:
    """Fit a block to the learned rows and apply it to both; a reason where it cannot be fitted."""
    try:
        return _dense(transformer.fit_transform(learned)), _dense(transformer.transform(judged))
    except ValueError as error:
        return str(error)


def _dense(matrix: Any) -> FloatArray:
    return np.asarray(matrix.toarray() if issparse(matrix) else matrix, dtype=np.float64)


def _try_form(
    form: Form,
    parts: list[_Matrices | str],
    outcome: tuple[NDArray[np.integer], NDArray[np.integer]],
    choices: Search,
) -> list[_Trial]:
    """Follow C from the strongest penalty to the weakest on one design matrix."""
    rising = sorted(set(choices.C))
    broken = next((part for part in parts if isinstance(part, str)), None)
    if broken is not None:
        return [_Trial(Choice(form, C), np.empty(0), 0, 0, broken) for C in rising]
    sound = [part for part in parts if not isinstance(part, str)]
    learned, judged = (np.hstack([part[side] for part in sound]) for side in (0, 1))
    model = regression(rising[0]).set_params(warm_start=True)
    trials = []
    for C in rising:
        choice = Choice(form, C)
        try:
            model.set_params(C=C).fit(learned, outcome[0])
        except (ConvergenceWarning, LinAlgWarning) as warning:
            trials.append(_Trial(choice, np.empty(0), learned.shape[1], 0, what_failed(warning)))
            continue
        losses = _log_losses(outcome[1], model.decision_function(judged))
        trials.append(_Trial(choice, losses, learned.shape[1], int(model.n_iter_[0]), None))
    return trials


def _log_losses(y: NDArray[np.integer], log_odds: FloatArray) -> FloatArray:
    """Return -log P(y) of each row, exact far out where probabilities round to 0 or 1."""
    return np.asarray(np.logaddexp(0.0, np.where(np.asarray(y, dtype=bool), -log_odds, log_odds)))


def _joined(trials: tuple[_Trial, ...]) -> _Trial:
    """Join the folds of one choice; one failed fold fails it."""
    widest = max(trial.n_features for trial in trials)
    steps = sum(trial.iterations for trial in trials)
    for number, trial in enumerate(trials, start=1):
        if trial.failure is not None:
            return _Trial(trial.choice, np.empty(0), widest, steps, f"fold {number}: {trial.failure}")
    return _Trial(trials[0].choice, np.concatenate([trial.losses for trial in trials]), widest, steps, None)


def _result(trials: tuple[_Trial, ...], cluster: NDArray[np.integer] | None) -> SearchResult:
    means = [float(trial.losses.mean()) for trial in trials if trial.failure is None]
    if not means:
        reasons = "; ".join(sorted({str(trial.failure) for trial in trials}))
        raise FitError("search", f"none of {len(trials)} candidates could be fitted ({reasons})", "lower search.C")
    best = [trial for trial in trials if trial.failure is None][int(np.argmin(means))]
    candidates = tuple(_candidate(trial, best, cluster) for trial in trials)
    return SearchResult(
        candidates,
        best=next(one for one in candidates if one.choice == best.choice),
        chosen=next(one for one in candidates if one.as_good_as_best),
        _trials=trials,
        _cluster=cluster,
    )


def _candidate(trial: _Trial, best: _Trial, cluster: NDArray[np.integer] | None) -> Candidate:
    if trial.failure is not None:
        return Candidate(trial.choice, NAN, NAN, NAN, NAN, trial.n_features, trial.iterations, trial.failure)
    own, paired = (_mean(losses, cluster) for losses in (trial.losses, trial.losses - best.losses))
    return Candidate(trial.choice, *own, *paired, trial.n_features, trial.iterations, None)


def _mean(losses: FloatArray, cluster: NDArray[np.integer] | None) -> tuple[float, float]:
    means = Means.of(losses, np.zeros(len(losses), dtype=np.int64), 1, cluster)
    return float(means.mean[0]), float(means.error[0])
