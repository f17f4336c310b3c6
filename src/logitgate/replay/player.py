"""Playing: each training in turn is watched, judged and decided about, by one or more players at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from ..monitoring.reactions.remedies import Action
from .costs import ReplayCosts
from .course import PeriodDecision, Played
from .dates import Dates
from .policies import Challenge, Holder, Policy, PolicyStanding, reasons, wants
from .processes import trainings
from .training import PlayedHistory, Trained, Version
from .watch import Watched, watch

_WITH_STANDING = (Policy.NEVER, Policy.ALWAYS, Policy.BETTER, Policy.PROVEN, Policy.GATED, Policy.UNWATCHED)


@dataclass(slots=True)
class Player:
    """A project with its dates, and how far its policies have come.

    Parameters
    ----------
    history : PlayedHistory
        With the project by whose gates and reactions it plays.
    dates : Dates
        Some or all of the dates of the trainings that it takes part in.
    name : str
        Of its settings, where they are not the project's own.
    standings : dict of Policy to PolicyStanding
    """

    history: PlayedHistory
    dates: Dates
    name: str
    standings: dict[Policy, PolicyStanding]
    _held: dict[Policy, list[Holder]] = field(default_factory=dict)
    _versions: list[Version] = field(default_factory=list)
    _made: list[int] = field(default_factory=list)
    _decided: list[PeriodDecision] = field(default_factory=list)
    _watched: list[Watched] = field(default_factory=list)
    _after: list[Holder] = field(default_factory=list)

    @classmethod
    def of(cls, history: PlayedHistory, dates: Dates, policies: Sequence[Policy], name: str = "") -> Player:
        """Return a player that has nothing in production yet."""
        standings = {policy: PolicyStanding() for policy in policies if policy in _WITH_STANDING}
        return cls(history, dates, name, standings, {policy: [] for policy in standings})

    @property
    def course(self) -> Played:
        """What has happened so far."""
        return Played(
            {policy: tuple(line) for policy, line in self._held.items()},
            tuple(self._versions),
            tuple(self._made),
            tuple(self._decided),
            tuple(self._watched),
            tuple(self._after),
        )

    @property
    def costs(self) -> ReplayCosts:
        """What its versions, and the rules without a model, cost in each of its periods."""
        rows, matrix = self.history.rows, self.history.project.costs.matrix
        bounds = [*(self.history.place(start) for start in self.dates.starts), len(rows)]
        return ReplayCosts.of(rows, matrix, [one.cost for one in self._versions], bounds)

    def take(self, trained: Trained) -> None:
        """Watch, and decide about a version; nothing where the date is none of its own."""
        if trained.date not in self.dates.starts:
            return
        period = self.dates.starts.index(trained.date)
        if period:
            self._watch(self.dates.starts[period - 1], trained.date)
        if trained.version is not None:
            self._versions.append(trained.version)
            self._made.append(period)
        self._decided.append(self._decide(trained))
        for policy, standing in self.standings.items():
            self._held[policy].append(standing.champion)

    def _watch(self, before: datetime, date: datetime) -> None:
        there = self.standings[Policy.GATED]
        found = watch(self.history, (before, date), there, self._versions, self._watched)
        if found is not None:
            self.standings[Policy.GATED] = _reacted(there, found)
            self._watched.append(found)
            self._after.append(self.standings[Policy.GATED].champion)

    def _decide(self, trained: Trained) -> PeriodDecision:
        """Let each policy decide about a version, and return what the project's gates did."""
        gated, date = self.standings[Policy.GATED], trained.date
        if trained.version is None:
            why = trained.evidence.verdict.reasons
            return PeriodDecision(date, version=None, released=False, reasons=why, champion=gated.champion)
        number = len(self._versions)
        challenge = Challenge(self._judged(trained), number, self._versions)
        for policy, standing in self.standings.items():
            if wants(policy, standing, challenge):
                self.standings[policy] = standing.released(number)
        released = self.standings[Policy.GATED].champion == number
        why = () if released else reasons(Policy.GATED, gated, challenge)
        return PeriodDecision(date, number, released, why, gated.champion)

    def _judged(self, trained: Trained) -> Trained:
        """Return the training as this player's own gates judge it."""
        gates, project = self.history.project.gates, trained.evidence.project
        project = project.model_copy(update={"gates": gates})
        return replace(trained, evidence=replace(trained.evidence, project=project))


def play(players: Sequence[Player], processes: int | None = None) -> None:
    """Train at each date, and let each player decide; those with the same training window share it.

    The first player of a window has all dates of the others.
    """
    ordered = sorted(players, key=lambda one: str(one.history.project.split.window))
    for _, some in groupby(ordered, key=lambda one: one.history.project.split.window):
        together = list(some)
        first = together[0]
        for trained in trainings(first.history, first.dates.starts, processes):
            for player in together:
                player.take(trained)


def _reacted(standing: PolicyStanding, found: Watched) -> PolicyStanding:
    """Do what a window asks of production; a retraining is done by the training of the same date."""
    match found.reaction.wanted:
        case Action.ROLL_BACK:
            return standing.rolled_back()
        case Action.RETIRE:
            return standing.released(found.cheaper_rule)
        case _:
            return standing
