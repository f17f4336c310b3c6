"""The front door: play a table's history, policy beside policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd
from threadpoolctl import threadpool_limits

from ..checks.cases import Cases
from ..data.contract.validation import ContractResult
from ..data.sampling.sample import Sample, observe
from ..errors import DataError, ProjectError
from ..project.gates import ShadowGate
from ..project.project import Project
from .dates import Cadence, Dates, aware, default_since
from .player import Player, play
from .policies import Policy
from .results.accounts import accounts
from .results.proposal import proposal, variants
from .results.result import Replay
from .training import PlayedHistory

POLICIES = tuple(Policy)


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What is to be played.

    Parameters
    ----------
    every : str
        How often it trains: "1 month", "2 weeks", "30 days".
    since, until : datetime, optional
        The first training, and where the last period ends. Default: the first date with a whole training
        window behind it (a third of the history without a window), and the newest row.
    policies : tuple of Policy
        The project's own gates are always played.
    processes : int, optional
        Default: as many as there are cores.
    propose : bool
        Whether other settings are played too.
    """

    every: str = "1 month"
    since: datetime | None = None
    until: datetime | None = None
    policies: tuple[Policy, ...] = POLICIES
    processes: int | None = None
    propose: bool = False

    @property
    def played(self) -> tuple[Policy, ...]:
        """The policies in their usual order, the project's own gates among them."""
        return tuple(one for one in Policy if one in self.policies or one is Policy.GATED)


def policies_named(names: Sequence[str], option: str = "--policies") -> tuple[Policy, ...]:
    """Return policies by their names; without a name all of them.

    Raises
    ------
    ProjectError
        When one is unknown.
    """
    known = {policy.value: policy for policy in Policy}
    unknown = sorted(set(names) - set(known))
    if unknown:
        rule = f"'{', '.join(unknown)}' is no policy"
        raise ProjectError(option, rule, f"name some of {', '.join(known)}")
    return tuple(known[name] for name in names) or POLICIES


def replay(
    project: Project,
    contract: ContractResult,
    frame: pd.DataFrame,
    cases: Cases | None,
    request: ReplayRequest,
) -> Replay:
    """Play a history and add up what each policy cost.

    Parameters
    ----------
    project : Project
        A shadow that its gates demand is not played: a version needs none here.
    contract : ContractResult
        Of the whole table; only rows that keep it are played.
    frame : pandas.DataFrame
        The table.
    cases : Cases or None
        The project's curated cases.
    request : ReplayRequest

    Raises
    ------
    ProjectError
        When the project declares no time, or the dates are wrong.
    DataError
        When the table broke its contract, or no row of the periods has a mature outcome.
    """
    history, dates = begun(project, contract, frame, cases, request)
    main = Player.of(history, dates, request.played)
    others = variants(history, dates) if request.propose else []
    # More threads would spin beside the processes, and change last bits.
    with threadpool_limits(1):
        play([main, *others], request.processes)
    found = accounts(history, dates, main.course, main.costs, request.played)
    return replace(found, proposal=proposal([main, *others])) if others else found


def begun(
    project: Project,
    contract: ContractResult,
    frame: pd.DataFrame,
    cases: Cases | None,
    request: ReplayRequest,
) -> tuple[PlayedHistory, Dates]:
    """Return what a history is played on, and its dates; as `replay`."""
    column = project.columns.time
    if column is None:
        rule = "declares no time, so its history has no order"
        raise ProjectError(project.name, rule, "declare columns.time")
    broken = [one for one in contract.findings if one.status.stops]
    if broken:
        rule = f"the table broke its contract: {broken[0].because}"
        raise DataError(broken[0].subject, rule, "see `logitgate check PROJECT`")
    gates = project.gates.model_copy(update={"shadow": ShadowGate()})
    project = project.model_copy(update={"gates": gates})
    kept = contract.kept(frame)
    dates = _dates(project, kept[column], request)
    history = PlayedHistory(project, kept, tuple(contract.findings), cases, _rows(project, kept, dates))
    # A version that decides about no row need not be trained.
    starts = tuple(start for start in dates.starts if history.place(start) < len(history.rows))
    return history, replace(dates, starts=starts)


def _dates(project: Project, times: pd.Series, request: ReplayRequest) -> Dates:
    if not times.notna().any():
        raise DataError(project.name, "no row has a time", "give rows with a time")
    every = Cadence.of(request.every)
    first, last = (aware(one.to_pydatetime()) for one in (times.min(), times.max()))
    until = aware(request.until) if request.until is not None else last + timedelta(microseconds=1)
    since = request.since or default_since(every, first, last, project.split.window)
    return Dates.between(every, since, until)


def _rows(project: Project, frame: pd.DataFrame, dates: Dates) -> Sample:
    """Return the rows of all periods with an outcome that had matured by the newest row, or by the end."""
    time = frame[project.columns.time]
    newest = aware(time.max().to_pydatetime()) + timedelta(microseconds=1)
    free = project.model_copy(update={"split": project.split.model_copy(update={"window": None})})
    chosen = frame[(time >= dates.starts[0]) & (time < dates.until)]
    return observe(chosen, free, max(newest, dates.until)).sample
