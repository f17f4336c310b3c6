"""Behaviour: a model is held against cases, directions and invariances, whatever its average."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.behaviour import behaviour_findings
from logitgate.checks.cases import Cases, Expectation
from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import DecisionRule
from logitgate.errors import ProjectError
from logitgate.findings import Status
from logitgate.model.model import Model
from logitgate.project.data import FeaturesConfig
from tests.projects import small
from tests.wording import refusal

FEATURES = {"numeric": ["x", "z"], "categorical": ["g"]}


def project(**behaviour):
    """Return a project with these declarations."""
    return small(features=FEATURES, behaviour=behaviour)


class Curve:
    """Stands for a fitted pipeline: x raises the probability, but for what `turn` does to it."""

    def __init__(self, turn=np.inf):
        self.turn = turn

    def predict_proba(self, frame):
        """Return the probabilities of both classes; a missing x is refused, a missing z is NaN."""
        if frame["x"].isna().any():
            raise ValueError("x is missing")
        x = np.where(frame["x"] > self.turn, 2 * self.turn - frame["x"], frame["x"])
        lift = np.where(frame["g"].astype(object) == "b", 0.5, 0.0)
        p = 1 / (1 + np.exp(-(x + lift + 0 * frame["z"])))
        return np.column_stack([1 - p, p])


def model(turn=np.inf, rule=None, costs=None):
    """Return a model that flags from one half on."""
    own = costs or CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    features = FeaturesConfig(numeric=("x", "z"), categorical=("g",))
    return Model(Curve(turn), rule or DecisionRule("constant", 0.5), own, features)


def rows(n=100):
    """Return judged rows whose x runs from -2 to 2."""
    kind = pd.Categorical(np.where(np.arange(n) % 4 == 0, "b", "a"))
    frame = pd.DataFrame({"x": np.linspace(-2, 2, n), "z": 1.0, "g": kind})
    return Sample(frame, (np.arange(n) % 2).astype(np.int8), np.arange(n).astype(str).astype(object))


def cases(*expected, x=(1.0,), z=1.0, worth=9.0):
    """Return one case for each expectation."""
    n = len(expected)
    xs = [*x, *x * n][:n]
    frame = pd.DataFrame({"x": xs, "z": z, "g": pd.Categorical(["a"] * n), "worth": worth})
    parsed = [Expectation.parse(text) for text in expected]
    return Cases([f"c{one}" for one in range(n)], parsed, ["it is known"] * n, frame)


def found(declared, judged=None, read=None):
    """Return the findings by subject."""
    findings, exhibits = behaviour_findings(judged or model(), read, rows(), declared)
    assert {one.check for one in findings} == {"behaviour"}
    got = [one for exhibit in exhibits for one in exhibit.rows]
    subjects = {one.subject: one for one in findings}
    assert subjects.keys() == {"none declared"} or [one["test"] for one in got] == list(subjects)
    return subjects


def test_nothing_declared_says_so():
    """The check was made, so its finding passes."""
    (finding,) = found(project()).values()
    assert (finding.subject, finding.status) == ("none declared", Status.PASS)


def test_each_case_is_a_finding(wording):
    """With its probability, its threshold and the reason."""
    read = cases("flag", "pass", "p >= 0.7", "p <= 0.7")
    findings = found(project(cases="cases.csv"), read=read)
    assert [one.status.value for one in findings.values()] == ["PASS", "FAIL", "PASS", "FAIL"]
    broken = findings["c1"].figures
    assert broken["probability"] == pytest.approx(1 / (1 + np.exp(-1)))
    assert (broken["threshold"], broken["expected"]) == (0.5, "pass")
    wording(*findings.values())


def test_a_case_is_decided_by_the_models_own_costs():
    """A threshold by row comes from the row's own columns."""
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="worth")
    judged = model(rule=DecisionRule("per-row"), costs=costs)
    declared = project(cases="cases.csv")
    dear, cheap = cases("flag", x=(-1.0,), worth=9.0), cases("pass", x=(-1.0,), worth=1.5)
    assert found(declared, judged, dear)["c0"].status is Status.PASS
    assert found(declared, judged, dear)["c0"].figures["threshold"] == pytest.approx(1 / 9)
    assert found(declared, judged, cheap)["c0"].status is Status.PASS


def test_a_case_that_cannot_be_scored_is_indeterminate(wording):
    """Alone: the others are judged all the same."""
    read = cases("flag", "flag", x=(np.nan, 1.0))
    findings = found(project(cases="cases.csv"), read=read)
    assert [one.status for one in findings.values()] == [Status.INDETERMINATE, Status.PASS]
    wording(findings["c0"])


def test_what_cannot_be_judged_is_indeterminate():
    """A probability that is none keeps no expectation; costs that a case lacks give no threshold.

    Whoever forgets to read declared cases, or gives rows that the model refuses, stops the promotion.
    """
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="worth")
    by_row = model(rule=DecisionRule("per-row"), costs=costs)
    declared, sample = project(cases="cases.csv"), rows()
    sample.frame.loc[3, "x"] = np.nan
    findings = [
        *found(declared, read=cases("pass", "p <= 0.9", z=np.nan)).values(),
        *found(declared, by_row, cases("flag", worth=np.nan)).values(),
        *found(declared).values(),
        *behaviour_findings(model(), None, sample, project(directional=[UP]))[0],
    ]
    assert [one.status for one in findings] == [Status.INDETERMINATE] * 5


UP = {"name": "more x", "feature": "x", "change": "+0.5", "direction": "up"}


@pytest.mark.parametrize(
    ("change", "turn", "status"),
    [
        ({}, np.inf, "PASS"),
        ({"direction": "down"}, np.inf, "FAIL"),
        ({"change": "-0.5"}, np.inf, "FAIL"),
        ({"change": "-0.5", "direction": "down"}, np.inf, "PASS"),
        ({}, 1.0, "FAIL"),
        ({"tolerance": 0.15}, 1.0, "PASS"),
        ({"tolerance": 0.05}, 1.0, "FAIL"),
        ({"share": 0.32}, 1.0, "PASS"),
        ({"share": 0.3}, 1.0, "FAIL"),
        ({"within": [-2, 1]}, 1.0, "PASS"),
        ({"change": "*1.5"}, np.inf, "FAIL"),
        ({"change": ["a", "b"]}, np.inf, "feature"),
    ],
)
def test_a_direction_is_obeyed_or_not(change, turn, status):
    """By every changed row, but for the tolerance and the share that are declared."""
    if status == "feature":
        change, status = change | {"feature": "g"}, "PASS"
    finding = found(project(directional=[UP | change]), model(turn))["more x"]
    assert finding.status.value == status, finding.because


def test_only_rows_that_can_be_changed_are_judged():
    """From b to a the probability falls; a value beyond the bounds stays; a swap changes both levels."""
    falling = found(project(directional=[UP | {"feature": "g", "change": ["b", "a"]}]))["more x"]
    assert (falling.status, falling.figures["rows"], falling.figures["disobeying"]) == (Status.FAIL, 25, 1.0)
    bounded = found(project(directional=[UP | {"within": [-2, 0]}]))["more x"]
    assert (bounded.status, bounded.figures["rows"]) == (Status.PASS, 50)
    swapped = {"name": "same", "feature": "g", "swap": ["a", "b"], "at_most": 0.5}
    assert found(project(invariance=[swapped]))["same"].figures["rows"] == 100


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"feature": "x", "jitter": 0.1, "at_most": 0.03}, "PASS"),
        ({"feature": "x", "jitter": 0.1, "at_most": 0.02}, "FAIL"),
        ({"feature": "g", "swap": ["a", "b"], "at_most": 0.13}, "PASS"),
        ({"feature": "g", "swap": ["a", "b"], "at_most": 0.12}, "FAIL"),
        ({"feature": "g", "swap": ["a", "b"], "at_most": 0.0, "share": 1.0}, "PASS"),
        ({"feature": "g", "swap": ["c", "d"], "at_most": 0.5}, "INDETERMINATE"),
    ],
)
def test_an_invariance_is_kept_or_not(change, status):
    """Both ways; a swap that meets no row tells nothing."""
    finding = found(project(invariance=[{"name": "same"} | change]))["same"]
    assert finding.status.value == status, finding.because


def test_contradictory_declarations_are_refused(wording):
    """With key or name."""
    same = {"name": "s", "feature": "x", "at_most": 0.1}
    declared = [
        *(
            {"directional": [UP | one]}
            for one in ({"feature": "w"}, {"feature": "g"}, {"change": ["a", "b"]})
        ),
        *({"directional": given} for given in ([UP, UP], [UP | {"change": "10"}], [UP | {"within": [1, 0]}])),
        {"invariance": [same]},
        {"invariance": [same | {"jitter": 1, "swap": ["a", "b"]}]},
    ]
    wording(*(refusal(ProjectError, project, **one) for one in declared))


def test_a_change_that_the_model_refuses_is_indeterminate(wording):
    """The rows as they are can be scored, the changed ones cannot: that is named, and does not pass."""

    class Narrow(Curve):
        def predict_proba(self, frame):
            if frame["x"].max() > 2.5:
                raise ValueError("a value that it does not know")
            return super().predict_proba(frame)

    narrow = Model(Narrow(), DecisionRule("constant", 0.5), model().costs, model().features)
    declared = project(directional=[{"name": "more x", "feature": "x", "change": "+1", "direction": "up"}])
    (found,) = behaviour_findings(narrow, None, rows(), declared)[0]
    assert (found.check, found.subject, found.status) == ("behaviour", "more x", Status.INDETERMINATE)
    wording(found)
