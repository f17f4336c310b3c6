"""What the registered model refuses, says and counts, through MLflow's own server code."""

import dataclasses
import json

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import Model as MLmodel
from mlflow.pyfunc.scoring_server import invocations

from logitgate.decision.answering import UNFAMILIAR, Terms, answer
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import DecisionRule
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.monitoring.reference import ReferenceProfile
from logitgate.production.packaging.model_package import ModelPackage, pack, terms_of, unpack
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests.wording import refusal

DECLARED = {"hour": "integer", "holiday": "boolean", "day": "date", "stops": "integer"}
ROW = {"wind": 12.5, "stops": 2, "hour": 7, "holiday": True, "day": "2013-05-01", "origin": "JFK"}
SECRET = 987654.25


@pytest.fixture(scope="module")
def package():
    """A model of numbers and of levels that are whole numbers, truth values, dates and texts."""
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"wind": rng.gamma(2, 5, 400), "stops": rng.integers(0, 4, 400) * 1.0})
    levels = {"hour": "6 7 8", "holiday": "true false", "day": "2013-05-01 2013-05-02", "origin": "JFK LGA"}
    for name, texts in levels.items():
        rows[name] = rng.choice(texts.split(), 400).astype(object)
    y = (rng.uniform(size=400) < 0.2 + 0.1 * (rows["hour"] == "7")).to_numpy().astype(int)
    features = FeaturesConfig(numeric=("wind", "stops"), categorical=tuple(levels))
    pipeline = fit(Choice(Form(basis="linear"), 1.0), rows, y, features, Search(rare_level_rows=20))
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    model = Model(pipeline, DecisionRule("constant", 0.2), costs, features)
    return ModelPackage(model, "EUR", ReferenceProfile({"rows": 400}), declared=DECLARED)


@pytest.fixture(scope="module")
def folder(package, tmp_path_factory):
    """It, packed."""
    folder = tmp_path_factory.mktemp("typed") / "model"
    folder.with_suffix(".digest").write_text(pack(package, folder, MLmodel(artifact_path="model")))
    return folder


@pytest.fixture(scope="module")
def loaded(folder):
    """It, as MLflow loads it."""
    return mlflow.pyfunc.load_model(str(folder))


def asked(model, form, **changes):
    """Send a row to MLflow's server; return status and body."""
    row = ROW | changes
    body = {
        "dataframe_split": {"columns": list(row), "data": [list(row.values())]},
        "dataframe_records": [row],
        "inputs": {name: [cell] for name, cell in row.items()},
        "instances": [row],
    }[form]
    try:
        found = invocations(
            json.dumps({form: body}), "application/json", model, model.metadata.get_input_schema()
        )
    except MlflowException as error:
        return error.get_http_status_code(), error.serialize_as_json()
    return found.status, found.response


FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")


def test_cells_of_another_type_are_refused_by_name_and_rule(loaded, wording):
    """The answer, the same in each form, has neither a value of the row nor a path of this machine."""
    changes = (
        *({"hour": 30.99}, {"stops": 2.5}, {"hour": "seven"}, {"holiday": "perhaps"}, {"day": "2013-05-32"}),
        *({"day": "2013-05-01T07:00:00"}, {"wind": "12.5"}, {"origin": 5}),
    )
    said = []
    for change in changes:
        answers = {asked(loaded, form, **({"wind": SECRET} | change)) for form in FORMS}
        ((status, body),) = answers
        assert status == 422
        assert not any(one in body for one in ("987654", "JFK", "/", "Traceback", "30.99", "perhaps"))
        said.append(json.loads(body)["message"])
    wording(*said)


@pytest.mark.parametrize("form", FORMS)
def test_whole_numbers_truth_values_and_dates_are_read_as_they_are_written(loaded, form):
    """7, 7.0 and "7", true and "True", an integer where a number is meant: one and the same row."""
    status, expected = asked(loaded, form)
    assert status == 200
    assert asked(loaded, "inputs", origin=None) == asked(loaded, form, origin=None)
    for changes in (
        {"hour": 7.0},
        {"hour": "7"},
        {"holiday": "True"},
        {"stops": 2.0},
        {"day": "2013-05-01T00:00"},
    ):
        assert asked(loaded, form, **changes) == (status, expected)
    assert asked(loaded, form, wind=12) == asked(loaded, form, wind=12.0)


def test_an_absent_column_is_named_and_no_row_is_repeated(loaded, wording):
    """MLflow itself requires none, because it would write the rows into its error."""
    body = json.dumps({"dataframe_records": [{"wind": SECRET, "origin": "JFK"}]})
    schema = loaded.metadata.get_input_schema()
    refused = refusal(MlflowException, invocations, body, "application/json", loaded, schema)
    wording(json.loads(refused.serialize_as_json())["message"])


def test_frames_of_whole_numbers_and_of_missing_cells_are_answered(loaded):
    """An int64 column where a number is meant, nullable integers and booleans, timestamps, empty cells."""
    rows = pd.DataFrame([ROW] * 3)
    typed = rows.assign(
        wind=pd.array([12, 13, None], dtype="Int64"),
        hour=np.array([6, 7, 8]),
        holiday=pd.array([True, False, None], dtype="boolean"),
        day=pd.to_datetime(["2013-05-01", "2013-05-02", None]),
    )
    written = rows.assign(
        wind=[12.0, 13.0, np.nan],
        hour=["6", "7", "8"],
        holiday=["true", "false", None],
        day=["2013-05-01", "2013-05-02", None],
    )
    found = loaded.predict(typed.astype({"stops": np.int64}))
    pd.testing.assert_frame_equal(found, loaded.predict(written), check_exact=True)
    assert found[UNFAMILIAR].tolist() == [0, 0, 0]


def test_a_whole_number_that_was_in_no_row_is_an_unseen_level(loaded, package):
    """99 for an hour is answered as `logitgate score` answers it, and counted."""
    rows = pd.DataFrame([ROW, ROW | {"hour": 99}, ROW | {"hour": 99, "origin": "EWR"}])
    found = loaded.predict(rows)
    assert found[UNFAMILIAR].tolist() == [0, 1, 2]
    texts = rows.assign(hour=["7", "99", "99"], holiday=["true"] * 3, day=["2013-05-01"] * 3, stops=[2.0] * 3)
    assert np.array_equal(found["probability"].to_numpy(), package.model.probability(texts))


def test_numbers_outside_the_range_of_the_reference_are_counted(loaded, package):
    """Without a profile there is no range; a missing number is not outside."""
    far = pd.DataFrame([ROW, ROW | {"wind": 1e6}, ROW | {"wind": None, "stops": -1}])
    assert loaded.predict(far)[UNFAMILIAR].tolist() == [0, 0, 0]
    terms = dataclasses.replace(terms_of(package), ranges={"wind": (0.0, 60.0), "stops": (0.0, 3.0)})
    kept = Terms.from_json(json.loads(json.dumps(terms.as_json(), allow_nan=False)))
    assert kept == terms
    assert answer(package.model.pipeline, kept, far)[UNFAMILIAR].tolist() == [0, 1, 1]


def test_declared_types_survive_the_journey_and_stand_in_the_metadata(folder, loaded):
    """Unpacking gives them back; MLflow shows them, as its own types cannot."""
    assert unpack(folder, folder.with_suffix(".digest").read_text()).declared == DECLARED
    shown = loaded.metadata.metadata["columns"]
    assert shown == {**DECLARED, "wind": "number", "origin": "text"}
