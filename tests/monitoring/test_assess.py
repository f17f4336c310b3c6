"""A version on a window of new rows: everything that a monitor asks, in one call."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.row_hashes import FittedRows
from logitgate.data.sampling.sample import observe
from logitgate.decision.rule import DecisionRule
from logitgate.findings import Status
from logitgate.model.fitting.fit import Choice, fit
from logitgate.model.model import Model
from logitgate.monitoring.performance.assess import LabelledWindow, MonitoredVersion, performance
from logitgate.monitoring.performance.control_limits import NO_REFERENCE
from logitgate.monitoring.performance.realised.figures import reference_chunks
from logitgate.project.project import Project
from logitgate.project.search import Form
from tests.projects import START, plain, table

PROJECT = Project.model_validate(plain(slices={"minimum_rows": 100}))
AS_OF = START.astype("datetime64[s]").astype(datetime).replace(tzinfo=UTC) + timedelta(days=400)


def later(frame, days, name):
    """Return the rows as if they came so many days later, with ids of their own."""
    return frame.assign(
        at=frame["at"] + pd.Timedelta(days, "D"),
        day=frame["day"] + f"+{days}",
        visit=frame["visit"].str.replace("v", name),
    )


def watched(version, *, train, C=1.0, flipped=False):
    """Return a version that learned from a table and was judged on six thousand other rows."""
    sample = observe(train, PROJECT, AS_OF).sample
    y = (1 - sample.y if flipped else sample.y).astype(int)
    pipeline = fit(Choice(Form(basis="linear"), C), sample.frame, y, PROJECT.features, PROJECT.search)
    model = Model(pipeline, DecisionRule("constant", 2 / 9), PROJECT.costs.matrix, PROJECT.features)
    test = observe(later(table(rows=6_000, seed=5), 60, "t"), PROJECT, AS_OF).sample
    reference = reference_chunks(model.score(test, PROJECT.costs.matrix))
    return MonitoredVersion(version, model, reference, FittedRows.of([sample], PROJECT))


@pytest.fixture(scope="module")
def champion():
    """Learned from rows whose outcomes were upside down: what a forced release may look like."""
    return watched(7, train=table(rows=3_000, seed=3), flipped=True)


@pytest.fixture(scope="module")
def previous():
    """A sound version."""
    return watched(6, train=table(rows=3_000, seed=4))


@pytest.fixture(scope="module")
def frame():
    """New rows of the same world."""
    return later(table(rows=1_500, seed=6), 130, "w")


def statuses(found):
    """Return the worst status of each check."""
    order = list(Status)
    worst = {}
    for one in found.findings:
        worst[one.check] = max(worst.get(one.check, Status.PASS), one.status, key=order.index)
    return worst


def test_a_sound_version_passes_everything(previous, frame):
    """With labels all seven checks are made; the exhibits are those of the estimate and of the labels."""
    found = performance(LabelledWindow(frame, AS_OF), previous, replace(previous, version=5), PROJECT)
    assert statuses(found) == dict.fromkeys(
        ("labels", "estimate", "calibration", "cost", "no model", "decay", "previous"), Status.PASS
    )
    assert [exhibit.name for exhibit in found.exhibits] == ["estimate", "realised"]
    assert found.versus.answer == "neither"
    assert len(found.labelled_rows.sample) == 1_500


def test_a_bad_release_is_found_by_its_predecessor(champion, previous, frame):
    """It was as bad on its reference, which excuses nothing; the pair tells, too."""
    found = performance(LabelledWindow(frame, AS_OF), champion, previous, PROJECT)
    assert found.versus.champion_loses
    assert statuses(found)["calibration"] is Status.FAIL
    assert statuses(found)["previous"] is Status.FAIL


def test_without_labels_only_the_estimate_speaks(champion, previous, frame):
    """And a model that has everything upside down passes it: it clears no version."""
    for window, labels in (
        (LabelledWindow(frame.drop(columns="bad"), AS_OF), Status.FAIL),
        (LabelledWindow(frame, datetime(2021, 1, 1, tzinfo=UTC)), Status.INSUFFICIENT),
    ):
        found = performance(window, champion, previous, PROJECT)
        got = statuses(found)
        assert got.pop("estimate") is Status.PASS
        assert got.pop("labels") is labels
        assert set(got.values()) == {Status.INSUFFICIENT}
        assert found.versus.answer == "unknown"


def test_labels_are_waited_for_until_they_are_due(champion, frame):
    """No longer than they take to mature and the window is long; until then the moment is a figure."""
    times, bare = frame["at"], frame.drop(columns="bad")
    due = times.max() + PROJECT.outcome.matures_after + (times.max() - times.min())
    for late, status in ((timedelta(0), Status.INSUFFICIENT), (timedelta(seconds=1), Status.FAIL)):
        found = performance(LabelledWindow(bare, (due + late).to_pydatetime()), champion, None, PROJECT)
        (labels,) = [one for one in found.findings if one.check == "labels"]
        assert (labels.status, labels.figures["blind_until"]) == (status, due.isoformat())
    again = performance(LabelledWindow(frame, AS_OF), champion, None, PROJECT)
    assert not any("blind_until" in one.figures for one in again.findings)


def test_decisions_that_are_known_are_not_made_again(champion, frame):
    """In whatever order the rows came, the findings are those of the same rows alone."""
    turned, model = frame.sample(frac=1, random_state=3), champion.model
    decision = model.decision(model.probability(turned), turned, turned["visit"].to_numpy(object))
    known = performance(LabelledWindow(turned, AS_OF, decision=decision), champion, None, PROJECT)
    assert known.findings == performance(LabelledWindow(turned, AS_OF), champion, None, PROJECT).findings
    halved = replace(decision, probability=decision.probability / 2)
    other = performance(LabelledWindow(turned, AS_OF, decision=halved), champion, None, PROJECT)
    assert other.findings != known.findings


def test_neither_another_table_of_labels_nor_the_order_of_rows_changes_anything(champion, previous, frame):
    """Joined by id, in any order; chunks are of rows in order of time, whatever the order of the file."""
    labels = frame[["visit", "bad"]].sample(frac=1, random_state=1)
    one = performance(LabelledWindow(frame, AS_OF), champion, previous, PROJECT)
    other = performance(LabelledWindow(frame.drop(columns="bad"), AS_OF, labels), champion, previous, PROJECT)
    assert other.findings == one.findings
    turned = performance(
        LabelledWindow(frame.sample(frac=1, random_state=2), AS_OF), champion, previous, PROJECT
    )
    assert [f.status for f in turned.findings] == [f.status for f in one.findings]
    costs = [found.exhibits[0].rows[0]["expected_cost"] for found in (one, turned)]
    assert costs[0] == pytest.approx(costs[1])


def test_rows_that_a_version_was_fitted_on_do_not_judge_it(champion, previous, frame):
    """Those of either are left out and counted; where they are not known, that is a WARN."""
    mixed = pd.concat([frame, table(rows=3_000, seed=4)])
    mixed["visit"] = mixed["visit"].where(~mixed["visit"].duplicated(), "x" + mixed["visit"])
    found = performance(LabelledWindow(mixed, AS_OF), champion, previous, PROJECT)
    labels = next(one for one in found.findings if one.check == "labels")
    assert (labels.figures["matured"], labels.figures["fitted_on"]) == (1_500, 3_000)
    assert len(found.labelled_rows.sample) == 1_500
    unknown = performance(
        LabelledWindow(mixed, AS_OF), champion, replace(previous, fitted_rows=None), PROJECT
    )
    assert statuses(unknown)["labels"] is Status.WARN
    only = performance(LabelledWindow(table(rows=3_000, seed=4), AS_OF), previous, None, PROJECT)
    assert statuses(only)["calibration"] is Status.INSUFFICIENT


def test_rows_that_cannot_be_scored_are_indeterminate(champion, previous, frame):
    """A feature is gone: every check that needs the champion says so, with its name."""
    found = performance(LabelledWindow(frame.drop(columns="grip"), AS_OF), champion, previous, PROJECT)
    got = statuses(found)
    assert got.pop("labels") is Status.PASS
    assert got == dict.fromkeys(
        ("estimate", "calibration", "cost", "no model", "previous"), Status.INDETERMINATE
    )
    assert {one.subject for one in found.findings if one.check != "labels"} == {"grip"}


def test_a_previous_version_that_cannot_score_is_no_way_back(champion, previous, frame):
    """It needs a column that is gone, or could not be loaded: INDETERMINATE with the reason."""
    needy = replace(
        previous.model, features=PROJECT.features.model_copy(update={"numeric": ("speed", "gone")})
    )
    found = performance(LabelledWindow(frame, AS_OF), champion, replace(previous, model=needy), PROJECT)
    lost = performance(LabelledWindow(frame, AS_OF), champion, None, PROJECT, refusal="its file is damaged")
    for one, says in ((found, "gone"), (lost, "its file is damaged")):
        assert statuses(one)["previous"] is Status.INDETERMINATE
        assert any(says in finding.because for finding in one.findings)
        assert one.versus.answer == "unknown"


def test_no_row_and_no_reference_are_insufficient(previous, frame):
    """An empty window, and a version that was made without reference chunks."""
    empty = performance(LabelledWindow(frame.iloc[:0], AS_OF), previous, previous, PROJECT)
    assert set(statuses(empty).values()) == {Status.INSUFFICIENT}
    bare = performance(LabelledWindow(frame, AS_OF), replace(previous, reference=NO_REFERENCE), None, PROJECT)
    got = statuses(bare)
    assert got.pop("labels") is Status.PASS
    assert [got.pop(check) for check in ("calibration", "decay", "no model")] == [Status.PASS] * 3
    assert set(got.values()) == {Status.INSUFFICIENT}


def test_missing_probabilities_are_no_decision(champion, frame, wording):
    """A pipeline that answers NaN is INDETERMINATE everywhere."""

    class Broken:
        def predict_proba(self, frame):
            return np.full((len(frame), 2), np.nan)

    found = performance(
        LabelledWindow(frame, AS_OF),
        replace(champion, model=replace(champion.model, pipeline=Broken())),
        None,
        PROJECT,
    )
    got = statuses(found)
    assert got.pop("labels") is Status.PASS
    assert set(got.values()) == {Status.INDETERMINATE}
    wording(found.findings[1])
