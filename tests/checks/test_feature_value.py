"""Dropping features: the reduced fits are the solver's own, and a feature is worth what decisions lose."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.inspection.feature_value import worth_evidence, worths
from logitgate.checks.inspection.leave_one_out import Dropped, without_each
from logitgate.data.sampling.sample import observe
from logitgate.decision.rule import DecisionRule
from logitgate.findings import Status
from logitgate.model.design.signs import FREE
from logitgate.model.fitting.fit import Choice, fit, regression
from logitgate.model.fitting.fitted import Fitted
from logitgate.model.fitting.recalibration import NONE, Recalibration, recalibrated
from logitgate.model.model import Model
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form
from tests.projects import small

PROJECT = small(
    columns={"id": "id", "time": "t"},
    features={"numeric": ["strong", "weak", "noise"], "categorical": ["g"]},
    search={"interactions": {"both": ["strong", "weak"]}},
)
FORMS = (Form(basis="linear"), Form(basis="spline", interactions=("both",)))


@pytest.fixture(scope="module")
def parts():
    """Earlier and later rows in which one feature matters much, one a little, and one not at all."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(4000, 3)), columns=["strong", "weak", "noise"])
    frame["id"] = [f"r{row:04}" for row in range(4000)]
    frame["t"] = pd.date_range("2024-01-01", periods=4000, freq="h", tz="UTC").astype("datetime64[us, UTC]")
    frame["g"] = pd.Categorical(rng.choice(["u", "v", "w"], 4000))
    odds = 2 * frame["strong"] + 0.7 * frame["weak"] - 1.5
    frame["y"] = np.where(rng.random(4000) < 1 / (1 + np.exp(-odds)), "yes", "no")
    sample = observe(frame, PROJECT, None).sample
    return sample.take(np.arange(2800)), sample.take(np.arange(2800, 4000))


CHANGE = Recalibration(0.9, 0.1)


def learned(parts, form, C=1.0, signs=FREE):
    """Return the recalibrated model of the earlier rows, and how it was fitted."""
    train, _ = parts
    y = train.y.astype(int)
    raw = fit(Choice(form, C), train.frame, y, PROJECT.features, PROJECT.search, signs=signs)
    pipeline = recalibrated(raw, CHANGE)
    model = Model(pipeline, DecisionRule("per-row"), PROJECT.costs.matrix, PROJECT.features)
    return model, Fitted.of(pipeline, CHANGE, train, signs)


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("C", [0.01, 10.0])
def test_reduced_fits_are_the_solver_s(parts, form, C):
    """Without each feature the log-odds are those of a fit to the other columns alone."""
    known = learned(parts, form, C)[1]
    dropped = without_each(known, PROJECT.features.all)
    for place, name in enumerate(dropped.features):
        keep = [name not in source for source in known.sources]
        other = regression(C).fit(known.matrix.whole()[:, keep], known.y)
        scores = known.matrix.scores(dropped.weights[:, place])
        np.testing.assert_allclose(scores, other.decision_function(known.matrix.whole()[:, keep]), atol=5e-3)
        assert not dropped.weights[:-1, place][np.logical_not(keep)].any()


@pytest.mark.parametrize("form", [FORMS[0], Form(basis="spline")], ids=str)
def test_reduced_fits_keep_the_signs(parts, form):
    """Without each feature the log-odds are those of a fit with signs to the other features alone."""
    signs = {"strong": "positive", "weak": "negative", "noise": "positive"}
    known = learned(parts, form, 1.0, signs)[1]
    dropped = without_each(known, PROJECT.features.all)
    train, y = parts[0].frame, parts[0].y.astype(int)
    for place, name in enumerate(dropped.features):
        others = FeaturesConfig(
            numeric=tuple(one for one in PROJECT.features.numeric if one != name),
            categorical=tuple(one for one in PROJECT.features.categorical if one != name),
        )
        kept = {one: sign for one, sign in signs.items() if one != name}
        alone = fit(Choice(form, 1.0), train, y, others, PROJECT.search, signs=kept)
        scores = known.matrix.scores(dropped.weights[:, place])
        np.testing.assert_allclose(scores, alone.decision_function(train), atol=5e-3)


def test_a_fit_that_the_chord_does_not_reach_is_solved_again(parts, monkeypatch):
    """With no pass allowed the usual solver gives the same answer."""
    known = learned(parts, FORMS[0])[1]
    quick = without_each(known, PROJECT.features.all)
    monkeypatch.setattr("logitgate.checks.inspection.leave_one_out._PASSES", 0)
    np.testing.assert_allclose(without_each(known, PROJECT.features.all).weights, quick.weights, atol=1e-3)


def test_features_are_sorted_by_what_they_are_worth(parts):
    """The strong one is proven to earn its place, noise is not, and that is a warning."""
    model, known = learned(parts, FORMS[0])
    found = worths(model, CHANGE, without_each(known, PROJECT.features.all), parts[1])
    assert found[0].feature == "strong"
    assert [one.cost.value for one in found] == sorted((one.cost.value for one in found), reverse=True)
    assert {one.feature: one.columns for one in found} == {"strong": 1, "weak": 1, "noise": 1, "g": 3}
    finding, table = worth_evidence(found, 0.05)
    assert finding.status is Status.WARN
    got = {row["feature"]: row["earns_its_place"] for row in table.rows}
    assert (got["strong"], got["noise"]) == ("proven", "not proven")
    assert "noise" in finding.because
    assert "strong" not in finding.because
    assert worth_evidence(found[:1], 0.05)[0].status is Status.PASS
    at = found[-1].p_value
    finding, table = worth_evidence(found[-1:], at)
    assert (finding.status, table.rows[0]["earns_its_place"]) == (Status.PASS, "proven")


def test_each_reduced_model_shares_recalibration_and_threshold(parts):
    """Dropping nothing changes nothing, decision by decision; turned weights cost more and lose more."""
    model, known = learned(parts, FORMS[1])
    same, turned = (Dropped(("nothing",), sign * known.weights[:, None]) for sign in (1, -1))
    (found,) = worths(model, CHANGE, same, parts[1])
    assert found.cost.value == 0.0
    assert found.log_loss.value == pytest.approx(0.0, abs=1e-9)
    (other,) = worths(model, NONE, same, parts[1])
    assert other.log_loss.value != pytest.approx(0.0, abs=1e-6)
    (backwards,) = worths(model, CHANGE, turned, parts[1])
    assert backwards.cost.low > 0 and backwards.log_loss.value > 0.5


def test_a_single_feature_can_be_dropped(parts):
    """What is left is one probability for all rows, and it costs more."""
    train, later = parts
    features = FeaturesConfig(numeric=("strong",))
    raw = fit(Choice(FORMS[0], 1.0), train.frame, train.y.astype(int), features, PROJECT.search)
    alone = Model(raw, DecisionRule("per-row"), PROJECT.costs.matrix, features)
    dropped = without_each(Fitted.of(raw, NONE, train), ("strong",))
    assert worths(alone, NONE, dropped, later)[0].cost.low > 0
