"""The command line: what needs no training, what reads a model, and what needs a process of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from logitgate import __version__
from logitgate.catalogue import Road, required
from tests import projects
from tests.command import empty_home, living_in, logitgate, opened

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def visits():
    """The rows of all tests here."""
    return projects.table()


@pytest.fixture(scope="module")
def trained(home, visits):
    """A project with a champion."""
    folder = home.parent
    project = projects.write(folder / "project", visits)
    assert logitgate("train", project, "--json").code == 0
    return home, project


def _environment(home, **more):
    """Return the environment of a process that knows nothing of this one's stores and servers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "PREFECT_", "PYTEST_"))
    }
    return {**kept, "LOGITGATE_HOME": str(home), **{name: str(value) for name, value in more.items()}}


def _process(*words, cwd, **options):
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        **options,
    )


def test_check_finds_a_sound_table_sound(trained):
    """Exit 0, and the same findings about contract, rows, leaks and shifts as a training begins with."""
    got = logitgate("check", trained[1], "--json")
    assert got.code == 0 and got.json["status"] == "PASS"
    assert {one["check"] for one in got.json["findings"]} == {"contract", "rows", "leakage", "shifts"}
    shown = logitgate("check", trained[1]), logitgate("check", trained[1], "--all")
    assert [one.code for one in shown] == [0, 0] and "contract" in shown[1].out


def test_check_names_what_another_table_breaks(trained, tmp_path, visits):
    """Another table is held against the contract alone: exit 1, a finding for each breach."""
    later = tmp_path / "later.parquet"
    visits.drop(columns="load").assign(visit=None).to_parquet(later, index=False)
    got = logitgate("check", trained[1], "--table", later, "--json")
    assert got.code == 1 and got.json["status"] == "FAIL"
    assert "the table does not have it" in got.findings("contract")["load"]["because"]
    assert "every cell is empty" in got.findings("contract")["visit"]["because"]


def test_check_finds_a_leak(trained, tmp_path, visits):
    """A feature that knows the outcome is named before anything is trained, exit 1."""
    leaking = visits.assign(load=np.where(visits["bad"] == "yes", 5.0, 1.0) + visits["speed"])
    got = logitgate("check", projects.write(tmp_path, leaking), "--json")
    assert got.code == 1
    assert "load" in got.findings("leakage")


def test_check_leaves_no_trace_in_the_store(commands, tmp_path, visits):
    """Checking is looking: no experiment is made."""
    assert logitgate("check", projects.write(tmp_path, visits)).code == 0
    assert [one.name for one in opened(commands).client.search_experiments()] == ["Default"]


def test_an_explanation_adds_up_to_what_is_served(trained, visits):
    """Base and contributions give the log-odds, these the probability: the served one, to the bit."""
    import mlflow

    home, project = trained
    store = opened(home)
    version = store.client.get_model_version_by_alias("visits", "champion")
    where = store.client.get_model_version_download_uri("visits", version.version)
    features = ["speed", "load", "grip", "side"]
    model = mlflow.pyfunc.load_model(where)
    for row in (0, 1_234, 2_999):
        got = logitgate("explain", project, "--id", visits["visit"][row], "--json")
        assert got.code == 0
        found, served = got.json, model.predict(visits.loc[[row], features])
        assert set(found["contributions"]) == set(features)
        total = found["base"] + sum(found["contributions"].values())
        assert total == pytest.approx(found["log_odds"], abs=1e-9)
        assert found["probability"] == pytest.approx(1 / (1 + np.exp(-found["log_odds"])), abs=1e-12)
        assert found["probability"] == served["probability"][row]
        assert found["threshold"] == served["threshold"][row]
        assert found["flagged"] == served["decision"][row]
        assert found["cost_if_flagged"] == served["cost_if_flagged"][row]
        assert found["cost_if_passed"] == served["cost_if_passed"][row]
        assert found["version"] == 1
        assert found["values"] == visits.loc[row, features].to_dict()
        assert found["outcome"] == visits["bad"][row]


def test_a_person_reads_an_explanation(trained):
    """Each feature with its contribution, then the decision and what it costs."""
    got = logitgate("explain", trained[1], "--id", "v000007")
    assert got.code == 0
    for word in (
        "speed",
        "load",
        "grip",
        "side",
        "log-odds",
        "threshold",
        "decision",
        "EUR",
        "version 1",
        "outcome",
    ):
        assert word in got.out


def test_an_unknown_row_is_not_explained(trained):
    """Exit 1: it counts, and does not repeat what was asked for."""
    got = logitgate("explain", trained[1], "--id", "v999999", "--json")
    assert got.code == 1
    assert "visit: 0 rows have the id" in got.json["error"]


def test_without_a_champion_there_is_nothing_to_explain(commands, trained):
    """Exit 1, with the way out; so with a version that does not exist."""
    with living_in(commands, None):
        none = logitgate("explain", trained[1], "--id", "v000007", "--json")
        absent = logitgate("explain", trained[1], "--id", "v000007", "--version", "7", "--json")
    assert none.code == absent.code == 1
    assert "no version is in production" in none.json["error"] and "--version" in none.json["error"]
    assert "version 7: is not in the registry" in absent.json["error"]


def test_the_schema_accepts_the_examples_and_refuses_unknown_keys():
    """It is JSON Schema, printed as JSON, and means what the parser means."""
    from jsonschema import Draft202012Validator

    got = logitgate("schema")
    assert got.code == 0
    Draft202012Validator.check_schema(got.json)
    validator = Draft202012Validator(got.json)
    examples = sorted((ROOT / "mlproject").glob("*.toml"))
    assert len(examples) >= 4
    for path in examples:
        assert not list(validator.iter_errors(tomllib.loads(path.read_text("utf-8")))), path.name
    assert not list(validator.iter_errors(projects.plain()))
    assert list(validator.iter_errors(projects.plain(features={"numerics": ["speed"]})))
    assert list(validator.iter_errors(projects.plain(split={"train": 2})))
    assert list(validator.iter_errors(projects.plain(name=None)))


def test_version_and_usage():
    """The version is printed; an unknown command or option is usage, exit 2."""
    got = logitgate("--version")
    assert (got.code, got.out.strip()) == (0, f"logitgate {__version__}")
    assert logitgate("tarin").code == 2
    assert logitgate("train").code == 2
    assert logitgate("train", "x.toml", "--as-off", "2020-01-01").code == 2


def test_an_unforeseen_error_is_named_by_its_type_and_place_alone(commands, tmp_path, visits, monkeypatch):
    """Its text may quote a cell, so it is not repeated; LOGITGATE_DEBUG shows everything."""
    from logitgate_flows.commands.beginning import check

    def broken(*_):
        raise RuntimeError("Wilhelmine")

    monkeypatch.setattr(check, "check_table", broken)
    project = projects.write(tmp_path, visits.iloc[:50])
    got = logitgate("check", project, "--json")
    assert got.code == 3
    assert "RuntimeError at test_cli.py" in got.json["error"] and "LOGITGATE_DEBUG" in got.json["error"]
    assert "Wilhelmine" not in got.everything
    monkeypatch.setenv("LOGITGATE_DEBUG", "1")
    got = logitgate("check", project)
    assert got.code == 3 and "RuntimeError: Wilhelmine" in got.err


HEAVY = ("mlflow", "prefect", "great_expectations", "sklearn", "pandas", "numpy")


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_imports_no_vendor(word, tmp_path):
    """A question about usage is answered before any framework is loaded."""
    code = (
        "import sys; sys.argv = ['logitgate', sys.argv[1]]\n"
        "from logitgate_flows.cli import main as cli\n"
        "try: cli.main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print('loaded:', sorted(set(sys.modules) & set({HEAVY})))"
    )
    got = _process(sys.executable, "-c", code, word, cwd=tmp_path, env=_environment(tmp_path))
    assert got.returncode == 0, got.stderr
    assert got.stdout.endswith("loaded: []\n")
    assert word == "--version" or all(
        name in got.stdout for name in ("train", "check", "explain", "schema", "ui")
    )
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_project_is_refused_by_the_real_process(tmp_path):
    """Exit 2 with the one line, as a module and as a script, before Prefect and MLflow are loaded."""
    script = Path(sys.executable).with_name("logitgate")
    for words in ((sys.executable, "-m", "logitgate_flows"), (script,)):
        started = time.perf_counter()
        got = _process(*words, "train", "nowhere.toml", cwd=tmp_path, env=_environment(tmp_path / "home"))
        assert got.returncode == 2
        assert got.stdout == ""
        assert got.stderr.startswith("logitgate: nowhere.toml: cannot be read")
        assert len(got.stderr.splitlines()) == 1
        assert time.perf_counter() - started < 15


def test_a_home_that_cannot_be_made_ends_the_real_process(tmp_path):
    """Exit 3 with one JSON object, before a Prefect server waits for its folder."""
    (tmp_path / "file").write_text("in the way", "utf-8")
    project = projects.write(tmp_path / "here")
    got = _process(
        *(sys.executable, "-m", "logitgate_flows", "train", project, "--json"),
        cwd=tmp_path,
        env=_environment(tmp_path / "file" / "home"),
    )
    assert got.returncode == 3
    assert json.loads(got.stdout)["exit_code"] == 3
    assert "LOGITGATE_HOME" in json.loads(got.stdout)["error"]


@pytest.fixture
def prefect_url(tmp_path):
    """A Prefect server as `prefect server start` gives it, on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = _environment(
        tmp_path / "none",
        PREFECT_HOME=tmp_path / "prefect",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_SERVER_LOGGING_LEVEL="ERROR",
    )
    words = (sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=log, stderr=log)
        try:
            _wait_for(f"{url}/health", server)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(url, server):
    import httpx

    until = time.monotonic() + 90
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise AssertionError("the Prefect server did not start")


@pytest.mark.acceptance
def test_the_prefect_server_of_the_environment_is_used(prefect_url, mlflow_template, tmp_path, visits):
    """Its API shows the flow run and the steps as Completed, and no second server is started."""
    import httpx

    home = empty_home(tmp_path / "home", mlflow_template)
    project = projects.write(tmp_path / "project", visits)
    got = _process(
        *(sys.executable, "-m", "logitgate_flows", "train", project, "--json"),
        cwd=tmp_path,
        env=_environment(home, PREFECT_API_URL=prefect_url),
    )
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["promoted"] is True
    (run,) = httpx.post(f"{prefect_url}/flow_runs/filter", json={}).json()
    assert run["state_type"] == "COMPLETED"
    flow = httpx.get(f"{prefect_url}/flows/{run['flow_id']}").json()
    assert flow["name"] == "train"
    until = time.monotonic() + 20
    while time.monotonic() < until:
        steps = httpx.post(f"{prefect_url}/task_runs/filter", json={}).json()
        found = {step["task_key"].rpartition(".")[2].partition("-")[0]: step["state_type"] for step in steps}
        if len(found) == 6 and set(found.values()) == {"COMPLETED"}:
            break
        time.sleep(0.5)
    assert found == dict.fromkeys(("read", "check", "learn", "judge", "record", "promote"), "COMPLETED")
    assert not (home / "prefect").exists()


@pytest.fixture
def repository(tmp_path):
    """The folders that `mlflow run` needs, copied so that this checkout stays as it is."""
    copy = tmp_path / "repository"
    for name in ("flows", "src"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "mlproject").mkdir()
    for name in ("MLproject", "python_env.yaml", "run"):
        shutil.copy(ROOT / "mlproject" / name, copy / "mlproject" / name)
    return copy


def _mlflow_run(repository, project, **more):
    """Train by `mlflow run mlproject`, as it is typed in the repository."""
    return _process(
        *(sys.executable, "-m", "mlflow", "run", "mlproject", "-e", "train", "--env-manager", "local"),
        *("-P", f"project={project}"),
        cwd=repository,
        env=_environment(more.pop("home"), VIRTUAL_ENV=sys.prefix, MLFLOW_DISABLE_TELEMETRY="true", **more),
    )


def _trainings(database):
    """Return the runs of a store that are no candidates and no ledger, and the champion's run."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(f"sqlite:///{database}", f"sqlite:///{database}")
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    runs = [run for run in runs if not {"mlflow.parentRunId", "logitgate.ledger"} & set(run.data.tags)]
    try:
        champion = client.get_model_version_by_alias("visits", "champion").run_id
    except MlflowException:
        champion = None
    client._tracking_client.store.engine.dispose()
    client._get_registry_client().store.engine.dispose()
    return runs, champion


@pytest.mark.acceptance
def test_mlflow_run_records_in_the_store_that_is_named(repository, mlflow_template, tmp_path):
    """One run, MLflow's own, with the verdict; a refusal is a finished run, and nothing else appears."""
    project = projects.write(tmp_path / "project", projects.table(signal=0.0))
    database = repository / ".logitgate" / "mlflow.db"
    database.parent.mkdir()
    shutil.copy(mlflow_template, database)
    before = {path for path in repository.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    uri = "sqlite:///.logitgate/mlflow.db"
    got = _mlflow_run(repository, project, home=tmp_path / "home", MLFLOW_TRACKING_URI=uri)
    assert got.returncode == 0, got.stderr
    (run,), champion = _trainings(database)
    assert run.info.status == "FINISHED" and champion is None
    assert run.data.tags["verdict"] in ("FAIL", "INDETERMINATE")
    after = {path for path in repository.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path.relative_to(repository).parts[0] for path in after - before} == {".logitgate"}


@pytest.mark.acceptance
def test_mlflow_run_without_a_store_promotes_no_rival(repository, tmp_path, visits):
    """The training stands in the store of the command line, not in MLflow's default of that folder."""
    project, home = projects.write(tmp_path / "project", visits), tmp_path / "home"
    got = _mlflow_run(repository, project, home=home)
    assert got.returncode == 0, got.stderr
    (run,), champion = _trainings(home / "mlflow.db")
    assert run.data.tags["verdict"] == "PASS" and champion == run.info.run_id
    assert _trainings(repository / "mlflow.db")[1] is None


def test_check_writes_junit_and_the_summary_of_a_step(trained, tmp_path, visits, monkeypatch):
    """Every finding is a test case, and the Markdown table goes where GitHub Actions asks for it."""
    summary, report = tmp_path / "summary.md", tmp_path / "junit.xml"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    project = projects.write(tmp_path, visits)
    answer = logitgate("check", project, "--json", "--junit", report)
    assert answer.code == 0, answer.everything
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - our own
    found = [(one["check"], one["subject"]) for one in answer.json["findings"]]
    assert [(case.get("classname"), case.get("name")) for case in suite] == found
    assert "| status | check | subject | because |" in summary.read_text(encoding="utf-8")


def test_a_refused_command_still_writes_its_report(commands, tmp_path, visits):
    """A table that cannot be read is one error in the report."""
    project, report = projects.write(tmp_path, visits), tmp_path / "junit.xml"
    (tmp_path / "visits.parquet").write_bytes(b"no parquet")
    answer = logitgate("check", project, "--junit", report)
    assert answer.code == 1
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - our own
    assert suite.get("errors") == "1"
    assert "visits.parquet" in suite[0][0].get("message")


@pytest.mark.parametrize("place", ["gone/junit.xml", "."])
def test_a_report_that_cannot_be_written_is_refused_first(commands, tmp_path, visits, place):
    """Nothing is trained for a report that could not be read: exit 2, and no run."""
    project = projects.write(tmp_path / "project", visits)
    answer = logitgate("train", project, "--junit", tmp_path / place)
    assert answer.code == 2 and "folder" in answer.err
    assert opened(commands).client.get_experiment_by_name("visits") is None


def test_gates_lists_what_would_be_checked(tmp_path, visits):
    """Every required gate with its margins and the fate of each status, for people and programs."""
    project = projects.write(tmp_path, visits)
    got = logitgate("gates", project, "--json").json
    assert [one["check"] for one in got["gates"]] == list(required(Road.TRAINING))
    assert got["statuses"]["INDETERMINATE"] == "stops"
    shown = logitgate("gates", project)
    assert shown.code == 0 and "0.5 to 1.8" in shown.out and "FAIL stops" in shown.out


@pytest.mark.acceptance
def test_the_page_ends_with_its_command(tmp_path, mlflow_template):
    """SIGTERM to `logitgate ui` leaves no server behind on its port."""
    home = empty_home(tmp_path / "home", mlflow_template)
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port = asked.getsockname()[1]
    command = subprocess.Popen(
        [sys.executable, "-m", "logitgate_flows", "ui", "--port", str(port)],
        env=os.environ | {"LOGITGATE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert answering(port, 60)
        command.send_signal(signal.SIGTERM)
        command.wait(30)
        assert not answering(port, 0)
    finally:
        command.kill()


def answering(port, seconds):
    """Whether something listens on the port within so many seconds."""
    until = time.monotonic() + seconds
    while True:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.2)
