"""The nine failures, in the order in which the road meets them."""

from __future__ import annotations

from ..material import Material
from .failure import FailureShown
from .rows import changed_units, duplicates, label_leak
from .scores import miscalibration, misleading_average, nan_score, reversed_slice
from .windows import drifted, serving_skew, units_in_production


def failures(material: Material) -> tuple[FailureShown, ...]:
    """Trigger each failure on the project's own rows."""
    contest, project = material.contest(), material.project
    return (
        label_leak(material),
        duplicates(material),
        _units(material),
        misleading_average(contest, material),
        reversed_slice(contest, project),
        miscalibration(contest, project),
        nan_score(contest, project),
        serving_skew(material),
        drifted(material),
    )


def _units(material: Material) -> FailureShown:
    """Change a unit in the learned rows; in a window of production where that cannot be found there."""
    found = changed_units(material)
    return found if found is not None and found.is_caught else units_in_production(material)
