"""The default answers: one screen at 80 columns, the verdict or the action first; wording in golden files."""

import json
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from logitgate.catalogue import Check, Road, required
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.gain import gain
from logitgate.gates.verdict.groups import groups, passed
from logitgate.gates.verdict.outcome import Outcome
from logitgate.monitoring.reactions.policy import ActionReason, Reaction
from logitgate.monitoring.reactions.remedies import Action, Failure, Symptom
from logitgate.monitoring.window import MonitoringResult, MonitoringWindow, WindowEvidence
from logitgate.production.ledger.history import History
from logitgate.production.ledger.ledger import Ledger
from logitgate.production.scoring.result import ScoringResult
from logitgate.production.standing import LastVerdict, Standing
from logitgate_flows.cli import user_interface
from logitgate_flows.cli.screens import answers, screen, standing, terminal
from logitgate_flows.messages.progress import LASTS, Progress
from tests.command import logitgate

PROJECT = "mlproject/flights.toml"


def _difference(value, low, high, **more):
    return {"difference": value, "difference_low": low, "difference_high": high, **more}


NONE = Finding(Check.BASELINES, "flag-none", Status.PASS, "cheaper", _difference(-5.295, -9.86, -0.729))
ALL = Finding(Check.BASELINES, "flag-all", Status.PASS, "cheaper", _difference(-7.5, -9.0, -6.0))
FIRST = Finding(Check.CHAMPION, "first release", Status.PASS, "no model is in production yet")
BESIDE = Finding(
    Check.CHAMPION, "version 2", Status.PASS, "refresh", _difference(-1.82, -2.4, -1.2, lane="refresh")
)
OFF = Finding(Check.CALIBRATION, "slope", Status.WARN, "slope 0.767 [0.546, 0.987]; margins [0.67, 1.5]")
FEW = Finding(Check.SLICES, "carrier = OO", Status.INSUFFICIENT, "12 rows with 3 events are too few to tell")
FOG = Finding(
    Check.BEHAVIOUR,
    "dense-fog-morning",
    Status.FAIL,
    "passed with p = 0.0938 at threshold 0.185; expected p >= 0.1, as fog below the landing minima halves "
    "LaGuardia's arrivals and with them the next departures",
)
RELEASED = Outcome(
    model="flights",
    snapshot="0123",
    findings=(NONE, ALL, FIRST, OFF, FEW),
    status=Status.PASS,
    as_of=datetime(2013, 5, 1, tzinfo=UTC),
    version=2,
    promoted=True,
    champion=2,
    test={"n": 83764, "cost": 20.93, "cost_low": 18.88, "cost_high": 23.71, "savings": 0.163},
    unit="USD",
)
CASES = {
    "released": RELEASED,
    "refreshed": replace(RELEASED, findings=(NONE, ALL, BESIDE), version=3, champion=3),
    "refused": replace(
        RELEASED, findings=(NONE, ALL, FIRST, FOG, OFF), status=Status.FAIL, promoted=False, champion=None
    ),
    "stopped early": Outcome(
        "flights", "0123", (Finding(Check.CONTRACT, "load", Status.FAIL, "is not there"),), Status.FAIL
    ),
    "repeated": replace(RELEASED, repeated=True),
    "awaiting approval": replace(RELEASED, promoted=False, awaits_approval=True, version=3),
    "dearer than the champion": replace(
        RELEASED,
        findings=(
            replace(BESIDE, status=Status.INDETERMINATE, figures=_difference(0.2, -0.1, 0.5, lane="new")),
        ),
        status=Status.INDETERMINATE,
        promoted=False,
        version=4,
    ),
    "compared": replace(RELEASED, kind="comparison", findings=(BESIDE,), version=3, against=2),
    "compared and not better": replace(
        RELEASED, kind="comparison", findings=(BESIDE, FOG), status=Status.FAIL, version=3, against=2
    ),
}


def _text(lines):
    return "\n".join(line.text for line in lines).strip("\n")


def test_the_wording_of_trainings_and_comparisons(golden):
    """Each kind of end, as it is read."""
    shown = {name: _text(answers.outcome_lines(one, PROJECT, 80)).split("\n") for name, one in CASES.items()}
    golden("outcomes.json", json.dumps(shown, indent=2) + "\n")


def _window(wanted, *findings, **more):
    limits = MonitoringWindow(*(datetime(2013, month, 1, tzinfo=UTC) for month in (7, 8, 8)))
    reasons = (ActionReason((Symptom.LOSES,), wanted),) if wanted is not Action.NONE else ()
    reaction = Reaction(wanted, reasons)
    return MonitoringResult("flights", limits, 29428, 1, WindowEvidence(findings), reaction, **more)


LOSES = Finding(Check.PREVIOUS, "version 1 against 4", Status.FAIL, "dearer", _difference(11.93, 6.09, 17.78))
DRIFT = tuple(
    Finding(Check.DRIFT, name, Status.FAIL, "PSI 4.163: a major change") for name in ("temp", "dewp")
)


def test_the_wording_of_windows(golden):
    """The action comes first, then why, what was done, the money, what is next."""
    done = {"done": Action.ROLL_BACK, "acted": ("rolled back from version 1 to version 4",)}
    windows = {
        "nothing": _window(Action.NONE, Finding(Check.DRIFT, "temp", Status.PASS, "no change")),
        "wanted": _window(Action.ROLL_BACK, LOSES, *DRIFT),
        "done": _window(Action.ROLL_BACK, LOSES, **done),
        "failed": _window(Action.ROLL_BACK, LOSES, failed=Failure.UNAVAILABLE, acted=("not reached",)),
        "investigate": _window(Action.INVESTIGATE, *DRIFT),
    }
    shown = {
        name: _text(answers.monitored_lines(one, PROJECT, 80)).split("\n") for name, one in windows.items()
    }
    golden("windows.json", json.dumps(shown, indent=2) + "\n")


def test_the_wording_of_checks_scores_and_the_history(golden):
    """Also where nothing was ever in production."""
    verdict = Verdict((FOG, OFF))
    refused = ScoringResult("flights", 3, "d", (Finding(Check.CONTRACT, "temp", Status.FAIL, "empty"),), 100)
    shown = {
        "check": _text(answers.verdict_lines("check", verdict, PROJECT, 80)),
        "sound": _text(answers.verdict_lines("check", Verdict((FIRST,)), PROJECT, 80)),
        "refused": _text(answers.scored_lines(refused, 80)),
        "no history": _text(answers.history_lines(History("flights", Ledger(())), PROJECT, 80)),
        "standing": standing.lines(
            {
                Path("a.toml"): None,
                Path("b/c.toml"): Standing(
                    "c", 3, 4, LastVerdict("r", "PASS", datetime(2026, 1, 2, tzinfo=UTC))
                ),
            }
        ),
        "empty folder": standing.lines({}),
    }
    golden("others.json", json.dumps(shown, indent=2) + "\n")


@given(
    st.lists(
        st.builds(
            Finding,
            st.sampled_from(list(Check)),
            st.text("abc de", min_size=1, max_size=60),
            st.sampled_from(list(Status)),
            st.text("abc de\n", max_size=300),
        ),
        max_size=80,
    ),
    st.integers(60, 200),
)
def test_whatever_did_not_pass_fits_one_screen(findings, width):
    """At most 24 lines with the prompt, none wider than the terminal, the gravest check always named."""
    outcome = replace(RELEASED, findings=tuple(findings), status=Verdict(tuple(findings)).status)
    lines = answers.outcome_lines(outcome, PROJECT, width)
    assert len(lines) < screen.LINES
    assert all(len(line.text) <= width for line in lines)
    if outcome.verdict.remarks:
        assert outcome.verdict.remarks[0].check.code in _text(lines)
    assert f"{passed(outcome.verdict)} check" in lines[-1].text


def test_groups_hold_what_did_not_pass_once():
    """Each check has one group, the gravest first; what passed is counted alone."""
    verdict = Verdict((NONE, OFF, FOG, *DRIFT))
    found = groups(verdict)
    assert [one.check for one in found] == [Check.BEHAVIOUR, Check.DRIFT, Check.CALIBRATION]
    assert [len(one.findings) for one in found] == [1, 2, 1] and passed(verdict) == 1


def test_the_gain_is_that_over_the_hardest_opponent():
    """The champion where it was compared, else the rule over which least is saved; none without either."""
    assert gain((NONE, ALL)).difference.value == -5.295
    assert gain((NONE, ALL, BESIDE)).difference.value == -1.82
    assert gain((FIRST, OFF)) is None


def test_each_check_that_a_verdict_requires_has_a_remedy():
    """What to do next is known for whatever can stop."""
    for road in Road:
        assert all(check.remedy != Check.RUNS.remedy for check in required(road))


@pytest.mark.parametrize("words", [("tarin",), ("train",), ("train", "x.toml", "--as-off", "2020-01-01")])
def test_usage_errors_are_json_where_json_is_asked_for(words):
    """One object on stdout, exit 2, and the sentence for people on stderr."""
    got = logitgate(*words, "--json")
    assert (got.code, got.json["status"], got.json["exit_code"]) == (2, "ERROR", 2)
    assert got.json["error"] in got.err


def test_a_busy_port_is_passed_over():
    """The next free one is taken, and one that is free is kept."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert user_interface.free_port(port) != port
    assert user_interface.free_port(port) == port


@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [({"COLUMNS": "80"}, False, 80), ({}, False, 140), ({}, True, None), ({"COLUMNS": "x"}, True, None)],
)
def test_columns_are_honoured(environment, is_terminal, expected):
    """COLUMNS comes first, a log is wide, a terminal is asked."""
    assert terminal.columns(environment, is_terminal=is_terminal) == expected


def test_a_process_without_colour_prints_none(tmp_path):
    """NO_COLOR and TERM=dumb leave no escape sequence, and COLUMNS is the width, in a real process."""
    (tmp_path / "pyproject.toml").write_text("[tool.x]\n", "utf-8")
    for more in ({"NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb", "COLUMNS": "60"}):
        got = subprocess.run(
            [sys.executable, "-m", "logitgate_flows"],
            cwd=tmp_path,
            env={"PATH": "/usr/bin", "LOGITGATE_HOME": str(tmp_path / "none"), **more},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "logitgate init TABLE" in got.stdout and "\x1b" not in got.stdout
    assert not (tmp_path / "none").exists()


def test_alone_it_says_where_a_project_stands(commands, tmp_path, monkeypatch):
    """A project that was never trained is the next step."""
    from tests import projects

    file = projects.write(tmp_path / "mine", projects.table(rows=50))
    monkeypatch.chdir(tmp_path)
    got = logitgate()
    assert got.code == 0 and f"logitgate train {file.relative_to(tmp_path)}" in got.out


def test_a_step_says_how_long_it_takes_only_when_it_lasts():
    """Nothing at first; then its seconds, and those that are left as the last one took."""
    shown = Progress("judge", 100.0, last=30.0)
    assert shown.text(100.0 + LASTS / 2) == ""
    assert shown.text(110.0) == "judge: 10 s, about 20 s left"
    assert shown.text(140.0) == "judge: 40 s, about 0 s left"
    assert Progress("judge", 100.0).text(110.0) == "judge: 10 s"
    console = Console(width=80, record=True)
    console.print(replace(shown, started=0.0))
    assert "judge" in console.export_text()
