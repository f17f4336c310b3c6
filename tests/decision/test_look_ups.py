"""Look-ups: what the pipeline says but for rounding, and the same bits for a row alone and in any batch."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from logitgate.data.sampling.sample import observe
from logitgate.data.table import read_rows
from logitgate.decision.answering import Answering
from logitgate.decision.cells import FeatureReader
from logitgate.decision.compiled import compiled
from logitgate.model.explanation.contributions import _of_columns, feature_contributions
from logitgate.model.fitting.fit import Choice, fit
from logitgate.production.packaging.model_package import terms_of
from logitgate.project.data import FeaturesConfig
from logitgate.project.reading.load import load_project
from logitgate.project.search import Form, Search
from tests.wording import refusal

EXAMPLES = Path(__file__).parents[2] / "mlproject"
FEATURES = FeaturesConfig(numeric=("late", "age", "flag"), categorical=("job", "hour"))
CROSSED = {"two numbers": ("late", "age"), "mixed": ("job", "age"), "two levels": ("job", "hour")}
SEARCH = Search(interactions=CROSSED, rare_level_rows=20)
FORMS = [Form(basis=basis, interactions=tuple(CROSSED)) for basis in ("linear", "spline", "polynomial")]
LEVELS = {"job": ("clerk", "smith", "baker", "rare one"), "hour": ("7", "12", "18")}


@pytest.fixture(scope="module")
def rows():
    """Numbers that pile up, are missing or binary; levels that are missing, rare, or whole numbers."""
    rng = np.random.default_rng(11)
    late = np.where(rng.uniform(size=500) < 0.5, 0.0, rng.gamma(1.0, 20.0, 500))
    rows = pd.DataFrame({"late": late, "age": rng.normal(40, 12, 500), "flag": rng.integers(0, 2, 500) * 1.0})
    rows.loc[:30, "age"] = np.nan
    for name, levels in LEVELS.items():
        rows[name] = rng.choice(levels, 500, p=[*[0.97 / (len(levels) - 1)] * (len(levels) - 1), 0.03])
    rows["job"] = rows["job"].where(rng.uniform(size=500) > 0.06, np.nan)
    return rows


@pytest.fixture(scope="module", params=FORMS, ids=str)
def fitted(request, rows):
    """A pipeline of each basis with every kind of product."""
    chance = 1 / (1 + np.exp(2 - rows["late"] / 30))
    y = (np.random.default_rng(12).uniform(size=len(rows)) < chance).astype(int).to_numpy()
    return fit(Choice(request.param, 1.0), rows, y, FEATURES, SEARCH)


def log_odds(pipeline, features, frame):
    """What the look-ups of a pipeline say about rows."""
    reader = FeatureReader.of(pipeline, features.numeric, features.categorical)
    return compiled(pipeline).log_odds(reader.read(frame.__getitem__, len(frame)))


def alone(pipeline, features, frame):
    """The same, each row by itself."""
    return np.concatenate(
        [log_odds(pipeline, features, frame.iloc[place : place + 1]) for place in range(len(frame))]
    )


numbers = st.one_of(st.just(np.nan), st.sampled_from([0.0, 1.0, -5.0, 1e6]), st.floats(-1e3, 1e3))
cells = st.fixed_dictionaries(
    dict.fromkeys(FEATURES.numeric, numbers)
    | {name: st.sampled_from([*levels, "unseen", np.nan]) for name, levels in LEVELS.items()}
)


@settings(max_examples=25)
@given(drawn=st.lists(cells, min_size=1, max_size=30))
def test_look_ups_say_what_the_pipeline_says_and_the_same_in_any_batch(fitted, drawn):
    """Numbers inside, outside and on knots, missing cells, learned, rare and unseen levels."""
    frame = pd.DataFrame(drawn).astype(dict.fromkeys(LEVELS, object))
    found = log_odds(fitted, FEATURES, frame)
    expected = fitted.decision_function(frame)
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert np.array_equal(found, alone(fitted, FEATURES, frame))


@pytest.mark.parametrize("name", ["flights", "bank", "spam", "tumour"])
def test_each_example_is_answered_by_look_ups(name):
    """Their richest form, on their own rows: both agree, also by feature; a row alone has the same bits."""
    project = load_project(EXAMPLES / f"{name}.toml")
    sample = observe(read_rows(project).frame, project, None).sample
    chosen = np.random.default_rng(3).permutation(len(sample))[:2_500]
    frame, y = sample.frame.iloc[chosen], sample.y[chosen].astype(np.int64)
    pipeline = fit(Choice(project.search.forms[-1], 1.0), frame, y, project.features, project.search)
    found = log_odds(pipeline, project.features, frame)
    assert np.allclose(
        found, pipeline.decision_function(frame[list(project.features.all)]), rtol=0, atol=1e-10
    )
    assert np.array_equal(found[:50], alone(pipeline, project.features, frame.iloc[:50]))
    parts, expected = (
        by(pipeline, frame[list(project.features.all)]) for by in (feature_contributions, _of_columns)
    )
    assert parts.keys() == expected.keys()
    assert all(np.ptp(parts[one] - expected[one]) < 1e-10 for one in parts)


def test_a_long_table_is_worked_on_in_blocks(fitted, rows):
    """Where one block ends and the next begins, nothing changes."""
    frame = pd.concat([rows] * 20, ignore_index=True)
    found = log_odds(fitted, FEATURES, frame)
    assert len(found) == 10_000
    assert np.array_equal(found.reshape(20, -1), np.tile(log_odds(fitted, FEATURES, rows), (20, 1)))


def test_categories_and_texts_are_the_same_cells(fitted, rows):
    """A column of pandas' categories has the codes of its texts."""
    changed = rows.astype(dict.fromkeys(LEVELS, "category"))
    assert np.array_equal(log_odds(fitted, FEATURES, changed), log_odds(fitted, FEATURES, rows))


def test_the_served_model_has_the_bits_of_a_score(package, served_rows):
    """Row by row through the served model, all at once through the core."""
    answering = Answering.of(package.model.pipeline, terms_of(package))
    rows = served_rows.astype({"job": object, "city": object})
    served = pd.concat([answering.answer(rows.iloc[[place]]) for place in range(len(rows))])
    assert answering.look_ups is not None
    assert np.array_equal(served["probability"].to_numpy(), package.model.probability(served_rows))


def test_a_version_of_before_keeps_the_arithmetic_of_its_pipeline(package, served_rows):
    """Its golden rows have the bits of scikit-learn's product of matrices."""
    model = dataclasses.replace(package.model, arithmetic="pipeline")
    expected = model.pipeline.predict_proba(served_rows[list(model.features.all)])[:, 1]
    assert np.array_equal(model.probability(served_rows), expected)
    answering = Answering.of(model.pipeline, terms_of(dataclasses.replace(package, model=model)))
    assert answering.look_ups is None
    assert np.array_equal(answering.answer(served_rows)["probability"].to_numpy(), expected)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e200])
def test_an_infinite_number_is_no_row_of_this_model(package, served_rows, value, wording):
    """A curve is constant beyond its knots, and would answer; the core refuses it as well."""
    rows = served_rows.assign(income=[value, *served_rows["income"][1:]])
    wording(refusal(ValueError, package.model.probability, rows))


def test_an_unknown_pipeline_has_no_look_ups():
    """It answers by itself."""
    assert compiled(Pipeline([("prior", DummyClassifier(strategy="prior"))])) is None
