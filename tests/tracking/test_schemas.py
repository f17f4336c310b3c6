"""A database of another MLflow is left as it is until somebody asks for its migration."""

import hashlib
import sqlite3
from contextlib import closing

import pytest
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModel  # noqa: F401 - makes its table known
from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy import create_engine

from logitgate.errors import UnavailableError
from logitgate.tracking.store import open_store
from tests import projects
from tests.command import close, logitgate

OF_2_22 = "0584bdc529eb"
"""The schema of MLflow 2.22."""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder without a store, where commands live."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGITGATE_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def made_at(database, revision):
    """Make a database as the MLflow of a revision does."""
    uri = f"sqlite:///{database}"
    engine = create_engine(uri)
    Base.metadata.create_all(engine)
    config = _get_alembic_config(uri)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def digest(path):
    """What the file is."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_older_database_is_migrated_only_when_asked(home, tmp_path):
    """A command that only reads exits 3, names the way, and changes no byte."""
    database = home / "mlflow.db"
    made_at(database, OF_2_22)
    before, project = digest(database), projects.write(tmp_path / "project", projects.table(50))
    for words in (("history", project), ("doctor", project, "--repair"), ("rehearse", project)):
        got = logitgate(*words, "--json")
        assert got.code == 3 and "back up the database, then run `logitgate migrate`" in got.json["error"]
    assert digest(database) == before and {path.name for path in home.glob("mlflow*")} == {"mlflow.db"}
    migrated = logitgate("migrate", "--json")
    assert migrated.code == 0 and [one["before"] for one in migrated.json["migrated"]] == [OF_2_22]
    assert logitgate("history", project).code == 0
    assert logitgate("migrate", "--json").json == {"migrated": []}
    close(open_store(home))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE alembic_version SET version_num = 'ffffffffffff'", "made by a later MLflow"),
        ("DROP TABLE alembic_version", "no database of MLflow"),
    ],
)
def test_a_database_that_is_not_ours_to_migrate_is_refused(home, mlflow_template, change, said):
    """A later MLflow's, or somebody else's altogether: it stays as it is, whatever is asked for."""
    with (
        closing(sqlite3.connect(mlflow_template)) as source,
        closing(sqlite3.connect(home / "mlflow.db")) as copy,
    ):
        source.backup(copy)
        copy.execute(change)
        copy.commit()
    before = digest(home / "mlflow.db")
    with pytest.raises(UnavailableError, match=said):
        open_store(home)
    assert logitgate("migrate").code == 3
    assert digest(home / "mlflow.db") == before


def test_an_empty_file_belongs_to_no_model_yet(home):
    """It is made a store of."""
    (home / "mlflow.db").touch()
    store = open_store(home)
    assert store.client.search_experiments()
    close(store)
