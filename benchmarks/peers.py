"""Parts of a training beside the usual way to do them: CPU seconds of either, each rule as kept or broken.

    python -m benchmarks.peers [search path fit encode threshold slices evaluation]

All on the flights but the threshold and the evaluation, whose scores are made up; medians of five on one BLAS
thread, the slow peers once. Both ways of a part are on the same rows, candidates and folds, in one process,
which imports both before.
"""

from __future__ import annotations

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from fairlearn.metrics import MetricFrame, mean_prediction
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import (
    brier_score_loss,
    confusion_matrix,
    log_loss,
    make_scorer,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline

from logitgate.data.sampling.blocks import Fold
from logitgate.data.sampling.sample import observe
from logitgate.data.sampling.slicing import column_levels
from logitgate.data.table import read_rows
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored, evaluate
from logitgate.evaluation.slices import slice_evaluations
from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.matrix import design, fitted_design
from logitgate.model.fitting.fit import fitted_weights
from logitgate.model.recipes.cross_validation import tried
from logitgate.model.recipes.threshold import empirical_minimiser, threshold_interval
from logitgate.project.reading.load import load_project
from logitgate.project.search import Search

FLIGHTS = Path(__file__).parents[1] / "mlproject" / "flights.toml"
COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=9)
SLICED = ("carrier", "origin", "month", "dest")


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Return the median CPU seconds of some runs, threads included."""
    took = []
    for _ in range(times):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return median(took)


def peak(work: Callable[[], object]) -> float:
    """Return the megabytes that some work holds at its peak, of Python's and NumPy's memory."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return most


def shown(what: str, ours: float, peer: float, most: float) -> None:
    """Print a line of the table."""
    ratio = ours / peer
    kept = "kept" if ratio <= most else "broken"
    wanted = f"1/{1 / most:.0f}" if most < 1 else f"{most:g}"
    print(f"| {what} | {ours:.3f} | {peer:.2f} | 1/{peer / ours:.1f} | {wanted} | {kept} |", flush=True)


class Flights:
    """The flights' mature rows, in order of time."""

    def __init__(self) -> None:
        self.project = load_project(FLIGHTS)
        self.sample = observe(read_rows(self.project).frame, self.project, None).sample
        self.features = self.project.features
        self.X = self.sample.frame[list(self.features.all)]
        self.y = self.sample.y.astype(np.int64)

    def folds(self, count: int, rows: int) -> list[Fold]:
        """Cut the first rows into blocks, each judged by those before it."""
        blocks = np.array_split(np.arange(rows), count + 1)
        return [Fold(np.concatenate(blocks[:place]), blocks[place]) for place in range(1, count + 1)]


def search(flights: Flights) -> None:
    """Try all candidates of the flights' search on four folds of 30,000 rows."""
    rows, choices = 30_000, flights.project.search
    X, y, folds = flights.X.iloc[:rows], flights.y[:rows], flights.folds(4, rows)
    ours = seconds(lambda: tried(X, y, folds, flights.features, choices), 3)
    steps = [("design", "passthrough"), ("model", LogisticRegression(max_iter=1000))]
    grid = {
        "design": [design(form, flights.features, choices, X) for form in choices.forms],
        "model__C": sorted(set(choices.C)),
    }
    pairs = [(fold.learned, fold.judged) for fold in folds]
    peer = GridSearchCV(Pipeline(steps), grid, cv=pairs, scoring="neg_log_loss", refit=False)
    count = len(choices.forms) * len(set(choices.C))
    shown(
        f"search, {count} candidates x 4 folds, 30k; GridSearchCV",
        ours,
        seconds(lambda: peer.fit(X, y), 1),
        1 / 8,
    )


def path(flights: Flights) -> None:
    """Try ten penalties of one form on five folds of 100,000 rows."""
    rows, C = 100_000, tuple(np.logspace(-4, 4, 10))
    X, y, folds = flights.X.iloc[:rows], flights.y[:rows], flights.folds(5, rows)
    form = flights.project.search.forms[0]
    choices = Search(forms=(form,), C=C)
    ours = seconds(lambda: tried(X, y, folds, flights.features, choices), 3)
    written = fitted_design(form, flights.features, choices, X).transform(X)
    pairs = [(fold.learned, fold.judged) for fold in folds]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = LogisticRegressionCV(Cs=list(C), cv=pairs, max_iter=1000, scoring="neg_log_loss", refit=False)
        theirs = seconds(lambda: peer.fit(written, y), 1)
    shown(f"10 C x 5 folds, 100k x {written.shape[1]}; LogisticRegressionCV", ours, theirs, 1 / 8)


def _coded(flights: Flights) -> tuple[CodedMatrix, object]:
    form = next(one for one in flights.project.search.forms if one.basis == "spline")
    layout = fitted_design(form, flights.features, flights.project.search, flights.X)
    return CodedMatrix.of(layout, flights.X), layout


def fit(flights: Flights) -> None:
    """Fit all rows to the optimum; the peer ends at its default tolerance."""
    coded, layout = _coded(flights)
    ours = seconds(lambda: fitted_weights(coded, flights.y, 1.0, subject="fit"))
    sparse = csr_array(layout.transform(flights.X))
    peer = LogisticRegression(C=1.0, max_iter=1000)
    rows, columns = coded.shape
    shown(
        f"final fit, {rows // 1000}k x {columns}; lbfgs on CSR",
        ours,
        seconds(lambda: peer.fit(sparse, flights.y), 1),
        1 / 4,
    )


def encode(flights: Flights) -> None:
    """From the table's columns to the design, fitted before."""
    _, layout = _coded(flights)
    ours = seconds(lambda: CodedMatrix.of(layout, flights.X))
    what = f"encoding {len(flights.X) // 1000}k rows; ColumnTransformer"
    shown(what, ours, seconds(lambda: layout.transform(flights.X), 1), 1 / 20)
    own, usual = (
        peak(way) for way in (lambda: CodedMatrix.of(layout, flights.X), lambda: layout.transform(flights.X))
    )
    shown("the same, MB at the peak", own, usual, 1 / 20)


class _Given(ClassifierMixin, BaseEstimator):
    """Gives the probabilities that stand in its only column."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> _Given:
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def predict(self, X: np.ndarray) -> np.ndarray:
        return (X[:, 0] >= 0.5).astype(int)


def _scored(rows: int, days: int = 730) -> Scored:
    rng = np.random.default_rng(0)
    day = np.sort(rng.integers(0, days, rows))
    score = rng.normal(-2.5, 1.2, rows)
    y = (rng.random(rows) < expit(score + rng.normal(0, 0.2, days)[day])).astype(np.int64)
    costs = COSTS.rows({}, rows)
    return Scored(y, Decision.by(DecisionRule("constant", 0.1), expit(score), costs), costs, day)


def threshold(_: Flights | None) -> None:
    """Find the cheapest threshold of 500,000 scores: among all of them here, a hundred there."""
    rows = _scored(500_000)
    ours = seconds(lambda: empirical_minimiser(rows.decision.probability, rows.y, rows.costs))
    X = rows.decision.probability[:, None]

    def cost(y: np.ndarray, flagged: np.ndarray) -> float:
        (_, false_positive), (false_negative, true_positive) = confusion_matrix(y, flagged, labels=[0, 1])
        return -float(true_positive + false_positive + 9 * false_negative) / len(y)

    given = _Given().fit(X, rows.y)
    peer = TunedThresholdClassifierCV(given, scoring=make_scorer(cost), cv="prefit", refit=False)
    shown(
        "exact threshold, 500k; TunedThresholdClassifierCV",
        ours,
        seconds(lambda: peer.fit(X, rows.y), 3),
        1 / 100,
    )


def slices(flights: Flights) -> None:
    """Every level of four columns of 100,000 rows: intervals here, point values of five metrics there."""
    rows = 100_000
    scored = _scored(rows)
    frame = flights.sample.frame.iloc[:rows]
    names = [name for name in SLICED if name in frame.columns]
    levels = {name: column_levels(frame[name]) for name in names}
    ours = seconds(lambda: slice_evaluations(scored, levels))
    y, probability, flagged = scored.y, scored.decision.probability, scored.decision.flagged.astype(int)
    soft = {
        "mean": mean_prediction,
        "log_loss": lambda y, p: log_loss(y, p, labels=[0, 1]),
        "brier": lambda y, p: brier_score_loss(y, p, labels=[0, 1]),
        "auc": lambda y, p: roc_auc_score(y, p) if len(np.unique(y)) == 2 else np.nan,
    }
    hard = {"recall": lambda y, f: recall_score(y, f, zero_division=0)}

    def peer() -> None:
        for name in names:
            column = frame[name].astype(object).to_numpy()
            MetricFrame(metrics=soft, y_true=y, y_pred=probability, sensitive_features=column).by_group  # noqa: B018
            MetricFrame(metrics=hard, y_true=y, y_pred=flagged, sensitive_features=column).by_group  # noqa: B018

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = seconds(peer, 1)
    shown(f"slices, 100k x {len(names)} columns with intervals; fairlearn", ours, theirs, 1 / 60)


def evaluation(_: Flights | None) -> None:
    """Evaluate a million rows, with the threshold's interval of 400 clustered resamples."""
    rows = _scored(1_000_000)

    def ours() -> None:
        evaluate(rows)
        threshold_interval(rows.decision.probability, rows.y, rows.costs, rows.cluster, 0)

    shown("evaluation and threshold with 400 clustered resamples, 1M; a second", seconds(ours), 1.0, 1)


def main() -> None:
    """Measure the parts that are named, or all."""
    parts = (search, path, fit, encode, threshold, slices, evaluation)
    asked = sys.argv[1:] or [part.__name__ for part in parts]
    flights = Flights() if set(asked) - {"threshold", "evaluation"} else None
    print("| what | ours, CPU s | peer | ratio | wanted | rule |\n|---|---|---|---|---|---|")
    for part in parts:
        if part.__name__ in asked:
            part(flights)


if __name__ == "__main__":
    main()
