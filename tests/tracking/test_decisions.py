"""The memory of test windows: which trainings of an experiment count as decisions on these rows."""

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from logitgate.data.sampling.sample import Sample
from logitgate.errors import UnavailableError
from logitgate.gates.rules.alpha_spending import LookWindow
from logitgate.tracking.batches import RunEntries
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note, candidates, record
from logitgate.tracking.trainings import decisions
from logitgate.tracking.trainings.decisions import KEY, earlier_decisions


def window(first, days=11):
    """Return the window of a row a day."""
    at = np.datetime64(first, "us") + np.arange(days) * np.timedelta64(1, "D")
    ids = np.array([f"{first} {day}" for day in range(days)], dtype=object)
    return LookWindow.of(Sample(pd.DataFrame(index=range(days)), np.zeros(days, dtype=np.int8), ids, at))


MARCH, LATE_MARCH, APRIL = window("2021-03-01"), window("2021-03-05"), window("2021-04-01")


def train(store, key, judged_on=MARCH):
    """Record a training under a key; without a window it was refused before its judgement."""
    tags = {KEY: key} | (judged_on.tags() if judged_on else {})
    with training_run(store, "visits", Note("weekly", tags={KEY: key})) as run:
        candidates(run, {"linear C=1": RunEntries(params={"C": 1.0})})
        record(run, RunEntries(tags=tags))
    return run


def test_the_first_training_has_no_decision_before_it(store):
    """A model that was not trained yet, and one that was only trained on other rows."""
    assert earlier_decisions(store, "visits", MARCH, "a") == 0
    train(store, "before", APRIL)
    assert earlier_decisions(store, "visits", MARCH, "a") == 0


def test_each_judged_training_counts_once(store):
    """By its key: done again, it is the same decision, and a training never counts itself."""
    train(store, "a")
    train(store, "b", LATE_MARCH)
    train(store, "b", LATE_MARCH)
    assert earlier_decisions(store, "visits", MARCH, "c") == 2
    assert earlier_decisions(store, "visits", MARCH, "b") == 1
    assert earlier_decisions(store, "visits", APRIL, "c") == 0


def test_a_training_that_was_refused_before_its_judgement_does_not_count(store):
    """Neither do the candidates of a search: they never saw the judged rows."""
    train(store, "a", None)
    assert earlier_decisions(store, "visits", MARCH, "c") == 0


def test_other_models_have_windows_of_their_own(store):
    """The rows of one experiment say nothing about another's."""
    train(store, "a")
    assert earlier_decisions(store, "flights", MARCH, "c") == 0


def test_deleting_a_run_does_not_unlearn_its_figures(store):
    """Somebody has read them."""
    run = train(store, "a")
    store.client.delete_run(run.run_id)
    assert earlier_decisions(store, "visits", MARCH, "c") == 1


def test_a_training_that_failed_after_its_judgement_counts(store):
    """Its evidence is there to be read."""
    with pytest.raises(RuntimeError), training_run(store, "visits", Note("weekly")) as run:
        record(run, RunEntries(tags=MARCH.tags()))
        raise RuntimeError
    assert store.client.get_run(run.run_id).info.status == "FAILED"
    assert earlier_decisions(store, "visits", MARCH, "c") == 1


def test_long_histories_are_read_to_their_end(store, monkeypatch):
    """Page by page."""
    monkeypatch.setattr(decisions, "_PAGE", 2)
    for number in range(5):
        train(store, f"key {number}")
    assert earlier_decisions(store, "visits", MARCH, "c") == 5


def test_a_history_that_cannot_be_read_is_not_an_empty_one(store, monkeypatch):
    """Otherwise each outage would refill alpha."""

    def down(*_, **__):
        raise MlflowException("API request failed")

    monkeypatch.setattr("mlflow.MlflowClient.search_runs", down)
    with pytest.raises(UnavailableError) as refused:
        earlier_decisions(store, "visits", MARCH, "c")
    assert refused.value.exit_code == 3
