"""One row explained: the parts add up to what decides, beside its values and its outcome."""

import json

import numpy as np
import pandas as pd
import pytest

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import DecisionRule
from logitgate.errors import DataError
from logitgate.model.explanation.contributions import design_means
from logitgate.model.explanation.row import explain_row
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.project.search import Form
from tests.projects import small
from tests.wording import refusal

PROJECT = small(
    features={"numeric": ["x", "z"], "categorical": ["g"]},
    costs={"true_positive": 1, "false_positive": 2, "false_negative": "5 + amount", "unit": "EUR"},
)
CHEAP = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)


@pytest.fixture(scope="module")
def frame():
    """Rows with ids that are numbers, and a name that is private."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(600),
            "x": rng.normal(size=600),
            "z": rng.normal(size=600),
            "g": pd.Categorical(rng.choice(["Smith", "Jones"], 600)),
            "amount": np.r_[-5.0, rng.uniform(0, 50, 599)],
        }
    )


@pytest.fixture(scope="module")
def fitted(frame):
    """A curved pipeline over the features, and the means of its design."""
    y = (np.random.default_rng(1).random(600) < 1 / (1 + np.exp(-frame["x"]))).to_numpy(np.int64)
    pipeline = fit(Choice(Form(basis="spline"), 1.0), frame, y, PROJECT.features, PROJECT.search)
    return pipeline, design_means(pipeline, frame)


def explained(fitted, frame, row, rule=DecisionRule("per-row"), costs=PROJECT.costs.matrix):  # noqa: B008 - both are frozen
    """Explain one row of a model that decides by this rule."""
    pipeline, means = fitted
    found = frame[frame["id"].astype(str) == row]
    return explain_row(Model(pipeline, rule, costs, PROJECT.features), means, found, PROJECT, row)


@pytest.mark.parametrize("row", ["1", "17", "599"])
def test_the_parts_add_up(row, fitted, frame):
    """Base and contributions are the log-odds, these the probability, and that is the model's own."""
    got = explained(fitted, frame, row)
    assert got["base"] + sum(got["contributions"].values()) == pytest.approx(got["log_odds"], abs=1e-9)
    assert 1 / (1 + np.exp(-got["log_odds"])) == pytest.approx(got["probability"], abs=1e-12)
    own = fitted[0].predict_proba(frame[["x", "z", "g"]])[int(row), 1]
    assert got["probability"] == pytest.approx(own, abs=1e-12)
    assert set(got["contributions"]) == {"x", "z", "g"}
    assert got["id"] == row


def test_the_decision_is_that_of_the_rows_own_costs(fitted, frame):
    """Threshold, expected costs of both decisions, and the cheaper one is taken."""
    got = explained(fitted, frame, "17")
    amount, p = frame["amount"][17], got["probability"]
    assert got["threshold"] == pytest.approx(2 / (2 + 5 + amount - 1))
    assert got["cost_if_flagged"] == pytest.approx(p * 1 + (1 - p) * 2)
    assert got["cost_if_passed"] == pytest.approx(p * (5 + amount))
    assert got["flagged"] == (p >= got["threshold"]) == (got["cost_if_flagged"] <= got["cost_if_passed"])
    assert (got["rule"], got["unit"]) == ("per-row", "EUR")


def test_the_models_costs_count_not_the_projects(fitted, frame):
    """A model keeps the costs that it was made for."""
    got = explained(fitted, frame, "17", DecisionRule("constant", 0.2), CHEAP)
    assert got["cost_if_passed"] == pytest.approx(got["probability"] * 5)
    assert got["threshold"] == 0.2
    explained(fitted, frame.drop(columns="amount"), "17", DecisionRule("constant", 0.2), CHEAP)


@pytest.mark.parametrize(("rule", "flagged"), [("flag-none", False), ("flag-all", True)])
def test_a_rule_without_a_threshold_has_none(rule, flagged, fitted, frame):
    """It is null, not an infinity, so that the answer is strict JSON."""
    got = explained(fitted, frame, "17", DecisionRule(rule))
    assert (got["threshold"], got["flagged"], got["rule"]) == (None, flagged, rule)
    json.dumps(got, allow_nan=False)


def test_the_values_of_the_row_and_its_outcome_are_given(fitted, frame):
    """As the model reads them; a missing cell is null, and a table without outcomes gives none."""
    got = explained(fitted, frame, "17")
    assert got["values"] == {"x": frame["x"][17], "z": frame["z"][17], "g": frame["g"][17]}
    assert got["outcome"] is None
    known = frame.assign(y=np.where(frame["id"] == 17, "yes", None))
    assert explained(fitted, known, "17")["outcome"] == "yes"
    assert explained(fitted, known, "18")["outcome"] is None
    json.dumps(got, allow_nan=False)


def test_exactly_one_row_that_has_all_is_explained(fitted, frame, wording):
    """No row, several rows, a mere part of an id, and a table that lacks a feature or a cost are refused."""
    asked = (
        *((pd.concat([frame, frame]), "17"), (frame, "600"), (frame, "05")),
        *((frame.drop(columns="x"), "17"), (frame.drop(columns="amount"), "17")),
    )
    wording(*(refusal(DataError, explained, fitted, *one) for one in asked))


def test_costs_without_a_threshold_name_the_row(fitted, frame):
    """The id that was asked for, not its place in the table."""
    wrong = CostMatrix.of(true_positive=1, false_positive=0, true_negative=0, false_negative="amount")
    with pytest.raises(DataError, match="C_FP - C_TN"):
        explained(fitted, frame.iloc[::-1], "0", costs=wrong)
