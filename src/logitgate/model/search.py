"""Choose a form and a penalty by cross-validated log loss, the simplest that is as good as the best.

"As good" is the one-standard-error rule (Breiman et al. 1984) on paired rows: the mean difference
between a candidate's and the best one's log loss, on the same judged rows, is at most its own
standard error. The unpaired error would be mostly what all candidates share, above all a base rate
that moves from fold to fold, and would wave through clearly worse models.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.folds import Folds
from ..decision.expressions import FloatArray
from ..errors import FitError
from ..evaluation.intervals import NAN, Means
from ..project.data import FeaturesConfig
from ..project.search import Form, Search
from .cross_validation import Trial, tried
from .fit import Choice
from .learnable import refuse_unlearnable
from .signs import FREE, Signs

LINEAR = Form(basis="linear")
"""The plain linear form: the baseline of every other."""


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
    _trials: tuple[Trial, ...] = field(repr=False, compare=False)
    _cluster: NDArray[np.integer] | None = field(repr=False, compare=False)

    @property
    def linear(self) -> Candidate:
        """The plain linear candidate that the same rule chooses among its own.

        Raises
        ------
        FitError
            When none of its candidates converged.
        """
        return self.among((LINEAR,)).chosen

    def among(self, forms: Collection[Form]) -> SearchResult:
        """Return the result of the same search, had it tried only these forms.

        Raises
        ------
        FitError
            When none of their candidates converged.
        """
        return _result(self._trials, self._cluster, forms)


def search(  # noqa: PLR0913 - rows, and what is declared about them
    X: pd.DataFrame,
    y: NDArray[np.integer],
    folds: Folds,
    features: FeaturesConfig,
    choices: Search,
    *,
    signs: Signs = FREE,
) -> SearchResult:
    """Judge every form with every C by cross-validated log loss.

    The plain linear form is always tried, as the baseline it is, but chosen only where it is
    among the forms of the project.

    Parameters
    ----------
    X : DataFrame of shape (n, ...)
        Training rows, with the feature columns; in time order if the folds are.
    y : int array of shape (n,)
        0 or 1.
    folds : Folds
        Over these rows.
    features : FeaturesConfig
    choices : Search
    signs : mapping of feature to "positive" or "negative"
        Imposed on every fit; see `fit`.

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
    forms = choices.forms if LINEAR in choices.forms else (*choices.forms, LINEAR)
    trials = tried(X, y, folds, features, choices.model_copy(update={"forms": forms}), signs=signs)
    judged = np.concatenate([part.judged for part in folds.parts])
    cluster = None if folds.cluster is None else folds.cluster[judged]
    return _result(trials, cluster, choices.forms)


def _result(
    trials: tuple[Trial, ...], cluster: NDArray[np.integer] | None, forms: Collection[Form]
) -> SearchResult:
    wanted = [trial for trial in trials if trial.choice.form in forms]
    fitted = [trial for trial in wanted if trial.failure is None]
    if not fitted:
        reasons = "; ".join(sorted({str(trial.failure) for trial in wanted}))
        rule = f"none of {len(wanted)} candidates could be fitted ({reasons})"
        raise FitError("search", rule, "lower search.C")
    best = min(fitted, key=lambda trial: float(trial.losses.mean()))
    candidates = tuple(_candidate(trial, best, cluster) for trial in wanted)
    return SearchResult(
        candidates,
        best=next(one for one in candidates if one.choice == best.choice),
        chosen=next(one for one in candidates if one.as_good_as_best),
        _trials=trials,
        _cluster=cluster,
    )


def _candidate(trial: Trial, best: Trial, cluster: NDArray[np.integer] | None) -> Candidate:
    if trial.failure is not None:
        return Candidate(trial.choice, NAN, NAN, NAN, NAN, trial.n_features, trial.iterations, trial.failure)
    own, paired = (_mean(losses, cluster) for losses in (trial.losses, trial.losses - best.losses))
    return Candidate(trial.choice, *own, *paired, trial.n_features, trial.iterations, None)


def _mean(losses: FloatArray, cluster: NDArray[np.integer] | None) -> tuple[float, float]:
    means = Means.of(losses, np.zeros(len(losses), dtype=np.int64), 1, cluster)
    return float(means.mean[0]), float(means.error[0])
