"""The course of a replayed history: what was decided at each date, and what was found in each window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..findings import Finding
from .policies import Holder, Policy
from .training import Version
from .watch import Watched


@dataclass(frozen=True, slots=True)
class PeriodDecision:
    """What the project's gates did with the training of one date."""

    date: datetime
    version: int | None
    released: bool
    reasons: tuple[Finding, ...]
    champion: Holder
    """Before."""


@dataclass(frozen=True, slots=True)
class Played:
    """The course of a history.

    Parameters
    ----------
    held : mapping of Policy to tuple of Holder
        What decided in each period.
    versions : tuple of Version
    made : tuple of int
        The period in which each version was fitted.
    decided : tuple of PeriodDecision
    watched : tuple of Watched
    after : tuple of Holder
        What was in production after each reaction of `watched`.
    """

    held: Mapping[Policy, tuple[Holder, ...]]
    versions: tuple[Version, ...]
    made: tuple[int, ...]
    decided: tuple[PeriodDecision, ...]
    watched: tuple[Watched, ...]
    after: tuple[Holder, ...]
