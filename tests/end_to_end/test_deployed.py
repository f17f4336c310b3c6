"""A real Prefect server and worker: a monitoring asks for a new model, and gets it."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import projects
from tests.command import empty_home, opened
from tests.services import asked, end_of, eventually, start, started
from tests.unreliable import free_port

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
WEEK = datetime(2021, 5, 29, tzinfo=UTC)
JOBS = {
    "time_zone": "UTC",
    "train": {"cron": "0 6 1 * *"},
    "monitor": {"cron": "0 5 * * *", "table": "late.parquet", "window": "14 days"},
    "score": {"cron": "0 4 * * *", "table": "late.parquet", "out": "scores-{slot}.csv"},
}


@pytest.fixture(scope="module")
def served(mlflow_template, tmp_path_factory):
    """A server, a worker, the deployments of a project whose world changes at the end of May."""
    folder = tmp_path_factory.mktemp("served")
    visits = projects.table(18_000, days=110)
    late = visits[visits["at"] >= "2021-05-15"].copy()
    turned = late["bad"].map({"yes": "no", "no": "yes"})
    late["bad"] = turned.where(late["side"] != "north", late["bad"])
    project = projects.write(
        folder / "visits",
        visits,
        schedule=JOBS,
        reactions={"windows": 1, "persistent": 1, "cool_down_days": 0},
    )
    late.to_parquet(project.parent / "late.parquet")
    home = empty_home(folder / "home", mlflow_template)
    api = f"http://127.0.0.1:{(port := free_port())}/api"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_"))
    }
    environment |= {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "LOGITGATE_HOME": str(home),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    prefect = [sys.executable, "-m", "prefect"]
    server = [*prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    worker = [*prefect, "worker", "start", "--pool", "logitgate", "--type", "process"]
    with started(server, environment, folder / "server.log"):
        eventually(lambda: asked(f"{api}/health"), 90, folder)
        said = command(environment, "schedule", project, "--deploy")
        assert said.returncode == 0, said.stderr
        with started(worker, environment, folder / "worker.log"):
            yield folder, project, api, environment, said.stdout


def command(environment, *words):
    """Run a command in a process of its own."""
    words = [sys.executable, "-m", "logitgate_flows", *map(str, words)]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=150, check=False)


def test_the_schedule_stands_on_the_server(served):
    """Each job by its cron and its clock; deploying again changes nothing and doubles nothing."""
    _, project, api, environment, said = served
    assert said.split() == ["scheduled-score/visits", "scheduled-monitor/visits", "scheduled-train/visits"]
    assert command(environment, "schedule", project, "--deploy").stdout == said
    for job in ("train", "monitor", "score"):
        found = asked(f"{api}/deployments/name/scheduled-{job}/visits")
        (slot,) = found["schedules"]
        assert (slot["schedule"]["cron"], slot["schedule"]["timezone"]) == (JOBS[job]["cron"], "UTC")
        assert found["global_concurrency_limit"]["limit"] == 1 and found["work_pool_name"] == "logitgate"
    (only,) = asked(f"{api}/automations/filter", {})
    assert only["trigger"]["expect"] == ["logitgate.retrain.requested"]


@pytest.fixture(scope="module")
def champion(served):
    """The same with a first model in production, trained by its deployment."""
    folder, _, api, *_ = served
    first = end_of(api, start(api, "scheduled-train/visits", as_of="2021-05-15"), folder)
    assert (first["type"], first["name"]) == ("COMPLETED", "Promoted"), first
    return served


def test_a_monitoring_asks_for_a_new_model_and_gets_it(champion):
    """Event, automation, training as of the window's end, and a second version."""
    folder, _, api, *_ = champion
    watched = end_of(api, start(api, "scheduled-monitor/visits", as_of=WEEK.isoformat()), folder)
    assert (watched["type"], watched["name"]) == ("COMPLETED", "Retrain"), watched
    assert "asked for a training as of 2021-05-29" in watched["message"]

    def second():
        found = asked(f"{api}/flow_runs/filter", {"sort": "START_TIME_DESC"})
        ended = [one for one in found if one["state"]["name"] in ("Promoted", "Refused", "Passed", "Failed")]
        return next((one for one in ended if one["parameters"]["as_of"] == WEEK.isoformat()), None)

    trained = eventually(second, 150, folder)
    assert trained["state"]["type"] == "COMPLETED", trained["state"]
    client = opened(folder / "home").client
    versions = client.search_model_versions("name = 'visits'")
    assert sorted(int(one.version) for one in versions) == [1, 2]
    assert client.get_model_version("visits", "2").tags["as_of"].startswith("2021-05-29")


def test_scores_of_a_slot_lie_in_its_file(champion):
    """The champion scores what is due; a run that is refused or meets an error says which."""
    folder, project, api, *_ = champion
    scored = end_of(api, start(api, "scheduled-score/visits", as_of="2021-06-01T04:00"), folder)
    assert (scored["type"], scored["name"]) == ("COMPLETED", "Scored"), scored
    assert (project.parent / "scores-2021-06-01T0400Z.csv").exists()
    (project.parent / "late.parquet").write_bytes(b"PAR1")
    failed = end_of(api, start(api, "scheduled-score/visits", as_of="2021-06-02T04:00"), folder)
    assert failed["type"] == "FAILED" and "late.parquet" in failed["message"], failed
    assert not (project.parent / "scores-2021-06-02T0400Z.csv").exists()


def test_prefects_own_command_deploys_the_same(served, tmp_path):
    """`prefect deploy --all` in the repository leaves what `logitgate schedule --deploy` leaves."""
    *_, api, environment, _ = served
    for name in ("prefect.yaml", "flows", "mlproject", "data", "expectations"):
        (tmp_path / name).symlink_to(ROOT / name)
    replay = [sys.executable, "mlproject/replay.py", ".logitgate/replay"]
    subprocess.run(replay, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    project = ".logitgate/replay/flights-today.toml"
    ours = answered(
        tmp_path, api, environment, sys.executable, "-m", "logitgate_flows", "schedule", project, "--deploy"
    )
    theirs = answered(
        tmp_path, api, environment, sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"
    )
    assert theirs == ours


def answered(root, api, environment, *command):
    """Deploy the example by a command, and return what the server then says of it."""
    done = subprocess.run(
        command, env=environment, cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for job in ("monitor", "train"):
        kept = asked(f"{api}/deployments/name/scheduled-{job}/flights-today")
        (slot,) = kept["schedules"]
        found[job] = {
            "when": (slot["schedule"]["cron"], slot["schedule"]["timezone"]),
            "rows": str((root / kept["parameters"]["project_file"]).resolve()),
            "one": kept["global_concurrency_limit"]["limit"],
            **{name: kept[name] for name in ("work_pool_name", "job_variables", "tags")},
        }
    automations = [one for one in asked(f"{api}/automations/filter", {}) if "flights" in one["name"]]
    found["asked"] = [
        (one["name"], one["trigger"]["match"], one["trigger"]["expect"], one["actions"][0]["parameters"])
        for one in automations
    ]
    assert len(automations) == 1
    return found
