"""Inspecting the fitted model itself: coefficients, signs, stability, and what each feature is worth."""

from __future__ import annotations

from ...data.split import Split
from ...errors import FitError
from ...evidence_table import Exhibit
from ...findings import Finding, Status
from ...model.fitted import Fitted
from ...model.model import Model
from ...model.train import Learned
from ...project.project import Project
from .coefficients import Coefficients, champion_weights, coefficient_evidence
from .feature_value import CHECK, worth_evidence, worths
from .leave_one_out import without_each
from .monotonicity import imposed, sign_findings
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
    fitted = Fitted.of(pipeline, learned.recalibration, split.train, project.gates.signs)
    weights = champion_weights(champion.pipeline) if champion is not None else None
    found, table = coefficient_evidence(Coefficients.of(fitted), weights)
    worth, tables = _worth(learned, fitted, split, project)
    return [
        *found,
        worth,
        *imposed(fitted, project.gates.signs),
        *sign_findings(pipeline, split.train.frame, project.gates.signs),
        stability(fitted, learned.found.chosen.choice, split.train, project),
    ], [table, *tables]


def _worth(learned: Learned, fitted: Fitted, split: Split, project: Project) -> tuple[Finding, list[Exhibit]]:
    """Drop each feature in turn; where that cannot be done it is a warning, as it decides nothing."""
    scored = learned.model.score(split.test, project.costs.matrix)
    try:
        found = worths(learned.model, scored, without_each(fitted, learned.model.features.all), split)
    except FitError as error:
        return Finding(CHECK, "worth", Status.WARN, f"cannot be told: {error}"), []
    finding, table = worth_evidence(found, project.gates.alpha)
    return finding, [table]
