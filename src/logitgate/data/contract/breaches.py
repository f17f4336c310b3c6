"""From what became of each rule of a contract to findings in words and counts, never cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...decision.costs import IntArray
from ...findings import Figure, Finding, Status
from ...project.project import Project
from ..readers.headers import likely
from ..typed import Table
from .results import RuleResult
from .suite import ContractRule, Suite

CHECK = Check.CONTRACT
IDLE = "no row meets its row_condition, so nothing was checked"


def unsaid(frame: pd.DataFrame, absent: tuple[str, ...], project: Project) -> Iterator[Finding]:
    """Yield what breaks the promises of every table, which no suite has to spell out."""
    if not len(frame):
        yield Finding(CHECK, "table", Status.FAIL, "it has no rows, so it shows nothing", {"rows": 0})
    for column in project.declared_types:
        if column in absent or column not in frame.columns:
            hint = likely(column, set(frame.columns) - set(project.declared_types))
            because = "the project declares it and the table does not have it" + (f": {hint}" if hint else "")
            yield Finding(CHECK, column, Status.FAIL, because)
        elif len(frame) and not frame[column].notna().any():
            because = "the project declares it and every cell is empty"
            yield Finding(CHECK, column, Status.FAIL, because, {"rows": len(frame), "missing": len(frame)})


def unpromised(project: Project) -> Iterator[Finding]:
    """Warn of a project without a suite, whose columns need only be there and hold cells."""
    if project.contract.suite is None:
        because = (
            "no suite is declared, so only columns and cells that are there are asked for; `logitgate init` "
            "writes one from a table, contract.suite names it"
        )
        yield Finding(CHECK, "contract.suite", Status.WARN, because)


def nameless(frame: pd.DataFrame, aside: IntArray, project: Project) -> Iterator[Finding]:
    """Yield how many rows have no id, beyond those that are put aside; where none has one, `unsaid` does."""
    column = project.columns.row_id
    if column not in frame.columns or not frame[column].notna().any():
        return
    absent = int(np.delete(frame[column].isna().to_numpy(dtype=bool), aside).sum())
    if absent:
        because = f"{absent:,} of {len(frame):,} rows have no id; give each row one, or leave it out"
        yield Finding(CHECK, column, Status.FAIL, because, {"rows": len(frame), "missing": absent})


def chosen(kept: int, left_out: int, project: Project) -> Iterator[Finding]:
    """Yield how many rows the project's condition keeps, where it has one."""
    if project.rows.where is not None:
        because = f"{kept:,} of {kept + left_out:,} rows match the condition and are kept"
        yield Finding(CHECK, "rows.where", Status.PASS, because, {"rows": kept, "left_out": left_out})


def sampled(table: Table, project: Project) -> Iterator[Finding]:
    """Yield that a table is a sample of other rows, where it is; WARN where the machine chose its size."""
    if table.whole is None:
        return
    rows, of, key = table.rows, table.whole.rows, table.whole.limited_by
    because = f"{rows:,} of {of:,} rows are judged, those whose ids have the lowest hashes"
    status = Status.PASS
    if project.rows.engine == "memory" and project.rows.in_memory is None:
        because += f"; no more fit the memory that is free now: set {key} = {rows} to keep to it"
        status = Status.WARN
    yield Finding(CHECK, key, status, because, {"rows": rows, "of": of})


def missing(rule: ContractRule, frame: pd.DataFrame) -> Finding:
    """Return the breach of a rule over columns that are not there, however harmless it was declared."""
    lacking = ", ".join(name for name in rule.columns if name not in frame.columns)
    because = f"{rule.because}: the table has no {lacking}, so it cannot be checked"
    return Finding(CHECK, rule.subject, Status.FAIL, because)


def checked(outcome: RuleResult) -> RuleResult:
    """Return what became of a rule; one whose condition no row meets checks nothing, so it does not hold."""
    is_idle = "row_condition" in outcome.rule.kwargs and outcome.figures.get("rows") == 0
    if not is_idle or outcome.rule.may_match_nothing or outcome.error is not None:
        return outcome
    return replace(outcome, holds=False, error=IDLE, positions=())


def breach(outcome: RuleResult) -> Finding:
    """Return the breach of a rule; one that could not be evaluated stops, however harmless it is."""
    rule, because, figures = outcome.rule, outcome.rule.because, outcome.figures
    if outcome.error == IDLE:
        because += f": {IDLE}; correct its value, or set meta.may_match_nothing"
        return Finding(CHECK, rule.subject, Status.FAIL, because, figures)
    if outcome.error is not None:
        because += f": could not be evaluated ({outcome.error})"
        return Finding(CHECK, rule.subject, Status.FAIL, because, figures)
    if "unexpected" in figures:
        of = (
            f"{figures['cells']:,} cells that are there"
            if "cells" in figures
            else f"{figures['rows']:,} rows"
        )
        because += f": {figures['unexpected']:,} of {of} break it"
    elif "observed" in figures:
        because += f": found {figures['observed']:g}"
    return Finding(CHECK, rule.subject, rule.status, because, figures)


def harmless(finding: Finding) -> Finding:
    """Return the same breach when its rows are put aside."""
    return replace(finding, status=Status.WARN, because=f"{finding.because}; quarantined")


def excess(rows: int, of: int, project: Project) -> Finding | None:
    """Return the breach that more rows would be put aside than the project allows, if they would."""
    limit = project.contract.most_quarantined
    if rows <= limit * of:
        return None
    because = (
        f"{rows:,} of {of:,} rows break a rule, at most {limit:.2%} may be put aside; mend the source, "
        "or raise contract.most_quarantined"
    )
    return Finding(CHECK, "quarantine", Status.FAIL, because, {"rows": of, "broken": rows, "limit": limit})


def holding(suite: Suite, outcomes: Iterable[RuleResult], unchecked: int = 0) -> Iterator[Finding]:
    """Yield one finding for all rules that hold, with the suite's digest and a note on unchecked files."""
    kept = [outcome for outcome in outcomes if outcome.holds]
    columns = [outcome.rule.columns for outcome in kept]
    if columns:
        of_all = "" if len(columns) == len(suite.rules) else f" of {len(suite.rules)}"
        because = f"{len(columns)}{of_all} expectations hold, over {len(set().union(*columns))} columns"
        figures: dict[str, Figure] = {
            "holding": len(columns),
            "expectations": len(suite.rules),
            "suite_digest": suite.digest,
        }
        figures |= _rows_checked(kept)
        if unchecked:
            because += f"; damage inside {unchecked} Parquet files without page checksums would not be found"
            figures["parquet_files_without_checksums"] = unchecked
        yield Finding(CHECK, suite.name, Status.PASS, because, figures)


def _rows_checked(kept: Iterable[RuleResult]) -> dict[str, Figure]:
    """Return how many rows each rule was held against, those without its condition's rows left out."""
    return {
        f"rows checked by {one.rule.subject}": one.figures["rows"] for one in kept if "rows" in one.figures
    }


def positions_of(outcomes: Iterable[RuleResult]) -> IntArray:
    """Return the positions of the rows that break any of the rules, rising."""
    return np.array(
        sorted({position for outcome in outcomes for position in outcome.positions}), dtype=np.int64
    )


def counts_of(outcomes: Iterable[RuleResult]) -> dict[str, int]:
    """Return how many rows break each rule."""
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts[outcome.rule.subject] += len(outcome.positions)
    return dict(counts)
