"""The scoring flow: each step of `commands.operating.score` as a Prefect task."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from logitgate.production.scoring.result import ScoringResult
from logitgate.production.scoring.score import ScoringRequest
from logitgate_flows.commands.operating.score import score_rows
from logitgate_flows.server.watchdog import work

_task = task(cache_policy=NO_CACHE)


@flow(name="score", validate_parameters=False)
@work()
def score(
    project_file: Path, request: ScoringRequest, version: int | None, shadow: int | None
) -> ScoringResult:
    """Score a table by the champion or another version, and by a challenger in its shadow if one is named."""
    return score_rows(project_file, request, version, shadow, _task)
