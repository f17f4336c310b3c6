"""Cross-validate every form with every C: out-of-fold log-odds, before anything is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

_WITHIN = 1e-9
"""Nats within which a fit ends, of many rows for each of them: log-odds within 1e-3 (root mean square)."""
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
class _Rows:
    """Rows with levels as numbers, their outcomes, and their numbers by distinct value."""

    X: pd.DataFrame
    y: NDArray[np.integer]
    known: Known

    @classmethod
    def of(cls, X: pd.DataFrame, y: NDArray[np.integer], features: FeaturesConfig) -> _Rows:
        return cls(level_codes(X, features)[0], y, pooled(X, features.numeric))

    def part(self, rows: IntArray) -> _Rows:
        own = stretch(rows)
        known = {name: one.taken(own) for name, one in self.known.items()}
        return _Rows(self.X.iloc[own], self.y[own], known)


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
    the strongest penalty to the weakest, each fit starting where the last one ended. One BLAS thread; the
    result is the same bit for bit every time.

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
    if wanted is None:
        wanted = np.ones((len(folds), len(choices.forms) * len(set(choices.C))), dtype=bool)
    return _on_folds(
        lambda rows, fold, tries: _try_fold(rows, fold, features, choices, signs, tries),
        _Rows.of(X, y, features),
        folds,
        wanted,
    )


def tried_alone(  # noqa: PLR0913 - as `tried`
    X: pd.DataFrame,
    y: NDArray[np.integer],
    folds: Sequence[Fold],
    features: FeaturesConfig,
    choices: Search,
    *,
    signs: Signs = FREE,
    wanted: BoolArray | None = None,
) -> tuple[Trial, ...]:
    """Try each feature alone, by the first form and the weakest penalty; the form has no products.

    Equal to `tried` for one feature after the other, but a fold's design is built once for all of them.

    Parameters
    ----------
    X, y, folds, features, choices, signs
        As for `tried`.
    wanted : bool array of shape (folds, features), optional
        Which features are tried on which folds; all where it is left out.

    Returns
    -------
    tuple of Trial
        In the order of the features.
    """
    if wanted is None:
        wanted = np.ones((len(folds), len(features.all)), dtype=bool)
    return _on_folds(
        lambda rows, fold, tries: _try_alone(rows, fold, features, choices, signs, tries),
        _Rows.of(X, y, features),
        folds,
        wanted,
    )


def _on_folds(
    try_fold: Callable[[_Rows, Fold, BoolArray], list[_Tried]],
    rows: _Rows,
    folds: Sequence[Fold],
    wanted: BoolArray,
) -> tuple[Trial, ...]:
    """Try what is wanted on one fold after the other, and join the folds of each choice.

    Folds side by side end no sooner below some hundred thousand rows: most steps are short, and threads of
    Python wait for each other.
    """
    with threadpool_limits(1):
        by_fold = [try_fold(rows, fold, tries) for fold, tries in zip(folds, wanted, strict=True)]
    return tuple(_joined(trials) for trials in zip(*by_fold, strict=True))


def _try_fold(  # noqa: PLR0913, PLR0917 - as `tried`
    rows: _Rows, fold: Fold, features: FeaturesConfig, choices: Search, signs: Signs, wanted: BoolArray
) -> list[_Tried]:
    """Try the wanted choices on one fold, form by form."""
    learned, judged = rows.part(fold.learned), rows.part(fold.judged)
    built: dict[str, _Built | str] = {}
    trials = []
    for form, tries in zip(choices.forms, wanted.reshape(len(choices.forms), -1), strict=True):
        parts = []
        for block in blocks(form, features, choices, learned.X, signs, learned.known) if tries.any() else ():
            if block[0] not in built:
                built[block[0]] = _built(block, learned, judged, signs)
            parts.append(built[block[0]])
        trials += _try_form(form, parts, (learned.y, len(judged.y)), sorted(set(choices.C)), tries)
    return trials


def _try_alone(  # noqa: PLR0913, PLR0917 - as `tried_alone`
    rows: _Rows, fold: Fold, features: FeaturesConfig, choices: Search, signs: Signs, wanted: BoolArray
) -> list[_Tried]:
    """Try the wanted features on one fold, each by its own columns of the form's design."""
    learned, judged = rows.part(fold.learned), rows.part(fold.judged)
    form, C = choices.forms[0], max(choices.C)
    own: dict[str, list[_Built | str]] = {name: [] for name in features.all}
    for block in blocks(form, features, choices, learned.X, signs, learned.known) if wanted.any() else ():
        for name, part in zip(block[2], _apart(_built(block, learned, judged, signs), block), strict=True):
            own[name].append(part)
    return [
        _try_form(form, own[name], (learned.y, len(judged.y)), [C], np.array([is_tried]))[0]
        for name, is_tried in zip(features.all, wanted, strict=True)
    ]


def _apart(built: _Built | str, block: Block) -> list[_Built | str]:
    """Return the columns of each feature of a block as a block of their own."""
    if isinstance(built, str):
        return [built for _ in block[2]]
    ours, theirs, limits = built
    ends = np.cumsum([part.width for part in ours.apart()])
    place = np.searchsorted(ends, np.arange(ours.width), side="right")
    each = zip(ours.apart(), theirs.apart(), strict=True)
    return [(mine, other, limits.among(place == at)) for at, (mine, other) in enumerate(each)]


def _built(block: Block, learned: _Rows, judged: _Rows, signs: Signs) -> _Built | str:
    """Fit a block to the learned rows and apply it to both; a reason where it cannot be fitted."""
    name, transformer, columns = block
    try:
        fitted_block(transformer, learned.X[columns], learned.known)
        ours, theirs = (
            coded_block(name, transformer, rows.X[columns], rows.known) for rows in (learned, judged)
        )
    except ValueError as error:
        return str(error)
    return ours, theirs, Limits.of_block(name, transformer, columns, ours.width, signs)


def _try_form(
    form: Form,
    parts: list[_Built | str],
    rows: tuple[NDArray[np.integer], int],
    rising: Sequence[float],
    tries: BoolArray,
) -> list[_Tried]:
    """Follow C from the strongest penalty to the weakest on one design matrix."""
    if not tries.any():
        return [_Tried(Choice(form, C), np.empty(0), _LEFT_OUT, 0, 0) for C in rising]
    broken = next((part for part in parts if isinstance(part, str)), None)
    if broken is not None:
        return [_Tried(Choice(form, C), np.empty(0), broken, 0, 0) for C in rising]
    sound, (y, judged_rows) = [part for part in parts if not isinstance(part, str)], rows
    learned = CodedMatrix.joined([part[0] for part in sound], len(y))
    judged = CodedMatrix.joined([part[1] for part in sound], judged_rows)
    fitted = Rows.of(learned, y, Limits.joined([part[2] for part in sound]))
    trials, weights, hessian = [], beginning(y, learned.shape[1]), None
    within = _WITHIN * (1 if fitted.part is None else len(y))
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
