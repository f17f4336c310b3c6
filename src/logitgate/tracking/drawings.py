"""From a judgement to what its figures show: ROC, reliability, cost curve and slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..catalogue import Check
from ..decision.rule import DecisionRule
from ..errors import RefusedError
from ..evaluation.curves import cost_points, roc_points
from ..evaluation.probabilities.reliability import Corp, consistency
from ..findings import Finding
from ..gates.judge import Judged
from ..gates.training import Evidence
from ..project.project import Project
from .figures import (
    CostCurve,
    Reliability,
    Roc,
    SliceDots,
    cost_curve_figure,
    reliability_figure,
    roc_figure,
    slices_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def roc(judged: Judged) -> Roc:
    """Return the ROC of the judged rows, with the point at which the model decides."""
    evaluation = judged.evaluation
    point = (evaluation.false_positive_rate.value, evaluation.recall.value)
    return Roc(*roc_points(judged.scored), evaluation.auc.value, point)


def reliability(judged: Judged, project: Project) -> Reliability:
    """Return the reliability curve of the judged rows, with the band of a model that is right."""
    corp = Corp.of(judged.scored.y, judged.scored.decision.probability)
    return Reliability(corp, consistency(corp, project.split.seed))


def cost_curve(judged: Judged, rule: DecisionRule, project: Project) -> CostCurve:
    """Return the cost of the judged rows at each threshold, with that of the chosen rule."""
    scored, value = judged.scored, rule.value
    chosen = (value if value is not None else float("nan"), judged.evaluation.cost.value)
    none, everyone = (
        float(scored.costs.of(scored.y, np.full(len(scored.y), flag)).mean()) for flag in (False, True)
    )
    return CostCurve(*cost_points(scored), chosen, none, everyone, project.costs.unit)


def slices(judged: Judged, project: Project) -> SliceDots:
    """Return what each slice costs more than the reference on the same rows, as its finding has it."""
    found = [one for one in judged.findings if one.check is Check.SLICES and "difference" in one.figures]
    value, low, high, n, margin = (
        np.array([_number(one, name) for one in found], dtype=np.float64)
        for name in ("difference", "difference_low", "difference_high", "n", "margin")
    )
    what = f"cost per row beyond the reference ({project.costs.unit})"
    limit = float(margin[0]) if len(margin) else float("nan")
    names, status = [one.subject for one in found], [one.status for one in found]
    return SliceDots(names, value, low, high, n.astype(np.int64), status, limit, what)


def _number(finding: Finding, name: str) -> float:
    value = finding.figures.get(name)
    return float(value) if isinstance(value, (int, float)) else float("nan")


def drawn(evidence: Evidence, name: str) -> Figure:
    """Draw one figure of a judged model: "roc", "reliability", "cost" or "slices".

    Raises
    ------
    RefusedError
        When nothing was judged, or there is no slice to be drawn.
    KeyError
        When there is no figure of this name.
    """
    judged, learned, project = evidence.judged, evidence.learned, evidence.project
    if judged is None or learned is None:
        rule = "has no figures, as the training ended before the judged rows were judged"
        raise RefusedError(project.name, rule, "see result.verdict")
    match name:
        case "roc":
            return roc_figure(roc(judged), project.name)
        case "reliability":
            return reliability_figure(reliability(judged, project), project.name)
        case "cost":
            return cost_curve_figure(cost_curve(judged, learned.model.rule, project), project.name)
        case "slices" if judged.slices:
            return slices_figure(slices(judged, project), project.name)
        case "slices":
            raise RefusedError(project.name, "declares no slices to be drawn", "declare slices.columns")
    raise KeyError(f"no figure {name!r}; there are roc, reliability, cost, slices")
