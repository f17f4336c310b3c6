"""The registry: versions that are what they were, and one promotion at a time."""

import dataclasses
import os
import re
import shutil
import socket
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlparse

import mlflow
import numpy as np
import pytest

from logitgate import __version__
from logitgate.errors import ConflictError, DataError, UnavailableError
from logitgate.production.packaging.code_version import code_version
from logitgate.production.packaging.model_package import unpack
from logitgate.production.packaging.seal import MANIFEST, seal
from logitgate.production.registry.model_files import load, register
from logitgate.production.registry.registry import Label, champion
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note
from tests.command import mlflow_asks
from tests.homes import filled, put_back
from tests.unreliable import free_port

LABEL = Label("**PASS**: saves 3 EUR per row", {"verdict": "PASS", "snapshot": "ab" * 32})


@pytest.fixture(scope="module")
def three_versions(one_home, mlflow_template, package):
    """A copy of a store, and its three registered versions."""

    def flights(store):
        with training_run(store, "flights", Note("weekly")) as run:
            return [register(run, "flights", package, LABEL) for _ in range(3)]

    return filled(one_home, mlflow_template, flights)


@pytest.fixture
def versions(three_versions, store, mlflow_home):
    """Three registered versions."""
    copy, made = three_versions
    put_back(copy, mlflow_home)
    return made


def files(store, version):
    """The folder in which the files of a version lie."""
    return Path(
        unquote(
            urlparse(store.client.get_model_version_download_uri(version.name, str(version.version))).path
        )
    )


def test_a_version_says_what_it_is(store, versions):
    """Numbered from one, with its run, its verdict, its data and its digest."""
    assert [version.version for version in versions] == [1, 2, 3]
    found = store.client.get_model_version("flights", "2")
    assert found.run_id == versions[1].run_id
    assert found.description == LABEL.description
    assert found.tags == {
        **LABEL.tags,
        "digest": versions[1].digest,
    }
    (model,) = [
        model
        for model in store.client.search_logged_models(
            [store.client.get_run(found.run_id).info.experiment_id]
        )
        if '"version": 2' in model.tags["mlflow.modelVersions"]
    ]
    assert str(model.status) == "READY"
    outputs = store.client.get_run(found.run_id).outputs.model_outputs
    assert model.model_id in {output.model_id for output in outputs}


def test_nothing_is_written_into_the_current_folder(store, versions):
    """No second store appears where the command was started."""
    assert list(Path.cwd().iterdir()) == []


def test_a_loaded_version_decides_as_the_registered_one(store, versions, package, served_rows):
    """Our own loader gives back the pipeline, the rule, the costs, the features and the reference."""
    loaded = load(store, versions[0])
    again, before = loaded.model.probability(served_rows), package.model.probability(served_rows)
    assert np.array_equal(again, before)
    assert (loaded.model.rule, loaded.model.costs) == (package.model.rule, package.model.costs)
    assert loaded.model.features == package.model.features
    assert (loaded.unit, loaded.profile) == (package.unit, package.profile)
    assert loaded.fitted_rows.scheme == package.fitted_rows.scheme
    assert np.array_equal(loaded.fitted_rows.hashes, package.fitted_rows.hashes)
    assert loaded.fitted_rows.hashes.dtype == np.uint64


def test_a_version_without_its_rows_still_loads(store, package, served_rows):
    """As those from before the rows were kept; it says that they are not known."""
    with training_run(store, "flights", Note("weekly")) as run:
        old = register(run, "flights", dataclasses.replace(package, fitted_rows=None), LABEL)
    assert not (files(store, old) / "artifacts" / "seen.npz").exists()
    loaded = load(store, old)
    assert loaded.fitted_rows is None
    assert np.array_equal(loaded.model.probability(served_rows), package.model.probability(served_rows))


def test_mlflow_finds_the_champion(store, versions, served_rows):
    """Those who serve it need MLflow and the alias, nothing else."""
    store.client.set_registered_model_alias("flights", "champion", "2")
    with mlflow_asks(store):
        served = mlflow.pyfunc.load_model("models:/flights@champion")
    assert len(served.predict(served_rows.astype({"job": object, "city": object}))) == len(served_rows)
    assert served.metadata.run_id == versions[1].run_id


@pytest.mark.parametrize(
    "name",
    [
        "artifacts/model.skops",
        "artifacts/decision.json",
        "artifacts/reference.json",
        "artifacts/seen.npz",
        "MLmodel",
        MANIFEST,
    ],
)
def test_a_changed_byte_is_refused_and_named(store, versions, name):
    """Whichever file it is in: what is loaded is what was registered, or nothing."""
    path = files(store, versions[0]) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ConflictError, match=re.escape(name)):
        load(store, versions[0])
    load(store, versions[1])


def test_changed_code_is_refused_although_we_never_run_it(store, versions):
    """Those who load by MLflow would run it."""
    (script,) = files(store, versions[0]).glob("code/*/decision/rule.py")
    script.write_text(script.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(ConflictError, match=r"rule\.py"):
        load(store, versions[0])


def test_added_and_missing_files_are_named(store, versions):
    """A model has exactly the files it was registered with."""
    (files(store, versions[0]) / "artifacts" / "more.py").write_text("")
    with pytest.raises(ConflictError, match=r"more\.py: was added"):
        load(store, versions[0])
    (files(store, versions[1]) / "requirements.txt").unlink()
    with pytest.raises(ConflictError, match=r"requirements\.txt: is missing"):
        load(store, versions[1])


@pytest.mark.parametrize(
    ("lay", "said"),
    [
        (lambda folder: (folder / "artifacts" / "more").symlink_to(folder / "MLmodel"), "symbolic link"),
        (lambda folder: (folder / "code" / "round").symlink_to(folder), "symbolic link"),
        (lambda folder: (folder / "gone").symlink_to(folder / "nowhere"), "symbolic link"),
        (lambda folder: os.mkfifo(folder / "artifacts" / "pipe"), "FIFO"),
        (lambda folder: (folder / "artifacts" / "none").mkdir(), "empty folder"),
        (lambda folder: (folder / "a" / "b").mkdir(parents=True), "empty folder"),
        (lambda folder: swapped(folder / "artifacts" / "decision.json"), "symbolic link"),
        (lambda folder: socket_at(folder / "code"), "socket"),
    ],
)
def test_what_is_no_file_is_refused_by_name(store, versions, lay, said):
    """Nothing is followed, nothing waited for, neither by the copy nor by the loader."""
    folder = files(store, versions[0])
    lay(folder)
    with pytest.raises(ConflictError, match=f"model file .*{said}"):
        load(store, versions[0])
    with pytest.raises(ConflictError, match=f"model file .*{said}"):
        unpack(folder, versions[0].digest)


def swapped(path):
    """Put a link to the same contents in the place of a file."""
    path.rename(path.with_suffix(".kept"))
    path.symlink_to(path.with_suffix(".kept").name)


def socket_at(folder):
    """Leave a socket in a folder; its path must be short."""
    with pytest.MonkeyPatch.context() as patch, socket.socket(socket.AF_UNIX) as made:
        patch.chdir(folder)
        made.bind("s")


def test_files_that_are_gone_are_said_to_be_gone(store, versions):
    """The registry answers; its version has lost its folder."""
    shutil.rmtree(files(store, versions[1]))
    with pytest.raises(ConflictError, match="gone from"):
        load(store, versions[1])


@pytest.mark.parametrize("uri", ["models:/flights@champion", "models:/flights/2", "models:/flights/Archived"])
def test_what_plain_mlflow_leaves_beside_a_model_is_no_tampering(store, versions, served_rows, uri):
    """Loading, serving and downloading by name write which name was asked for, where the files lie."""
    store.client.set_registered_model_alias("flights", "champion", "2")
    with mlflow_asks(store), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # stages
        store.client.transition_model_version_stage("flights", "2", "Archived")
        mlflow.pyfunc.load_model(uri)
        mlflow.artifacts.download_artifacts(uri)
    left = files(store, versions[1]) / "registered_model_meta"
    assert left.is_file()
    assert load(store, versions[1]).model.rule is not None
    for forged in (
        "model_name: flights\nmodel_version: '2'\nloader_module: os\n",
        "model_name: [flights]\nmodel_version: '2'\n",
        "import os\n",
        "\0",
        "",
        "model_name: !!python/object/apply:os.getcwd []\nmodel_version: 1\n",
        "model_name: flights\nmodel_version: '2'\n" + "#" * 5_000,
    ):
        left.write_text(forged, encoding="utf-8")
        with pytest.raises(ConflictError, match="registered_model_meta: was added"):
            load(store, versions[1])
    left.unlink()
    (files(store, versions[1]) / "code" / "registered_model_meta").write_text(
        "model_name: a\nmodel_version: 1"
    )
    with pytest.raises(ConflictError, match="code/registered_model_meta: was added"):
        load(store, versions[1])


def test_a_forged_manifest_is_refused(store, versions):
    """Somebody who can write files can also write their list, but not the version's digest."""
    ours, theirs = files(store, versions[0]), files(store, versions[1])
    (theirs / "artifacts" / "decision.json").write_bytes(
        (ours / "artifacts" / "decision.json").read_bytes() + b" "
    )
    assert seal(theirs) != versions[1].digest
    with pytest.raises(ConflictError, match=MANIFEST):
        load(store, versions[1])


def test_another_digest_in_the_registry_is_refused(store, versions):
    """A version whose digest was changed after it was judged is not loaded."""
    store.client.set_model_version_tag("flights", "1", "digest", "0" * 64)
    with pytest.raises(ConflictError, match="another digest"):
        load(store, versions[0])


def test_loading_runs_nothing_that_was_shipped(store, versions, monkeypatch):
    """Our loader does not ask MLflow to load."""

    def never(*_, **__):
        raise AssertionError

    monkeypatch.setattr(mlflow.pyfunc, "load_model", never)
    monkeypatch.setattr("mlflow.models.utils._load_model_code_path", never)
    assert load(store, versions[0]).model.rule is not None


def test_before_the_first_release_there_is_no_champion(store, versions):
    """Neither for a model that was never registered."""
    assert champion(store, "flights") is None
    assert champion(store, "never heard of") is None


def test_an_unreachable_store_is_not_an_absent_champion(store, versions):
    """Otherwise the next release would be a first one."""
    with pytest.raises(UnavailableError):
        champion(dataclasses.replace(store, registry_uri=f"http://127.0.0.1:{free_port()}"), "flights")


def test_a_store_without_its_tables_is_not_an_absent_champion(store, versions):
    """Neither is a database of which a part is gone."""
    with closing(sqlite3.connect(store.tracking_uri.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE registered_model_aliases")
    with pytest.raises(UnavailableError, match="no such table"):
        champion(store, "flights")


def test_what_cannot_be_packed_leaves_no_version(store, package):
    """A version appears last; the files of one that failed are marked as such."""
    model = dataclasses.replace(package.model, pipeline=os_join_pipeline())
    with pytest.raises(DataError), training_run(store, "flights", Note("weekly")) as run:
        register(run, "flights", dataclasses.replace(package, model=model), LABEL)
    assert store.client.search_registered_models() == []
    (failed,) = store.client.search_logged_models([run.experiment_id])
    assert str(failed.status) == "FAILED"


def os_join_pipeline():
    """A pipeline with a function that no loader should trust."""
    from os.path import join

    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer

    return Pipeline([("unknown", FunctionTransformer(func=join))])


def test_the_code_version_follows_the_code():
    """It starts with the release and is the same each time."""
    assert re.fullmatch(rf"{re.escape(__version__)}\+[0-9a-f]{{12}}", code_version())
    code_version.cache_clear()
    assert code_version() == code_version()
