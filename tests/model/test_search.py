"""The search: honest log losses, the simplest candidate that is as good, the same bits every time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from logitgate.errors import FitError
from logitgate.model.design.matrix import design
from logitgate.model.fitting.fit import regression
from logitgate.model.fitting.solver import Solution, solve
from logitgate.model.recipes.cross_validation import tried
from logitgate.model.recipes.out_of_fold import Plan
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests.model.blocks import blocks_of, search
from tests.wording import refusal

LINEAR, SPLINE = Form(basis="linear"), Form(basis="spline")
FEATURES = FeaturesConfig(numeric=("x", "z"), categorical=("g",))
CHOICES = Search(
    forms=("linear", "spline", "polynomial + xg"), interactions={"xg": ("x", "g")}, C=(0.1, 10.0, 1.0)
)


def _rows(n=1200, seed=0, curve=0.0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x": rng.normal(size=n), "z": rng.normal(size=n), "g": rng.choice(["a", "b", "c"], n)})
    odds = X["x"] - 0.5 * (X["g"] == "a") + curve * (X["z"] ** 2 - 1)
    X.loc[::11, "z"] = np.nan
    return X, (rng.random(n) < 1 / (1 + np.exp(-odds))).to_numpy().astype(np.int8)


def test_log_losses_are_those_of_models_fitted_fold_by_fold():
    """Each candidate's log loss is that of scikit-learn pipelines fitted to each fold from scratch."""
    X, y = _rows()
    blocks = blocks_of(X, y, 4)
    folds = tuple(Plan.of(blocks).folds.values())
    found = search(blocks, FEATURES, CHOICES)
    assert [str(one.choice) for one in found.candidates] == [
        f"{form}, C = {C:g}" for form in CHOICES.forms for C in sorted(CHOICES.C)
    ]
    for one in found.candidates:
        losses = []
        for fold in folds:
            learned = X.iloc[fold.learned]
            layout = design(one.choice.form, FEATURES, CHOICES, learned)
            model = make_pipeline(layout, regression(one.choice.C)).fit(learned, y[fold.learned])
            probability = model.predict_proba(X.iloc[fold.judged])[:, 1]
            losses.append(log_loss(y[fold.judged], probability, normalize=False))
        assert one.log_loss == pytest.approx(sum(losses) / sum(len(fold.judged) for fold in folds), abs=1e-9)
        assert one.n_features == model[:-1].transform(X).shape[1]
        assert one.failure is None
        assert one.iterations >= len(folds)


def test_the_same_rows_give_the_same_bits():
    """Two searches over the same rows agree bit for bit, threads or not."""
    X, y = _rows(curve=0.5)
    first, second = (
        search(blocks_of(X.copy(), y.copy(), 4, in_time=False), FEATURES, CHOICES) for _ in range(2)
    )
    assert first == second
    assert repr(first) == repr(second)


def test_no_fold_learns_from_later_rows():
    """When the outcome flips its sign half-way, models of the past are worse than no model at all.

    A model that had learned from later rows would do well; one of the past alone is confidently wrong.
    """
    X, _ = _rows()
    later = np.arange(len(X)) >= len(X) // 2
    y = (np.where(later, -X["x"], X["x"]) + np.random.default_rng(1).normal(size=len(X)) / 2 > 0).astype(
        np.int8
    )
    one = Search(forms=("linear",), C=(1.0,))
    halves = search(blocks_of(X, y, 2), FEATURES, one)
    assert halves.best.log_loss > 2 * np.log(2)


def test_later_rows_cannot_change_an_earlier_fold():
    """Scrambling the rows after a block leaves its log-odds untouched to the last bit."""
    X, y = _rows()
    scrambled_X, scrambled_y = X.copy(), y.copy()
    scrambled_X.iloc[600:] = X.iloc[600:].sample(frac=1, random_state=0).to_numpy()
    scrambled_y[600:] = 1 - y[600:]
    first, second = (
        _out_of_fold(blocks_of(frame.astype(X.dtypes), outcome, 4))
        for frame, outcome in ((X, y), (scrambled_X, scrambled_y))
    )
    before = first.block < 2
    assert before.any()
    one, other = (
        np.vstack([found.log_odds(place) for place in range(len(found.candidates))])
        for found in (first, second)
    )
    np.testing.assert_array_equal(one[:, before], other[:, before])
    assert (one[:, ~before] != other[:, ~before]).any()


def _out_of_fold(blocks):
    plan = Plan.of(blocks)
    folds = tuple(plan.folds.values())
    trials = tried(blocks.sample.frame, blocks.sample.y.astype(int), folds, FEATURES, CHOICES)
    return plan.final([trial.log_odds for trial in trials])


def test_a_decision_about_a_fold_looks_at_models_that_know_neither():
    """At random, the log-odds that a fold's choice looks at come from fits without that fold's rows."""
    X, y = _rows(n=600)
    blocks = blocks_of(X, y, 3, in_time=False)
    other = blocks_of(X, np.where(np.arange(len(y)) % 3 == 1, 1 - y, y), 3, in_time=False)
    looks = []
    for one in (blocks, other):
        plan = Plan.of(one)
        trials = tried(X, one.sample.y.astype(int), tuple(plan.folds.values()), FEATURES, CHOICES)
        looks.append(plan.before(1, [trial.log_odds for trial in trials]))
    assert set(looks[0].block) == {0, 2}
    for place in range(len(trials)):
        np.testing.assert_array_equal(looks[0].log_odds(place), looks[1].log_odds(place))


def test_a_curve_is_found():
    """Where the log-odds are curved, a curved form wins although a linear one is simpler."""
    X, y = _rows(curve=1.0)
    found = search(blocks_of(X, y, 5), FEATURES, CHOICES)
    assert found.chosen.choice.form in CHOICES.forms[1:]
    linear = min(one.log_loss for one in found.candidates if one.choice.form == LINEAR)
    assert linear > found.chosen.log_loss


def test_the_best_form_with_its_strongest_penalty_that_is_as_good_is_chosen():
    """The form is that of the lowest log loss; among its penalties the one-standard-error rule decides."""
    leads = 0
    for seed in range(6):
        X, y = _rows(seed=seed)
        found = search(blocks_of(X, y, 5), FEATURES, CHOICES)
        own = [one for one in found.candidates if one.choice.form == found.best.choice.form]
        good = [one for one in own if one.behind <= one.behind_error or one == found.best]
        assert found.chosen == good[0]
        leads += found.best != found.chosen
    assert leads


def test_behind_is_the_paired_difference_to_the_best():
    """The best is nothing behind; the others by their log loss's difference."""
    X, y = _rows(curve=0.5)
    found = search(blocks_of(X, y, 5), FEATURES, CHOICES)
    assert (found.best.behind, found.best.behind_error) == (0.0, 0.0)
    assert found.best.log_loss == min(one.log_loss for one in found.candidates)
    for one in found.candidates:
        assert one.behind == pytest.approx(one.log_loss - found.best.log_loss, abs=1e-12)
        assert one.behind_error < one.error


def test_clusters_widen_the_error():
    """Rows that come as ten copies count as one: the error is as large as that of the rows uncopied."""
    X, y = _rows(n=400)
    copied, outcome, cluster = X.loc[X.index.repeat(10)], np.repeat(y, 10), np.repeat(np.arange(400), 10)
    one = Search(forms=("linear",), C=(1.0,))
    naive, honest = (
        search(blocks_of(copied, outcome, 4, cluster=known), FEATURES, one).best.error
        for known in (None, cluster)
    )
    assert honest == pytest.approx(naive * np.sqrt(10), rel=0.01)


def _failing(monkeypatch, fails):
    """Let the solver give up on the rows and penalties for which `fails` is true."""

    def solved(rows, C, start, *known, **more):
        if fails(C, rows.X):
            return Solution(start, 1, "the Hessian is singular or ill-conditioned")
        return solve(rows, C, start, *known, **more)

    monkeypatch.setattr("logitgate.model.recipes.cross_validation.solve", solved)


def test_a_candidate_that_fails_is_recorded_and_cannot_win(monkeypatch):
    """One failed fold fails the candidate, with the fold and the reason; the others go on."""
    X, y = _rows()
    longest = 900
    _failing(monkeypatch, lambda C, matrix: C == 0.1 and matrix.shape[0] == longest)
    found = search(blocks_of(X, y, 4), FEATURES, CHOICES)
    failed = [one for one in found.candidates if one.choice.C == 0.1]
    assert [one.failure.startswith("fold 3: ") for one in failed] == [True] * 3
    assert all(np.isnan(one.log_loss) for one in failed)
    assert found.chosen.failure is None
    assert found.best.failure is None


@pytest.mark.parametrize("basis", ["linear", "spline", "polynomial"])
def test_a_feature_that_is_constant_in_an_early_fold_fails_no_form(basis):
    """Where a feature does not vary yet, or a level first appears later, each form is fitted all the same."""
    X, y = _rows()
    early = np.arange(len(X)) < 500
    X["late"], X["g"] = np.where(early, 0.0, X["x"]), np.where(early, "a", X["g"])
    features = FeaturesConfig(numeric=("x", "late"), categorical=("g",))
    pairs = {"both": ("x", "late")}
    choices = Search(forms=(basis, f"{basis} + both"), interactions=pairs, C=(0.1, 1.0))
    found = search(blocks_of(X, y, 4), features, choices)
    assert [one.failure for one in found.candidates] == [None] * 4


def test_a_block_that_cannot_be_built_fails_its_form_only():
    """An interaction whose product is the same in all rows fails the forms that use it, and says why."""
    X, y = _rows()
    X["sign"] = X["same"] = np.where(np.arange(len(X)) % 2, 1.0, -1.0)
    features = FeaturesConfig(numeric=("x", "sign", "same"))
    choices = Search(forms=("linear", "linear + both"), interactions={"both": ("sign", "same")}, C=(1.0,))
    found = search(blocks_of(X, y, 4), features, choices)
    plain, crossed = found.candidates
    assert plain.failure is None
    assert crossed.failure


def test_when_all_fail_nothing_is_chosen(monkeypatch, wording):
    """When no candidate could be fitted the search is refused."""
    X, y = _rows()
    _failing(monkeypatch, lambda C, matrix: True)
    wording(refusal(FitError, search, blocks_of(X, y, 4), FEATURES, CHOICES))
