"""Both ways to ask a store say the same, whatever is in it."""

import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.store.db.utils import _get_alembic_config, _get_latest_schema_revision

from logitgate.tracking.reading import database
from logitgate.tracking.reading.by_client import ClientRegistry, ClientRuns
from logitgate.tracking.reading.database import SCHEMA, DatabaseReader, is_readable
from logitgate.tracking.store import Store, open_store
from logitgate.tracking.stores import schemas
from tests.databases import postgresql
from tests.unreliable import mlflow_server

NAMES, ALIASES = ("flights", "flights.two", "prompt", "no 'such' model"), ("champion", "previous", "nobody")
TEXTS = st.text("aZ0'\"\\%_ é.", min_size=1, max_size=8)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("version"), st.sampled_from(NAMES[:2]), TEXTS),
        st.tuples(st.just("alias"), st.sampled_from(ALIASES[:2]), st.integers(1, 4)),
        st.tuples(st.just("tag"), TEXTS, st.integers(1, 4)),
        st.tuples(st.just("delete"), st.just(""), st.integers(1, 4)),
        st.tuples(st.just("run"), TEXTS, TEXTS),
        st.tuples(st.just("lost run"), TEXTS, TEXTS),
        st.tuples(st.just("experiment"), st.just(""), st.booleans()),
    ),
    max_size=12,
)


def filled(client, acts):
    """Do to a store what people do: some of it is refused, as it is there."""
    experiment = client.create_experiment("ledger")
    client.create_registered_model("flights", {"kind": "model"})
    client.create_registered_model("flights.two")
    client.register_prompt("prompt", "say {{it}}")
    for act, one, two in acts:
        known = [int(found.version) for found in client.search_model_versions("name = 'flights'")]
        if act == "version":
            client.create_model_version(one, f"file:///files/{len(known)}", tags={"digest": two, "empty": ""})
        elif act in ("run", "lost run"):
            run = client.create_run(experiment, tags={"model": one})
            client.log_param(run.info.run_id, "0001", two)
            if act == "lost run":
                client.delete_run(run.info.run_id)
        elif act == "experiment":
            lost = client.get_experiment(experiment).lifecycle_stage == "deleted"
            if lost != two:
                (client.delete_experiment if two else client.restore_experiment)(experiment)
            if two:
                break
        elif two in known:
            _changed(client, act, one, str(two))


def _changed(client, act, one, number):
    if act == "alias":
        client.set_registered_model_alias("flights", one, number)
    elif act == "tag":
        client.set_model_version_tag("flights", number, "said", one)
    else:
        client.delete_model_version("flights", number)


def everything(models, runs, values):
    """All that can be asked of a store, as plain values."""
    models.probe()
    runs.probe()
    kept = runs.experiment("ledger")
    versions = [one for name in NAMES[:3] for one in models.versions(name)]
    return {
        "models": [models.model(name) for name in NAMES],
        "versions": versions,
        "numbered": [models.version(name, number) for name in NAMES for number in range(1, 6)],
        "aliased": [models.aliased(name, alias) for name in NAMES for alias in ALIASES],
        "places": [models.place(one.name, one.number) for one in versions],
        "experiments": [kept, runs.experiment("nowhere"), runs.experiment("it's")],
        "runs": [runs.tagged(kept.experiment_id, "model", value) for value in values if "'" not in value],
    }


def alike(uri, acts, asked=None):
    """Fill a store, and ask it by SQL and by MLflow's client, or by another client of the same database."""
    client = MlflowClient(uri, uri)
    filled(client, acts)
    values = ["flights", *(one for act, one, _ in acts if act.endswith("run"))]
    reader = DatabaseReader(uri)
    assert is_readable(uri)
    by_sql = everything(reader, reader, values)
    for one in (client, asked) if asked else (client,):
        assert by_sql == everything(ClientRegistry(one), ClientRuns(one), values)
    return by_sql


EVERY_ACT = [
    *[("version", "flights", f"d{number}") for number in range(4)],
    ("version", "flights.two", "d9"),
    ("alias", "champion", 3),
    ("alias", "previous", 1),
    ("alias", "nobody", 2),
    ("tag", 'it\'s "100%" é\\', 3),
    ("delete", "", 2),
    ("run", "flights", "first"),
    ("lost run", "flights", "second"),
    ("run", "other", "third"),
]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts=ACTS)
def test_the_file_is_read_as_mlflow_reads_it(acts, mlflow_template, tmp_path_factory):
    """Versions, tags, aliases, deleted ones and prompts, ledgers that were deleted or are there twice."""
    copy = tmp_path_factory.mktemp("store") / "mlflow.db"
    copy.write_bytes(mlflow_template.read_bytes())
    alike(f"sqlite:///{copy}", acts)


def test_postgresql_and_a_server_before_it_say_the_same(tmp_path):
    """The database is asked by SQL, MLflow's client asks it, and the client asks its server."""
    with postgresql() as server:
        MlflowClient(server.url, server.url).search_experiments(max_results=1)
        with mlflow_server(tmp_path, server.url) as port:
            url = f"http://127.0.0.1:{port}"
            found = alike(server.url, [*EVERY_ACT, ("experiment", "", True)], MlflowClient(url, url))
            assert not is_readable(url)
    assert [one.number for one in found["versions"]] == [4, 3, 1, 1]
    assert found["experiments"][0].is_deleted
    assert [len(runs) for runs in found["runs"]] == [2, 2, 2, 1]


def test_the_questions_are_for_the_schema_that_is_locked():
    """Where MLflow brings another schema, its client is asked until the questions were seen to fit."""
    assert _get_latest_schema_revision() == SCHEMA == schemas._latest()


def test_revisions_are_read_as_alembic_reads_them():
    """The scripts' own text names the same revisions, though none of them is run."""
    scripts = ScriptDirectory.from_config(_get_alembic_config(db_url=""))
    assert schemas._known() == {script.revision for script in scripts.walk_revisions()}


def test_another_schema_and_workspaces_are_left_to_mlflow(mlflow_home, monkeypatch):
    """Then the answers come from MLflow's client."""
    store = open_store(mlflow_home)
    assert isinstance(store.models, DatabaseReader)
    assert isinstance(store.runs, DatabaseReader)
    database.is_readable.cache_clear()
    monkeypatch.setattr(database, "SCHEMA", "another")
    assert isinstance(store.models, ClientRegistry)
    database.is_readable.cache_clear()
    monkeypatch.undo()
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    assert isinstance(Store(store.tracking_uri, store.registry_uri, embedded=True).runs, ClientRuns)
    database.is_readable.cache_clear()


def test_a_version_without_a_place_is_told(store):
    """Who asks where the files of no version are is told so."""
    with pytest.raises(LookupError, match="flights version 3 not found"):
        store.models.place("flights", 3)


def test_the_history_is_read_without_mlflow(mlflow_home):
    """Its import takes longer than all else."""
    open_store(mlflow_home)
    words = (
        "import sys\nfrom pathlib import Path\n"
        "from logitgate.production.promotion.rollback import history\n"
        "from logitgate.tracking.store import open_store\n"
        f"ledger, _ = history(open_store(Path({str(mlflow_home)!r})), 'flights')\n"
        "print(ledger.entries, 'mlflow' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["()", "False"]
