"""Scoring a table: batch by batch through the contract and the model into a file that appears whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...data.batches import digest_of_batches, query_batches, read_batches
from ...data.typed import Table
from ...errors import ProjectError
from ...project.project import Project
from .batch_scorer import SCHEMA, SHADOW_SCHEMA, BatchScorer, RefusedScoringError, ShadowScoring
from .champion import Serving
from .output import keep_manifest, refuse_impossible, refuse_impossible_folder, writing
from .result import ScoringResult


@dataclass(frozen=True, slots=True)
class ScoringRequest:
    """The table to score, and the file for the scores.

    Parameters
    ----------
    table : Path, optional
        Default: the query that the project declares under `scoring`.
    out : Path
        Ends in .csv, .csv.gz or .parquet; Spark writes a folder whose name ends in .parquet.
    """

    table: Path | None
    out: Path


def refuse_impossible_scoring(request: ScoringRequest, project: Project) -> None:
    """Refuse what could not be done later, before any model is loaded.

    Raises
    ------
    ProjectError
        When no rows are named, or the scores could not be written.
    """
    if project.rows.engine == "spark":
        refuse_impossible_folder(request.out)
    else:
        refuse_impossible(request.out)
    if request.table is None and project.scoring.query is None:
        remedy = "name a file by --table, or declare scoring.query and scoring.url_env"
        raise ProjectError("logitgate score", "no rows are named", remedy)
    if request.table is not None and request.table.resolve() == request.out.resolve():
        raise ProjectError(str(request.out), "is the table itself", "name another file by --out")


def score_table(
    serving: Serving, project: Project, request: ScoringRequest, shadow: ShadowScoring | None = None
) -> ScoringResult:
    """Score a table in the memory of one batch; nothing is written unless all of it kept the contract.

    With a `shadow` its answers are columns of the scores.

    Raises
    ------
    DataError
        When the rows are not as declared, an id is missing or stands twice, or a row cannot be scored.
    UnavailableError, ProjectError
        When the table cannot be read or the scores cannot be written.
    """
    if project.rows.engine == "spark":
        from .distributed import score_in_spark

        return score_in_spark(serving, project, request.table, request.out, shadow)
    scorer = BatchScorer.of(serving, project, shadow)
    try:
        with writing(request.out, SCHEMA if shadow is None else SHADOW_SCHEMA) as write:
            for table in _batches(request, scorer.project):
                answers = scorer.scores(table)
                if answers is not None:
                    write(answers)
            findings = scorer.findings()
            scorer.put_aside()
    except RefusedScoringError as refused:
        return scorer.refused(serving, refused.findings)
    found = scorer.result(serving, findings, digest_of_batches(scorer.digests))
    return found.written(request.out.name, keep_manifest(request.out, found.manifest())["sha256"])


def _batches(request: ScoringRequest, project: Project) -> Iterator[Table]:
    if request.table is not None:
        return read_batches(request.table, project)
    return query_batches(str(project.scoring.query), str(project.scoring.url_env), project)
