"""The front door: play a table's history, policy beside policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from ..checks.cases import Cases
from ..data.contract.validation import ContractResult
from ..data.sample import Sample, observe
from ..errors import DataError, ProjectError
from ..monitoring.policy import Action
from ..project.gates import ShadowGate
from ..project.project import Project
from .accounts import accounts
from .costs import Costs
from .course import Decided, Played
from .dates import Cadence, Dates, aware, default_since
from .policies import Challenge, Holder, Policy, Standing, reasons, wants
from .processes import trainings
from .result import Replay
from .training import History, Trained, Version
from .watch import Watched, watch

POLICIES = tuple(Policy)
_WITH_STANDING = (Policy.NEVER, Policy.ALWAYS, Policy.BETTER, Policy.PROVEN, Policy.GATED, Policy.UNWATCHED)


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
    """

    every: str = "1 month"
    since: datetime | None = None
    until: datetime | None = None
    policies: tuple[Policy, ...] = POLICIES
    processes: int | None = None

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
    history, dates = _begun(project, contract, frame, cases, request)
    played = play(history, dates, request.played, request.processes)
    bounds = [*(history.place(start) for start in dates.starts), len(history.rows)]
    matrix = history.project.costs.matrix
    costs = Costs.of(history.rows, matrix, [one.cost for one in played.versions], bounds)
    return accounts(history, dates, played, costs, request.played)


def play(history: History, dates: Dates, policies: Sequence[Policy], processes: int | None = None) -> Played:
    """Train at each date, and let each policy decide; the project's own is also watched."""
    standings = {policy: Standing() for policy in policies if policy in _WITH_STANDING}
    held: dict[Policy, list[Holder]] = {policy: [] for policy in standings}
    versions: list[Version] = []
    made: list[int] = []
    decided: list[Decided] = []
    watched: list[Watched] = []
    after: list[Holder] = []
    for period, trained in enumerate(trainings(history, dates.starts, processes)):
        if period:
            span = (dates.starts[period - 1], trained.date)
            there = standings[Policy.GATED]
            found = watch(history, span, there, versions, watched)
            if found is not None:
                standings[Policy.GATED] = _reacted(there, found)
                watched.append(found)
                after.append(standings[Policy.GATED].champion)
        if trained.version is not None:
            versions.append(trained.version)
            made.append(period)
        decided.append(_decide(trained, versions, standings))
        for policy, standing in standings.items():
            held[policy].append(standing.champion)
    return Played(
        {policy: tuple(line) for policy, line in held.items()},
        tuple(versions),
        tuple(made),
        tuple(decided),
        tuple(watched),
        tuple(after),
    )


def _decide(trained: Trained, versions: Sequence[Version], standings: dict[Policy, Standing]) -> Decided:
    """Let each policy decide about a version, and return what the project's gates did."""
    gated = standings[Policy.GATED]
    if trained.version is None:
        return Decided(trained.date, None, False, trained.evidence.verdict.reasons, gated.champion)  # noqa: FBT003
    number = len(versions)
    challenge = Challenge(trained, number, versions)
    for policy, standing in standings.items():
        if wants(policy, standing, challenge):
            standings[policy] = standing.released(number)
    released = standings[Policy.GATED].champion == number
    why = () if released else reasons(Policy.GATED, gated, challenge)
    return Decided(trained.date, number, released, why, gated.champion)


def _reacted(standing: Standing, found: Watched) -> Standing:
    """Do what a window asks of production; a retraining is done by the training of the same date."""
    match found.reaction.wanted:
        case Action.ROLL_BACK:
            return standing.rolled_back()
        case Action.RETIRE:
            return standing.released(found.cheaper_rule)
        case _:
            return standing


def _begun(
    project: Project,
    contract: ContractResult,
    frame: pd.DataFrame,
    cases: Cases | None,
    request: ReplayRequest,
) -> tuple[History, Dates]:
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
    history = History(project, kept, tuple(contract.findings), cases, _rows(project, kept, dates))
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
