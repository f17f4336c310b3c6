"""Scoring a table: batch by batch through the contract and the model into a file that appears whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from ..errors import ProjectError
from ..findings import Finding, Status
from ..project import Project, Slices
from ..scores import Scores
from ..scoring import Stamp, Strange, decide, scores, strange
from .contract_stream import InputContract, input_contract
from .quarantine import quarantine
from .score_files import keep_manifest, refuse_impossible, writing
from .serving import Serving
from .table_batches import digest_of_batches, query_batches, read_batches
from .tables import Table

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


class _RefusedError(Exception):
    """Leaves the block in which the file is written, so that it never appears."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("the contract says no")
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be scored, and where to.

    Parameters
    ----------
    table : Path, optional
        Default: the query that the project declares under `scoring`.
    out : Path
        Ends in .csv, .csv.gz or .parquet.
    """

    table: Path | None
    out: Path


def refuse_impossible_scoring(asked: Asked, project: Project) -> None:
    """Refuse what could not be done later, before any model is loaded.

    Raises
    ------
    ProjectError
        When no rows are named, or the scores could not be written.
    """
    refuse_impossible(asked.out)
    if asked.table is None and project.scoring.query is None:
        remedy = "name a file by --table, or declare scoring.query and scoring.url_env"
        raise ProjectError("logitgate score", "no rows are named", remedy)
    if asked.table is not None and asked.table.resolve() == asked.out.resolve():
        raise ProjectError(str(asked.out), "is the table itself", "name another file by --out")


def score_table(serving: Serving, project: Project, asked: Asked) -> Scores:
    """Score a table in the memory of one batch; nothing is written unless all of it kept the contract.

    Raises
    ------
    DataError
        When the rows are not as declared, an id is missing or stands twice, or a row cannot be scored.
    UnavailableError, ProjectError
        When the table cannot be read or the scores cannot be written.
    """
    # Slices cut the rows that judge a model; rows that are only scored need not have them.
    project = project.model_copy(update={"slices": Slices()})
    contract = input_contract(project)
    version = serving.version
    stamp = Stamp(version.version, version.digest, datetime.now(UTC).replace(microsecond=0))
    total, digests = Strange(), list[str]()
    try:
        with writing(asked.out, SCHEMA) as write:
            for table in _batches(asked, project):
                digests.append(table.digest)
                kept = contract.take(table.frame)
                _go_on_unless(contract.stopped)
                if len(kept):
                    decision = decide(kept, serving.shipment.model, project)
                    total += strange(kept, serving.shipment.model, decision.flagged)
                    write(scores(kept, decision, stamp, project))
            contract.refuse_repeated_ids()
            findings = contract.findings()
            _go_on_unless([*_emptiness(contract, project), *findings])
            _put_aside(contract, project)
    except _RefusedError as refused:
        return Scores(project.name, version.version, version.digest, refused.findings, contract.rows)
    found = Scores(
        project.name,
        version.version,
        version.digest,
        findings,
        contract.rows,
        strange=total,
        rule=serving.shipment.model.rule,
        unit=serving.shipment.unit,
        snapshot=digest_of_batches(digests),
        scored_at=stamp.scored_at,
        stale_since=serving.stale_since,
        stale_because=serving.because,
    )
    return found.written(asked.out.name, keep_manifest(asked.out, found.manifest())["sha256"])


def _batches(asked: Asked, project: Project) -> Iterator[Table]:
    if asked.table is not None:
        return read_batches(asked.table, project)
    return query_batches(str(project.scoring.query), str(project.scoring.url_env), project)


def _go_on_unless(findings: Sequence[Finding]) -> None:
    if any(finding.status.stops for finding in findings):
        raise _RefusedError(tuple(findings))


def _emptiness(contract: InputContract, project: Project) -> Iterator[Finding]:
    if not contract.rows and not project.scoring.may_be_empty:
        because = "it has no rows; if that is a quiet night and no broken export, set scoring.may_be_empty"
        yield Finding("contract", "table", Status.FAIL, because, {"rows": 0})


def _put_aside(contract: InputContract, project: Project) -> None:
    frame, result = contract.broken()
    if len(frame) and project.contract.quarantine is not None:
        quarantine(frame, result, project.contract.quarantine)
