"""Questions that are asked about such a model, answered by figures of the judged rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression

from ..decision.expressions import FloatArray
from ..errors import LogitgateError
from ..evaluation.comparisons.comparison import better_rule
from ..evaluation.comparisons.words import amount
from ..evaluation.metrics import ScoreGroups as Ranked
from ..evaluation.metrics import log_losses
from ..evaluation.probabilities.cox import log_odds
from ..evaluation.ranking.auc import auc
from ..gates.saboteurs import multiplied, redecided
from ..model.fitting.fitted import column_names
from ..pages.explorer import ExplorerEntries
from .material import Material
from .refit import refitted_model

_ASKED = 0.87
_LIKE = (20, 100)


@dataclass(frozen=True, slots=True)
class QuestionEvidence:
    """One figure of an answer."""

    what: str
    value: float | int | str


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """One question."""

    question: str
    answer: str
    evidence: tuple[QuestionEvidence, ...]


def questions(material: Material) -> tuple[QuestionAnswered, ...]:
    """Answer the questions whose evidence these rows have."""
    return tuple(_answers(material))


def _answers(material: Material) -> Iterator[QuestionAnswered]:
    if not isinstance(material.model.pipeline[-1], DummyClassifier):
        with suppress(LogitgateError):  # the rows of the last block may determine no model
            yield _linear(material)
        yield _coefficient(material)
    yield _meaning(material)
    yield _threshold(material)
    yield _accuracy(material)
    yield _ranking(material)


def _linear(material: Material) -> QuestionAnswered:
    learned, judged = material.learned_of_last(), material.judged_of_last()
    layout = refitted_model(material, learned).pipeline[0]
    names = list(material.project.features.all)
    line = LinearRegression().fit(layout.transform(learned.frame[names]), learned.y)
    said: FloatArray = np.asarray(line.predict(layout.transform(judged.frame[names])), dtype=np.float64)
    outside = int(((said < 0) | (said > 1)).sum())
    return QuestionAnswered(
        "Why not linear regression?",
        "A straight line through 0 and 1 leaves the range of probabilities, so its answers have no costs "
        "and no log loss; the sigmoid cannot leave it.",
        (
            QuestionEvidence("rows of the last block", len(said)),
            QuestionEvidence("linear answers below 0 or above 1", outside),
            QuestionEvidence("lowest linear answer", float(said.min())),
            QuestionEvidence("highest linear answer", float(said.max())),
        ),
    )


def _coefficient(material: Material) -> QuestionAnswered:
    pipeline = material.model.pipeline
    weights = pipeline[-1].coef_[0]
    place = int(np.argmax(np.abs(weights)))
    return QuestionAnswered(
        "What does a coefficient mean?",
        "One unit of its column adds it to the log-odds, so it multiplies the odds by its exponential, "
        "whatever the other columns are. It does not say that the column is the cause.",
        (
            QuestionEvidence("largest coefficient", column_names(pipeline[0])[place]),
            QuestionEvidence("adds to the log-odds", float(weights[place])),
            QuestionEvidence("multiplies the odds by", float(np.exp(weights[place]))),
        ),
    )


def _meaning(material: Material) -> QuestionAnswered:
    scored = material.scored
    few, most = _LIKE
    number = min(most, max(few, len(scored.y) // 10))
    near = np.argsort(np.abs(scored.decision.probability - _ASKED), kind="stable")[:number]
    said, observed = scored.decision.probability[near], scored.y[near]
    return QuestionAnswered(
        "What does .87 mean?",
        "Of many rows with this answer 87 in 100 are events. It does not say what happens to one row, and it "
        "holds only where the model is calibrated; these are the judged rows nearest to it.",
        (
            QuestionEvidence("rows", len(near)),
            QuestionEvidence("their lowest answer", float(said.min())),
            QuestionEvidence("their highest answer", float(said.max())),
            QuestionEvidence("mean answer", float(said.mean())),
            QuestionEvidence("share of events among them", float(observed.mean())),
        ),
    )


def _threshold(material: Material) -> QuestionAnswered:
    scored, unit = material.scored, material.project.costs.unit
    costs = ExplorerEntries.mean(scored.costs)
    twice = costs.model_copy(update={"false_negative": 2 * costs.false_negative})
    half = scored.costs.of(scored.y, scored.decision.probability >= 0.5).mean()
    return QuestionAnswered(
        "When to move the threshold?",
        "When a cost changes, and only then: the threshold follows from the costs. Rare events, a wish for "
        "more alarms or a better accuracy are no reason; wrong probabilities are recalibrated instead.",
        (
            QuestionEvidence("threshold of the mean costs", costs.threshold()),
            QuestionEvidence("where a miss costs twice as much", twice.threshold()),
            QuestionEvidence(
                f"cost per row by the project's rule ({unit})", amount(float(scored.cost.mean()))
            ),
            QuestionEvidence(f"cost per row at 0.5 ({unit})", amount(float(half))),
        ),
    )


def _accuracy(material: Material) -> QuestionAnswered:
    scored = material.scored
    name, rule = better_rule(scored)
    accuracy = float((scored.decision.flagged == (scored.y == 1)).mean())
    return QuestionAnswered(
        "Why not accuracy?",
        "It counts a miss and a false alarm alike. Where events are rare a rule that flags nothing is right "
        "nearly always, and worth nothing.",
        (
            QuestionEvidence("accuracy of flagging none", float((scored.y == 0).mean())),
            QuestionEvidence("accuracy of the model's decisions", accuracy),
            QuestionEvidence(
                f"cost per row of {name}, the cheaper rule without a model", float(rule.cost.mean())
            ),
            QuestionEvidence("cost per row of the model", float(scored.cost.mean())),
        ),
    )


def _ranking(material: Material) -> QuestionAnswered:
    scored = material.scored
    changed = redecided(scored, multiplied(scored, 4))
    losses = [float(log_losses(one.y, one.decision.probability).mean()) for one in (scored, changed)]
    return QuestionAnswered(
        "Is a high AUC enough?",
        "No: it looks at the order alone. The same order with log-odds four times as large has the same AUC, "
        "wrong probabilities, and other costs.",
        (
            QuestionEvidence(
                "AUC", float(auc(*Ranked.of(log_odds(scored.decision.probability)).counts(scored.y)))
            ),
            QuestionEvidence("log loss", losses[0]),
            QuestionEvidence("log loss of the changed answers", losses[1]),
            QuestionEvidence("cost per row", float(scored.cost.mean())),
            QuestionEvidence("cost per row of the changed answers", float(changed.cost.mean())),
        ),
    )
