"""Case files: read with the project's types, and refused by line when they are wrong."""

from pathlib import Path

import pandas as pd
import pytest

from logitgate.checks.case_files import read_cases
from logitgate.checks.cases import Expectation
from logitgate.errors import ProjectError
from logitgate.project.reading.load import load_project, parse_project
from tests import projects
from tests.wording import refusal

ROOT = Path(__file__).parents[2]
HEADER = "case,expect,because,speed,load,grip,side,worth"
SOUND = "fast,flag,it skids,2.5,,1.0,west,9"


def project(path, **changes):
    """Return the visits with a case file; their costs read `worth`."""
    plain = projects.plain(costs={"false_negative": "worth"}, **changes)
    return parse_project(plain | {"behaviour": {"cases": str(path)}}, "visits.toml")


def read(folder, *lines):
    """Write a case file and read it."""
    path = folder / "visits.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return read_cases(project(path))


def test_cases_are_typed_as_the_project_declares(tmp_path):
    """Numbers, categories, missing cells, and nothing of the file's own columns."""
    cases = read(tmp_path, HEADER, SOUND, "slow,p <= 0.25,it stops,-1,4,,,5")
    assert (len(cases), cases.ids, cases.because) == (2, ["fast", "slow"], ["it skids", "it stops"])
    assert cases.expected == [Expectation("flag"), Expectation("p <=", 0.25)]
    assert list(cases.frame) == ["speed", "load", "grip", "side", "worth"]
    assert cases.frame["speed"].tolist() == [2.5, -1.0]
    assert cases.frame[["load", "grip", "side"]].isna().to_numpy().tolist() == [[1, 0, 0], [0, 1, 1]]
    assert isinstance(cases.frame["side"].dtype, pd.CategoricalDtype)


def test_the_projects_words_for_missing_count(tmp_path):
    """Listed under rows.missing, as for the rows themselves; a project without cases has none."""
    path = tmp_path / "visits.csv"
    path.write_text(f"{HEADER}\nfast,flag,it skids,-99,1,1,west,9\n", encoding="utf-8")
    cases = read_cases(project(path, **{"rows.missing": {"speed": ["-99"]}}))
    assert cases.frame["speed"].isna().all()
    assert read_cases(parse_project(projects.plain(), "visits.toml")) is None


def test_a_faulty_case_file_is_refused(tmp_path, wording):
    """With file and line, and the exit code of a wrong project."""
    files = [
        (HEADER, "fast,flagged,it skids,1,1,1,west,9"),
        (HEADER, SOUND, "b,p < 0.2,x,1,1,1,west,9"),
        (HEADER, "fast,p >= 1.5,it skids,1,1,1,west,9"),
        (HEADER, "fast,p <= 1,it skids,1,1,1,west,9"),
        (HEADER.replace(",grip", ""), "fast,flag,x,1,1,west,9"),
        (HEADER.replace(",worth", ""), "fast,flag,x,1,1,1,west"),
        (f"{HEADER},wheel", f"{SOUND},4"),
        (HEADER, SOUND, SOUND.replace("it", "she")),
        (HEADER,),
        (),
        (HEADER, SOUND, "slow,pass,,1,1,1,west,9"),
        (HEADER, ",pass,x,1,1,1,west,9"),
        (HEADER, SOUND, "slow,pass,x,quick,1,1,west,9"),
        (HEADER, SOUND, "slow,pass,x,1,1"),
        (f"{HEADER},case", f"{SOUND},x"),
    ]
    said = [refusal(ProjectError, read, tmp_path, *lines) for lines in files]
    said.append(refusal(ProjectError, read_cases, project(tmp_path / "none.csv")))
    assert {one.exit_code for one in said} == {2}
    wording(*said)


@pytest.mark.parametrize(
    ("text", "probability", "flagged", "kept"),
    [
        ("flag", 0.1, True, True),
        ("flag", 0.9, False, False),
        ("pass", 0.9, False, True),
        ("pass", 0.1, True, False),
        ("p <= 0.2", 0.2, True, True),
        ("p <= 0.2", 0.21, False, False),
        ("p >= 0.7", 0.7, False, True),
        ("p >= 0.7", 0.69, True, False),
        ("p >= .7", float("nan"), True, False),
        ("p <= .7", float("nan"), False, False),
    ],
)
def test_an_expectation_is_kept_or_not(text, probability, flagged, kept):
    """A limit itself is allowed; a probability that is none keeps nothing."""
    assert Expectation.parse(text).kept_by(probability=probability, flagged=flagged) is kept


@pytest.mark.parametrize("name", ["flights", "bank", "spam", "tumour"])
def test_the_examples_have_sound_cases(name):
    """Each file is read, expects both decisions, and gives its reasons."""
    cases = read_cases(load_project(ROOT / "mlproject" / f"{name}.toml"))
    assert len(cases) >= 7
    assert {"flag", "pass"} <= {str(one) for one in cases.expected}
    assert min(map(len, cases.because)) > 20


def test_rows_of_a_public_table_are_what_their_reason_says():
    """Cases named row-<id> carry the cells of that flight."""
    declared = load_project(ROOT / "mlproject" / "flights.toml")
    cases = read_cases(declared)
    table = pd.read_parquet(declared.rows.path).set_index("flight_id")
    named = [row for row, name in enumerate(cases.ids) if name.startswith("row-")]
    assert len(named) == 3
    for row in named:
        real = table.loc[int(cases.ids[row].removeprefix("row-"))]
        for name in declared.features.numeric:
            assert cases.frame[name][row] == pytest.approx(real[name], rel=1e-4, nan_ok=True), name
        assert cases.frame[list(declared.features.categorical)].iloc[row].tolist() == [
            real[name] for name in declared.features.categorical
        ]
