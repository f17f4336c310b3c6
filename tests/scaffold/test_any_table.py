"""Whatever a table holds, it becomes a sound project whose contract it keeps, or is refused in words."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logitgate.data.contract.literals import problems
from logitgate.data.contract.suite import read_suite
from logitgate.data.project_files import load_project
from logitgate.data.table import read_rows
from logitgate.errors import DataError, LogitgateError, ProjectError
from logitgate.scaffold.draft import draft_of_file, write
from logitgate.scaffold.file_check import mistakes_of
from logitgate.scaffold.guesses.asked import Asked
from logitgate.scaffold.guesses.roles import Role
from tests.scaffold.tables import base

ROWS = 120
KINDS = {
    "float": lambda rng: rng.normal(size=ROWS),
    "whole": lambda rng: rng.integers(-5, 400, ROWS),
    "coded": lambda rng: rng.choice([1, 2, 9], ROWS),
    "flag": lambda rng: rng.uniform(size=ROWS) < 0.5,
    "levels": lambda rng: rng.choice(["a", "b", "NA", "", "-"], ROWS),
    "numbers as text": lambda rng: rng.choice(["1,5", "2.25", "n/a", "3"], ROWS),
    "day": lambda rng: pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, ROWS), unit="D"),
    "german day": lambda rng: [f"{d:02d}.{m:02d}.2021" for d, m in rng.integers(1, 12, (ROWS, 2))],
    "free": lambda rng: [f'text {number}; "quoted"' for number in rng.integers(0, 10**6, ROWS)],
    "empty": lambda _: [None] * ROWS,
    "constant": lambda _: [7] * ROWS,
    "huge": lambda rng: rng.normal(size=ROWS) * 10.0 ** rng.integers(-20, 20),
    "sentinel": lambda rng: np.where(rng.uniform(size=ROWS) < 0.2, -999, rng.integers(0, 60, ROWS)),
    "code": lambda rng: [f"{number:05d}" for number in rng.integers(0, 300, ROWS)],
    "gaps": lambda rng: np.where(rng.uniform(size=ROWS) < 0.4, np.nan, rng.normal(size=ROWS)),
}
NAMES = st.text(min_size=1, max_size=12).filter(lambda text: text.strip() and "\0" not in text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    columns=st.dictionaries(NAMES, st.sampled_from(sorted(KINDS)), min_size=1, max_size=6),
    seed=st.integers(0, 10**6),
    separator=st.sampled_from([",", ";", "\t", "parquet"]),
)
def test_any_table_becomes_a_sound_project_or_is_refused_in_words(columns, seed, separator):
    """Every column that the project names is read, in the type that it is declared in."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: KINDS[kind](rng) for name, kind in columns.items()})
    frame["the outcome"] = np.where(rng.uniform(size=ROWS) < 0.4, "yes", "no")
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("table.parquet" if separator == "parquet" else "table.csv")
        if separator == "parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False, sep=separator)
        try:
            draft = draft_of_file(path, Asked("the outcome"), Path(folder) / "project")
        except LogitgateError as error:
            assert error.subject and error.remedy
            return
        write(draft, Path(folder) / "project")
        project_file = Path(folder) / "project" / draft.project_file
        assert mistakes_of(project_file) == ()
        project = load_project(project_file)
        table = read_rows(project)
        assert table.absent == ()
        assert tuple(problems(read_suite(project.contract.suite), project.read_as)) == ()


def asked_of(tmp_path, frame, **asked):
    """Return the guess about a frame in a file."""
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return draft_of_file(tmp_path / "rows.csv", Asked("late", **asked), tmp_path / "project").guess


def test_of_two_readings_of_a_date_the_one_in_order_is_taken(tmp_path):
    """And the owner is asked."""
    frame, _, _, y = base(480, 41)
    days = pd.to_datetime(
        [f"2021-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 11) for _ in range(4)]
    )
    guessed = asked_of(tmp_path, frame.assign(booked=days.strftime("%m/%d/%Y"), late=y))
    assert guessed.rows.formats == {"booked": "%m/%d/%Y"}
    assert "rows.formats" in {one.key for one in guessed.questions}


def test_a_word_for_unknown_is_no_level_of_the_outcome(tmp_path):
    """Rows with it have no outcome."""
    frame, _, _, y = base(400, 42)
    late = pd.Series(y).where(np.arange(400) % 10 > 0, "unknown")
    guessed = asked_of(tmp_path, frame.assign(late=late))
    assert (guessed.outcome.event, guessed.outcome.other) == ("yes", "no")
    assert guessed.rows.missing == {"late": ("unknown",)} and len(guessed.outcome.y) == 360


def test_a_sentinel_is_missing_in_each_way_in_which_it_is_written(tmp_path):
    """As a whole number and with a fraction of zeros; the rows are then read so."""
    frame, rng, _, y = base(600, 46)
    depth = pd.Series(rng.uniform(0, 40, 600).round(1).astype(str))
    depth[:40], depth[40:70] = "-999", "-999.0"
    guessed = asked_of(tmp_path, frame.assign(depth=depth, late=y))
    assert set(guessed.rows.missing["depth"]) == {"-999", "-999.0"}
    assert guessed.look.columns["depth"].missing == 70


def test_what_was_said_is_held_against_the_table(tmp_path):
    """A time that is none is refused; an id that repeats is asked about and not declared."""
    frame, rng, _, y = base(400, 43)
    frame = frame.assign(number=rng.integers(0, 300, 400), late=y)
    with pytest.raises(ProjectError, match="no date or time"):
        asked_of(tmp_path, frame, time="plan")
    with pytest.raises(ProjectError, match="is empty in 7 rows"):
        gaps = pd.Series(pd.date_range("2021-01-01", periods=400)).where(np.arange(400) > 6)
        asked_of(tmp_path, frame.assign(at=gaps), time="at")
    guessed = asked_of(tmp_path, frame, id="number", entity="plan")
    assert "columns.id" in {one.key for one in guessed.questions}
    assert guessed.roles.name_of(Role.ENTITY) == "plan"


def test_a_table_without_a_feature_is_refused(tmp_path):
    """There is nothing to learn from."""
    _, _, _, y = base(400, 44)
    with pytest.raises(DataError, match="no column is left"):
        asked_of(tmp_path, pd.DataFrame({"number": np.arange(400), "same": 1, "late": y}))


def test_many_files_are_one_table(tmp_path):
    """Of a glob, written in another way."""
    frame, _, _, y = base(600, 45)
    frame = frame.assign(late=y)
    for number in range(2):
        part = frame[number * 300 : (number + 1) * 300]
        part.to_csv(tmp_path / f"part{number}.csv", index=False, sep=";", decimal=",")
    guessed = draft_of_file(tmp_path / "part*.csv", Asked("late"), tmp_path / "project").guess
    assert (guessed.look.rows, guessed.rows.separator, guessed.rows.decimal) == (600, ";", ",")
