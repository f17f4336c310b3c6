"""Effects of numeric features: what the model itself adds along their values, with the textbook's band."""

import numpy as np
import pandas as pd
import pytest

from logitgate.checks.inspection.coefficients import Coefficients
from logitgate.checks.inspection.effects import effect_exhibit
from logitgate.data.sampling.sample import Sample
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.fitting.fitted import Fitted
from logitgate.model.fitting.recalibration import Recalibration, recalibrated, scores
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

FEATURES = FeaturesConfig(numeric=("x", "z"), categorical=("g",))


@pytest.fixture(scope="module")
def sample():
    """A bent feature, a straight one, and a category."""
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=2_000), rng.normal(size=2_000)
    frame = pd.DataFrame({"x": x, "z": z, "g": pd.Categorical(rng.choice(["a", "b"], 2_000))})
    y = (rng.random(2_000) < 1 / (1 + np.exp(1 - x**2 - 0.5 * z))).astype(np.int8)
    return Sample(frame, y, np.arange(2_000).astype(str).astype(object))


def effects(sample, form, change):
    """Return a recalibrated model, and its table."""
    choice = Choice(Form(basis=form), 1.0)
    pipeline = recalibrated(fit(choice, sample.frame, sample.y, FEATURES, Search()), change)
    fitted = Fitted.of(pipeline, change, sample)
    return pipeline, fitted, effect_exhibit(fitted, pipeline, sample.frame, FEATURES.numeric)


@pytest.mark.parametrize("form", ["linear", "spline"])
def test_an_effect_is_what_the_model_adds_against_the_median(sample, form):
    """For any row: the others' parts cancel."""
    pipeline, _, table = effects(sample, form, Recalibration(0.9, 0.1))
    for name in ("x", "z"):
        rows = [row for row in table.rows if row["feature"] == name]
        row = sample.frame.iloc[[7] * len(rows)]
        at = scores(pipeline, row.assign(**{name: [one["value"] for one in rows]}))
        middle = scores(pipeline, row.iloc[[0]].assign(**{name: sample.frame[name].median()}))
        np.testing.assert_allclose([one["log_odds"] for one in rows], at - middle, atol=1e-9)
    assert {row["feature"] for row in table.rows} == {"x", "z"}


def test_a_line_has_the_band_of_its_coefficient(sample):
    """At one standard deviation from the median it is the Wald interval."""
    _, fitted, table = effects(sample, "linear", Recalibration(1.0, 0.0))
    own = Coefficients.of(fitted)
    place = own.columns.index("linear__z")
    row = [one for one in table.rows if one["feature"] == "z"][-1]
    away = (row["value"] - sample.frame["z"].median()) / own.units[place]
    low, high = own.limits()
    assert row["log_odds_low"] == pytest.approx(away * low[place], rel=1e-6)
    assert row["log_odds_high"] == pytest.approx(away * high[place], rel=1e-6)
