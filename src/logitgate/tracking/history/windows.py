"""Monitored windows in MLflow: one run each, curves over time, and the records that later windows read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import DataError
from ...findings import Verdict
from ...gates.verdict.markdown import markdown
from ...monitoring.reactions.records import WindowRecord
from ...monitoring.reactions.remedies import Action, Failure, Symptom
from ...monitoring.reactions.signals import SignalHistory
from ...monitoring.since_release import ErrorSums
from ...monitoring.window import MonitoringResult, MonitoringWindow
from ...project.project import Project
from ...report.page import FILE
from ...report.window_page import window_page
from ..batches import RunEntries
from ..runs import Note, Run, artifacts, experiment, record
from ..store import Store, reached
from ..trainings.training import gate_tags, write_exhibits
from ..window_tags import ACTED, ACTION, DIGEST, DONE, END, FAILED, LABELS, SIGNS, VERSION, WINDOW
from .monitoring_curves import draw
from .signal_history import signal_history

_SINCE, _SUMS, _LONGEST_TAG = "window.since", "window.sums", 4_000
_FATE = "window.fate"
"""Before 'done' and 'failed' had tags of their own."""
_MOST_WINDOWS = 500
_FIGURES = {
    ("estimate", "expected cost"): ("expected_cost",),
    ("calibration", "observed less expected events"): ("in_the_large", "slope", "prevalence", "said"),
    ("cost", "mean cost per row"): ("cost",),
    ("score", "flag rate"): ("rate",),
    ("staleness", "champion"): ("age_days",),
    ("decay", "all rows"): ("log_odds", "log_odds_low", "log_odds_high"),
    ("decay", "flag-none"): ("beyond_none", "beyond_none_low", "beyond_none_high"),
    ("decay", "flag-all"): ("beyond_all", "beyond_all_low", "beyond_all_high"),
}
"""The figures that are drawn from window to window, by check and subject of their finding."""


def experiment_name(project: Project) -> str:
    """Return the name of the experiment that keeps the windows of a model."""
    return f"{project.name}-monitoring"


def earlier_windows(store: Store, project: Project) -> list[WindowRecord]:
    """Return the records of earlier windows, oldest first; a run that cannot be read is skipped.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        runs = store.client.search_runs(
            [experiment(store, experiment_name(project))],
            f"tags.`{WINDOW}` LIKE '%' AND attributes.status = 'FINISHED'",
            max_results=_MOST_WINDOWS,
            order_by=["attributes.start_time DESC"],
        )
    known = (_remembered(run.data.tags) for run in reversed(list(runs)))
    return [one for one in known if one is not None]


def opening_note(limits: MonitoringWindow) -> Note:
    """Return what the run list shows while the monitoring goes on."""
    return Note(limits.name, tags={"kind": "monitoring"})


def keep(run: Run, found: MonitoringResult, project: Project) -> MonitoringResult:
    """Keep a window as a run: findings, tables, figures; and its figures as points of the curves.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    found = replace(found, run_id=run.run_id)
    figures = _drawn(found.verdict)
    record_of = found.as_record
    tags = {
        WINDOW: record_of.window,
        END: record_of.end.isoformat(),
        VERSION: str(record_of.version),
        DIGEST: record_of.digest,
        SIGNS: json.dumps(sorted(symptom.value for symptom in record_of.symptoms)),
        ACTION: record_of.wanted.value,
        LABELS: str(record_of.has_labels),
        **_kept_sums(record_of),
        **_outcome(found),
        "mlflow.runName": f"{found.window.end:%Y-%m-%d} {record_of.wanted.value}",
        "mlflow.note.content": _note(found),
        **gate_tags(found.verdict),
    }
    record(run, RunEntries(metrics=figures, tags=tags))
    with TemporaryDirectory() as folder:
        plain = json.dumps(found.as_json(), indent=2)
        (Path(folder) / "monitoring.json").write_text(plain, encoding="utf-8")
        text = markdown(found.verdict, None, project.costs.unit)
        (Path(folder) / "monitoring.md").write_text(f"{_note(found)}\n{text}", encoding="utf-8")
        write_exhibits(Path(folder), found.evidence.exhibits)
        curves = draw(run.store, run.experiment_id, found)
        history = signal_history(run.store, run.experiment_id)
        (Path(folder) / FILE).write_text(window_page(found, history), encoding="utf-8")
        artifacts(run, Path(folder))
    _draw_signals(run.store, curves, found, history)
    return found


def note_what_was_done(store: Store, found: MonitoringResult) -> None:
    """Add to the window's run, and to its page, what was done about it.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    assert found.run_id is not None  # noqa: S101 - it was kept
    with reached(store):
        store.client.set_tag(found.run_id, ACTED, "; ".join(found.acted))
        for name, value in _outcome(found).items():
            store.client.set_tag(found.run_id, name, value)
        store.client.set_tag(found.run_id, "mlflow.note.content", _note(found))
        experiment_id = str(store.client.get_run(found.run_id).info.experiment_id)
    history = signal_history(store, experiment_id)
    with reached(store):
        store.client.log_text(found.run_id, window_page(found, history), FILE)


def _draw_signals(store: Store, curves: str, found: MonitoringResult, history: SignalHistory) -> None:
    """Keep a picture of each signal of two windows or more with the curves of the version."""
    several = [one for one in history.curves if len(one.points) > 1]
    if not several:
        return
    from ..figures.signals import signal_figure
    from ..figures.style import Caption, save

    caption = Caption(found.model, as_of=found.window.end, rows=found.n, verdict=found.reaction.wanted.value)
    with TemporaryDirectory() as folder, reached(store):
        for one in several:
            save(signal_figure(one, history, caption), Path(folder) / f"{one.name.replace(' ', '-')}.png")
        store.client.log_artifacts(curves, folder)


def _remembered(tags: dict[str, str]) -> WindowRecord | None:
    try:
        return WindowRecord(
            tags[WINDOW],
            datetime.fromisoformat(tags[END]),
            int(tags[VERSION]),
            _signs(tags[SIGNS]),
            Action(tags[ACTION]),
            _done(tags),
            Failure(tags[FAILED]) if tags.get(FAILED) else None,
            tags.get(DIGEST, ""),
            tags.get(LABELS) != str(False),
            datetime.fromisoformat(tags[_SINCE]) if tags.get(_SINCE) else None,
            _sums(tags),
        )
    except (DataError, KeyError, ValueError):
        return None


def _outcome(found: MonitoringResult) -> dict[str, str]:
    return {DONE: found.done or "", FAILED: found.failed or ""}


def _kept_sums(record_of: WindowRecord) -> dict[str, str]:
    """Return the window's beginning and the sums of its errors, as tags that are not too long."""
    plain = {name: one.as_json() for name, one in record_of.sums.items()}
    text = json.dumps(plain, separators=(",", ":")) if plain else ""
    parts = [text[start : start + _LONGEST_TAG] for start in range(0, len(text), _LONGEST_TAG)]
    since = "" if record_of.since is None else record_of.since.isoformat()
    return {_SINCE: since, **{f"{_SUMS}.{number}": part for number, part in enumerate(parts)}}


def _sums(tags: dict[str, str]) -> dict[str, ErrorSums]:
    """Read the sums of a window's errors; windows of earlier versions have none."""
    parts = [tags[f"{_SUMS}.{number}"] for number in range(len(tags)) if f"{_SUMS}.{number}" in tags]
    plain = json.loads("".join(parts)) if parts else {}
    return {str(name): ErrorSums.from_json(one) for name, one in plain.items()}


def _done(tags: dict[str, str]) -> Action | None:
    """Read what was carried out: from its own tag, or as earlier versions kept it: a fate, or any note."""
    if DONE in tags:
        return Action(tags[DONE]) if tags[DONE] else None
    was_done = tags[_FATE] == "done" if _FATE in tags else bool(tags.get(ACTED))
    return Action(tags[ACTION]) if was_done else None


def _signs(kept: str) -> frozenset[Symptom]:
    """Read a list in JSON, or as it was kept before: the values one after the other."""
    known = (
        json.loads(kept)
        if kept.startswith("[")
        else [symptom for symptom in Symptom if symptom.value in kept]
    )
    return frozenset(Symptom(symptom) for symptom in known)


def _note(found: MonitoringResult) -> str:
    because = "\n".join(f"- {one}" for one in (*found.because, *found.acted))
    return f"**{found.reaction.wanted.value}** for version {found.version}, {found.n} rows\n\n{because}\n"


def _drawn(verdict: Verdict) -> dict[str, float]:
    figures: dict[str, float] = {}
    for finding in verdict.findings:
        for name in _FIGURES.get((finding.check, finding.subject), ()):
            value = finding.figures.get(name)
            if isinstance(value, (int, float)):
                figures[f"window.{name}"] = float(value)
    return figures
