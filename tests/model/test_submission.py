"""Which recipe is submitted: the simplest that no more complex one is proven to beat."""

from dataclasses import replace

import numpy as np
import pytest

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.model.recipes.submission import CHOICE, SIMPLER, beats_rules, share_after, submit

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
        ((1.0, 1.5, 2.5), "search"),
        ((1.0, 2.0, 2.0), "plain linear"),
        ((2.0, 2.0, 2.0), "best single feature"),
        ((0.0, 0.0, 2.0), "search"),
        ((2.0, 0.0, 0.0), "best single feature"),
        ((0.0, 0.0, 0.0), "search"),
    ],
)
def test_the_simplest_that_is_as_good_is_submitted(strengths, submitted):
    """A simpler recipe takes the place only where it earns money itself and nothing beats it.

    Each step names both recipes and its paired difference; the last one taken leads to the submission.
    """
    found, order = submit(of(0.0, *strengths), 0.05), NAMES[:0:-1]
    assert (found.name, found.above) == (submitted, order[: order.index(submitted)])
    if submitted == "plain linear":
        steps = [(one.recipe, one.simpler, one.taken) for one in found.steps]
        assert steps == [("search", "plain linear", True), ("plain linear", "best single feature", False)]
        assert found.steps[1].compared.upper < 0


def test_a_simpler_recipe_that_a_complex_one_beats_is_never_submitted():
    """Where plain linear lies between both, it is not left for a single feature that the search beats."""
    recipes = of(single=1.4, linear=1.55, search=1.65)
    single = recipes["best single feature"].cost
    gains = [recipes[name].cost - single for name in ("plain linear", "search")]
    beaten = any(one.mean() + 3.1 * one.std() / np.sqrt(len(one)) < 0 for one in gains)
    assert submit(recipes, 1e-3).name != "best single feature" or not beaten


def flagging(hits, false=0, n=400):
    """Return decisions that flag so many of a hundred events, and so many other rows."""
    y = (np.arange(n) < 100).astype(np.int64)
    flagged = (np.arange(n) < hits) | (np.arange(n) >= n - false)
    costs = COSTS.rows({}, n)
    decided = Decision.by(DecisionRule("constant", 0.2), flagged.astype(float), costs)
    return Scored(y, decided, costs)


PROVEN, NEARLY, UNPROVEN = (flagging(hits, 8) for hits in (56, 44, 3))
"""Against flag-none and flag-all: proven at any level, only at the share of the choice, not at all."""


def test_rules_are_beaten_by_proof_alone():
    """Decisions that equal flag-all, or are cheaper by luck in a few rows, beat nothing."""
    good = scored(2.0)
    everyone = replace(good, decision=replace(good.decision, flagged=np.ones(len(good.y), dtype=bool)))
    assert beats_rules(good, 0.05)
    assert not beats_rules(everyone, 0.05) and not beats_rules(good.take(np.arange(12)), 0.05)
    # What the tests below rest on.
    assert beats_rules(PROVEN, SIMPLER * 0.05) and not beats_rules(UNPROVEN, 0.05)
    assert beats_rules(NEARLY, CHOICE * 0.05) and not beats_rules(NEARLY, SIMPLER * 0.05)


@pytest.mark.parametrize(
    ("above", "share"),
    [
        ((), CHOICE),
        ((NEARLY,), CHOICE),
        ((UNPROVEN,), SIMPLER),
        ((NEARLY, UNPROVEN), SIMPLER),
        ((UNPROVEN, PROVEN), CHOICE),
        ((UNPROVEN, NEARLY), SIMPLER),
        ((NEARLY, NEARLY), CHOICE),
    ],
)
def test_a_proof_hands_its_share_on(above, share):
    """Each recipe is tested with the share of the one before where that is proven, else with its own."""
    assert share_after(above, 0.05) == share


def deciding(flags, sure, n=4_000):
    """Return decisions that flag so many rows too many; a share of what is right is said with certainty."""
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.2).astype(np.int64)
    flagged = np.arange(n) < flags
    flagged |= (y == 1) & (rng.random(n) < 0.8)
    right = flagged == (y == 1)
    probability = np.where(flagged, 0.6, 0.1)
    probability = np.where(right & (rng.random(n) < sure), np.where(y == 1, 0.9, 0.02), probability)
    costs = COSTS.rows({}, n)
    return Scored(y, Decision.by(DecisionRule("constant", 0.2), probability, costs), costs)


@pytest.mark.parametrize(
    ("search", "linear", "submitted"),
    [
        (deciding(0, 0.9), deciding(0, 0.0), "search"),
        (deciding(0, 0.9), deciding(2, 0.0), "search"),
        (deciding(2, 0.9), deciding(0, 0.0), "search"),
        (deciding(100, 0.9), deciding(0, 0.0), "plain linear"),
        (deciding(0, 0.0), deciding(2, 0.9), "plain linear"),
        (deciding(0, 0.0), deciding(2, 0.0), "plain linear"),
        (deciding(0, 0.0), deciding(100, 0.9), "search"),
    ],
)
def test_a_proven_log_loss_keeps_a_choice_that_is_not_proven_dearer(search, linear, submitted):
    """Two flags more prove nothing, a hundred do; log loss counts where cost proves nothing."""
    assert beats_rules(search, 0.05 * SIMPLER) and beats_rules(linear, 0.05 * SIMPLER)
    assert submit({"prior": linear, "plain linear": linear, "search": search}, 0.05).name == submitted


def test_a_log_loss_keeps_no_recipe_that_the_gate_would_refuse():
    """Better probabilities whose decisions are not proven against the rules give way to one that is."""
    linear = replace(PROVEN, decision=replace(PROVEN.decision, probability=np.full(len(PROVEN.y), 0.25)))
    cheaper = flagging(57, 8)
    likelier = np.where(cheaper.y == 1, 0.25 * 1.1, 1 - 0.75 * 1.1)
    search = replace(cheaper, decision=replace(cheaper.decision, probability=likelier))
    recipes = {"prior": linear, "plain linear": linear, "search": search}
    assert submit(recipes, 0.05).name == "search"
    two_clusters = replace(search, cluster=(np.arange(len(search.y)) < 50).astype(np.int64))
    assert submit(recipes | {"search": two_clusters}, 0.05).name == "plain linear"


@pytest.mark.parametrize(
    ("search", "linear", "submitted"),
    [
        (NEARLY, NEARLY, "plain linear"),
        (UNPROVEN, NEARLY, "search"),
        (UNPROVEN, PROVEN, "plain linear"),
        (PROVEN, UNPROVEN, "search"),
    ],
)
def test_the_luckier_of_two_recipes_is_not_submitted(search, linear, submitted):
    """A choice that is not proven gives way only to a recipe that is so by its own share."""
    found = submit({"prior": UNPROVEN, "plain linear": linear, "search": search}, 0.05)
    assert found.name == submitted
    assert found.above == (() if submitted == "search" else ("search",))


def test_all_recipes_together_are_falsely_proven_within_alpha():
    """Three recipes flag rows of their own, none of them to any gain: alpha holds for the three of them."""
    rng, draws, alpha, n, flags = np.random.default_rng(1), 500, 0.2, 900, 100
    costs, passed = COSTS.rows({}, n), 0
    for _ in range(draws):
        y = (rng.random(n) < np.where(np.arange(n) < 3 * flags, 0.2, 0.02)).astype(np.int64)
        recipes = {}
        for place, name in enumerate(NAMES[1:]):
            flagged = (np.arange(n) // flags == place).astype(float)
            recipes[name] = Scored(y, Decision.by(DecisionRule("constant", 0.5), flagged, costs), costs)
        found = submit(recipes, alpha)
        level = share_after([recipes[name] for name in found.above], alpha) * alpha
        passed += beats_rules(recipes[found.name], level)
    assert 0.12 < passed / draws < alpha + 0.03
