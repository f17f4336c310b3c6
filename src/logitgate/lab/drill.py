"""The concept drill: other costs, other penalties, class weights, and another share of events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.dummy import DummyClassifier

from ..data.sampling.sample import Sample
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from ..errors import LogitgateError
from ..evaluation.evaluate import Scored
from ..evaluation.metrics import ScoreGroups, log_losses
from ..evaluation.ranking.auc import auc
from ..model.fitting.fit import Choice, regression
from ..model.model import Model
from ..pages.charts import Axis, Chart, Mark, across, down, line
from ..pages.explorer import ExplorerEntries, ExplorerGroups, score_groups
from ..project.search import Form
from .material import Material
from .refit import refitted_model

_PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
_FEW = 200
_WEIGHTS = (1.0, 2.0, 5.0, 20.0)


@dataclass(frozen=True, slots=True)
class Preset:
    """Costs of a trade, applied to the scores of these rows."""

    name: str
    why: str
    costs: ExplorerEntries


def _entries(miss: float, alarm: float) -> ExplorerEntries:
    return ExplorerEntries(true_positive=0, false_positive=alarm, true_negative=0, false_negative=miss)


PRESETS = (
    Preset("Spam", "a lost letter is nine times as bad as an advertisement that passes", _entries(1, 9)),
    Preset("Fraud", "a call to an honest customer costs 3, a fraud that is missed 7", _entries(7, 3)),
    Preset("Diagnosis", "a missed disease is four times as bad as a needless test", _entries(4, 1)),
)


@dataclass(frozen=True, slots=True)
class Penalty:
    """One penalty: mean log loss on the rows that were learned and on rows that were not, in nats."""

    C: float
    learned: float | None
    judged: float | None
    why: str = ""
    """What stood against a fit."""


@dataclass(frozen=True, slots=True)
class OverFitting:
    """Penalties of a flexible form on few rows."""

    rows: int
    form: str
    penalties: tuple[Penalty, ...]


@dataclass(frozen=True, slots=True)
class Weighted:
    """A fit in which an event counts as several."""

    weight: float
    mean_probability: float
    observed: float
    auc: float
    log_loss: float
    cost: float
    """Per row, at the threshold of the costs."""
    cost_moved: float
    """The same where the odds of the threshold are multiplied by the weight."""


@dataclass(frozen=True, slots=True)
class Drill:
    """All of the drill."""

    groups: ExplorerGroups
    own: ExplorerEntries
    over_fitting: OverFitting
    weights: tuple[Weighted, ...]


@dataclass(frozen=True, slots=True)
class Shifted:
    """The judged rows as if events had another share; the model and its threshold stay."""

    precision: float
    flag_rate: float
    cost: float
    corrected_threshold: float
    """The threshold that the old probabilities need to decide as corrected ones would."""
    corrected_cost: float


def drill(material: Material) -> Drill:
    """Make all parts of the drill from the judged rows and small refits."""
    return Drill(
        score_groups(material.scored),
        ExplorerEntries.mean(material.scored.costs),
        over_fitting(material),
        class_weights(material),
    )


def over_fitting(material: Material) -> OverFitting:
    """Fit splines to few rows under each penalty, and judge them on learned and on other rows."""
    learned, judged = material.learned_of_last(_FEW), material.judged_of_last()
    form = Form(basis="spline")
    found = []
    for C in _PENALTIES:
        try:
            model = refitted_model(material, learned, Choice(form, C))
            losses = [
                float(log_losses(rows.y, model.probability(rows.frame)).mean()) for rows in (learned, judged)
            ]
            found.append(Penalty(C, losses[0], losses[1]))
        except LogitgateError as error:
            found.append(Penalty(C, None, None, error.rule))
    return OverFitting(len(learned), str(form), tuple(found))


def over_fitting_chart(found: OverFitting) -> Chart:
    """Draw both losses by the logarithm of C."""
    known = [one for one in found.penalties if one.learned is not None and one.judged is not None]
    at = [float(np.log10(one.C)) for one in known]
    learned, judged = ([float(getattr(one, name)) for one in known] for name in ("learned", "judged"))
    most = max([*learned, *judged, 0.1])
    x, y = Axis("log10 of C: a weaker penalty to the right", -3.0, 3.0), Axis("log loss", 0.0, min(most, 2.0))
    lines = (
        line("quiet", "rows that were learned", x, y, zip(at, learned, strict=True)),
        line("model", "other rows", x, y, zip(at, judged, strict=True)),
    )
    marks: tuple[Mark, ...] = ()
    said = "No penalty allowed a fit."
    if known:
        best = int(np.argmin(judged))
        marks = (Mark("chosen", "best", across(x, at[best]), down(y, judged[best])),)
        said = f"The other rows' loss is least at C = {known[best].C:g}: {judged[best]:.3g} nats."
    return Chart("over-fitting", "Log loss by penalty", said, x, y, lines, marks)


def class_weights(material: Material) -> tuple[Weighted, ...]:
    """Fit with events that count several times; none for a model of the prior alone."""
    if isinstance(material.model.pipeline[-1], DummyClassifier):
        return ()
    learned, judged = material.learned_of_last(), material.judged_of_last()
    try:
        plain = refitted_model(material, learned)
    except LogitgateError:
        return ()
    return tuple(_weighted(plain, learned, judged, weight) for weight in _WEIGHTS)


def _weighted(plain: Model, learned: Sample, judged: Sample, weight: float) -> Weighted:
    layout, C = plain.pipeline[0], float(plain.pipeline[-1].C)
    names = list(plain.features.all)
    model = regression(C).set_params(class_weight={0: 1.0, 1: weight})
    model.fit(layout.transform(plain.brought(learned.frame)[names]), learned.y.astype(np.int64))
    probability = model.predict_proba(layout.transform(plain.brought(judged.frame)[names]))[:, 1]
    scored = plain.decide(np.asarray(probability), judged, plain.costs)
    moved = _moved(scored, weight)
    return Weighted(
        weight,
        float(probability.mean()),
        float(judged.y.mean()),
        float(auc(*ScoreGroups.of(scored.decision.probability).counts(scored.y))),
        float(log_losses(scored.y, scored.decision.probability).mean()),
        float(scored.cost.mean()),
        float(moved.cost.mean()),
    )


def _moved(scored: Scored, weight: float) -> Scored:
    """Multiply the odds of each row's threshold by the weight."""
    at = scored.costs.bayes_threshold()
    with np.errstate(invalid="ignore"):
        moved: FloatArray = np.where((at > 0) & (at < 1), weight * at / (1 - at + weight * at), at)
    decision = Decision.at(moved, scored.decision.probability, scored.costs)
    return Scored(scored.y, decision, scored.costs, scored.cluster)


def at_prevalence(groups: ExplorerGroups, costs: ExplorerEntries, prevalence: float) -> Shifted:
    """Count the judged rows as if events had this share, between 0 and 1, and nothing else had changed.

    A row that is an event is weighed by the ratio of the shares, and so are the others. Corrected
    probabilities multiply the odds by the ratio of the odds of both shares (Saerens et al. 2002).
    """
    events, others = np.array(groups.events, dtype=float), np.array(groups.others, dtype=float)
    before = float(events.sum() / (events.sum() + others.sum()))
    weight = prevalence / before, (1 - prevalence) / (1 - before)
    odds = (prevalence / (1 - prevalence)) / (before / (1 - before))
    threshold = costs.threshold()
    moved = threshold if not 0 < threshold < 1 else threshold / (threshold + odds * (1 - threshold))
    flagged, cost, precision = _weighed(groups, costs, threshold, weight)
    return Shifted(precision, flagged, cost, float(moved), _weighed(groups, costs, moved, weight)[1])


def _weighed(
    groups: ExplorerGroups, costs: ExplorerEntries, threshold: float, weight: tuple[float, float]
) -> tuple[float, float, float]:
    """Return flag rate, cost per row and precision of weighed rows at a threshold."""
    place = int(np.searchsorted(groups.edges, threshold, side="left"))
    caught, missed = (weight[0] * sum(part) for part in (groups.events[place:], groups.events[:place]))
    alarms, passed = (weight[1] * sum(part) for part in (groups.others[place:], groups.others[:place]))
    rows = caught + missed + alarms + passed
    total = (
        caught * costs.true_positive
        + alarms * costs.false_positive
        + passed * costs.true_negative
        + missed * costs.false_negative
    )
    flagged = caught + alarms
    return float(flagged / rows), float(total / rows), float(caught / flagged) if flagged else float("nan")
