"""Between a window of new rows and the registry: who is watched, what was seen before, what is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from mlflow.entities import Metric

from ..chunks import NO_REFERENCE, Chunks
from ..decision import Decision
from ..drift import drift
from ..errors import ConflictError, DataError, LogitgateError
from ..findings import Finding, Status, Verdict
from ..ladder import Action, Reaction, Sign, Watched, WayBack, decide, signs_of
from ..monitored import Limits, Monitored, Seen
from ..performance import Watched as WatchedVersion
from ..performance import Window, performance
from ..profile import Reference
from ..project import Project, Slices
from ..report import headline, markdown
from ..staleness import staleness
from . import production, registry
from .batches import Entries
from .contract_stream import input_contract
from .quarantine import quarantine
from .recording import gate_tags, write_exhibits
from .registry import ModelVersion
from .release import load_version
from .shipping import Shipment
from .store import Store, reached
from .tables import Table, read_table
from .tracking import Note, Run, artifacts, experiment, record

_WINDOW, _END, _VERSION, _SIGNS, _ACTION = (
    f"window.{name}" for name in ("name", "end", "version", "signs", "action")
)
_CURVES = "logitgate.curves"
_MOST_WINDOWS = 500
_FIGURES = {
    ("estimate", "expected cost"): ("expected_cost",),
    ("calibration", "observed less expected events"): ("in_the_large", "slope", "prevalence", "said"),
    ("cost", "mean cost per row"): ("cost",),
    ("score", "flag rate"): ("rate",),
    ("staleness", "champion"): ("age_days",),
}
"""The figures that are drawn from window to window, by check and subject of their finding."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is in production, and who was before."""

    champion: ModelVersion
    shipment: Shipment
    since: datetime | None
    """The date of its rows; its age is counted from there."""
    back: WayBack
    previous: Shipment | None = None
    refusal: str = ""
    """Why there is a previous version that could not be loaded."""


def experiment_name(project: Project) -> str:
    """Return the name of the experiment that keeps the windows of a model."""
    return f"{project.name}-monitoring"


def standing(store: Store, project: Project) -> Standing:
    """Load the champion, and the version that a rollback would go back to.

    Raises
    ------
    ConflictError
        When nothing is in production, or the ledger is not what the registry says.
    DataError, UnavailableError
        As `registry.load`.
    """
    version, shipment = load_version(store, project, None)
    ledger, verdict = production.history(store, project.name)
    if verdict.status.stops:
        rule = f"the registry is not what the ledger says ({headline(verdict)})"
        raise ConflictError(project.name, rule, "see `logitgate history PROJECT --verify`")
    tenures, back = ledger.tenures(), ledger.way_back()
    is_rolled_back = bool(tenures) and tenures[-1].act == "rollback"
    way = WayBack(back.version if back else None, is_rolled_back)
    found = Standing(version, shipment, _made(store, version), way)
    if back is None:
        return found
    try:
        before = registry.load(store, registry.numbered(store, project.name, back.version))
    except LogitgateError as error:
        return replace(found, refusal=str(error))
    return replace(found, previous=before)


def read_window(table: Path, labels: Path | None, project: Project) -> tuple[Table, Table | None]:
    """Read new rows, and outcomes that came apart from them; slices need not be among either.

    Raises
    ------
    DataError, ProjectError, UnavailableError
        As `tables.read_table`.
    """
    plain = project.model_copy(update={"slices": Slices()})
    return read_table(table, plain), None if labels is None else read_table(labels, plain)


def hold_against_contract(table: Table, limits: Limits, project: Project) -> tuple[pd.DataFrame, Seen]:
    """Choose the window's rows, hold them against the contract and put aside what breaks it."""
    frame = limits.chosen(table.frame, project)
    if not len(frame):
        because = f"no row lies from {limits.name}; give another window, or wait for the export"
        return frame, Seen((Finding("contract", "window", Status.FAIL, because, {"rows": 0}),))
    contract = input_contract(project)
    kept = contract.take(frame)
    seen = Seen(contract.findings())
    broken, result = contract.broken()
    if len(broken) and project.contract.quarantine is not None:
        quarantine(broken, result, project.contract.quarantine)
    return kept, seen


def watch(
    rows: tuple[pd.DataFrame, Seen], limits: Limits, now: Standing, project: Project, labels: Table | None
) -> Seen:
    """Hold the rows against the champion's reference, and the champion against its predecessor."""
    frame, seen = rows
    if seen.stops:
        return seen
    window = Window(frame, limits.as_of, None if labels is None else labels.frame)
    previous = None if now.previous is None else _version_of(now.back.version or 0, now.previous)
    found = performance(
        window, _version_of(now.champion.version, now.shipment), previous, project, now.refusal
    )
    age = staleness(now.since, limits.end, project.monitoring.age_limit)
    moved, tables = drift(frame, _decided(now.shipment, frame, project), _reference(now.shipment), project)
    return seen.plus((*moved, *found.findings, age), (*tables, *found.exhibits)).complete


def react(store: Store, project: Project, limits: Limits, now: Standing, seen: Seen) -> Reaction:
    """Decide what is to be done, by what this window and earlier ones have shown."""
    this = Watched(limits.name, limits.end, now.champion.version, signs_of(seen.findings))
    return decide(this, earlier_windows(store, project), now.back, project.reactions)


def earlier_windows(store: Store, project: Project) -> list[Watched]:
    """Return what was seen before, oldest run first; a run that cannot be read counts for nothing.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    with reached(store):
        runs = store.client.search_runs(
            [experiment(store, experiment_name(project))],
            f"tags.`{_WINDOW}` LIKE '%' AND attributes.status = 'FINISHED'",
            max_results=_MOST_WINDOWS,
            order_by=["attributes.start_time DESC"],
        )
    known = (_remembered(run.data.tags) for run in reversed(list(runs)))
    return [one for one in known if one is not None]


def opening_note(limits: Limits) -> Note:
    """Return what the run list shows while the monitoring goes on."""
    return Note(limits.name, tags={"kind": "monitoring"})


def keep(run: Run, found: Monitored, project: Project) -> Monitored:
    """Keep a window as a run: findings, tables, figures; and its figures as points of the curves.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    found = replace(found, run_id=run.run_id)
    figures = _drawn(found.verdict)
    seen = found.as_watched
    tags = {
        _WINDOW: seen.window,
        _END: seen.end.isoformat(),
        _VERSION: str(seen.version),
        _SIGNS: ", ".join(sorted(sign.value for sign in seen.signs)),
        _ACTION: seen.action.value,
        "mlflow.runName": f"{found.window.end:%Y-%m-%d} {seen.action.value}",
        "mlflow.note.content": _note(found),
        **gate_tags(found.verdict),
    }
    record(run, Entries(metrics=figures, tags=tags))
    with TemporaryDirectory() as folder:
        plain = json.dumps(found.as_json(), indent=2)
        (Path(folder) / "monitoring.json").write_text(plain, encoding="utf-8")
        text = markdown(found.verdict, None, project.costs.unit)
        (Path(folder) / "monitoring.md").write_text(f"{_note(found)}\n{text}", encoding="utf-8")
        write_exhibits(Path(folder), found.seen.exhibits)
        artifacts(run, Path(folder))
    _draw(run.store, project, found, figures)
    return found


def note_what_was_done(store: Store, found: Monitored) -> None:
    """Add to the window's run what was done about it.

    Raises
    ------
    UnavailableError
        When the store cannot be reached.
    """
    assert found.run_id is not None  # noqa: S101 - it was kept
    with reached(store):
        store.client.set_tag(found.run_id, "window.acted", "; ".join(found.acted))
        store.client.set_tag(found.run_id, "mlflow.note.content", _note(found))


def _reference(shipment: Shipment) -> Reference:
    return Reference.from_json(shipment.reference)


def _decided(shipment: Shipment, frame: pd.DataFrame, project: Project) -> Decision | None:
    """Return what a model says about the rows, in their own order; None when it cannot say anything."""
    model, ids = shipment.model, frame[project.columns.id].astype(str).to_numpy(object)
    try:
        return model.decision(model.probability(frame), frame, ids)
    except DataError:
        return None


def _version_of(number: int, shipment: Shipment) -> WatchedVersion:
    chunks = shipment.reference.get("chunks")
    reference = NO_REFERENCE if chunks is None else Chunks.from_json(chunks)
    return WatchedVersion(number, shipment.model, reference, shipment.seen)


def _made(store: Store, version: ModelVersion) -> datetime | None:
    """Return the date up to which a version's rows were known, or None when nobody noted it."""
    told = registry.tag(store, version, "as_of")
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _remembered(tags: dict[str, str]) -> Watched | None:
    try:
        signs = frozenset(Sign(sign) for sign in tags[_SIGNS].split(", ") if sign)
        end = datetime.fromisoformat(tags[_END])
        return Watched(tags[_WINDOW], end, int(tags[_VERSION]), signs, Action(tags[_ACTION]))
    except (KeyError, ValueError):
        return None


def _note(found: Monitored) -> str:
    because = "\n".join(f"- {one}" for one in (*found.reaction.because, *found.acted))
    return f"**{found.reaction.action.value}** for version {found.version}, {found.n} rows\n\n{because}\n"


def _drawn(verdict: Verdict) -> dict[str, float]:
    figures: dict[str, float] = {}
    for finding in verdict.findings:
        for name in _FIGURES.get((finding.check, finding.subject), ()):
            value = finding.figures.get(name)
            if isinstance(value, (int, float)):
                figures[f"window.{name}"] = float(value)
    return figures


def _draw(store: Store, project: Project, found: Monitored, figures: dict[str, float]) -> None:
    """Add the window's figures to the curves of the model: one run, the day of the window's end as step."""
    day = int(found.window.end.timestamp() // 86_400)
    at = int(found.window.end.timestamp() * 1_000)
    points = [Metric(name, value, at, day) for name, value in figures.items()]
    with reached(store):
        home = experiment(store, experiment_name(project))
        runs = store.client.search_runs([home], f"tags.`{_CURVES}` = 'true'", max_results=1)
        run = next(iter(runs), None) or store.client.create_run(
            home, tags={_CURVES: "true"}, run_name="curves"
        )
        store.client.log_batch(run.info.run_id, metrics=points)
        store.client.set_terminated(run.info.run_id, "FINISHED")
