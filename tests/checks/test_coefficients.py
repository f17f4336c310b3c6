"""Coefficients: the textbook's errors, another implementation's sandwich, and drift in common units."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from logitgate.checks.inspection.coefficients import (
    Coefficients,
    champion_weights,
    coefficient_evidence,
    drift,
)
from logitgate.data.sampling.sample import Sample
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.fitted import Fitted, column_names
from logitgate.model.fitting.recalibration import Recalibration, recalibrated
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

DEFAULT = Path(__file__).parents[2] / "data" / "default.csv.gz"
LINEAR, SPLINE = Form(basis="linear"), Form(basis="spline")
THREE = FeaturesConfig(numeric=("balance", "income", "student"))
NONE = Recalibration(1.0, 0.0)


@pytest.fixture(scope="module")
def default():
    """ISLR's Default as a sample; every tenth row in order is one cluster."""
    rows = pd.read_csv(DEFAULT)
    frame = pd.DataFrame(
        {
            "balance": rows["balance"],
            "income": rows["income"] / 1000,
            "student": (rows["student"] == "Yes").astype(float),
            "status": pd.Categorical(rows["student"]),
        }
    )
    y = (rows["default"] == "Yes").to_numpy().astype(np.int8)
    ids = np.arange(len(y)).astype(str).astype(object)
    return Sample(frame, y, ids, cluster=np.arange(len(y)) % 40)


def fitted(sample, C=np.inf, form=LINEAR, features=THREE):
    """Fit, and return the model and the value that knows how it came about."""
    pipeline = fit(Choice(form, C), sample.frame, sample.y, features, Search())
    return pipeline, Fitted.of(pipeline, NONE, sample)


def unclustered(sample):
    """Return the sample with rows that stand for themselves."""
    return replace(sample, cluster=None)


def row_of(table, column):
    """Return the row of one column."""
    return next(row for row in table.rows if row["column"] == column)


def test_the_textbook_s_coefficients_and_errors(default):
    """Unpenalised, per unit of the feature, they are those of ISLR's table 4.3."""
    own = Coefficients.of(fitted(unclustered(default))[1])
    assert own.columns == ("linear__balance", "linear__income", "linear__student", "intercept")
    per_unit = own.weights[:-1] / own.units[:-1]
    errors = own.errors[:-1] / own.units[:-1]
    assert per_unit == pytest.approx([0.0057365, 0.0030335, -0.64678], rel=1e-4)
    np.testing.assert_allclose(errors, [0.0002, 0.0082, 0.2363], atol=5e-5)
    table = coefficient_evidence(own, None)[1]
    student = row_of(table, "linear__student")
    assert student["per_unit"] == pytest.approx(-0.64678, rel=1e-4)
    assert student["odds_ratio_high"] == pytest.approx(
        np.exp((-0.64678 + 1.959964 * 0.2363) * student["unit"]), rel=1e-3
    )
    assert "odds_ratio" not in row_of(table, "intercept")


def test_clustered_errors_are_those_of_statsmodels(default):
    """The sandwich agrees with Logit's, but for its second small-sample factor, which is left out here."""
    import statsmodels.api as sm

    _, known = fitted(default)
    X = np.column_stack((known.matrix.whole(), np.ones(len(default))))
    other = sm.Logit(default.y, X).fit(
        disp=0, tol=1e-12, cov_type="cluster", cov_kwds={"groups": default.cluster}
    )
    n, k = X.shape
    own = Coefficients.of(known)
    np.testing.assert_allclose(own.errors, other.bse * np.sqrt((n - k) / (n - 1)), rtol=1e-7)
    assert own.degrees == 39
    low, high = own.limits()
    np.testing.assert_allclose((high - low) / own.errors, 2 * 2.022691, rtol=1e-6)  # t with 39 degrees


def test_a_penalty_enters_hessian_and_errors(default):
    """Penalised errors are the roots of the diagonal of the inverse of X'WX + I/C."""
    pipeline, known = fitted(unclustered(default), C=0.01)
    X = np.column_stack((known.matrix.whole(), np.ones(len(default))))
    p = pipeline.predict_proba(default.frame)[:, 1]
    hessian = X.T @ ((p * (1 - p))[:, None] * X) + np.diag([100.0, 100, 100, 0])
    own = Coefficients.of(known)
    np.testing.assert_allclose(own.errors, np.sqrt(np.diag(np.linalg.inv(hessian))), rtol=1e-8)
    size = np.sqrt(np.diag(hessian))
    assert own.condition == pytest.approx(np.linalg.cond(hessian / np.outer(size, size)), rel=1e-8)


def test_recalibration_multiplies_weights_and_errors(default):
    """What decides is reported, not what was fitted; the fit itself is recovered."""
    sample = unclustered(default)
    pipeline, known = fitted(sample)
    change = Recalibration(0.9, -0.1)
    calibrated = recalibrated(pipeline, change)
    again = Fitted.of(calibrated, change, sample)
    np.testing.assert_allclose(again.weights, known.weights, rtol=1e-9)
    np.testing.assert_allclose(again.scores, pipeline.decision_function(default.frame), atol=1e-8)
    own, before = Coefficients.of(again), Coefficients.of(known)
    np.testing.assert_allclose(own.errors, change.slope * before.errors, rtol=1e-8)
    np.testing.assert_allclose(own.weights[:-1], calibrated[-1].coef_[0], rtol=1e-12)
    assert own.weights[-1] == pytest.approx(calibrated[-1].intercept_[0], rel=1e-9)


def test_curves_have_no_unit_and_marks_have_one(default):
    """A spline's pieces are given per standard deviation only; a level's mark counts one.

    Nothing can be said of errors from rows that all fail together.
    """
    features = FeaturesConfig(numeric=("balance",), categorical=("status",))
    own = Coefficients.of(fitted(default, 1.0, SPLINE, features)[1])
    units = dict(zip(own.columns, own.units.tolist(), strict=True))
    assert units["levels__status_Yes"] == 1
    assert all(np.isnan(unit) for name, unit in units.items() if name.startswith("spline"))
    assert sum(name.startswith("spline") for name in units) > 3
    one = Coefficients.of(fitted(replace(default, cluster=np.zeros(len(default), dtype=np.int64)))[1])
    assert np.isnan(one.errors).all()
    assert coefficient_evidence(one, None)[1].as_json()["rows"][0]["coefficient_low"] is None


def test_drift_is_taken_in_common_units(default, wording):
    """The same effect per unit is no drift, though the champion's rows spread twice as far."""
    sample = unclustered(default)
    own = Coefficients.of(fitted(sample)[1])
    wide = sample.frame.assign(balance=lambda rows: rows["balance"] * 2)
    champion = fit(Choice(LINEAR, np.inf), wide, sample.y, THREE, Search())
    champion[-1].coef_ *= [2.0, 1.0, 1.0]  # then it weighs each unit as the challenger does
    moved = drift(own, champion_weights(champion))
    np.testing.assert_allclose(moved[:-1], 0.0, atol=1e-9)
    champion[-1].coef_ += np.array([0.0, 0.5, 0.0])
    findings, table = coefficient_evidence(own, champion_weights(champion))
    assert row_of(table, "linear__income")["difference"] == pytest.approx(-0.5)
    error = row_of(table, "linear__income")["error"]
    assert row_of(table, "linear__income")["difference_in_errors"] == pytest.approx(-0.5 / error)
    assert findings[1].status is Status.PASS
    wording(findings[1])


def test_columns_of_one_side_are_named(default, wording):
    """A feature that came and one that went stand in the table and in the finding."""
    own = Coefficients.of(fitted(default, features=FeaturesConfig(numeric=("balance", "income")))[1])
    other, _ = fitted(default, features=FeaturesConfig(numeric=("balance", "student")))
    findings, table = coefficient_evidence(own, champion_weights(other))
    assert row_of(table, "linear__income")["only_in"] == "challenger"
    assert row_of(table, "linear__student")["only_in"] == "champion"
    wording(*findings)


def test_a_champion_without_coefficients_is_said(default):
    """Nothing to compare is no silence, and before the first release there is nothing to say."""
    own = Coefficients.of(fitted(default)[1])
    for unknown in (Pipeline([("model", DummyClassifier())]), object()):
        findings, _ = coefficient_evidence(own, champion_weights(unknown))
        assert (findings[1].subject, findings[1].status) == ("drift", Status.WARN)
    assert [one.subject for one in coefficient_evidence(own, None)[0]] == ["condition"]


def test_names_that_read_the_same_are_kept_apart():
    """Level 'b_c' of 'a' and level 'c' of 'a_b' are two columns with two names."""
    rows = pd.DataFrame({"a": ["b_c", "x"] * 100, "a_b": ["c", "y", "y", "c"] * 50})
    y = np.random.default_rng(0).integers(0, 2, 200)
    pipeline = fit(Choice(LINEAR, 1.0), rows, y, FeaturesConfig(categorical=("a", "a_b")), Search())
    names = column_names(pipeline[0])
    assert len(set(names)) == len(names) == 4


def test_the_condition_has_a_limit(default, wording):
    """Below it single coefficients can be read; at it, and beyond, that is said, and what to do.

    So it is for two columns that nearly repeat each other, without a penalty.
    """
    own = Coefficients.of(fitted(unclustered(default))[1])
    twin = default.frame["balance"] + np.random.default_rng(0).normal(0, 0.01, len(default))
    sample = replace(default, frame=default.frame.assign(twin=twin), cluster=None)
    twins = Coefficients.of(fitted(sample, features=FeaturesConfig(numeric=("balance", "twin")))[1])
    assert twins.condition > 1e8
    conditions = (0.99e8, 1e8, np.inf)
    found = [coefficient_evidence(replace(own, condition=one), None)[0][0] for one in conditions]
    assert [(one.subject, one.figures["condition"]) for one in found] == [
        ("condition", x) for x in conditions
    ]
    assert [one.status for one in found] == [Status.PASS, Status.WARN, Status.WARN]
    wording(*found)


def test_the_table_says_what_its_intervals_rest_on(default, wording):
    """Clusters and their number, and that fewer than columns are rough; nothing of it for single rows."""
    sample = replace(default, cluster=np.arange(len(default)) % 3)
    samples = (sample, default, unclustered(default))
    wording(*(coefficient_evidence(Coefficients.of(fitted(one)[1]), None)[1].note for one in samples))


def test_the_champion_s_weight_stands_beside_the_model_s(default, wording):
    """In the challenger's units; and at most five names of what only one of both has."""
    own = Coefficients.of(fitted(unclustered(default))[1])
    known = {
        name: (2.0 * weight, unit)
        for name, weight, unit in zip(own.columns, own.weights, own.units, strict=True)
    }
    known |= {f"old{number}": (1.0, 1.0) for number in range(6)}
    findings, table = coefficient_evidence(own, known)
    row = row_of(table, "linear__student")
    assert row["champion"] == pytest.approx(2 * own.weights[2])
    assert row["difference"] == pytest.approx(-own.weights[2])
    five = {name: known[name] for name in known if name != "old5"}
    wording(findings[1], coefficient_evidence(own, five)[0][1])
