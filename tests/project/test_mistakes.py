"""Every mistake of a project file in one answer, each with its line and key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.checks.case_files import read_cases
from logitgate.data.project_files import load_project
from logitgate.errors import ProjectError
from logitgate.project.reading.mistakes import read_with_mistakes
from logitgate.project.syntax.key_lines import key_lines
from logitgate.scaffold.file_check import mistakes_of
from tests.projects import table
from tests.wording import refusal

TEXT = """name = "visits"

[rows]
path = "visits.csv"

[columns]
ids = "visit"
time = "at"

[outcome]
column = "bad"
event = "yes"

[features]
numeric = [
    "sped",
    "load",
]
categorical = ["side"]

[costs]
true_positive = 1
false_positive = 2
false_negativ = 8

[gates]
alpha = 3
signs = {lod = "positive"}

[split]
window = "3 months"
"""


@pytest.fixture
def project_file(tmp_path):
    """Write the file beside its table."""
    table(100).to_csv(tmp_path / "visits.csv", index=False)
    (tmp_path / "visits.toml").write_text(TEXT)
    return tmp_path / "visits.toml"


def test_all_mistakes_come_at_once_each_with_its_line(project_file, wording):
    """Misspelled keys, values out of range, names that are no features, columns that are not there."""
    found = {(one.line, one.key) for one in mistakes_of(project_file)}
    assert found == {
        (7, "columns.ids"),
        (16, "features.numeric"),
        (21, "costs.false_negative"),
        (24, "costs.false_negativ"),
        (27, "gates.alpha"),
        (28, "gates.signs"),
        (31, "split.window"),
    }
    wording(*sorted(f"{one.key}: {one.text}" for one in mistakes_of(project_file)))


def test_a_sound_file_has_none(project_file):
    """And every row may be broken: none is read."""
    text = TEXT.replace("ids", "id").replace("sped", "speed").replace("negativ ", "negative ")
    text = (
        text.replace("alpha = 3", "").replace('signs = {lod = "positive"}', "").replace("3 months", "9 weeks")
    )
    project_file.write_text(text)
    assert mistakes_of(project_file) == ()


def test_what_is_no_toml_has_its_line(project_file):
    """And nothing else is said."""
    project_file.write_text(TEXT.replace('time = "at"', "time = at"))
    (mistake,) = mistakes_of(project_file)
    assert (mistake.key, mistake.line) == ("", 8)


def test_files_that_are_not_there_are_named_by_their_keys(project_file):
    """Rows and suite."""
    project_file.write_text(TEXT.replace("visits.csv", "gone.csv") + '\n[contract]\nsuite = "none.json"\n')
    found = {one.key: one.line for one in mistakes_of(project_file)}
    assert (found["rows.path"], found["contract.suite"]) == (4, 34)


def test_a_case_file_is_not_blamed_for_a_features_spelling(project_file, wording):
    """The project names a column that its table does not have."""
    text = TEXT.split("[gates]", 1)[0].replace("ids", "id").replace("negativ ", "negative ")
    project_file.write_text(text + '[behaviour]\ncases = "cases.csv"\n')
    cases = project_file.parent / "cases.csv"
    cases.write_text("case,expect,because,speed,load,side\none,flag,a reason,1,2,west\n")
    (mistake,) = mistakes_of(project_file)
    assert (mistake.key, mistake.line) == ("features.numeric", 16)
    unread = refusal(ProjectError, read_cases, load_project(project_file))
    assert unread.subject == "features.numeric"
    wording(unread)


def test_open_features_of_a_table_that_is_not_there_are_one_mistake(tmp_path):
    """The rest of the file is checked all the same."""
    (tmp_path / "a.toml").write_text(
        'name = "a"\nfeatures = "all"\nrows = {path = "a.csv"}\noutcome = {column = "y", event = 1}\n'
        "costs = {true_positive = 0, false_positive = 1, false_negativ = 1}\n"
    )
    keys = {one.key for one in mistakes_of(tmp_path / "a.toml")}
    assert {"features", "costs.false_negativ", "costs.false_negative"} <= keys


@given(st.lists(st.sampled_from(TEXT.splitlines()), max_size=30))
def test_no_file_breaks_the_reading(lines):
    """Lines in any order, twice or not at all: a list of mistakes, or none."""
    from pathlib import Path

    found = read_with_mistakes("\n".join(lines), Path("visits.toml"))
    assert found.mistakes or found.project is not None
    assert all(one.line is None or 1 <= one.line <= len(lines) for one in found.mistakes)


def test_lines_of_keys_in_every_form():
    """Sections, dotted keys, lists over lines, texts over lines, quoted keys."""
    text = '''a.b = 1 # [c]
"x.y" = """
[no]
"""
[c]
list = [
  "one", # ]
  "two",
]
[c."d e"]
f = {g = 1}
[[t]]
n = 1
'''
    lines = key_lines(text)
    assert [lines.of(key) for key in ("a.b", "x.y", "c", "c.list", "c.d e.f", "t.n")] == [1, 2, 5, 6, 11, 13]
    assert lines.of_value("c.list", "two") == 8
    assert lines.of("no") is None


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        ("rows = 5\n", ["rows"]),
        ('[rows]\nengine = "spark"\ntable = "a"\npath = "a.parquet"\n', ["rows"]),
        ('[rows]\nengine = "Spark"\n', ["rows", "rows.engine"]),
        ("", ["rows"]),
    ],
)
def test_what_is_faulty_is_not_missing_as_well(rows, mistake):
    """A section that contradicts itself is one mistake; one that is not there is one, too."""
    rest = (
        '[outcome]\ncolumn = "y"\nevent = "1"\n[features]\nnumeric = ["a"]\n'
        "[costs]\ntrue_positive = 1\nfalse_positive = 1\nfalse_negative = 5\n"
    )
    got = read_with_mistakes(f'name = "v"\n{rows}{rest}', None).mistakes
    assert [one.key for one in got] == mistake
