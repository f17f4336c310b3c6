"""Another code, another unit and a column that died are found before anything is decided by them."""

import numpy as np
import pandas as pd
import pytest

from logitgate.decision.rule import DecisionRule
from logitgate.evaluation.histograms import Numbers, longest_run
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.monitoring.distributions.features import Features
from logitgate.monitoring.reference import Reference, ReferenceProfile
from logitgate.monitoring.unfamiliar_values import CellCounts, Known, unfamiliar
from logitgate.project.project import Project
from logitgate.project.search import Form
from tests import projects

PROJECT = Project.model_validate(
    projects.plain(features={"numeric": ["income", "rate", "age"], "categorical": ["side", "weekday"]})
)


def rows(number, seed=1):
    """Return incomes, rates, ages, sides and weekdays; 40 rows a day."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": rng.lognormal(10.3, 0.8, number),
            "rate": rng.beta(2, 20, number),
            "age": rng.integers(18, 90, number).astype(float),
            "side": rng.choice(["north", "south", "east"], number),
            "weekday": [f"d{place // 40 % 7}" for place in range(number)],
        }
    )


@pytest.fixture(scope="module")
def known():
    """What a model of 4,000 rows knows."""
    train = rows(4_000)
    y = (np.random.default_rng(2).uniform(size=len(train)) < 0.3).astype(int)
    pipeline = fit(Choice(Form(basis="linear"), 1.0), train, y, PROJECT.features, PROJECT.search)
    model = Model(pipeline, DecisionRule("constant", 0.5), PROJECT.costs.matrix, PROJECT.features)
    features = Features.of(train, PROJECT)
    runs = {name: longest_run(pd.factorize(train[name])[0]) for name in train}
    nothing = Numbers((), np.zeros(1), 0.0)
    reference = Reference(len(train), features, nothing, 0, 0.0, {}, {}, runs)
    plain = Known.of(model, ReferenceProfile())
    return Known(reference, plain.levels, {name: one.range() for name, one in features.numeric.items()})


def found(frame, known, **contract):
    """Return the findings by column."""
    project = PROJECT.model_copy(update={"contract": PROJECT.contract.model_copy(update=contract)})
    return {one.subject: one.status for one in unfamiliar(CellCounts.of(frame, known), known, project)}


@pytest.mark.parametrize("size", [1, 40, 60, 300, 4_000])
def test_rows_like_the_models_own_are_familiar(known, size):
    """Also a day's rows, which have one weekday."""
    assert found(rows(size, seed=7), known) == {}


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("income", lambda cells: cells * 100),
        ("rate", lambda cells: cells * 100),
        ("age", lambda cells: 2026 - cells),
        ("side", lambda cells: cells.str.upper()),
        ("side", lambda cells: "north"),
        ("side", lambda cells: None),
        ("age", lambda cells: 0.0),
        ("income", lambda cells: np.nan),
    ],
)
def test_another_unit_code_or_a_dead_column_is_a_breach(known, column, change):
    """From 50 rows on; fewer say nothing, and what is allowed passes."""
    many, few = rows(400, seed=7), rows(30, seed=7)
    for frame in (many, few):
        frame[column] = change(frame[column])
    assert found(many, known)[column] is Status.FAIL
    assert Status.FAIL not in found(few, known).values()
    allowed = {"most_unseen": 1.0, "most_outside": 1.0, "may_be_constant": (column,)}
    assert Status.FAIL not in found(many, known, **allowed).values()


def test_a_few_are_a_warning_and_single_ones_are_counted(known):
    """One cell of 1e15 is counted and stops nothing."""
    frame = rows(1_000, seed=7)
    frame.loc[0, "income"] = 1e15
    assert CellCounts.of(frame, known).outside["income"] >= 1 and found(frame, known) == {}
    frame.loc[:30, "income"] = 1e15
    frame.loc[:50, "side"] = "inwards"
    assert found(frame, known) == {"income": Status.WARN, "side": Status.WARN}


def test_batches_add_up(known):
    """Also where each batch is constant and the table is not."""
    frame = rows(400, seed=7)
    frame["side"] = np.where(np.arange(400) < 200, "north", "south")
    halves = [CellCounts.of(frame[:200], known), CellCounts.of(frame[200:], known)]
    assert halves[0] + halves[1] == CellCounts.of(frame, known)
    assert found(frame[:200], known) == {"side": Status.FAIL} and found(frame, known) == {}
