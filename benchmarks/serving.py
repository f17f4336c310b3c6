"""What an answer about one row costs, in the process and behind `mlflow models serve` at eight clients.

    python -m benchmarks.serving [--before FOLDER] [--seconds 3] [--rounds 5]

A model of the flights is fitted and packed as it is registered. It is compared with scikit-learn's own
pipeline (`predict_proba` of a one-row table; served, MLflow's scikit-learn flavour of the same pipeline), and
with a model that answers without looking at the row: what MLflow itself costs. FOLDER is a model packed by
another version of logitgate, such as the one before look-ups. Exits 1 when a rule is broken.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import Model as MLmodel
from mlflow.models import infer_signature
from sklearn.pipeline import Pipeline

from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.decision.answering import TRUSTED_TYPES
from logitgate.decision.rule import DecisionRule
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.monitoring.profiling import reference_profile
from logitgate.production.packaging.model_package import ModelPackage, pack
from logitgate.project.reading.load import load_project

FLIGHTS = Path(__file__).parents[1] / "mlproject" / "flights.toml"
CLIENTS, ROWS = 8, 30_000
MOST_MILLISECONDS, LEAST_RATIO = 1.0, 4.0
_EMPTY = """\
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Empty(PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"probability": [0.5] * len(model_input)})


set_model(Empty())
"""


def main() -> int:
    """Measure, print, and return 1 when a rule is broken."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="logitgate-serving-") as scratch:
        pipeline, one = _packed(Path(scratch))
        folders = {name: Path(scratch) / name for name in ("ours", "scikit-learn", "empty")}
        folders |= {} if asked.before is None else {"before": asked.before}
        kept = _one_row(folders, pipeline, one)
        return 0 if _served(folders, one, asked) and kept else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _packed(scratch: Path) -> tuple[Pipeline, pd.DataFrame]:
    """Fit the flights' richest form, and pack it as ours, as scikit-learn's and as nothing."""
    project = load_project(FLIGHTS)
    every = observe(read_rows(project).frame, project, None).sample
    sample = every.take(np.arange(len(every) - ROWS, len(every)))
    frame, y = sample.frame, sample.y.astype(np.int64)
    pipeline = fit(Choice(project.search.forms[-1], 1.0), frame, y, project.features, project.search)
    model = Model(pipeline, DecisionRule("constant", 0.3), project.costs.matrix, project.features)
    profile = reference_profile(sample, model.score(sample, model.costs), project, model)
    package = ModelPackage(model, project.costs.unit, profile)
    pack(package, scratch / "ours", MLmodel(artifact_path="model"))
    kinds = dict.fromkeys(project.features.categorical, object)
    kinds |= dict.fromkeys(project.features.numeric, np.float64)
    some = frame[list(project.features.all)].astype(kinds).iloc[-5:]
    signature = infer_signature(some, pipeline.predict_proba(some))
    mlflow.sklearn.save_model(
        pipeline,
        str(scratch / "scikit-learn"),
        signature=signature,
        pip_requirements=[],
        pyfunc_predict_fn="predict_proba",
        serialization_format="skops",
        skops_trusted_types=list(TRUSTED_TYPES),
    )
    script = scratch / "empty.py"
    script.write_text(_EMPTY, "utf-8")
    mlflow.pyfunc.save_model(
        str(scratch / "empty"), python_model=str(script), signature=signature, pip_requirements=[]
    )
    return pipeline, some.iloc[[0]]


def _one_row(folders: dict[str, Path], pipeline: Pipeline, one: pd.DataFrame) -> bool:
    """Time one row in the process; CPU, so that other work counts less."""
    roads: dict[str, Callable[[], object]] = {
        "scikit-learn: predict_proba": lambda: pipeline.predict_proba(one)
    }
    for name, folder in folders.items():
        loaded = mlflow.pyfunc.load_model(str(folder))
        roads[f"{name}: PyFuncModel.predict"] = lambda loaded=loaded: loaded.predict(one)
        if name in ("ours", "before"):
            own = loaded.unwrap_python_model()
            roads[f"{name}: predict"] = lambda own=own: own.predict(None, one)
    times = {name: [_milliseconds(road) for _ in range(5)] for name, road in roads.items()}
    cost = {name: statistics.median(each) for name, each in times.items()}
    print(f"\n{'one row':40}{'CPU ms':>8}")
    for name, milliseconds in cost.items():
        print(f"{name:40}{milliseconds:8.2f}")
    ours, peer = cost["ours: predict"], cost["scikit-learn: predict_proba"]
    kept = ours <= MOST_MILLISECONDS
    words = "kept" if kept else "broken"
    print(f"{words}: {ours:.2f} ms, at most {MOST_MILLISECONDS:g}; {ours / peer:.2f} of {peer:.2f} ms")
    return kept


def _milliseconds(road: Callable[[], object], repeats: int = 60) -> float:
    road()
    begun = time.process_time()
    for _ in range(repeats):
        road()
    return (time.process_time() - begun) / repeats * 1e3


def _served(folders: dict[str, Path], one: pd.DataFrame, asked: argparse.Namespace) -> bool:
    """Ask each server in turn, all of them running, and compare requests a second."""
    body = json.dumps({"dataframe_split": one.to_dict(orient="split", index=False)}).encode()
    with ExitStack() as running:
        ports = {name: running.enter_context(_server(folder)) for name, folder in folders.items()}
        rounds = [
            {name: _requests(port, body, asked.seconds) for name, port in ports.items()}
            for _ in range(asked.rounds)
        ]
    rate = {name: statistics.median(each[name] for each in rounds) for name in folders}
    print(f"\n{'mlflow models serve, 8 clients':40}{'requests/s':>10}")
    for name, each in rate.items():
        print(f"{name:40}{each:10.0f}")
    peer = "before" if "before" in rate else "scikit-learn"
    ratio, floor = rate["ours"] / rate[peer], rate["ours"] / rate["empty"]
    kept = ratio >= LEAST_RATIO
    print(
        f"{'kept' if kept else 'broken'}: {ratio:.1f} times {peer}, at least {LEAST_RATIO:g}; {floor:.2f} of "
        f"a model that does not look at its rows, which has {rate['empty'] / rate[peer]:.1f} times {peer}"
    )
    return kept


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "--model-uri",
        str(folder),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        [*command, "--env-manager", "local", "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    try:
        _wait(port)
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"no server on port {port}")


def _requests(port: int, body: bytes, seconds: float) -> float:
    """Return the answers a second that eight clients get, each asking again when it is answered."""
    counts = [0] * CLIENTS
    until = time.monotonic() + seconds

    def ask(client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < until:
            connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
            answer: Any = connection.getresponse()
            answer.read()
            counts[client] += answer.status == http.HTTPStatus.OK

    clients = [threading.Thread(target=ask, args=(client,)) for client in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return sum(counts) / seconds


if __name__ == "__main__":
    sys.exit(main())
