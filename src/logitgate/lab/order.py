"""The right order of the road, and what each wrong order breaks, measured on the project's own rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from scipy.special import expit

from ..data.sampling.sample import Sample
from ..decision.costs import IntArray
from ..decision.rule import Decision
from ..errors import LogitgateError
from ..evaluation.evaluate import Scored
from ..evaluation.metrics import log_losses
from ..evaluation.probabilities.cox import fit_cox, log_odds
from ..model.fitting.fit import Choice
from ..model.recipes.threshold import empirical_minimiser
from ..project.search import Form
from .material import Material, even
from .refit import refitted, refitted_model

_Measure: TypeAlias = Callable[[Material], tuple[float, float]]
_FEW, _DRAWS = 200, 40
_BROKEN = 0.1
_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class RoadStep:
    """One step of the road."""

    key: str
    label: str


STEPS = (
    RoadStep("contract", "Check the table against its contract"),
    RoadStep("split", "Cut the rows into blocks, in time or by who they are about"),
    RoadStep("fit", "Fit form and penalty on the blocks that may be learned from"),
    RoadStep("recalibrate", "Recalibrate by out-of-fold probabilities"),
    RoadStep("threshold", "Choose the threshold by the costs, on out-of-fold rows"),
    RoadStep("judge", "Judge on rows that no decision was made from"),
    RoadStep("promote", "Promote what the gates let through"),
    RoadStep("monitor", "Monitor it on new rows"),
)
"""In the right order."""


@dataclass(frozen=True, slots=True)
class Broken:
    """What breaks when one step does not come before another.

    Parameters
    ----------
    first, then : str
        Keys of steps in the right order.
    breaks : str
    measure : str
        What both figures are; empty where nothing was measured, as the wrong order cannot be done at all.
    wrong, right : float or None
        By the wrong order and by the right one, or what it claims and what is true.
    """

    first: str
    then: str
    breaks: str
    measure: str = ""
    wrong: float | None = None
    right: float | None = None

    @property
    def is_shown(self) -> bool:
        """Whether these rows show it: a claim that is too good, or a wrong order that is dearer."""
        if self.wrong is None or self.right is None:
            return False
        return self.wrong < self.right if self.first == "split" else self.wrong > self.right


def order(material: Material) -> tuple[Broken, ...]:
    """Measure each wrong order; one that these rows do not allow to be measured has no figures."""
    return (
        _measured(_contract, material, "contract", "fit", _CONTRACT),
        _measured(_split_fit, material, "split", "fit", _SPLIT_FIT),
        _measured(_split_recalibrate, material, "split", "recalibrate", _SPLIT_RECALIBRATE),
        _measured(_split_threshold, material, "split", "threshold", _SPLIT_THRESHOLD),
        Broken("fit", "recalibrate", "There is no probability to recalibrate before there is a model."),
        _measured(_recalibrate_threshold, material, "recalibrate", "threshold", _RECALIBRATE),
        _measured(_threshold_judge, material, "threshold", "judge", _THRESHOLD_JUDGE),
        _measured(_judge_promote, material, "judge", "promote", _JUDGE),
        Broken("promote", "monitor", "There is nothing in production yet that could be monitored."),
    )


_CONTRACT = (
    "Broken cells are learned from: here a tenth of the learned rows has the outcome the other way round.",
    "log loss of the model that learned from broken rows, and from sound ones",
)
_SPLIT_FIT = (
    "The judged rows were learned from, so the model is praised for its memory.",
    "log loss of a spline on the few rows that it learned, and on other rows",
)
_SPLIT_RECALIBRATE = (
    "The recalibration was fitted to the outcomes that judge it.",
    "log loss after a recalibration on 100 rows: on those rows, and on the others (mean of 40 draws)",
)
_SPLIT_THRESHOLD = (
    "The threshold was chosen on the rows that judge it: the cheapest of many looks cheaper than it is.",
    "cost per row at the best threshold of 100 rows: on those rows, and on the others (mean of 40 draws)",
)
_RECALIBRATE = (
    "The threshold belongs to probabilities that are changed afterwards: it decides other rows than it was "
    "chosen for. Here the raw scores are twice as spread as they should be.",
    "cost per row with the threshold of the raw scores, and with that of the recalibrated ones",
)
_THRESHOLD_JUDGE = (
    "Without a threshold there is no decision to be judged; whoever judges anyway uses 0.5.",
    "cost per row at 0.5, and at the rule of the costs",
)
_JUDGE = (
    "What was not judged is promoted by hope: any of the candidates could have been the one.",
    "cost per row of the dearest candidate, and of the chosen one",
)


def _measured(measure: _Measure, material: Material, first: str, then: str, texts: tuple[str, str]) -> Broken:
    try:
        wrong, right = measure(material)
    except (LogitgateError, ValueError, IndexError):
        return Broken(first, then, texts[0])
    return Broken(first, then, *texts, wrong, right)


def _contract(material: Material) -> tuple[float, float]:
    """Fit every second row, broken and sound, and judge the rows between them."""
    rows = material.learned_of_last()
    learned, judged = rows.take(np.arange(0, len(rows), 2)), rows.take(np.arange(1, len(rows), 2))
    y = learned.y.copy()
    wrong = even(len(y), max(1, int(_BROKEN * len(y))))
    y[wrong] = 1 - y[wrong]
    scored = (refitted(material, part, judged) for part in (replace(learned, y=y), learned))
    broken, sound = (float(log_losses(one.y, one.decision.probability).mean()) for one in scored)
    return broken, sound


def _split_fit(material: Material) -> tuple[float, float]:
    learned, judged = material.learned_of_last(_FEW), material.judged_of_last()
    model = refitted_model(material, learned, Choice(Form(basis="spline"), 1.0))

    def loss(rows: Sample) -> float:
        return float(log_losses(rows.y.astype(np.int64), model.probability(rows.frame)).mean())

    return loss(learned), loss(judged)


def _split_recalibrate(material: Material) -> tuple[float, float]:
    scored = material.scored
    odds = log_odds(scored.decision.probability)
    found = []
    for rows in _draws(len(odds), material):
        cox = fit_cox(scored.y[rows], odds[rows])
        losses = log_losses(scored.y, expit(cox.intercept + cox.slope * odds))
        if np.isfinite(losses).all():
            found.append((losses[rows].mean(), np.delete(losses, rows).mean()))
    return _means(found)


def _split_threshold(material: Material) -> tuple[float, float]:
    scored, found = material.scored, []
    for rows in _draws(len(scored.y), material):
        part = scored.take(rows)
        rule, cost = empirical_minimiser(part.decision.probability, part.y, part.costs)
        decision = Decision.by(rule, scored.decision.probability, scored.costs)
        found.append((cost, np.delete(scored.costs.of(scored.y, decision.flagged), rows).mean()))
    return _means(found)


def _recalibrate_threshold(material: Material) -> tuple[float, float]:
    scored = material.scored
    raw = expit(_FACTOR * log_odds(scored.decision.probability))
    found = []
    for probability in (raw, scored.decision.probability):
        rule, _ = empirical_minimiser(probability, scored.y, scored.costs)
        decision = Decision.by(rule, scored.decision.probability, scored.costs)
        found.append(float(scored.costs.of(scored.y, decision.flagged).mean()))
    return found[0], found[1]


def _threshold_judge(material: Material) -> tuple[float, float]:
    scored: Scored = material.scored
    half = scored.costs.of(scored.y, scored.decision.probability >= 0.5)
    return float(half.mean()), float(scored.cost.mean())


def _judge_promote(material: Material) -> tuple[float, float]:
    found = material.learned.found
    costs = [one.cost for one in found.candidates if np.isfinite(one.cost)]
    return max(costs), found.chosen.cost


def _draws(rows: int, material: Material) -> list[IntArray]:
    random = np.random.default_rng(material.project.split.seed)
    number = min(rows // 2, _FEW // 2)
    return [random.choice(rows, number, replace=False).astype(np.int64) for _ in range(_DRAWS)]


def _means(found: list[tuple[float, float]]) -> tuple[float, float]:
    wrong, right = np.array(found).mean(axis=0)
    return float(wrong), float(right)
