"""The page of the lab: typed values to one HTML file; its scripts draw what is computed here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ..pages import charts
from ..pages.charts import Axis, Chart, ChartLine
from ..pages.explorer import ExplorerEntries, ExplorerGroups, explored
from ..pages.shell import rendered
from ..pages.sliders import Explorer
from .cost_function import PENALTIES
from .drill import PRESETS, at_prevalence, over_fitting_chart
from .lab import Lab
from .order import STEPS
from .score import Score, sigmoid_chart

_TEMPLATES = Path(__file__).parent / "templates"
_AWAY = 0.1
_MIXED = (4, 1, 6, 0, 3, 7, 2, 5)
"""Places of the steps when the exercise begins."""


def page(lab: Lab) -> str:
    """Write the page of a lab.

    Returns
    -------
    str
        HTML, under a Content-Security-Policy that allows this page's own style and script alone.
    """
    own = Explorer.of(lab.drill.groups, lab.drill.own)
    first = _first(lab.score)
    share = _share(lab.drill.groups)
    values = {
        "lab": lab,
        "first": first,
        "walk": lab.score.walks[first] if lab.score.walks else None,
        "explorer": own,
        "point": explored(lab.drill.groups, own.costs),
        "presets": PRESETS,
        "share": share,
        "level": _level(own.costs),
        "shifted": at_prevalence(lab.drill.groups, lab.drill.own, share),
        "penalties": PENALTIES,
        "steps": [STEPS[place] for place in _MIXED],
        "labels": {step.key: step.label for step in STEPS},
        "charts": _charts(lab, own.costs),
        "data": _data(lab, own),
    }
    return rendered(_TEMPLATES, "lab", values)


def _first(score: Score) -> int:
    """Return the row that is shown when the page opens: neither at its threshold nor far from it."""
    away = [abs(one.probability - (1.0 if one.threshold is None else one.threshold)) for one in score.walks]
    return min(range(len(away)), key=lambda place: abs(away[place] - _AWAY)) if away else 0


def _level(costs: ExplorerEntries) -> float:
    """Return the threshold at which a boundary is drawn first: that of the costs, kept off 0 and 1."""
    return round(min(max(costs.threshold(), 0.01), 0.99), 2)


def _share(groups: ExplorerGroups) -> float:
    """Return the share of events among the judged rows, kept off 0 and 1."""
    events, others = sum(groups.events), sum(groups.others)
    return min(max(events / (events + others), 0.01), 0.99)


def _charts(lab: Lab, costs: ExplorerEntries) -> dict[str, Chart]:
    drawn = [
        charts.roc_chart(lab.drill.groups, costs),
        charts.cost_chart(lab.drill.groups, costs, lab.unit),
        over_fitting_chart(lab.drill.over_fitting),
        _empty("boundary", "Decision boundary", "first feature", "second feature"),
        _empty("surface", "Log loss over two coefficients", "first coefficient", "second coefficient"),
        _steps(),
    ]
    if lab.score.walks:
        drawn.append(sigmoid_chart(lab.score.walks[_first(lab.score)]))
    return {one.name: one for one in drawn}


def _empty(name: str, title: str, x: str, y: str) -> Chart:
    """Return a frame that the page's script draws in."""
    return Chart(name, title, title, Axis(x), Axis(y), (), ())


def _steps() -> Chart:
    lines = (ChartLine("model", "Newton", ""), ChartLine("second", "gradient descent", ""))
    return Chart("steps", "Log loss by step", "", Axis("step", 0.0, 60.0), Axis("log loss"), lines, ())


def _data(lab: Lab, own: Explorer) -> dict[str, object]:
    """Return what the page's scripts work with."""
    presets = {one.name: Explorer.of(lab.drill.groups, one.costs) for one in PRESETS}
    kinds = {"own": own, **presets}
    return {
        "walks": [asdict(one) for one in lab.score.walks],
        "first": _first(lab.score),
        "planes": [asdict(one) for one in lab.planes],
        "cost": asdict(lab.cost_function) if lab.cost_function else None,
        "explorer": own.plain(lab.unit),
        "presets": {
            name: {
                "costs": one.costs.model_dump(),
                "sliders": {key: slider.model_dump() for key, slider in one.sliders.items()},
            }
            for name, one in kinds.items()
        },
        "unit": lab.unit,
        "box": charts.BOX,
    }
