"""Choose a form and a penalty by the mean out-of-fold log loss.

The best form is that of the lowest mean log loss. Among the penalties of that form the strongest one is
chosen that is as good as the best: the one-standard-error rule (Breiman et al. 1984) on paired rows, where
the mean difference between a candidate's and the best one's log loss on the same rows is at most its own
standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from ...decision.costs import BoolArray, CostMatrix, IntArray, RowCosts
from ...decision.expressions import FloatArray
from ...errors import FitError
from ...evaluation.estimates import NAN
from ...evaluation.intervals import Clusters, Means
from ...project.search import Form
from ..fitting.fit import Choice
from .cross_validation import Trial
from .out_of_fold import OutOfFold

LINEAR = Form(basis="linear")
"""The plain linear form: the baseline of every other."""


@dataclass(frozen=True, slots=True)
class CandidateResult:
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
    rows: int = 0
    """Judged rows that the figures are means of."""
    cost: float = NAN
    """Mean cost over the judged rows, decided by the Bayes threshold of the costs."""
    cost_error: float = NAN
    """Its standard error."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """All candidates, from simple to complex, and the two that count."""

    candidates: tuple[CandidateResult, ...]
    best: CandidateResult
    """The lowest log loss."""
    chosen: CandidateResult
    """The strongest penalty of the best form that is as good."""


def choose(judged: OutOfFold, forms: Sequence[object], usable: BoolArray) -> int:
    """Return the position of the chosen candidate.

    Parameters
    ----------
    judged : OutOfFold
        Of k candidates on the rows that the choice may look at.
    forms : sequence of k values
        Candidates of equal form differ in the penalty alone, the strongest first.
    usable : bool array of shape (k,)
        Candidates that may be chosen; those that failed on some row are left out as well.

    Raises
    ------
    FitError
        When none is left.
    """
    fitted = usable & judged.fitted()
    if not fitted.any():
        raise FitError("search", f"none of {len(fitted)} candidates could be fitted", "lower search.C")
    means = np.array([judged.losses(place).mean() if one else np.inf for place, one in enumerate(fitted)])
    best = int(np.argmin(means))
    lowest = judged.losses(best)
    rivals = [place for place, form in enumerate(forms) if fitted[place] and form == forms[best]]
    for place in rivals:
        behind, error = _mean(judged.losses(place) - lowest, judged.sample.cluster)
        if place == best or behind <= error:
            return place
    return best


def search_result(
    trials: Sequence[Trial], judged: OutOfFold, chosen: int, costs: CostMatrix | None = None
) -> SearchResult:
    """Describe all candidates on all judged rows.

    Parameters
    ----------
    trials : sequence of k Trial
    judged : OutOfFold
        Of the same k candidates.
    chosen : int
        Position of the one that was chosen.
    costs : CostMatrix, optional
        For the mean cost of each candidate, which decides nothing here.
    """
    means = np.array([judged.losses(place).mean() for place in range(len(trials))])
    best = int(np.nanargmin(means))
    known = None if costs is None else judged.sample.row_costs(costs)
    found = tuple(_candidate(trial, place, best, judged, known) for place, trial in enumerate(trials))
    return SearchResult(found, found[best], found[chosen])


def _candidate(
    trial: Trial, place: int, best: int, judged: OutOfFold, costs: RowCosts | None
) -> CandidateResult:
    failure = next(
        (f"fold {fold}: {why}" for fold, why in enumerate(trial.failures, start=1) if why is not None), None
    )
    losses, lowest = judged.losses(place), judged.losses(best)
    if not np.isfinite(losses).all():
        return CandidateResult(trial.choice, NAN, NAN, NAN, NAN, trial.n_features, trial.iterations, failure)
    own, paired = (_mean(values, judged.sample.cluster) for values in (losses, losses - lowest))
    rows, cost = len(losses), _cost(judged, place, costs)
    return CandidateResult(trial.choice, *own, *paired, trial.n_features, trial.iterations, None, rows, *cost)


def _cost(judged: OutOfFold, place: int, costs: RowCosts | None) -> tuple[float, float]:
    """Return the mean cost of a candidate's decisions and its standard error; NaN without costs."""
    if costs is None:
        return NAN, NAN
    flagged = expit(judged.log_odds(place)) >= costs.bayes_threshold()
    return _mean(costs.of(judged.sample.y, flagged), judged.sample.cluster)


def _mean(losses: FloatArray, cluster: Clusters) -> tuple[float, float]:
    group: IntArray = np.zeros(len(losses), dtype=np.int64)
    means = Means.of(losses, group, 1, cluster)
    return float(means.mean[0]), float(means.error[0])
