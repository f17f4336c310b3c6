"""Scoring batch after batch of one table: what is decided, and what adds up over the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa

from ...catalogue import Check
from ...data.contract.batches import InputContract, input_contract
from ...data.contract.breaches import chosen
from ...data.contract.quarantine import quarantine
from ...data.typed import Table
from ...decision.rule import Decision
from ...findings import Finding, Status
from ...model.model import Model
from ...model.scored_rows import Stamp, UnusualRows, decide, scores, unusual_rows
from ...monitoring.reference import as_learned
from ...monitoring.shadow import ScoredPair, Shadow, by_unit, shadow_of, with_shadow_columns
from ...monitoring.unfamiliar_values import CellCounts, Known, unfamiliar
from ...project.gates import Slices
from ...project.project import Project
from .champion import Serving
from .result import ScoringResult

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("probability", pa.float64()),
        ("threshold", pa.float64()),
        ("decision", pa.bool_()),
        ("expected_cost", pa.float64()),
        ("expected_cost_otherwise", pa.float64()),
        ("model_version", pa.int64()),
        ("request_id", pa.string()),
        ("scored_at", pa.timestamp("us", "UTC")),
    ]
)
"""Columns of a file of scores, and their types."""

SHADOW_SCHEMA = pa.schema(
    [
        *SCHEMA,
        ("challenger_probability", pa.float64()),
        ("challenger_threshold", pa.float64()),
        ("challenger_decision", pa.bool_()),
        ("challenger_version", pa.int64()),
    ]
)
"""The same with columns for the answers of a challenger."""


class RefusedScoringError(Exception):
    """Leaves the block in which the file is written, so that it never appears."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("the contract refuses the rows")
        self.findings = findings


@dataclass
class ShadowScoring:
    """A challenger scored in the shadow of the champion, and the totals of both so far."""

    serving: Serving
    champion: Serving
    units: list[pd.DataFrame] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None

    def answer(
        self, kept: pd.DataFrame, scored: pd.DataFrame, champion: Decision, project: Project
    ) -> pd.DataFrame:
        """Add the challenger's answers to the scores of a batch, and add the batch to the totals."""
        other = decide(kept, self.serving.package.model, project)
        pair = ScoredPair(
            champion, other, (self.champion.package.fitted_rows, self.serving.package.fitted_rows)
        )
        self.units.append(by_unit(kept, pair, project, datetime.now(UTC)))
        time = project.columns.time
        if time in kept.columns:
            first, last = (moment.to_pydatetime() for moment in (kept[time].min(), kept[time].max()))
            self.since = min(self.since or first, first)
            self.until = max(self.until or last, last)
        return with_shadow_columns(scored, other, self.serving.version.version)

    @property
    def totals(self) -> Shadow:
        """Totals of the whole table."""
        return shadow_of(pd.concat(self.units)) if self.units else Shadow()


@dataclass
class BatchScorer:
    """Scores batch after batch of one table, and adds up what they show."""

    model: Model
    project: Project
    shadow: ShadowScoring | None
    stamp: Stamp
    known: Known
    contract: InputContract
    unusual: UnusualRows = field(default_factory=UnusualRows)
    cells: CellCounts = field(default_factory=CellCounts)
    digests: list[str] = field(default_factory=list)
    broken: dict[str, Finding] = field(default_factory=dict)
    """What stopped a batch, by its subject."""
    left_out: int = 0

    @classmethod
    def of(cls, serving: Serving, project: Project, shadow: ShadowScoring | None) -> BatchScorer:
        """Begin a table: one moment stands with all of its rows."""
        version, package = serving.version, serving.package
        # Slices cut the rows that judge a model; rows that are only scored need not have them.
        project = as_learned(project.model_copy(update={"slices": Slices()}), package.profile)
        stamp = Stamp(version.version, version.digest, datetime.now(UTC).replace(microsecond=0))
        known = Known.of(package.model, package.profile)
        return cls(package.model, project, shadow, stamp, known, input_contract(project))

    def __add__(self, other: BatchScorer) -> BatchScorer:
        """Take the batches of two parts of one table together."""
        contract = replace(self.contract, batches=(*self.contract.batches, *other.contract.batches))
        return replace(
            self,
            contract=contract,
            unusual=self.unusual + other.unusual,
            cells=self.cells + other.cells,
            digests=[*self.digests, *other.digests],
            broken=self.broken | other.broken,
            left_out=self.left_out + other.left_out,
        )

    def scores(self, table: Table) -> pd.DataFrame | None:
        """Return the scores of a batch; None where no row is left of it."""
        self.digests.append(table.digest)
        self.left_out += table.left_out
        self.contract, kept = self.contract.plus(table.frame)
        _go_on_unless(self.contract.stopped)
        if not len(kept):
            return None
        decision = decide(kept, self.model, self.project)
        here = CellCounts.of(self.model.brought(kept), self.known)
        new = unfamiliar(here, self.known, self.project)
        self.broken |= {one.subject: one for one in new if one.status.stops}
        self.unusual += unusual_rows(kept, self.model, decision.flagged)
        self.cells += here
        found = scores(kept, decision, self.stamp, self.project)
        return found if self.shadow is None else self.shadow.answer(kept, found, decision, self.project)

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found of the whole table; leave the block where it stops."""
        self.contract.refuse_repeated_ids()
        whole = {one.subject: one for one in unfamiliar(self.cells, self.known, self.project)}
        choice = chosen(self.contract.rows, self.left_out, self.project)
        found = (*choice, *self.contract.findings(), *(whole | self.broken).values())
        _go_on_unless([*_emptiness(self.contract, self.project), *found])
        return found

    def put_aside(self) -> None:
        """Write the rows that broke the contract to the quarantine, where there are any and there is one."""
        frame, result = self.contract.broken()
        if len(frame) and self.project.contract.quarantine is not None:
            quarantine(frame, result, self.project.contract.quarantine)

    def refused(self, serving: Serving, findings: tuple[Finding, ...]) -> ScoringResult:
        """Return what came of a table that the contract refuses."""
        version = serving.version
        return ScoringResult(self.project.name, version.version, version.digest, findings, self.contract.rows)

    def result(self, serving: Serving, findings: tuple[Finding, ...], snapshot: str) -> ScoringResult:
        """Return what came of a table whose scores are written, by its findings and its digest."""
        return ScoringResult(
            self.project.name,
            serving.version.version,
            serving.version.digest,
            findings,
            self.contract.rows,
            unusual=self.unusual_rows(),
            rule=serving.package.model.rule,
            unit=serving.package.unit,
            snapshot=snapshot,
            scored_at=self.stamp.scored_at,
            stale_since=serving.stale_since,
            stale_because=serving.because,
        )

    def unusual_rows(self) -> UnusualRows:
        """Return the counts of unusual rows, with how many lie outside the range of each number."""
        outside = {name: number for name, number in self.cells.outside.items() if number}
        return replace(self.unusual, outside=outside)


def _go_on_unless(findings: Sequence[Finding]) -> None:
    if any(finding.status.stops for finding in findings):
        raise RefusedScoringError(tuple(findings))


def _emptiness(contract: InputContract, project: Project) -> Iterator[Finding]:
    if not contract.rows and not project.scoring.may_be_empty:
        because = "it has no rows; if that is a quiet night and no broken export, set scoring.may_be_empty"
        yield Finding(Check.CONTRACT, "table", Status.FAIL, because, {"rows": 0})
