"""From a judgement to what its figures show, and the figures by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from ...catalogue import Check
from ...decision.expressions import FloatArray
from ...decision.rule import DecisionRule
from ...errors import RefusedError
from ...evaluation.curves import cost_points, roc_points
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.figures import mean, rate
from ...evaluation.intervals import Units
from ...evaluation.probabilities.cox import log_odds
from ...evaluation.probabilities.reliability import Corp
from ...evaluation.ranking.auc import group_aucs
from ...findings import Figure as Number
from ...findings import Finding
from ...gates.evidence import Evidence, Judged
from ...model.fitting.recalibration import NONE
from ...model.train import Learned
from ...project.project import Project
from ..figures.coefficients import Effect, OddsRatios, effects_figure, odds_ratios_figure
from ..figures.costs import CostCurve, Rule, Sensitivity, cost_curve_figure, sensitivity_figure
from ..figures.ranking import Roc, RocCurve, Scores, roc_figure, scores_figure
from ..figures.reliability import Binned, Recalibrated, Reliability, recalibration_figure, reliability_figure
from ..figures.slices import SliceDots, slices_figure
from ..figures.style import Caption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS, _LEAST_ROWS, _GRID = 20, 20, 40
NAMES = ("roc", "scores", "reliability", "recalibration", "cost", "sensitivity", "slices", "odds", "effects")


def roc(judged: Judged, simpler: Mapping[str, Scored]) -> Roc:
    """Return the ROC of the judged rows beside champion and baselines, with the point at which it decides."""
    evaluation = judged.evaluation
    point = (evaluation.false_positive_rate.value, evaluation.recall.value)
    others = {} if judged.champion is None else {"champion": judged.champion}
    known = {name: _curve(one) for name, one in (others | dict(simpler)).items() if _ranks(one)}
    return Roc(RocCurve(*roc_points(judged.scored), evaluation.auc), point, known)


def scores(judged: Judged) -> Scores:
    """Return the probabilities of the judged rows by outcome."""
    decision = judged.scored.decision
    return Scores(decision.probability, judged.scored.y == 1, decision.threshold)


def reliability(judged: Judged, project: Project) -> Reliability:
    """Return the reliability of the judged rows, with the clustered intervals of groups of them."""
    scored = judged.scored
    corp = Corp.of(scored.y, scored.decision.probability)
    finite = scored.decision.threshold[np.isfinite(scored.decision.threshold)]
    low, high = np.quantile(finite, (0.05, 0.95)).tolist() if len(finite) else (NAN, NAN)
    bins = _binned(scored, scored.decision.probability)
    return Reliability(corp, bins, project.gates.calibration.in_the_large, (low, high))


def recalibration(learned: Learned) -> Recalibrated:
    """Return the judged rows by probability, without and with what was decided for their block."""
    scored = learned.scored
    after = scored.decision.probability
    score = log_odds(after)
    for block, decided in learned.submitted.blocks:
        rows, change = learned.block == block, decided.recalibration
        score[rows] = (score[rows] - change.intercept) / change.slope
    return Recalibrated(_binned(scored, expit(score)), _binned(scored, after))


def cost_curve(judged: Judged, rule: DecisionRule, project: Project) -> CostCurve:
    """Return the cost of the judged rows at each threshold, with the rules that could decide them."""
    scored, value = judged.scored, rule.value
    bayes = scored.costs.bayes_threshold()
    constant = bool((bayes == bayes[0]).all()) and bool(np.isfinite(bayes[0]))
    none, everyone = (_cost(scored, np.full(len(scored.y), flag)) for flag in (False, True))
    probability = scored.decision.probability
    grid = np.unique(np.quantile(probability, np.linspace(0, 1, _GRID)))
    units = Units.of(np.zeros(len(scored.y), dtype=np.int64), 1, scored.cluster)
    limits = np.array([_limits(units, scored, probability >= one) for one in grid])
    return CostCurve(
        *cost_points(scored),
        grid,
        limits[:, 0],
        limits[:, 1],
        Rule(value if value is not None else NAN, judged.evaluation.cost.value),
        Rule(float(bayes[0]) if constant else NAN, _cost(scored, probability >= bayes)),
        Rule(0.5, _cost(scored, probability >= 0.5)),
        none,
        everyone,
        project.costs.unit,
        project.rows.unit,
    )


def sensitivity(evidence: Evidence) -> Sensitivity:
    """Return the difference in cost under costs that are off, as the table `cost-sensitivity` has it."""
    rows, project = _rows(evidence, "cost-sensitivity"), evidence.project
    (reference,) = (one.subject for one in evidence.findings if one.check is Check.COSTS)
    return Sensitivity(
        [_scenario(row) for row in rows],
        [Estimate(*(_float(row, f"difference{end}") for end in ("", "_low", "_high"))) for row in rows],
        [bool(row["challenger proven cheaper"]) for row in rows],
        reference,
        project.costs.unit,
        project.rows.unit,
    )


def slices(evidence: Evidence) -> SliceDots:
    """Return what each slice costs more than the reference on the same rows, as its finding has it."""
    project = evidence.project
    found = [one for one in evidence.findings if one.check is Check.SLICES and "difference" in one.figures]
    value, low, high, n, margin = (
        np.array([_number(one, name) for one in found], dtype=np.float64)
        for name in ("difference", "difference_low", "difference_high", "n", "margin")
    )
    what = f"cost per {project.rows.unit} beyond the reference ({project.costs.unit})"
    limit = float(margin[0]) if len(margin) else NAN
    names, status = [one.subject for one in found], [one.status for one in found]
    return SliceDots(names, value, low, high, n.astype(np.int64), status, limit, what)


def odds_ratios(evidence: Evidence) -> OddsRatios:
    """Return the odds ratios of the shipped model's columns that have limits."""
    rows = [row for row in _rows(evidence, Check.COEFFICIENTS) if np.isfinite(_log_ratio(row))]
    ends = (f"odds_ratio{end}" for end in ("", "_low", "_high"))
    return OddsRatios([str(row["column"]) for row in rows], *(_column(rows, end) for end in ends))


def effects(evidence: Evidence) -> list[Effect]:
    """Return the effect of each numeric feature, as the table `effects` has it."""
    rows = _rows(evidence, "effects")
    names = dict.fromkeys(str(row["feature"]) for row in rows)
    return [_effect(name, [row for row in rows if row["feature"] == name]) for name in names]


def drawable(evidence: Evidence, caption: Caption) -> dict[str, Callable[[], Figure]]:
    """Return what draws each figure that a judgement has, by its name; none before rows were judged."""
    return dict(_drawable(evidence, caption))


def drawn(evidence: Evidence, name: str) -> Figure:
    """Draw one figure of a judged model, by its name.

    Raises
    ------
    RefusedError
        When nothing was judged, or there is nothing of this kind to be drawn.
    KeyError
        When there is no figure of this name.
    """
    if evidence.judged is None or evidence.learned is None:
        rule = "has no figures, as the training ended before the judged rows were judged"
        raise RefusedError(evidence.project.name, rule, "see result.verdict")
    if name not in NAMES:
        raise KeyError(f"no figure {name!r}; there are {', '.join(NAMES)}")
    known = drawable(evidence, caption_of(evidence))
    if name not in known:
        remedy = "declare slices.columns" if name == "slices" else "draw another figure"
        raise RefusedError(evidence.project.name, f"has no {name} to be drawn", remedy)
    return known[name]()


def caption_of(evidence: Evidence, version: int | None = None) -> Caption:
    """Return what the figures' titles name."""
    rows = len(evidence.judged.scored.y) if evidence.judged else None
    return Caption(evidence.project.name, version, evidence.as_of, rows, evidence.verdict.status.value)


def _drawable(evidence: Evidence, caption: Caption) -> Iterator[tuple[str, Callable[[], Figure]]]:
    judged, learned, project = evidence.judged, evidence.learned, evidence.project
    if judged is None or learned is None:
        return
    yield "roc", lambda: roc_figure(roc(judged, learned.simpler), caption)
    yield "scores", lambda: scores_figure(scores(judged), caption)
    yield "reliability", lambda: reliability_figure(reliability(judged, project), caption)
    if any(decided.recalibration != NONE for _, decided in learned.submitted.blocks):
        yield "recalibration", lambda: recalibration_figure(recalibration(learned), caption)
    yield "cost", lambda: cost_curve_figure(cost_curve(judged, learned.model.rule, project), caption)
    yield "sensitivity", lambda: sensitivity_figure(sensitivity(evidence), caption)
    if judged.slices:
        yield "slices", lambda: slices_figure(slices(evidence), caption)
    ratios, curves = odds_ratios(evidence), effects(evidence)
    if ratios.names:
        yield "odds", partial(odds_ratios_figure, ratios, caption)
    if curves:
        yield "effects", partial(effects_figure, curves, caption)


def _ranks(scored: Scored) -> bool:
    """Return whether a decision maker orders rows at all."""
    return bool(np.ptp(scored.decision.probability) > 0)


def _curve(scored: Scored) -> RocCurve:
    together = np.zeros(len(scored.y), dtype=np.int64)
    units = Units.of(together, 1, scored.cluster)
    found, low, high = group_aucs(units, together, scored.decision.probability, scored.y)
    return RocCurve(*roc_points(scored), Estimate(float(found.mean[0]), float(low[0]), float(high[0])))


def _binned(scored: Scored, probability: FloatArray) -> Binned:
    """Part rows by probability into at most 20 groups of equal size."""
    order = np.argsort(probability, kind="stable")
    count = max(1, min(_BINS, len(order) // _LEAST_ROWS))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.arange(len(order)) * count // len(order)
    units = Units.of(group, count, scored.cluster)
    found = rate(units, scored.y == 1, np.ones(len(order), dtype=bool))
    predicted = np.bincount(group, probability) / np.bincount(group)
    return Binned(predicted, found.value, found.low, found.high)


def _limits(units: Units, scored: Scored, flagged: np.ndarray) -> tuple[float, float]:
    found = mean(units, scored.costs.of(scored.y, flagged))
    return float(found.low[0]), float(found.high[0])


def _cost(scored: Scored, flagged: np.ndarray) -> float:
    return float(scored.costs.of(scored.y, flagged).mean())


def _scenario(row: Mapping[str, Number]) -> str:
    return "as declared" if row["factor"] == 1.0 else f"costs of {row['costs of']} x {row['factor']:g}"


def _effect(name: str, rows: list[Mapping[str, Number]]) -> Effect:
    columns = ("value", "log_odds", "log_odds_low", "log_odds_high")
    return Effect(name, *(_column(rows, column) for column in columns))


def _rows(evidence: Evidence, name: str) -> list[Mapping[str, Number]]:
    return [row for one in evidence.exhibits if one.name == name for row in one.rows]


def _column(rows: list[Mapping[str, Number]], name: str) -> FloatArray:
    return np.array([_float(row, name) for row in rows], dtype=np.float64)


def _log_ratio(row: Mapping[str, Number]) -> float:
    with np.errstate(divide="ignore"):
        return float(np.log(_float(row, "odds_ratio")))


def _float(row: Mapping[str, Number], name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, (int, float)) else NAN


def _number(finding: Finding, name: str) -> float:
    return _float(finding.figures, name)
