"""Trainings in processes of their own that can be killed: forked from one that has imported everything.

The flow is the real one, step by step; only Prefect's engine around the steps is left out, which costs
seconds for each process. Started by `multiprocessing`'s fork server, which imports this module once.
"""

import functools
import gc
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from logitgate.edge.environment import DEFAULTS

for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)

from mlflow import MlflowClient  # noqa: E402 - the environment comes first

import flows.train as flow  # noqa: E402
from logitgate.errors import LogitgateError  # noqa: E402
from tests import projects  # noqa: E402

gc.freeze()

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.victims"])

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
        real = getattr(flow, self.step)

        def last(*given):
            answer = real(*given)
            self.deed()
            return answer

        setattr(flow, self.step, last)


@dataclass(frozen=True)
class AtWrite:
    """Do something to this very process when it has changed the store, and the answer is not yet there.

    Which change is told by its number, or by the name of the client's method, whose first call is meant.
    """

    which: int | str
    deed: Callable

    def __call__(self):
        """Wrap each call that changes the store; those within another one are not counted."""
        made, inside = iter(range(1, 10_000)), threading.local()
        for name in WRITES:
            setattr(MlflowClient, name, self._counted(getattr(MlflowClient, name), made, inside))

    def _counted(self, real, made, inside):
        @functools.wraps(real)
        def counted(*given, **named):
            if getattr(inside, "call", False):
                return real(*given, **named)
            inside.call = True
            try:
                answer = real(*given, **named)
            finally:
                inside.call = False
            number = next(made)
            if os.environ.get("COUNT_WRITES"):
                with Path(os.environ["COUNT_WRITES"]).open("a") as file:
                    file.write(f"{number} {real.__name__}\n")
            if self.which in (number, real.__name__):
                self.deed()
            return answer

        return counted


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


def project(folder, **changes):
    """Write a project whose training takes a second and passes; return its file."""
    table = projects.table(1_500, days=40)
    return projects.write(folder, table, slices=None, search={"C": [1.0], "folds": 2}, **changes)


def training(project, home, answer, prepare=None, **environment):
    """Return a process, not started yet, that trains a project and writes its outcome into a file."""
    words = (str(project), str(home), str(answer), prepare, environment)
    return PROCESSES.Process(target=_train, args=words, daemon=True)


def run(*words, **environment):
    """Train in a process to its end; return its exit code, which is minus the signal that killed it."""
    started = training(*words, **environment)
    started.start()
    started.join(60)
    assert started.exitcode is not None, "it hangs"
    return started.exitcode


def _train(project, home, answer, prepare, environment):
    for name in [name for name in os.environ if name.startswith(("MLFLOW_TRACKING", "MLFLOW_REGISTRY"))]:
        del os.environ[name]
    os.environ.update(environment, LOGITGATE_HOME=home)
    for name, step in STEPS.items():
        setattr(flow, name, step.fn)
    if prepare is not None:
        prepare()
    with Path(answer).with_suffix(".log").open("w") as log, redirect_stderr(log), redirect_stdout(log):
        try:
            outcome = flow.train.fn(Path(project), None)
        except LogitgateError as error:
            told, code = {"error": str(error)}, error.exit_code
        except KeyboardInterrupt:
            told, code = {"error": "interrupted"}, 130
        else:
            told, code = outcome.as_json(), 1 if outcome.status.stops else 0
    Path(answer).write_text(json.dumps(told))
    sys.exit(code)


def wait_until(holds, seconds=10):
    """Wait until something holds, or fail."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.02)
