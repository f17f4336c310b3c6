"""Defaults that fit the rows: what the project file leaves out, once it is known how many rows there are.

A default of a few hundred rows would leave a small table unjudged. A declared value is never changed, and
tables from about 2,500 rows on have the values of the guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ..project import Project


@dataclass(frozen=True, slots=True)
class FittedDefault:
    """How a default follows from the rows.

    Parameters
    ----------
    value : callable
        From the number of rows and of the rarer outcome to the value.
    words : str
        The same as a rule for people.
    """

    value: Callable[[int, int], int]
    words: str


FITS: Mapping[str, FittedDefault] = {
    "split.blocks": FittedDefault(
        lambda rows, rarer: _between(rarer // 20, 3, 5), "20 of the rarer outcome for each block, 3 to 5"
    ),
    "search.rare_level_rows": FittedDefault(
        lambda rows, rarer: _between(rows // 50, 10, 50), "rows / 50, 10 to 50"
    ),
    "slices.minimum_rows": FittedDefault(
        lambda rows, rarer: _between(rows // 10, 50, 200), "rows / 10, 50 to 200"
    ),
    "slices.minimum_events": FittedDefault(
        lambda rows, rarer: _between(rarer // 10, 10, 20), "the rarer outcome / 10, 10 to 20"
    ),
}
"""Keys whose default fits the rows, each with its rule."""


def fitted(project: Project, rows: int, events: int) -> Project:
    """Return a project whose undeclared keys of `FITS` have the values that fit the rows.

    Parameters
    ----------
    project : Project
    rows : int
        With a known outcome, within the window.
    events : int
        How many of them are events.
    """
    for key, fit in FITS.items():
        if not is_declared(project, key):
            project = _with(project, key, fit.value(rows, min(events, rows - events)))
    return project


def is_declared(project: Project, key: str) -> bool:
    """Return whether the project file gives a key, such as `"gates.calibration.slope"`."""
    place: Any = project
    for part in key.split("."):
        if not isinstance(place, BaseModel) or part not in place.model_fields_set:
            return isinstance(place, Mapping) and part in place
        place = getattr(place, part)
    return True


def _with(project: Project, key: str, value: int) -> Project:
    section, name = key.split(".")
    changed = getattr(project, section).model_copy(update={name: value})
    return project.model_copy(update={section: changed})


def _between(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
