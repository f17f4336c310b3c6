"""Training: recipes judged on blocks, one submitted, all rows shipped, the same bits every time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from logitgate.data.sampling.blocks import cut
from logitgate.data.sampling.sample import observe
from logitgate.errors import DataError
from logitgate.model.recipes.baselines import LINEAR, PRIOR, SEARCH, SINGLE
from logitgate.model.train import learn, recipe_key
from logitgate.project.reading.load import parse_project
from tests.projects import SMALL

PLAIN = SMALL | {
    "columns": {"id": "id", "time": "t"},
    "features": {"numeric": ["x", "z"], "categorical": ["g"]},
    "search": {"forms": ["linear", "spline"], "C": [0.1, 1.0]},
}
PROJECT = parse_project(PLAIN, "small.toml")
AT_RANDOM = parse_project(PLAIN | {"split": {"by": "random"}}, "small.toml")


def blocks(project=PROJECT, n=1500, curve=1.5):
    """Return rows whose log-odds are curved in x, cut into blocks."""
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
    odds = curve * (frame["x"] ** 2 - 1) - 0.5 + 0.8 * frame["z"]
    frame["y"] = np.where(rng.random(n) < expit(odds), "yes", "no")
    return cut(observe(frame, project, None).sample, project)


def bits(one):
    """Return all that a fitted model decides by, to the last bit."""
    last = one.model.pipeline[-1]
    return np.append(last.coef_, last.intercept_).tobytes(), one.model.rule, one.model.features


def all_bits(learned):
    """Return the bits of everything that was learned."""
    recipes = {name: one.scored.decision.probability.tobytes() for name, one in learned.recipes.items()}
    decided = {name: (one.blocks, one.final) for name, one in learned.recipes.items()}
    return bits(learned.shipped), bits(learned.last), recipes, decided, repr(learned.found)


def with_rows(found, **columns):
    """Return the same blocks over changed rows."""
    return replace(found, sample=replace(found.sample, **columns))


@pytest.fixture(scope="module")
def learned():
    """What the rows teach."""
    return learn(blocks(), PROJECT)


@pytest.fixture(scope="module")
def learned_at_random():
    """What they teach without time."""
    return learn(blocks(AT_RANDOM), AT_RANDOM)


def test_every_block_but_the_first_is_judged_once(learned, learned_at_random):
    """The judged rows are those of the later blocks, each once; without time folds judge all rows."""
    found = blocks()
    later = np.flatnonzero(found.number > 0)
    assert learned.judged.ids.tolist() == found.sample.ids[later].tolist()
    np.testing.assert_array_equal(learned.block, found.number[later])
    assert [block for block, _ in learned.submitted.blocks] == [1, 2, 3, 4]
    assert sorted(learned_at_random.judged.ids) == sorted(blocks(AT_RANDOM).sample.ids)
    assert not learned_at_random.in_time


def test_the_recipes_stand_from_simple_to_complex(learned):
    """The prior, the best single feature, plain linear, and the search, which finds the curve."""
    assert list(learned.recipes) == [PRIOR, SINGLE, LINEAR, SEARCH]
    assert str(learned.recipes[SEARCH].final.candidate.choice.form) == "spline"
    assert learned.submission.name == SEARCH
    assert set(learned.simpler) == {PRIOR, SINGLE, LINEAR}
    assert learned.found.chosen.choice == learned.recipes[SEARCH].final.candidate.choice


def test_what_ships_is_fitted_to_all_rows(learned):
    """The refit knows every mature row; the last block's model only those before it."""
    found = blocks()
    assert len(learned.shipped.rows) == len(found.sample)
    assert len(learned.last.rows) == int((found.number < 4).sum())
    assert bits(learned.shipped)[0] != bits(learned.last)[0]
    own = learned.last.model.probability(found.sample.take(found.rows(4)).frame)
    np.testing.assert_allclose(learned.scored.decision.probability[learned.block == 4], own, atol=1e-6)


def test_without_refit_the_judged_model_ships():
    """`fit.refit = false` ships the model of the last block."""
    project = parse_project(PLAIN | {"fit": {"refit": False}}, "small.toml")
    found = learn(blocks(project), project)
    assert found.shipped is found.last


def test_the_same_rows_give_the_same_bits(learned, learned_at_random):
    """Twice over the same rows: every coefficient, decision and figure."""
    assert all_bits(learn(blocks(), PROJECT)) == all_bits(learned)
    assert all_bits(learn(blocks(AT_RANDOM), AT_RANDOM)) == all_bits(learned_at_random)


def test_a_block_teaches_nothing_about_itself_or_before(learned):
    """Other outcomes in the last block change no judged probability and no decision, only what ships."""
    found = blocks()
    y = np.where(found.number == 4, 1 - found.sample.y, found.sample.y).astype(np.int8)
    other = learn(with_rows(found, y=y), PROJECT)
    for name, one in learned.recipes.items():
        assert other.recipes[name].blocks == one.blocks
        np.testing.assert_array_equal(
            other.recipes[name].scored.decision.probability, one.scored.decision.probability
        )
    assert bits(other.last)[0] == bits(learned.last)[0] or other.submission.name != learned.submission.name
    assert bits(other.shipped)[0] != bits(learned.shipped)[0]


def test_a_fold_teaches_nothing_about_itself(learned_at_random):
    """At random, other outcomes in a fold change no probability in it, though they change all others."""
    found = blocks(AT_RANDOM)
    turned = np.where((found.number == 2) & (np.arange(len(found.number)) % 2 == 0), 1, 0)
    y = np.where(turned, 1 - found.sample.y, found.sample.y).astype(np.int8)
    one, other = learned_at_random, learn(with_rows(found, y=y), AT_RANDOM)
    within = one.block == 2
    for name in one.recipes:
        before, after = (each.recipes[name].scored.decision.probability for each in (one, other))
        np.testing.assert_array_equal(before[within], after[within])
        assert (before[~within] != after[~within]).any()


def test_a_linear_world_submits_the_linear_recipe():
    """Where a curve is not proven to earn more, the simpler recipe ships in its place, in the same run."""
    found = learn(blocks(curve=0.0, n=5000), PROJECT)
    assert found.submission.name in (LINEAR, SINGLE)
    assert str(found.recipes[found.submission.name].final.candidate.choice.form) in ("linear", "spline")
    assert found.model.features.all == (("x", "z", "g") if found.submission.name == LINEAR else ("z",))


def test_a_choice_without_a_proof_is_not_exchanged_for_the_luckier_recipe():
    """On too few rows to prove the search cheaper than flagging all, plain linear's own luck is none."""
    assert learn(blocks(curve=0.0, n=3000), PROJECT).submission.name == SEARCH


@pytest.mark.parametrize(
    ("change", "recipes"),
    [
        ({"features": {"numeric": ["x"]}}, [PRIOR, LINEAR, SEARCH]),
        ({"search": {"forms": ["linear"]}}, [PRIOR, SINGLE, LINEAR]),
    ],
    ids=["one feature", "linear forms"],
)
def test_no_recipe_stands_there_twice(change, recipes):
    """The best of one feature would be the search itself, a search over linear forms is the linear recipe."""
    project = parse_project(PLAIN | change, "small.toml")
    assert list(learn(blocks(project, n=600), project).recipes) == recipes


def test_rows_that_cannot_be_learned_from_are_refused():
    """An infinite number is named, not fitted."""
    found = blocks()
    with pytest.raises(DataError, match="'x'"):
        learn(with_rows(found, frame=found.sample.frame.assign(x=np.inf)), PROJECT)


LEARNING = [
    {"features": {"numeric": ["x"], "categorical": ["g"]}},
    {"search": {"forms": ["linear"], "C": [0.1, 1.0]}},
    {"split": {"blocks": 6}},
    {"split": {"window": "30 days"}},
    {"fit": {"refit": False}},
    {"costs": {"true_positive": 1, "false_positive": 1, "false_negative": 6}},
    {"gates": {"signs": {"x": "positive"}}},
    {"rows": {"path": "rows.csv", "where": "x > 0"}},
    {"outcome": {"column": "y", "event": "no"}},
]
OTHER = [
    {"purpose": "other words"},
    {"rows": {"path": "elsewhere.csv"}},
    {"gates": {"alpha": 0.01, "refresh": "proven"}},
    {"slices": {"columns": ["g"]}},
    {"costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5, "unit": "EUR"}},
    {"schedule": {"time_zone": "UTC", "train": {"cron": "0 6 * * *"}}},
]


@pytest.mark.parametrize(
    ("change", "another"), [(one, True) for one in LEARNING] + [(one, False) for one in OTHER]
)
def test_what_is_learned_from_makes_another_recipe(change, another):
    """Features, forms, blocks, costs, signs and the choice of rows are the recipe; gates are not."""
    assert (recipe_key(parse_project(PLAIN | change, "small.toml")) != recipe_key(PROJECT)) is another
