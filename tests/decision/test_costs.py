import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.decision.costs import ENTRIES, CostMatrix, RowCosts
from logitgate.errors import DataError, ProjectError
from tests.wording import refusal

PLAIN = {"true_positive": 0, "false_positive": 1, "true_negative": 0, "false_negative": 5}
EACH = CostMatrix.of(true_positive=1, false_positive=2, true_negative=3, false_negative=4)
UNIT = st.floats(0, 1)
AMOUNT = st.integers(0, 50).map(float)


@st.composite
def sound_costs(draw):
    """Costs of up to six rows, in which errors cost more than being right."""
    rows = draw(st.integers(1, 6))
    right = [[draw(AMOUNT) for _ in range(rows)] for _ in range(2)]
    more = [[draw(st.integers(1, 50)) for _ in range(rows)] for _ in range(2)]
    positive, negative = np.array(right)
    return RowCosts(positive, negative + more[0], negative, positive + more[1])


def test_row_cost_is_the_entry_of_outcome_and_decision():
    """Each of the four outcomes costs its own entry."""
    y, flagged = np.array([1, 0, 0, 1]), np.array([True, True, False, False])
    for costs in (RowCosts(*(np.full(4, value) for value in (1.0, 2.0, 3.0, 4.0))), EACH.rows({}, 4)):
        assert costs.of(y, flagged).tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("n", "index"),
    [
        (4, np.array([0, 2, 2])),
        (4, np.array([True, False, True, True])),
        (4, np.zeros(4, bool)),
        (1, np.array([0, 0])),
    ],
)
def test_costs_of_chosen_rows_that_are_the_same_for_all(n, index):
    """As many as are chosen, by place or by mark, and still one number each; also of a single row."""
    chosen = EACH.rows({}, n).take(index)
    rows = len(np.arange(n)[index])
    assert chosen.false_positive.tolist() == [2.0] * rows and chosen.false_positive.strides == (0,)
    assert chosen.of(np.ones(rows), np.zeros(rows, dtype=bool)).tolist() == [4.0] * rows
    assert EACH.rows({}, n).of(np.ones(n), np.ones(n, dtype=bool)).tolist() == [1.0] * n


@given(sound_costs(), UNIT)
def test_bayes_threshold_is_where_flagging_becomes_cheaper(costs, share):
    """At or above the threshold flagging costs no more than passing, below it costs more."""
    probability = np.full(len(costs.true_positive), share)
    flag, leave = costs.expected(probability)
    threshold = costs.bayes_threshold()
    clear = np.abs(probability - threshold) > 1e-9
    assert ((probability >= threshold) == (flag <= leave))[clear].all()


@given(sound_costs(), UNIT, st.floats(1e-6, 1e6), st.data())
def test_scaling_all_costs_changes_no_decision(costs, share, factor, data):
    """Euros or cents: thresholds and savings are the same."""
    scaled = RowCosts(*(getattr(costs, entry) * factor for entry in ENTRIES))
    np.testing.assert_allclose(scaled.bayes_threshold(), costs.bayes_threshold(), rtol=1e-12, atol=1e-15)
    clear = np.abs(costs.bayes_threshold() - share) > 1e-9
    assert ((share >= scaled.bayes_threshold()) == (share >= costs.bayes_threshold()))[clear].all()
    y, flagged = (np.array([data.draw(st.booleans()) for _ in clear]) for _ in range(2))
    assert scaled.savings(y, flagged) == pytest.approx(costs.savings(y, flagged), abs=1e-9, nan_ok=True)


@given(sound_costs(), st.data())
def test_true_probabilities_save(costs, data):
    """With p equal to the true probability Bayes decisions are expected to cost no more than none or all."""
    truth = np.array([data.draw(UNIT) for _ in costs.true_positive])
    flag, leave = costs.expected(truth)
    decided = np.where(truth >= costs.bayes_threshold(), flag, leave).sum()
    assert decided <= min(flag.sum(), leave.sum()) * (1 + 1e-12)


def test_savings_of_the_textbook_rows():
    """Eight rows, FP = 1, FN = 5: cost 12 at .5, 3 at 1/6, savings .25 against flagging all."""
    y, score = np.array([0, 1] * 4), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    costs = CostMatrix.of(**PLAIN).rows({}, 8)
    np.testing.assert_allclose(costs.bayes_threshold(), 1 / 6)
    assert costs.of(y, score >= 0.5).sum() == 12
    assert costs.of(y, score >= 1 / 6).sum() == 3
    assert costs.savings(y, score >= 1 / 6) == 0.25
    assert np.isnan(costs.savings(np.zeros(8, dtype=int), score > 1)), "where flagging none costs nothing"


def test_costs_per_row_follow_the_columns():
    """An entry may be an expression over the row's columns."""
    matrix = CostMatrix.of(**PLAIN | {"false_negative": "amount / 2 if amount > 10 else 1"})
    costs = matrix.rows({"amount": np.array([100.0, 4.0])}, 2)
    assert matrix.columns == {"amount"}
    assert costs.false_negative.tolist() == [50.0, 1.0]
    assert costs.bayes_threshold().tolist() == [1 / 51, 1 / 2]
    assert costs.take(np.array([1])).false_negative.tolist() == [1.0]


def test_a_negative_denominator_counts_rows_and_names_columns(wording):
    """Errors that cost less than being right allow no threshold; neither ids nor values are printed."""
    matrix = CostMatrix.of(**PLAIN | {"true_positive": "fee"})
    fees, ids = {"fee": np.array([1.0, 99.25, 77.0])}, np.array(["c4", "c17", "c5"])
    refused = refusal(DataError, matrix.rows, fees, 3, ids)
    assert not any(got in str(refused) for got in ("99.25", "c17"))
    wording(refused)


def test_a_zero_denominator_in_a_row_never_flags_it():
    """A row whose outcome does not matter is not worth a flag, unless the flag itself pays."""
    matrix = CostMatrix.of(true_positive="fee", false_positive="fee", true_negative=0, false_negative=0)
    assert matrix.rows({"fee": np.array([2.0, 0.0, -1.0])}, 3).bayes_threshold().tolist() == [
        np.inf,
        np.inf,
        -np.inf,
    ]


def test_costs_that_cancel_on_paper_cancel_in_floats():
    """0.1 + 0.2 - 0.3 is not zero in floats, but no row may be refused or flagged for that."""
    matrix = CostMatrix.of(true_positive="a + b", false_positive="c", true_negative=0, false_negative="c - c")
    row = {"a": np.array([0.1]), "b": np.array([0.2]), "c": np.array([0.3])}
    assert matrix.rows(row, 1).bayes_threshold().tolist() == [np.inf]
    small = CostMatrix.of(true_positive=0, false_positive=0.1, true_negative=0, false_negative=0.5)
    assert small.rows({}, 1).bayes_threshold()[0] == pytest.approx(1 / 6)


def test_constant_costs_that_cannot_decide_are_a_mistake_in_the_project(wording):
    """A denominator that is zero or negative for every row, what is not finite or no arithmetic."""
    changes = [{"false_negative": one} for one in (-1, -2, "1 / 0")] + [{"false_positive": "open(1)"}]
    wording(*(refusal(ProjectError, CostMatrix.of, **PLAIN | one) for one in changes))


def test_costs_that_are_missing_or_infinite_are_refused(wording):
    """A missing amount, also in a condition, or one that divides by zero, has an unknown cost."""
    divided, asked = (
        CostMatrix.of(**PLAIN | {"false_negative": cost})
        for cost in ("5 / amount", "5 if amount > 10 else 1")
    )
    amounts = ((divided, [1.0, np.nan]), (divided, [1.0, 0.0]), (asked, [np.nan]))
    wording(
        *(refusal(DataError, one.rows, {"amount": np.array(given)}, len(given)) for one, given in amounts)
    )


def test_survives_json():
    """The costs frozen with a model are the costs that were declared."""
    matrix = CostMatrix.of(**PLAIN | {"false_negative": "-amount if amount < 0 else amount * 2 + 1"})
    assert CostMatrix.from_json(json.loads(json.dumps(matrix.as_json()))) == matrix
