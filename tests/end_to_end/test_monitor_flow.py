"""`logitgate monitor`: windows of new rows, what they show, and what is done about it."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL

from logitgate.limits import Bound
from logitgate.monitoring.reactions.policy import ActionReason, Reaction
from logitgate.monitoring.reactions.remedies import Action, Failure, Symptom
from logitgate.monitoring.window import MonitoringResult, MonitoringWindow, WindowEvidence
from logitgate.production.promotion.lock import held
from logitgate_flows.reactions import act
from tests import projects
from tests.command import logitgate, opened
from tests.services import listening

TRAINED = "2021-05-01"
WINDOWS = [("2021-05-01", "2021-05-15"), ("2021-05-15", "2021-05-29"), ("2021-05-29", "2021-06-12")]
WEAK = {"features": {"numeric": ["speed"]}}


@pytest.fixture(scope="module")
def road(home):
    """A sound champion, a bad one forced into its place later, and rows that come after both."""
    folder = home.parent
    visits = projects.table(9_000, days=110)
    strong = projects.write(folder / "strong", visits)
    weak = projects.write(folder / "weak", visits, **WEAK)
    assert logitgate("train", strong, "--as-of", TRAINED, "--json").json["champion"] == 1
    assert logitgate("train", weak, "--as-of", TRAINED, "--json").json["version"] == 2
    return home, strong, visits


def watched(project, window, *words, table=None):
    """Watch a window, with all its outcomes mature."""
    since, until = window
    table = project.parent / "visits.parquet" if table is None else table
    return logitgate(
        *("monitor", project, "--table", table, "--since", since, "--until", until),
        *("--as-of", "2021-06-30", "--json", *words),
    )


def test_a_sound_window_needs_nothing(road):
    """Exit 0, every promised key, and a run with points on the curves."""
    home, project, _ = road
    answer = watched(project, WINDOWS[0])
    got = answer.json
    assert answer.code == 0, answer.everything
    assert set(got) >= {"window", "n", "version", "action", "because", "findings"}
    assert (got["action"], got["version"], got["acted"]) == ("none", 1, [])
    assert got["window"] == "2021-05-01 00:00 to 2021-05-15 00:00" and got["n"] > 1_000
    checks = {one["check"] for one in got["findings"]}
    assert checks >= {"contract", "labels", "estimate", "calibration", "cost", "previous", "staleness"}
    client = opened(home).client
    run = client.get_run(got["run_id"])
    assert run.data.tags["window.action"] == "none" and run.info.status == "FINISHED"
    assert {one.path for one in client.list_artifacts(got["run_id"])} >= {"monitoring.json", "evidence.md"}
    again = watched(project, WINDOWS[1])
    first, second = (_page(client, one["run_id"]) for one in (got, again.json))
    assert "Nothing to do: visits version 1" in first and "<figure>" not in first
    assert second.count("<figure>") > 3
    (curves,) = client.search_runs([run.info.experiment_id], "tags.`logitgate.curves` = 'true'")
    assert curves.info.run_name == "version 1: curves"
    files = {one.path for one in client.list_artifacts(curves.info.run_id)}
    assert {"cost.png", "calibration.png", "age.png"} <= files
    ends = [datetime(2021, 5, day, tzinfo=UTC).timestamp() * 1_000 for day in (15, 29)]
    for name in ("cost/value", "cost/low", "calibration/limit_high", "cost against no model/value"):
        points = client.get_metric_history(curves.info.run_id, name)
        assert [(point.step, point.timestamp) for point in points] == [(0, ends[0]), (14, ends[1])], name
    assert again.json["action"] == "none"
    assert client.get_experiment(run.info.experiment_id).name == "visits-monitoring"


def _page(client, run_id):
    """Return the page of a window."""
    return Path(client.download_artifacts(run_id, "report.html")).read_text("utf-8")


def test_outcomes_may_come_later_and_apart(road, tmp_path):
    """Rows without outcomes are estimated; with a table of outcomes by id they are judged."""
    _, project, visits = road
    rows, labels = tmp_path / "rows.parquet", tmp_path / "labels.parquet"
    visits.drop(columns="bad").to_parquet(rows)
    visits[["visit", "bad"]].to_parquet(labels)
    blind = watched(project, WINDOWS[0], table=rows)
    seeing = watched(project, WINDOWS[0], "--labels", labels, table=rows)
    assert blind.code == seeing.code == 0, blind.everything + seeing.everything
    cost = {one.findings("cost", stopping=False)["mean cost per row"]["status"] for one in (seeing,)}
    assert cost == {"PASS"}
    assert {one["status"] for one in blind.findings("cost", stopping=False).values()} == {"INSUFFICIENT"}
    young = logitgate(
        *("monitor", project, "--table", rows, "--labels", labels, "--json"),
        *("--since", "2021-05-01", "--until", "2021-05-15", "--as-of", "2021-05-01"),
    )
    assert young.findings("labels", stopping=False)["window"]["figures"]["matured"] == 0


def test_rows_that_break_their_contract_are_put_aside(road, tmp_path):
    """Exit 1, and nothing is said about the model by them."""
    _, project, visits = road
    broken = tmp_path / "broken.parquet"
    visits.drop(columns="grip").to_parquet(broken)
    answer = watched(project, WINDOWS[0], table=broken)
    assert (answer.code, answer.json["action"]) == (1, "quarantine")
    assert {one["check"] for one in answer.json["findings"]} == {"contract"}


def test_a_window_without_rows_is_no_good_news(road):
    """An export that did not come is looked into as broken rows are."""
    _, project, _ = road
    answer = watched(project, ("2022-01-01", "2022-02-01"))
    assert (answer.code, answer.json["action"], answer.json["n"]) == (1, "quarantine", 0)


def test_what_was_served_is_held_against_what_is_known(road, tmp_path):
    """The same rows pass; one feature that was served otherwise puts the rows aside, and is named."""
    home, project, visits = road
    from logitgate.production.registry import model_files, registry

    store = opened(home)
    package = model_files.load(store, registry.numbered(store, "visits", 1))
    served = visits.assign(side=visits["side"].astype("category"))
    served["probability"] = package.model.probability(served)
    served = served[served["at"] < "2021-05-15"]
    same, other = tmp_path / "same.parquet", tmp_path / "other.parquet"
    served.drop(columns="bad").to_parquet(same)
    served.assign(speed=served["speed"].where(served.index % 50 != 0, 0.5)).drop(columns="bad").to_parquet(
        other
    )
    sound = watched(project, WINDOWS[0], "--served", same)
    assert sound.code == 0, sound.everything
    assert not sound.findings("skew") and sound.findings("skew", stopping=False)
    skewed = watched(project, WINDOWS[0], "--served", other)
    assert (skewed.code, skewed.json["action"]) == (1, "quarantine")
    assert any("speed" in one["because"] for one in skewed.findings("skew").values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "--since: 'soon' is not a date"),
        (("--since", "2021-05-02", "--until", "2021-05-02"), "is not before --until"),
    ],
)
def test_impossible_windows_are_refused(road, words, said):
    """With exit code 2."""
    _, project, _ = road
    answer = logitgate("monitor", project, "--table", project.parent / "visits.parquet", "--json", *words)
    assert answer.code == 2 and said in answer.json["error"]


@pytest.mark.parametrize(
    ("judged", "failed"),
    [
        ({}, None),
        ({"digest": "0" * 64}, Failure.CONFLICT),
        ({"version": 2}, Failure.CONFLICT),
    ],
)
def test_a_training_is_asked_for_about_the_version_that_was_judged(road, monkeypatch, judged, failed):
    """While another one is in production nothing is asked for; the window's run and the exit code say so."""
    home, project, _ = road
    got, client = watched(project, WINDOWS[0]).json, opened(home).client
    trained = client.get_experiment_by_name("visits").experiment_id
    before = len(client.search_runs([trained]))
    limits = MonitoringWindow(
        *(datetime.fromisoformat(f"{day}T00:00Z") for day in (*WINDOWS[0], "2021-06-30"))
    )
    wanted = Reaction(Action.RETRAIN, (ActionReason((Symptom.STALE,), Action.RETRAIN),))
    found = MonitoringResult(
        "visits", limits, got["n"], 1, WindowEvidence(), wanted, got["run_id"], got["digest"]
    )
    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())  # there an automation trains
    done = act(project, replace(found, **judged))
    assert (done.done, done.failed) == (None if failed else Action.RETRAIN, failed)
    assert done.exit_code == (4 if failed else 1)
    kept = client.get_run(got["run_id"]).data.tags
    assert (kept["window.done"], kept["window.failed"]) == (done.done or "", done.failed or "")
    assert kept["window.acted"] == "; ".join(done.acted)
    assert ("nothing was changed" in kept["window.acted"]) == (failed is Failure.CONFLICT)
    assert len(client.search_runs([trained])) == before
    assert client.get_model_version_by_alias("visits", "champion").version == 1


def test_the_bad_release_is_rolled_back_once(road, tmp_path, monkeypatch):
    """Forced in, it loses on two windows and is gone back from; the champion that came back stays."""
    home, project, _ = road
    forced = logitgate("rollback", project, "--to", "2", "--force", "--reason", "a bad release")
    assert forced.code == 0, forced.everything
    with listening() as (address, bodies):
        monkeypatch.setenv("LOGITGATE_NOTIFY", f"json://{address}")
        first = watched(project, WINDOWS[0], "--act")
        assert first.code != 3 and first.json["version"] == 2 and first.json["action"] == "investigate", (
            first.everything
        )
        with held(opened(home), "promote-visits", 5), pytest.MonkeyPatch.context() as patch:
            patch.setattr("logitgate.production.promotion.lock.LOCK", Bound(0.2))
            blocked = watched(project, WINDOWS[1], "--act")
        assert (blocked.code, blocked.json["failed"], blocked.json["wanted"]) == (
            3,
            "unavailable",
            "roll back",
        )
        assert opened(home).client.get_model_version_by_alias("visits", "champion").version == 2
        second = watched(project, WINDOWS[1], "--act")
        assert (second.code, second.json["action"]) == (1, "roll back"), second.everything
    assert second.json["acted"] == ["rolled back from version 2 to version 1"]
    assert "roll back" in bodies[2]["title"] and "rolled back from version 2" in bodies[2]["message"]
    assert "will be tried again" in bodies[1]["message"]
    client = opened(home).client
    assert client.get_model_version_by_alias("visits", "champion").version == 1
    kept = client.get_run(second.json["run_id"]).data.tags
    assert "rolled back" in kept["window.acted"] and kept["window.done"] == "roll back"
    tenures = logitgate("history", project, "--verify", "--json").json["tenures"]
    assert tenures[-1]["reason"].startswith("monitoring of 2021-05-15")
    after = watched(project, WINDOWS[2], "--act")
    assert after.json["version"] == 1 and after.json["action"] in ("none", "investigate")


def test_without_an_address_for_messages_nothing_changes(road, monkeypatch):
    """A webhook that is down, and an address that is none: the answer and the exit code stay."""
    _, project, _ = road
    monkeypatch.setattr("logitgate_flows.messages.notify._PAUSE_SECONDS", 0)
    monkeypatch.setenv("LOGITGATE_NOTIFY", "json://127.0.0.1:9/secret nonsense")
    answer = watched(project, ("2022-01-01", "2022-02-01"))
    assert (answer.code, answer.json["action"]) == (1, "quarantine")
    assert "could not be reached" in answer.log and "secret" not in answer.everything
