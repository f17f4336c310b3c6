"""The page itself: typed values to one HTML file that asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalogue import Check
from ..evaluation.comparisons.words import each
from ..findings import Finding, Status, Verdict
from ..gates.verdict.groups import passed
from ..gates.verdict.markdown import folded
from ..gates.verdict.outcome import Outcome
from ..gates.verdict.sentences import champion_sentence, verdict_sentence
from ..pages import charts
from ..pages.explorer import explored
from ..pages.shell import rendered
from ..pages.sliders import Explorer
from ..pages.tables import shown
from . import summary
from .charts import reliability_chart
from .facts import Facts, ReportedRows
from .ml_test_score import MLTestScore

FILE = "report.html"
FACTS = "report.json"
"""What the page of a run is made from, beside its `verdict.json`."""
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Stay:
    """One version's time in production; `until` is empty for the one that is there now."""

    version: int
    since: str
    until: str
    as_of: str
    """Before which date its rows were known; empty where that is not recorded."""
    act: str
    actor: str
    cost: str
    because: str


@dataclass(frozen=True, slots=True)
class Registered:
    """One version, released or not."""

    version: int
    made: str
    """When it was registered, by the clock (UTC)."""
    as_of: str
    verdict: str
    refused_by: str
    cost: str
    """Per row, with its interval; empty where it was not judged."""
    fate: str
    """How it came into production; empty where it never did."""


@dataclass(frozen=True, slots=True)
class WatchedWindow:
    """One monitored window: what was wanted and what was done."""

    window: str
    version: int
    wanted: str
    done: str
    symptoms: str
    failed: str
    """The checks that did not pass."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the run: the code that made it, and what was in production since."""

    code_version: str = ""
    stays: tuple[Stay, ...] = ()
    """Newest first."""
    way_back: int | None = None
    """The version that a rollback would restore."""
    score: MLTestScore | None = None
    versions: tuple[Registered, ...] = ()
    """Newest first, released or not."""
    windows: tuple[WatchedWindow, ...] = ()
    """Monitored windows, newest first."""

    def decided(self, version: int | None) -> Stay | None:
        """Return how a version came into production last; None where it never did."""
        return next((one for one in self.stays if one.version == version), None)


NOTHING = Beside()


def page(outcome: Outcome, facts: Facts, before: Facts | None = None, beside: Beside = NOTHING) -> str:
    """Write the page of a training.

    Parameters
    ----------
    outcome : Outcome
        As `verdict.json` has it; all figures of the verdict are taken from here.
    facts : Facts
    before : Facts, optional
        Of the version it was judged against.
    beside : Beside, optional
        What the store knows about the run and its model beyond that.

    Returns
    -------
    str
        HTML, under a Content-Security-Policy that allows this page's own style and script alone.
    """
    judged, unit = facts.judged, facts.unit
    decided = beside.decided(outcome.version)
    explorer = Explorer.of(judged.groups, judged.costs, judged.rows_a_year) if judged else None
    saving, tables = summary.saving(outcome.findings), {one.name: shown(one) for one in facts.tables}
    drawn, rows = _charts(judged, unit) if judged else {}, tuple(gate_rows(outcome.verdict))
    values = {
        "outcome": outcome,
        "facts": facts,
        "judged": judged,
        "sentence": verdict_sentence(outcome),
        "standing": champion_sentence(outcome),
        "saving": saving,
        "yearly": saving.of(judged.rows_a_year) if saving and judged and judged.rows_a_year else None,
        "thousand": saving.of(1_000) if saving else None,
        "changes": summary.changes(before, facts) if before else (),
        "is_first": before is None,
        "beside": beside,
        "remarks": [one for one in rows if one.status is not Status.PASS],
        "number_passed": passed(outcome.verdict),
        "passed": [one for one in rows if one.status is Status.PASS],
        "each": each(facts.row),
        "decided": decided,
        "about": [one for one in beside.windows if one.version == outcome.version],
        "shifts": [one for one in outcome.findings if one.check is Check.SHIFTS],
        "leakage": [one for one in outcome.findings if one.check is Check.LEAKAGE],
        "contract": [one for one in outcome.findings if one.check is Check.CONTRACT],
        "few": [one for one in outcome.findings if one.status is Status.INSUFFICIENT],
        "tables": tables,
        "charts": drawn,
        "explorer": explorer,
        "point": explored(judged.groups, explorer.costs) if judged and explorer else None,
        "data": explorer.plain(unit) if explorer else {},
    }
    return rendered(TEMPLATES, "report", values)


def gate_rows(verdict: Verdict) -> Iterable[Finding]:
    """Return the findings of the gates table; curated cases are counted, as their names may be persons'."""
    behaviour = [one for one in verdict.findings if one.check is Check.BEHAVIOUR]
    worst = sorted(
        (one for one in folded(verdict) if one.check is not Check.BEHAVIOUR),
        key=lambda one: -list(Status).index(one.status),
    )
    yield from worst
    for status in Status:
        number = sum(one.status is status for one in behaviour)
        if number:
            yield Finding(Check.BEHAVIOUR, f"{number} of {len(behaviour)}", status, "verdict.json has them")


def _charts(judged: ReportedRows, unit: str) -> dict[str, charts.Chart]:
    costs = judged.costs
    drawn: Sequence[charts.Chart] = (
        charts.roc_chart(judged.groups, costs),
        charts.cost_chart(judged.groups, costs, unit),
        reliability_chart(judged.bins),
    )
    return {one.name: one for one in drawn}
