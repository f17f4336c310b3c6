"""`replay`: a table's history as it would have gone, policy beside policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as with_changes
from datetime import datetime

from ..checks.case_files import read_cases
from ..data.contract.validation import check_table
from ..project.project import Project
from ..replay import play
from ..replay.play import POLICIES, ReplayRequest, policies_named
from ..replay.results.result import Replay
from .project import ProjectSource, load_project, moment_of
from .tables import read_table


def replay(  # noqa: PLR0913 - the options of the command
    project: ProjectSource,
    table: object = None,
    *,
    every: str = "1 month",
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    policies: Sequence[str] = tuple(POLICIES),
    processes: int | None = None,
    propose: bool = False,
) -> Replay:
    """Play a table's history: train at each date as of it, judge, release or refuse, score, monitor, react.

    Nothing is written and no store is asked. Trainings of a long history run in processes of their own, so a
    script calls this below ``if __name__ == "__main__":``.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table, optional
        In place of the rows that the project names.
    every : str
        How often it trains, such as "1 month", "2 weeks" or "30 days".
    since, until : str or datetime, optional
        The first training, and where the last period ends. Default: the first date with a whole training
        window behind it, and the newest row.
    policies : sequence of str
        Some of "none", "never", "always", "better", "proven", "gated", "unwatched", "oracle"; default: all.
        "gated", the project's own gates and reactions, is always played.
    processes : int, optional
        Default: as many as there are cores, one for a small history. It changes no figure.
    propose : bool
        Play a few other settings too: `result.proposal` names the cheapest of the history's first part, and
        what it cost on the rest.

    Returns
    -------
    Replay
        Costs with paired, clustered intervals; `replay.as_json()` returns plain values.

    Raises
    ------
    DataError
        When the rows are not as declared or broke their contract.
    ProjectError
        When the project declares no time, or an argument is wrong.
    UnavailableError
        When a process that trains has died.
    """
    project = load_project(project)
    moments = (moment_of(since, "since"), moment_of(until, "until"))
    request = ReplayRequest(every, *moments, policies_named(policies), processes, propose)
    return replayed(project, request, table)


def replayed(project: Project, request: ReplayRequest, table: object = None) -> Replay:
    """Read a project's rows, or take a table, check the contract and play; see `replay`."""
    rows, cases = read_table(project, table), read_cases(project)
    contract = check_table(rows, project)
    found = play.replay(project, contract, rows.frame, cases, request)
    return with_changes(found, digest=rows.digest)
