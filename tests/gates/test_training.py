"""The road of a run: stages stop, what was not reached is not passed, and a training has one key."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from logitgate.catalogue import Check, Road, required
from logitgate.checks.cases import Cases, Expectation
from logitgate.errors import ProjectError
from logitgate.findings import Finding, Status
from logitgate.gates.contest import Opponents
from logitgate.gates.evidence import Evidence
from logitgate.gates.judge import compare_briefly, examine_model, judge_model
from logitgate.gates.training import key_of, learn_model, part_rows
from logitgate.monitoring.profiling import reference_profile
from logitgate.production.packaging.golden import golden_rows, replay
from logitgate.project.reading.load import parse_project
from tests.projects import SMALL
from tests.wording import refusal

PLAIN = SMALL | {
    "columns": {"id": "id", "time": "t"},
    "features": {"numeric": ["x", "z"]},
    "search": {"forms": ["linear"], "C": [1.0]},
    "gates": {
        "calibration": {"in_the_large": 0.6, "slope": [0.5, 2]},
        "leakage": {"trusted": {"x": "measured long before the outcome"}},
    },
}
PROJECT = parse_project(PLAIN, "small.toml")
CONTRACT = Finding(Check.CONTRACT, "rows", Status.PASS, "all hold")


def table(n=4000):
    """Return rows whose x knows the outcome fairly well."""
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, n))
    return pd.DataFrame(
        {
            "id": [f"r{row:04}" for row in range(n)],
            "t": pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC").astype("datetime64[us, UTC]"),
            "x": x,
            "z": z,
            "y": np.where(rng.random(n) < 1 / (1 + np.exp(1 - 2 * x - 1.5 * z)), "yes", "no"),
        }
    )


def road(frame, project=PROJECT, as_of=None):
    """Return the evidence after each stage."""
    parted = part_rows(Evidence(project, frame, as_of, (CONTRACT,)))
    learned = learn_model(parted)
    return parted, learned, judge_model(learned, Opponents())


@cache
def sound_road(n=4000):
    """Return the evidence after each stage of a run in which nothing is wrong."""
    return road(table(n))


def unreached(evidence):
    """Return the checks that the verdict says were never made."""
    return {one.check for one in evidence.verdict.findings if one.subject == "verdict"}


def test_a_sound_run_passes():
    """Rows, leakage, fit, then the judgement: each step adds what it found."""
    parted, learned, judged = sound_road()
    assert {one.check for one in parted.findings} == {"contract", "rows", "leakage", "shifts"}
    assert (parted.learned, learned.judged) == (None, None)
    assert parted.blocks is learned.blocks is judged.blocks
    assert judged.verdict.status is Status.PASS
    assert not judged.stops
    assert unreached(judged) == set()
    assert judged.findings[: len(learned.findings)] == learned.findings
    counted = next(one for one in judged.findings if one.check == "rows")
    assert counted.figures["rows"] == counted.figures["used"] == 4000
    assert sum(counted.figures[f"block {block}"] for block in range(1, 6)) == 4000
    found = next(one for one in judged.findings if one.check == "fit")
    assert (found.figures["rows"], found.figures["judged"]) == (4000, len(judged.learned.judged))
    (shown,) = (one for one in judged.exhibits if one.name == "blocks")
    assert [row["block"] for row in shown.rows] == [2, 3, 4, 5, "all"]
    assert shown.rows[-1]["n"] == sum(row["n"] for row in shown.rows[:-1]) == len(judged.learned.judged)


@pytest.mark.parametrize("n", [4000, 300])
@pytest.mark.parametrize("with_champion", [True, False])
def test_what_only_informs_decides_nothing(n, with_champion):
    """A replay leaves it out: what stops, and so the status, is the same."""
    _, learned, judged = sound_road(n)
    champion = Opponents()
    if with_champion:
        earlier = learn_model(part_rows(Evidence(PROJECT, table(n).iloc[: n // 2], None, (CONTRACT,))))
        champion = Opponents(earlier.learned.model, 1, champion_recipe=learned.recipe)
    whole = (judge_model(learned, champion) if with_champion else judged).verdict
    brief = compare_briefly(examine_model(learned), champion).verdict
    assert brief.status is whole.status
    assert [(one.check, one.subject, one.status) for one in brief.reasons] == [
        (one.check, one.subject, one.status) for one in whole.reasons
    ]
    assert len(brief.findings) < len(whole.findings)


def test_the_default_date_is_written_down():
    """Without a date the evidence says which one was taken; a given one stays."""
    newest = table()["t"].max().to_pydatetime()
    assert sound_road()[0].as_of > newest
    given = datetime(2024, 5, 1, tzinfo=UTC)
    parted = part_rows(Evidence(PROJECT, table(), given, (CONTRACT,)))
    assert parted.as_of == given
    assert next(one for one in parted.findings if one.check == "rows").figures["after_as_of"] > 0


@pytest.mark.parametrize("status", [Status.FAIL, Status.INDETERMINATE])
def test_a_broken_contract_ends_the_checks(status):
    """Nothing is cut, learned or judged after it, and all of that is INDETERMINATE."""
    begun = Evidence(PROJECT, table(), findings=(Finding(Check.CONTRACT, "rows", status, "broken"),))
    ended = judge_model(learn_model(part_rows(begun)), Opponents())
    assert ended is begun
    assert unreached(ended) == set(required(Road.TRAINING)) - {"contract"}
    assert ended.verdict.status is status


@pytest.mark.parametrize("status", [Status.WARN, Status.INSUFFICIENT])
def test_a_warning_about_the_contract_ends_nothing(status):
    """The rows are cut all the same."""
    begun = Evidence(PROJECT, table(), findings=(Finding(Check.CONTRACT, "rows", status, "so so"),))
    assert part_rows(begun).blocks is not None


def test_a_contract_that_was_not_looked_at_does_not_pass():
    """All else passes; the verdict is INDETERMINATE."""
    judged = sound_road()[2]
    ended = replace(judged, findings=tuple(one for one in judged.findings if one.check != "contract"))
    assert (unreached(ended), ended.verdict.status) == ({"contract"}, Status.INDETERMINATE)


def test_rows_that_are_refused_leave_nothing_to_check(wording):
    """The refusal is a finding with rule and remedy; later stages are not reached."""
    parted, learned, judged = road(table().assign(y="no"))
    refused = parted.findings[-1]
    assert (refused.check, refused.subject, refused.status) == ("rows", "y", Status.FAIL)
    wording(refused)
    assert parted is learned is judged
    assert unreached(judged) == set(required(Road.TRAINING)) - {"contract", "rows"}
    assert judged.verdict.status is Status.FAIL


def test_a_leak_stops_the_promotion_and_no_check():
    """A feature that was known after the outcome fails, and all the rest is looked at."""
    leaky = parse_project(
        PLAIN | {"columns": PLAIN["columns"] | {"known_after_outcome": ["x"]}}, "small.toml"
    )
    judged = road(table(), leaky)[2]
    assert unreached(judged) == set()
    assert ("leakage", "x") in {(one.check, one.subject) for one in judged.verdict.reasons}
    assert judged.judged is not None


def test_a_suspicion_of_a_leak_is_reported_and_judged():
    """A feature that is strong and plausible goes on to the fit; the verdict says what was suspicious."""
    strict = parse_project({name: part for name, part in PLAIN.items() if name != "gates"}, "small.toml")
    parted = part_rows(Evidence(strict, table(), None, (CONTRACT,)))
    (suspicion,) = [one for one in parted.findings if one.status is Status.WARN]
    assert (suspicion.check, suspicion.subject) == ("leakage", "x")
    assert learn_model(parted).learned is not None


def test_declared_behaviour_is_judged():
    """A case that the model breaks stops the promotion; one that never arrived does, too."""
    declared = parse_project(PLAIN | {"behaviour": {"cases": "cases.csv"}}, "small.toml")
    frame = pd.DataFrame({"x": [3.0], "z": [3.0]})
    read = Cases(["high"], [Expectation.parse("pass")], ["it is never late"], frame)
    known = learn_model(part_rows(Evidence(declared, table(), None, (CONTRACT,), cases=read)))
    verdict = judge_model(known, Opponents()).verdict
    assert [(one.check, one.subject, one.status) for one in verdict.reasons] == [
        ("behaviour", "high", Status.FAIL)
    ]
    unread = judge_model(replace(known, cases=None), Opponents()).verdict
    assert [one.status for one in unread.reasons] == [Status.INDETERMINATE]


def test_a_model_that_cannot_be_fitted_stops(wording):
    """Perfect separation is a finding of the fit, with its remedy."""
    separated = table().assign(x=lambda rows: np.where(rows["y"] == "yes", 1.0, -1.0) + 0.1 * rows["z"])
    parted, learned, judged = road(separated)
    assert not parted.stops
    assert (learned.findings[-1].check, learned.findings[-1].status) == ("fit", Status.FAIL)
    wording(learned.findings[-1])
    assert judged is learned
    assert judged.learned is None


@pytest.fixture
def placed(tmp_path):
    """Return a project, as plain values, whose suite lies in a folder of its own."""
    suite = tmp_path / "suite.json"
    suite.write_text("{}")
    return PLAIN | {"contract": {"suite": str(suite)}}


def key(plain, snapshot="rows", as_of="2024-05-01", code="1"):
    """Return the key of a training."""
    return key_of(parse_project(plain, "small.toml"), snapshot, as_of, code)


def test_the_key_changes_with_each_of_its_parts(placed):
    """Rows, date, code, any setting, and what the contract holds."""
    keys = [
        key(placed),
        key(placed, snapshot="other"),
        key(placed, as_of="2024-05-02"),
        key(placed, as_of=None),
        key(placed, code="2"),
        key(placed | {"split": {"seed": 1}}),
        key(placed | {"costs": placed["costs"] | {"false_negative": 6}}),
        key(placed | {"features": {"numeric": ["x"]}}),
        key(placed | {"contract": placed["contract"] | {"most_quarantined": 0.5}}),
        key(placed | {"contract": placed["contract"] | {"quarantine": "aside"}}),
        key(placed | {"rows": {"path": "rows.csv", "encoding": "latin-1"}}),
        key(placed | {"rows": {"query": "select 1", "url_env": "URL"}}),
    ]
    Path(placed["contract"]["suite"]).write_text("{ }")
    assert len({*keys, key(placed)}) == len(keys) + 1


def test_the_key_is_that_of_the_same_training(placed, tmp_path):
    """A digest, the same for the same rows, configuration, date and code; files may lie elsewhere."""
    assert key(placed) == key(dict(placed)) and len(key(placed)) == 64
    moved = tmp_path / "moved.json"
    moved.write_text("{}")
    here = placed | {"contract": placed["contract"] | {"quarantine": "aside"}}
    other = {"suite": str(moved), "quarantine": str(tmp_path)}
    assert key(placed | {"contract": other, "rows": {"path": "elsewhere.csv"}}) == key(here)


def test_the_key_knows_what_the_case_file_holds(placed, tmp_path):
    """A new case is a new training; the same file elsewhere is the same one."""
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("case")
    second.write_text("case")
    placed_at = [placed | {"behaviour": {"cases": str(path)}} for path in (first, second)]
    assert key(placed_at[0]) == key(placed_at[1]) != key(placed)
    second.write_text("case,")
    assert key(placed_at[0]) != key(placed_at[1])


def test_a_contract_that_is_not_there_is_refused(placed):
    """Named with its path, before anything is made."""
    plain = placed | {"contract": {"suite": "nowhere.json"}}
    assert refusal(ProjectError, key, plain).subject == "nowhere.json"


@pytest.mark.parametrize("gone", [0.0, np.nan], ids=["constant", "empty"])
def test_a_constant_feature_is_left_out_and_the_others_go_on(gone):
    """A feature without variation warns, and nothing after it looks for it: not even what names it."""
    named = {
        "features": {"numeric": ["x", "z", "dead"]},
        "search": {
            "forms": ["linear", "spline + crossed"],
            "interactions": {"crossed": ["x", "dead"]},
            "C": [1.0],
        },
        "slices": {"bins": {"dead": [0.5]}},
        "gates": PLAIN["gates"] | {"signs": {"dead": "positive", "x": "positive"}},
        "behaviour": {
            "directional": [{"name": "dead up", "feature": "dead", "change": "+1", "direction": "up"}]
        },
    }
    project = parse_project(PLAIN | named, "small.toml")
    _, learned, judged = road(table().assign(dead=gone), project)
    warned = [one for one in learned.findings if one.check == "fit" and one.status is Status.WARN]
    assert [(one.subject, one.figures) for one in warned] == [("dead", {"rows": 4000})]
    assert judged.verdict.status is Status.PASS, judged.verdict
    assert judged.learned.model.features.all == judged.project.features.all == ("x", "z")
    profile = reference_profile(judged.learned.shipped.rows, judged.judged.scored, judged.project).plain
    assert set(profile["numeric"]) == {"x", "z"}
    model, rows = judged.learned.model, judged.learned.judged
    own = model.score(rows, judged.project.costs.matrix)
    replay(model, golden_rows(model, rows, own, judged.project))
    later = rows.frame.assign(dead=np.arange(len(rows)))
    np.testing.assert_array_equal(model.probability(later), own.decision.probability)


def test_a_table_of_constants_fails_the_fit():
    """Where no feature varies there is no model, even if nothing else stops the run."""
    parted = part_rows(Evidence(PROJECT, table(400).assign(x=1.0, z=2.0), None, (CONTRACT,)))
    learned = learn_model(replace(parted, findings=(CONTRACT,)))
    failed = [one for one in learned.findings if one.status is Status.FAIL]
    assert [(one.check, one.subject) for one in failed] == [("fit", "features")]


@pytest.mark.parametrize("form", ["linear", "spline"])
def test_a_declared_sign_is_imposed_on_what_ships_and_what_was_judged(form):
    """Where the rows contradict a sign, every model that is fitted keeps it, and its cost is reported."""
    search = PLAIN["search"] | {"forms": [form]}
    project = parse_project(
        PLAIN | {"features": {"numeric": ["z"]}, "search": search, "gates": {"signs": {"z": "negative"}}},
        "small.toml",
    )
    _, learned, judged = road(table(), project)
    later = pd.concat([table(50)] * 3).assign(z=np.repeat([-9.0, 0.0, 9.0], 50))
    fitted = [learned.learned.shipped.model, learned.learned.last.model]
    for model in fitted:
        low, middle, high = model.probability(later).reshape(3, 50)
        assert (np.diff([low, middle, high], axis=0) <= 1e-12).all()
    found = {one.subject: one for one in judged.findings if one.check == "coefficients"}
    assert found["z"].status is Status.PASS
    assert found["signs"].figures["gain"] > 0.01
