"""Learning: each part of the rows has its one use, and the same rows give the same bits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from logitgate.data.folds import Folds
from logitgate.data.sample import observe
from logitgate.data.split import Split, split
from logitgate.errors import DataError
from logitgate.model.baselines import LINEAR, PRIOR
from logitgate.model.search import search
from logitgate.model.threshold import choose_rule
from logitgate.model.train import learn
from logitgate.project.load import parse_project

PLAIN = {
    "name": "small",
    "rows": {"path": "rows.csv"},
    "columns": {"id": "id", "time": "t"},
    "outcome": {"column": "y", "event": "yes"},
    "features": {"numeric": ["x", "z"], "categorical": ["g"]},
    "search": {"forms": ["linear", "spline"], "C": [0.1, 1.0], "folds": 2},
    "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
    "contract": {"suite": "suite.json"},
}
PROJECT = parse_project(PLAIN, "small.toml")


def parted(project=PROJECT, n=1500):
    """Return the parts of rows whose log-odds are curved in x."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"r{row:04}" for row in range(n)],
            "t": pd.date_range("2024-01-01", periods=n, freq="h", tz="UTC").astype("datetime64[us, UTC]"),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "g": pd.Categorical(rng.choice(["u", "v"], n)),
        }
    )
    odds = 1.5 * frame["x"] ** 2 - 2 + 0.5 * frame["z"]
    frame["y"] = np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), "yes", "no")
    return split(observe(frame, project, None).sample, project)


def bits(model):
    """Return all that a model decides by, to the last bit."""
    last = model.pipeline[-1]
    numbers = last.class_prior_ if hasattr(last, "class_prior_") else np.append(last.coef_, last.intercept_)
    return numbers.tobytes(), model.rule, model.features


def all_bits(learned):
    """Return the bits of everything that was learned."""
    return (
        bits(learned.model),
        {name: bits(one) for name, one in learned.baselines.items()},
        repr((learned.found, learned.recalibration, learned.threshold, learned.design_means)),
    )


def with_part(parts, name, **columns):
    """Return the parts with one of them changed: its outcomes turned, its features shuffled."""
    return replace(parts, **{name: replace(getattr(parts, name), **columns)})


def turned(parts, name):
    """Return the parts with the outcomes of one turned round for its first half."""
    y = getattr(parts, name).y.copy()
    y[: len(y) // 4] = 1 - y[: len(y) // 4]
    return with_part(parts, name, y=y)


@pytest.fixture(scope="module")
def learned():
    """What the rows teach."""
    return learn(parted(), PROJECT)


def test_the_form_of_the_rows_is_found(learned):
    """The curve in x is found, and the model is frozen with threshold, costs and features."""
    assert str(learned.found.chosen.choice.form) == "spline"
    assert learned.model.features == PROJECT.features
    assert learned.model.rule == learned.threshold.rule
    assert learned.model.rule.name == "constant"
    assert len(learned.design_means) == learned.model.pipeline[-1].coef_.shape[1]


def test_the_baselines_are_simpler_and_complete(learned):
    """The prior, the best single feature and the plain linear model, each with its own rule."""
    assert set(learned.baselines) == {PRIOR, "best single feature (x)", LINEAR}
    single = learned.baselines["best single feature (x)"]
    assert (single.features.numeric, single.features.categorical) == (("x",), ())
    frame = parted().test.frame
    assert np.ptp(learned.baselines[PRIOR].probability(frame)) == 0
    np.testing.assert_array_equal(single.probability(frame[["x"]]), single.probability(frame))
    linear = learned.baselines[LINEAR]
    assert linear.pipeline[-1].coef_.shape[1] < learned.model.pipeline[-1].coef_.shape[1]


def test_a_best_feature_may_be_a_category():
    """Its baseline then reads that category alone."""
    parts = parted()
    known = {}
    for name, part in parts:
        told = np.arange(len(part)) % 5 > 0
        known[name] = replace(part, frame=part.frame.assign(g=np.where(part.y == told, "u", "v")))
    found = learn(Split(**known), PROJECT)
    single = found.baselines["best single feature (g)"]
    assert (single.features.numeric, single.features.categorical) == ((), ("g",))


def test_the_same_rows_give_the_same_bits(learned):
    """Twice over the same rows: every coefficient, threshold and figure."""
    assert all_bits(learn(parted(), PROJECT)) == all_bits(learned)


def test_the_test_rows_teach_nothing(learned):
    """Other outcomes and other features in the test rows change no bit of what is learned."""
    parts = parted()
    other = turned(parts, "test")
    other = with_part(other, "test", frame=other.test.frame.sample(frac=1, random_state=0))
    assert all_bits(learn(other, PROJECT)) == all_bits(learned)


def test_the_threshold_rows_choose_the_threshold_only(learned):
    """They move no coefficient."""
    other = learn(turned(parted(), "threshold"), PROJECT)
    assert bits(other.model)[0] == bits(learned.model)[0]
    assert (other.found, other.recalibration) == (learned.found, learned.recalibration)
    assert other.threshold != learned.threshold


def test_the_threshold_is_chosen_on_calibrated_probabilities(learned):
    """It is the best one for what the frozen model says about the threshold rows."""
    rows = parted().threshold
    own = choose_rule(learned.model.probability(rows.frame), rows.y, rows.row_costs(PROJECT.costs.matrix))
    assert learned.threshold == own


def test_the_calibrate_rows_recalibrate_only(learned):
    """They move all coefficients alike, and change nothing that was searched."""
    other = learn(turned(parted(), "calibrate"), PROJECT)
    assert repr(other.found) == repr(learned.found)
    assert other.recalibration != learned.recalibration
    ratio = other.model.pipeline[-1].coef_ / learned.model.pipeline[-1].coef_
    np.testing.assert_allclose(ratio, other.recalibration.slope / learned.recalibration.slope, rtol=1e-9)


def test_the_train_rows_are_searched_in_time():
    """Folds by time judge only later rows, folds at random all of them; clusters are kept together."""
    at_random = parse_project(PLAIN | {"split": {"by": "random"}}, "small.toml")
    parts = parted()
    by_time, shuffled = learn(parts, PROJECT).found, learn(parts, at_random).found
    y = parts.train.y.astype(int)
    in_time = Folds.in_time(y, PROJECT.search.folds)
    assert by_time == search(parts.train.frame, y, in_time, PROJECT.features, PROJECT.search)
    assert by_time.chosen.log_loss != shuffled.chosen.log_loss
    alike = with_part(parts, "train", cluster=np.arange(len(parts.train)) // 30)
    assert learn(alike, PROJECT).found.chosen.error != by_time.chosen.error


def test_rows_that_cannot_be_learned_from_are_refused():
    """An infinite number is named, not fitted."""
    parts = parted()
    frame = parts.train.frame.assign(x=np.inf)
    with pytest.raises(DataError, match="'x'"):
        learn(with_part(parts, "train", frame=frame), PROJECT)


def test_a_single_feature_has_no_best_among_them():
    """That baseline would be the model itself, which nothing beats."""
    project = parse_project(PLAIN | {"features": {"numeric": ["x"]}}, "small.toml")
    assert set(learn(parted(project), project).baselines) == {PRIOR, LINEAR}


def test_a_baseline_that_ranks_backwards_competes_as_it_is():
    """A simple model that the calibrate rows contradict is no reason to refuse a sound one."""
    rng = np.random.default_rng(1)
    names = ["z", "a", "b", "c", "d"]
    frame = pd.DataFrame(rng.normal(size=(4000, 5)), columns=names)
    frame["id"] = [f"r{row:04}" for row in range(len(frame))]
    frame["t"] = pd.date_range("2024-01-01", periods=4000, freq="h", tz="UTC").astype("datetime64[us, UTC]")
    row = np.arange(len(frame))
    turned_round = (row >= 2400) & (row < 2800)
    odds = frame[["a", "b", "c", "d"]].sum(axis=1) + np.where(turned_round, -0.8, 1.6) * frame["z"] - 1
    frame["y"] = np.where(rng.random(4000) < 1 / (1 + np.exp(-odds)), "yes", "no")
    project = parse_project(PLAIN | {"features": {"numeric": names}}, "small.toml")
    found = learn(split(observe(frame, project, None).sample, project), project)
    single = found.baselines["best single feature (z)"].probability(frame)
    assert np.corrcoef(single, frame["z"])[0, 1] > 0.8
    assert found.recalibration.slope > 0
