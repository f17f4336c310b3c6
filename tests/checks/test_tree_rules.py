import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeRegressor

from logitgate.checks.tree_rules import members, tree_leaves, words


def columns(seed, rows=800, *, missing=0.1):
    """Return numbers with ties, some of them missing, endless or enormous, and levels."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 90, rows).astype(float)
    size = 10.0 ** random.uniform(-300, 300, rows)
    size[random.random(rows) < 0.02] = np.inf
    for values in (age, size):
        values[random.random(rows) < missing] = np.nan
    job = random.choice(["student", "worker", "rare"], rows, p=[0.4, 0.57, 0.03])
    return {"age": age, "size": size, "job": pd.Categorical(job)}


def grown_on(given, target, grown, depth=3):
    """Return the leaves, and the fitted tree."""
    tree = DecisionTreeRegressor(max_depth=depth, min_samples_leaf=30, random_state=0)
    return tree_leaves(given, target, grown, tree), tree.tree_


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_every_row_is_in_exactly_one_leaf(seed, missing):
    """The words part all rows, those that the tree was fitted on as the tree itself parts them."""
    given = columns(seed, missing=missing)
    random = np.random.default_rng(seed)
    grown = random.random(800) < 0.5
    young = np.nan_to_num(given["age"], nan=60) < 40
    target = random.normal(size=800) + 2 * young * (given["job"] == "student") + (given["size"] > 1)
    leaves, tree = grown_on(given, target, grown)
    within = np.array([members(leaf, given, 800) for leaf in leaves])
    assert (within.sum(axis=0) == 1).all()
    leaf_nodes = np.flatnonzero(tree.children_left < 0)
    assert sorted(within[:, grown].sum(axis=1)) == sorted(tree.n_node_samples[leaf_nodes])
    means = [target[grown & rows].mean() for rows in within]
    np.testing.assert_allclose(np.sort(means), np.sort(tree.value[leaf_nodes, 0, 0]), rtol=1e-9)


def test_missing_numbers_can_be_a_leaf_of_their_own():
    """Where the residual hangs on nothing but that."""
    given = columns(1, missing=0.3)
    target = np.isnan(given["age"]).astype(float)
    leaves, _ = grown_on(given, target, np.ones(800, dtype=bool), depth=1)
    assert [words(leaf) for leaf in leaves] == ["age is not missing", "age = missing"]


def test_levels_are_called_by_their_names():
    """Of two levels both, of several the one and the others; levels stand before numbers."""
    given = columns(2, missing=0.0)
    everybody, young = np.ones(800, dtype=bool), given["age"] < 40
    two = pd.Categorical(np.where(given["job"] == "student", "student", "worker"))
    for job, expected in (
        (two, {"job = student", "job = worker"}),
        (given["job"], {"job = student", "job is not student"}),
    ):
        target = 1.0 * (job == "student")
        leaves, _ = grown_on({"job": job}, target, everybody, depth=1)
        assert {words(leaf) for leaf in leaves} == expected
        leaves, _ = grown_on({"age": given["age"], "job": job}, target + young, everybody, depth=2)
        assert "job = student and age < 40" in {words(leaf) for leaf in leaves}


def test_nothing_to_look_at_is_one_leaf():
    """It holds everybody, as does a tree that cannot be split."""
    everybody = np.ones(40, dtype=bool)
    tree = DecisionTreeRegressor(min_samples_leaf=30)
    assert tree_leaves({}, np.zeros(40), everybody, tree) == [{}]
    assert tree_leaves({"job": pd.Categorical(["a", "b"] * 20)}, np.zeros(40), everybody, tree) == [{}]
    assert tree_leaves({"x": np.arange(40.0)}, np.arange(40.0), everybody, tree) == [{}]
    assert words({}) == "all rows"
    assert members({}, {}, 3).tolist() == [True, True, True]
