"""Scoring where the rows are: each partition of Spark's through contract and model, into a file of its own.

A task scores a partition by the code that scores a table on one machine, and sends home counts, hashes of the
ids and the name of its file, never a row but those that the contract puts aside. Spark may run a task twice;
only the files of the answers that came home are kept.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from ...data.batches import ROWS
from ...data.contract.validation import columns_read
from ...data.readers.source import Source, numbered, rebatched
from ...data.readers.spark.selection import named, of_path
from ...data.streaming.row_sums import RowSums
from ...data.typed import Table, typed
from ...errors import LogitgateError, ProjectError, UnavailableError
from ...findings import Finding
from ...project.project import Project
from ...spark.frame import SparkFrame, partition
from .batch_scorer import SCHEMA, BatchScorer, RefusedScoringError, ShadowScoring
from .champion import Serving
from .output import publish_folder, writing
from .result import ScoringResult

_MARK = ".scored-by-spark"
_EMPTY = "part-00000.parquet"


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """What a task says of its partition.

    Attributes
    ----------
    number : int
        Of the partition.
    scorer : BatchScorer
        What adds up.
    sums : RowSums
        What identifies the rows.
    file, sha256 : str
        Of the scores; empty where no row was scored.
    findings : tuple of Finding
        Of the contract, where it refuses the partition by itself.
    error : LogitgateError, optional
        Why it could not be scored.
    """

    number: int
    scorer: BatchScorer
    sums: RowSums = field(default_factory=RowSums)
    file: str = ""
    sha256: str = ""
    findings: tuple[Finding, ...] = ()
    error: LogitgateError | None = None


@dataclass(frozen=True, slots=True)
class PartScoring:
    """Scores one partition; it is sent to the executors.

    Attributes
    ----------
    scorer : BatchScorer
        Of no batch yet.
    subject : str
        What a refusal calls the rows.
    folder : Path
        Where the scores are written, with a file by which an executor knows that it is the same folder.
    """

    scorer: BatchScorer
    subject: str
    folder: Path

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Score the rows of a partition, and say what became of them."""
        part = pickle.dumps(self._scored(batches))
        yield pa.record_batch([pa.array([part], pa.binary())], names=["part"])

    def _scored(self, batches: Iterator[pa.RecordBatch]) -> ScoredPart:
        number, scorer = partition(), replace(self.scorer, digests=[], broken={})
        part = ScoredPart(number, scorer)
        name = f"part-{number:05d}-{uuid4().hex}.parquet"
        try:
            self._refuse_another_folder()
            with writing(self.folder / name, SCHEMA) as write:
                for table in self._tables(batches, number):
                    part = replace(part, sums=part.sums + RowSums.of(table.frame, table.frame.columns))
                    answers = scorer.scores(table)
                    if answers is not None:
                        write(answers)
        except RefusedScoringError as refused:
            return replace(part, findings=refused.findings)
        except LogitgateError as error:
            return replace(part, error=error)
        return replace(part, file=name, sha256=_digest(self.folder / name))

    def _tables(self, batches: Iterator[pa.RecordBatch], number: int) -> Iterator[Table]:
        cells = (pa.Table.from_batches([batch]).replace_schema_metadata() for batch in batches)
        name = f"{self.subject}, partition {number},"
        for source in rebatched(_numbered(name, cells), ROWS):
            yield typed(source, self.scorer.project)

    def _refuse_another_folder(self) -> None:
        if not (self.folder / _MARK).is_file():
            rule = "is not the folder that this machine has under that name"
            remedy = "give --out a folder that all executors share with it"
            raise UnavailableError(f"{self.folder} on an executor", rule, remedy)


def score_in_spark(
    serving: Serving, project: Project, table: Path | None, out: Path, shadow: ShadowScoring | None
) -> ScoringResult:
    """Score a table in Spark; no file appears unless all of it kept the contract.

    Parameters
    ----------
    serving : Serving
    project : Project
    table : Path, optional
        Parquet or Delta Lake; default: the query that the project declares under `scoring`.
    out : Path
        The folder of the scores.
    shadow : ShadowScoring, optional
        Refused: a challenger is scored by memory alone.

    Raises
    ------
    DataError
        When the rows are not as declared, an id is missing or stands twice, or a row cannot be scored.
    UnavailableError, ProjectError
        When there is no Spark, the table cannot be read or the scores cannot be written.
    """
    if shadow is not None:
        rule, remedy = "is scored by this machine alone", "set rows.engine = 'memory' for that table"
        raise ProjectError("--shadow", rule, remedy)
    project.business_key("scores of Spark")
    scorer, frame = BatchScorer.of(serving, project, None), _asked(project, table)
    with _draft(out) as draft:
        found = named(frame, columns_read(scorer.project)).mapped(
            PartScoring(scorer, frame.subject, draft), "part binary"
        )
        parts = _parts(found.home())
        whole = reduce(add, (part.scorer for part in parts), scorer)
        broken = {(one.subject, one.because): one for part in parts for one in part.findings}
        if broken:
            return whole.refused(serving, tuple(broken.values()))
        try:
            findings = whole.findings()
            whole.put_aside()
        except RefusedScoringError as refused:
            return whole.refused(serving, refused.findings)
        result = whole.result(serving, findings, reduce(add, (part.sums for part in parts), RowSums()).digest)
        digest = publish_folder(out, draft, _kept(draft, parts), result.manifest())
        return result.written(out.name, digest)


def _asked(project: Project, table: Path | None) -> SparkFrame:
    if table is not None:
        return of_path(table, project)
    return SparkFrame.of_query("scoring.query", str(project.scoring.query), project.rows.spark)


def _parts(home: pa.Table) -> list[ScoredPart]:
    """Return what the tasks said, in the order of their partitions; raise what one of them could not do."""
    parts: list[ScoredPart] = [
        pickle.loads(part)  # noqa: S301 - what our own tasks said, in a session of our own
        for part in home.column("part").to_pylist()
    ]
    parts.sort(key=lambda one: one.number)
    for part in parts:
        if part.error is not None:
            raise part.error
    return parts


def _kept(draft: Path, parts: list[ScoredPart]) -> dict[str, str]:
    """Keep the files of the answers that came home, under plain names, and return their digests."""
    files = {part.file: part for part in parts if part.scorer.unusual.rows}
    for path in draft.iterdir():
        if path.name not in files:
            path.unlink()
    kept = {f"part-{part.number:05d}.parquet": part for part in files.values()}
    for name, part in kept.items():
        (draft / part.file).replace(draft / name)
    if kept:
        return {name: part.sha256 for name, part in kept.items()}
    with writing(draft / _EMPTY, SCHEMA):
        pass
    return {_EMPTY: _digest(draft / _EMPTY)}


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """Make a folder beside another one, which is gone at the end unless it got that name."""
    try:
        draft = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}.", suffix=".writing"))
        (draft / _MARK).touch()
        # Executors may run as another user of the same group.
        draft.chmod(0o770)
    except OSError as error:
        rule, remedy = f"cannot be written ({error.strerror})", "check the folder and its permissions"
        raise UnavailableError(str(out), rule, remedy) from error
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _numbered(name: str, tables: Iterable[pa.Table]) -> Iterator[Source]:
    before = 0
    for cells in tables:
        yield numbered(name, cells, before)
        before += cells.num_rows
