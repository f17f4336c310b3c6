"""The page of a replay: the cost of each policy, releases, reactions, the cost of age, and alarms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...decision.expressions import FloatArray
from ...findings import Finding
from ...pages.charts import Axis, Chart, ChartLine, Mark, across, down, line
from ...pages.shell import rendered
from ...pages.tables import shown
from ..policies import Policy
from .result import Replay
from .tables import exhibits

_TEMPLATES = Path(__file__).parent / "templates"
_DAY, _MOST_DATES = 86_400.0, 4
_KINDS = {policy: f"line-{place}" for place, policy in enumerate(Policy)}
"""What the page's style calls the line of a policy."""


def replay_page(found: Replay) -> str:
    """Write the page of a replay.

    Returns
    -------
    str
        HTML, under a Content-Security-Policy that allows this page's own style and script alone.
    """
    values = {
        "found": found,
        "gated": found.gated,
        "kinds": [(one.policy, _KINDS[one.policy]) for one in found.policies],
        "tables": {one.name: shown(one) for one in exhibits(found) if one.rows},
        "releases": [(f"{one.date:%Y-%m-%d}", one, _reasons(one.reasons)) for one in found.releases],
        "charts": [policy_chart(found), *([age_chart(found)] if len(found.age) > 1 else [])],
    }
    return rendered(_TEMPLATES, "replay", values)


def policy_chart(found: Replay) -> Chart:
    """Draw the total cost of each policy so far, less that of the project's own gates."""
    days = [moment.timestamp() / _DAY for moment in (*found.starts, found.until)]
    own = _totals(found, found.gated.by_period)
    beyond = {one.policy: _totals(found, one.by_period) - own for one in found.policies}
    every = np.concatenate(list(beyond.values()))
    unit = f" ({found.unit})" if found.unit else ""
    x, y = Axis("end of the period", days[0], days[-1]), Axis(f"total so far{unit}", every.min(), every.max())
    lines = tuple(
        line(_KINDS[policy], policy.value, x, y, zip(days, values, strict=True))
        for policy, values in beyond.items()
    )
    said = "; ".join(f"{policy.value} {values[-1]:,.0f}" for policy, values in beyond.items())
    step = max(1, -(-len(days) // _MOST_DATES))
    dates = [f"{moment:%Y-%m-%d}" for moment in (*found.starts, found.until)]
    ticks = tuple(zip(days[::step], dates[::step], strict=True))
    return Chart("policies", "Cost beyond the project's own gates", said, x, y, lines, (), ticks)


def age_chart(found: Replay) -> Chart:
    """Draw what a model of each age costs a row beyond the newest one, with its interval."""
    limits = [value for one in found.age for value in (*one.against_newest, 0.0) if np.isfinite(value)]
    unit = f" ({found.unit})" if found.unit else ""
    x = Axis(f"age in periods of {found.every}", 0.0, float(max(one.age for one in found.age)))
    y = Axis(f"dearer than the newest, per row{unit}", min(limits), max(limits))
    marks = tuple(
        Mark("model", "", across(x, one.age), down(y, one.against_newest.value)) for one in found.age
    )
    said = "; ".join(f"age {one.age}: {one.against_newest.value:.3g}" for one in found.age)
    return Chart("age", "Cost against the age of the model", said, x, y, tuple(_ages(found, x, y)), marks)


def _ages(found: Replay, x: Axis, y: Axis) -> Iterator[ChartLine]:
    yield line("quiet", "as the newest", x, y, [(x.low, 0.0), (x.high, 0.0)])
    for one in found.age:
        ends = (one.against_newest.low, one.against_newest.high)
        yield line("model", "95 % interval", x, y, [(one.age, end) for end in ends if np.isfinite(end)])


def _totals(found: Replay, by_period: tuple[float, ...]) -> FloatArray:
    costs = np.nan_to_num(np.array(by_period)) * np.array(found.rows_by_period)
    return np.concatenate(([0.0], np.cumsum(costs)))


def _reasons(reasons: tuple[Finding, ...]) -> str:
    return ", ".join(dict.fromkeys(f"{one.check}: {one.subject}" for one in reasons))
