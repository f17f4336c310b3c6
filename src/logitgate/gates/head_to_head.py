"""A contest: a model and its opponents on the very same rows, and the gates that hold them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..decision.costs import BoolArray
from ..decision.expressions import FloatArray
from ..evaluation.comparison import paired
from ..evaluation.cox import fit_cox, log_odds
from ..evaluation.evaluate import Scored
from ..evaluation.metrics import log_losses
from ..evaluation.slices import Levels
from ..findings import Finding
from ..model.baselines import LINEAR, PRIOR
from ..project.project import Project
from . import champion as gates_champion
from . import gates
from .alpha_spending import spent
from .simpler_models import itself, same_model
from .slice_harm import HarmRule, proven_harm


@dataclass(frozen=True, slots=True)
class Contest:
    """Who competes, each scored through its own preprocessing and threshold on the same rows."""

    scored: Scored
    baselines: Mapping[str, Scored]
    """The simpler models by name; `PRIOR` is always among them."""
    levels: Mapping[str, Levels]
    """The slices of the rows."""
    champion: Scored | None = None
    version: int | None = None
    """The champion's version; None before the first release."""
    refusal: str = ""
    """Why there is a version but no champion: it could not be loaded or scored."""
    untouched: BoolArray | None = None
    """The rows that neither model was fitted on, shape (n,); None where that is not known."""
    decision: int = 1
    """The how many-th decision on these rows this is."""

    @property
    def reference(self) -> Scored:
        """Whom slices are held against: the champion, or the prior model before there is one."""
        return self.champion or self.baselines[PRIOR]

    def alpha(self, project: Project) -> float:
        """Return the error rate that each proof of this decision may spend."""
        return spent(project.gates.alpha, self.decision)

    @property
    def met(self) -> tuple[Scored, Scored] | None:
        """Challenger and champion on the rows that neither was fitted on; None without a champion or rows."""
        if self.champion is None or self.untouched is None or not self.untouched.any():
            return None
        if self.untouched.all():
            return self.scored, self.champion
        return self.scored.take(self.untouched), self.champion.take(self.untouched)


def contest_findings(contest: Contest, project: Project) -> list[Finding]:
    """Hold a model against its margins and its opponents: one finding or more from each gate."""
    scored = contest.scored
    cox = fit_cox(scored.y, log_odds(scored.decision.probability), scored.cluster)
    return [
        *gates.calibration(cox.in_the_large_interval(), cox.slope_interval(), project.gates.calibration),
        *_baselines(contest, project),
        *_champion(contest, project),
        *_slices(contest, project),
    ]


def harm_rule(contest: Contest, project: Project) -> HarmRule:
    """Return when a slice's extra cost beyond the reference stops, for these rows.

    Only proofs that a slice is unharmed share alpha with other decisions on the same rows: to ask for ever
    stronger proofs of harm would let more and more harm through.
    """
    margin = project.gates.slice_margin * abs(float(contest.reference.cost.mean()))
    declared = project.slices
    return HarmRule(
        margin,
        project.gates.alpha,
        declared.minimum_rows,
        declared.minimum_events,
        declared.minimum_events,
        contest.alpha(project),
    )


def _baselines(contest: Contest, project: Project) -> list[Finding]:
    scored, alpha = contest.scored, contest.alpha(project)
    findings = []
    for name, other in contest.baselines.items():
        if name == LINEAR and same_model(scored, other):
            findings.append(itself(name))
            continue
        margin = project.gates.linear_margin * abs(float(other.cost.mean())) if name == LINEAR else 0.0
        findings.append(gates.baseline(name, paired(scored, other, alpha), margin))
    difference = _log_losses(scored) - _log_losses(contest.baselines[PRIOR])
    return [*findings, gates.log_loss(difference, scored, alpha)]


def _log_losses(scored: Scored) -> FloatArray:
    return log_losses(scored.y, scored.decision.probability)


def _champion(contest: Contest, project: Project) -> list[Finding]:
    if contest.version is None:
        return [gates.first_release()]
    if contest.champion is None:
        return [gates.champion_unjudged(contest.version, contest.refusal)]
    if contest.untouched is None:
        return [gates_champion.rows_unknown(contest.version)]
    kept = gates_champion.left_out(contest.version, contest.untouched, contest.scored.y, project.slices)
    if kept.status.stops or contest.met is None:
        return [kept]
    one, other = contest.met
    compared = paired(one, other, contest.alpha(project))
    return [
        *gates.champion(contest.version, compared, project.gates),
        gates_champion.believable(contest.version, compared, other, project.gates),
        kept,
    ]


def _slices(contest: Contest, project: Project) -> list[Finding]:
    scored, reference = contest.scored, contest.reference
    rule = harm_rule(contest, project)
    harms = proven_harm(scored.cost - reference.cost, scored.y, contest.levels, scored.cluster, rule)
    name = "champion" if contest.champion else "prior model"
    unit = abs(float(reference.cost.mean()))
    margins = {slice_: share * unit for slice_, share in project.slices.critical.items()}
    return gates.slices(harms, name, rule.margin) + gates.critical_slices(harms, margins, name)
