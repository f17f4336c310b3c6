"""The page of a monitored window: the action and its reasons, signals over time, drift, every check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ..catalogue import Check
from ..evaluation.comparisons.words import each
from ..findings import Status
from ..gates.verdict.groups import groups, passed
from ..monitoring.reactions.reasons import TITLES
from ..monitoring.reactions.signals import SIGNALS, SignalCurve, SignalHistory, SignalPoint, readings
from ..monitoring.window import MonitoringResult
from ..pages.charts import Axis, Chart, ChartLine, Mark, across, down, line
from ..pages.shell import number, rendered
from ..pages.tables import shown
from .page import TEMPLATES, gate_rows

NOTHING = SignalHistory()
_DRIFT = (Check.DRIFT, Check.MISSINGNESS, Check.LEVELS, Check.SCORE, Check.SKEW)
_MOST_DATES, _DAY = 4, 86_400.0


@dataclass(frozen=True, slots=True)
class WindowReading:
    """One signal of this window, as a row of a table."""

    name: str
    value: str
    interval: str
    limits: str


def window_page(found: MonitoringResult, history: SignalHistory = NOTHING) -> str:
    """Write the page of a window.

    Parameters
    ----------
    found : MonitoringResult
        As `monitoring.json` has it.
    history : SignalHistory, optional
        The signals of all windows, this one among them; each with two points or more is drawn.

    Returns
    -------
    str
        HTML, under a Content-Security-Policy that allows this page's own style and script alone.
    """
    rows = tuple(gate_rows(found.verdict))
    remarks = [one for one in rows if one.status is not Status.PASS]
    values = {
        "found": found,
        "title": TITLES[found.reaction.wanted],
        "each": each(found.row),
        "readings": tuple(_readings(found)),
        "charts": [signal_chart(one, history) for one in history.curves if len(one.points) > 1],
        "remedies": [(one.check, one.check.remedy) for one in groups(found.verdict)],
        "remarks": remarks,
        "number_passed": passed(found.verdict),
        "passed": [one for one in rows if one.status is Status.PASS],
        "drift": [one for one in found.verdict.findings if one.check in _DRIFT],
        "tables": {one.name: shown(one) for one in found.evidence.exhibits},
    }
    return rendered(TEMPLATES, "monitoring", values)


def signal_chart(curve: SignalCurve, history: SignalHistory) -> Chart:
    """Draw a signal over time with its interval and limits; a mark where production was acted upon.

    Parameters
    ----------
    curve : SignalCurve
        At least one point.
    history : SignalHistory
        For the marks.
    """
    days = [_day(point) for point in curve.points]
    x = Axis("end of the window", min(days), max(days))
    y = _range(curve)
    done = [_days(mark.at) for mark in history.marks if mark.done]
    marks = [Mark("model", "", across(x, _day(one)), down(y, one.value)) for one in curve.points]
    marks += [Mark("chosen", "action", across(x, day), down(y, y.low)) for day in done]
    last = curve.points[-1]
    said = f"{len(curve.points)} windows, the last one {number(last.value)}"
    return Chart(
        f"signal-{curve.name.replace(' ', '-')}",
        f"{curve.name[:1].upper()}{curve.name[1:]}",
        said,
        x,
        y,
        tuple(_lines(curve, x, y)),
        tuple(marks),
        _dates(curve),
    )


def _lines(curve: SignalCurve, x: Axis, y: Axis) -> Iterator[ChartLine]:
    for end in ("limit_low", "limit_high"):
        yield line("quiet", "limit", x, y, _known(curve, end))
    for one in curve.points:
        ends = [end for end in (one.low, one.high) if end is not None]
        yield line("band", "95 % interval", x, y, [(_day(one), end) for end in ends])
    for stay in curve.stays:
        yield line("model", f"version {stay[0].version}", x, y, [(_day(one), one.value) for one in stay])


def _known(curve: SignalCurve, name: str) -> list[tuple[float, float]]:
    found = ((_day(one), getattr(one, name)) for one in curve.points)
    return [(day, value) for day, value in found if value is not None]


def _range(curve: SignalCurve) -> Axis:
    names = ("value", "low", "high", "limit_low", "limit_high")
    values = [value for name in names for _, value in _known(curve, name)]
    return Axis(curve.name, min(values), max(values))


def _dates(curve: SignalCurve) -> tuple[tuple[float, str], ...]:
    """Return some window ends with their dates, evenly chosen among them."""
    points = curve.points
    step = max(1, -(-len(points) // _MOST_DATES))
    return tuple((_day(point), f"{point.at:%Y-%m-%d}") for point in points[::step])


def _readings(found: MonitoringResult) -> Iterator[WindowReading]:
    known = readings(found.verdict, found.window.end, found.version)
    for signal in SIGNALS:
        one = known.get(signal.name)
        if one is not None:
            yield WindowReading(
                signal.name, number(one.value), _span(one.low, one.high), _span(one.limit_low, one.limit_high)
            )


def _span(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    if low is None:
        return f"up to {number(high)}"
    return f"{number(low)} to {number(high)}" if high is not None else f"from {number(low)}"


def _day(point: SignalPoint) -> float:
    return _days(point.at)


def _days(moment: datetime) -> float:
    return moment.timestamp() / _DAY
