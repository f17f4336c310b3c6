"""Trainings in processes of their own that can be killed: forked from one that has imported everything.

The flow is the real one, step by step; only Prefect's engine around the steps and the drawing of charts are
left out, which cost most of the seconds of each process. Started by `multiprocessing`'s fork server, which
imports this module once.
"""

import functools
import gc
import json
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path

from logitgate.environment import DEFAULTS

for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)

import skops.io  # noqa: E402, F401 - the environment comes first; what a training loads when it needs it
from mlflow import MlflowClient  # noqa: E402
from mlflow.utils import requirements_utils  # noqa: E402

import logitgate_flows.training as flow  # noqa: E402
from logitgate.errors import LogitgateError  # noqa: E402
from logitgate.production.promotion import promotion  # noqa: E402
from logitgate.tracking.trainings import drawings  # noqa: E402
from tests import projects  # noqa: E402

requirements_utils._init_modules_to_packages_map()  # a second in each process that packs a model
gc.freeze()

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.warm_victims"])
# Its socket needs a short path, so its folder is made before a test names a deep one for temporary files.
multiprocessing.util.get_temp_dir()
tempfile.tempdir = None  # the victims still choose their own

STEPS = {name: step for name, step in vars(flow).items() if hasattr(step, "fn") and name != "train"}
"""The steps of the training flow: every Prefect task of its module, in the order of its definition."""

_WRITING = ("create_", "delete_", "finalize_", "log_", "restore_", "set_", "update_")
WRITES = tuple(name for name in vars(MlflowClient) if name.startswith(_WRITING))
"""Every call by which MLflow's client changes a store."""


@dataclass(frozen=True)
class AtStep:
    """Do something to this very process when a step of the flow is over."""

    step: str
    deed: Callable

    def __call__(self):
        """Wrap the step."""
        setattr(flow, self.step, _telling(getattr(flow, self.step), self.deed))


@dataclass(frozen=True)
class AtWrite:
    """Do something to this very process when a method of MLflow's client has first changed the store.

    Its answer is not there yet.
    """

    method: str
    deed: Callable

    def __call__(self):
        """Wrap each call that changes the store."""
        _tell_writes(lambda name: self.deed() if name == self.method else None)


@dataclass(frozen=True)
class AtEvent:
    """Kill this very process at the n-th event: a step is over, or the store is changed and not yet answers.

    With a record, a file's path, all events are written there as they are passed.
    """

    number: int
    record: str | None = None

    def __call__(self):
        """Wrap the flow's steps, the transaction's steps and the client."""
        numbers = iter(range(1, 10_000))

        def passed(kind, name):
            number = next(numbers)
            if self.record is not None:
                with Path(self.record).open("a") as file:
                    file.write(f"{number} {kind} {name}\n")
            if number == self.number:
                die()

        _tell_writes(lambda name: passed("write", name))
        for name in STEPS:
            setattr(flow, name, _telling(getattr(flow, name), lambda name=name: passed("step", name)))
        promotion.PROMOTION = tuple(
            _telling(step, lambda name=step.__name__: passed("transaction", name))
            for step in promotion.PROMOTION
        )


def _telling(real, tell):
    @functools.wraps(real)
    def telling(*given, **named):
        answer = real(*given, **named)
        tell()
        return answer

    return telling


def _tell_writes(tell):
    """Let each change of a store be reported; one within another is not, and neither is a sign of life."""
    inside = threading.local()

    def wrap(real):
        @functools.wraps(real)
        def telling(*given, **named):
            if getattr(inside, "call", False) or threading.current_thread() is not threading.main_thread():
                return real(*given, **named)
            inside.call = True
            try:
                answer = real(*given, **named)
            finally:
                inside.call = False
            tell(real.__name__)
            return answer

        return telling

    for name in WRITES:
        setattr(MlflowClient, name, wrap(getattr(MlflowClient, name)))


def die():
    """Be killed with no chance to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)


def be_terminated():
    """Get what a scheduler sends before it kills."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)


def be_interrupted():
    """Get what Ctrl-C sends."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(30)


def pause(path):
    """Say by a file that this process waits, and go on when somebody has removed it."""
    Path(path).touch()
    wait_until(lambda: not Path(path).exists(), 30)


def project(folder, **changes):
    """Write a project whose training takes a second and passes; return its file."""
    table = projects.table(1_500, days=40)
    return projects.write(folder, table, slices=None, search={"C": [1.0]}, **changes)


def training(project, home, answer, prepare=None, *, as_of=None, **environment):
    """Return a process, not started yet, that trains a project and writes its outcome into a file."""
    with chdir(Path(__file__).parents[1]):  # where the server finds what it is to import before it forks
        forkserver.ensure_running()
    words = (str(project), str(home), str(answer), (prepare, as_of), environment)
    return PROCESSES.Process(target=_train, args=words, daemon=True)


def run(*words, **environment):
    """Train in a process to its end; return its exit code, which is minus the signal that killed it."""
    started = training(*words, **environment)
    started.start()
    started.join(120)
    assert started.exitcode is not None, "it hangs"
    return started.exitcode


def _train(project, home, answer, how, environment):
    prepare, as_of = how
    for name in [name for name in os.environ if name.startswith(("MLFLOW_TRACKING", "MLFLOW_REGISTRY"))]:
        del os.environ[name]
    os.environ.update(environment)
    with Path(answer).with_suffix(".log").open("w") as log, redirect_stderr(log), redirect_stdout(log):
        try:
            outcome = trained(project, home, prepare, as_of)
        except LogitgateError as error:
            got, code = {"error": str(error)}, error.exit_code
        except KeyboardInterrupt:
            got, code = {"error": "interrupted"}, 130
        else:
            got, code = outcome.as_json(), 1 if outcome.status.stops else 0
    Path(answer).write_text(json.dumps(got))
    sys.exit(code)


def trained(project, home, prepare=None, as_of=None):
    """Train in this very process, without Prefect's engine and without charts; return the outcome."""
    os.environ["LOGITGATE_HOME"] = str(home)
    for name, step in STEPS.items():
        setattr(flow, name, step.fn)
    drawings.drawable = lambda *_: {}
    if prepare is not None:
        prepare()
    return flow.train.fn(Path(project), as_of)


def wait_until(holds, seconds=10):
    """Wait until something holds, or fail."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.02)
