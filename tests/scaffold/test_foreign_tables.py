"""From an unknown table to a project: what is planted is found, and what is written can be used at once."""

import json

import numpy as np
import pandas as pd
import pytest

import logitgate as lg
from logitgate.data.contract.suite import read_suite
from logitgate.data.contract.validation import hold
from logitgate.data.table import read_rows, read_table
from logitgate.findings import Status
from logitgate.scaffold.draft import draft_of_file, draft_of_query, write
from logitgate.scaffold.file_check import mistakes_of
from logitgate.scaffold.guesses.asked import Asked
from logitgate.scaffold.guesses.roles import Role
from tests.scaffold.tables import FOREIGN_TABLES, base, query_rows, sqlite_file

BY_NAME = {one.name: one for one in FOREIGN_TABLES}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Return the draft of a foreign table and the project file that was written, each made once."""
    made = {}

    def begin(name):
        if name not in made:
            foreign, folder = BY_NAME[name], tmp_path_factory.mktemp(name)
            table = foreign.write(foreign.frame(), folder)
            draft = draft_of_file(table, Asked(foreign.outcome, **foreign.asked), folder / "project")
            write(draft, folder / "project")
            made[name] = draft, folder / "project" / draft.project_file
        return made[name]

    return begin


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_planted_is_found(begun, name):
    """Roles, codes, leaks, persons, copies, and how the cells are written."""
    foreign, (draft, _) = BY_NAME[name], begun(name)
    guessed, roles = draft.guess, draft.guess.roles
    assert guessed.outcome.event == foreign.event
    for role, column in foreign.found.items():
        found = {"time": guessed.calendar.time, "cluster": guessed.calendar.cluster}
        assert found.get(role, roles.name_of(Role(role))) == column, role
    assert foreign.categorical <= {one.name for one in roles.of(Role.CATEGORICAL)}
    left = {one.name: one.because for one in roles.of(Role.LEFT_OUT)}
    for column, reason in foreign.left_out.items():
        assert reason in left[column]
    assert {one.name for one in guessed.leaks} == foreign.leaks
    for key, value in foreign.rows.items():
        assert getattr(guessed.rows, key) == value, key
    assert foreign.questions <= {one.key for one in draft.questions}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_project_is_sound_and_its_rows_keep_its_contract_without_an_edit(begun, name):
    """Nothing is named that the table lacks; only a leak may stop the check."""
    foreign, (_, project_file) = BY_NAME[name], begun(name)
    assert mistakes_of(project_file) == ()
    verdict = lg.check(lg.load_project(project_file))
    broken = [one for one in verdict.findings if one.check == "contract" and one.status is not Status.PASS]
    assert broken == []
    stopping = {one.subject for one in verdict.findings if one.status.stops}
    assert stopping == foreign.leaks


def test_a_second_sample_breaks_at_most_one_rule_of_a_hundred(tmp_path):
    """A contract of one half of each table, held against the other half, written in the same way."""
    rules, broken = 0, []
    for foreign in FOREIGN_TABLES:
        held = list(_held(foreign, tmp_path / foreign.name))
        rules += len(held)
        broken += [(foreign.name, one.rule.subject) for one in held if not one.holds]
    assert rules > 150
    assert len(broken) <= rules / 100, broken


def _held(foreign, folder):
    frame = foreign.frame()
    half = np.random.default_rng(3).permutation(len(frame)) < len(frame) // 2
    tables = []
    for name, part in (("some", half), ("others", ~half)):
        (folder / name).mkdir(parents=True)
        tables.append(foreign.write(frame[part].reset_index(drop=True), folder / name))
    draft = draft_of_file(tables[0], Asked(foreign.outcome, **foreign.asked), folder / "project")
    write(draft, folder / "project")
    project = lg.load_project(folder / "project" / draft.project_file)
    held = hold(read_table(tables[1], project).frame, read_suite(project.contract.suite), project)
    assert held.unread == () and held.missing == ()
    return held.outcomes.values()


def test_a_table_of_300_000_rows(tmp_path):
    """Is looked at as a whole."""
    frame, rng, event, _ = base(300_000, 20)
    at = pd.Timestamp("2022-01-01") + pd.to_timedelta(
        np.sort(rng.integers(0, 365 * 86_400, 300_000)), unit="s"
    )
    frame = frame.assign(
        event_id=np.arange(300_000), seen_at=at, shop=rng.integers(1, 4_000, 300_000), late=event
    )
    frame.to_parquet(tmp_path / "large.parquet", index=False)
    draft = draft_of_file(tmp_path / "large.parquet", Asked("late"), tmp_path / "project")
    calendar, roles = draft.guess.calendar, draft.guess.roles
    assert (roles.name_of(Role.ID), calendar.time, calendar.window_days) == ("event_id", "seen_at", 90)
    write(draft, tmp_path / "project")
    assert mistakes_of(tmp_path / "project" / "large.toml") == ()


@pytest.mark.parametrize("name", ["german", "small", "coded"])
def test_training_ends_with_a_verdict_without_an_edit(begun, name):
    """Each required check was reached."""
    result = lg.train(lg.load_project(begun(name)[1]))
    assert result.verdict.status is not Status.INDETERMINATE
    assert not any(one.status is Status.INDETERMINATE for one in result.verdict.findings)
    assert result.model is not None


def test_on_an_obvious_leak_training_refuses_with_its_name_and_the_line(begun):
    """The line is the one on which the column stands among the features."""
    from logitgate_flows.commands.beginning.lines_to_change import lines_to_change

    _, project_file = begun("leaky")
    verdict = lg.check(lg.load_project(project_file))
    refused = [one for one in verdict.findings if one.status is Status.FAIL]
    assert [one.subject for one in refused] == ["refund"]
    lines = project_file.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if line.strip().startswith('"refund"')]
    (got,) = lines_to_change(project_file, verdict)
    assert f"line {number}:" in got and "'refund'" in got


def test_rows_of_a_query(tmp_path, monkeypatch):
    """The address never stands in a file."""
    path = sqlite_file(query_rows(), tmp_path)
    monkeypatch.setenv("VISITS_URL", f"sqlite:///{path}")
    draft = draft_of_query("select * from visits", "VISITS_URL", Asked("converted"), "visits")
    write(draft, tmp_path / "project")
    assert (draft.guess.roles.name_of(Role.ID), draft.guess.calendar.time) == ("visit_id", "visited_on")
    project_file = tmp_path / "project" / "visits.toml"
    assert mistakes_of(project_file) == ()
    assert len(read_rows(lg.load_project(project_file)).frame) == 800
    assert not any(str(path) in text for text in draft.files.values())


def test_seasons_and_windows(begun):
    """More overdue on Mondays; a table of two and a half years."""
    calendar = begun("seasonal")[0].guess.calendar
    assert calendar.season == "weekday"
    assert calendar.cadence.startswith("rows come daily")


def test_no_cell_of_few_rows_stands_in_a_file(begun):
    """Neither a person's name nor a rare level."""
    draft, _ = begun("persons")
    written = "".join(text for name, text in draft.files.items() if name != "logitgate.schema.json")
    frame = BY_NAME["persons"].frame()
    for column in ("name", "contact", "reach", "birth_date"):
        assert not any(str(cell) in written for cell in frame[column])


def test_each_rule_says_why_and_each_guess_its_evidence(begun):
    """In the words of the rows."""
    draft, _ = begun("coded")
    suite = json.loads(draft.files["coded.contract.json"])
    assert all(
        "1,200" in one["meta"]["because"]
        or "outcome" in one["meta"]["because"]
        or "values" in one["meta"]["because"]
        for one in suite["expectations"]
    )
    text = draft.files["coded.toml"]
    assert '"is_member",  # integer category' in text
    assert "`version`: constant" in text
