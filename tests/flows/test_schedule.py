"""A schedule on a single host: what is due, what is caught up, what is tried again."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logitgate.errors import HeldError, ProjectError, UnavailableError
from logitgate.project.operations.schedule import words
from logitgate.project.reading.load import load_project, parse_project
from logitgate_flows.messages.reports import read_receipt
from logitgate_flows.scheduling import schedule as clock
from logitgate_flows.scheduling.completed_slots import completed_slots
from tests import projects
from tests.command import logitgate
from tests.wording import refusal

JOBS = {
    "time_zone": "Europe/Lisbon",
    "catch_up": "400 days",
    "train": {"cron": "0 6 1 * *"},
    "monitor": {"cron": "0 5 * * *", "table": "visits.parquet", "window": "7 days", "lag": "2 days"},
    "score": {"cron": "0 4 * * *", "table": "visits.parquet", "out": "scores/{slot}.csv"},
}
NOW = datetime(2021, 5, 4, 12, tzinfo=UTC)


def refused(schedule):
    """Return the refusal of a schedule."""
    return refusal(ProjectError, parse_project, projects.plain(schedule=schedule), "visits.toml")


def test_a_schedule_says_whose_clock_it_means(wording):
    """No time zone, or one that does not exist, is refused."""
    without = {key: value for key, value in JOBS.items() if key != "time_zone"}
    wording(refused(without), refused(JOBS | {"time_zone": "Mars/Olympus"}))


def test_what_cannot_run_is_refused(wording):
    """An expression with a sixth field, one that never comes, scores that replace each other."""
    six, never = {"train": {"cron": "0 0 6 1 * *"}}, {"train": {"cron": "0 6 31 2 *"}}
    same_file = {"score": {"cron": "0 4 * * *", "out": "scores.csv"}}
    wording(*(refused(JOBS | one) for one in (six, never, same_file)))


def test_each_window_is_caught_up_and_only_the_latest_training(tmp_path):
    """After three days of silence three windows are due, and one file of scores."""
    clock = load_project(projects.write(tmp_path, schedule=JOBS)).schedule
    found = {job.name: clock.outstanding(job, NOW - timedelta(days=3), NOW) for job in clock.jobs}
    assert [f"{slot:%d %H:%M}" for slot in found["monitor"]] == ["02 04:00", "03 04:00", "04 04:00"]
    assert [f"{slot:%d %H:%M}" for slot in found["score"]] == ["04 03:00"]
    assert found["train"] == ()


def test_each_command_is_given_its_slot(tmp_path):
    """Rows and outcomes end where the slot says, however late the run is."""
    clock = load_project(projects.write(tmp_path, schedule=JOBS)).schedule
    got = {job.name: words(clock, job, NOW) for job in clock.jobs}
    table = str(tmp_path / "visits.parquet")
    assert got["train"] == ("--as-of", "2021-05-04T12:00:00+00:00")
    assert got["monitor"] == (
        *("--table", table, "--since", "2021-04-25T12:00:00+00:00", "--until", "2021-05-02T12:00:00+00:00"),
        *("--as-of", "2021-05-04T12:00:00+00:00", "--act"),
    )
    assert got["score"] == ("--table", table, "--out", str(tmp_path / "scores" / "2021-05-04T1200Z.csv"))


def test_a_project_without_a_schedule_says_how_to_make_one(commands, tmp_path):
    """Exit 2, before anything starts."""
    answer = logitgate("schedule", projects.write(tmp_path), "--once")
    assert answer.code == 2 and "[schedule.train]" in answer.err


def test_the_next_slots_are_printed(commands, tmp_path):
    """Each job with its next moment, later than now."""
    answer = logitgate("schedule", projects.write(tmp_path, schedule=JOBS), "--next")
    got = {one["job"]: datetime.fromisoformat(one["next"]) for one in json.loads(answer.out)}
    assert set(got) == {"train", "monitor", "score"} and min(got.values()) > datetime.now(UTC)


def test_a_book_begins_now_and_keeps_what_was_done(tmp_path):
    """A new job does not do its past; a noted slot stays noted."""
    with completed_slots(tmp_path, "visits") as book:
        assert book.done("train", NOW) == NOW
        assert book.done("train", NOW + timedelta(days=9)) == NOW
        book.note("train", NOW + timedelta(days=1))
    with completed_slots(tmp_path, "visits") as book:
        assert book.done("train", NOW) == NOW + timedelta(days=1)


def test_two_schedules_of_a_model_are_one_too_many(tmp_path):
    """The second one is refused; another model's is not; the end of the first one frees the place."""
    with completed_slots(tmp_path, "visits"):
        with pytest.raises(HeldError, match="another schedule"), completed_slots(tmp_path, "visits"):
            pass
        with completed_slots(tmp_path, "calls"):
            pass
    with completed_slots(tmp_path, "visits"):
        pass


@pytest.mark.parametrize("kept", ["{", "[]", '{"train": 3}', '{"train": "2021-05-01T00:00"}', "\x00"])
def test_a_spoiled_book_does_nothing_at_all(tmp_path, kept):
    """Neither everything again nor nothing for ever: it is said."""
    with completed_slots(tmp_path, "visits") as book:
        book.path.write_text(kept)
        with pytest.raises(UnavailableError, match="does not list completed slots"):
            book.done("train", NOW)
        assert book.path.read_text() == kept


@pytest.mark.acceptance
def test_a_missed_training_is_done_once_as_of_its_slot(commands, tmp_path):
    """The latest slot alone, with what was known then, by a process of its own; then nothing is due.

    The folder where the schedule is started has a `flows` of its own, which is none of its business.
    """
    theirs = tmp_path / "theirs"
    (theirs / "flows").mkdir(parents=True)
    (theirs / "flows" / "__init__.py").write_text("raise SystemExit(0)\n")
    jobs = {"time_zone": "UTC", "catch_up": "9999 days", "train": {"cron": "0 6 1 * *"}}
    visits = projects.table(9_000, days=90)
    visits["at"] += (datetime.now(UTC) - timedelta(days=1)).replace(microsecond=0) - visits["at"].max()
    visits["day"] = visits["at"].dt.strftime("%Y-%m-%d")
    project = projects.write(tmp_path / "visits", visits, schedule=jobs)
    begun = datetime.now(UTC) - timedelta(days=70)
    with completed_slots(commands, "visits") as book:
        book.note("train", begun)
    slot = datetime.now(UTC).replace(day=1, hour=6, minute=0, second=0, microsecond=0)
    slot = slot if slot <= datetime.now(UTC) else (slot - timedelta(days=5)).replace(day=1)
    first = _once(project, theirs)
    got = json.loads(first.stdout)
    assert (got["job"], got["slot"]) == ("train", slot.isoformat()), first.stderr
    assert got["exit_code"] == first.returncode and first.returncode in (0, 1), first.stderr
    assert (got["verdict"] in ("FAIL", "INDETERMINATE")) == (first.returncode == 1), first.stderr
    runs = json.loads(logitgate("history", project, "--json").out)
    assert runs is not None
    with completed_slots(commands, "visits") as book:
        assert book.done("train", datetime.now(UTC)) == slot
    assert _once(project, theirs).stdout == ""


@pytest.mark.acceptance
def test_without_a_verdict_a_slot_is_not_done(commands, tmp_path):
    """Nothing is in production yet: the window is watched when something is."""
    jobs = {"time_zone": "UTC", "catch_up": "9 days", "monitor": JOBS["monitor"] | {"cron": "0 5 * * *"}}
    project = projects.write(tmp_path / "visits", projects.table(400, days=9), schedule=jobs)
    begun = datetime.now(UTC) - timedelta(hours=30)
    with completed_slots(commands, "visits") as book:
        book.note("monitor", begun)
    ended = _once(project, tmp_path)
    run = json.loads(ended.stdout.splitlines()[0])
    assert run["verdict"] is None and (run["exit_code"], ended.returncode) == (1, 3), ended.stderr
    with completed_slots(commands, "visits") as book:
        assert book.done("monitor", datetime.now(UTC)) == begun


@pytest.mark.parametrize("left", [None, "", "[]", '{"status": "DONE"}', '{"model": "visits"}'])
def test_only_a_verdict_is_a_receipt(tmp_path, left):
    """Nothing left, half of it, or something else is none."""
    receipt = tmp_path / "verdict.json"
    if left is not None:
        receipt.write_text(left)
    assert read_receipt(receipt) is None
    receipt.write_text('{"model": "visits", "status": "FAIL"}')
    assert read_receipt(receipt) == "FAIL"


def test_late_slots_come_in_the_order_of_their_moments(tmp_path, monkeypatch):
    """A window of Sunday is watched before the scores of Monday are made, whatever their kinds."""
    jobs = JOBS | {"train": {"cron": "0 3 * * *"}}
    project = load_project(projects.write(tmp_path, schedule=jobs))
    ran = []
    monkeypatch.setattr(
        clock, "_run", lambda command, _limit: ran.append(command[0]) or clock._Run(0, "PASS")
    )
    lines = []
    with completed_slots(tmp_path, "visits") as book:
        for job in project.schedule.jobs:
            book.note(job.name, datetime.now(UTC) - timedelta(days=3))
        clock._Rounds(tmp_path / "visits.toml", project, book, lines.append).go()
    slots = [json.loads(line)["slot"] for line in lines]
    assert slots == sorted(slots) and ran.count("monitor") == 3 and len(slots) == 5


@pytest.mark.acceptance
def test_an_obstacle_is_no_answer(commands, tmp_path):
    """A run that could not reach its store is not noted, and is done the next time."""
    jobs = {"time_zone": "UTC", "catch_up": "9 days", "score": JOBS["score"] | {"cron": "0 4 * * *"}}
    project = projects.write(tmp_path / "visits", schedule=jobs)
    (project.parent / "scores").mkdir()
    begun = datetime.now(UTC) - timedelta(days=2)
    with completed_slots(commands, "visits") as book:
        book.note("score", begun)
    for _ in range(2):
        ended = _once(
            project,
            tmp_path,
            MLFLOW_TRACKING_URI="http://127.0.0.1:9",
            PREFECT_API_URL="http://127.0.0.1:9/api",
        )
        assert json.loads(ended.stdout)["exit_code"] == ended.returncode == 3, ended.stderr
    with completed_slots(commands, "visits") as book:
        assert book.done("score", datetime.now(UTC)) == begun


def test_the_schedule_waits_in_the_foreground_until_it_is_asked_to_end(commands, tmp_path):
    """SIGTERM ends it at once, with the code that says so."""
    project = projects.write(tmp_path / "visits", schedule=JOBS)
    waiting = subprocess.Popen(
        [sys.executable, "-m", "logitgate_flows", "schedule", project],
        env=_environment(),
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (commands / "schedule" / "visits.json").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    assert waiting.poll() is None
    waiting.send_signal(signal.SIGTERM)
    _, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 128 + signal.SIGTERM, err
    assert json.loads((commands / "schedule" / "visits.json").read_text()).keys() == {
        "train",
        "monitor",
        "score",
    }


def _environment(**more):
    # The current folder comes first, as with the PYTHONPATH that many set for themselves.
    places = [".", *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places), **more}


def _once(project, folder, **more):
    command = [Path(sys.executable).with_name("logitgate"), "schedule", project, "--once"]
    return subprocess.run(
        command,
        env=_environment(**more),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


@pytest.mark.parametrize(("hears", "code"), [("signal.SIG_DFL", 143), ("signal.SIG_IGN", 137)])
def test_a_run_that_outlives_its_limit_is_ended(monkeypatch, hears, code):
    """In order, or by force when it does not listen; that is no verdict, so the slot is not done."""
    monkeypatch.setattr(clock, "_PATIENCE", 0.5)
    sleeps = f"import signal, time; signal.signal(signal.SIGTERM, {hears}); time.sleep(60)"
    real, began = subprocess.Popen, time.monotonic()
    monkeypatch.setattr(
        clock.subprocess, "Popen", lambda *_, **named: real((sys.executable, "-c", sleeps), **named)
    )
    run = clock._run(("train",), limit=1.0)
    assert (run.exit_code, run.verdict) == (code, None)
    assert time.monotonic() - began < 10
