"""The examples of the repository: each runs to a verdict, and a column that knows the outcome is found."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from logitgate.project.reading.load import load_project
from tests import projects
from tests.command import logitgate

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "mlproject").glob("*.toml"))


def _copy(name, folder, change=lambda _: None):
    """Copy an example's project file into a folder; what it keeps aside goes there, too."""
    plain = tomllib.loads((ROOT / "mlproject" / f"{name}.toml").read_text("utf-8"))
    plain["rows"]["path"] = str(ROOT / "mlproject" / plain["rows"]["path"])
    plain["contract"]["suite"] = str(ROOT / "mlproject" / plain["contract"]["suite"])
    plain["behaviour"]["cases"] = str(ROOT / "mlproject" / plain["behaviour"]["cases"])
    if "quarantine" in plain["contract"]:
        plain["contract"]["quarantine"] = str(folder / "aside")
    change(plain)
    return projects.write_project(folder / f"{name}.toml", plain)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["spam", "tumour", "bank"])
def test_an_example_runs_to_a_verdict(name, commands, tmp_path):
    """Whatever the verdict: status, exit code, version and production agree, and every gate was judged."""
    got = logitgate("train", _copy(name, tmp_path), "--json")
    plain = got.json
    assert (got.code == 0) == (plain["status"] == "PASS") == plain["promoted"]
    assert plain["model"] == name and plain["version"] == 1
    assert plain["champion"] == (1 if plain["promoted"] else None)
    assert not [one for one in plain["findings"] if "left no finding" in one["because"]]
    assert not got.findings("contract") and not got.findings("leakage")
    assert 0.5 < plain["test"]["auc"] <= 1


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_sound_project(path):
    """Its table and its contract are where it says."""
    project = load_project(path)
    assert project.rows.path.exists() and project.contract.suite.exists()
    assert project.costs.because, "each example says where its costs come from"


LEAKS = {"flights": "dep_delay", "bank": "duration"}


@pytest.mark.acceptance
@pytest.mark.parametrize(("name", "command"), [("flights", "check"), ("bank", "train")])
def test_a_column_declared_as_known_too_late_is_no_feature(name, command, commands, tmp_path):
    """The finding names the column, exit 1; nothing is put into production."""
    column = LEAKS[name]

    def misuse(plain):
        plain["features"]["numeric"].append(column)
        # The case file is about the features that were declared.
        del plain["behaviour"]

    got = logitgate(command, _copy(name, tmp_path, misuse), "--json")
    assert got.code == 1
    declared = [one for one in got.json["findings"] if "declared as known only after" in one["because"]]
    assert [(one["check"], one["subject"], one["status"]) for one in declared] == [
        ("leakage", column, "FAIL")
    ]
    assert not got.json.get("promoted") and got.json.get("champion") is None


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_that_knows_the_outcome_is_found_without_a_declaration(name, commands, tmp_path):
    """Its AUC alone makes it suspicious, with both ways out; no other feature is accused."""
    column = LEAKS[name]

    def forget(plain):
        plain["features"]["numeric"].append(column)
        plain["columns"]["known_after_outcome"] = []
        del plain["behaviour"]

    got = logitgate("check", _copy(name, tmp_path, forget), "--json")
    assert got.code == 0
    (found,) = [one for one in got.json["findings"] if one["check"] == "leakage" and one["status"] == "WARN"]
    assert found["subject"] == column
    assert found["figures"]["auc"] > 0.75 and "separates the outcome" in found["because"]
    assert "columns.known_after_outcome" in found["because"]
    assert f"[gates.leakage.trusted]: {column} = " in found["because"]


SABOTAGES = {
    "turnaround": "leakage",
    "temp": "shifts",
    "carrier": "shifts",
    "late": "shifts",
}


@pytest.mark.parametrize("column", SABOTAGES)
def test_the_command_names_what_was_done_to_a_table(column, tmp_path):
    """By `logitgate check` on the table as a file: the finding names the cause; what may be honest warns."""
    table = pd.read_parquet(ROOT / "data" / "flights.parquet")
    table = table[table["scheduled_at"].between("2013-04-01", "2013-06-01")].copy()
    rows = table["scheduled_at"] >= pd.Timestamp("2013-05-18" if column == "late" else "2013-05-01", tz="UTC")
    match column:
        case "turnaround":
            table = table.rename(columns={"dep_delay": "turnaround"})
        case "temp":
            table["temp"] = table["temp"].where(~rows, (table["temp"] - 32) / 1.8)
        case "carrier":
            table["carrier"] = table["carrier"].where(~rows, "X" + table["carrier"])
        case "late":
            table["late"] = table["late"].where(~rows, table["late"].map({"yes": "no", "no": "yes"}))
    table.to_parquet(tmp_path / "flights.parquet", index=False)

    def here(plain):
        plain["rows"]["path"] = str(tmp_path / "flights.parquet")
        if column == "turnaround":
            plain["columns"]["known_after_outcome"] = []
            plain["features"]["numeric"].append("turnaround")
            # The case file is about the features that were declared.
            del plain["behaviour"]

    got = logitgate("check", _copy("flights", tmp_path, here), "--json")
    expected = "WARN" if column == "turnaround" else "FAIL"
    assert got.code == (1 if expected == "FAIL" else 0), got.everything
    named = {(one["check"], one["subject"]) for one in got.json["findings"] if one["status"] == expected}
    assert named == {(SABOTAGES[column], column)}
