"""The whole road: rows in, verdict out, a version in the registry, and production behind the gates."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

import logitgate as lg
from logitgate.gates.verdict.json_schema import verdict_schema
from logitgate.tracking.trainings.drawings import NAMES
from tests import projects
from tests.command import logitgate, mlflow_asks, opened
from tests.releases import promoted, registered

WEAK = {"features": {"numeric": ["speed", "load"]}}
"""A project that leaves out a feature which matters: it passes alone, and is beaten by PLAIN."""

PROMISED = {
    "model",
    "version",
    "run_id",
    "status",
    "promoted",
    "champion",
    "findings",
    "test",
    "threshold",
    "snapshot",
}


@pytest.fixture(scope="module")
def visits():
    """The rows of most tests."""
    return projects.table()


@pytest.fixture(scope="module")
def road(home, visits):
    """First release, a challenger refused, one promoted, the same once more, and one of older rows."""
    folder = home.parent
    weak = projects.write(folder / "weak", visits, **WEAK)
    strong = projects.write(folder / "strong", visits)
    answers = {
        "first": logitgate("train", weak, "--as-of", "2021-04-10", "--json"),
        "refused": logitgate("train", weak, "--as-of", "2021-04-11", "--json"),
        "better": logitgate("train", strong, "--json", all_figures=True),
        "again": logitgate("train", strong, "--json"),
        "before": logitgate("train", weak, "--as-of", "2021-04-02", "--json"),
    }
    return home, answers, strong


def test_the_first_model_that_passes_is_put_into_production(road):
    """Exit 0, every promised key, and the figures that justify it."""
    _, answers, _ = road
    first = answers["first"]
    got = first.json
    assert first.code == 0, first.everything
    assert set(got) >= PROMISED
    assert (got["model"], got["version"], got["status"]) == ("visits", 1, "PASS")
    assert (got["promoted"], got["champion"], got["repeated"]) == (True, 1, False)
    assert all(
        set(one) == {"check", "code", "subject", "status", "because", "figures"} for one in got["findings"]
    )
    assert {one["check"] for one in got["findings"]} >= {
        "contract",
        "rows",
        "leakage",
        "fit",
        "calibration",
        "baselines",
        "champion",
        "slices",
    }
    assert got["test"]["n"] > 800 and 0 < got["threshold"] < 1
    assert {"n", "cost", "savings", "log_loss", "auc", "slope"} <= set(got["test"])
    assert got["test"]["auc"] > 0.7 and got["test"]["savings"] > 0


def test_a_challenger_on_too_few_new_rows_is_registered_and_refused(road):
    """Its version says that it was refused and by whom; production stays as it was."""
    home, answers, _ = road
    refused = answers["refused"]
    assert refused.code == 1
    assert refused.json["version"] == 2 and refused.json["champion"] == 1
    assert refused.json["promoted"] is False and refused.json["status"] in ("FAIL", "INDETERMINATE")
    assert refused.findings("champion")
    version = opened(home).client.get_model_version("visits", "2")
    assert version.tags["verdict"] == refused.json["status"]
    assert "champion" in version.tags["refused_by"]
    assert version.description.startswith("Refused")
    assert "champion" not in version.aliases and "previous" not in version.aliases


def test_a_better_challenger_takes_over_and_the_old_champion_is_kept(road):
    """The gain over the champion is proven on the same rows; the aliases move."""
    home, answers, _ = road
    better = answers["better"]
    assert better.code == 0, better.out
    assert (better.json["version"], better.json["promoted"], better.json["champion"]) == (3, True, 3)
    judged = better.findings("champion", stopping=False)["version 1"]
    assert judged["status"] == "PASS" and judged["figures"]["upper"] < 0
    client = opened(home).client
    assert client.get_model_version_by_alias("visits", "champion").version == 3
    assert client.get_model_version_by_alias("visits", "previous").version == 1
    assert client.get_model_version("visits", "3").description.startswith("Passed")


def test_the_same_training_again_makes_nothing_and_tells_so(road):
    """The very same answer but for `repeated`; of five trainings four are runs with a version."""
    home, answers, _ = road
    again, better = answers["again"], answers["better"]
    assert again.code == 0 and again.json["repeated"] is True
    assert {**again.json, "repeated": False} == better.json
    client = opened(home).client
    assert len(client.search_model_versions("name='visits'")) == 4
    assert len(_parents(client)) == 4


def test_a_run_keeps_what_its_readers_need(road):
    """Parameters, metrics, tags, the dataset's digest and the files, in the project's own experiment."""
    home, answers, _ = road
    client, got = opened(home).client, answers["better"].json
    run = client.get_run(got["run_id"])
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "visits"
    assert run.data.params["form"] == "linear" and run.data.params["features"] == "speed, load, grip, side"
    assert float(run.data.params["cost.false_negative"]) == 8
    assert run.data.metrics["test.cost"] == got["test"]["cost"]
    assert run.data.metrics["threshold"] == got["threshold"]
    assert len(run.data.metrics) <= 40 and not any(name.startswith("slice.") for name in run.data.metrics)
    assert run.data.tags["verdict"] == "PASS" and run.data.tags["refused_by"] == "nobody"
    assert run.data.tags["snapshot"] == got["snapshot"] and run.data.tags["version"] == "3"
    assert run.data.tags["promoted"] == "true"
    assert run.data.tags["mlflow.note.content"].startswith("**PASS")
    (dataset,) = run.inputs.dataset_inputs
    assert got["snapshot"].startswith(dataset.dataset.digest) and len(dataset.dataset.digest) >= 32
    assert set(_files(client, got["run_id"])) >= {
        "verdict.md",
        "verdict.json",
        "evidence.md",
        "evidence/slices.json",
        *(f"figures/{name}.png" for name in NAMES if name != "recalibration"),
    }


def test_each_recipe_on_the_same_rows_needs_a_stronger_proof(road):
    """One recipe spends half of alpha however often it is trained, the next a sixth; on rules 3/2 of that."""
    home, answers, _ = road
    for k, name in ((1, "first"), (1, "refused"), (2, "better"), (2, "before")):
        got = answers[name].findings("rows", stopping=False)["test window"]
        assert got["figures"]["decision"] == k
        assert got["figures"]["alpha"] == pytest.approx(0.05 / (k * (k + 1)))
        proof = answers[name].findings("baselines", stopping=False)["flag-none"]
        assert (
            proof["figures"]["alpha"]
            == got["figures"]["alpha_of_rules"]
            == pytest.approx(0.075 / (k * (k + 1)))
        )
    assert answers["again"].findings("rows", stopping=False) == answers["better"].findings(
        "rows", stopping=False
    )
    tags = opened(home).client.get_run(answers["better"].json["run_id"]).data.tags
    assert "2021-03-08" < tags["test_first"] < tags["test_last"] < "2021-05-01"
    assert int(tags["test_rows"]) == answers["better"].json["test"]["n"] and len(tags["test_digest"]) == 64


def test_rows_that_the_champion_knows_are_left_out(road):
    """What is left of the judged rows is counted; where nothing is left the champion is not compared."""
    _, answers, _ = road
    better = answers["better"]
    got = better.findings("champion", stopping=False)["version 1: rows left out"]
    assert got["figures"]["left_out"] > 100 and got["figures"]["n"] > 200
    assert f"{got['figures']['left_out']} rows left out" in got["because"]
    assert got["figures"]["left_out"] + got["figures"]["n"] == better.json["test"]["n"]
    all_known = answers["before"].findings("champion")["version 3: rows left out"]
    assert (all_known["figures"]["n"], all_known["status"]) == (0, "INDETERMINATE")


def test_a_champion_without_its_rows_is_not_compared(commands, tmp_path, visits):
    """One that was registered before the rows were kept: INDETERMINATE with the way out, nothing promoted."""
    store = opened(commands)
    (old,) = registered(store, 1)
    promoted(store, old)
    got = logitgate("train", projects.write(tmp_path / "here", visits), "--json")
    assert got.code == 1 and got.json["champion"] == old.version
    finding = got.findings("champion")[f"version {old.version}: rows left out"]
    assert (
        finding["status"] == "INDETERMINATE" and "rollback PROJECT --to VERSION --force" in finding["because"]
    )


def test_runs_can_be_filtered_by_gate(road):
    """Each gate's status is a tag of the run, and the store finds runs by it; a version has ten at most."""
    home, answers, _ = road
    client, got = opened(home).client, answers["refused"].json
    experiment = client.get_experiment_by_name("visits").experiment_id
    refused = client.search_runs([experiment], f"tags.`gate.champion` = '{got['checks']['champion']}'")
    assert got["run_id"] in {run.info.run_id for run in refused}
    assert answers["better"].json["run_id"] not in {run.info.run_id for run in refused}
    version = client.get_model_version("visits", str(got["version"]))
    assert len(version.tags) <= 10 and not any(name.startswith("gate.") for name in version.tags)
    tags = client.get_run(got["run_id"]).data.tags
    found = {name: value for name, value in tags.items() if name.startswith("gate.")}
    assert found == {f"gate.{check}": status for check, status in got["checks"].items()}


def test_the_model_and_its_experiment_say_what_they_are(road):
    """The description names the event, the champion and why; the saved views and links are there."""
    from logitgate.tracking.links import links
    from logitgate.tracking.saved_views import TAG, VIEWS

    home, answers, _ = road
    store = opened(home)
    model = store.client.get_registered_model("visits")
    champion = model.aliases["champion"]
    assert "`bad` = `yes`" in model.description and f"Version {champion} is the champion" in model.description
    tags = store.client.get_experiment_by_name("visits").tags
    for view in VIEWS:
        kept = json.loads(tags[TAG + view.key])
        assert kept["name"] == view.name and json.loads(kept["state"])["searchFilter"] == view.search
        columns = json.loads(kept["state"])["selectedColumns"]
        run = store.client.get_run(answers["better"].json["run_id"])
        known = {*run.data.params, *run.data.metrics, *run.data.tags, "Duration"}
        wanted = {column.split("`")[1] for column in columns}
        assert view.key != "logitgate-trainings" or wanted <= known
    urls = [one.url for one in links(store, "http://127.0.0.1:5000")]
    assert f"http://127.0.0.1:5000/#/models/visits/versions/{champion}" in urls
    assert sum("viewStateShareKey=" in url and "workflowType=machine_learning" in url for url in urls) == 2


def test_the_verdict_file_is_the_printed_verdict(road, tmp_path):
    """verdict.json of the run holds what --json printed, and is of the published form."""
    home, answers, _ = road
    client, got = opened(home).client, answers["better"].json
    table = json.loads(
        Path(client.download_artifacts(got["run_id"], "slices.json", str(tmp_path))).read_text()
    )
    assert "side = north" in [row[table["columns"].index("slice")] for row in table["data"]]
    kept = Path(client.download_artifacts(got["run_id"], "verdict.json", str(tmp_path)))
    plain = json.loads(kept.read_text(encoding="utf-8"))
    assert plain == got
    jsonschema.validate(plain, verdict_schema())
    assert plain["checks"]["self-test"] == "PASS" and "slices" in plain["exhibits"]


def test_every_candidate_is_a_run_below_its_training(road):
    """Form, C and cross-validated log loss can be compared side by side."""
    home, answers, _ = road
    client, got = opened(home).client, answers["better"].json
    experiment = client.get_experiment_by_name("visits").experiment_id
    below = f"tags.`mlflow.parentRunId` = '{got['run_id']}'"
    children = client.search_runs([experiment], below)
    assert {(run.data.params["form"], run.data.params["C"]) for run in children} == {
        ("linear", "0.1"),
        ("linear", "1.0"),
    }
    assert all(0 < run.data.metrics["cv.log_loss"] < 0.7 for run in children)
    chosen = [run for run in children if run.data.tags["chosen"] == "true"]
    assert [run.data.params["C"] for run in chosen] == [client.get_run(got["run_id"]).data.params["C"]]
    for run in children:
        assert run.data.tags["verdict"] == "PASS" and int(run.data.params["rows"]) == got["test"]["n"]
        assert run.data.metrics["cv.cost"] > 0 and run.data.metrics["cv.cost_error"] > 0
    assert {run.info.status for run in children} == {"FINISHED"}


def test_the_default_experiment_stays_empty(road):
    """Its artifact root belongs to whoever came first, so nothing is put there."""
    home, _, _ = road
    client = opened(home).client
    assert client.search_runs(["0"]) == []
    assert {one.name for one in client.search_experiments()} == {"Default", "visits", "logitgate ledger"}


def test_mlflow_alone_answers_as_our_own_loader_does(road, visits):
    """`mlflow.pyfunc.load_model` needs nothing of ours, and gives the same bits."""
    import mlflow

    from logitgate.decision.answering import ANSWER, UNFAMILIAR
    from logitgate.production.release import release
    from logitgate.project.reading.load import load_project

    home, answers, strong = road
    store = opened(home)
    version, package = release.load_version(store, load_project(strong), None)
    assert version.version == 3
    rows = visits.iloc[:200][["speed", "load", "grip", "side"]]
    with mlflow_asks(store):
        served = mlflow.pyfunc.load_model("models:/visits@champion")
        answer, example = served.predict(rows), served.input_example
    assert list(example.columns) == list(rows) and np.isfinite(served.predict(example)["probability"]).all()
    assert tuple(answer.columns) == (*ANSWER, UNFAMILIAR)
    typed = rows.astype({"side": "category"})
    np.testing.assert_array_equal(answer["probability"], package.model.probability(typed))
    assert set(answer["threshold"]) == {answers["better"].json["threshold"]}
    np.testing.assert_array_equal(answer["decision"], answer["probability"] >= answer["threshold"])
    np.testing.assert_allclose(
        answer["cost_if_flagged"], 1 * answer["probability"] + 2 * (1 - answer["probability"])
    )
    np.testing.assert_allclose(answer["cost_if_passed"], 8 * answer["probability"])


def test_two_fresh_stores_give_the_same_bits(road, commands, tmp_path, visits):
    """Coefficients, threshold and findings follow from rows and project alone, not from where they lie."""
    home, answers, _ = road
    file = projects.write(tmp_path / "here", visits, **WEAK)
    got = logitgate("train", file, "--as-of", "2021-04-10", "--json").json
    first = answers["first"].json
    ids = {"run_id": None}
    assert {**got, **ids} == {**first, **ids}
    np.testing.assert_array_equal(_coefficients(commands, 1), _coefficients(home, 1))


def test_the_order_of_the_rows_does_not_matter(road, tmp_path, visits):
    """A permuted table gives the same coefficients and findings; only its digest may differ."""
    home, answers, _ = road
    shuffled = visits.sample(frac=1, random_state=3)
    got = lg.train(projects.write(tmp_path / "here", shuffled, **WEAK), as_of="2021-04-10")
    np.testing.assert_array_equal(_weights(got.model.pipeline), _coefficients(home, 1))
    assert got.evidence.judged.evaluation.figures()["cost"] == answers["first"].json["test"]["cost"]
    as_filed = lg.train(projects.write(tmp_path / "filed", visits, **WEAK), as_of="2021-04-10")
    assert _findings(got) == _findings(as_filed)


def test_what_comes_after_the_date_is_not_looked_at(tmp_path, visits):
    """Later rows, however unusual, change the digest and the count of rows left out, and nothing else."""
    date = "2021-04-20"
    later = projects.table(500, seed=9, signal=-3.0)
    later["visit"] = "w" + later["visit"].str[1:]
    later["at"] += pd.Timedelta(days=51)
    later["day"] = later["at"].dt.strftime("%Y-%m-%d")
    short = visits[visits["at"] < pd.Timestamp(date, tz="UTC")]
    longer = pd.concat([short, later], ignore_index=True)
    one = lg.train(projects.write(tmp_path / "short", short), as_of=date)
    two = lg.train(projects.write(tmp_path / "long", longer), as_of=date)
    np.testing.assert_array_equal(_weights(one.model.pipeline), _weights(two.model.pipeline))
    assert one.digest != two.digest and _findings(one) == _findings(two)
    (sample,) = (found for found in two.verdict.findings if found.subject == "sample")
    assert sample.figures["after_as_of"] == 500


def test_the_day_before_maturity_is_left_out(road, visits):
    """Rows whose outcome is younger than it takes to mature are counted, not learned from."""
    figures = road[1]["better"].findings("rows", stopping=False)["sample"]["figures"]
    newest = visits["at"].max()
    assert figures["immature"] == int((visits["at"] > newest - pd.Timedelta(days=1)).sum())
    assert figures["used"] == len(visits) - figures["immature"]


def test_without_a_signal_nothing_reaches_production(commands, tmp_path):
    """The verdict names what was never reached, no version is made, and the exit code says no."""
    got = logitgate("train", projects.write(tmp_path / "here", projects.table(signal=0.0)), "--json")
    assert got.code == 1
    assert (got.json["promoted"], got.json["champion"]) == (False, None)
    assert got.findings("fit") or got.findings("baselines")


def test_a_person_reads_the_same_verdict_and_no_row_is_kept_where_none_may_be(commands, tmp_path, visits):
    """One screen with the verdict and what is in production; the same training again by all its findings.

    `--no-golden` keeps rows made of deciles; the version is promoted by them all the same.
    """
    from logitgate.production.registry import model_files, registry

    project = projects.write(tmp_path / "here", visits)
    got = logitgate("train", project, "--no-golden")
    assert got.code == 0 and len(got.out.splitlines()) < 24
    assert "Released: version 1 saves" in got.out and "Version 1 is in production" in got.out
    store = opened(commands)
    golden = model_files.load(store, registry.numbered(store, "visits", 1)).golden
    assert golden.frame["speed"].nunique() <= 9 and not golden.frame["speed"].isin(visits["speed"]).all()
    again = logitgate("train", project, "--no-golden", "--all")
    assert "was done before" in again.out and "PASS" in again.out
    assert "calibration-in-the-large" in again.out and "judged rows" in again.out


def _findings(trained):
    """All findings but the counts of rows that were left out, which are figures of these two checks."""
    return [
        (one.check, one.subject, one.status, one.figures if one.check not in ("rows", "contract") else {})
        for one in trained.verdict.findings
    ]


def _coefficients(home, version):
    from logitgate.production.registry import model_files, registry

    store = opened(home)
    return _weights(model_files.load(store, registry.numbered(store, "visits", version)).model.pipeline)


def _weights(pipeline):
    return np.concatenate([pipeline[-1].coef_.ravel(), pipeline[-1].intercept_])


def _parents(client):
    experiment = client.get_experiment_by_name("visits").experiment_id
    return [run for run in client.search_runs([experiment]) if "mlflow.parentRunId" not in run.data.tags]


def _files(client, run_id, folder=None):
    for one in client.list_artifacts(run_id, folder):
        if one.is_dir:
            yield from _files(client, run_id, one.path)
        else:
            yield one.path
