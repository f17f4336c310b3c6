"""The same work as the training cycle, the way that templates of these libraries do it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import great_expectations as gx
import matplotlib as mpl
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, count, false_positive_rate, mean_prediction, selection_rate
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from prefect import flow, task
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    RocCurveDisplay,
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    make_scorer,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, TunedThresholdClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, SplineTransformer, StandardScaler
from sklearn.utils import resample

mpl.use("agg")
PROJECT = json.loads(Path(sys.argv[1]).read_text())
AS_OF, RESAMPLES = pd.Timestamp(sys.argv[2], tz="UTC"), int(sys.argv[3])
FEATURES, SEARCH, SLICES = PROJECT["features"], PROJECT["search"], PROJECT["slices"]
NUMERIC, CATEGORICAL = FEATURES["numeric"], FEATURES["categorical"]
ENDS = (0.6, 0.7, 0.8)
"""Shares of the rows, in order of time, before which are those to fit, to calibrate and for the threshold."""


# The data.
@task
def read():
    return pd.read_parquet(PROJECT["rows"]["path"])


@task
def validate(frame):
    """Great Expectations' own quickstart: an ephemeral context and a checkpoint."""
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("flights")
    batch = asset.add_batch_definition_whole_dataframe("whole")
    definition = gx.ValidationDefinition(name="flights", data=batch, suite=suite_of(context))
    context.validation_definitions.add(definition)
    checkpoint = gx.Checkpoint(name="flights", validation_definitions=[definition])
    result = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    if not result.success:
        raise ValueError("the rows break their contract")


def suite_of(context):
    suite = gx.ExpectationSuite(name="flights")
    for entry in json.loads(Path(PROJECT["contract"]["suite"]).read_text())["expectations"]:
        suite.add_expectation_configuration(ExpectationConfiguration(**entry))
    return context.suites.add(suite)


@task
def part(frame):
    """Keep the window's rows with mature outcomes, and part them by whole days."""
    time, limit = frame["scheduled_at"], AS_OF - pd.Timedelta(PROJECT["outcome"]["matures_after"])
    recent = time.between(AS_OF - pd.Timedelta(PROJECT["split"]["window"]), limit)
    rows = frame[recent & frame["late"].notna()].sort_values(["scheduled_at", "flight_id"])
    days = rows.groupby("service_day")["scheduled_at"].agg(["min", "size"]).sort_values("min")["size"]
    number = pd.Series(np.searchsorted(ENDS, (days.cumsum() - days / 2) / len(rows)), days.index)
    parts = rows["service_day"].map(number)
    return [rows[parts == place] for place in range(4)]


def events(rows):
    return (rows["late"] == PROJECT["outcome"]["event"]).astype(int)


# The model.
def design(form):
    """Lay out one of the forms: one-hot levels, imputed numbers or splines, their gaps, interactions."""
    pairs = [(name, SEARCH["interactions"][name]) for name in form["interactions"]]
    return ColumnTransformer(
        [
            ("levels", levels(), CATEGORICAL),
            ("numbers", numbers(form["basis"]), NUMERIC),
            ("missing", MissingIndicator(error_on_new=False), NUMERIC),
            *((name, interaction(pair), pair) for name, pair in pairs),
        ]
    )


def levels():
    return OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=SEARCH["rare_level_rows"])


def numbers(basis):
    impute = SimpleImputer(strategy="median")
    if basis == "linear":
        return make_pipeline(impute, StandardScaler())
    splines = SplineTransformer(n_knots=SEARCH["knots"], knots="quantile", include_bias=False)
    return make_pipeline(impute, splines, StandardScaler())


def interaction(pair):
    sides = [(name, levels() if name in CATEGORICAL else numbers("linear"), [name]) for name in pair]
    products = PolynomialFeatures((2, 2), interaction_only=True, include_bias=False)
    return make_pipeline(ColumnTransformer(sides), products)


@task
def search(train):
    pipeline = Pipeline([("design", None), ("model", LogisticRegression(max_iter=1000))])
    grid = {"design": [design(form) for form in SEARCH["forms"]], "model__C": SEARCH["C"]}
    tried = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=TimeSeriesSplit(4), n_jobs=-1)
    return tried.fit(train, events(train))


@task
def calibrate(model, rows):
    return CalibratedClassifierCV(FrozenEstimator(model)).fit(rows, events(rows))


@task
def tune(model, rows):
    scorer = make_scorer(mean_cost, greater_is_better=False)
    return TunedThresholdClassifierCV(model, scoring=scorer, cv="prefit", refit=False).fit(rows, events(rows))


# The evaluation.
def mean_cost(y, flagged):
    costs = PROJECT["costs"]
    tn, fp, fn, tp = confusion_matrix(y, flagged, labels=[0, 1]).ravel()
    total = tp * costs["true_positive"] + fp * costs["false_positive"]
    return (total + tn * costs["true_negative"] + fn * costs["false_negative"]) / len(y)


def figures(y, probability, flagged):
    cost = mean_cost(y, flagged)
    either = min(mean_cost(y, np.zeros_like(y)), mean_cost(y, np.ones_like(y)))
    return {
        "prevalence": y.mean(),
        "cost": cost,
        "savings": 1 - cost / either,
        "log_loss": log_loss(y, probability),
        "brier": brier_score_loss(y, probability),
        "auc": roc_auc_score(y, probability),
        "average_precision": average_precision_score(y, probability),
        "flag_rate": flagged.mean(),
        "recall": recall_score(y, flagged),
        "false_positive_rate": false_positive_rate(y, flagged),
        "precision": precision_score(y, flagged),
    }


def intervals(y, probability, flagged):
    """Percentiles over resampled rows."""
    drawn = [figures(*resample(y, probability, flagged, random_state=seed)) for seed in range(RESAMPLES)]
    ends = pd.DataFrame(drawn).quantile([0.025, 0.975]).set_axis(["low", "high"])
    return {f"{name}_{end}": ends.loc[end, name] for end in ends.index for name in ends}


def calibration(y, probability):
    odds = np.log(probability / (1 - probability)).reshape(-1, 1)
    line = LogisticRegression(C=np.inf).fit(odds, y)
    return {"slope": line.coef_[0, 0], "intercept": line.intercept_[0]}


def slice_figures(rows, y, probability, flagged):
    """Evaluate each level of each slicing column: point values, as fairlearn gives them."""
    parts = rows[SLICES["columns"]].astype(str)
    for name, edges in SLICES["bins"].items():
        parts[name] = pd.cut(rows[name], [-np.inf, *edges, np.inf], right=False, labels=False).astype(str)
    groups = [[name] for name in parts] + SLICES["crossings"]
    return pd.concat({"-".join(one): sliced(parts[list(one)], y, probability, flagged) for one in groups})


def sliced(columns, y, probability, flagged):
    decided = {
        "n": count,
        "events": lambda y, _: y.sum(),
        "observed": lambda y, _: y.mean(),
        "cost": mean_cost,
        "flag_rate": selection_rate,
        "recall": lambda y, flagged: recall_score(y, flagged, zero_division=np.nan),
        "false_positive_rate": false_positive_rate,
        "precision": lambda y, flagged: precision_score(y, flagged, zero_division=np.nan),
    }
    scored = {
        "probability": mean_prediction,
        "log_loss": lambda y, p: log_loss(y, p, labels=[0, 1]),
        "brier": lambda y, p: brier_score_loss(y, p, labels=[0, 1]),
        "auc": lambda y, p: roc_auc_score(y, p) if len(np.unique(y)) == 2 else np.nan,
    }
    both = [
        MetricFrame(metrics=metrics, y_true=y, y_pred=predicted, sensitive_features=columns).by_group
        for metrics, predicted in ((decided, flagged), (scored, probability))
    ]
    table = pd.concat(both, axis=1)
    table.index = ["/".join(map(str, np.atleast_1d(level))) for level in table.index]
    return table[table["n"] > 0]


@task
def evaluate(model, train, test):
    y = events(test).to_numpy()
    probability, flagged = model.predict_proba(test)[:, 1], model.predict(test)
    overall = figures(y, probability, flagged) | calibration(y, probability)
    overall |= intervals(y, probability, flagged)
    dummy = DummyClassifier(strategy="prior").fit(train, events(train))
    overall["prior_log_loss"] = log_loss(y, dummy.predict_proba(test)[:, 1])
    return overall, slice_figures(test, y, probability, flagged)


# The records.
@task
def record(train, test, found, model, evaluation):
    overall, slices = evaluation
    mlflow.set_experiment("flights")
    with mlflow.start_run(run_name=str(AS_OF.date())):
        mlflow.log_input(mlflow.data.from_pandas(train, targets="late"), context="training")
        chosen = {"C": found.best_params_["model__C"], "threshold": model.best_threshold_}
        mlflow.log_params({"as_of": str(AS_OF), "rows": len(train), **chosen})
        record_figures(overall, slices)
        record_candidates(found)
        mlflow.log_text(slices.to_json(orient="split"), "slices.json")
        record_drawings(test, model, slices)
        register(model, test)


def record_figures(overall, slices):
    for name, value in overall.items():
        mlflow.log_metric(name, value)
    for (column, level), row in slices.iterrows():
        for name in ("n", "events", "cost", "observed", "probability", "flag_rate"):
            mlflow.log_metric(f"slice/{column}/{level}/{name}", row[name])


def record_candidates(found):
    results = found.cv_results_
    for place, params in enumerate(results["params"]):
        with mlflow.start_run(run_name=f"candidate {place}", nested=True):
            form = SEARCH["forms"][place // len(SEARCH["C"])]
            mlflow.log_param("form", " + ".join([form["basis"], *form["interactions"]]))
            mlflow.log_param("C", params["model__C"])
            mlflow.log_metric("cv_log_loss", -results["mean_test_score"][place])
            mlflow.log_metric("cv_log_loss_std", results["std_test_score"][place])


def record_drawings(test, model, slices):
    y, probability = events(test), model.predict_proba(test)[:, 1]
    for name, display in (("roc", RocCurveDisplay), ("reliability", CalibrationDisplay)):
        mlflow.log_figure(display.from_predictions(y, probability).figure_, f"{name}.png")
    grid = np.linspace(0, 1, 101)
    costs = [mean_cost(y, (probability >= threshold).astype(int)) for threshold in grid]
    for name, (x, height) in {"cost": (grid, costs), "slices": (range(len(slices)), slices["cost"])}.items():
        drawing, axes = plt.subplots()
        axes.plot(x, height)
        mlflow.log_figure(drawing, f"{name}.png")


def register(model, test):
    example = test[NUMERIC + CATEGORICAL].head(5)
    # The default format, skops, refuses the calibrated classifier and the scorer.
    named = {"name": "model", "registered_model_name": "flights", "serialization_format": "cloudpickle"}
    mlflow.sklearn.log_model(model, input_example=example, **named)
    mlflow.MlflowClient().set_registered_model_alias("flights", "champion", "1")


@flow
def train_flights():
    frame = read()
    validate(frame)
    train, calibration_rows, threshold_rows, test = part(frame)
    found = search(train)
    model = tune(calibrate(found.best_estimator_, calibration_rows), threshold_rows)
    evaluation = evaluate(model, train, test)
    record(train, test, found, model, evaluation)
    rows = sum(map(len, (train, calibration_rows, threshold_rows, test)))
    overall, tried = evaluation[0], len(found.cv_results_["params"])
    figures = {"rows": rows, "candidates": tried, "auc": overall["auc"], "cost": overall["cost"]}
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    train_flights()
