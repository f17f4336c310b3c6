"""The challenger, its opponents and the gates that compare them, all on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ...decision.costs import BoolArray
from ...evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE, always, better_rule, paired
from ...evaluation.comparisons.recalibrated import miscalibration, regret
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import mean_interval
from ...evaluation.metrics import log_losses
from ...evaluation.slices import SliceLevels
from ...findings import Finding
from ...model.recipes.submission import CHOICE
from ...project.project import Project
from . import champion as champion_gate
from . import gates
from .alpha_spending import spent, spent_on_rules
from .slice_harm import HarmRule, proven_harm


class Lane(StrEnum):
    """How a challenger meets the champion."""

    REFRESH = "refresh"
    """The champion's own recipe on newer rows: it must not be worse."""
    NEW_RECIPE = "new recipe"
    """Another recipe: its gain must be proven."""


@dataclass(frozen=True, slots=True)
class HeadToHead:
    """Challenger, simpler recipes and champion, each with its own decisions about the same n rows.

    Parameters
    ----------
    scored : Scored
        The challenger.
    simpler : mapping of name to Scored
        Simpler recipes; empty when two registered versions are compared.
    levels : mapping of column to SliceLevels
        The declared slices.
    champion : Scored, optional
    version : int, optional
        The champion's version; None before the first release.
    refusal : str
        Why there is a version but no champion: it could not be loaded or scored.
    untouched : bool array of shape (n,), optional
        Rows that the champion was not fitted on (nor the challenger, where it is a fitted version); None
        where that is not known.
    last : bool array of shape (n,), optional
        The newest block; None where rows have no order in time.
    lane : Lane
    decision : int
        1-based index of this decision on these rows among those of other recipes, for alpha spending.
    share : float
        Of what this decision may spend against the rules without a model; see `share_after`.
    """

    scored: Scored
    simpler: Mapping[str, Scored]
    levels: Mapping[str, SliceLevels]
    champion: Scored | None = None
    version: int | None = None
    refusal: str = ""
    untouched: BoolArray | None = None
    last: BoolArray | None = None
    lane: Lane = Lane.NEW_RECIPE
    decision: int = 1
    share: float = CHOICE

    def alpha(self, project: Project) -> float:
        """Return the error rate that each proof of this decision may spend."""
        return spent(project.gates.alpha, self.decision)

    def alpha_of_rules(self, project: Project) -> float:
        """Return the error rate that the proof against each rule without a model may spend."""
        return self.share * spent_on_rules(project.gates.alpha, self.decision)

    @property
    def met(self) -> tuple[Scored, Scored] | None:
        """Challenger and champion on the rows that can compare them; None without a champion or such rows."""
        if self.champion is None or self.untouched is None or not self.untouched.any():
            return None
        if self.untouched.all():
            return self.scored, self.champion
        return self.scored.take(self.untouched), self.champion.take(self.untouched)

    @property
    def newest_met(self) -> BoolArray:
        """Which of the rows that compare both lie in the newest block.

        There the judged model is nearest to what ships; earlier blocks were judged by fits that knew less
        than the champion did.
        """
        assert self.untouched is not None  # noqa: S101 - as both were met
        last = np.zeros(len(self.untouched), dtype=bool) if self.last is None else self.last
        return last[self.untouched]

    @property
    def reference(self) -> tuple[str, Scored, Scored, Mapping[str, SliceLevels]]:
        """Name, challenger, reference and slices of the comparison by slice.

        The champion on the rows that can compare them, or the better of flag-none and flag-all on all rows.
        """
        if self.met is None:
            name, rule = better_rule(self.scored)
            return name, self.scored, rule, self.levels
        assert self.untouched is not None  # noqa: S101 - as `met` says
        levels = {
            name: SliceLevels(one.codes[self.untouched], one.names) for name, one in self.levels.items()
        }
        return "champion", *self.met, levels


def comparison_findings(contest: HeadToHead, project: Project) -> list[Finding]:
    """Compare the challenger with its margins and its opponents: one finding or more from each gate."""
    return [
        *_calibration(contest, project),
        *rule_findings(contest.scored, contest.last, contest.alpha_of_rules(project), project),
        *_champion(contest, project),
        *_slices(contest, project),
    ]


def harm_rule(contest: HeadToHead, project: Project) -> HarmRule:
    """Return when a slice's extra cost beyond the reference stops, for these rows.

    Only proofs that a slice is unharmed share alpha with other decisions on the same rows: to ask for ever
    stronger proofs of harm would let more and more harm through.
    """
    reference = contest.reference[2]
    declared = project.slices
    return HarmRule(
        project.gates.slice_margin * abs(float(reference.cost.mean())),
        project.gates.alpha,
        declared.minimum_rows,
        declared.minimum_events,
        declared.minimum_events,
        contest.alpha(project),
    )


def _calibration(contest: HeadToHead, project: Project) -> list[Finding]:
    scored, seed = contest.scored, project.split.seed
    few = gates.too_few(scored.y)
    if few is not None:
        return [few]
    intervals = scored.cox.in_the_large_interval(), scored.cox.slope_interval()
    found = gates.calibration(*intervals, regret(scored, seed), project.gates)
    if contest.met is None or contest.version is None or not any(one.status.stops for one in found):
        return found
    one, other = contest.met
    missed = miscalibration(one, seed) - miscalibration(other, seed)
    losses = log_losses(one.y, one.decision.probability) - log_losses(other.y, other.decision.probability)
    rows = contest.newest_met
    if contest.lane is not Lane.REFRESH or not rows.any():
        rows = np.ones(len(rows), dtype=bool)
    cluster = None if one.cluster is None else one.cluster[rows]
    compared = (mean_interval(each[rows], cluster) for each in (missed, losses))
    return gates.beside_champion(found, contest.version, *compared)


def rule_findings(scored: Scored, last: BoolArray | None, alpha: float, project: Project) -> list[Finding]:
    """Compare with the rules that need no model: both must be beaten, and the last block must not object.

    Parameters
    ----------
    scored : Scored of n rows
    last : bool array of shape (n,) or None
        The newest block; None where rows have no order in time.
    alpha : float
        Of each one-sided bound.
    project : Project
    """
    rules = {FLAG_NONE: always(scored, flagged=False), FLAG_ALL: always(scored, flagged=True)}
    found = [gates.baseline(name, paired(scored, other, alpha)) for name, other in rules.items()]
    if last is None or not last.any():
        return found
    newest = scored.take(last)
    return [*found, gates.last_block(newest, *better_rule(newest), project.gates.refresh_margin)]


def _champion(contest: HeadToHead, project: Project) -> list[Finding]:
    if contest.version is None:
        return [champion_gate.first_release()]
    if contest.champion is None:
        return [champion_gate.unjudged(contest.version, contest.refusal)]
    if contest.untouched is None:
        return [champion_gate.rows_unknown(contest.version)]
    kept = champion_gate.left_out(contest.version, contest.untouched, contest.scored.y, project.slices)
    if kept.status.stops or contest.met is None:
        return [kept]
    one, other = contest.met
    compared = paired(one, other, contest.alpha(project))
    if contest.lane is Lane.REFRESH and project.gates.refresh != "proven":
        gain = [champion_gate.refresh(contest.version, compared, other, project.gates)]
    else:
        gain = champion_gate.new_recipe(contest.version, compared, contest.lane.value, project.gates)
    return [*gain, champion_gate.believable(contest.version, compared, other, project.gates), kept]


def _slices(contest: HeadToHead, project: Project) -> list[Finding]:
    name, scored, reference, levels = contest.reference
    rule = harm_rule(contest, project)
    harms = proven_harm(scored.cost - reference.cost, scored.y, levels, scored.cluster, rule)
    unit = abs(float(reference.cost.mean()))
    margins = {slice_: share * unit for slice_, share in project.slices.critical.items()}
    return gates.slices(harms, name, rule.margin) + gates.critical_slices(harms, margins, name)
