"""The comparison flow: `commands.operating.compare` as a Prefect flow."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from logitgate.gates.rejudge import Span
from logitgate.gates.verdict.outcome import Outcome
from logitgate_flows.commands.operating.compare import compare_versions
from logitgate_flows.server.watchdog import work


@flow(name="compare", validate_parameters=False)
@work()
def compare(project_file: Path, against: int, judged: int, span: Span) -> Outcome:
    """Judge one version against another on the rows of a span that neither was fitted on."""
    return compare_versions(project_file, against, judged, span)
