"""A flow of one's own trains as its subflow, with a tracking server that asks for a password."""

import os
import sys
import urllib.request

import mlflow
import pytest
from prefect import flow
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.variables import Variable

import logitgate as lg
from logitgate.tracking.store import open_store
from logitgate_flows import train
from tests import projects
from tests.services import eventually, started
from tests.unreliable import free_port

PASSWORD = "a-password-of-16"
AUTH = f"""[mlflow]
default_permission = READ
database_uri = sqlite:///{{folder}}/users.db
admin_username = admin
admin_password = {PASSWORD}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""


@flow
def nightly(project_file):
    """What somebody else's flow does: the address from a variable, the password from a block."""
    os.environ["MLFLOW_TRACKING_URI"] = Variable.get("mlflow_tracking_uri")
    os.environ["MLFLOW_TRACKING_PASSWORD"] = Secret.load("mlflow-password").get()
    return train(project_file)


@pytest.fixture
def guarded(tmp_path, mlflow_template):
    """MLflow's server with passwords, on a database and files of its own; give its address."""
    folder, port = tmp_path / "server", free_port()
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(mlflow_template.read_bytes())
    (folder / "auth.ini").write_text(AUTH.format(folder=folder))
    words = [sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", "--workers", "1"]
    words += ["--host", "127.0.0.1", "--port", str(port), "--artifacts-destination", str(folder / "files")]
    words += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    ours = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "for one test",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with started(words, {**os.environ, **ours}, folder / "server.log"):
        eventually(lambda: _is_healthy(port), 90, folder)
        yield f"http://127.0.0.1:{port}"


def _is_healthy(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return answer.status == 200


@pytest.mark.acceptance
def test_a_training_is_a_subflow_and_leaves_its_verdict_where_people_look(
    prefect_server, guarded, tmp_path, monkeypatch
):
    """One training: subflow and artifact in Prefect, run and metrics behind the password, model elsewhere."""
    home, registry = tmp_path / "home", f"sqlite:///{tmp_path / 'models.db'}"
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_PASSWORD"):
        monkeypatch.setenv(name, "set by the flow")  # and put back afterwards
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", registry)
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.5")
    monkeypatch.setenv("LOGITGATE_HOME", str(home))
    Variable.set("mlflow_tracking_uri", guarded, overwrite=True)
    Secret(value=PASSWORD).save("mlflow-password", overwrite=True)

    outcome = nightly(str(projects.write(tmp_path / "visits", projects.table())))
    assert outcome.promoted and outcome.champion == 1

    with get_client(sync_client=True) as client:
        found = [one for one in client.read_artifacts() if one.key == "visits-verdict"]
        artifact = max(found, key=lambda one: one.created)  # the server is that of other tests, too
        inner = client.read_flow_run(artifact.flow_run_id)
    assert inner.parent_task_run_id is not None
    assert artifact.data.startswith("Released: version 1 saves")
    assert f"[Evidence in MLflow]({guarded}/#/experiments/" in artifact.data
    assert PASSWORD not in artifact.data

    store = open_store(home)
    assert (store.tracking_uri, store.registry_uri) == (guarded, registry)
    run = store.client.get_run(outcome.run_id)
    assert "system/cpu_utilization_percentage" in run.data.metrics
    scores = lg.champion("visits").score(projects.table(20).set_index("visit"))
    assert len(scores) == 20
    signature = mlflow.pyfunc.load_model("models:/visits@champion").metadata.signature
    assert signature.inputs.input_names() == ["speed", "load", "grip", "side"]
