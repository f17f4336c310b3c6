"""Recording runs: nothing lost silently, nothing left running."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from logitgate.errors import UnavailableError
from logitgate.tracking.batches import RunEntries, shortened
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import DatasetNote, Note, artifacts, candidates, dataset, experiment, record


def status(run):
    """The status that the store has for a run."""
    return run.store.client.get_run(run.run_id).info.status


def data(run):
    """The parameters, metrics and tags that the store has for a run."""
    return run.store.client.get_run(run.run_id).data


def test_an_experiment_is_made_once_and_found_again(store, mlflow_home):
    """It is never Default, and its files lie with the embedded store."""
    made = experiment(store, "flights")
    assert experiment(store, "flights") == made != "0"
    assert store.client.get_experiment(made).artifact_location == f"file://{mlflow_home}/artifacts/flights"


def test_two_creators_get_the_same_experiment(store):
    """Who comes second finds what the first has made, instead of an error."""
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: experiment(store, "race"), range(8)))
    assert len(set(ids)) == 1


def test_losing_the_race_is_no_error(store, monkeypatch):
    """The experiment appears between looking for it and making it."""
    made = experiment(store, "flights")
    real, answers = MlflowClient.get_experiment_by_name, iter([True])

    def late(client, name):
        return None if next(answers, False) else real(client, name)

    monkeypatch.setattr(MlflowClient, "get_experiment_by_name", late)
    assert experiment(store, "flights") == made


def test_a_deleted_experiment_comes_back(store):
    """A name that somebody has deleted in the UI can be used again."""
    made = experiment(store, "flights")
    store.client.delete_experiment(made)
    assert experiment(store, "flights") == made
    assert store.client.get_experiment(made).lifecycle_stage == "active"


def test_a_run_ends_finished(store):
    """It has its name, description and tags while it runs, and is over afterwards."""
    with training_run(store, "flights", Note("weekly", "# Why", {"as_of": "2013-05-01"})) as run:
        assert status(run) == "RUNNING"
    assert status(run) == "FINISHED"
    found = store.client.get_run(run.run_id)
    assert found.info.run_name == "weekly"
    assert found.data.tags["mlflow.note.content"] == "# Why"
    assert found.data.tags["as_of"] == "2013-05-01"


@pytest.mark.parametrize(
    ("error", "expected"),
    [(ValueError("wrong"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(143), "KILLED")],
)
def test_a_run_ends_as_what_happened(store, error, expected):
    """An error fails the run, an interruption kills it, and both go on their way."""
    with pytest.raises(type(error)), training_run(store, "flights", Note("weekly")) as run:
        raise error
    assert status(run) == expected


def test_sigterm_kills_the_run_and_not_more(store):
    """The run does not stay RUNNING, the exit code tells why, and the signal is as before afterwards."""
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(SystemExit) as leaving, training_run(store, "flights", Note("weekly")) as run:
        os.kill(os.getpid(), signal.SIGTERM)
    assert leaving.value.code == 143
    assert status(run) == "KILLED"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_somebody_elses_signal_handling_is_left_alone(store):
    """Prefect turns SIGTERM into an exception of its own; ours must not take its place."""

    def theirs(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, theirs)
    try:
        with pytest.raises(KeyboardInterrupt), training_run(store, "flights", Note("weekly")) as run:
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert status(run) == "KILLED"


def test_the_error_under_way_is_not_hidden(store, monkeypatch):
    """When even the end cannot be recorded, the first error is the one that is raised."""

    def down(*_, **__):
        raise MlflowException("gone")

    with pytest.raises(ValueError, match="first"), training_run(store, "flights", Note("weekly")):
        monkeypatch.setattr(MlflowClient, "set_terminated", down)
        raise ValueError("first")


def test_the_run_of_mlflow_run_is_continued_once(store, monkeypatch):
    """Under `mlflow run` no second run appears, but a later run of the same process is its own."""
    made = {"mlflow.project.entryPoint": "train"}
    given = store.client.create_run(experiment(store, "flights"), tags=made).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", given)
    with training_run(store, "flights", Note("weekly", "# Why")) as first:
        pass
    with training_run(store, "flights", Note("weekly")) as second:
        pass
    assert first.run_id == given != second.run_id
    assert store.client.get_run(given).info.run_name == "weekly"
    assert status(first) == "FINISHED"


@pytest.mark.parametrize(
    ("tags", "ended"),
    [
        ({}, None),
        ({"mlflow.project.entryPoint": "main"}, "FINISHED"),
        ({"mlflow.project.entryPoint": "main"}, "KILLED"),
        ({"mlflow.project.entryPoint": "main", "logitgate.key": "1"}, None),
    ],
)
def test_the_run_of_somebody_else_is_left_alone(store, monkeypatch, tags, ended):
    """Whether a notebook made it, it has ended, or a training has used it: nothing is written there."""
    given = store.client.create_run(experiment(store, "others"), tags=tags).info.run_id
    if ended:
        store.client.set_terminated(given, ended)
    before = store.client.get_run(given).to_dictionary()
    monkeypatch.setenv("MLFLOW_RUN_ID", given)
    with training_run(store, "flights", Note("weekly")) as run:
        pass
    assert run.run_id != given and status(run) == "FINISHED"
    assert store.client.get_run(given).to_dictionary() == before


def test_a_run_id_of_another_store_is_refused(store, monkeypatch):
    """MLFLOW_RUN_ID that the store does not know stops, instead of recording elsewhere."""
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(UnavailableError, match="not found"), training_run(store, "flights", Note("weekly")):
        pass


def test_metrics_that_are_not_finite_are_left_out_and_named(store):
    """Neither NaN nor an infinity becomes a number in the store."""
    with training_run(store, "flights", Note("weekly")) as run:
        record(run, RunEntries(metrics={"auc": 0.75, "slope": float("nan"), "savings": float("-inf")}))
    assert data(run).metrics == {"auc": 0.75}
    assert data(run).tags["metrics_left_out"] == "slope (nan), savings (-inf)"


def test_more_entries_than_a_batch_takes(store, monkeypatch):
    """MLflow refuses batches of over 100 parameters or tags, or 1,000 entries; none is lost."""
    real, sizes = MlflowClient.log_batch, []

    def counted(client, run_id, *parts, **named):
        sizes.append(sum(len(part) for part in (*parts, *named.values())))
        return real(client, run_id, *parts, **named)

    monkeypatch.setattr(MlflowClient, "log_batch", counted)
    entries = RunEntries(
        params={f"p{number}": number for number in range(230)},
        metrics={f"m{number}": number for number in range(1_700)},
        tags={f"t{number}": number for number in range(120)},
    )
    with training_run(store, "flights", Note("weekly")) as run:
        record(run, entries)
    found = data(run)
    assert found.params == {name: str(value) for name, value in entries.params.items()}
    assert found.metrics == entries.metrics
    assert entries.tags.keys() <= found.tags.keys()
    assert max(sizes) <= 1_000


def test_what_is_cut_says_so(store):
    """MLflow would cut long texts without a word."""
    with training_run(store, "flights", Note("weekly")) as run:
        record(run, RunEntries(params={"p": "x" * 7_000}, tags={"t": "y" * 9_000}))
    assert data(run).params["p"].endswith("x... (7000 characters)")
    assert data(run).tags["t"].endswith("y... (9000 characters)")
    assert shortened("short", 10) == "short"


def test_names_that_mlflow_forbids(store):
    """A slice of any name can be recorded."""
    with training_run(store, "flights", Note("weekly")) as run:
        record(run, RunEntries(metrics={"slice/Köln = 5 % @ home": 1.0}))
    assert data(run).metrics == {"slice/Köln _ 5 _ _ home": 1.0}


def test_a_parameter_is_never_overwritten(store):
    """A second value for a parameter is a refusal in our words."""
    with training_run(store, "flights", Note("weekly")) as run:
        record(run, RunEntries(params={"C": 1}))
        with pytest.raises(UnavailableError, match="C"):
            record(run, RunEntries(params={"C": 2}))


def test_candidates_are_runs_of_their_own(store):
    """Each model that was tried can be compared in the UI, below the run that tried it."""
    tried = {
        "linear C=1.0": RunEntries({"form": "linear", "C": 1.0}, {"mean_cost": 2.5}),
        "spline C=0.1": RunEntries({"form": "spline", "C": 0.1}, {"mean_cost": 2.25, "slope": float("nan")}),
    }
    with training_run(store, "flights", Note("weekly")) as run:
        candidates(run, tried)
    found = store.client.search_runs(
        [run.experiment_id], f"tags.mlflow.parentRunId = '{run.run_id}'", order_by=["attributes.run_name"]
    )
    assert [child.info.run_name for child in found] == list(tried)
    assert [child.info.status for child in found] == ["FINISHED", "FINISHED"]
    assert found[1].data.params == {"form": "spline", "C": "0.1"}
    assert found[1].data.metrics == {"mean_cost": 2.25}
    assert found[1].data.tags["metrics_left_out"] == "slope (nan)"


def test_the_dataset_has_our_digest(store):
    """What was learned from is an input of the run: its digest and counts, not a cell."""
    with training_run(store, "flights", Note("weekly")) as run:
        dataset(run, DatasetNote("flights", "ab" * 32, "data/flights.csv.gz", {"rows": 300, "events": 40}))
    (found,) = store.client.get_run(run.run_id).inputs.dataset_inputs
    assert found.dataset.name == "flights"
    assert found.dataset.digest == ("ab" * 32)[:36]
    assert json.loads(found.dataset.profile) == {"rows": 300, "events": 40}
    assert [(tag.key, tag.value) for tag in found.tags] == [("mlflow.data.context", "training")]


def test_files_are_kept_with_the_run(store, tmp_path):
    """A folder of files is found again under the run."""
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "report.md").write_text("# Report")
    with training_run(store, "flights", Note("weekly")) as run:
        artifacts(run, folder)
    assert [file.path for file in store.client.list_artifacts(run.run_id)] == ["report.md"]


def test_names_that_differ_only_in_what_mlflow_forbids_stay_apart(store):
    """Two levels never share a metric, and a level of any length stops no run."""
    names = [
        f"slice.tenure = {level}.cost" for level in ("< 1 year", "> 1 year", "y" * 233, "y" * 234, "1 year")
    ]
    with training_run(store, "flights", Note("weekly")) as run:
        record(run, RunEntries(metrics={name: float(at) for at, name in enumerate(names)}))
    kept = data(run).metrics
    assert sorted(kept.values()) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert kept["slice.tenure _ 1 year.cost"] == 4.0
    assert all(len(name) <= 250 for name in kept)
