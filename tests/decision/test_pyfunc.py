"""The served model: bit for bit what was judged, whoever loads it, and its threshold cannot be moved."""

import dataclasses
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from mlflow.models import Model as MLmodel
from mlflow.pyfunc.scoring_server import invocations
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from logitgate.decision.answering import ANSWER, TRUSTED_TYPES, UNFAMILIAR, Terms, answer
from logitgate.decision.costs import CostMatrix
from logitgate.decision.pyfunc import ServedModel
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.errors import ConflictError, DataError
from logitgate.model.design import matrix
from logitgate.production.packaging import served_code
from logitgate.production.packaging.model_package import pack, terms_of, unpack
from logitgate.production.packaging.seal import seal
from logitgate.production.packaging.signature import signature
from tests.wording import refusal


@pytest.fixture(scope="module")
def packed(package, tmp_path_factory):
    """The package as a folder that MLflow reads."""
    folder = tmp_path_factory.mktemp("packed") / "model"
    pack(package, folder, MLmodel(artifact_path="model"))
    return folder


@pytest.fixture(scope="module")
def plain_rows(served_rows):
    """MLflow's signature takes texts as objects, not as categories."""
    return served_rows.astype({"job": object, "city": object})


@pytest.fixture(scope="module")
def judged(package, served_rows):
    """What the core says about the rows."""
    model = package.model
    columns = {name: served_rows[name].to_numpy() for name in model.costs.columns}
    costs = model.costs.rows(columns, len(served_rows))
    return Decision.by(model.rule, model.probability(served_rows), costs)


def same(found, judged):
    """Whether an answer is bit for bit what was judged."""
    return found.index.is_unique and all(
        np.array_equal(found[column].to_numpy(), getattr(judged, field))
        for column, field in zip(ANSWER, [field.name for field in dataclasses.fields(Decision)], strict=True)
    )


def with_rule(package, rule):
    """The same model with another rule."""
    return dataclasses.replace(package, model=dataclasses.replace(package.model, rule=rule))


def test_mlflow_answers_as_the_core_judged(packed, plain_rows, judged):
    """Both ways through the pipeline, the costs and the rule give the same bits."""
    found = mlflow.pyfunc.load_model(str(packed)).predict(plain_rows)
    assert same(found, judged)
    assert [str(kind) for kind in found.dtypes] == [*["float64"] * 2, "bool", *["float64"] * 2, "int64"]
    assert found.columns.tolist() == [*ANSWER, UNFAMILIAR]
    assert 0 < found["decision"].sum() < len(found)


def test_it_needs_no_logitgate(packed, plain_rows, judged, tmp_path):
    """Plain MLflow in a process where logitgate cannot be imported gives the same bits."""
    code = (
        "import sys\n"
        "sys.modules['logitgate'] = None\n"
        "import mlflow.pyfunc, pandas as pd\n"
        "rows = pd.read_pickle('rows.pickle')\n"
        "mlflow.pyfunc.load_model(sys.argv[1]).predict(rows).to_pickle('answer.pickle')\n"
    )
    plain_rows.to_pickle(tmp_path / "rows.pickle")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", code, str(packed)], check=True, cwd=tmp_path, env=environment)
    assert same(pd.read_pickle(tmp_path / "answer.pickle"), judged)  # noqa: S301 - written by ourselves above


def test_no_configuration_moves_the_threshold(packed, plain_rows, judged, monkeypatch):
    """Neither the argument nor the environment variable by which MLflow overrides one changes an answer.

    Should MLflow pass one on, the model does not load.
    """
    config = {"threshold": 0.99, "rule": "flag-none"}
    assert same(mlflow.pyfunc.load_model(str(packed), model_config=config).predict(plain_rows), judged)
    monkeypatch.setenv("MLFLOW_PYFUNC_INFERENCE_CONFIG", json.dumps(config))
    assert same(mlflow.pyfunc.load_model(str(packed)).predict(plain_rows), judged)
    context = mlflow.pyfunc.PythonModelContext({}, {"threshold": 0.99})
    with pytest.raises(ValueError, match="takes no configuration"):
        ServedModel().load_context(context)


def test_two_versions_of_the_code_live_together(package, packed, plain_rows, tmp_path, monkeypatch):
    """A model that was shipped with other code keeps its answers beside one with today's."""
    root = Path(served_code._package_file).parent
    older = tmp_path / "older" / "logitgate"
    shutil.copytree(root, older, ignore=shutil.ignore_patterns("__pycache__"))
    source = (older / "decision" / "rule.py").read_text("utf-8")
    assert "probability >= threshold" in source
    (older / "decision" / "rule.py").write_text(
        source.replace("probability >= threshold", "probability < threshold"), "utf-8"
    )
    monkeypatch.setattr(served_code, "_package_file", str(older / "__init__.py"))
    pack(package, tmp_path / "model", MLmodel(artifact_path="model"))
    other = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    ours = mlflow.pyfunc.load_model(str(packed))
    flagged = [model.predict(plain_rows)["decision"] for model in (other, ours, other)]
    assert (flagged[0] == ~flagged[1]).all()
    assert (flagged[0] == flagged[2]).all()


def test_missing_cells_are_the_same_whatever_their_kind(package, plain_rows):
    """None, NaN and NA in a text are one and the same missing level."""
    terms = terms_of(package)
    rows = plain_rows.iloc[:30]
    answers = [
        answer(package.model.pipeline, terms, rows.assign(job=rows["job"].where(rows["job"].notna(), kind)))
        for kind in (None, np.nan, pd.NA)
    ]
    pd.testing.assert_frame_equal(answers[0], answers[1], check_exact=True)
    pd.testing.assert_frame_equal(answers[0], answers[2], check_exact=True)


def test_missing_features_pass_the_signature(packed, plain_rows):
    """MLflow lets None and NaN pass although the columns are required: the pipeline must know what to do."""
    row = plain_rows.iloc[[40]]
    found = mlflow.pyfunc.load_model(str(packed)).predict(row.assign(age=np.nan, job=None))
    assert found["probability"].between(0, 1).all()


def test_integers_of_json_are_numbers(packed):
    """What arrives at MLflow's server as 30 is answered like 30.0."""
    model = mlflow.pyfunc.load_model(str(packed))
    answers = []
    for age in (30, 30.0):
        row = {"age": age, "income": 2_000, "amount": 50, "job": "clerk", "city": None}
        body = json.dumps({"dataframe_split": {"columns": list(row), "data": [list(row.values())]}})
        found = invocations(body, "application/json", model, model.metadata.get_input_schema())
        assert found.status == 200
        answers.append(found.response)
    assert answers[0] == answers[1]


SECRET = 987654.321


def test_what_cannot_be_decided_is_counted_not_repeated(package, plain_rows, wording):
    """The column and the number of rows are named; no cell of a person is."""
    changes = (
        {"amount": np.nan},
        {"amount": [SECRET, np.inf, 1.0]},
        {"age": [SECRET, -np.inf, 1.0]},
        {"income": [SECRET, 1e200, 1.0]},
        {"income": ["987654.321", 1.0, 2.0]},
        {"income": pd.Timestamp("2020-01-01")},
        {"income": pd.Series([[SECRET]] * 3, dtype=object)},
        {"job": [SECRET, "clerk", "smith"]},
        {"amount": [-SECRET, 1.0, 1.0]},
    )
    rows, terms = plain_rows.iloc[40:43].reset_index(drop=True), terms_of(package)
    said = [refusal(ValueError, answer, package.model.pipeline, terms, rows.assign(**one)) for one in changes]
    assert not any("987654" in str(one) for one in said)
    wording(*said)


def test_absent_and_doubled_columns_are_named(package, plain_rows, wording):
    """A row without what it needs, or with two of it, is not decided."""
    doubled = pd.concat([plain_rows, plain_rows[["age"]]], axis=1)
    tables = (plain_rows.drop(columns=["amount", "job"]), doubled)
    wording(*(refusal(ValueError, answer, package.model.pipeline, terms_of(package), one) for one in tables))


def test_a_transformer_that_fails_does_not_speak(package, plain_rows, wording):
    """Errors of scikit-learn can repeat cells; ours says only that it failed."""

    class Talking:
        def predict_proba(self, rows):
            raise ValueError(f"cannot read {rows['job'].iloc[0]}")

    refused = refusal(ValueError, answer, Talking(), terms_of(package), plain_rows)
    assert plain_rows["job"].iloc[0] not in str(refused)
    assert refused.__cause__ is None and refused.__suppress_context__
    wording(refused)


def test_an_answer_can_be_joined_to_its_row(package, plain_rows):
    """The index is kept; an empty table has an empty answer of the same columns and types."""
    none, some = (answer(package.model.pipeline, terms_of(package), plain_rows[50:end]) for end in (50, 60))
    assert some.index.equals(plain_rows[50:60].index)
    assert len(none) == 0 and none.dtypes.equals(some.dtypes)


@pytest.mark.parametrize(
    "rule", [DecisionRule("flag-none"), DecisionRule("flag-all"), DecisionRule("constant", 0.1 + 0.2)]
)
def test_every_rule_survives_the_journey(package, plain_rows, tmp_path, rule):
    """Also an infinite threshold, and one that has no short decimal."""
    digest = pack(with_rule(package, rule), tmp_path / "model", MLmodel(artifact_path="model"))
    found = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(plain_rows)
    expected = {"flag-none": np.inf, "flag-all": -np.inf, "constant": 0.1 + 0.2}[rule.name]
    assert (found["threshold"] == expected).all()
    assert (found["decision"] == (found["probability"] >= expected)).all()
    assert unpack(tmp_path / "model", digest).model.rule == rule


def test_the_plainest_model_can_be_shipped(package, plain_rows, tmp_path):
    """A model that only knows the prevalence is what a first release can be compared with."""
    pipeline = Pipeline([("prior", DummyClassifier(strategy="prior"))]).fit([[0]] * 10, [0] * 7 + [1] * 3)
    model = dataclasses.replace(package.model, pipeline=pipeline)
    pack(dataclasses.replace(package, model=model), tmp_path / "model", MLmodel(artifact_path="model"))
    found = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(plain_rows)
    assert found["probability"].unique().tolist() == [0.3]


def test_the_trusted_types_are_those_of_the_design(package, tmp_path):
    """What may be loaded is exactly what our pipelines are made of."""
    assert set(TRUSTED_TYPES) == set(matrix.TRUSTED_TYPES)
    skops.io.dump(package.model.pipeline, tmp_path / "model.skops")
    needed = set(skops.io.get_untrusted_types(file=tmp_path / "model.skops"))
    assert needed < set(TRUSTED_TYPES) and len(needed) == len(TRUSTED_TYPES) - 1


def test_unknown_parts_are_neither_shipped_nor_loaded_although_the_digest_is_right(
    package, tmp_path, wording
):
    """Refused when it is packed, not when it is needed; the list of types does not come with the file."""
    unknown = Pipeline([("mine", FunctionTransformer(func=os.path.join)), *package.model.pipeline.steps])
    mine = dataclasses.replace(package, model=dataclasses.replace(package.model, pipeline=unknown))
    folder = tmp_path / "model"
    unpacked = refusal(DataError, pack, mine, tmp_path / "mine", MLmodel(artifact_path="model"))
    pack(package, folder, MLmodel(artifact_path="model"))
    skops.io.dump(unknown, folder / "artifacts" / "model.skops")
    wording(unpacked, refusal(DataError, unpack, folder, seal(folder)))


def test_the_best_forgery_runs_nothing(package, plain_rows, judged, tmp_path):
    """A swapped loader, its code, a pickle and a wider list of trusted types, all under the right digest."""
    folder, marker = tmp_path / "model", tmp_path / "executed"
    pack(package, folder, MLmodel(artifact_path="model"))
    touch = f"import pathlib; pathlib.Path({str(marker)!r}).touch()"
    (folder / "code" / "evil.py").write_text(f"{touch}\ndef _load_pyfunc(path): return None\n", "utf-8")
    described = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    described["flavors"]["python_function"]["loader_module"] = "evil"
    described["flavors"]["sklearn"] = {
        "pickled_model": "model.pkl",
        "serialization_format": "pickle",
        "skops_trusted_types": ["posixpath.join", "builtins.exec"],
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(described), "utf-8")

    class Trap:
        def __reduce__(self):
            return exec, (touch,)

    (folder / "model.pkl").write_bytes(pickle.dumps(Trap()))
    loaded = unpack(folder, seal(folder))
    assert not marker.exists()
    assert np.array_equal(loaded.model.probability(plain_rows), judged.probability)
    pickle.loads((folder / "model.pkl").read_bytes())  # noqa: S301 - the trap itself works
    assert marker.exists()


def test_the_signature_names_each_column_once(package):
    """Features in the order of the pipeline, then what only the costs read."""
    found = signature(terms_of(package))
    kinds = {spec.name: (str(spec.type), spec.required) for spec in found.inputs}
    assert list(kinds) == ["age", "income", "job", "city", "amount"]
    assert set(kinds.values()) == {("Any", False)}
    assert [spec.name for spec in found.outputs] == [*ANSWER, UNFAMILIAR]


def test_a_cost_that_is_a_feature_is_asked_for_once(package):
    """A column in both roles is a number, and comes back as a feature; a later format is not guessed at."""
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="age + 2")
    model = dataclasses.replace(package.model, costs=costs)
    terms = terms_of(dataclasses.replace(package, model=model))
    kinds = dict.fromkeys(("age", "income"), "number") | dict.fromkeys(("job", "city"), "text")
    assert list(terms.columns.items()) == list(kinds.items())
    assert Terms.from_json(json.loads(json.dumps(terms.as_json()))) == terms
    with pytest.raises(ValueError, match="format 2"):
        Terms.from_json({**terms.as_json(), "format": 2})


def test_what_is_shipped_is_exact_and_says_nothing_of_this_machine(packed):
    """Requirements are pinned, and no path of the machine that packed it is left behind."""
    pinned = (packed / "requirements.txt").read_text("utf-8").split()
    assert {line.split("==")[0] for line in pinned} == {
        "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops"
    }  # fmt: skip
    assert f"mlflow=={mlflow.__version__}" in pinned
    described = (packed / "MLmodel").read_text("utf-8")
    assert str(packed.parent) not in described
    assert "/tmp" not in described  # noqa: S108 - looked for, not written to
    assert "input_example" not in {file.stem for file in packed.rglob("*")}


def test_code_that_plain_mlflow_compiled_is_no_tampering(package, plain_rows, tmp_path, monkeypatch):
    """None is shipped; what Python writes when MLflow loads the model in its place is overlooked."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder = tmp_path / "model"
    digest = pack(package, folder, MLmodel(artifact_path="model"))
    assert not list(folder.rglob("*.pyc"))
    mlflow.pyfunc.load_model(str(folder)).predict(plain_rows)
    assert list(folder.rglob("*.pyc"))
    assert unpack(folder, digest).model.rule == package.model.rule
    (folder / "__pycache__" / "more.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(ConflictError, match="was added"):
        unpack(folder, digest)
