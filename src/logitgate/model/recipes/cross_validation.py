"""Cross-validate every form with every C: out-of-fold log-odds, before anything is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...data.sampling.blocks import Fold
from ...data.sampling.sample import stretch
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...project.data import FeaturesConfig
from ...project.search import Form, Search
from ..design.block_fit import fitted_block
from ..design.coded import CodedMatrix
from ..design.coding import CodedBlock, coded_block
from ..design.matrix import Block, blocks, level_codes
from ..design.pooled import Known, pooled
from ..design.signs import FREE, Limits, Signs
from ..fitting.fit import Choice
from ..fitting.solver import Rows, beginning, solve

_THREADS = 2
_WITHIN, _WITHIN_MANY = 1e-9, 1e-2
"""Nats within which a fit ends; of many rows the log-odds are then within 1e-3 (root mean square)."""
_LEFT_OUT = "left out: a sample of the rows proves another one better"


@dataclass(frozen=True, slots=True)
class Trial:
    """One choice on all folds.

    Parameters
    ----------
    choice : Choice
    log_odds : tuple of arrays
        Of the judged rows of each fold, before recalibration; empty where the fold could not be fitted.
    failures : tuple of str or None
        Why a fold could not be fitted.
    n_features : int
        Columns of the widest fold's design matrix.
    iterations : int
        Newton steps over all folds.
    """

    choice: Choice
    log_odds: tuple[FloatArray, ...]
    failures: tuple[str | None, ...]
    n_features: int
    iterations: int


@dataclass(frozen=True, slots=True)
class _Tried:
    """One choice on one fold."""

    choice: Choice
    log_odds: FloatArray
    failure: str | None
    n_features: int
    iterations: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of a fold, and their numbers by distinct value."""

    frame: pd.DataFrame
    known: Known

    @classmethod
    def of(cls, X: pd.DataFrame, known: Known, rows: slice | IntArray) -> _Part:
        return cls(X.iloc[rows], {name: one.taken(rows) for name, one in known.items()})


_Built: TypeAlias = tuple[CodedBlock, CodedBlock, Limits]
"""A block of the learned rows, the same of the judged ones, and the limits of its weights."""


def tried(  # noqa: PLR0913 - rows, and what is declared about them
    X: pd.DataFrame,
    y: NDArray[np.integer],
    folds: Sequence[Fold],
    features: FeaturesConfig,
    choices: Search,
    *,
    signs: Signs = FREE,
    wanted: BoolArray | None = None,
) -> tuple[Trial, ...]:
    """Try every form with every C on all folds.

    Each block of a fold's design matrix is built once and shared by the forms; C is followed from
    the strongest penalty to the weakest, each fit starting where the last one ended. Two folds at a
    time, one BLAS thread each; the result is the same bit for bit every time.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        With the feature columns.
    y : int array of shape (n,)
        0 or 1.
    folds : sequence of Fold
        Positions in these rows.
    features : FeaturesConfig
    choices : Search
    signs : mapping of feature to "positive" or "negative"
        Imposed on every fit; see `fit`.
    wanted : bool array of shape (folds, choices), optional
        Which choices are tried on which folds; all where it is left out.

    Returns
    -------
    tuple of Trial
        In the order of the forms, C rising.
    """
    X, known = level_codes(X, features)[0], pooled(X, features.numeric)
    if wanted is None:
        wanted = np.ones((len(folds), len(choices.forms) * len(set(choices.C))), dtype=bool)
    largest_first = sorted(range(len(folds)), key=lambda number: -len(folds[number].learned))
    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        running = {
            number: pool.submit(
                _try_fold, (X, y, known), folds[number], features, choices, signs, wanted[number]
            )
            for number in largest_first
        }
        by_fold = [running[number].result() for number in range(len(folds))]
    return tuple(_joined(trials) for trials in zip(*by_fold, strict=True))


def _try_fold(  # noqa: PLR0913, PLR0917 - as `tried`
    rows: tuple[pd.DataFrame, NDArray[np.integer], Known],
    fold: Fold,
    features: FeaturesConfig,
    choices: Search,
    signs: Signs,
    wanted: BoolArray,
) -> list[_Tried]:
    """Try the wanted choices on one fold, form by form."""
    X, y, known = rows
    learned, judged = (_Part.of(X, known, stretch(own)) for own in (fold.learned, fold.judged))
    built: dict[str, _Built | str] = {}
    trials = []
    for form, tries in zip(choices.forms, wanted.reshape(len(choices.forms), -1), strict=True):
        if not tries.any():
            trials += [_Tried(Choice(form, C), np.empty(0), _LEFT_OUT, 0, 0) for C in sorted(set(choices.C))]
            continue
        parts = []
        for name, transformer, columns in blocks(
            form, features, choices, learned.frame, signs, learned.known
        ):
            if name not in built:
                built[name] = _built((name, transformer, columns), learned, judged, signs)
            parts.append(built[name])
        trials += _try_form(form, parts, (y[fold.learned], len(judged.frame)), choices, tries)
    return trials


def _built(block: Block, learned: _Part, judged: _Part, signs: Signs) -> _Built | str:
    """Fit a block to the learned rows and apply it to both; a reason where it cannot be fitted."""
    name, transformer, columns = block
    try:
        fitted_block(transformer, learned.frame[columns], learned.known)
        ours, theirs = (
            coded_block(name, transformer, rows.frame[columns], rows.known) for rows in (learned, judged)
        )
    except ValueError as error:
        return str(error)
    return ours, theirs, Limits.of_block(name, transformer, columns, ours.width, signs)


def _try_form(
    form: Form,
    parts: list[_Built | str],
    rows: tuple[NDArray[np.integer], int],
    choices: Search,
    tries: BoolArray,
) -> list[_Tried]:
    """Follow C from the strongest penalty to the weakest on one design matrix."""
    rising = sorted(set(choices.C))
    broken = next((part for part in parts if isinstance(part, str)), None)
    if broken is not None:
        return [_Tried(Choice(form, C), np.empty(0), broken, 0, 0) for C in rising]
    sound, (y, judged_rows) = [part for part in parts if not isinstance(part, str)], rows
    learned = CodedMatrix.joined([part[0] for part in sound], len(y))
    judged = CodedMatrix.joined([part[1] for part in sound], judged_rows)
    fitted = Rows.of(learned, y, Limits.joined([part[2] for part in sound]))
    trials, weights, hessian = [], beginning(y, learned.shape[1]), None
    within = _WITHIN if fitted.part is None else _WITHIN_MANY
    for C, is_tried in zip(rising, tries, strict=True):
        choice = Choice(form, C)
        if not is_tried:
            trials.append(_Tried(choice, np.empty(0), _LEFT_OUT, learned.shape[1], 0))
            continue
        found = solve(fitted, C, weights, within, hessian)
        if found.failure is not None:
            trials.append(_Tried(choice, np.empty(0), found.failure, learned.shape[1], 0))
            continue
        weights, hessian = found.weights, found.hessian
        trials.append(_Tried(choice, judged.scores(weights), None, learned.shape[1], found.steps))
    return trials


def _joined(trials: tuple[_Tried, ...]) -> Trial:
    """Join the folds of one choice."""
    return Trial(
        trials[0].choice,
        tuple(trial.log_odds for trial in trials),
        tuple(trial.failure for trial in trials),
        max(trial.n_features for trial in trials),
        sum(trial.iterations for trial in trials),
    )
