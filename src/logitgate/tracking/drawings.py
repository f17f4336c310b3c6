"""From a judgement to what its figures show: ROC, reliability, cost curve and slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..decision.rule import DecisionRule
from ..errors import RefusedError
from ..evaluation.curves import cost_points, roc_points
from ..evaluation.probabilities.reliability import Corp, consistency
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
    """Return the cost of each slice that has rows enough for an interval."""
    parts = [part for part in judged.slices if part.n > 1]
    cost = [[*part.cost] for part in parts]
    value, low, high = np.array(cost).T
    overall = judged.evaluation.cost.value
    names, what = [part.name for part in parts], f"cost per row ({project.costs.unit})"
    return SliceDots(names, value, low, high, overall, what)


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
