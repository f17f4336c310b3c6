"""A model: its own columns, its own rule, judged by whatever costs are asked for."""

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import DecisionRule
from logitgate.errors import DataError
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests.wording import refusal

FEATURES = FeaturesConfig(numeric=("x", "z"), categorical=("g",))
COSTS = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="2 + amount")


@pytest.fixture(scope="module")
def rows():
    """Rows with the features, an amount that only costs read, and a column without a use."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "g": pd.Categorical(rng.choice(["u", "v"], 600)),
            "spare": "s",
            "z": rng.normal(size=600),
            "x": rng.normal(size=600),
            "amount": rng.uniform(0, 50, 600),
        }
    )
    y = (rng.random(600) < 1 / (1 + np.exp(-frame["x"]))).to_numpy(np.int8)
    return Sample(frame, y, np.arange(600).astype(str).astype(object), cluster=np.arange(600) // 3)


@pytest.fixture(scope="module")
def model(rows):
    """A linear model that decides by the costs of each row."""
    pipeline = fit(Choice(Form(basis="linear"), 1.0), rows.frame, rows.y.astype(int), FEATURES, Search())
    return Model(pipeline, DecisionRule("per-row"), COSTS, FEATURES)


def test_probabilities_are_those_of_the_event(model, rows):
    """One for each row, whatever the order of the columns and what else stands in the table."""
    probability = model.probability(rows.frame)
    assert probability.shape == (600,)
    assert probability[rows.y == 1].mean() > probability[rows.y == 0].mean() + 0.1
    np.testing.assert_array_equal(model.probability(rows.frame[["x", "g", "z"]]), probability)


def test_a_table_without_a_feature_is_refused_by_name(model, rows, wording):
    """All absent features are named."""
    lacks = Sample(rows.frame.drop(columns="amount"), rows.y, rows.ids)
    unread = refusal(DataError, model.probability, rows.frame[["z", "amount"]])
    wording(unread, refusal(DataError, model.score, lacks, COSTS))


def test_the_own_costs_decide_and_the_others_judge(model, rows):
    """Each row's threshold is the Bayes threshold of the model's own costs; the price is another's."""
    other = CostMatrix.of(true_positive=3, false_positive=7, true_negative=0, false_negative=11)
    scored = model.score(rows, other)
    amount = rows.frame["amount"].to_numpy()
    np.testing.assert_allclose(scored.decision.threshold, 1 / (2 + amount), rtol=1e-12)
    np.testing.assert_array_equal(scored.decision.flagged, model.probability(rows.frame) >= 1 / (2 + amount))
    prices = np.array([[0, 7], [11, 3]])
    np.testing.assert_array_equal(scored.cost, prices[rows.y, scored.decision.flagged.astype(int)])
    np.testing.assert_array_equal(scored.cluster, rows.cluster)
    np.testing.assert_array_equal(scored.y, rows.y)
