"""Confidence-based performance estimation (CBPE): expected performance and cost without labels.

Confidence-based performance estimation: if the probabilities are right, a flagged row is a true positive
with probability p and a false positive with 1 - p. The sums are the expected confusion matrix, and what is
computed from it estimates accuracy, precision, recall, F1 and specificity; ROC AUC and cost likewise.

It takes the probabilities at their word. Where the relation of features and outcome has changed, or the
labels have, the estimate does not show it: an alarm is informative, its absence proves nothing.

>>> found = expected_performance(np.array([0.9, 0.8, 0.1]), np.array([True, True, False]))
>>> round(found.accuracy, 4), round(found.recall, 4)
(0.8667, 0.9444)

`expected_chunks` gives the figures of each chunk, `estimate` the findings of the check "estimate" and their
exhibit, given the rows of a window in order of time and the `Chunks` of the reference.

Sources: Białek, Kuberski, Perrakis, Bifet (2024), Estimating model performance under covariate shift
without labels; Elkan (2001) for the expected cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...catalogue import Check
from ...decision.costs import BoolArray, RowCosts
from ...decision.expressions import FloatArray
from ...decision.rule import Decision
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.metrics import ScoreGroups
from ...evaluation.ranking.auc import auc
from ...evidence_table import Exhibit
from ...findings import Figure, Finding, Status
from ..since_release import ErrorSums
from .control_limits import FEWEST_CHUNKS, Chunks, ControlLimits, cut
from .uncertainty import intervals, recalibrated

CHECK = Check.ESTIMATE
COST = "expected_cost"
ESTIMATES = ("accuracy", "precision", "recall", "f1", "specificity", "roc_auc")
NAMES = (*(f"expected_{name}" for name in ESTIMATES), COST)
"""The figures of a chunk."""
WORST = {COST: "above", "expected_roc_auc": "below"}
"""The figures that alarm, and on which side of their limits.

The others move with the share of events, and against each other with the share of flagged rows, without the
model being worse: what they cost together is the expected cost.
"""


@dataclass(frozen=True, slots=True)
class ExpectedPerformance:
    """The expected confusion matrix of n rows, as sums of probabilities; ratios are NaN where undefined."""

    n: int
    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float
    roc_auc: float

    @property
    def accuracy(self) -> float:
        """The expected share of right decisions."""
        return _ratio(self.true_positive + self.true_negative, self.n)

    @property
    def precision(self) -> float:
        """The expected share of events among the flagged rows."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """The expected share of flagged rows among the events."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """The expected share of passed rows among the rows without an event."""
        return _ratio(self.true_negative, self.true_negative + self.false_positive)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        errors = self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, 2 * self.true_positive + errors)


def expected_performance(
    probability: FloatArray, flagged: BoolArray, score: FloatArray | None = None
) -> ExpectedPerformance:
    """Estimate the performance of decisions without any outcome.

    Parameters
    ----------
    probability : array of shape (n,)
        Calibrated, in [0, 1].
    flagged : bool array of shape (n,)
    score : array of shape (n,), optional
        What ranks the rows for the AUC, where that is not the probability itself.

    Raises
    ------
    ValueError
        When a probability is missing or outside [0, 1].
    """
    unsound = _unsound(probability)
    if unsound:
        raise ValueError(f"{unsound} of {len(probability)} probabilities are not in [0, 1]")
    events, others = ScoreGroups.of(probability if score is None else score).counts(probability)
    expected, rest = float(probability.sum()), float((1 - probability).sum())
    flagged_events = float(probability[flagged].sum())
    flagged_others = float((1 - probability)[flagged].sum())
    return ExpectedPerformance(
        n=len(probability),
        true_positive=flagged_events,
        false_positive=flagged_others,
        true_negative=rest - flagged_others,
        false_negative=expected - flagged_events,
        roc_auc=auc(events, others),
    )


def expected_cost(probability: FloatArray, flagged: BoolArray, costs: RowCosts) -> FloatArray:
    """Return what each decision will probably cost, shape (n,).

    A flagged row p C_TP + (1 - p) C_FP, a passed one p C_FN + (1 - p) C_TN.
    """
    flag, leave = costs.expected(probability)
    return np.where(flagged, flag, leave)


def expected_chunks(decision: Decision, costs: RowCosts, rows: int) -> Chunks:
    """Return the figures `NAMES` of each whole chunk of rows that stand in order of time.

    Parameters
    ----------
    decision : Decision of n rows
        Made with calibrated probabilities.
    costs : RowCosts
        The project's, of the same rows.
    rows : int
        Of a chunk; those of the reference.

    Raises
    ------
    ValueError
        When a probability is missing or outside [0, 1].
    """
    cost = expected_cost(decision.probability, decision.flagged, costs)

    def figures(place: slice) -> dict[str, float]:
        return _figures(decision.probability[place], decision.flagged[place], cost[place])

    return cut(len(cost), rows, figures, NAMES)


def expected_figures(decision: Decision, costs: RowCosts) -> dict[str, float]:
    """Return the figures `NAMES` of all rows together."""
    cost = expected_cost(decision.probability, decision.flagged, costs)
    return _figures(decision.probability, decision.flagged, cost)


def _figures(probability: FloatArray, flagged: BoolArray, cost: FloatArray) -> dict[str, float]:
    found = expected_performance(probability, flagged)
    named = {f"expected_{name}": getattr(found, name) for name in ESTIMATES}
    return {**named, COST: float(cost.mean())}


def estimate(
    decision: Decision,
    costs: RowCosts,
    reference: Chunks,
    alpha: float,
    known: Sequence[ErrorSums] = (),
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare the estimates of a window with those of the reference: one finding for each figure.

    The mean over the window's whole chunks is compared with its limits (`chunks`). FAIL: the expected cost is
    above them or the expected AUC below; WARN: any other figure, or the other side, so the rows have changed.
    PASS means that no alarm was raised, not that the model is good.

    Parameters
    ----------
    decision : Decision of n rows, in order of time
    costs : RowCosts
        The project's, of the same rows.
    reference : Chunks
        Those that `reference_chunks` made of the judged rows.
    alpha : float
        The chance of a false alarm, shared by the figures that can raise one.
    known : sequence of ErrorSums
        Errors in labelled windows, oldest first: the last one recalibrates the estimate.

    Returns
    -------
    findings, exhibits
        INDETERMINATE where a probability is missing, INSUFFICIENT where the window has no whole chunk or the
        reference fewer than twelve.
    """
    unsound = _unsound(decision.probability)
    if unsound:
        because = f"{unsound} of {len(decision.probability)} probabilities are missing or not in [0, 1]"
        return [Finding(CHECK, "window", Status.INDETERMINATE, because, {"unsound": unsound})], []
    window = expected_chunks(decision, costs, reference.rows)
    if not window.count:
        because = f"{len(decision.probability)} rows are fewer than one chunk of {reference.rows}"
        figures: dict[str, Figure] = {"n": len(decision.probability), "chunk_rows": reference.rows}
        return [Finding(CHECK, "window", Status.INSUFFICIENT, because, figures)], []
    findings = [
        _finding(name, window.mean(name), reference.limits(name, alpha / len(WORST), window), window.count)
        for name in NAMES
        if np.isfinite([*window.figures[name], *reference.figures.get(name, (NAN,))]).any()
    ]
    spans = intervals(decision, costs, reference, expected_figures)
    findings = [_with_interval(one, spans) for one in findings]
    again = recalibrated(decision, costs, known, expected_figures)
    return [*findings, *([again] if again else [])], [_exhibit(window, findings)]


def _with_interval(finding: Finding, spans: Mapping[str, Estimate]) -> Finding:
    """Add the interval of an estimate to its finding, where there is one."""
    name = finding.subject.replace(" ", "_")
    if name not in spans:
        return finding
    _, low, high = spans[name]
    because = f"{finding.because}; by how sure the calibration is, it lies in [{low:.4g}, {high:.4g}]"
    figures = {**finding.figures, f"{name}_low": low, f"{name}_high": high}
    return replace(finding, because=because, figures=figures)


def _finding(name: str, value: float, limits: ControlLimits, chunks: int) -> Finding:
    words = name.replace("_", " ")
    figures: dict[str, Figure] = {name: value, "chunks": chunks, **limits.figures()}
    match limits.side(value):
        case "unknown":
            because = (
                f"{words} is undefined in these rows"
                if not np.isfinite(value)
                else f"{words} {value:.4g} has no limits: {limits.chunks} chunks of the reference have it, "
                f"{FEWEST_CHUNKS} are needed"
            )
            return Finding(CHECK, words, Status.INSUFFICIENT, because, figures)
        case "inside":
            status, place = Status.PASS, "lies within"
        case side:
            status = Status.FAIL if WORST.get(name) == side else Status.WARN
            place = f"lies {side}"
    because = (
        f"{words} {value:.4g} {place} the limits [{limits.low:.4g}, {limits.high:.4g}] of the reference, if "
        "the probabilities are right"
    )
    return Finding(CHECK, words, status, because, figures)


def _exhibit(window: Chunks, findings: list[Finding]) -> Exhibit:
    rows: list[dict[str, Figure]] = [
        {"chunk": number, **{name: window.figures[name][number - 1] for name in NAMES}}
        for number in range(1, window.count + 1)
    ]
    for bound in ("limit_low", "limit_high"):
        limits = {finding.subject.replace(" ", "_"): finding.figures[bound] for finding in findings}
        rows.append({"chunk": bound.replace("_", " "), **limits})
    note = (
        f"Chunks of {window.rows} rows in order of time, the partial last one left out. Estimated from the "
        "probabilities alone, it knows nothing of a changed relation between features and outcome."
    )
    return Exhibit("estimate", "Performance and cost without labels", tuple(rows), note)


def _unsound(probability: FloatArray) -> int:
    return int((~((probability >= 0) & (probability <= 1))).sum())


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else NAN
