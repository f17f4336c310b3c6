"""Inspecting the fitted model itself: its coefficients, their declared signs, the stability of the fit."""

from __future__ import annotations

from .coefficients import Coefficients, champion_weights, coefficient_evidence
from .exhibits import Exhibit
from .findings import Finding
from .fitted import Fitted
from .learn import Learned
from .model import Model
from .project import Project
from .signs import sign_findings
from .split import Split
from .stability import stability


def inspect(
    learned: Learned, champion: Model | None, split: Split, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Look at what was learned: findings and the tables behind them.

    Parameters
    ----------
    learned : Learned
    champion : Model or None
        The model in production, where there is one that could be loaded.
    split : Split
        The parts that the model was learned from.
    project : Project
    """
    pipeline = learned.model.pipeline
    fitted = Fitted.of(pipeline, learned.recalibration, split.train)
    weights = champion_weights(champion.pipeline) if champion is not None else None
    found, table = coefficient_evidence(Coefficients.of(fitted), weights)
    return [
        *found,
        *sign_findings(pipeline, split.train.frame, project.gates.signs),
        stability(fitted, learned.found.chosen.choice, split.train, project),
    ], [table]
