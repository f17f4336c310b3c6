"""Which settings would have been cheapest: chosen on the first part of a history, judged on the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from ...decision.expressions import FloatArray
from ...evaluation.estimates import Estimate
from ...findings import finite
from ...project.project import Project
from ..dates import Dates
from ..player import Player
from ..policies import Policy
from ..training import PlayedHistory
from .plain import plain

OWN = "the project's own"
WARNING = "chosen on this history: the interval covers the chance in its rows, not in which years come"


@dataclass(frozen=True, slots=True)
class Setting:
    """What one setting cost.

    Parameters
    ----------
    name : str
        The key and the value that differ from the project's own.
    first, rest : float
        Cost per row of the project's gates and reactions under it, in both parts.
    """

    name: str
    first: float
    rest: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """The cheapest of a few settings.

    Parameters
    ----------
    settings : tuple of Setting
        The project's own first; each other one differs in one key.
    chosen : Setting
        The cheapest over the first part; the project's own on a tie.
    divided : datetime
        Where the rest begins.
    against_own : Estimate
        Cost of the chosen setting over the rest, less that of the project's own, with its 95 % interval.
    """

    settings: tuple[Setting, ...]
    chosen: Setting
    divided: datetime
    against_own: Estimate

    @property
    def is_proven(self) -> bool:
        """Whether the chosen setting is proven cheaper on the rest."""
        return self.against_own.high < 0

    def sentence(self, unit: str) -> str:
        """Return it in words."""
        if self.chosen.name == OWN:
            return f"No other setting was cheaper before {self.divided:%Y-%m-%d}."
        value, low, high = self.against_own
        proven = "proven" if self.is_proven else "not proven"
        return (
            f"{self.chosen.name} was cheapest before {self.divided:%Y-%m-%d}; from then on it cost "
            f"{value:+,.0f} {unit} [{low:+,.0f}, {high:+,.0f}] against the project's own: {proven} cheaper "
            f"({WARNING})."
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "chosen": self.chosen.name,
            "divided": self.divided.isoformat(),
            "against_own": plain(self.against_own),
            "is_proven": self.is_proven,
            "settings": [
                {"name": one.name, "first": finite(one.first), "rest": finite(one.rest)}
                for one in self.settings
            ],
            "warning": WARNING,
        }


def variants(history: PlayedHistory, dates: Dates) -> list[Player]:
    """Return a player for each setting that differs from the project's own in one key.

    Training windows of half and twice the length, half the cadence, and the other rules of the refresh lane.
    """
    found = [_player(history, dates, *named) for named in _lanes(history.project)]
    if len(dates.starts) > 2:
        rare = replace(dates, every=dates.every.times(2), starts=dates.starts[::2])
        found.append(Player.of(history, rare, (Policy.GATED,), f"every {rare.every}"))
    window = history.project.split.window
    if window is not None:
        for length in (window / 2, window * 2):
            split = history.project.split.model_copy(update={"window": length})
            project = history.project.model_copy(update={"split": split})
            found.append(_player(history, dates, f"split.window = {length.days} days", project))
    return found


def proposal(players: Sequence[Player]) -> Proposal:
    """Choose the setting that costs least before the middle date, and judge it on the rows after it.

    Parameters
    ----------
    players : sequence of Player
        Played; the project's own first.
    """
    own = players[0]
    # A date that each setting has in common: an even number of periods.
    half = max(len(own.dates.starts) // 4 * 2, min(2, len(own.dates.starts) - 1))
    divided = own.dates.starts[half]
    place = own.history.place(divided)
    paid = [_paid(one) for one in players]
    names = [one.name or OWN for one in players]
    settings = [
        Setting(name, _mean(cost[:place]), _mean(cost[place:]))
        for name, cost in zip(names, paid, strict=True)
    ]
    best = int(np.argmin([one.first for one in settings]))
    rest = slice(place, len(paid[0]))
    against = own.costs.total((paid[best] - paid[0])[rest], rest)
    return Proposal(tuple(settings), settings[best], divided, against)


def _lanes(project: Project) -> list[tuple[str, Project]]:
    """Return the other rules of the refresh lane, and other margins of the first."""
    rules = [("not worse", 0.0), ("not worse", 0.05), ("better", None), ("proven", None)]
    found = []
    for rule, margin in rules:
        changes: dict[str, object] = {"refresh": rule}
        name = f'gates.refresh = "{rule}"'
        if margin is not None:
            changes["refresh_margin"] = margin
            name += f", margin {margin:g}"
        gates = project.gates.model_copy(update=changes)
        if gates != project.gates:
            found.append((name, project.model_copy(update={"gates": gates})))
    return found


def _player(history: PlayedHistory, dates: Dates, name: str, project: Project) -> Player:
    return Player.of(replace(history, project=project), dates, (Policy.GATED,), name)


def _paid(player: Player) -> FloatArray:
    return player.costs.under(player.course.held[Policy.GATED])


def _mean(cost: FloatArray) -> float:
    return float(cost.mean()) if len(cost) else float("nan")
