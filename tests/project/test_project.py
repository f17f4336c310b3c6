import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pydantic
import pytest

from logitgate.errors import ProjectError
from logitgate.project.project import Project, parse_as_of
from logitgate.project.reading.load import parse_project
from logitgate.project.search import Form
from logitgate.project.syntax.column_types import ColumnType
from tests.wording import refusal

GUIDE = Path(__file__).parents[2] / "docs" / "project-file.md"


def plain(**changed):
    """Return the least that a project must declare; keywords replace its sections."""
    return {
        "name": "bank",
        "rows": {"path": "bank.csv"},
        "columns": {"id": "contact_id"},
        "outcome": {"column": "subscribed", "event": "yes"},
        "features": {"numeric": ["age", "balance"], "categorical": ["job"]},
        "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
        "contract": {"suite": "bank.json"},
    } | changed


def parsed(**changed):
    """Return the project of the plain values."""
    return parse_project(plain(**changed), "bank.toml")


TIMED = {"id": "contact_id", "time": "contacted_on"}
CROSSED = {"columns": ["job"], "bins": {"age": [30, 60]}, "crossings": [["job", "age"]]}


def test_what_is_left_out_has_these_values():
    """A default that changes changes what every project proves."""
    project = parsed()
    assert [str(form) for form in project.search.forms] == ["linear", "spline"]
    assert (project.search.C, project.search.knots) == ((0.01, 0.1, 1.0, 10.0), 5)
    split = project.split
    assert (split.by, split.window, split.blocks, split.seed) == (None, None, 5, 0)
    assert project.fit.refit
    assert project.outcome.matures_after == timedelta(0)
    assert project.costs.true_negative == 0
    assert (project.slices.all, project.slices.minimum_rows, project.slices.minimum_events) == ((), 200, 20)
    gates = project.gates
    assert (gates.alpha, gates.minimum_gain, gates.discordant_events) == (0.05, 0, 20)
    assert (gates.refresh, gates.refresh_margin) == ("not worse", 0.02)
    assert (gates.slice_margin, gates.signs) == (0.1, {})
    assert (gates.calibration.in_the_large, gates.calibration.slope) == (0.2, (0.8, 1.25))
    leakage = gates.leakage
    assert (leakage.single_feature_auc, leakage.near_perfect_auc, leakage.gap) == (0.75, 0.95, 0.15)
    assert (leakage.duplicate_share, leakage.contradictory_share, leakage.trusted) == (0.01, 0.1, {})
    assert (project.contract.quarantine, project.contract.most_quarantined) == (None, 0.01)


def test_a_project_cannot_be_changed():
    """It is what the verdict was about."""
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        parsed().name = "other"


@pytest.mark.parametrize(
    ("columns", "by", "expected"),
    [
        ({}, None, "random"),
        ({"entity": "client"}, None, "entity"),
        ({"time": "contacted_on"}, None, "time"),
        ({"time": "contacted_on", "entity": "client"}, None, "time"),
        ({"time": "contacted_on", "entity": "client"}, "entity", "entity"),
        ({"time": "contacted_on"}, "random", "random"),
    ],
)
def test_the_rows_are_parted_by_what_is_there(columns, by, expected):
    """Time before entity before chance, unless the file says otherwise."""
    project = parsed(columns={"id": "contact_id"} | columns, split={"by": by} if by else {})
    assert project.split_by == expected


def test_the_cluster_is_the_entity_unless_declared():
    """Rows of one client fail together."""
    assert parsed().cluster is None
    assert parsed(columns={"id": "i", "entity": "client"}).cluster == "client"
    assert parsed(columns={"id": "i", "entity": "client", "cluster": "day"}).cluster == "day"


def test_each_column_is_read_as_its_role_says():
    """Unless rows.types says otherwise."""
    project = parsed(
        rows={"path": "bank.csv", "types": {"visits": "integer", "balance": "integer"}},
        columns={**TIMED, "entity": "client", "cluster": "contacted_on"},
        costs={"true_positive": 1, "false_positive": 1, "false_negative": "5 + fee"},
        slices={"columns": ["branch", "job"], "bins": {"tenure": [1], "age": [30]}},
    )
    assert project.declared_types == {
        "contact_id": ColumnType.TEXT,
        "contacted_on": ColumnType.DATETIME,
        "client": ColumnType.TEXT,
        "subscribed": ColumnType.TEXT,
        "age": ColumnType.NUMBER,
        "balance": ColumnType.INTEGER,
        "job": ColumnType.TEXT,
        "fee": ColumnType.NUMBER,
        "branch": ColumnType.TEXT,
        "tenure": ColumnType.NUMBER,
        "visits": ColumnType.INTEGER,
    }


def test_a_row_needs_its_features_and_what_its_costs_read():
    """Each once, features first."""
    costs = {"true_positive": 1, "false_positive": "1 + zeal", "false_negative": "5 + fee + 0 * balance"}
    assert parsed(costs=costs).needed_to_decide == ("age", "balance", "job", "fee", "zeal")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("linear", Form(basis="linear")),
        (" spline+a ", Form(basis="spline", interactions=("a",))),
        ("polynomial + a + b", Form(basis="polynomial", interactions=("a", "b"))),
    ],
)
def test_a_form_is_written_with_plus_signs(text, form):
    """And read back as it is written."""
    pairs = {"a": ["age", "job"], "b": ["age", "balance"]}
    (found,) = parsed(search={"forms": [text], "interactions": pairs}).search.forms
    assert found == form
    assert parsed(search={"forms": [str(found)], "interactions": pairs}).search.forms == (form,)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90 days", timedelta(days=90)),
        ("1 day", timedelta(days=1)),
        (" 36  hours ", timedelta(hours=36)),
        ("2weeks", timedelta(weeks=2)),
        ("15 minutes", timedelta(minutes=15)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, duration):
    """As people write it."""
    assert parsed(columns=TIMED, split={"window": text}).split.window == duration


def test_what_is_no_duration_is_refused(wording):
    """A bare number says nothing about its unit."""
    wrong = ("90", "days", "-1 days", "1.5 days", "3 months", "1 day 2 hours", "", 90, 1.5, True)
    said = {str(refusal(ProjectError, parsed, columns=TIMED, split={"window": value})) for value in wrong}
    wording(*said)


COSTS = {"true_positive": 1, "false_positive": 1, "false_negative": 5}
CONTRADICTIONS = [
    ({"features": {}}, "no features"),
    ({"features": {"numeric": ["age", "age"]}}, "column 'age' stands 2 times"),
    ({"features": {"numeric": ["age"], "categorical": ["age"]}}, "column 'age' stands 2 times"),
    ({"features": {"numeric": ["age", "subscribed"]}}, "column 'subscribed' stands 2 times"),
    ({"features": {"numeric": ["age", "contact_id"]}}, "column 'contact_id' stands 2 times"),
    ({"columns": {"id": "contact_id", "time": "age"}}, "column 'age' stands 2 times"),
    (
        {"search": {"interactions": {"home_owner": ["rent", "age"]}}},
        "search.interactions.home_owner names 'rent', no feature",
    ),
    ({"search": {"interactions": {"one": ["age"]}}}, "search.interactions.one"),
    ({"search": {"forms": ["spline + home"]}}, "form 'spline + home' names the interaction 'home'"),
    ({"search": {"forms": ["cubic"]}}, "input should be 'linear', 'spline' or 'polynomial'"),
    ({"search": {"forms": []}}, "search.forms"),
    ({"search": {"C": [0.0]}}, "search.C.0"),
    ({"search": {"C": []}}, "search.C"),
    ({"search": {"folds": 4}}, "folds is no more: the search uses the blocks of the split"),
    ({"search": {"knots": 2}}, "search.knots"),
    ({"split": {"by": "time"}}, "the split is by time but columns.time is not declared"),
    ({"split": {"by": "entity"}}, "split.by is 'entity' but columns.entity is not declared"),
    (
        {"columns": {"id": "contact_id", "outcome_time": "answered_on"}},
        "columns.feature_times and columns.outcome_time need columns.time; declare it or drop them",
    ),
    (
        {"columns": {"id": "contact_id", "time": "contacted_on", "feature_times": ["age"]}},
        "'age' cannot be a feature's or the outcome's time beside another role; keep one",
    ),
    ({"split": {"window": "90 days"}}, "split.window and outcome.matures_after need columns.time"),
    (
        {"outcome": {"column": "subscribed", "event": "yes", "matures_after": "1 day"}},
        "split.window and outcome.matures_after need columns.time",
    ),
    ({"slices": {"columns": ["subscribed"]}}, "the outcome 'subscribed' cannot cut slices or enter costs"),
    ({"slices": {"bins": {"subscribed": [1]}}}, "the outcome 'subscribed' cannot cut slices or enter costs"),
    (
        {"costs": COSTS | {"false_negative": "5 + subscribed"}},
        "the outcome 'subscribed' cannot cut slices or enter costs",
    ),
    (
        {
            "columns": {"id": "contact_id", "known_after_outcome": ["duration"]},
            "costs": COSTS | {"false_positive": "1 + duration"},
        },
        "costs read 'duration', known only after the outcome",
    ),
    (
        {"gates": {"leakage": {"trusted": {"nobody": "measured before the decision"}}}},
        "gates.leakage.trusted names 'nobody', no feature",
    ),
    (
        {"split": {"train": 0.7}},
        "train is no more: every block after the first is judged by a model of the blocks before it",
    ),
    ({"split": {"blocks": 2}}, "split.blocks"),
    ({"gates": {"refresh": "worse"}}, "gates.refresh"),
    ({"gates": {"linear_margin": 0.02}}, "linear_margin is no more: a simpler recipe that does as well"),
    ({"fit": {"refit": "sometimes"}}, "fit.refit"),
    (
        {"slices": {"columns": ["job"], "crossings": [["job", "loan"]]}},
        "crossings name 'loan'; declare it under columns or bins first",
    ),
    (
        {
            "behaviour": {
                "invariance": [{"name": "a birthday", "feature": "year", "jitter": 1, "at_most": 0.1}]
            }
        },
        "behaviour 'a birthday' changes 'year', no numeric feature; correct it",
    ),
    (
        {
            "behaviour": {
                "invariance": [{"name": "a birthday", "feature": "age", "jitter": 1, "at_most": 0.1}] * 2
            }
        },
        "behaviour declares 2 tests named 'a birthday'; give each its own name",
    ),
    (
        {"behaviour": {"invariance": [{"name": "a birthday", "feature": "age", "at_most": 0.1}]}},
        "give either swap or jitter",
    ),
    (
        {"features": {"numeric": ["case"]}, "behaviour": {"cases": "cases.csv"}},
        "a case file has its own 'case'; rename that column of the rows",
    ),
    ({"slices": {"bins": {"age": [60, 30]}}}, "bins of 'age' must rise"),
    ({"slices": {"bins": {"age": [30, 30]}}}, "bins of 'age' must rise"),
    ({"slices": {"bins": {"age": []}}}, "slices.bins.age"),
    ({"slices": {"columns": ["job"], "critical": {"jobs = student": 0}}}, "critical names 'jobs = student'"),
    (
        {"slices": {"columns": ["job"], "critical": {"job = ": 0}}},
        "critical names 'job = ', which no declared",
    ),
    ({"slices": {"critical": {"job = student": 0}}}, "declare its column under columns, bins or crossings"),
    ({"slices": {"bins": {"age": [30, 60]}, "critical": {"age = 30 to 50": 0}}}, "names 'age = 30 to 50'"),
    ({"slices": {"bins": {"age": [30]}, "critical": {"age = below 30 years": 0}}}, "'age = below 30 years'"),
    (
        {"slices": {**CROSSED, "critical": {"job & age = student & 20 to 30": 0}}},
        "critical names 'job & age = student & 20 to 30'",
    ),
    ({"slices": {**CROSSED, "critical": {"job & age = student": 0}}}, "critical names 'job & age = student'"),
    ({"slices": {"columns": ["job"], "critical": {"job = student": -0.1}}}, "slices.critical.job = student"),
    ({"slices": {"columns": ["job"], "critical": {"job = student": float("inf")}}}, "slices.critical.job"),
    ({"rows": {}}, "give either path or query"),
    ({"rows": {"path": "a.csv", "query": "select 1", "url_env": "URL"}}, "give either path or query"),
    ({"rows": {"query": "select 1"}}, "query and url_env go together"),
    ({"rows": {"path": "a.csv", "url_env": "URL"}}, "query and url_env go together"),
    ({"rows": {"path": "a.csv", "table": "a"}}, "table and spark are for engine = 'spark'"),
    ({"rows": {"engine": "spark", "path": "a", "table": "a"}}, "give one of table, query and path"),
    ({"rows": {"engine": "spark", "query": "select 1", "url_env": "URL"}}, "drop url_env"),
    (
        {"rows": {"engine": "spark", "table": "a", "spark": {"spark.hadoop.fs.s3a.secret.key": "k"}}},
        "holds a secret; set it in Spark's own spark-defaults.conf",
    ),
    ({"scoring": {"query": "select 1"}}, "scoring: query and url_env go together"),
    (
        {
            "rows": {"engine": "spark", "table": "a"},
            "scoring": {"query": "select 1", "url_env": "URL"},
        },
        "drop scoring.url_env",
    ),
    ({"rows": {"path": "a.csv", "types": {"age": "float"}}}, "rows.types.age"),
    ({"gates": {"alpha": 0.5}}, "gates.alpha"),
    ({"gates": {"alpha": float("nan")}}, "gates.alpha"),
    ({"gates": {"minimum_gain": -0.1}}, "gates.minimum_gain"),
    ({"gates": {"minimum_gain": float("inf")}}, "gates.minimum_gain"),
    ({"gates": {"signs": {"job": "positive"}}}, "gates.signs names 'job', no numeric feature"),
    ({"gates": {"calibration": {"slope": [1.1, 1.2]}}}, "slope must be two margins with 1 between them"),
    ({"gates": {"calibration": {"in_the_large": 0}}}, "gates.calibration.in_the_large"),
    ({"gates": {"leakage": {"trusted": {"age": "because"}}}}, "gates.leakage.trusted.age"),
    ({"gates": {"leakage": {"single_feature_auc": 0.5}}}, "gates.leakage.single_feature_auc"),
    ({"gates": {"leakage": {"single_feature_auc": 0.96}}}, "near_perfect_auc must not lie below"),
    ({"contract": {"suite": "bank.json", "most_quarantined": 1.1}}, "contract.most_quarantined"),
    ({"contract": {"suite": "bank.json", "most_quarantined": -0.1}}, "contract.most_quarantined"),
    ({"name": "Bank"}, "name: string should match pattern"),
    ({"name": "a" * 64}, "name: string should have at most 63 characters"),
    ({"name": "prod..loans"}, "name: string should match pattern"),
    ({"name": "prod.loans."}, "name: string should match pattern"),
    ({"columns": {"id": ""}}, "columns.id"),
    (
        {"costs": COSTS | {"true_positive": 5, "false_negative": 1}},
        "C_FP - C_TN + C_FN - C_TP = -3 is negative, so no threshold exists",
    ),
    (
        {"costs": COSTS | {"false_negative": 0}},
        "C_FP - C_TN + C_FN - C_TP = 0 is zero, so no threshold exists",
    ),
    ({"costs": COSTS | {"false_positive": True}}, "costs.false_positive: true and false are not costs"),
    ({"costs": COSTS | {"false_negative": float("nan")}}, "costs.false_negative"),
    (
        {"costs": COSTS | {"false_negative": "pow(balance, 1)"}},
        "costs.false_negative: Call is not arithmetic",
    ),
    (
        {"costs": COSTS | {"false_negative": "balance.real"}},
        "costs.false_negative: Attribute is not arithmetic",
    ),
    (
        {"costs": COSTS | {"false_negative": "balance[0]"}},
        "costs.false_negative: Subscript is not arithmetic",
    ),
    ({"costs": COSTS | {"false_negative": "balance ** 9"}}, "costs.false_negative: BinOp is not arithmetic"),
    (
        {"costs": COSTS | {"false_negative": "balance +"}},
        "costs.false_negative: not an arithmetic expression",
    ),
    ({"monitoring": {"psi_of": {"rent": 0.1}}}, "monitoring.psi_of names 'rent', no feature"),
    (
        {"monitoring": {"season": "month"}},
        "monitoring.season needs columns.time; declare it or drop the season",
    ),
    ({"costs": COSTS | {"false_negative": "(" * 900}}, "costs.false_negative: not an arithmetic expression"),
    ({"costs": COSTS | {"false_negative": "1" * 1001}}, "costs.false_negative: 1001 characters"),
]


@pytest.mark.parametrize(("changed", "message"), CONTRADICTIONS)
def test_a_contradiction_is_refused_by_name(changed, message):
    """With the key, the rule and exit code 2."""
    with pytest.raises(ProjectError, match=re.escape(message)) as raised:
        parsed(**changed)
    assert raised.value.exit_code == 2


def test_the_guide_quotes_the_refusals_as_they_are():
    """Each line of its table is the message of a refusal above."""
    quoted = re.findall(
        r"^\| [^`|]+ \| ([^|]+) \|$", GUIDE.read_text(encoding="utf-8").split("## What is refused")[1], re.M
    )
    quoted = [text for text in quoted if text != "says"]
    assert len(quoted) == 23
    messages = []
    for changed, _ in CONTRADICTIONS:
        with pytest.raises(ProjectError) as raised:
            parsed(**changed)
        messages.append(str(raised.value))
    assert [text for text in quoted if not any(text in message for message in messages)] == []


def test_costs_may_vary_by_row():
    """And are evaluated only with the rows."""
    entry = "20 if balance < 1000 else 500 if balance > 25000 else 0.02 * balance"
    assert parsed(costs=COSTS | {"false_negative": entry}).costs.matrix.columns == {"balance"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-05-01", datetime(2013, 5, 1)),
        ("2013-05-01T06:30:00", datetime(2013, 5, 1, 6, 30)),
        ("2013-05-01T06:30:00Z", datetime(2013, 5, 1, 6, 30, tzinfo=UTC)),
        ("2013-05-01T06:30:00+02:00", datetime(2013, 5, 1, 6, 30, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_an_as_of_date_is_a_day_or_a_moment(text, moment):
    """As ISO 8601 writes it."""
    assert parse_as_of(text) == moment


def test_what_is_no_date_is_refused(wording):
    """With the way to write it."""
    wrong = ("", "yesterday", "01.05.2013", "2013-13-01")
    wording(*(refusal(ProjectError, parse_as_of, text) for text in wrong))


def test_every_key_has_a_meaning():
    """The schema and the guide have nothing else to show."""

    def keys(model):
        for name, declared in model.model_fields.items():
            section = isinstance(declared.annotation, type) and issubclass(
                declared.annotation, pydantic.BaseModel
            )
            yield name, bool(declared.description) or section
            if section:
                yield from keys(declared.annotation)

    assert [name for name, got in keys(Project) if not got] == []


def test_critical_slices_are_called_as_the_report_calls_them():
    """Levels of columns, bins, crossings of both, and what is missing; levels may hold any text."""
    critical = {
        "job = student": 0.0,
        "job = blue & collar = both": 0.05,
        "job = missing": 0.1,
        "age = below 30": 0.1,
        "age = 30 to 60": 0.1,
        "age = 60 and above": 0.1,
        "age = missing": 0.1,
        "job & age = blue & collar & below 30": 0.1,
        "job & age = student & missing": 2.0,
    }
    assert dict(parsed(slices={**CROSSED, "critical": critical}).slices.critical) == critical
