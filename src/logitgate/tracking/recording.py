"""A run while it is recorded: how it begins, gives signs of life, and ends whatever happens."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from ..errors import LogitgateError
from ..limits import Bound
from .batches import RunEntries
from .heartbeat import HEARTBEAT, beating, heartbeat
from .runs import Note, Run, experiment, record, user
from .store import Store, again, reached, within
from .system_metrics import system_metrics

if TYPE_CHECKING:
    from mlflow.entities import Run as Recorded

_FAREWELL = Bound(2.0, ())
_LOG = logging.getLogger(__name__)


@contextmanager
def training_run(store: Store, experiment_name: str, note: Note, resumed: str | None = None) -> Iterator[Run]:
    """Record a run for as long as the block lasts, and give signs of life meanwhile.

    It ends FINISHED, FAILED after an error, KILLED after SIGTERM or Ctrl-C. A run that was interrupted is
    `resumed` by its id. Under ``mlflow run`` the run that it made (``MLFLOW_RUN_ID``) is continued, once and
    while it is running; a run of that name that is anything else is left as it is.

    Raises
    ------
    UnavailableError
        When the store cannot be reached, or does not know the run of ``MLFLOW_RUN_ID``.
    """
    with _terminable():
        run = _begin(store, experiment_name, note, resumed)
        try:
            with beating(store, run.run_id), system_metrics(store, run.run_id):
                yield run
            again(store, lambda: store.client.set_terminated(run.run_id, "FINISHED"))
        except Exception:
            _end_anyway(run, "FAILED")
            raise
        except BaseException:
            _end_anyway(run, "KILLED")
            raise


def _begin(store: Store, experiment_name: str, note: Note, resumed: str | None) -> Run:
    from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE, MLFLOW_USER

    # Taken out of the environment, so that a second run of this process is a run of its own.
    given = os.environ.pop("MLFLOW_RUN_ID", None)
    tags = {**note.tags, MLFLOW_RUN_NOTE: note.description} if note.description else note.tags
    with reached(store):
        known = resumed or (given if given and _may_be_adopted(store.client.get_run(given)) else None)
        if known is None:
            # With its key and a heartbeat from the first moment, to be found if it is killed.
            signed = {name: str(value) for name, value in note.tags.items()} | {HEARTBEAT: heartbeat().text()}
            made = store.client.create_run(
                experiment(store, experiment_name),
                tags={MLFLOW_USER: user(), **signed},
                run_name=note.name,
            )
        else:
            made = store.client.get_run(known)
            store.client.set_tag(known, HEARTBEAT, heartbeat().text())
            store.client.update_run(known, status="RUNNING", name=note.name)
    info = made.info
    run = Run(store, str(info.run_id), str(info.experiment_id), note.name, int(info.start_time))
    record(run, RunEntries(tags=tags))
    return run


def _may_be_adopted(run: Recorded) -> bool:
    """Return whether `mlflow run` made a run for this very process; anybody else's is left as it is."""
    from mlflow.utils.mlflow_tags import MLFLOW_PROJECT_ENTRY_POINT

    tags = run.data.tags
    own = sorted(name for name in tags if name.startswith("logitgate."))
    made = MLFLOW_PROJECT_ENTRY_POINT in tags
    if made and not own and run.info.status == "RUNNING":
        return True
    reason = "already used" if own else f"status={run.info.status}" if made else "not made by mlflow run"
    _LOG.warning("MLFLOW_RUN_ID run=%s left alone: %s", run.info.run_id, reason)
    return False


def _end_anyway(run: Run, status: str) -> None:
    """End the run without hiding why it ends: the error that is under way matters more."""
    try:
        with reached(run.store):
            end = partial(run.store.client.set_terminated, run.run_id, status)
            within(_FAREWELL, end, run.store)
    except LogitgateError as error:
        _LOG.warning("run=%s status=%s not recorded: %s", run.run_id, status, error)


@contextmanager
def _terminable() -> Iterator[None]:
    """Turn SIGTERM into an exception, unless Prefect already does, or this is a thread."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _terminate(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)
