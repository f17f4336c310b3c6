"""Where a project stands: its champion and its last verdict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ..project.project import Project
from ..tracking.runs import KEY
from ..tracking.store import Store, reached
from .registry import registry
from .registry.registry import CANDIDATE, CHAMPION

_TRAININGS = f"tags.`{KEY}` LIKE '%' AND tags.verdict LIKE '%'"
"""Candidates have a verdict too, but no key."""


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """The verdict of the newest training: its run's name, its status, and when it began."""

    run_name: str
    status: str
    began: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one model stands."""

    model: str
    champion: int | None = None
    candidate: int | None = None
    """The version that awaits approval."""
    last: LastVerdict | None = None


def standing(store: Store, project: Project) -> Standing:
    """Return the champion of a project and the verdict of its newest training.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    now, waiting = (registry.by_alias(store, project.name, one) for one in (CHAMPION, CANDIDATE))
    champion, candidate = (one.version if one else None for one in (now, waiting))
    return Standing(project.name, champion, candidate, _last(store, project.name))


def _last(store: Store, name: str) -> LastVerdict | None:
    with reached(store):
        home = store.client.get_experiment_by_name(name)
        if home is None:
            return None
        runs = store.client.search_runs([home.experiment_id], _TRAININGS, max_results=1)
    for run in runs:
        began = datetime.fromtimestamp(run.info.start_time / 1_000, UTC)
        return LastVerdict(run.info.run_name, run.data.tags["verdict"], began)
    return None
