"""What a new user gets by installing the wheel: commands in an empty folder, a subflow, a light install."""

import os
import signal
import subprocess
import sys
import tomllib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import eventually

ROOT = Path(__file__).parents[2]
OURS = ("MLFLOW_", "PREFECT_", "LOGITGATE_", "PYTHON", "VIRTUAL_ENV")
NIGHTLY = """
from prefect import flow

from logitgate_flows import train


@flow
def nightly(project_file: str) -> str:
    outcome = train(project_file)
    return f"{outcome.status} version {outcome.version}, repeated: {outcome.repeated}"


if __name__ == "__main__":
    print(nightly("mlproject/tumour.toml"))
"""
SCORING = """
import importlib.util
import pandas as pd
import logitgate as lg

frame = pd.read_csv("data/tumour.csv").set_index("case_id")[:50]
scores = lg.champion("tumour").score(frame)
import mlflow
answers = mlflow.pyfunc.load_model("models:/tumour@champion").predict(frame)
assert (scores["probability"].to_numpy() == answers["probability"].to_numpy()).all()
assert (scores["decision"].to_numpy() == answers["decision"].to_numpy()).all()
assert [importlib.util.find_spec(name) for name in ("prefect", "great_expectations")] == [None, None]
print(len(scores), "rows scored")
"""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and an empty folder to work in."""

    bin: Path
    folder: Path

    @property
    def environment(self):
        """Nothing of this repository, no server, no address."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        paths = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "PREFECT_HOME": str(self.folder / "prefect-home"),
        }
        return kept | paths | {"DO_NOT_TRACK": "1"}

    def run(self, *words, **more):
        """Run a command there; return what it printed."""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment | more,
            check=False,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-3_000:]}\n{done.stderr[-3_000:]}"
        return done.stdout


def uv(*words):
    """Run uv of this environment."""
    subprocess.run([sys.executable, "-m", "uv", *words], check=True, capture_output=True, timeout=300)


def installed(folder, lock, wheel):
    """Make an environment by a lock file, and install the wheel into it, as docs/scoring.md says."""
    environment, python = folder / "environment", folder / "environment" / "bin" / "python"
    uv("venv", "--python", sys.executable, environment)
    uv("pip", "install", "--python", python, "--require-hashes", "-r", ROOT / lock)
    uv("pip", "install", "--python", python, "--no-deps", wheel)
    (folder / "empty").mkdir()
    return Installed(python.parent, folder / "empty")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def whole(wheel, tmp_path_factory):
    """The whole of logitgate, the example's project copied and a version in production."""
    found = installed(tmp_path_factory.mktemp("whole"), "requirements-runtime.lock", wheel)
    assert found.run("logitgate", "example", "tumour").strip() == "logitgate train mlproject/tumour.toml"
    assert "Released: version 1" in found.run("logitgate", "train", "mlproject/tumour.toml")
    return found


@pytest.mark.acceptance
def test_the_ui_of_an_empty_folder_answers(whole, tmp_path):
    """With the links that land right; it ends with the command."""
    with (tmp_path / "ui.log").open("wb") as log:
        served = subprocess.Popen(
            ["logitgate", "ui", "--port", "5871"],
            cwd=whole.folder,
            env=whole.environment,
            stdout=log,
            stderr=log,
            executable=whole.bin / "logitgate",
        )
    try:
        eventually(lambda: "tumour: champion" in (tmp_path / "ui.log").read_text(), 60, tmp_path)
        address = (tmp_path / "ui.log").read_text().split("MLflow UI: ")[1].split()[0]
        eventually(lambda: _is_healthy(address), 90, tmp_path)
    finally:
        served.send_signal(signal.SIGTERM)
        served.wait(30)


def _is_healthy(address):
    with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - our server
        return answer.status == 200


@pytest.mark.acceptance
def test_a_flow_of_ones_own_calls_the_training(whole):
    """From a project with a folder `flows` of its own: neither package hides the other."""
    (whole.folder / "flows").mkdir()
    (whole.folder / "flows" / "__init__.py").touch()
    (whole.folder / "flows" / "nightly.py").write_text(NIGHTLY)
    got = whole.run("python", "-m", "flows.nightly")
    assert got.splitlines()[-1] == "PASS version 1, repeated: True"


@pytest.mark.acceptance
def test_scoring_needs_neither_prefect_nor_great_expectations(whole, wheel, tmp_path):
    """The same answers from the light install, by logitgate and by plain MLflow; its size is what we say."""
    light = installed(tmp_path, "requirements-serve.lock", wheel)
    assert not (light.bin / "prefect").exists()
    store = whole.folder / ".logitgate"
    for name in ("data", "mlproject"):
        (light.folder / name).symlink_to(whole.folder / name)
    places = {"LOGITGATE_HOME": str(store), "MLFLOW_TRACKING_URI": f"sqlite:///{store / 'mlflow.db'}"}
    assert light.run("python", "-c", SCORING, **places).strip() == "50 rows scored"
    megabytes = [
        sum(path.stat().st_size for path in one.bin.parent.rglob("*.*") if path.suffix != ".pyc") / 1e6
        for one in (light, whole)
    ]
    assert [0.9 < found / said < 1.1 for found, said in zip(megabytes, (510, 740), strict=True)] == [
        True,
        True,
    ]


def test_the_light_install_stays_within_what_the_whole_one_asks_for():
    """Each requirement of the group `serve` is one of the project, MLflow and its databases' tool apart."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())
    whole = {*written["project"]["dependencies"], *written["project"]["optional-dependencies"]["postgresql"]}
    apart = {one for one in written["dependency-groups"]["serve"] if one not in whole}
    assert {one.partition(">")[0] for one in apart} == {"alembic", "mlflow-skinny"}
    (skinny,) = (one for one in apart if one.startswith("mlflow-skinny"))
    assert skinny.replace("mlflow-skinny", "mlflow") in whole
