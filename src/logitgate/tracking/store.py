"""Where runs and models are kept: the embedded SQLite store, or the server that the environment names."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ..databases import knock
from ..errors import NoAnswerError, UnavailableError
from ..limits import ANSWER, FILE, Bound
from ..redaction import redacted, without_secrets
from .reading.database import DatabaseReader, is_readable
from .reading.readers import RegistryReader, RunReader
from .stores.addresses import DATABASES, SQLITE, named_by
from .stores.embedded import make
from .stores.schemas import refuse_another_schema

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PAUSES = (0.5, 1.0, 1.5)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Store:
    """Where runs (tracking) and models (registry) are kept.

    Parameters
    ----------
    tracking_uri, registry_uri : str
    embedded : bool
        Whether the runs are in a SQLite file, so that a file lock is enough to be alone.
    """

    tracking_uri: str
    registry_uri: str
    embedded: bool

    @property
    def client(self) -> MlflowClient:
        """MLflow's client for this store; nothing global is set."""
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.registry_uri)

    @property
    def models(self) -> RegistryReader:
        """What reads the registry."""
        if is_readable(self.registry_uri):
            return DatabaseReader(self.registry_uri)
        from .reading.by_client import ClientRegistry

        return ClientRegistry(self.client)

    @property
    def runs(self) -> RunReader:
        """What reads experiments and runs."""
        if is_readable(self.tracking_uri):
            return DatabaseReader(self.tracking_uri)
        from .reading.by_client import ClientRuns

        return ClientRuns(self.client)

    @property
    def folder(self) -> Path | None:
        """Folder of the SQLite file, when embedded."""
        return Path(self.tracking_uri.removeprefix(SQLITE)).parent if self.embedded else None

    @property
    def artifact_root(self) -> str | None:
        """Where an embedded store puts files; a server decides for itself."""
        return None if self.folder is None else (self.folder / "artifacts").as_uri()

    def __str__(self) -> str:
        """Return the tracking URI without its password."""
        return redacted(self.tracking_uri)


def open_store(home: Path) -> Store:
    """Open the store, and make the embedded one when it is not there yet.

    ``MLFLOW_TRACKING_URI`` and ``MLFLOW_REGISTRY_URI`` are honoured; without them everything is kept in
    ``<home>/mlflow.db`` and ``<home>/artifacts/``. A SQLite URI is an embedded store wherever it lies.

    Raises
    ------
    UnavailableError
        When a server does not answer in time, a folder cannot be written, an address is none, or a database
        was made by another MLflow.
    """
    store = located(home)
    for uri in {store.tracking_uri, store.registry_uri}:
        if uri.startswith(SQLITE):
            make(Path(uri.removeprefix(SQLITE)))
    with reached(store):
        runs, models = (
            FILE if uri.startswith(SQLITE) else ANSWER for uri in (store.tracking_uri, store.registry_uri)
        )
        for uri in {store.tracking_uri, store.registry_uri}:
            if uri.startswith(DATABASES):
                within(ANSWER, partial(knock, uri), store)
                within(ANSWER, partial(refuse_another_schema, uri), store)
        within(runs, partial(_probe_runs, store), store)
        within(models, partial(_probe_models, store), store)
    return store


def _probe_runs(store: Store) -> None:
    store.runs.probe()


def _probe_models(store: Store) -> None:
    store.models.probe()


def located(home: Path) -> Store:
    """Return where the store is, without asking whether it is there.

    Raises
    ------
    UnavailableError
        When a variable is no address of a store.
    """
    embedded = f"{SQLITE}{home.absolute() / 'mlflow.db'}"
    tracking_uri = named_by("MLFLOW_TRACKING_URI") or embedded
    registry_uri = named_by("MLFLOW_REGISTRY_URI") or tracking_uri
    return Store(tracking_uri, registry_uri, tracking_uri.startswith(SQLITE))


_FAILURES = (SQLAlchemyError, sqlite3.Error, LookupError, OSError)
"""What a store raises that cannot be reached, beside MLflow's errors and those of its kinds of stores."""


@contextmanager
def reached(store: Store) -> Iterator[None]:
    """Say in our words that a store cannot be reached or does not do what it is asked.

    Raises
    ------
    NoAnswerError
        When it was reached and stayed silent.
    UnavailableError
        In every other case.
    """
    try:
        yield
    except ImportError as error:
        raise UnavailableError(
            f"store {store}",
            "needs a driver that is not installed",
            "install it, such as logitgate[postgresql]",
        ) from error
    except Exception as error:
        if not (isinstance(error, _FAILURES) or _is_of_mlflow(error)):
            raise
        reason = without_secrets(str(error).strip()).partition("\n")[0][:300]
        raise (NoAnswerError if _timed_out(error) else UnavailableError)(
            f"store {store}",
            reason or type(error).__name__,
            "see that it runs, accepts you and can be written",
        ) from error


def again(store: Store, ask: Callable[[], Answer]) -> Answer:
    """Ask, and ask again a moment later when the store is just coming back.

    Only for what may be done twice: an answer can be lost after the deed.

    Raises
    ------
    UnavailableError
        When it does not come back, or stays silent.
    """
    for pause in _PAUSES:
        try:
            with reached(store):
                return ask()
        except NoAnswerError:
            raise
        except UnavailableError:
            time.sleep(pause)
    with reached(store):
        return ask()


def within(bound: Bound, ask: Callable[[], Answer], store: Store) -> Answer:
    """Ask in a thread that is left behind when no answer comes, whatever the driver's own patience.

    Raises
    ------
    NoAnswerError
        When no answer came in time.
    """
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def listen() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that asked
            errors.append(error)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    thread.join(bound.seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise NoAnswerError(
            f"store {store}", f"no answer within {bound}", "see that it runs and can be reached"
        )
    return answers[0]


def _is_of_mlflow(error: Exception) -> bool:
    return any(kind.__module__.partition(".")[0] == "mlflow" for kind in type(error).__mro__)


def _timed_out(error: BaseException) -> bool:
    """Return whether another process was waited for in vain; MLflow keeps only the text of what it caught."""
    from requests import Timeout as HttpTimeout

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (HttpTimeout, TimeoutError)) or "timed out" in str(cause).lower():
            return True
        cause = cause.__cause__ or cause.__context__
    return False
