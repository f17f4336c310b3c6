"""What a training run leaves in MLflow: so that form, C, rows, cost and verdict can be sorted and charted."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...evaluation.evaluate import Evaluation
from ...evaluation.slices import SliceEvaluation
from ...evidence_table import Exhibit
from ...files.temporary import temporary_folder
from ...findings import Figure, Verdict, finite
from ...gates.evidence import Evidence
from ...gates.rules.alpha_spending import RECIPE, LookWindow
from ...gates.verdict.markdown import description, markdown
from ...gates.verdict.outcome import Outcome
from ...model.recipes.search import CandidateResult
from ...model.train import Learned
from ...report.page import NOTHING, Beside
from ..batches import RunEntries, Value
from ..runs import NO_GATE, DatasetNote, Run, artifacts, candidates, dataset, record
from ..saved_views import save_views
from .report_files import write_facts, write_page

SLICE_TABLE, GATE_TABLE = "slices.json", "gates.json"
"""Tables of all slices and of all findings, which MLflow shows side by side for several runs."""
_WITH_LIMITS = ("cost", "savings", "log_loss", "auc", "calibration_in_the_large", "slope")
"""Figures of the judged rows whose limits are metrics too; `verdict.json` has those of all."""
_LONGEST_NAME = 48
"""Characters of a run's name that the run table shows."""
VERDICT = "verdict.json"
"""The outcome of a run as a file, in the form of `verdict_file.VerdictFile`."""


RECORDED = "logitgate.recorded"
"""Tag of a run whose evidence, version and outcome are all kept: only production is left to be changed."""


def record_evidence(run: Run, evidence: Evidence, snapshot: str) -> None:
    """Write parameters, metrics, tags, candidates, the dataset and the files of one run.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    project, blocks = evidence.project, evidence.blocks
    counts = {"rows": len(evidence.frame)}
    if blocks is not None:
        counts |= {"used": len(blocks.sample), "events": int(blocks.sample.y.sum())}
        counts |= {name: len(rows) for name, rows in blocks}
    dataset(run, DatasetNote(project.name, snapshot, _source(evidence), counts))
    if evidence.learned is not None:
        candidates(run, _candidates(evidence))
        save_views(run.store, run.experiment_id)
    record(run, RunEntries(_params(evidence), _metrics(evidence), _tags(evidence, snapshot)))
    with temporary_folder() as folder:
        _write_files(folder, evidence)
        artifacts(run, folder)


def record_figures(run: Run, evidence: Evidence, version: int | None) -> None:
    """Draw the figures of a judged model, which name its version; nothing is drawn without one.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    from ..figures.style import save
    from .drawings import caption_of, drawable

    with temporary_folder() as folder:
        place = folder / "figures"
        place.mkdir()
        for name, draw in drawable(evidence, caption_of(evidence, version)).items():
            save(draw(), place / f"{name}.png")
        artifacts(run, folder)


def record_verdict(run: Run, outcome: Outcome) -> None:
    """Store the outcome as JSON with the run, before production is changed; the page waits for what follows.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with temporary_folder() as folder:
        _write_verdict(folder, outcome)
        artifacts(run, folder)
    _tag(run, outcome)


def record_outcome(run: Run, outcome: Outcome, beside: Beside = NOTHING) -> None:
    """Store the verdict as JSON with the run, and the page; the same training, done again, returns it.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with temporary_folder() as folder:
        _write_verdict(folder, outcome)
        write_page(folder, run, outcome, beside)
        artifacts(run, folder)
    _tag(run, outcome)


def _write_verdict(folder: Path, outcome: Outcome) -> None:
    (folder / VERDICT).write_text(json.dumps(outcome.as_json(), indent=2), encoding="utf-8")


def _tag(run: Run, outcome: Outcome) -> None:
    fates = {"promoted": outcome.promoted, "awaits_approval": outcome.awaits_approval}
    tags = {"version": outcome.version, **{name: str(fate).lower() for name, fate in fates.items()}}
    record(run, RunEntries(tags={name: value for name, value in tags.items() if value is not None}))


def run_name(evidence: Evidence) -> str:
    """Return a name that a person understands: date, verdict, choice."""
    date = f"{evidence.as_of:%Y-%m-%d}" if evidence.as_of else "all rows"
    choice = f": {evidence.learned.shipped.decided.candidate.choice}" if evidence.learned else ""
    return textwrap.shorten(f"{date} {evidence.verdict.status}{choice}", _LONGEST_NAME, placeholder=" ...")


def note(evidence: Evidence) -> str:
    """Return the short Markdown description of the run and the version."""
    evaluation = evidence.judged.evaluation if evidence.judged else None
    return description(evidence.verdict, evaluation, evidence.project.costs.unit)


def gate_tags(verdict: Verdict) -> dict[str, str]:
    """Return the tags by which the UI can filter runs and versions: ``gate.calibration = PASS``."""
    return {f"gate.{check}": status.value for check, status in verdict.checks.items()}


def _source(evidence: Evidence) -> str:
    rows = evidence.project.rows
    return rows.place


def _params(evidence: Evidence) -> dict[str, str | float]:
    project = evidence.project
    params: dict[str, str | float] = {
        # Not "as_of": under `mlflow run` that is the entry point's own parameter, as it was given.
        "as_of_date": evidence.as_of.isoformat() if evidence.as_of else "none",
        "window": f"{project.split.window.total_seconds() / 86_400:g} days"
        if project.split.window
        else "all",
        "split": project.split_by,
        "blocks": project.split.blocks,
        "seed": project.split.seed,
        "features": ", ".join(project.features.all),
        **{f"cost.{name}": str(getattr(project.costs, name)) for name in ("true_positive", "false_positive")},
        **{f"cost.{name}": str(getattr(project.costs, name)) for name in ("true_negative", "false_negative")},
    }
    if evidence.learned is not None:
        choice = evidence.learned.shipped.decided.candidate.choice
        params |= {"recipe": evidence.learned.submission.name}
        params |= {"form": str(choice.form), "C": choice.C, "rule": evidence.learned.model.rule.name}
    return params


def _metrics(evidence: Evidence) -> dict[str, float]:
    metrics: dict[str, float] = {}
    if evidence.learned is not None:
        metrics |= _learned(evidence.learned)
    if evidence.judged is not None:
        metrics |= {f"test.{name}": value for name, value in _shown(evidence.judged.evaluation).items()}
    return metrics


def _shown(found: Evaluation) -> dict[str, float]:
    """Return the figures of the judged rows, with limits for those that decide."""
    limits = {f"{name}{end}" for name in _WITH_LIMITS for end in ("_low", "_high")}
    figures = found.figures()
    return {name: one for name, one in figures.items() if not _is_limit(name) or name in limits}


def _is_limit(name: str) -> bool:
    return name.endswith(("_low", "_high"))


def _learned(learned: Learned) -> dict[str, float]:
    decided, value = learned.shipped.decided, learned.model.rule.value
    threshold = decided.threshold.figures() if decided.threshold else {}
    return {
        "cv.log_loss": learned.found.chosen.log_loss,
        "recalibration.slope": decided.recalibration.slope,
        "recalibration.intercept": decided.recalibration.intercept,
        **({} if value is None else {"threshold": value}),
        **{f"threshold.{name}": figure for name, figure in threshold.items() if not _is_limit(name)},
    }


def _tags(evidence: Evidence, snapshot: str) -> dict[str, str]:
    stopping = sorted({finding.check for finding in evidence.verdict.reasons})
    judged_on = {}
    if evidence.learned and evidence.judged:
        judged_on = LookWindow.of(evidence.learned.judged).tags() | {RECIPE: evidence.recipe}
    # MLflow shows an artifact that this tag names as a table, beside those of other runs.
    kept = [GATE_TABLE, *([SLICE_TABLE] if evidence.judged and evidence.judged.slices else [])]
    tables = json.dumps([{"path": path, "type": "table"} for path in kept])
    return judged_on | {
        "mlflow.loggedArtifacts": tables,
        "snapshot": snapshot,
        "mlflow.runName": run_name(evidence),
        "mlflow.note.content": note(evidence),
        "verdict": evidence.verdict.status.value,
        "refused_by": ", ".join(stopping) or NO_GATE,
        "cost_unit": evidence.project.costs.unit,
        **gate_tags(evidence.verdict),
    }


def _candidates(evidence: Evidence) -> dict[str, RunEntries]:
    """Return each candidate of the search by its name, with the mark of the chosen one and the verdict."""
    assert evidence.learned is not None  # noqa: S101 - the caller looked
    found, verdict = evidence.learned.found, evidence.verdict.status.value
    chosen = evidence.learned.shipped.decided.candidate.choice
    return {
        str(one.choice): _candidate(one, {"chosen": str(one.choice == chosen).lower(), "verdict": verdict})
        for one in found.candidates
    }


def _candidate(one: CandidateResult, tags: dict[str, Value]) -> RunEntries:
    params: dict[str, Value] = {"form": str(one.choice.form), "C": one.choice.C, "rows": one.rows}
    metrics = {"cv.log_loss": one.log_loss, "cv.log_loss_error": one.error, "cv.behind_best": one.behind}
    metrics |= {"cv.cost": one.cost, "cv.cost_error": one.cost_error}
    metrics |= {"design_columns": one.n_features, "iterations": one.iterations}
    return RunEntries(params, metrics, tags | ({"failure": one.failure} if one.failure else {}))


def _write_files(folder: Path, evidence: Evidence) -> None:
    judged = evidence.judged
    unit = evidence.project.costs.unit
    text = markdown(evidence.verdict, judged.evaluation if judged else None, unit)
    (folder / "verdict.md").write_text(text, encoding="utf-8")
    write_exhibits(folder, evidence.exhibits)
    table = gate_table(evidence.verdict)
    (folder / GATE_TABLE).write_text(json.dumps(table, indent=1), encoding="utf-8")
    write_facts(folder, evidence)
    if judged is not None and judged.slices:
        table = slice_table(judged.slices)
        (folder / SLICE_TABLE).write_text(json.dumps(table, indent=1), encoding="utf-8")


def slice_table(parts: Iterable[SliceEvaluation]) -> dict[str, list[Any]]:
    """Return every slice with its figures, in the form in which MLflow shows a table."""
    rows: list[dict[str, Figure]] = [
        {"slice": part.name, **{name: finite(value) for name, value in part.figures().items()}}
        for part in parts
    ]
    return _table(rows)


def gate_table(verdict: Verdict) -> dict[str, list[Any]]:
    """Return every finding with its status, code, reason and figures, in the same form."""
    return _table(
        {
            "status": one.status.value,
            "code": one.check.code,
            "subject": one.subject,
            "because": one.because,
            "figures": json.dumps({name: finite(value) for name, value in one.figures.items()}),
        }
        for one in verdict.findings
    )


def _table(found: Iterable[Mapping[str, Figure]]) -> dict[str, list[Any]]:
    rows = list(found)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {"columns": columns, "data": [[row.get(name) for name in columns] for row in rows]}


def write_exhibits(folder: Path, exhibits: Iterable[Exhibit]) -> None:
    """Write each table of evidence for programs, and all of them on one page for people."""
    tables = folder / "evidence"
    tables.mkdir()
    for exhibit in exhibits:
        plain = json.dumps(exhibit.as_json(), indent=2)
        (tables / f"{exhibit.name}.json").write_text(plain, encoding="utf-8")
    page = "\n".join(exhibit.markdown() for exhibit in exhibits) or "No evidence was reached.\n"
    (folder / "evidence.md").write_text(page, encoding="utf-8")
