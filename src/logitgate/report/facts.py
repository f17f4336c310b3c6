"""What a run keeps for its report page: typed values, no identifier of a row, no unrounded value of one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..catalogue import Check
from ..data.sampling.sample import Sample
from ..evaluation.evaluate import Scored
from ..evidence_table import Exhibit
from ..findings import Figure, finite
from ..gates.evidence import Evidence
from ..model.train import Learned
from ..pages.explorer import ExplorerEntries, ExplorerGroups, score_groups
from ..project.fields import Plain
from ..project.project import Project
from .worked_rows import JudgedBy, WorkedRow, worked_rows

_SHORTEST_SPAN, _YEAR, _DAY = 7.0, 365.25, 86_400.0
_BINS, _LEAST_ROWS, _MOST_ROWS = 10, 10, 500


class FactTable(Plain):
    """One table of evidence."""

    name: str
    title: str
    note: str
    rows: tuple[dict[str, Figure], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))


class Bin(Plain):
    """Judged rows with neighbouring probabilities."""

    rows: int
    predicted: float
    """Mean probability."""
    observed: float
    """Share of events."""


class RecipeChoice(Plain):
    """What the training decided: the recipe and what it chose."""

    recipe: str
    form: str
    C: float
    rule: str
    threshold: float | None
    recalibration_slope: float
    recalibration_intercept: float


class ReportedRows(Plain):
    """The rows that judged, counted."""

    rows: int
    events: int
    since: str | None
    """Day of the first row, where rows have a time."""
    until: str | None
    rows_a_year: float | None
    """At the volume of these rows; None where they have no time or span less than a week."""
    groups: ExplorerGroups
    bins: tuple[Bin, ...]
    costs: ExplorerEntries
    """Mean of each cost over the rows."""


class Facts(Plain):
    """What the page shows beside the outcome; the outcome itself is `verdict.json`."""

    model: str
    purpose: str
    unit: str
    source: str
    """Name of the file, or of the variable with the database's address."""
    features: tuple[str, ...]
    outcome: str
    event: str
    costs: dict[str, str]
    """As the project declares them."""
    costs_because: str
    costs_vary: bool
    """Whether they are expressions over the row's columns."""
    rows: int
    learned_rows: int | None
    recipe_key: str
    choice: RecipeChoice | None
    judged: ReportedRows | None
    tables: tuple[FactTable, ...]
    row: str = "row"
    """What a row is, as the project says."""
    matures_days: float = 0.0
    """How long after its row an outcome is trusted."""
    worked: tuple[WorkedRow, ...] = ()
    """Judged rows near the threshold."""


def facts_of(evidence: Evidence) -> Facts:
    """Collect what the page of a training shows."""
    project, learned, judged = evidence.project, evidence.learned, evidence.judged
    rows = project.rows
    sample = learned.judged if learned else None
    names = ("true_positive", "false_positive", "true_negative", "false_negative")
    return Facts(
        model=project.name,
        purpose=project.purpose,
        unit=project.costs.unit,
        source=rows.place,
        features=project.features.all,
        outcome=project.outcome.column,
        event=str(project.outcome.event),
        costs={name: str(getattr(project.costs, name)) for name in names},
        costs_because=project.costs.because,
        costs_vary=not project.costs.matrix.constant,
        rows=len(evidence.frame),
        learned_rows=len(learned.shipped.rows) if learned else None,
        recipe_key=evidence.recipe,
        choice=_choice(learned) if learned else None,
        judged=_judged(sample, judged.scored) if judged else None,
        tables=tuple(_tables(evidence.exhibits)),
        row=rows.unit,
        matures_days=project.outcome.matures_after.total_seconds() / _DAY,
        worked=_worked(learned, evidence.blocks.last, project) if learned and evidence.blocks else (),
    )


def _worked(learned: Learned, last: int, project: Project) -> tuple[WorkedRow, ...]:
    """Work through rows of the last block, by the model that decided about them."""
    rows = learned.block == last
    judged = JudgedBy(learned.last, learned.judged.frame[rows], learned.scored.take(rows))
    return worked_rows(judged, project)


def _choice(learned: Learned) -> RecipeChoice:
    decided, rule = learned.shipped.decided, learned.model.rule
    return RecipeChoice(
        recipe=learned.submission.name,
        form=str(decided.candidate.choice.form),
        C=decided.candidate.choice.C,
        rule=rule.name,
        threshold=rule.value,
        recalibration_slope=decided.recalibration.slope,
        recalibration_intercept=decided.recalibration.intercept,
    )


def _judged(sample: Sample | None, scored: Scored) -> ReportedRows:
    days = None if sample is None or sample.time is None else np.asarray(sample.time).astype("datetime64[s]")
    span = 0.0 if days is None else float((days.max() - days.min()) / np.timedelta64(1, "D"))
    return ReportedRows(
        rows=len(scored.y),
        events=int(scored.y.sum()),
        since=None if days is None else str(days.min().astype("datetime64[D]")),
        until=None if days is None else str(days.max().astype("datetime64[D]")),
        rows_a_year=len(scored.y) / span * _YEAR if span >= _SHORTEST_SPAN else None,
        groups=score_groups(scored),
        bins=tuple(_bins(scored)),
        costs=ExplorerEntries.mean(scored.costs),
    )


def _bins(scored: Scored) -> Iterable[Bin]:
    """Part the rows by probability into at most ten bins of equal size."""
    order = np.argsort(scored.decision.probability, kind="stable")
    wanted = max(1, min(_BINS, len(order) // _LEAST_ROWS))
    for part in np.array_split(order, wanted):
        predicted = float(scored.decision.probability[part].mean())
        yield Bin(rows=len(part), predicted=predicted, observed=float(scored.y[part].mean()))


def _tables(exhibits: Iterable[Exhibit]) -> Iterable[FactTable]:
    """Take the tables but that of curated cases, whose names may be those of persons."""
    for one in exhibits:
        if one.name != Check.BEHAVIOUR:
            rows = tuple(
                {name: finite(value) for name, value in row.items()} for row in one.rows[:_MOST_ROWS]
            )
            more = len(one.rows) - len(rows)
            note = f"{one.note} ({more} more rows in evidence/{one.name}.json)" if more else one.note
            yield FactTable(name=str(one.name), title=one.title, note=note, rows=rows)
