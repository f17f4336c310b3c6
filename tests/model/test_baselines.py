"""The recipes: the prevalence, the best feature alone, plain linear, and the search over all forms."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from logitgate.decision.costs import CostMatrix
from logitgate.model.recipes.baselines import LINEAR, SEARCH, prior, searched, single_feature
from logitgate.model.recipes.cross_validation import tried, tried_alone
from logitgate.model.recipes.out_of_fold import Plan
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests.model.blocks import blocks_of, search

FEATURES = FeaturesConfig(numeric=("bent", "weak"), categorical=("g",))
CHOICES = Search(forms=("linear", "spline"))
COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=4)


def _rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"bent": rng.normal(size=n), "weak": rng.normal(size=n), "g": rng.choice(["a", "b"], n)})
    odds = 1.5 * X["bent"] ** 2 - 1.5 + 0.5 * X["weak"] + 0.5 * (X["g"] == "a")
    return X, (rng.random(n) < 1 / (1 + np.exp(-odds))).to_numpy().astype(np.int64)


def _judged(recipe_of, blocks):
    plan = Plan.of(blocks)
    return recipe_of(tuple(plan.folds.values())).judge(plan, COSTS, 0.05)


@pytest.mark.parametrize("in_time", [True, False])
def test_the_prior_gives_each_block_the_prevalence_of_its_learning_rows(in_time):
    """Each row gets the share of events of the rows that its block may learn from, whatever its features."""
    X, y = _rows()
    blocks = blocks_of(X, y, 4, in_time=in_time)
    found = _judged(lambda folds: prior(y, folds, FEATURES), blocks)
    number = blocks.number[np.isin(blocks.number, blocks.judged)]
    for block in blocks.judged:
        expected = y[blocks.learned(block)].mean()
        assert found.scored.decision.probability[number == block] == pytest.approx(expected, abs=1e-12)


def test_the_best_single_feature_may_be_a_curved_one_or_a_category():
    """A feature that matters by its square wins alone, as numbers are tried as splines."""
    X, y = _rows()
    plan = Plan.of(blocks_of(X, y, 4))
    recipe = single_feature(X, y, tuple(plan.folds.values()), FEATURES, CHOICES)
    final = recipe.judge(plan, COSTS, 0.05).final
    assert final.candidate.features == FeaturesConfig(numeric=("bent",))
    own = search(blocks_of(X, y, 4), FeaturesConfig(numeric=("bent",)), Search(forms=("spline",), C=(10.0,)))
    place = FEATURES.all.index("bent")
    assert plan.final(recipe.log_odds).losses(place).mean() == pytest.approx(own.best.log_loss, abs=1e-12)
    X["g"] = np.where((y == 1) ^ (np.arange(len(y)) % 10 == 0), "a", "b")
    found = _judged(lambda folds: single_feature(X, y, folds, FEATURES, CHOICES), blocks_of(X, y, 4))
    assert found.final.candidate.features == FeaturesConfig(categorical=("g",))


@pytest.mark.parametrize("signs", [{}, {"piled": "negative", "bent": "positive"}], ids=["free", "limited"])
@pytest.mark.parametrize("rows", [800, 30_000], ids=["few", "shared values"])
def test_features_are_tried_alone_as_one_after_the_other(rows, signs):
    """Gaps, values that pile up, constants and rare levels give the columns that a feature has on its own."""
    rng = np.random.default_rng(5)
    X, y = _rows(rows, seed=5)
    X["piled"] = np.where(rng.random(rows) < 0.4, 0.0, rng.integers(1, 90, rows))
    X["gaps"] = X["weak"].round(1).where(rng.random(rows) < 0.8)
    X["same"], X["gone"] = 3.0, np.nan
    X["town"] = np.where(rng.random(rows) < 0.1, None, rng.geometric(0.2, rows).astype(str))
    numbers = ("bent", "piled", "gaps", "same", "gone")
    features = FeaturesConfig(numeric=numbers, categorical=("g", "town"))
    curved = Search(forms=("spline",), C=(10.0,))
    folds = tuple(Plan.of(blocks_of(X, y, 4)).folds.values())
    wanted = np.ones((len(folds), len(features.all)), dtype=bool)
    wanted[1, 2] = False
    together = tried_alone(X, y, folds, features, curved, signs=signs, wanted=wanted)
    for place, (name, one) in enumerate(zip(features.all, together, strict=True)):
        kind = "numeric" if name in numbers else "categorical"
        only = FeaturesConfig(**{kind: (name,)})
        (alone,) = tried(X, y, folds, only, curved, signs=signs, wanted=wanted[:, place, None])
        assert (one.choice, one.failures, one.n_features) == (alone.choice, alone.failures, alone.n_features)
        for ours, wanted_here in zip(one.log_odds, alone.log_odds, strict=True):
            np.testing.assert_allclose(ours, wanted_here, rtol=0, atol=1e-9)


def test_plain_linear_chooses_among_linear_candidates_alone():
    """It is the search over the linear form, though the curved one is better here."""
    X, y = _rows()
    blocks = blocks_of(X, y, 4)
    folds = tuple(Plan.of(blocks).folds.values())
    trials = tried(X, y, folds, FEATURES, CHOICES)
    linear, every = (
        searched(name, trials, forms, FEATURES).judge(Plan.of(blocks), COSTS, 0.05)
        for name, forms in ((LINEAR, (Form(basis="linear"),)), (SEARCH, CHOICES.forms))
    )
    assert str(linear.final.candidate.choice.form) == "linear"
    assert str(every.final.candidate.choice.form) == "spline"
    assert every.scored.cost.mean() < linear.scored.cost.mean()


def test_the_first_block_takes_the_simplest_form_and_scikit_learns_penalty():
    """Nothing was judged before it, so nothing is chosen: the first form with the C closest to 1."""
    X, y = _rows()
    plan = Plan.of(blocks_of(X, y, 4))
    trials = tried(X, y, tuple(plan.folds.values()), FEATURES, CHOICES)
    found = searched(SEARCH, trials, CHOICES.forms, FEATURES).judge(plan, COSTS, 0.05)
    block, decided = found.blocks[0]
    assert (block, str(decided.candidate.choice), decided.threshold) == (1, "linear, C = 1", None)
    own = next(trial for trial in trials if str(trial.choice) == "linear, C = 1").log_odds[0]
    np.testing.assert_array_equal(found.scored.decision.probability[: len(own)], expit(own))


def test_what_is_decided_for_a_block_follows_from_earlier_blocks():
    """Other outcomes from a block on change neither its decisions nor those before it."""
    X, y = _rows()
    other = np.where(np.arange(len(y)) >= 3 * len(y) // 4, 1 - y, y)
    found = []
    for outcome in (y, other):
        plan = Plan.of(blocks_of(X, outcome, 4))
        trials = tried(X, outcome, tuple(plan.folds.values()), FEATURES, CHOICES)
        found.append(searched(SEARCH, trials, CHOICES.forms, FEATURES).judge(plan, COSTS, 0.05))
    assert found[0].blocks == found[1].blocks
    probability = [one.scored.decision.probability for one in found]
    np.testing.assert_array_equal(*probability)
    assert found[0].final != found[1].final
