import json
import re
import tomllib
from datetime import timedelta
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from logitgate.errors import ProjectError
from logitgate.project.operations.schedule import MonitorSlots
from logitgate.project.reading.load import json_schema, load_project, parse_project
from tests import projects
from tests.wording import refusal

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "project-file.md").read_text(encoding="utf-8")
EXAMPLES = ("bank", "flights", "spam", "tumour")
LEAST = """
name = "bank"
rows = {path = "rows/bank.csv"}
columns = {id = "contact_id"}
outcome = {column = "subscribed", event = "yes"}
features = {numeric = ["age"]}
costs = {true_positive = 1, false_positive = 1, false_negative = 5}
"""


def written(tmp_path, text):
    """Write a project file into a folder of its own."""
    path = tmp_path / "projects" / "bank.toml"
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    """Wherever the command was started."""
    path = written(tmp_path, LEAST + 'contract = {suite = "../bank.json", quarantine = "aside"}')
    monkeypatch.chdir(path.parent)
    for found in (load_project(path), load_project(Path("bank.toml"))):
        assert found.rows.path == path.parent / "rows/bank.csv"
        assert found.contract.suite.resolve() == tmp_path / "bank.json"
        assert found.contract.quarantine == path.parent / "aside"


def test_an_absolute_path_is_left_alone(tmp_path):
    """And no quarantine stays none."""
    found = load_project(written(tmp_path, LEAST + f'contract = {{suite = "{tmp_path}/bank.json"}}'))
    assert found.contract.suite == tmp_path / "bank.json"
    assert found.contract.quarantine is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name = \xff", "is not UTF-8"),
        ("name = ", "is not TOML"),
        ('name = "a"\nname = "b"', "is not TOML"),
        ("", "name is missing: add it; rows is missing: add it; outcome is missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, text, message):
    """With exit code 2."""
    with pytest.raises(ProjectError, match=message) as raised:
        load_project(written(tmp_path, text))
    assert raised.value.exit_code == 2


def test_an_absent_file_is_refused(tmp_path, wording):
    """By its path."""
    wording(refusal(ProjectError, load_project, tmp_path / "none.toml"))


def plain():
    """Return the least that a project must declare."""
    return tomllib.loads(LEAST) | {"contract": {"suite": "bank.json"}}


@pytest.mark.parametrize(
    ("where", "key", "message"),
    [
        ((), "contracts", "contracts is unknown: did you mean contract?"),
        ((), "zebra", "zebra is unknown: remove it"),
        (("rows",), "file", "rows.file is unknown: remove it"),
        (("columns",), "ids", "columns.ids is unknown: did you mean id?"),
        (("search",), "form", "search.form is unknown: did you mean forms?"),
        (("gates",), "calibraton", "gates.calibraton is unknown: did you mean calibration?"),
        (("gates", "leakage"), "trust", "gates.leakage.trust is unknown: did you mean trusted?"),
        (("gates", "calibration"), "slop", "gates.calibration.slop is unknown: did you mean slope?"),
        (("contract",), "quarantaine", "contract.quarantaine is unknown: did you mean quarantine?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(where, key, message):
    """A misspelled gate would otherwise stand open."""
    whole = plain()
    section = whole
    for part in where:
        section = section.setdefault(part, {})
    section[key] = 1
    with pytest.raises(ProjectError, match=re.escape(message)):
        parse_project(whole, "bank.toml")


def test_every_faulty_key_is_named_at_once():
    """As the guide shows."""
    whole = plain()
    whole["costs"]["false_negativ"] = whole["costs"].pop("false_negative")
    with pytest.raises(ProjectError) as raised:
        parse_project(whole, "bank.toml")
    assert f"```text\n{raised.value}\n```" in GUIDE


def test_values_of_the_wrong_type_are_named_by_their_key(wording):
    """Without the names that the alternatives of a type have inside."""
    whole = plain() | {"gates": {"alpha": "small"}}
    whole["costs"]["true_positive"] = [1]
    wording(refusal(ProjectError, parse_project, whole, "bank.toml"))


# The examples.


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_load_and_find_their_rows_and_suites(name):
    """And every declared column is in the table."""
    project, table = projects.example(name)
    assert project.name == name
    assert project.contract.suite.is_file()
    assert table.absent == ()
    assert project.purpose
    assert len(project.costs.because) > 50


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_of_the_examples_has_costs_that_allow_a_threshold(name):
    """Between never and always, so that the outcome can matter."""
    project, table = projects.example(name)
    frame, matrix = table.frame, project.costs.matrix
    costs = matrix.rows({column: frame[column].to_numpy(np.float64) for column in matrix.columns}, len(frame))
    threshold = costs.bayes_threshold()
    assert ((threshold > 0) & (threshold < 1)).all()


def test_the_bank_calls_whoever_is_worth_more_sooner():
    """Its costs vary with the balance: from one in four to one in a hundred."""
    costs = load_project(ROOT / "mlproject" / "bank.toml").costs.matrix
    balance = np.array([-500.0, 0.0, 1000.0, 10_000.0, 25_000.0, 100_000.0])
    threshold = costs.rows({"balance": balance}, len(balance)).bayes_threshold()
    assert threshold.tolist() == pytest.approx([0.25, 0.25, 0.25, 0.025, 0.01, 0.01])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_keep_the_schema(name):
    """So that an editor does not mark them."""
    text = (ROOT / "mlproject" / f"{name}.toml").read_text(encoding="utf-8")
    found = jsonschema.Draft202012Validator(json_schema()).iter_errors(tomllib.loads(text))
    assert [error.message for error in found] == []


# The schema and the guide.


WHOLE = json_schema()


def schema_keys(prefix="", model=WHOLE):
    """Yield each key of the schema by its dotted name, with what the schema says of it."""
    for name, declared in model["properties"].items():
        ways = [declared, *declared.get("anyOf", ())]
        section = next((way["$ref"] for way in ways if "$ref" in way), None)
        if section is not None:
            yield from schema_keys(f"{prefix}{name}.", WHOLE["$defs"][section.rsplit("/", 1)[1]])
        else:
            yield f"{prefix}{name}", declared | {"required": name in model.get("required", [])}


def guide_keys():
    """Yield each key of the guide's tables by its dotted name, with default, meaning and example."""
    section = ""
    for line in GUIDE.splitlines():
        if line.startswith("## "):
            found = re.fullmatch(r"## `\[(.+)\]`", line)
            section = f"{found[1]}." if found else ""
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 5:
            yield section + cells[0].strip("`"), tuple(cells[2:])


def test_the_schema_is_one_that_editors_understand():
    """And refuses what the parser refuses."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(plain())
    for broken in (
        {"zebra": 1},
        {"gates": {"calibraton": {}}},
        {"split": {"window": "3 months"}},
        {"search": {"C": []}},
        {"name": "Bank"},
    ):
        assert not validator.is_valid(plain() | broken), broken


def test_the_guide_lists_every_key_and_no_other():
    """Each once, in the schema's order."""
    listed = [key for key, _ in guide_keys()]
    assert listed == [key for key, _ in schema_keys()]


WRITTEN_DIFFERENTLY = (
    *("search.forms", "outcome.matures_after"),
    *("schedule.catch_up", "schedule.longest", "schedule.monitor.lag"),
)


def test_the_guide_says_what_the_schema_says():
    """The same meaning, and the same default."""
    declared = dict(schema_keys())
    for key, (default, meaning, _) in guide_keys():
        assert meaning == declared[key]["description"], key
        if declared[key]["required"]:
            assert default == "required", key
        elif declared[key]["default"] is None:
            assert default == "none", key
        elif key not in WRITTEN_DIFFERENTLY:
            assert json.loads(default.strip("`")) == declared[key]["default"], key


def test_the_guides_defaults_are_those_of_the_parser():
    """Also where the schema writes them differently."""
    got = {
        key: tomllib.loads(f"it = {default.strip('`')}")["it"]
        for key, (default, *_) in guide_keys()
        if default[0] == "`"
    }
    project = parse_project(plain() | {"columns": {"id": "contact_id", "time": "t"}}, "bank.toml")
    same = plain() | {
        "columns": {"id": "contact_id", "time": "t"},
        "search": {"forms": got["search.forms"]},
        "outcome": {**plain()["outcome"], "matures_after": got["outcome.matures_after"]},
        "schedule": {"catch_up": got["schedule.catch_up"], "longest": got["schedule.longest"]},
    }
    assert parse_project(same, "bank.toml") == project
    assert (
        MonitorSlots.model_fields["lag"].default == timedelta(0) and got["schedule.monitor.lag"] == "0 days"
    )


def test_the_guides_examples_are_what_the_schema_allows():
    """Each is TOML for its own key."""
    declared, parts = dict(schema_keys()), WHOLE["$defs"]
    for key, (_, _, example) in guide_keys():
        (name, value), *more = tomllib.loads(example.strip("`")).items()
        value = value.isoformat() if hasattr(value, "isoformat") else value
        assert (name, more) == (key.rsplit(".", 1)[-1], [])
        one = {key: value for key, value in declared[key].items() if key != "required"}
        jsonschema.Draft202012Validator(one | {"$defs": parts}).validate(value)


def test_the_guides_complete_example_loads_and_shows_nearly_every_key():
    """All but those that exclude what it shows."""
    whole = tomllib.loads(re.search(r"```toml\n(.*?)```", GUIDE, re.S)[1])
    assert parse_project(whole, "bank.toml").split_by == "time"

    def shown(prefix, section):
        for name, value in section.items():
            key = f"{prefix}{name}"
            yield from [key] if key in declared else shown(f"{key}.", value)

    declared = dict(schema_keys())
    assert set(declared) - set(shown("", whole)) == {
        *(
            f"rows.{key}"
            for key in (
                "engine",
                "query",
                "table",
                "url_env",
                "spark",
                "evaluate_at_most",
                "in_memory",
                "unnamed",
            )
        ),
        "columns.entity",
        "features.all_except",
    }
