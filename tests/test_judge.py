"""Judging: every opponent by its own rule on the same rows, and no champion is skipped."""

import numpy as np
import pandas as pd
import pytest

from logitgate.contest import LINEAR, PRIOR
from logitgate.costs import CostMatrix
from logitgate.decision import Rule
from logitgate.errors import DataError
from logitgate.findings import Status, Verdict
from logitgate.judge import Opponents, judge
from logitgate.model import Model
from logitgate.project import Features
from logitgate.project_file import parse_project
from logitgate.sample import Sample

PLAIN = {
    "name": "small",
    "rows": {"path": "rows.csv"},
    "columns": {"id": "id"},
    "outcome": {"column": "y", "event": "yes"},
    "features": {"numeric": ["sharp"]},
    "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
    "slices": {"columns": ["g"], "minimum_rows": 100, "minimum_events": 10},
    "contract": {"suite": "suite.json"},
}
PROJECT = parse_project(PLAIN, "small.toml")
FIFTH = Rule("constant", 0.2)


class Column:
    """Stands for a fitted pipeline: the probability is what a column says."""

    def __init__(self, name):
        self.name = name

    def predict_proba(self, frame):
        """Return the probabilities of both classes."""
        return np.column_stack([1 - frame[self.name], frame[self.name]])


def model(column, rule=FIFTH, costs=PROJECT.costs.matrix):
    """Return a model that reads one column and decides by a rule."""
    return Model(Column(column), rule, costs, Features(numeric=(column,)))


@pytest.fixture(scope="module")
def test_rows():
    """Rows with a sharp, a blurred and a constant probability; in slice b the blurred one is upside down."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-1.5, 2, 6000)
    sharp = 1 / (1 + np.exp(-odds))
    y = (rng.random(6000) < sharp).astype(np.int8)
    g = np.where(rng.random(6000) < 0.2, "b", "a")
    frame = pd.DataFrame(
        {
            "sharp": sharp,
            "blurred": 1 / (1 + np.exp(-(odds + rng.normal(0, 3, 6000)))),
            "turned": np.where(g == "b", 1 - sharp, sharp),
            "flat": y.mean(),
            "g": g,
        }
    )
    return Sample(frame, y, np.arange(6000).astype(str).astype(object))


BASELINES = {PRIOR: model("flat"), LINEAR: model("blurred")}


def judged(challenger, rows, **opponents):
    """Judge and return the findings by check and subject, beside the judgement."""
    found = judge(challenger, Opponents(BASELINES, **opponents), rows, PROJECT)
    return {(one.check, one.subject): one for one in found.findings}, found


def test_a_good_model_is_released_first(test_rows):
    """Without a champion the baselines decide, and no version is named."""
    findings, found = judged(model("sharp"), test_rows)
    assert Verdict(found.findings).status is Status.PASS
    assert ("champion", "first release") in findings
    assert found.champion_version is None
    assert {one.check for one in found.findings} == {
        "baselines",
        "calibration",
        "champion",
        "costs",
        "slices",
        "self-test",
    }
    assert {("baselines", name) for name in (PRIOR, LINEAR, "log loss")} <= findings.keys()
    assert [part.name for part in found.slices] == ["g = a", "g = b"]


def test_a_better_model_beats_the_champion(test_rows):
    """The gain over the blurred champion is proven."""
    findings, found = judged(model("sharp"), test_rows, champion=model("blurred"), version=4)
    assert Verdict(found.findings).status is Status.PASS
    assert findings["champion", "version 4"].status is Status.PASS
    assert found.champion_version == 4


def test_a_model_does_not_beat_itself(test_rows):
    """The same decisions are no gain."""
    findings, found = judged(model("sharp"), test_rows, champion=model("sharp"), version=4)
    assert Verdict(found.findings).status.stops
    assert findings["champion", "version 4"].status is Status.FAIL
    assert findings["champion", "version 4: events decided differently"].status is Status.INDETERMINATE


def test_a_worse_model_fails(test_rows):
    """What the sharp champion does better is proven, and slices say where."""
    findings, _ = judged(model("turned"), test_rows, champion=model("sharp"), version=4)
    assert findings["champion", "version 4"].status is Status.FAIL
    assert findings["slices", "g = b"].status is Status.FAIL
    assert findings["slices", "g = a"].status is Status.PASS
    assert findings["slices", "g = a"].figures["difference"] == 0.0


def test_slices_are_held_against_the_prior_before_the_first_release(test_rows):
    """Without a champion the reference is the prior model, and it says so."""
    findings, _ = judged(model("turned"), test_rows)
    assert "prior model" in findings["slices", "g = b"].because
    findings, _ = judged(model("sharp"), test_rows, champion=model("blurred"), version=4)
    assert "champion" in findings["slices", "g = a"].because


@pytest.mark.parametrize("rule", [Rule("flag-none"), Rule("flag-all"), Rule("constant", 0.7)])
def test_the_champion_decides_by_its_own_rule(rule, test_rows):
    """Its decisions come from its own column and threshold, not from the challenger's."""
    champion = model("blurred", rule)
    findings, found = judged(model("sharp"), test_rows, champion=champion, version=4)
    blurred = test_rows.frame["blurred"]
    flagged = {"flag-none": blurred > 1, "flag-all": blurred > -1, "constant": blurred >= 0.7}[rule.name]
    cost = found.scored.costs.of(test_rows.y, flagged.to_numpy())
    difference = findings["champion", "version 4"].figures["difference"]
    assert difference == pytest.approx(float((found.scored.cost - cost).mean()), abs=1e-12)


def test_the_champion_is_judged_by_the_costs_of_today(test_rows):
    """It decides by the costs it was made for; what that costs is what the project says now."""
    before = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=100)
    champion = model("blurred", Rule("per-row"), before)
    findings, found = judged(model("sharp"), test_rows, champion=champion, version=4)
    cost = found.scored.costs.of(test_rows.y, (test_rows.frame["blurred"] >= 0.01).to_numpy())
    difference = findings["champion", "version 4"].figures["difference"]
    assert difference == pytest.approx(float((found.scored.cost - cost).mean()), abs=1e-12)


class Refuses:
    """Stands for preprocessing that cannot read the rows."""

    def __init__(self, error):
        self.error = error

    def predict_proba(self, frame):
        """Refuse."""
        raise self.error


READS_GONE = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="gone")


@pytest.mark.parametrize(
    ("champion", "reason"),
    [
        (model("gone"), "gone: the model needs it"),
        (model("sharp", costs=READS_GONE), "gone: the costs need it"),
        (
            Model(
                Refuses(DataError("x", "rule", "remedy")),
                FIFTH,
                PROJECT.costs.matrix,
                Features(numeric=("g",)),
            ),
            "x: rule",
        ),
        (
            Model(Refuses(ValueError("'Smith'")), FIFTH, PROJECT.costs.matrix, Features(numeric=("g",))),
            "preprocessing",
        ),
        (
            Model(Refuses(TypeError("'Smith'")), FIFTH, PROJECT.costs.matrix, Features(numeric=("g",))),
            "preprocessing",
        ),
    ],
    ids=["feature", "cost column", "refusal", "value", "type"],
)
def test_a_champion_that_cannot_be_scored_stops(champion, reason, test_rows):
    """It is INDETERMINATE with the reason, without a cell's value; the slices then look at the prior."""
    findings, found = judged(model("sharp"), test_rows, champion=champion, version=4)
    unjudged = findings["champion", "version 4"]
    assert unjudged.status is Status.INDETERMINATE
    assert reason in unjudged.because
    assert "Smith" not in unjudged.because
    assert Verdict(found.findings).status is Status.INDETERMINATE
    assert "prior model" in findings["slices", "g = a"].because
    assert found.champion_version == 4


def test_a_champion_that_could_not_be_loaded_stops(test_rows):
    """A refusal of the loader is passed on, and is no first release."""
    findings, found = judged(model("sharp"), test_rows, version=4, refusal="its file is damaged")
    assert findings["champion", "version 4"].status is Status.INDETERMINATE
    assert "its file is damaged" in findings["champion", "version 4"].because
    assert ("champion", "first release") not in findings
    assert found.champion_version == 4


def test_a_model_no_better_than_the_prior_is_stopped(test_rows):
    """Constant probabilities prove nothing against themselves."""
    findings, _ = judged(model("flat"), test_rows)
    assert findings["baselines", PRIOR].status is Status.FAIL
    assert findings["baselines", "log loss"].status is Status.FAIL
    assert findings["baselines", LINEAR].status.stops
    assert findings["calibration", "slope"].status.stops


def test_the_plain_linear_model_has_its_margin(test_rows):
    """A model that decides as the linear one passes within the margin, and stops without it."""
    same = Opponents({PRIOR: model("flat"), LINEAR: model("sharp")})
    without = parse_project(PLAIN | {"gates": {"linear_margin": 0}}, "small.toml")
    for declared, status in ((PROJECT, Status.PASS), (without, Status.FAIL)):
        found = judge(model("sharp"), same, test_rows, declared).findings
        assert [one.status for one in found if one.subject == LINEAR] == [status]


def test_clusters_weaken_every_proof(test_rows):
    """The same rows from one single entity prove nothing at all."""
    one = Sample(test_rows.frame, test_rows.y, test_rows.ids, cluster=np.zeros(6000, dtype=np.int64))
    found = judge(model("sharp"), Opponents(BASELINES, model("blurred"), 4), one, PROJECT).findings
    statuses = {(part.check, part.subject): part.status for part in found}
    for check in (("baselines", PRIOR), ("baselines", "log loss"), ("champion", "version 4")):
        assert statuses[check] is Status.INDETERMINATE


@pytest.mark.parametrize(
    ("name", "challenger", "status"),
    [
        ("g = a", "sharp", Status.PASS),
        ("g = b", "turned", Status.FAIL),
        ("g = b", "sharp", Status.PASS),
        ("g = c", "sharp", Status.INDETERMINATE),
    ],
)
def test_critical_slices_are_judged_at_their_own_margins(name, challenger, status, test_rows):
    """Proven, disproven, or absent from the test rows; the margin is a share of the reference's cost."""
    plain = PLAIN | {"slices": PLAIN["slices"] | {"critical": {name: 0.05}}}
    opponents = Opponents(BASELINES, model("blurred"), 4)
    found = judge(model(challenger), opponents, test_rows, parse_project(plain, "small.toml"))
    (finding,) = (one for one in found.findings if one.check == "critical slices")
    assert (finding.subject, finding.status) == (name, status)
    champion = found.scored.costs.of(test_rows.y, (test_rows.frame["blurred"] >= 0.2).to_numpy())
    assert finding.figures["margin"] == pytest.approx(0.05 * champion.mean(), rel=1e-12)


def test_a_critical_slice_with_too_few_rows_stops(test_rows):
    """Where any other slice would be INSUFFICIENT and pass by."""
    plain = PLAIN | {"slices": PLAIN["slices"] | {"critical": {"g = b": 0.05}, "minimum_rows": 2000}}
    found = judge(model("sharp"), Opponents(BASELINES), test_rows, parse_project(plain, "small.toml"))
    statuses = {(one.check, one.subject): one.status for one in found.findings}
    assert statuses["slices", "g = b"] is Status.INSUFFICIENT
    assert statuses["critical slices", "g = b"] is Status.INDETERMINATE
