"""Leaks: declared ones, columns that know the outcome on real rows, and rows that know each other."""

import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.leakage.single_features import leakage_findings, single_feature_auc
from logitgate.data.sampling.blocks import cut
from logitgate.data.sampling.sample import observe
from logitgate.findings import Status
from tests import projects
from tests.projects import small


def project(numeric=("a", "b"), categorical=(), columns=None, **gate):
    """Return a project with these features, roles of columns and limits of the leakage gate."""
    return small(
        columns={"id": "id"} | (columns or {}),
        features={"numeric": list(numeric), "categorical": list(categorical)},
        gates={"leakage": gate},
    )


def table(n=4000, seed=0):
    """Return rows with features that know a little, and `strong`, which knows much."""
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.3
    return pd.DataFrame(
        {
            "id": [f"r{row:05}" for row in range(n)],
            "a": rng.normal(0.3 * y),
            "b": rng.normal(0.2 * y),
            "strong": rng.normal(1.3 * y),
            "y": np.where(y, "yes", "no"),
        }
    )


def found(frame, declared):
    """Return the status of each subject, and the findings by subject."""
    blocks = cut(observe(frame, declared, None).sample, declared)
    findings = {one.subject: one for one in leakage_findings(blocks, declared, None)}
    assert {one.check for one in findings.values()} == {"leakage"}
    return {subject: one.status for subject, one in findings.items()}, findings


def test_honest_features_pass():
    """Nothing is found about features that know a little."""
    statuses, findings = found(table().drop(columns="strong"), project())
    rows = ("duplicate rows", "near-duplicate rows", "contradictory rows")
    assert list(statuses) == ["declarations", "single features", *rows, "encoders"]
    assert set(statuses.values()) == {Status.PASS}
    assert findings["single features"].figures["auc"] == pytest.approx(0.55, abs=0.04)


def test_a_declared_leak_fails():
    """A feature that the project itself says is known only afterwards is refused, however it separates."""
    statuses, _ = found(table(), project(columns={"known_after_outcome": ["b", "strong"]}))
    assert statuses["b"] is Status.FAIL
    assert "declarations" not in statuses
    assert "strong" not in statuses


@pytest.fixture(
    scope="module", params=[("flights", "dep_delay"), ("bank", "duration")], ids=lambda one: one[0]
)
def real(request):
    """A project whose real rows hold a leak, and that leak."""
    name, leak = request.param
    declared, table = projects.example(name)
    frame = table.frame.assign(**{leak: table.frame[leak].astype(float)})
    if name == "flights":
        frame = frame[frame["scheduled_at"] < pd.Timestamp("2013-02-01", tz="UTC")]
    return declared, frame, leak


def as_declared(declared, leak, *, feature):
    """Return the project as if the leak were unknown, which is a feature or stands aside."""
    columns = declared.columns.model_copy(update={"known_after_outcome": ()})
    features = declared.features.model_copy(update={"numeric": (*declared.features.numeric, leak)})
    return declared.model_copy(update={"columns": columns} | ({"features": features} if feature else {}))


@pytest.mark.parametrize("feature", [True, False])
def test_real_leaks_are_found(real, feature):
    """A departure's delay and a call's duration are warned of, as strong and not perfect.

    One beside the features stops nothing either, but is named; once declared it is quiet.
    """
    declared, frame, leak = real
    statuses, findings = found(frame, as_declared(declared, leak, feature=feature))
    assert statuses[leak] is Status.WARN
    assert [subject for subject, status in statuses.items() if status is not Status.PASS] == [leak]
    assert findings[leak].figures["auc"] > 0.75
    assert ("single features" in statuses) is not feature
    if not feature:
        assert set(found(frame, declared)[0].values()) == {Status.PASS}


def test_the_auc_of_a_calls_duration_is_the_known_one():
    """Over all of the bank's rows the duration has AUC .805, and the next feature .652."""
    frame = projects.example("bank")[1].frame
    y = (frame["subscribed"] == "yes").to_numpy(np.int8)
    half = np.arange(len(y)) % 2
    assert single_feature_auc(frame["duration"].astype(float), y, half) == pytest.approx(0.805, abs=0.005)
    assert single_feature_auc(frame["contact"], y, half) < 0.66


def test_a_trusted_feature_is_shown_with_its_reason(wording):
    """Whoever trusts a feature says why; the finding repeats it and stops nothing."""
    trusted = {"strong": "measured before the outcome by the scale itself"}
    statuses, findings = found(table(), project(("a", "b", "strong"), trusted=trusted))
    assert statuses["strong"] is Status.WARN
    assert statuses["single features"] is Status.PASS
    assert findings["single features"].figures["auc"] < 0.65
    wording(findings["strong"])


def test_trust_in_one_feature_does_not_cover_another():
    """A near-perfect feature that is trusted warns, a copy of it fails all the same."""
    strong = table()["strong"] + 4 * (table()["y"] == "yes")
    trusting = project(("a", "strong", "copy"), trusted={"strong": "measured before the outcome"})
    statuses, _ = found(table().assign(strong=strong, copy=strong), trusting)
    assert (statuses["strong"], statuses["copy"]) == (Status.WARN, Status.FAIL)
    assert "single features" not in statuses


def test_the_remedy_works_when_it_is_typed():
    """The line that the finding gives makes the feature a trusted one, whatever its name is."""
    for name in ("strong", "strong one", 'strong "one"', "größe"):
        frame = table().rename(columns={"strong": name})
        because = found(frame, project(("a", "b", name)))[1][name].because
        line = because.split("[gates.leakage.trusted]: ")[1]
        got = tomllib.loads(f"[gates.leakage.trusted]\n{line}")["gates"]["leakage"]["trusted"]
        assert found(frame, project(("a", "b", name), trusted=got))[0][name] is Status.WARN


def test_a_category_of_many_levels_is_no_leak():
    """Levels of a few rows each know their own outcome, but not those of the other half."""
    rng = np.random.default_rng(1)
    y = (rng.random(4000) < 0.3).astype(np.int8)
    levels = pd.Series([f"k{one}" for one in rng.integers(0, 1000, 4000)], dtype="category")
    half = np.arange(4000) % 2
    assert single_feature_auc(levels, y, half) == pytest.approx(0.5, abs=0.03)
    wide = table().assign(k=levels, n=np.arange(4000.0))
    statuses, _ = found(wide.drop(columns="strong"), project(categorical=("k",)))
    assert set(statuses.values()) == {Status.PASS}


def test_the_single_feature_auc_is_that_of_ranks():
    """On a monotone feature of two values it is the area under the curve through its one step."""
    y = np.array([1, 1, 1, 0, 1, 0, 0, 0] * 50, dtype=np.int8)
    column = pd.Series([1.0, 1, 1, 1, 0, 0, 0, 0] * 50)
    half = np.arange(400) // 8 % 2
    levels = column.map({1.0: "u", 0.0: "v"}).astype("category")
    for same in (column, -column, column.astype(bool), column.astype("boolean"), levels):
        assert single_feature_auc(same, y, half) == pytest.approx(0.75)


def test_missing_cells_may_be_the_leak():
    """A column that is filled in only after the event knows it by being there; a few hide no leak."""
    frame = table()
    frame["note"] = np.where(frame["y"] == "yes", np.random.default_rng(2).normal(size=4000), np.nan)
    statuses, findings = found(frame.drop(columns="strong"), project(("a", "note")))
    assert statuses["note"] is Status.FAIL
    assert findings["note"].figures["auc"] == pytest.approx(1.0)
    known = found(frame, project(("a", "strong")))[1]["strong"].figures["auc"]
    frame.loc[::50, "strong"] = np.nan
    got = found(frame, project(("a", "strong")))[1]["strong"]
    assert (got.status, got.figures["auc"]) == (Status.WARN, pytest.approx(known, abs=0.02))


def test_a_cluster_does_not_know_itself():
    """The name of a cluster says nothing about other ones, though a cluster's rows share their fate."""
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(200), 20)
    y = np.repeat(rng.random(200) < 0.3, 20)
    frame = table().assign(
        y=np.where(y, "yes", "no"), day=[f"d{one:03}" for one in day], code=(day * 7919 % 200).astype(float)
    )
    frame = frame.drop(columns="strong").assign(a=rng.normal(size=4000), b=rng.normal(size=4000))
    apart = found(frame, project(categorical=("day",), columns={"cluster": "day"}))[0]
    assert apart["single features"] is Status.PASS
    together = found(frame, project(categorical=("day",)))[0]
    assert together["day"] is Status.FAIL


def test_an_undefined_auc_is_indeterminate():
    """One event cannot be in both halves: nothing is known, so nothing passes."""
    frame = table().drop(columns="strong")
    blocks = cut(observe(frame, project(), None).sample, project())
    y = np.zeros(len(blocks.sample), dtype=np.int8)
    y[0] = 1
    lone = replace(blocks, sample=replace(blocks.sample, y=y))
    findings = leakage_findings(lone, project(), None)
    statuses = {one.subject: one.status for one in findings}
    assert (statuses["a"], statuses["b"]) == (Status.INDETERMINATE, Status.INDETERMINATE)
    assert "single features" not in statuses


def timed(**columns):
    """Return rows an hour apart."""
    frame = table(400).drop(columns="strong")
    hours = pd.date_range("2024-01-01", periods=400, freq="h", tz="UTC").astype("datetime64[us, UTC]")
    return frame.assign(t=hours, **columns)


def test_an_entity_in_two_blocks_is_counted_once(wording):
    """By time, entities come back, which is suspicious and no proof of a leak."""
    frame = timed(who=[f"w{row}" for row in range(400)])
    roles = {"time": "t", "entity": "who"}
    alone = found(frame, project(columns=roles))[1]["who"]
    assert alone.status is Status.PASS
    frame.loc[[0, 250, 399], "who"] = "back"
    frame.loc[[1, 350], "who"] = "again"
    statuses, findings = found(frame, project(columns=roles))
    assert statuses["who"] is Status.WARN
    assert findings["who"].figures == {"entities_across_blocks": 2}
    assert statuses["order of time"] is Status.PASS
    wording(alone, findings["who"], findings["order of time"])


def test_a_cluster_that_reaches_over_time_fails(wording):
    """Whole clusters go to one block; one that lasts the year drags its late rows before the others."""
    frame = timed(day=[f"d{row // 10}" for row in range(400)])
    frame.loc[[0, 245, 390, 399], "day"] = "always"
    late = found(frame, project(columns={"time": "t", "cluster": "day"}))[1]["order of time"]
    assert (late.status, late.figures) == (Status.FAIL, {"rows_out_of_order": 3})
    wording(late)


@pytest.mark.parametrize("figure", ["auc", "near-perfect", "gap"])
def test_a_feature_at_its_limit_is_found(figure):
    """The limit itself is suspicious already, or near-perfect."""
    features = ("a", "b", "strong")
    loose = {"single_feature_auc": 0.99, "near_perfect_auc": 0.99, "gap": 0.49}
    got = found(table(), project(features, **loose))[1]["single features"]
    limit = got.figures["gap" if figure == "gap" else "auc"]
    name = {"auc": "single_feature_auc", "near-perfect": "near_perfect_auc", "gap": "gap"}[figure]
    if figure == "near-perfect":
        loose["single_feature_auc"] = 0.6
    at, beyond = (Status.FAIL, Status.WARN) if figure == "near-perfect" else (Status.WARN, None)
    for where, status in ((limit, at), (limit + 1e-12, beyond)):
        assert found(table(), project(features, **loose | {name: where}))[0].get("strong") is status


def test_what_no_feature_uses_is_looked_at_all_the_same():
    """A number of its own in each row, a code of few levels; not a name of its own in each row."""
    frame, y = table().drop(columns="strong"), table()["y"]
    rng = np.random.default_rng(1)
    frame["number"] = rng.normal(size=4000) + 2 * (y == "yes")
    frame["code"] = np.where((y == "yes") & (rng.random(4000) < 0.9), "p", "q")
    frame["name"] = [f"{one}{row % 500}" for row, one in enumerate(y)]
    frame["flag"] = frame["code"] == "p"
    got = found(frame, project())[1]
    unused = {name for name, one in got.items() if one.because.startswith("no feature, but alone")}
    assert unused == {"number", "code", "flag"}
    assert {got[name].status for name in unused} == {Status.WARN}
    auc = got["flag"].figures["auc"]
    for limit, status in ((auc, Status.WARN), (auc + 1e-12, None)):
        assert found(frame, project(single_feature_auc=limit, gap=0.5))[0].get("flag") is status


def test_the_strongest_is_named_first():
    """Whatever the order of the features; the gap of a feature alone is to a coin."""
    frame = table()
    frame["stronger"] = frame["strong"] + 3 * (frame["y"] == "yes")
    declared = project(("a", "strong", "stronger"), single_feature_auc=0.7, gap=0.5)
    statuses = found(frame, declared)[0]
    assert [name for name, status in statuses.items() if status is not Status.PASS] == ["stronger", "strong"]
    alone = found(table(), project(("strong",), single_feature_auc=0.9))[1]["strong"]
    assert alone.status is Status.WARN
    assert alone.figures["gap"] == pytest.approx(alone.figures["auc"] - 0.5)


def test_a_text_of_its_own_in_ten_rows_is_looked_at():
    """A tenth as many levels as rows is a code; one more is a name."""
    frame = table().drop(columns="strong")
    rows = len(observe(frame, project(), None).sample)
    event = (frame["y"] == "yes").to_numpy()
    place = np.where(event, np.cumsum(event), np.cumsum(~event))
    for levels, status in ((rows // 10, Status.WARN), (rows // 10 + 1, None)):
        few = levels // 3
        frame["code"] = np.where(event, place % few, few + place % (levels - few)).astype(str)
        assert found(frame, project())[0].get("code") is status
