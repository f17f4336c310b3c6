"""The race on a sample: the choices of the full search, decided from earlier blocks, at fewer fits."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from logitgate.model.recipes import racing
from logitgate.model.recipes.baselines import LINEAR, PRIOR, SEARCH, SINGLE
from logitgate.model.recipes.contenders import Contenders
from logitgate.model.recipes.out_of_fold import Plan
from tests.model.blocks import blocks_of
from tests.projects import small

PROJECT = small(
    columns={"id": "id", "time": "t"},
    features={"numeric": ["x", "z", "w"], "categorical": ["g", "h"]},
    search={"forms": ["linear", "spline"], "C": [0.001, 0.1, 10.0]},
)
SIZE = 9_000


@pytest.fixture(autouse=True)
def _few_rows_race(monkeypatch):
    monkeypatch.setattr(racing, "RACED", 2_000)
    monkeypatch.setattr(racing, "_SAMPLE", 3_000)
    monkeypatch.setattr(racing, "_LEAST", 20)


@cache
def raced(world, seed):
    """Return what the race decides in a world, in time; to be looked at only."""
    return decided(*table(world, seed))


def table(world, seed):
    """Return rows and outcomes of a world that is curved, straight, or knows a single feature."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({name: rng.normal(size=SIZE) for name in ("x", "z", "w")})
    X["g"] = pd.Categorical.from_codes(np.minimum(rng.geometric(0.3, SIZE), 12) - 1, [*"abcdefghijkl"])
    X["h"] = pd.Categorical.from_codes(rng.integers(0, 3, SIZE), [*"uvw"])
    level = rng.normal(0, 0.5, 12)[X["g"].cat.codes]
    odds = {
        "curved": 1.5 * np.sin(2 * X["x"]) + 0.5 * X["z"] + level,
        "straight": X["x"] - 0.5 * X["z"] + level,
        "single": 2.0 * X["x"],
    }[world]
    return X, (rng.random(SIZE) < expit(odds - 1)).to_numpy().astype(np.int8)


def decided(X, y, *, in_time=True, raced=True, cluster=None):
    """Return what each recipe decides for each block and in the end, and the contenders."""
    plan = Plan.of(blocks_of(X, y, 3, in_time=in_time, cluster=cluster))
    if raced:
        contenders = Contenders.of(plan, PROJECT)
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(racing, "RACED", SIZE)
            contenders = Contenders.of(plan, PROJECT)
    costs = PROJECT.costs.matrix
    judged = {one.name: one.judge(plan, costs, 0.05) for one in contenders.recipes()}
    choices = {
        name: ([found.candidate for _, found in one.blocks], one.final.candidate)
        for name, one in judged.items()
    }
    return choices, contenders, judged


@pytest.mark.parametrize(
    ("world", "seed", "in_time"),
    [("curved", 1, True), ("straight", 2, True), ("single", 3, True), ("curved", 6, False)],
)
def test_the_choices_are_those_of_the_full_search(world, seed, in_time):
    """Every recipe chooses the same form, penalty and feature for every block; its probabilities agree."""
    X, y = table(world, seed)
    found, contenders, judged = raced(world, seed) if in_time else decided(X, y, in_time=False)
    wanted, _, full = decided(X, y, in_time=in_time, raced=False)
    assert found == wanted
    for name, one in judged.items():
        probability = one.scored.decision.probability
        assert np.allclose(probability, full[name].scored.decision.probability, rtol=0, atol=1e-6)
    assert set(contenders.entered) == {SINGLE, LINEAR, SEARCH}


def test_what_is_proven_worse_is_not_fitted():
    """In a curved world straight lines and other features are left out, each for a reason."""
    _, contenders, _ = raced("curved", 1)
    entered = contenders.entered
    straight = [str(one.choice.form) == "linear" for one in contenders.trials]
    assert not (entered[SEARCH].final & straight).any()
    assert entered[SEARCH].final.any()
    assert entered[SINGLE].final.tolist()[:3] == [True, False, False]
    single = next(one for one in contenders.recipes() if one.name == SINGLE)
    fits = [sum(len(rows) > 0 for rows in folds) for folds in single.log_odds]
    assert 0 < sum(fits) < 5 * len(single.log_odds[0])


def test_a_choice_looks_at_earlier_blocks_alone():
    """Other rows from the last block on change no choice, no entrant and no probability before them."""
    X, y = table("curved", 4)
    other, outcome = table("straight", 5)
    late = np.arange(SIZE) >= 2 * SIZE // 3
    mixed = X.copy()
    mixed.loc[late] = other.loc[late]
    first, contenders, judged = decided(X, y)
    second, others, changed = decided(mixed, np.where(late, outcome, y))
    for name, (before, _) in first.items():
        assert before[:2] == second[name][0][:2]
        early = len(judged[name].scored.y) // 2
        ours, theirs = (one[name].scored.decision.probability[:early] for one in (judged, changed))
        assert np.array_equal(ours, theirs)
        if name != PRIOR:
            for block in (1, 2):
                kept = contenders.entered[name].by_block[block]
                assert np.array_equal(kept, others.entered[name].by_block[block])


def test_few_clusters_prove_nothing():
    """Where twenty clusters or fewer hold the rows, every candidate stays in the race."""
    X, y = table("curved", 1)
    _, contenders, _ = decided(X, y, cluster=np.arange(SIZE) // (SIZE // 12))
    assert all(left.final.all() for left in contenders.entered.values())


def test_rare_events_take_a_larger_sample_or_none():
    """A sample with too few events is drawn larger; where none is large enough there is no race."""
    X, y = table("curved", 1)
    rare = np.where(np.arange(SIZE) % 40 == 0, y, 0)
    plan = Plan.of(blocks_of(X, rare, 3))
    race = racing.Race.of(plan, 0)
    assert race is None or race.times < 3
    assert racing.Race.of(Plan.of(blocks_of(X, y, 3)), 0).times == 3


def test_the_smaller_search_has_the_same_shrinkage():
    """Penalties and rows of a rare level are divided by as much as the rows."""
    plan = Plan.of(blocks_of(*table("curved", 1), 3))
    race = racing.Race.of(plan, 0)
    smaller = race.smaller(PROJECT.search)
    assert tuple(3 * C for C in PROJECT.search.C) == smaller.C
    assert smaller.rare_level_rows == 17
    assert len(race.sampled.blocks.sample) == SIZE // 3
    assert replace(race, times=100).smaller(PROJECT.search).rare_level_rows == 1
