"""Inspecting the fitted model itself: coefficients, signs, stability, and what each feature is worth."""

from __future__ import annotations

from .coefficients import Coefficients, champion_weights, coefficient_evidence
from .dropped import without_each
from .errors import FitError
from .exhibits import Exhibit
from .findings import Finding, Status
from .fitted import Fitted
from .learn import Learned
from .model import Model
from .project import Project
from .signs import sign_findings
from .split import Split
from .stability import stability
from .worth import CHECK, worth_evidence, worths


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
    worth, tables = _worth(learned, fitted, split, project)
    return [
        *found,
        worth,
        *sign_findings(pipeline, split.train.frame, project.gates.signs),
        stability(fitted, learned.found.chosen.choice, split.train, project),
    ], [table, *tables]


def _worth(learned: Learned, fitted: Fitted, split: Split, project: Project) -> tuple[Finding, list[Exhibit]]:
    """Drop each feature in turn; where that cannot be done it is a warning, as it decides nothing."""
    scored = learned.model.score(split.test, project.costs.matrix)
    try:
        found = worths(learned.model, scored, without_each(fitted, project.features.all), split)
    except FitError as error:
        return Finding(CHECK, "worth", Status.WARN, f"cannot be told: {error}"), []
    finding, table = worth_evidence(found, project.gates.alpha)
    return finding, [table]
