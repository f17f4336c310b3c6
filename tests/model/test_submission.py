"""Which recipe is submitted: the simplest that no more complex one is proven to beat."""

from dataclasses import replace

import numpy as np
import pytest

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.model.recipes.submission import beats_rules, submit

COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
NAMES = ("prior", "best single feature", "plain linear", "search")


def scored(strength, seed=0, n=4_000):
    """Return decisions by a score that knows so much about the outcome; 0 knows nothing."""
    rng = np.random.default_rng(7)
    y = (rng.random(n) < 0.25).astype(np.int64)
    noise = np.random.default_rng(seed).normal(size=n)
    odds = strength**2 * (y - 0.5) + strength * noise - 1.1
    costs = COSTS.rows({}, n)
    return Scored(y, Decision.by(DecisionRule("constant", 0.2), 1 / (1 + np.exp(-odds)), costs), costs)


def of(prior=0.0, single=0.0, linear=0.0, search=0.0):
    """Return the recipes of given strengths; noise differs where strengths do."""
    strengths = dict(zip(NAMES, (prior, single, linear, search), strict=True))
    return {name: scored(strength, int(100 * strength)) for name, strength in strengths.items()}


@pytest.mark.parametrize(
    ("strengths", "submitted"),
    [
        ({"single": 1.0, "linear": 1.5, "search": 2.5}, "search"),
        ({"single": 1.0, "linear": 2.0, "search": 2.0}, "plain linear"),
        ({"single": 2.0, "linear": 2.0, "search": 2.0}, "best single feature"),
        ({"single": 0.0, "linear": 0.0, "search": 2.0}, "search"),
        ({"single": 2.0, "linear": 0.0, "search": 0.0}, "best single feature"),
        ({"single": 0.0, "linear": 0.0, "search": 0.0}, "search"),
    ],
)
def test_the_simplest_that_is_as_good_is_submitted(strengths, submitted):
    """A simpler recipe takes the place only where it earns money itself and nothing beats it."""
    assert submit(of(**strengths), 0.05).name == submitted


def test_the_steps_say_what_was_compared():
    """Each step names both recipes and its paired difference; the last one taken leads to the submission."""
    found = submit(of(single=1.0, linear=2.0, search=2.0), 0.05)
    assert [(one.recipe, one.simpler, one.taken) for one in found.steps] == [
        ("search", "plain linear", True),
        ("plain linear", "best single feature", False),
    ]
    assert found.steps[1].compared.upper < 0


def test_a_simpler_recipe_that_a_complex_one_beats_is_never_submitted():
    """Where plain linear lies between both, it is not left for a single feature that the search beats."""
    recipes = of(single=1.4, linear=1.55, search=1.65)
    found = submit(recipes, 1e-3)
    beaten = [
        name for name in ("plain linear", "search") if _proven(recipes[name], recipes["best single feature"])
    ]
    assert found.name != "best single feature" or not beaten


def _proven(one, other):
    difference = one.cost - other.cost
    return difference.mean() + 3.1 * difference.std() / np.sqrt(len(difference)) < 0


def test_rules_are_beaten_by_proof_alone():
    """Decisions that equal flag-all, or are cheaper by luck in a few rows, beat nothing."""
    good = scored(2.0)
    assert beats_rules(good, 0.05)
    everyone = replace(good, decision=replace(good.decision, flagged=np.ones(len(good.y), dtype=bool)))
    assert not beats_rules(everyone, 0.05)
    assert not beats_rules(good.take(np.arange(12)), 0.05)
