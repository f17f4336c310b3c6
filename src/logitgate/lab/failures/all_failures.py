"""The nine failures, in the order in which the road meets them."""

from __future__ import annotations

from ..material import Material
from .failure import Failure
from .rows import changed_units, duplicates, label_leak
from .scores import miscalibration, misleading_average, nan_score, reversed_slice
from .windows import drifted, serving_skew, units_in_production


def failures(material: Material) -> tuple[Failure, ...]:
    """Trigger each failure on the project's own rows; those that need a number are left out without one."""
    contest, project = material.contest(), material.project
    found = (
        label_leak(material),
        duplicates(material),
        changed_units(material) or units_in_production(material),
        misleading_average(contest, material),
        reversed_slice(contest, project),
        miscalibration(contest, project),
        nan_score(contest, project),
        serving_skew(material),
        drifted(material),
    )
    return tuple(one for one in found if one is not None)
