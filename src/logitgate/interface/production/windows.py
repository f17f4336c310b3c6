"""`monitor`: a window of new rows against the champion's reference."""

from __future__ import annotations

from datetime import UTC, datetime

from ...data.frames import typed_frame
from ...environment import home
from ...monitoring.window import MonitoringResult, MonitoringWindow
from ...production import monitoring
from ...production.monitoring import WindowTables
from ...project.gates import Slices
from ...tracking.history import windows
from ...tracking.recording import training_run
from ...tracking.store import open_store
from ..project import ProjectSource, load_project, moment_of


def monitor(
    project: ProjectSource,
    table: object,
    *,
    since: str | datetime | None = None,
    until: str | datetime | None = None,
    labels: object = None,
) -> MonitoringResult:
    """Compare a window of new rows with the champion's reference, and record the window.

    The reaction is named in `reaction` and not carried out.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table
    since, until : str or datetime, optional
        From this moment on, and before that one.
    labels : table, optional
        Outcomes that came apart from the rows.

    Raises
    ------
    ConflictError
        When nothing is in production, or registry and ledger disagree.
    UnavailableError
        When the store cannot be reached.
    """
    project = load_project(project)
    limits = MonitoringWindow(moment_of(since, "since"), moment_of(until, "until"), datetime.now(UTC))
    store = open_store(home())
    now = monitoring.load_versions(store, project)
    plain = project.model_copy(update={"slices": Slices()})
    apart = None if labels is None else typed_frame(labels, plain)
    with training_run(store, windows.experiment_name(project), windows.opening_note(limits)) as run:
        tables = WindowTables(typed_frame(table, plain), apart, None)
        checked = monitoring.check_window(tables, limits, project)
        evidence = monitoring.assess_window(checked, limits, now, project, tables)
        found = monitoring.monitored(project, limits, now, len(checked[0]), evidence)
        return windows.keep(run, found, project)
