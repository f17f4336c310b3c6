"""The command line as a user types it, without the seconds that a process of its own costs."""

import io
import json
import logging
import shutil
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

_STORE_VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID")


@dataclass(frozen=True)
class Answer:
    """What a command left on the terminal, and its exit code."""

    code: int
    out: str
    err: str
    log: str = ""

    @property
    def json(self):
        """The one JSON object that was printed, read as strictly as JSON is."""

        def refuse(word):
            raise AssertionError(f"{word} is no JSON")

        read = json.loads(self.out, parse_constant=refuse)
        assert isinstance(read, dict)
        return read

    @property
    def everything(self):
        """All that anybody could read."""
        return self.out + self.err + self.log

    def findings(self, check, *, stopping=True):
        """Return the findings of a check, by subject; without `stopping` those that passed as well."""
        found = [one for one in self.json["findings"] if one["check"] == check]
        return {
            one["subject"]: one for one in found if not stopping or one["status"] in ("FAIL", "INDETERMINATE")
        }


def logitgate(*words, all_figures=False):
    """Run `logitgate WORDS` in this process.

    All its figures are made. Only the first is rendered, and its file stands for the others, unless all are
    asked for: rendering them takes longer than a training learns.
    """
    from logitgate.tracking.figures import style
    from logitgate_flows.cli import main as cli
    from logitgate_flows.server import watchdog

    out, err, log = io.StringIO(), io.StringIO(), io.StringIO()
    listener = logging.StreamHandler(log)
    loggers = [
        logging.getLogger(name) for name in (None, "prefect", "prefect.flow_runs", "prefect.task_runs")
    ]
    for logger in loggers:
        logger.addHandler(listener)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["logitgate", *(str(word) for word in words)])
        # The Prefect server is shared, so a slow answer is no fault; it would end this very process.
        patch.setattr(watchdog, "GRACE_SECONDS", 90.0)
        if not all_figures:
            patch.setattr(style, "save", rendered_once(style.save))
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        finally:
            for logger in loggers:
                logger.removeHandler(listener)
    return Answer(int(code or 0), out.getvalue(), err.getvalue(), log.getvalue())


def rendered_once(save):
    """Return what saves the first figure, and its file again for each further one."""
    saved = []

    def save_once(figure, path):
        if saved:
            path.write_bytes(saved[0])
        else:
            save(figure, path)
            saved.append(path.read_bytes())

    return save_once


def empty_home(home, template):
    """Make a folder with an empty store in it, and return it."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, home / "mlflow.db")
    return home


@contextmanager
def living_in(home, template):
    """Let commands keep their store in a folder, beginning with an empty one; close it afterwards."""
    home = Path(home)
    if not home.exists():
        empty_home(home, template)
    with pytest.MonkeyPatch.context() as patch:
        for name in _STORE_VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("LOGITGATE_HOME", str(home))
        try:
            yield home
        finally:
            close(opened(home))


@contextmanager
def mlflow_asks(store):
    """Let plain MLflow ask this store, and nothing of it stay: `mlflow.set_tracking_uri` would, for ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
        patch.setenv("MLFLOW_REGISTRY_URI", store.registry_uri)
        yield


def opened(home):
    """Return the store of a folder."""
    from logitgate.tracking.store import open_store

    return open_store(Path(home))


def close(store):
    """Close the connections of an embedded store."""
    client = store.client
    client._tracking_client.store.engine.dispose()
    client._get_registry_client().store.engine.dispose()
