"""The compose file's own commands as processes on a real PostgreSQL, and what the image promises."""

import contextlib
import os
import re
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests import projects
from tests.databases import postgresql
from tests.services import asked, eventually, started
from tests.unreliable import free_port

DOCKER = Path(__file__).parents[2] / "docker"
COMPOSE = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
PASSWORDS = ("postgres", "mlflow", "prefect", "locks")


def test_nothing_is_open_and_no_password_is_written():
    """Ports on this host only, secrets as files, services that wait for health, no root, no capability."""
    composed = yaml.safe_load(COMPOSE)
    for name, service in composed["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for waited in service.get("depends_on", {}).values():
            assert waited["condition"] in ("service_healthy", "service_completed_successfully")
        if name != "postgres":
            assert service["cap_drop"] == ["ALL"], name
        if service["restart"] == "unless-stopped":
            assert "healthcheck" in service, name
    assert {where["file"] for where in composed["secrets"].values()} == {
        f"./secrets/{name}_password" for name in PASSWORDS
    }
    image = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    assert "\nUSER 10001\n" in image and "\nHEALTHCHECK " in image
    assert "docker/secrets/" in (DOCKER.parent / ".gitignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, "", "\n", b"\xff\xfe"])
def test_a_secret_that_is_not_there_is_named(tmp_path, content):
    """And the command is not run."""
    if content is not None:
        (tmp_path / "key").write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = with_secrets(tmp_path, "postgresql://a:{secret:key}@b/c")
    assert ended.returncode == 1 and "secret key: " in ended.stderr and ended.stdout == ""


def test_any_password_reaches_the_url(tmp_path):
    """Quoted, without the newline that editors add; other variables stay as they are."""
    (tmp_path / "key").write_text("p@ss/w%rd:é\n")
    ended = with_secrets(tmp_path, "postgresql://a:{secret:key}@b/c")
    assert ended.stdout == "postgresql://a:p%40ss%2Fw%25rd%3A%C3%A9@b/c\n"


def with_secrets(folder, url):
    """Print a variable by the entry point of the image."""
    command = [str(DOCKER / "with-secrets"), "printenv", "URL"]
    environment = os.environ | {"SECRETS": str(folder), "URL": url, "PATH": path()}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def path():
    """Return where the image's commands are found on this machine."""
    return os.pathsep.join([str(DOCKER), str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.fixture
def composition(tmp_path):
    """The services of the compose file, on free ports, with secrets and databases of their own."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in PASSWORDS:
        (secrets / f"{name}_password").write_text(f"{name}/p@ss:w%rd\n")
    with postgresql(asks="scram-sha-256") as database:
        yield Composition(tmp_path, secrets, database)


class Composition:
    """What a compose file says, for this machine: its addresses become free ports here."""

    def __init__(self, folder, secrets, database):
        self.folder, self.secrets, self.database = folder, secrets, database
        text = COMPOSE.replace("--host=0.0.0.0", "--host=127.0.0.1")
        self.ports = {"5000": free_port(), "4200": free_port(), "8080": free_port()}
        for port, free in self.ports.items():
            text = text.replace(port, str(free))
        text = text.replace("@postgres:5432", f"@127.0.0.1:{database.port}")
        for service in ("mlflow", "prefect"):
            text = text.replace(f"http://{service}:", "http://127.0.0.1:")
        text = text.replace("/var/lib/logitgate", str(folder))
        text = text.replace("/project/.logitgate", str(folder / "home"))
        project = str(folder / "visits" / "project.toml")
        shipped = "${LOGITGATE_PROJECT:-.logitgate/replay/flights-today.toml}"
        assert shipped in text
        self.services = yaml.safe_load(text.replace(shipped, project))["services"]

    @property
    def prefect(self):
        """Address of Prefect's server."""
        return f"http://127.0.0.1:{self.ports['4200']}/api"

    @property
    def mlflow(self):
        """Address of MLflow's server."""
        return f"http://127.0.0.1:{self.ports['5000']}"

    def environment(self, name, **more):
        """Return what a service finds in its environment; nothing of this process's own settings."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MLFLOW_", "PREFECT_", "LOGITGATE_"))
        }
        kept |= {
            "PATH": path(),
            "SECRETS": str(self.secrets),
            "PREFECT_HOME": str(self.folder / "prefect" / name),
        }
        kept |= {"PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
        return kept | self.services[name].get("environment", {}) | more

    def make_databases(self):
        """Run what the image of PostgreSQL runs when it starts first."""
        where = {"PGHOST": str(self.database.folder), "PGPORT": str(self.database.port)}
        self._run(
            [str(DOCKER / "databases")], self.environment("postgres", **where, POSTGRES_USER="logitgate")
        )

    def grace(self, name):
        """Return how many seconds a service has to end."""
        minutes, seconds = re.fullmatch(
            r"(?:(\d+)m)?(?:(\d+)s)?", self.services[name]["stop_grace_period"]
        ).groups("0")
        return 60 * int(minutes) + int(seconds)

    def once(self, name):
        """Run a one-shot service to its good end."""
        service = self.services[name]
        self._run([*service["entrypoint"], *service["command"]], self.environment(name))

    @contextlib.contextmanager
    def up(self, name):
        """Run a service; it is healthy when the block begins."""
        service = self.services[name]
        words = [*service["entrypoint"], *service["command"]]
        with started(words, self.environment(name), self.folder / f"{name}.log") as running:
            check = service["healthcheck"]["test"][1:]
            asking = {"env": self.environment(name), "capture_output": True}
            eventually(lambda: subprocess.run(check, check=False, **asking).returncode == 0, 120, self.folder)
            assert running.poll() is None
            yield running

    def _run(self, words, environment):
        ended = subprocess.run(
            words, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=180, check=False
        )
        assert ended.returncode == 0, ended.stdout[-3_000:] + ended.stderr[-3_000:]


@pytest.mark.acceptance
def test_a_scheduled_training_ends_in_a_promoted_version(composition):
    """Databases, servers, deployments, worker: the first training makes the champion, slots follow."""
    visits = projects.table(9_000, days=60)
    visits["at"] += (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0) - visits["at"].max()
    visits["day"] = visits["at"].dt.strftime("%Y-%m-%d")
    each_minute = {"time_zone": "UTC", "train": {"cron": "* * * * *"}}
    project = projects.write(composition.folder / "visits", visits, schedule=each_minute)
    project.rename(project.with_name("project.toml"))
    composition.make_databases()
    composition.once("migrate")
    composition.once("migrate")
    with composition.up("mlflow"), composition.up("prefect"):
        composition.once("deploy")
        with composition.up("worker") as worker:
            eventually(lambda: promoted_run(composition.prefect), 200, composition.folder)
            run = eventually(lambda: running_slot(composition.prefect), 120, composition.folder)
            worker.terminate()
            assert worker.wait(composition.grace("worker")) == 0
            # What had begun has ended in order, within the grace of the compose file.
            ended = asked(f"{composition.prefect}/flow_runs/{run['id']}")["state"]
            assert (ended["type"], ended["name"]) in (("COMPLETED", "Promoted"), ("COMPLETED", "Refused")), (
                ended
            )
        assert "champion" in aliases(composition)
        slot = datetime.fromisoformat(run["expected_start_time"].replace("Z", "+00:00"))
        assert slot.second == 0
        # Its number depends on the slots before it, since the first training may wait for one of them.
        assert slot.isoformat() in trained_as_of(composition)
    logs = "".join(log.read_text() for log in composition.folder.glob("*.log"))
    assert "p@ss" not in logs and "p%40ss" not in logs


def promoted_run(api):
    """Return the first run that ended in a promotion; any other end of a training is shown."""
    runs = asked(f"{api}/flow_runs/filter", {"sort": "EXPECTED_START_TIME_ASC"})
    ended = [one for one in runs if one["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED")]
    assert all(one["state"]["name"] == "Promoted" for one in ended[:1]), ended[0]["state"]
    return ended[0] if ended else None


def running_slot(api):
    """Return a run of a slot that is under way."""
    runs = asked(f"{api}/flow_runs/filter", {"sort": "EXPECTED_START_TIME_ASC"})
    return next((one for one in runs if one["auto_scheduled"] and one["state"]["type"] == "RUNNING"), None)


def trained_as_of(composition):
    """Return the dates that the versions of the model were trained as of."""
    found = asked(f"{composition.mlflow}/api/2.0/mlflow/model-versions/search?filter=name%3D%27visits%27")
    return {tag["value"] for one in found["model_versions"] for tag in one["tags"] if tag["key"] == "as_of"}


def aliases(composition):
    """Return the aliases of the model."""
    found = asked(f"{composition.mlflow}/api/2.0/mlflow/registered-models/get?name=visits")
    return [one["alias"] for one in found["registered_model"].get("aliases", ())]


def test_the_scripts_can_be_run():
    """The image copies them as they are."""
    for name in ("with-secrets", "healthy", "migrate", "worker", "databases"):
        assert (DOCKER / name).stat().st_mode & stat.S_IXUSR, name


def test_an_unhealthy_service_is_called_so():
    """No server listens: exit 1, and the address."""
    url = f"http://127.0.0.1:{free_port()}/health"
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, str(DOCKER / "healthy"), url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1 and url in ended.stderr and time.monotonic() - began < 20
