"""What a replay found: the cost of each policy, releases, reactions, the cost of age, and alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...evaluation.estimates import Estimate
from ...findings import Finding, finite
from ...html_tables import html_table
from ...monitoring.reactions.remedies import Action, Symptom
from ..policies import SIMPLER, Holder, Policy
from .ageing import AgeCost, AgeLimit, age_limit
from .plain import plain, worded
from .proposal import Proposal

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class PolicyCost:
    """What one policy cost.

    Parameters
    ----------
    policy : Policy
    cost, per_row : float
        Over all rows.
    against_gated : Estimate
        Total cost less that of the project's gates, with its 95 % interval: above 0 it is dearer.
    by_period : tuple of float
        Cost per row in each period; NaN without rows.
    held : tuple of Holder
        What decided in each period; None before the first release, when the policy "none" decides.
    releases : int
        How often what decides changed from one period to the next.
    """

    policy: Policy
    cost: float
    per_row: float
    against_gated: Estimate
    by_period: tuple[float, ...]
    held: tuple[Holder, ...]
    releases: int

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.policy.value,
            "cost": finite(self.cost),
            "per_row": finite(self.per_row),
            "against_gated": plain(self.against_gated),
            "releases": self.releases,
            "by_period": [finite(one) for one in self.by_period],
            "held": list(self.held),
        }


@dataclass(frozen=True, slots=True)
class ReplayedRelease:
    """What the project's gates did with the version of one date, and what that was worth.

    Parameters
    ----------
    date : datetime
    version : int or None
        None where nothing was fitted.
    released : bool
    reasons : tuple of Finding
        Why it was refused.
    champion : Holder
        What was in production before.
    saved : Estimate or None
        Until the next date: what the alternative would have cost more. For a refused version, its cost less
        that of what decided; for a released one, the cost of what it replaced less its own.
    """

    date: datetime
    version: int | None
    released: bool
    reasons: tuple[Finding, ...]
    champion: Holder
    saved: Estimate | None

    def sentence(self, unit: str) -> str:
        """Return it in words: refusing version 4 saved 18,200 USD [2,100, 34,000]."""
        if self.version is None or self.saved is None:
            return "no version was fitted"
        act = "releasing" if self.released else "refusing"
        return f"{act} version {self.version} {worded(self.saved, unit)}"

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "date": self.date.isoformat(),
            "version": self.version,
            "released": self.released,
            "champion": self.champion,
            "reasons": [
                {"check": one.check, "subject": one.subject, "status": one.status.value}
                for one in self.reasons
            ],
            "saved": None if self.saved is None else plain(self.saved),
        }


@dataclass(frozen=True, slots=True)
class ReactionTaken:
    """What monitoring did to production, or asked for.

    Parameters
    ----------
    date : datetime
        When it was done.
    action : Action
    version : int
        In production before.
    symptoms : frozenset of Symptom
    since : datetime
        Begin of the first of the windows without a gap that show one of these symptoms for this version.
    champion : Holder
        What is in production afterwards.
    """

    date: datetime
    action: Action
    version: int
    symptoms: frozenset[Symptom]
    since: datetime
    champion: Holder

    @property
    def days(self) -> float:
        """How long the reaction took, in days."""
        return (self.date - self.since).total_seconds() / DAY

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "date": self.date.isoformat(),
            "action": self.action.value,
            "version": self.version,
            "symptoms": sorted(one.value for one in self.symptoms),
            "since": self.since.isoformat(),
            "days": self.days,
            "champion": self.champion,
        }


@dataclass(frozen=True, slots=True)
class Alarms:
    """The alarms of one window.

    Parameters
    ----------
    since, until : datetime
    version : int
        In production.
    rows : int
    alarms : tuple of pairs of str
        Check and subject of each finding that failed.
    action : Action
        What was decided about the window.
    """

    since: datetime
    until: datetime
    version: int
    rows: int
    alarms: tuple[tuple[str, str], ...]
    action: Action

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "version": self.version,
            "rows": self.rows,
            "alarms": len(self.alarms),
            "checks": [{"check": check, "subject": subject} for check, subject in self.alarms],
            "action": self.action.value,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Replay:
    """A replayed history."""

    model: str
    unit: str
    every: str
    starts: tuple[datetime, ...]
    until: datetime
    rows: int
    events: int
    rows_by_period: tuple[int, ...]
    rule: str
    """The cheaper of flag-none and flag-all over all rows."""
    policies: tuple[PolicyCost, ...]
    releases: tuple[ReplayedRelease, ...]
    reactions: tuple[ReactionTaken, ...]
    age: tuple[AgeCost, ...]
    alarms: tuple[Alarms, ...]
    digest: str = ""
    """Of the table."""
    proposal: Proposal | None = None
    """Which settings would have been cheapest; None where that was not asked."""

    def of(self, policy: Policy) -> PolicyCost | None:
        """Return what a policy cost; None where it was not played."""
        return next((one for one in self.policies if one.policy is policy), None)

    @property
    def gated(self) -> PolicyCost:
        """What the project's own gates and reactions cost."""
        found = self.of(Policy.GATED)
        assert found is not None  # noqa: S101 - it is always played
        return found

    @property
    def cheaper(self) -> tuple[PolicyCost, ...]:
        """The simpler policies that are proven to cost less than the project's own gates."""
        simple = (one for one in self.policies if one.policy in SIMPLER)
        return tuple(one for one in simple if one.against_gated.high < 0)

    @property
    def age_limit(self) -> AgeLimit | None:
        """The age from which models are proven dearer than the newest one; None where no age is."""
        return age_limit(self.age, self.starts)

    @property
    def exit_code(self) -> int:
        """1 when a simpler policy is proven to cost less than the project's own gates, else 0."""
        return 1 if self.cheaper else 0

    @property
    def alarms_a_month(self) -> float:
        """Alarms of all windows by their length in months of 30.44 days; NaN without a window."""
        months = sum((one.until - one.since).total_seconds() / DAY / 30.44 for one in self.alarms)
        return sum(len(one.alarms) for one in self.alarms) / months if months else float("nan")

    @property
    def conclusion(self) -> str:
        """What the project's gates were worth, in a sentence."""
        if self.cheaper:
            named = ", ".join(f'"{one.policy.value}"' for one in self.cheaper)
            return f"The project's own gates are proven to cost more than {named}."
        return "No simpler policy is proven to cost less than the project's own gates."

    def as_json(self) -> dict[str, Any]:
        """Return plain values; what is not finite is None."""
        unwatched = self.of(Policy.UNWATCHED)
        return {
            "model": self.model,
            "unit": self.unit,
            "every": self.every,
            "since": self.starts[0].isoformat(),
            "until": self.until.isoformat(),
            "dates": [start.isoformat() for start in self.starts],
            "rows": self.rows,
            "events": self.events,
            "rule": self.rule,
            "policies": [one.as_json() for one in self.policies if one.policy is not Policy.UNWATCHED],
            "without_reactions": None if unwatched is None else unwatched.as_json(),
            "releases": [one.as_json() for one in self.releases],
            "reactions": [one.as_json() for one in self.reactions],
            "age": [one.as_json() for one in self.age],
            "age_limit": None if self.age_limit is None else self.age_limit.as_json(),
            "alarms": [one.as_json() for one in self.alarms],
            "alarms_a_month": finite(self.alarms_a_month),
            "proposal": None if self.proposal is None else self.proposal.as_json(),
            "exit_code": self.exit_code,
        }

    def __repr__(self) -> str:
        """Return the cost of each policy, one a line, and the conclusion."""
        lines = (f"  {one.policy.value:10} {one.cost:14,.0f} {one.per_row:10.4g}" for one in self.policies)
        return "\n".join((f"<{self.title}", *lines, f"{self.conclusion}>"))

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        rows = [(one.policy.value, f"{one.cost:,.0f}", f"{one.per_row:.4g}") for one in self.policies]
        return html_table(self.title, ("policy", "cost", "per row"), rows, self.conclusion)

    @property
    def title(self) -> str:
        """What was played, in a line."""
        return (
            f"Replay of {self.model}, every {self.every} from {self.starts[0]:%Y-%m-%d} to "
            f"{self.until:%Y-%m-%d}, {self.rows} rows"
        )
