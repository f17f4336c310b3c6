"""Declared directions: a straight line by its sign, a curve over its whole range, and what has no effect."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from logitgate.checks.inspection.coefficients import Coefficients
from logitgate.checks.inspection.monotonicity import imposed, sign_findings
from logitgate.data.sampling.sample import Sample
from logitgate.errors import ProjectError
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.fitted import Fitted
from logitgate.model.fitting.recalibration import Recalibration
from logitgate.project.data import FeaturesConfig
from logitgate.project.reading.load import parse_project
from logitgate.project.search import Form, Search
from tests.projects import SMALL

LINEAR, SPLINE = Form(basis="linear"), Form(basis="spline")
CROSSED = Form(basis="linear", interactions=("both",))


def rows(n=3000, seed=0):
    """Return rows: `up` raises the log-odds, `down` lowers them, `hill` does both, `flat` neither."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=["up", "down", "hill", "flat"])
    odds = frame["up"] - frame["down"] - frame["hill"] ** 2 + frame["hill"]
    return frame, (rng.random(n) < 1 / (1 + np.exp(-odds))).to_numpy().astype(np.int64)


FRAME, Y = rows()
ALL = FeaturesConfig(numeric=("up", "down", "hill", "flat"))


def held(form, signs, features=ALL, frame=FRAME, C=10.0):
    """Fit and return the findings by feature."""
    choices = Search(interactions={"both": ("up", "down")})
    pipeline = fit(Choice(form, C), frame, Y, features, choices)
    return {one.subject: one for one in sign_findings(pipeline, frame, signs)}


@pytest.mark.parametrize("form", [LINEAR, SPLINE])
def test_the_right_direction_passes_and_the_other_fails(form, wording):
    """In both forms; the finding names feature, direction and where it goes wrong."""
    right = held(form, {"up": "positive", "down": "negative"})
    assert [one.status for one in right.values()] == [Status.PASS, Status.PASS]
    wrong = held(form, {"up": "negative", "down": "positive"})
    assert [one.status for one in wrong.values()] == [Status.FAIL, Status.FAIL]
    assert {one.check for one in wrong.values()} == {"coefficients"}
    wording(*wrong.values())


def test_a_hill_is_neither_direction():
    """A curve that first rises and then falls fails both ways, and a line over it passes."""
    up, down = (held(SPLINE, {"hill": sign})["hill"] for sign in ("positive", "negative"))
    assert (up.status, down.status) == (Status.FAIL, Status.FAIL)
    assert held(LINEAR, {"hill": "positive"})["hill"].status is Status.PASS


def test_a_straight_line_is_held_to_its_sign_however_small():
    """A weight of -0.0001 on a feature declared positive fails; none at all breaks no sign."""
    pipeline = fit(Choice(LINEAR, 10.0), FRAME, Y, ALL, Search())
    for weight, status in ((-1e-4, Status.FAIL), (1e-4, Status.PASS), (0.0, Status.PASS)):
        pipeline[-1].coef_[0, 3] = weight
        assert sign_findings(pipeline, FRAME, {"flat": "positive"})[0].status is status


def test_an_interaction_can_turn_the_direction(wording):
    """Where one of the rows has its curve turned by the other feature, the direction does not hold."""
    search = Search(forms=(CROSSED,), interactions={"both": ("up", "down")})
    pipeline = fit(Choice(CROSSED, 10.0), FRAME, Y, ALL, search)
    assert sign_findings(pipeline, FRAME, {"up": "positive"})[0].status is Status.PASS
    pipeline[-1].coef_[0, -1] = 5.0  # up x down: with a small `down`, more `up` now lowers the log-odds
    found = sign_findings(pipeline, FRAME, {"up": "positive"})[0]
    assert found.status is Status.FAIL
    wording(found)


@pytest.mark.parametrize("cells", [3.5, np.nan])
@pytest.mark.parametrize("form", [LINEAR, SPLINE])
def test_a_constant_feature_has_no_effect_that_could_break_a_sign(cells, form):
    """One value, or none at all: the fit gives it no weight, whichever sign is declared."""
    for sign in ("positive", "negative"):
        found = held(form, {"flat": sign}, frame=FRAME.assign(flat=cells))["flat"]
        assert (found.check, found.subject, found.status) == ("coefficients", "flat", Status.PASS)
        assert found.figures["right_way"] < 1e-9


def test_a_mostly_zero_feature_is_looked_at_over_all_its_values():
    """Where the middle 98 % are one value, the few other rows say which way it goes."""
    frame = FRAME.assign(up=np.where(np.arange(len(FRAME)) % 400 == 0, FRAME["up"].abs() + 5, 0.0))
    pipeline = fit(Choice(LINEAR, 10.0), frame, Y, ALL, Search())
    statuses = []
    for weight in (1.0, -1.0):
        pipeline[-1].coef_[0, 0] = weight
        (found,) = sign_findings(pipeline, frame, {"up": "positive"})
        assert found.figures["to"] >= frame["up"].max()
        statuses.append(found.status)
    assert statuses == [Status.PASS, Status.FAIL]


def test_a_feature_that_the_model_does_not_use_has_no_finding():
    """What was left out of the fit has no effect to be looked at."""
    pipeline = fit(Choice(LINEAR, 1.0), FRAME, Y, FeaturesConfig(numeric=("up",)), Search())
    found = sign_findings(pipeline, FRAME, {"flat": "positive", "up": "positive"})
    assert [one.subject for one in found] == ["up"]


WORLD = FRAME.assign(
    zeros=np.where(np.arange(len(FRAME)) % 3, 0.0, FRAME["flat"].abs()),
    coded=np.where(np.arange(len(FRAME)) % 30, FRAME["up"].round(), 98.0),
)
WIDE = FeaturesConfig(numeric=(*ALL.numeric, "zeros", "coded"))


@pytest.mark.parametrize("form", [LINEAR, SPLINE])
@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_each_imposed_sign_passes_whatever_the_rows_say(form, sign):
    """Right or wrong, piles and codes included: the fit goes the declared way, and the check agrees."""
    signs = dict.fromkeys(WIDE.numeric, sign)
    pipeline = fit(Choice(form, 1.0), WORLD, Y, WIDE, Search(), signs=signs)
    found = sign_findings(pipeline, WORLD, signs)
    assert [one.status for one in found] == [Status.PASS] * len(signs)
    assert all(one.figures["tolerance"] < 1e-6 for one in found)
    for one in found:
        low, high = WORLD[one.subject].quantile([0.01, 0.99])
        assert one.figures["from"] < low - (high - low) / 2
        assert one.figures["to"] > high + (high - low) / 2


def fitted(form, signs, imposed_on=None):
    """Return a fit and what it was made of."""
    pipeline = fit(Choice(form, 1.0), WORLD, Y, WIDE, Search(), signs=signs)
    sample = Sample(WORLD, Y, np.arange(len(Y)).astype(str).astype(object))
    return Fitted.of(pipeline, Recalibration(1.0, 0.0), sample, signs if imposed_on is None else imposed_on)


def test_what_the_signs_cost_the_fit_is_typed():
    """The gain of the free fit in log loss is that of the free fit, and the features at a limit are named."""
    signs = {"up": "negative", "down": "negative"}
    (found,) = imposed(fitted(LINEAR, signs), signs)
    fits = (fit(Choice(LINEAR, 1.0), WORLD, Y, WIDE, Search(), signs=one) for one in ({}, signs))
    free, own = (one.predict_proba(WORLD) for one in fits)
    assert (found.check, found.subject, found.status) == ("coefficients", "signs", Status.PASS)
    assert found.figures["gain"] == pytest.approx(log_loss(Y, own) - log_loss(Y, free), abs=1e-9)
    assert found.figures["gain"] > 0.01
    assert (found.figures["declared"], found.figures["at_limit"]) == (2, "up")


def test_signs_that_hold_anyway_cost_nothing():
    """Where the free fit goes the declared ways, it gains nothing; without signs there is no finding."""
    signs = {"up": "positive", "down": "negative"}
    (found,) = imposed(fitted(LINEAR, signs), signs)
    assert (found.figures["gain"], found.figures["at_limit"]) == (0.0, "")
    assert imposed(fitted(LINEAR, {}), {}) == []


def test_a_weight_at_its_limit_has_no_error():
    """A Wald error says nothing about a weight that a sign keeps at zero; the others have theirs."""
    own = Coefficients.of(fitted(LINEAR, {"up": "negative", "down": "negative"}))
    assert own.weights[0] == 0.0
    assert np.isfinite(own.errors).tolist() == [False] + [True] * (len(own.errors) - 1)


def test_missing_cells_do_not_hide_a_direction():
    """Missing cells leave the range as it is; the mark of a missing cell is no second effect."""
    holes = FRAME.assign(up=FRAME["up"].where(np.arange(len(FRAME)) % 3 > 0))
    found = held(LINEAR, {"up": "positive"}, frame=holes)["up"]
    assert found.status is Status.PASS
    assert found.figures["tolerance"] < 1e-6


@given(seed=st.integers(0, 1000), sign=st.sampled_from(["positive", "negative"]))
@settings(deadline=None, max_examples=10)
def test_a_straight_line_passes_one_direction_only(seed, sign):
    """Whatever the rows, a straight line's status is that of its coefficient's sign."""
    frame, y = rows(300, seed)
    pipeline = fit(Choice(LINEAR, 1.0), frame, y, ALL, Search())
    for feature, weight in zip(ALL.numeric, pipeline[-1].coef_[0], strict=True):
        found = sign_findings(pipeline, frame, {feature: sign})[0]
        assert found.status is (Status.PASS if (weight > 0) == (sign == "positive") else Status.FAIL)


def test_only_numeric_features_have_signs():
    """A category, an unknown column or another word is refused in the project file."""
    plain = SMALL | {"features": {"numeric": ["x"], "categorical": ["g"]}}
    project = parse_project(plain | {"gates": {"signs": {"x": "negative"}}}, "a.toml")
    assert project.gates.signs["x"] == "negative"
    for unknown in ("g", "z"):
        with pytest.raises(ProjectError, match=f"gates.signs names '{unknown}', no numeric feature"):
            parse_project(plain | {"gates": {"signs": {unknown: "positive"}}}, "a.toml")
    with pytest.raises(ProjectError, match=r"gates\.signs\.x"):
        parse_project(plain | {"gates": {"signs": {"x": "up"}}}, "a.toml")


class Bowl:
    """Stands for a fitted pipeline of one curved feature: its log-odds are what `curve` makes of x."""

    def __init__(self, curve):
        self.curve = curve
        self.feature_names_in_ = np.array(["x", "place"], dtype=object)

    def __getitem__(self, place):
        """Return itself as the layout, as `sign_findings` only asks for the names of its columns."""
        return self

    def decision_function(self, frame):
        """Return the log-odds of the rows; a curve of two arguments is given the row's number."""
        known = [frame[name].to_numpy() for name in ("x", "place")]
        return self.curve(*known[: self.curve.__code__.co_argcount])


def curved(monkeypatch, curve, sign="positive"):
    """Return the finding about a curve over 0 to 100, whose middle 98 % are 1 to 99."""
    monkeypatch.setattr("logitgate.checks.inspection.monotonicity._is_limited", lambda *_: False)
    frame = pd.DataFrame({"x": np.linspace(0.0, 100.0, 1001), "place": np.arange(1001)})
    (found,) = sign_findings(Bowl(curve), frame, {"x": sign})
    assert (found.check, found.subject, found.figures["sign"]) == ("coefficients", "x", sign)
    return found


def test_the_place_and_the_size_of_a_turn_are_reported(monkeypatch, wording):
    """A curve that rises to 50 and falls by .49 to 99: where, by how much, in how many rows."""
    found = curved(monkeypatch, lambda x: 0.5 - np.abs(x - 50) / 100)
    assert found.status is Status.FAIL
    assert found.figures["wrong_way"] == pytest.approx(0.49)
    assert (found.figures["from"], found.figures["to"]) == (1.0, 99.0)
    # Half-way down and up again: the turn ends at 50, not at the end of the range.
    wording(found, curved(monkeypatch, lambda x: np.abs(x - 50) / 100))


def test_a_curve_may_fall_by_the_tolerance_and_no_more(monkeypatch, wording):
    """One hundredth in log-odds is no wrong way, and no effect either, which breaks no sign."""
    exact = 1 / 64  # a binary fraction, so that nothing is rounded
    monkeypatch.setattr("logitgate.checks.inspection.monotonicity._OTHERS", exact)
    step = lambda size: lambda x: np.where(x > 50, 2.0 - size, np.where(x > 20, 2.0, 0.0))  # noqa: E731
    at, beyond = curved(monkeypatch, step(exact)), curved(monkeypatch, step(exact + 2**-20))
    assert (at.status, beyond.status) == (Status.PASS, Status.FAIL)
    said = [at, beyond]
    rise = lambda size: lambda x: np.where(x > 50, size, 0.0)  # noqa: E731
    at, beyond = curved(monkeypatch, rise(exact)), curved(monkeypatch, rise(exact + 2**-20))
    assert (at.status, beyond.status) == (Status.PASS, Status.PASS)
    assert at.figures["right_way"] == exact
    wording(*said, at, beyond)


def test_log_odds_that_are_not_finite_tell_nothing(monkeypatch, wording):
    """One of them is enough, and says why."""
    found = curved(monkeypatch, lambda x: np.where(x > 98.9, np.nan, x))
    assert found.status is Status.INDETERMINATE
    wording(found)


def test_one_row_is_enough(monkeypatch, wording):
    """The first row's curve and the last one's are looked at; a fall by the tolerance itself is none.

    A fall begins at once after the best so far; what comes after it, however high, has no part in it.
    """
    found = [curved(monkeypatch, lambda x, row, at=at: np.where(row == at, -x, x)) for at in (0, 1000)]
    found.append(curved(monkeypatch, lambda x: np.where(x <= 50, x / 100, np.where(x < 53, 0.0, 5.0))))
    assert [one.status for one in found] == [Status.FAIL] * 3
    exact = 1 / 64
    monkeypatch.setattr("logitgate.checks.inspection.monotonicity._OTHERS", exact)
    one = curved(monkeypatch, lambda x, row: np.where(x > 50, np.where(row == 0, -1.0, -exact), 0.0))
    wording(*found, one)


def test_the_right_way_is_reported_from_end_to_end(monkeypatch):
    """Of 0.98 in all, each way, from the 1st percentile to the 99th."""
    rising = curved(monkeypatch, lambda x: x / 100)
    falling = curved(monkeypatch, lambda x: -x / 100, "negative")
    for found in (rising, falling):
        assert found.status is Status.PASS
        assert found.figures["right_way"] == pytest.approx(0.98, abs=1e-12)
    hill = curved(monkeypatch, lambda x: np.abs(x - 50) / 100, "negative")
    assert hill.figures["wrong_way"] == pytest.approx(0.49, abs=1e-12)
