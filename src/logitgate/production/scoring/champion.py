"""The model that answers: the champion, its last good copy on this machine, or a version by its number.

Scoring goes on when the registry does not. Each champion that was loaded soundly is kept in the home folder;
when the registry cannot be reached, has no champion any more or has another one than it should, that copy
answers, with the time since when the registry has not confirmed it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ...errors import ConflictError, DataError, LogitgateError, RefusedError, UnavailableError
from ...files.atomic import write_whole
from ...tracking.store import Store, located, open_store
from ..ledger.history import audit
from ..ledger.state import State, because, state_of
from ..ledger.state import remedy as remedy_for
from ..packaging.golden import replay
from ..packaging.model_package import ModelPackage, unpack
from ..promotion.rollback import look
from ..registry import model_files, registry
from ..registry.registry import PREVIOUS, ModelVersion


@dataclass(frozen=True, slots=True)
class Serving:
    """A model that may answer.

    Parameters
    ----------
    version : ModelVersion
    package : ModelPackage
    stale_since : datetime, optional
        When the registry last confirmed that it is the champion, where it does not do so now.
    because : str
        Why it does not.
    """

    version: ModelVersion
    package: ModelPackage
    stale_since: datetime | None = None
    because: str = ""


def numbered(home: Path, name: str, number: int) -> Serving:
    """Return a version by its number; only the registry has it.

    Raises
    ------
    ConflictError, DataError, UnavailableError
        As `model_files.load`.
    """
    store = open_store(home)
    version = registry.numbered(store, name, number)
    package = model_files.load(store, version)
    _prove(package)
    return Serving(version, package)


def champion(home: Path, name: str) -> Serving:
    """Return the champion, or its last good copy where the registry does not confirm one.

    Raises
    ------
    ConflictError
        When there is no champion and no copy, or the copy is not what was kept.
    UnavailableError
        When the registry cannot be reached and there is no copy.
    """
    cache = _Cache(home, located(home), name)
    try:
        return cache.kept(*_confirmed(open_store(home), name, cache))
    except (ConflictError, DataError, RefusedError, UnavailableError) as error:
        last = cache.last()
        if last is None:
            raise
        return replace(last, because=str(error))


def _confirmed(store: Store, name: str, cache: _Cache) -> tuple[ModelVersion, Path]:
    """Ask the registry who the champion is, and fetch its files unless they are here."""
    version = _seen_in_the_ledger(store, name)
    return version, cache.files(store, version)


def _seen_in_the_ledger(store: Store, name: str) -> ModelVersion:
    """Return the champion; refuse one that the ledger does not know, and a ledger that was changed."""
    ledger, now = look(store, name)
    state = state_of(ledger, now)
    if state is State.NONE:
        remedy = "name one by --version, or train one that passes"
        raise RefusedError(name, "no version is in production", remedy)
    if state not in (State.SOUND, State.UNFINISHED) or now.champion is None:
        subject, rule = f"champion of {name}", because(ledger, now)
        raise ConflictError(subject, rule, remedy_for(ledger, now), state.value)
    wrong = [one for one in audit(ledger, now) if one.status.stops and one.subject != PREVIOUS]
    if wrong:
        differences = "; ".join(f"{finding.subject} {finding.because}" for finding in wrong)
        remedy = "see logitgate history PROJECT --verify"
        raise ConflictError(f"champion of {name}", f"differs from the ledger: {differences}", remedy)
    return registry.released(store, name, now.champion)


def _prove(package: ModelPackage) -> None:
    """Let the model answer its golden rows, where it has some: here and now it must say what was judged."""
    if package.golden is not None:
        replay(package.model, package.golden)


@dataclass(frozen=True, slots=True)
class _Cache:
    """Where champions of one model of one store are kept: files by their digest, and which was the last."""

    home: Path
    store: Store
    name: str

    @property
    def folder(self) -> Path:
        where = hashlib.sha256(f"{self.store.registry_uri}\n{self.store.tracking_uri}".encode()).hexdigest()
        return self.home / "champions" / f"{self.name}-{where[:12]}"

    @property
    def note(self) -> Path:
        return self.folder / "champion.json"

    def files(self, store: Store, version: ModelVersion) -> Path:
        """Return the folder of a version's files, fetched when they are not here or not sound."""
        folder = self.folder / version.digest
        model_files.see_that_its_files_are_there(store, version)
        if folder.is_dir() and _is_sound(folder, version.digest):
            return folder
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".fetching-") as drafts:
                fetched = model_files.fetch(store, version, Path(drafts))
                unpack(fetched, version.digest)
                shutil.rmtree(folder, ignore_errors=True)
                fetched.replace(folder)
        except OSError as error:
            rule = f"cannot be written ({error.strerror})"
            raise UnavailableError(str(self.folder), rule, "name another one by LOGITGATE_HOME") from error
        return folder

    def kept(self, version: ModelVersion, folder: Path) -> Serving:
        """Note the version as the last good champion, let go of the files of others, and return it."""
        package = unpack(folder, version.digest)
        _prove(package)
        plain = {
            "version": version.version,
            "run_id": version.run_id,
            "digest": version.digest,
            "confirmed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_whole(self.note, (json.dumps(plain, indent=2) + "\n").encode())
        for other in self.folder.iterdir():
            if other.is_dir() and other != folder and not other.name.startswith("."):
                shutil.rmtree(other, ignore_errors=True)
        return Serving(version, package)

    def last(self) -> Serving | None:
        """Return the last good champion; None when none was kept.

        Raises
        ------
        ConflictError
            When its files are not those that were kept, or its note cannot be read.
        """
        if not self.note.is_file():
            return None
        try:
            plain = json.loads(self.note.read_text("utf-8"))
            version = ModelVersion(self.name, int(plain["version"]), plain["run_id"], plain["digest"])
            since = datetime.fromisoformat(plain["confirmed_at"])
        except (OSError, ValueError, KeyError, TypeError):
            rule = "is not what was kept there"
            raise ConflictError(
                str(self.note), rule, "remove its folder, and see that the registry runs"
            ) from None
        package = unpack(self.folder / version.digest, version.digest)
        _prove(package)
        return Serving(version, package, since)


def _is_sound(folder: Path, digest: str) -> bool:
    try:
        unpack(folder, digest)
    except LogitgateError:
        return False
    return True
