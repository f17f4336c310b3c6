"""Policies of retraining: what each has in production, and what it does with a training's version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from ..data.sampling.row_hashes import untouched
from ..evaluation.comparisons.comparison import paired
from ..findings import Finding, Verdict
from ..gates.contest import Opponents
from ..gates.evidence import Evidence
from ..gates.judge import compare_briefly
from ..project.project import Project
from .training import Trained, Version

Holder: TypeAlias = int | str | None
"""What decides: a version by its number, a rule without a model by its name, or nothing yet."""


class Policy(StrEnum):
    """A policy of retraining."""

    NONE = "none"
    """No model: the cheaper of flag-none and flag-all over all rows, which is known only in the end."""
    NEVER = "never"
    """The first version that could be fitted, for ever."""
    ALWAYS = "always"
    """Each version, unjudged."""
    BETTER = "better"
    """A version that costs less than the one in production on the judged rows, by the point estimate."""
    PROVEN = "proven"
    """The project's gates with ``refresh = "proven"``: without reactions."""
    GATED = "gated"
    """The project's gates and reactions."""
    UNWATCHED = "unwatched"
    """The project's gates without reactions."""
    ORACLE = "oracle"
    """The cheapest of the versions that were fitted by then, in each period: no policy can know it."""


SIMPLER = (Policy.NONE, Policy.NEVER, Policy.ALWAYS, Policy.BETTER, Policy.PROVEN)
"""Policies that need less than the project's own gates, so that these must not cost more."""


@dataclass(frozen=True, slots=True)
class PolicyStanding:
    """What a policy has in production, and what was there before it."""

    holders: tuple[int | str, ...] = ()
    is_rolled_back: bool = False

    @property
    def champion(self) -> Holder:
        """What decides now."""
        return self.holders[-1] if self.holders else None

    @property
    def previous(self) -> Holder:
        """What a rollback would restore."""
        return self.holders[-2] if len(self.holders) > 1 else None

    def released(self, holder: int | str) -> PolicyStanding:
        """Return it with a version, or a rule without a model, put into production."""
        return PolicyStanding((*self.holders, holder))

    def rolled_back(self) -> PolicyStanding:
        """Return it with the holder before the last in production again."""
        return PolicyStanding(self.holders[:-1], is_rolled_back=True)


@dataclass(slots=True)
class Challenge:
    """A training that policies decide about; what was judged once is not judged again.

    Parameters
    ----------
    trained : Trained
    number : int
        Of its version.
    versions : sequence of Version
        All versions so far, that of this training the last one; version k stands at k - 1.
    """

    trained: Trained
    number: int
    versions: Sequence[Version]
    _judged: dict[tuple[Holder, bool], Verdict] = field(default_factory=dict)

    def verdict(self, champion: Holder, *, proven: bool = False) -> Verdict:
        """Judge the version by the project's gates against what is in production.

        Parameters
        ----------
        champion : version, rule or None
        proven : bool
            Whether a refresh must be proven cheaper too, whatever the project says.
        """
        asked = (champion, proven)
        if asked not in self._judged:
            evidence = self.trained.evidence
            if proven:
                evidence = replace(evidence, project=_proving(evidence.project))
            self._judged[asked] = compare_briefly(evidence, self._opponents(champion, evidence)).verdict
        return self._judged[asked]

    def is_better(self, champion: Holder) -> bool:
        """Return whether the version costs less than the champion on judged rows that are new to it."""
        evidence, learned = self.trained.evidence, self.trained.evidence.learned
        if not isinstance(champion, int) or learned is None:
            return True
        version = self.versions[champion - 1]
        fresh = untouched(learned.judged, evidence.project, [version.fitted_rows])
        if fresh is None or not fresh.any():
            return False
        theirs = version.model.score(learned.judged.take(fresh), evidence.project.costs.matrix)
        found = paired(learned.scored.take(fresh), theirs, evidence.project.gates.alpha)
        return found.difference.value < 0

    def _opponents(self, champion: Holder, evidence: Evidence) -> Opponents:
        if not isinstance(champion, int):
            return Opponents()
        version = self.versions[champion - 1]
        return Opponents(
            version.model, champion, champion_rows=version.fitted_rows, champion_recipe=evidence.recipe
        )


def wants(policy: Policy, standing: PolicyStanding, challenge: Challenge) -> bool:
    """Return whether a policy puts the version of a training into production."""
    match policy:
        case Policy.NEVER:
            return standing.champion is None
        case Policy.ALWAYS:
            return True
        case Policy.BETTER:
            return challenge.is_better(standing.champion)
        case Policy.PROVEN:
            return not challenge.verdict(standing.champion, proven=True).status.stops
        case Policy.GATED | Policy.UNWATCHED:
            return not challenge.verdict(standing.champion).status.stops
        case _:
            return False


def reasons(policy: Policy, standing: PolicyStanding, challenge: Challenge) -> tuple[Finding, ...]:
    """Return the findings for which a policy's gates refuse a version."""
    return challenge.verdict(standing.champion, proven=policy is Policy.PROVEN).reasons


def _proving(project: Project) -> Project:
    gates = project.gates.model_copy(update={"refresh": "proven"})
    return project.model_copy(update={"gates": gates})
