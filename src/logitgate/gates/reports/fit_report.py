"""What the recipe decided, block by block, and how each block fared."""

from __future__ import annotations

from ...catalogue import Check
from ...evaluation.comparisons.comparison import better_rule
from ...evaluation.evaluate import Scored
from ...evaluation.metrics import log_losses
from ...evaluation.ranking.delong import Ranked
from ...evidence_table import Exhibit
from ...findings import Figure, Finding, Status
from ...model.recipes.recipe import Decided
from ...model.train import FittedModel, Learned

CHECK = Check.FIT


def fit_findings(learned: Learned) -> list[Finding]:
    """Report what ships."""
    decided, ship = learned.shipped.decided, learned.shipped
    rule = "" if decided.rule.value is None else f" {decided.rule.value:.4g}"
    because = (
        f"{learned.submission.name}: {decided.candidate.choice}, {_recalibrated(decided)}, "
        f"{decided.rule.name} threshold{rule}; fitted to {_rows(ship)}, judged on {len(learned.judged)}"
    )
    figures: dict[str, Figure] = {"rows": len(ship.rows), "judged": len(learned.judged)}
    if decided.threshold is not None:
        figures |= decided.threshold.figures()
    figures |= learned.threshold_interval.figures("cheapest_threshold")
    return [Finding(CHECK, "search", Status.PASS, because, figures)]


def _rows(ship: FittedModel) -> str:
    here = f"{len(ship.rows)} rows"
    return (
        here
        if ship.whole is None
        else f"the usable of {ship.whole.rows:,} rows, of which {here} are in memory"
    )


def block_exhibit(learned: Learned) -> Exhibit:
    """Return for each judged block what was decided before it, and how it fared; the pooled rows last."""
    scored, recipe = learned.scored, learned.submitted
    rows = [
        {"block": block + 1, **_decisions(decided), **_figures(scored.take(learned.block == block))}
        for block, decided in recipe.blocks
    ]
    pooled: dict[str, Figure] = {"block": "all", **_decisions(learned.shipped.decided), **_figures(scored)}
    note = (
        "Each block is judged by what the recipe decided and fitted without it. The last line pools the "
        "judged rows; its decisions are those that ship."
    )
    return Exhibit("blocks", "The recipe, block by block", (*rows, pooled), note)


def _decisions(decided: Decided) -> dict[str, Figure]:
    choice, change = decided.candidate.choice, decided.recalibration
    return {
        "form": str(choice.form),
        "C": choice.C,
        "recalibration_slope": change.slope,
        "recalibration_intercept": change.intercept,
        "rule": decided.rule.name,
        "threshold": decided.rule.value,
    }


def _figures(rows: Scored) -> dict[str, Figure]:
    probability = rows.decision.probability
    name, rule = better_rule(rows)
    return {
        "n": len(rows.y),
        "events": int(rows.y.sum()),
        "mean_prediction": float(probability.mean()),
        "event_rate": float(rows.y.mean()),
        "log_loss": float(log_losses(rows.y, probability).mean()),
        "auc": Ranked.of(rows.y, probability).auc,
        "cost": float(rows.cost.mean()),
        "better_rule": name,
        "better_rule_cost": float(rule.cost.mean()),
    }


def _recalibrated(decided: Decided) -> str:
    change = decided.recalibration
    if (change.slope, change.intercept) == (1.0, 0.0):
        return "not recalibrated"
    return f"recalibrated with slope {change.slope:.3f} and intercept {change.intercept:+.3f}"
