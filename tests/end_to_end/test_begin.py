"""From an unknown table to a verdict by the commands alone, without an edit."""

import pytest

from tests.command import logitgate
from tests.scaffold.tables import FOREIGN_TABLES, base

LEAKY = next(one for one in FOREIGN_TABLES if one.name == "leaky")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table in German writing and one with a leak."""
    folder = tmp_path_factory.mktemp("begin")
    frame, _, _, y = base(700, 31, yes="ja", no="nein")
    frame.assign(storno=y).to_csv(
        folder / "aufträge.csv", index=False, sep=";", decimal=",", encoding="cp1252"
    )
    LEAKY.write(LEAKY.frame(), folder)
    return folder


def test_init_validate_check_and_train_end_with_a_verdict(folder, commands):
    """Each command works on what the one before it wrote."""
    out = folder / "storno"
    begun = logitgate("init", folder / "aufträge.csv", "--outcome", "storno", "--out", out, "--json")
    assert begun.code == 0, begun.everything
    project = begun.json["project"]
    assert {one["key"] for one in begun.json["questions"]} >= {"costs", "columns.id"}
    assert logitgate("validate", project).code == 0
    assert logitgate("check", project).code == 0
    trained = logitgate("train", project, "--json")
    assert trained.code in (0, 1), trained.everything
    assert trained.json["version"] == 1
    assert not trained.findings("contract")
    assert logitgate("history", project).code == 0
    again = logitgate("init", folder / "aufträge.csv", "--outcome", "storno", "--out", out, "--json")
    assert again.json["new"] == [] and again.json["different"] == []


def test_a_leak_is_refused_with_its_name_and_the_line(folder, commands):
    """And taken out as the line says, the check passes."""
    out = folder / "orders"
    begun = logitgate("init", folder / "orders.parquet", "--outcome", "defaulted", "--out", out)
    assert begun.code == 0 and "refund" in begun.out
    project = out / "orders.toml"
    lines = project.read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.strip().startswith('"refund"'))
    for command in ("check", "train"):
        answer = logitgate(command, project)
        assert answer.code == 1
        assert f"orders.toml line {number}: take 'refund' out" in answer.out
    kept = [line for line in lines if not line.strip().startswith('"refund"')]
    text = "\n".join(kept).replace("# known_after_outcome", "known_after_outcome")
    project.write_text(text + "\n")
    assert logitgate("validate", project).code == 0
    assert logitgate("check", project).code == 0


def test_a_check_as_of_a_date_uses_the_rows_before_it(folder, commands):
    """As a training would."""
    project = folder / "dated" / "orders.toml"
    logitgate("init", folder / "orders.parquet", "--outcome", "defaulted", "--out", project.parent)
    counted = [
        logitgate("check", project, "--json", *options).findings("rows", stopping=False)["sample"]["figures"]
        for options in ((), ("--as-of", "2023-06-01"))
    ]
    assert counted[0]["after_as_of"] == 0 and counted[1]["after_as_of"] > 0
    both = logitgate("check", project, "--as-of", "2023-06-01", "--table", folder / "orders.parquet")
    assert both.code == 2


def test_gates_say_where_each_margin_comes_from(folder, commands):
    """With the rows, those that fit them have their values."""
    project = folder / "gated" / "aufträge.toml"
    logitgate("init", folder / "aufträge.csv", "--outcome", "storno", "--out", project.parent)
    (project,) = project.parent.glob("*.toml")
    plain, fitted = (logitgate("gates", project, "--json", *more).json["gates"] for more in ((), ("--rows",)))
    slices = [next(one for one in found if one["check"] == "slices") for found in (plain, fitted)]
    assert "200 rows" in slices[0]["margins"]["at least"] and "70 rows" in slices[1]["margins"]["at least"]
    assert all("fits the rows" in one["origins"]["at least"] for one in slices)
    assert "line" in slices[0]["origins"]["declared"]


def test_several_files_are_validated_at_once(folder, commands, tmp_path):
    """As a pre-commit hook does; the worst one decides."""
    (tmp_path / "a.toml").write_text("name = 'a'\n")
    (tmp_path / "b.toml").write_text("nam = 'b'\n")
    found = logitgate("validate", tmp_path / "a.toml", tmp_path / "b.toml", "--json")
    assert found.code == 2
    mistakes = found.json["mistakes"]
    assert {one["key"] for one in mistakes[str(tmp_path / "a.toml")]} == {
        "rows",
        "outcome",
        "features",
        "costs",
    }
    assert {"nam", "name"} <= {one["key"] for one in mistakes[str(tmp_path / "b.toml")]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--outcome", "late"), "TABLE"),
        (("gone.csv", "--outcome", "late"), "gone.csv"),
        (("gone.csv", "--outcome", "late", "--query", "select 1"), "beside --query"),
        (("--outcome", "late", "--query", "select 1"), "--url-env"),
    ],
)
def test_what_cannot_begin_is_refused(commands, words, message):
    """With what to give."""
    answer = logitgate("init", *words)
    assert answer.code in (2, 3) and message in answer.err


def test_what_is_not_given_is_asked_for(folder, commands, monkeypatch):
    """An empty answer leaves it to be guessed; costs stand in the project."""
    answers = iter(["nein", "", "", "", "9", "2"])
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    out = folder / "asked"
    done = logitgate("init", folder / "aufträge.csv", "--outcome", "storno", "--out", out, "--ask")
    assert done.code == 0, done.everything
    (project,) = out.glob("*.toml")
    text = project.read_text(encoding="utf-8")
    assert 'event = "nein"' in text and "false_negative = 9" in text and "false_positive = 2" in text
