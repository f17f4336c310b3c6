"""Cross-validate every form with every C: the judged rows' log losses, before anything is chosen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from threadpoolctl import threadpool_limits

from ..data.folds import Fold, Folds
from ..decision.expressions import FloatArray
from ..project.data import FeaturesConfig
from ..project.search import Form, Search
from .design import Block, blocks
from .fit import Choice
from .signs import FREE, Limits, Signs
from .solver import Rows, solve

_THREADS = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """The judged rows' log losses of one choice, in fold order; empty where it failed."""

    choice: Choice
    losses: FloatArray
    n_features: int
    iterations: int
    failure: str | None


_Built: TypeAlias = tuple[FloatArray, FloatArray, Limits]
"""A block of the learned rows, the same of the judged ones, and the limits of its weights."""


def tried(  # noqa: PLR0913 - see `search`
    X: pd.DataFrame,
    y: NDArray[np.integer],
    folds: Folds,
    features: FeaturesConfig,
    choices: Search,
    *,
    signs: Signs = FREE,
) -> tuple[Trial, ...]:
    """Try every form with every C on all folds; see `search` for the parameters.

    Each block of a fold's design matrix is built once and shared by the forms; C is followed from
    the strongest penalty to the weakest, each fit starting where the last one ended. Two folds at a
    time, one BLAS thread each; the result is the same bit for bit every time.

    Returns
    -------
    tuple of Trial
        In the order of the forms, C rising.
    """
    X = _coded(X, features)
    largest_first = sorted(range(len(folds.parts)), key=lambda number: -len(folds.parts[number].train))
    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        running = {
            number: pool.submit(_try_fold, (X, y), folds.parts[number], features, choices, signs)
            for number in largest_first
        }
        by_fold = [running[number].result() for number in range(len(folds.parts))]
    return tuple(_joined(trials) for trials in zip(*by_fold, strict=True))


def _coded(X: pd.DataFrame, features: FeaturesConfig) -> pd.DataFrame:
    """Write each level as its number in sorted order: the encoder makes the same columns, much faster."""
    codes = {}
    for name in features.categorical:
        numbers = pd.factorize(X[name], sort=True)[0].astype(np.float64)
        codes[name] = np.where(numbers < 0, np.nan, numbers)
    return X.assign(**codes)


def _try_fold(
    rows: tuple[pd.DataFrame, NDArray[np.integer]],
    fold: Fold,
    features: FeaturesConfig,
    choices: Search,
    signs: Signs,
) -> list[Trial]:
    """Try every choice on one fold, form by form."""
    X, y = rows
    learned, judged = X.iloc[fold.train], X.iloc[fold.judged]
    built: dict[str, _Built | str] = {}
    trials = []
    for form in choices.forms:
        parts = []
        for name, transformer, columns in blocks(form, features, choices, learned, signs):
            if name not in built:
                built[name] = _built((name, transformer, columns), learned, judged, signs)
            parts.append(built[name])
        trials += _try_form(form, parts, (y[fold.train], y[fold.judged]), choices)
    return trials


def _built(block: Block, learned: pd.DataFrame, judged: pd.DataFrame, signs: Signs) -> _Built | str:
    """Fit a block to the learned rows and apply it to both; a reason where it cannot be fitted."""
    name, transformer, columns = block
    try:
        ours = _dense(transformer.fit_transform(learned[columns]))
        theirs = _dense(transformer.transform(judged[columns]))
    except ValueError as error:
        return str(error)
    return ours, theirs, Limits.of_block(name, transformer, columns, ours.shape[1], signs)


def _dense(matrix: FloatArray | csr_array | csr_matrix) -> FloatArray:
    whole = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    return np.asarray(whole, dtype=np.float64)


def _try_form(
    form: Form,
    parts: list[_Built | str],
    outcome: tuple[NDArray[np.integer], NDArray[np.integer]],
    choices: Search,
) -> list[Trial]:
    """Follow C from the strongest penalty to the weakest on one design matrix."""
    rising = sorted(set(choices.C))
    broken = next((part for part in parts if isinstance(part, str)), None)
    if broken is not None:
        return [Trial(Choice(form, C), np.empty(0), 0, 0, broken) for C in rising]
    sound = [part for part in parts if not isinstance(part, str)]
    learned, judged = (np.hstack(side) for side in ([part[0] for part in sound], [part[1] for part in sound]))
    limits = Limits.joined([part[2] for part in sound])
    rows, weights = Rows.of(learned, outcome[0], limits), np.zeros(learned.shape[1] + 1)
    trials = []
    for C in rising:
        choice, found = Choice(form, C), solve(rows, C, weights)
        if found.failure is not None:
            trials.append(Trial(choice, np.empty(0), learned.shape[1], 0, found.failure))
            continue
        weights = found.weights
        losses = _log_losses(outcome[1], judged @ weights[:-1] + weights[-1])
        trials.append(Trial(choice, losses, learned.shape[1], found.steps, None))
    return trials


def _log_losses(y: NDArray[np.integer], log_odds: FloatArray) -> FloatArray:
    """Return -log P(y) of each row, exact far out where probabilities round to 0 or 1."""
    return np.asarray(np.logaddexp(0.0, np.where(np.asarray(y, dtype=bool), -log_odds, log_odds)))


def _joined(trials: tuple[Trial, ...]) -> Trial:
    """Join the folds of one choice; one failed fold fails it."""
    widest = max(trial.n_features for trial in trials)
    steps = sum(trial.iterations for trial in trials)
    for number, trial in enumerate(trials, start=1):
        if trial.failure is not None:
            return Trial(trial.choice, np.empty(0), widest, steps, f"fold {number}: {trial.failure}")
    return Trial(trials[0].choice, np.concatenate([trial.losses for trial in trials]), widest, steps, None)
