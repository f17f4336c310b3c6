"""The threshold explorer of a page: its sliders, and what its script works with."""

from __future__ import annotations

from dataclasses import dataclass

from . import charts
from .explorer import ExplorerEntries, ExplorerGroups, Slider


@dataclass(frozen=True, slots=True)
class Explorer:
    """The threshold explorer as it is when the page opens."""

    costs: ExplorerEntries
    sliders: dict[str, Slider]
    groups: ExplorerGroups
    rows_a_year: float | None

    @classmethod
    def of(cls, groups: ExplorerGroups, costs: ExplorerEntries, rows_a_year: float | None = None) -> Explorer:
        """Begin with the declared costs."""
        scale = max(abs(costs.false_negative), abs(costs.false_positive), 1e-9)
        names = ("false_negative", "false_positive")
        sliders = {name: Slider.around(getattr(costs, name), scale) for name in names}
        return cls(costs, sliders, groups, rows_a_year)

    def plain(self, unit: str) -> dict[str, object]:
        """Return what the page's script works with."""
        return {
            "groups": self.groups.model_dump(),
            "costs": self.costs.model_dump(),
            "sliders": {name: one.model_dump() for name, one in self.sliders.items()},
            "unit": unit,
            "rows_a_year": self.rows_a_year,
            "box": charts.BOX,
        }
