"""Monitoring one window of new rows: contract, drift, performance, and what is to be done."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.environment import home
from logitgate.monitoring.window import MonitoringResult, MonitoringWindow
from logitgate.production import monitoring
from logitgate.production.monitoring import WindowFiles
from logitgate.tracking.history import windows
from logitgate.tracking.recording import training_run
from logitgate.tracking.store import open_store
from logitgate_flows.messages.progress import step


def monitor_window(project_file: Path, files: WindowFiles, limits: MonitoringWindow) -> MonitoringResult:
    """Monitor one window: contract, drift, performance with and without labels; decide the reaction."""
    project, store = load_project(project_file), open_store(home())
    now = monitoring.load_versions(store, project)
    with training_run(store, windows.experiment_name(project), windows.opening_note(limits)) as run:
        with step("read the rows"):
            tables = monitoring.read_window(files, limits, project)
        with step("check contract, drift and performance"):
            checked = monitoring.check_window(tables, limits, project)
            evidence = monitoring.assess_window(checked, limits, now, project, tables)
        found = monitoring.monitored(project, limits, now, len(checked[0]), evidence)
        with step("record in MLflow"):
            return windows.keep(run, found, project)
