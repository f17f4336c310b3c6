"""What a feature adds to the log-odds: known by hand, mixed over seasons, and what makes a drift matter."""

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.sample import Sample
from logitgate.decision.rule import DecisionRule
from logitgate.findings import Status
from logitgate.model.explanation.contributions import design_means, explain, feature_contributions
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.monitoring.distributions.contribution import (
    Contribution,
    contributions_of,
    mixed_contributions,
)
from logitgate.monitoring.drift import drift
from logitgate.monitoring.profiling import reference_profile
from logitgate.monitoring.reference import Reference
from logitgate.project.reading.load import parse_project
from logitgate.project.search import Form
from tests.projects import plain

PROJECT = parse_project(
    plain(features={"numeric": ["strong", "weak"], "categorical": ["side"]}, slices={}), "visits.toml"
)


def rows(n=4_000, seed=0):
    """Return visits: one feature matters, one does not."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "visit": np.arange(n).astype(str),
            "at": pd.date_range("2021-01-01", periods=n, freq="10min", tz="UTC"),
            "strong": rng.normal(size=n),
            "weak": rng.normal(size=n),
            "side": pd.Categorical(rng.choice(["north", "south"], n)),
        }
    )
    chance = 1 / (1 + np.exp(1 - 1.2 * frame["strong"] - 0.5 * (frame["side"] == "north")))
    return frame, (rng.random(n) < chance).astype(np.int64)


@pytest.fixture(scope="module")
def model():
    """A linear model of them."""
    frame, y = rows()
    pipeline = fit(Choice(Form(basis="linear"), 1.0), frame, y, PROJECT.features, PROJECT.search)
    return Model(pipeline, DecisionRule("constant", 0.3), PROJECT.costs.matrix, PROJECT.features)


@pytest.fixture(scope="module")
def reference(model):
    """The profile that would ship with it."""
    frame, y = rows()
    sample = Sample(frame, y.astype(np.int8), frame["visit"].to_numpy(object))
    scored = model.score(sample, PROJECT.costs.matrix)
    return reference_profile(sample, scored, PROJECT, model).reference


def test_the_parts_are_those_of_the_explanation(model):
    """Less the same of an average row, as one row is explained."""
    frame, _ = rows(200, seed=1)
    X = frame[["strong", "weak", "side"]]
    means = design_means(model.pipeline, X)
    parts = feature_contributions(model.pipeline, X)
    for name, part in explain(model.pipeline, X.iloc[[7]], means).contributions:
        assert parts[name][7] - parts[name].mean() == pytest.approx(part)


def test_seasons_mix_to_the_whole(model):
    """Mean and spread of two parts, by their shares, are those of all rows."""
    frame, _ = rows(3_000, seed=2)
    X = frame[["strong", "weak", "side"]]
    parts = [(contributions_of(model.pipeline, X[:1_000]), 1 / 3)]
    parts.append((contributions_of(model.pipeline, X[1_000:]), 2 / 3))
    whole, mixed = contributions_of(model.pipeline, X), mixed_contributions(parts)
    for name, one in whole.items():
        assert (mixed[name].mean, mixed[name].sd) == pytest.approx((one.mean, one.sd))


@pytest.mark.parametrize(
    ("change", "failed", "remarks"),
    [
        ({}, set(), set()),
        ({"strong": 1.0}, {"strong"}, set()),
        ({"weak": 1.0}, set(), {"weak"}),
        ({"strong": 1.0, "weak": 1.0}, {"strong"}, {"weak"}),
    ],
)
def test_a_drift_that_does_not_reach_the_model_is_a_remark(model, reference, change, failed, remarks):
    """The same shift of two features: one moves the log-odds by more than .1, the other by less."""
    frame, _ = rows(2_000, seed=3)
    frame = frame.assign(**{name: frame[name] + by for name, by in change.items()})
    decision = model.decision(model.probability(frame), frame, frame["visit"].to_numpy(object))
    findings, _ = drift(frame, decision, reference, PROJECT, model)
    found = [one for one in findings if one.check == "drift"]
    assert {one.subject for one in found if one.status is Status.FAIL} == failed
    assert {one.subject for one in found if one.status is Status.WARN} == remarks
    if "strong" in failed:
        (strong,) = [one for one in found if one.subject == "strong"]
        assert strong.figures["contribution"] == pytest.approx(model.pipeline[-1].coef_[0][0], rel=0.15)


def test_several_remarks_are_one_line(model, reference):
    """Two features that changed and hardly reach the model."""
    frame, _ = rows(2_000, seed=3)
    other = np.where(np.arange(2_000) % 12 == 0, "north", frame["side"].astype(str))
    frame = frame.assign(weak=frame["weak"] * 2, side=pd.Categorical(other))
    frame = pd.concat([frame[frame["side"] == "north"], frame[frame["side"] == "south"][::2]])
    decision = model.decision(model.probability(frame), frame, frame["visit"].to_numpy(object))
    strict = PROJECT.monitoring.model_copy(update={"contribution": 5.0})
    findings, (exhibit, *_) = drift(
        frame, decision, reference, PROJECT.model_copy(update={"monitoring": strict}), model
    )
    (remark,) = [one for one in findings if one.check == "drift" and one.status is Status.WARN]
    assert remark.figures["features"] == 2
    status = {row["feature"]: row["status"] for row in exhibit.rows if row["check"] == "drift"}
    assert status == {"strong": "PASS", "weak": "WARN", "side": "WARN"}


def test_profiles_of_earlier_versions_have_no_contributions(reference):
    """They are read; each significant change beyond its floor is then an alarm, as it was."""
    frame, _ = rows(2_000, seed=3)
    frame = frame.assign(weak=frame["weak"] + 1)
    old = Reference(
        reference.rows, reference.features, reference.log_odds, reference.test_rows, reference.flag_rate, {}
    )
    findings, _ = drift(frame, None, old, PROJECT)
    assert {one.subject for one in findings if one.check == "drift" and one.status is Status.FAIL} == {"weak"}
    assert Contribution.from_json([3, 0.5, 0.1]) == Contribution(3, 0.5, 0.1)
