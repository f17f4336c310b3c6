"""Outcomes that had their time: which rows of a window may be judged by."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logitgate.data.sampling.maturity import labelled_rows
from logitgate.errors import DataError
from logitgate.findings import Status
from logitgate.project.project import Project
from tests.projects import plain, table
from tests.wording import refusal

AS_OF = datetime(2021, 3, 31, tzinfo=UTC)
PROJECT = Project.model_validate(plain())


@pytest.fixture
def window():
    """Thirty days and a bit of visits; outcomes take a day to come in."""
    return table(rows=400, days=31)


def test_only_rows_whose_day_has_passed_are_used(window):
    """Each used row is at least a day older than the date, and the counts add up."""
    found = labelled_rows(window, PROJECT, AS_OF)
    limit = np.datetime64(AS_OF.replace(tzinfo=None)) - np.timedelta64(1, "D")
    assert (found.sample.time <= limit).all()
    late = (window["at"].dt.tz_localize(None) > limit).sum()
    assert late > 0
    assert found.counts == {
        **{"rows": 400, "immature": late, "unlabelled": 0, "matured": 400 - late},
        **{"labelled_early": late, "without_row": 0},
    }
    assert found.finding.status is Status.PASS
    assert f"{late} are immature" in found.finding.because


def test_the_last_moment_counts_as_mature(window):
    """A row whose outcome matures at the very date is used, one a microsecond later is not."""
    at = pd.Timestamp(AS_OF - timedelta(days=1))
    one = window.iloc[:2].assign(at=pd.Series([at, at + pd.Timedelta(1, "us")], window.index[:2]))
    assert labelled_rows(one, PROJECT, AS_OF).sample.ids.tolist() == [window["visit"][0]]


def test_early_labels_change_nothing(window):
    """Whatever stands in the outcome of immature rows, or none at all, the same rows are used."""
    late = window["at"] > pd.Timestamp(AS_OF - timedelta(days=1))
    blank = window.assign(bad=window["bad"].mask(late))
    turned = window.assign(bad=window["bad"].mask(late, "yes"))
    one, *others = (labelled_rows(frame, PROJECT, AS_OF) for frame in (window, blank, turned))
    for other in others:
        assert (other.sample.ids.tolist(), other.sample.y.tolist()) == (
            *(one.sample.ids.tolist(), one.sample.y.tolist()),
        )
    early = [found.counts["labelled_early"] for found in (one, *others)]
    assert early == [late.sum(), 0, late.sum()]


def test_labels_that_come_later_are_joined_by_id(window):
    """From a table of their own, in another order, some missing and some for no row."""
    shuffled = window[["visit", "bad"]].sample(frac=1, random_state=1)
    labels = pd.concat([shuffled.iloc[50:], pd.DataFrame({"visit": ["v9", "w9"], "bad": ["yes", "no"]})])
    found = labelled_rows(window.drop(columns="bad"), PROJECT, AS_OF + timedelta(days=9), labels)
    assert (found.counts["unlabelled"], found.counts["without_row"], found.counts["matured"]) == (50, 2, 350)
    truth = window.set_index("visit")["bad"].loc[found.sample.ids]
    assert (found.sample.y == (truth == "yes").to_numpy()).all()


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order):
    """The sample is in order of time and id, and ids need not rise with time."""
    window = table(rows=12, days=3)
    window["visit"] = window["visit"].to_numpy()[::-1]
    one, other = (labelled_rows(some, PROJECT, AS_OF).sample for some in (window, window.iloc[order]))
    assert one.ids.tolist() == other.ids.tolist()
    assert (np.diff(one.time) >= np.timedelta64(0, "us")).all()


def test_a_day_before_anything_matures_nothing_is_used(window):
    """All immature, or no row at all, is INSUFFICIENT and no error."""
    for frame, as_of in ((window, datetime(2021, 3, 1, tzinfo=UTC)), (window.iloc[:0], AS_OF)):
        found = labelled_rows(frame, PROJECT, as_of)
        assert (len(found.sample), found.finding.status) == (0, Status.INSUFFICIENT)


def test_without_any_label_all_mature_rows_are_unlabelled(window):
    """New rows have no outcome yet; that is no error."""
    found = labelled_rows(window.drop(columns="bad"), PROJECT, AS_OF + timedelta(days=9))
    assert (found.counts["unlabelled"], found.counts["matured"]) == (400, 0)
    assert found.finding.status is Status.INSUFFICIENT
    assert window["at"].iloc[found.order].is_monotonic_increasing


def test_a_window_may_lack_classes_and_times(window):
    """Only events, or none: both are rows to judge by. A row without a time may be as young as any.

    A project without times has outcomes that do not take any.
    """
    for outcome, expected in (("yes", 1), ("no", 0)):
        found = labelled_rows(window.assign(bad=outcome), PROJECT, AS_OF)
        assert set(found.sample.y.tolist()) == {expected}
    unknown = window.assign(at=window["at"].mask(window.index == 3))
    assert labelled_rows(unknown, PROJECT, AS_OF + timedelta(days=9)).counts["immature"] == 1
    changes = {"columns": {"time": None, "cluster": None}, "outcome": {"matures_after": None}}
    found = labelled_rows(window.drop(columns="at"), Project.model_validate(plain(**changes)), AS_OF)
    assert (found.counts["matured"], found.sample.time, found.sample.cluster) == (400, None, None)


def test_what_cannot_be_joined_is_refused(window, wording):
    """Repeated ids, absent columns and outcomes that are not the project's; no id is printed."""
    frames = [
        window.assign(visit="v1"),
        window.drop(columns="visit"),
        window.drop(columns="at"),
        window.assign(bad=window["bad"].replace("yes", "1")),
        window.assign(bad=window["visit"]),
    ]
    refused = [refusal(DataError, labelled_rows, one, PROJECT, AS_OF) for one in frames]
    labels = (window[["visit"]], window.assign(visit="v1"))
    refused += [refusal(DataError, labelled_rows, window, PROJECT, AS_OF, one) for one in labels]
    assert not any("v0000" in str(one) for one in refused)
    wording(*refused)
