"""The monitoring flow: `commands.operating.monitor` as a Prefect flow, with its verdict in Prefect's UI."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from logitgate.data.project_files import load_project
from logitgate.gates.verdict.markdown import markdown
from logitgate.monitoring.window import MonitoringResult, MonitoringWindow
from logitgate.production.monitoring import WindowFiles
from logitgate_flows.commands.operating.monitor import monitor_window
from logitgate_flows.messages.artifacts import show
from logitgate_flows.server.watchdog import work


@flow(name="monitor", validate_parameters=False)
@work()
def monitor(project_file: Path, files: WindowFiles, limits: MonitoringWindow) -> MonitoringResult:
    """Monitor one window: contract, drift, performance with and without labels; decide the reaction."""
    found = monitor_window(project_file, files, limits)
    text = markdown(found.verdict, None, load_project(project_file).costs.unit)
    show(f"{found.model}-monitoring", f"**{found.reaction.wanted}**\n\n{text}")
    return found
