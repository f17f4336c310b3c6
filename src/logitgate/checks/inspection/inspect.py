"""Inspecting the fitted model itself: coefficients, signs, stability, and what each feature is worth."""

from __future__ import annotations

from dataclasses import replace

from ...data.sampling.blocks import Blocks
from ...errors import FitError
from ...evidence_table import Exhibit
from ...findings import Finding, Status
from ...model.design.signs import Signs
from ...model.fitting.fitted import Fitted
from ...model.model import Model
from ...model.train import FittedModel, Learned
from ...project.project import Project
from .coefficients import Coefficients, champion_weights, coefficient_evidence
from .effects import effect_exhibit
from .feature_value import CHECK, worth_evidence, worths
from .leave_one_out import without_each
from .monotonicity import imposed, sign_findings
from .refit import refit_finding
from .stability import stability


def inspect(
    learned: Learned, champion: Model | None, blocks: Blocks, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Look at what was learned: findings and the tables behind them.

    Parameters
    ----------
    learned : Learned
    champion : Model or None
        The model in production, where there is one that could be loaded.
    blocks : Blocks
        The rows that the model was learned from.
    project : Project
    """
    shipped, last = learned.shipped, learned.last
    signs = _signs(learned, project)
    fitted = _fitted(shipped, signs)
    before = fitted if shipped is last else _fitted(last, project.gates.signs)
    weights = champion_weights(champion.pipeline) if champion is not None else None
    found, table = coefficient_evidence(Coefficients.of(fitted), weights)
    worth, tables = _worth(learned, before, blocks, project)
    return [
        *found,
        worth,
        *_decisive(fitted, learned, blocks, project),
    ], [table, _effects(fitted, shipped), *_judged_coefficients(before, learned), *tables]


def inspect_briefly(learned: Learned, blocks: Blocks, project: Project) -> list[Finding]:
    """Return the findings of `inspect` that can stop a promotion, and the one about the coefficients.

    No table, no feature is dropped, and no champion is needed: enough to know what the gates decide.
    """
    fitted = _fitted(learned.shipped, _signs(learned, project))
    found, _ = coefficient_evidence(Coefficients.of(fitted), None)
    return [*found, *_decisive(fitted, learned, blocks, project)]


def _decisive(fitted: Fitted, learned: Learned, blocks: Blocks, project: Project) -> list[Finding]:
    shipped, signs = learned.shipped, _signs(learned, project)
    return [
        *imposed(fitted, signs),
        *sign_findings(shipped.model.pipeline, shipped.rows.frame, signs),
        stability(fitted, shipped, project),
        *([] if shipped is learned.last else [refit_finding(fitted, learned, blocks)]),
    ]


def _signs(learned: Learned, project: Project) -> Signs:
    used = learned.shipped.model.features.all
    return {name: sign for name, sign in project.gates.signs.items() if name in used}


def _fitted(one: FittedModel, signs: Signs) -> Fitted:
    return Fitted.of(one.model.pipeline, one.decided.recalibration, one.rows, signs)


def _effects(fitted: Fitted, shipped: FittedModel) -> Exhibit:
    model = shipped.model
    return effect_exhibit(fitted, model.pipeline, shipped.rows.frame, model.features.numeric)


def _judged_coefficients(before: Fitted, learned: Learned) -> list[Exhibit]:
    """Return the coefficients of the model that the last block was judged by, where another one ships."""
    if learned.shipped is learned.last:
        return []
    table = coefficient_evidence(Coefficients.of(before), None)[1]
    return [replace(table, name="coefficients-last-block", title="Coefficients as judged on the last block")]


def _worth(
    learned: Learned, before: Fitted, blocks: Blocks, project: Project
) -> tuple[Finding, list[Exhibit]]:
    """Drop each feature in turn from the last block's model; where that cannot be done it is a warning."""
    last, rows = learned.last, blocks.sample.take(blocks.rows(blocks.last))
    try:
        dropped = without_each(before, last.model.features.all)
        found = worths(last.model, last.decided.recalibration, dropped, rows)
    except FitError as error:
        return Finding(CHECK, "worth", Status.WARN, f"cannot be measured: {error}"), []
    finding, table = worth_evidence(found, project.gates.alpha)
    return finding, [table]
