"""Where the ledger is kept: one run for each model, in an experiment of its own, each entry a parameter.

MLflow's database refuses another value for a parameter that is there, on a key that is unique. So taking the
next number is a compare-and-set: of two writers one gets it, whatever lock they hold. Parameters cannot be
deleted either.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial

from ...errors import ConflictError, LogitgateError
from ...tracking.reading.readers import KeptRun
from ...tracking.runs import experiment
from ...tracking.store import Store, reached
from ..ledger.entries import Anchor, Entry
from ..ledger.history import page
from ..ledger.ledger import Ledger
from . import registry
from .description import with_champion

EXPERIMENT = "logitgate ledger"
"""No project can have this name: it has a space."""

ANCHOR = "logitgate.ledger"
"""Tag of a registered model and of its versions."""

_MODEL = "logitgate.ledger"
_NOTE = "mlflow.note.content"
_LONGEST, _LONGEST_PAGE = 6_000, 8_000
_REFUSED = "INVALID_PARAMETER_VALUE"
_LOG = logging.getLogger(__name__)


def read(store: Store, model: str) -> Ledger:
    """Return the ledger of a model; an empty one before the first release. Nothing is created.

    Raises
    ------
    ConflictError
        When there are two of them.
    UnavailableError
        When the store cannot be reached.
    """
    there = registry.noted(store, model)  # before the entries, since each is written before it is noted
    with reached(store):
        run = _run(store, model)
    if run is None:
        return Ledger()
    numbered = {int(name): value for name, value in run.params.items() if name.isdigit()}
    ledger = Ledger.of(numbered)
    known = {tenure.release for tenure in ledger.tenures()}
    gone = tuple(release for release in known if not release.is_same(there.versions.get(release.version)))
    newest = Anchor.read(there.model_tags.get(ANCHOR, ""))
    others = (Anchor.read(tags.get(ANCHOR, "")) for tags in there.version_tags.values())
    return replace(ledger.held_against(newest, [one for one in others if one]), gone=gone)


def append(store: Store, model: str, ledger: Ledger, draft: Entry) -> Ledger:
    """Write the entry that follows the last one of this ledger, anchor it in the registry; return all.

    The anchor is written last: after a kill in between it is behind, which the next entry puts right.

    Raises
    ------
    ConflictError
        When another process has taken the number.
    UnavailableError
        When the store cannot be reached.
    """
    entry = ledger.next(draft)
    line = entry.line()
    if len(line) > _LONGEST:
        raise ValueError(f"an entry of {len(line)} characters is longer than {_LONGEST}")
    from mlflow.exceptions import MlflowException

    with reached(store):
        run = _run(store, model) or _made(store, model)
        try:
            store.client.log_param(run.run_id, f"{entry.number:04d}", line, synchronous=True)
        except MlflowException as error:
            if error.error_code != _REFUSED:
                raise
            rule = f"another process has just written entry {entry.number}"
            raise ConflictError(f"ledger of {model}", rule, "see the history, and try again") from None
    written = read(store, model)
    anchor(store, model, written)
    return written


def anchor(store: Store, model: str, ledger: Ledger) -> None:
    """Note in the registry which entry is the last, and with the versions which one put them there.

    Raises
    ------
    UnavailableError
        When the registry cannot be reached.
    """
    tenures = {one.version: one for one in ledger.proven() if one.release not in ledger.gone}
    with reached(store):
        if not registry.is_registered(store, model):
            return
        store.client.set_registered_model_tag(model, ANCHOR, ledger.anchor.text())
        newest = ledger.entries[-1] if ledger.entries else None
        tenure = tenures.get(newest.version) if newest and newest.version is not None else None
        if newest and tenure and tenure.entry.number == newest.number:
            number = Anchor(ledger.chain, newest.number, ledger.lines[newest.number])
            store.client.set_model_version_tag(model, str(tenure.version), ANCHOR, number.text())


def show(store: Store, model: str, ledger: Ledger) -> None:
    """Show the ledger on its run's page and with the model in the UI; the entries are authoritative."""
    text = page(model, ledger)
    text = text if len(text) <= _LONGEST_PAGE else text[: text.rindex("\n", 0, _LONGEST_PAGE)]
    try:
        with reached(store):
            run = _run(store, model)
            if run is not None:
                store.client.set_tag(run.run_id, _NOTE, text)
            if registry.is_registered(store, model):
                registry.describe(store, model, partial(with_champion, ledger=ledger))
    except LogitgateError as error:
        _LOG.warning("model=%s page of the ledger not written: %s", model, error)


def _run(store: Store, model: str) -> KeptRun | None:
    """Return the run that is the ledger; one that was deleted in the UI is still it, and is restored."""
    found = store.runs.experiment(EXPERIMENT)
    if found is None:
        return None
    place = experiment(store, EXPERIMENT) if found.is_deleted else found.experiment_id
    runs = store.runs.tagged(place, _MODEL, model)
    written = [run for run in runs if run.params]
    if len(written) > 1:
        rule = f"there are {len(written)} of them, so it is not known which one is valid"
        remedy = "keep the one whose entries the registry agrees with, and take the tag from the other"
        raise ConflictError(f"ledger of {model}", rule, remedy)
    run = next(iter(written or runs), None)
    if run is not None and run.is_deleted:
        store.client.restore_run(run.run_id)
    return run


def _made(store: Store, model: str) -> KeptRun:
    store.client.create_run(
        experiment(store, EXPERIMENT),
        start_time=time.time_ns() // 1_000_000,
        tags={_MODEL: model},
        run_name=model,
    )
    made = _run(store, model)
    assert made is not None  # noqa: S101 - at least the one that was made just now is there
    store.client.set_terminated(made.run_id, "FINISHED")
    return made
