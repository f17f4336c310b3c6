"""Retiring a model: a rule that needs none becomes a version of its own and takes the champion's place.

The version keeps the champion's pipeline and probabilities; what it decides is constant. So it is registered,
scored, compared and rolled back from like any other, and a later model must be proven cheaper.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from ...data.sampling.row_hashes import FittedRows, scheme_of
from ...decision.rule import DecisionRule
from ...errors import ConflictError, DataError
from ...evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE
from ...findings import Figure, Finding
from ...gates.rules.alpha_spending import RECIPE
from ...monitoring.performance.versus_rules import RULE
from ...project.project import Project
from ...tracking.recording import training_run
from ...tracking.runs import NO_GATE, Note
from ...tracking.store import Store
from ..ledger.entries import Reason, Release
from ..packaging.golden import answered
from ..packaging.model_package import ModelPackage
from ..promotion.candidacy import propose
from ..promotion.promotion import promote
from ..promotion.rollback import actor
from ..promotion.transaction import PromotionRequest, PromotionResult
from ..registry import model_files, registry
from ..registry.registry import Label
from .release import load_version


def retire(
    store: Store, project: Project, judged: Release, found: Finding, window: tuple[str, datetime]
) -> PromotionResult:
    """Put the rule that a window found cheaper into production, as a version of its own.

    Where the project asks for a person's approval (`gates.approval`), it becomes the candidate instead.

    Parameters
    ----------
    store : Store
    project : Project
    judged : Release
        The version that was monitored.
    found : Finding
        Of the check "no model": it names the rule, and its figures go to the ledger.
    window : tuple of str and datetime
        Name of the window, and the date by which its outcomes were mature.

    Raises
    ------
    ConflictError
        When another version is in production by now; and as `promotion.promote`.
    DataError
        When the finding names no rule, or the champion has no golden rows.
    UnavailableError
        When the store or the lock cannot be reached.
    """
    rule, (name, as_of) = str(found.figures.get(RULE)), window
    champion, package = load_version(store, project, None)
    if not champion.release.is_same(judged):
        rule = f"is {champion}, and version {judged.version} was monitored"
        raise ConflictError(f"champion of {project.name}", rule, "monitor again")
    because = f"monitoring of {name}: {found.because}"
    with training_run(store, project.name, Note(f"{rule} in place of version {judged.version}")) as run:
        tags = {
            "verdict": "PASS",
            "refused_by": NO_GATE,
            "as_of": as_of.isoformat(),
            registry.JUDGED_AGAINST: str(champion.version),
            registry.JUDGED_DIGEST: champion.digest,
            RECIPE: f"rule: {rule}",
        }
        label = Label(f"No model: each row is decided by {rule}.\n\n{because}", tags)
        version = model_files.register(run, project.name, ruled(package, rule, project), label)
        reason = Reason("promotion", actor(), because[:500], "PASS", _kept(found))
        request = PromotionRequest(project.name, reason, version, champion)
        return (propose if project.gates.approval else promote)(store, request)


def ruled(package: ModelPackage, rule: str, project: Project) -> ModelPackage:
    """Return a package whose decisions are constant, and whose probabilities are those of another one.

    It was fitted to no row, and the chunks of the other's costs are no reference for it.

    Raises
    ------
    DataError
        When it is no rule without a model, or there are no golden rows.
    """
    if rule not in (FLAG_NONE, FLAG_ALL):
        raise DataError("rule", f"'{rule}' is neither {FLAG_NONE} nor {FLAG_ALL}", "name one of them")
    if package.golden is None:
        raise DataError(project.name, "the champion has no golden rows", "train it again")
    model = replace(package.model, rule=DecisionRule("flag-all" if rule == FLAG_ALL else "flag-none"))
    profile = package.profile.of_rule(flagged=rule == FLAG_ALL)
    nothing = FittedRows(scheme_of(project), np.zeros(0, dtype=np.uint64))
    golden = answered(model, package.golden.numbers, package.golden.texts)
    return ModelPackage(model, package.unit, profile, nothing, golden, package.declared)


def _kept(found: Finding) -> dict[str, Figure]:
    names = ("n", "difference", "difference_low", "difference_high", "lower", "effective_rows", RULE)
    return {name: found.figures[name] for name in names if name in found.figures}
