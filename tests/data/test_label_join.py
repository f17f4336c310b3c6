"""Labels that join nothing, few rows, or events alone: found with counts and forms, without an id."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.label_join import form
from logitgate.data.sampling.maturity import labelled_rows
from logitgate.errors import DataError
from logitgate.findings import Status
from logitgate.project.reading.load import parse_project
from tests import projects
from tests.wording import refusal

AS_OF = datetime(2022, 1, 1, tzinfo=UTC)
PROJECT = parse_project(projects.plain(outcome={"non_event": "no"}), "visits.toml")
EVENTS_ALONE = parse_project(
    projects.plain(outcome={"non_event": "no"}, labels={"only_events": True}), "visits.toml"
)


@pytest.fixture
def rows():
    """A window of mature rows."""
    return projects.table(400).drop(columns="bad")


@pytest.fixture
def labels():
    """Their outcomes."""
    return projects.table(400)[["visit", "bad"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda ids: ids.str.lstrip("v0"),
        lambda ids: ids.str.upper(),
        lambda ids: ids + " ",
        lambda ids: "v9" + ids.str[2:],
    ],
    ids=["numbers", "case", "blank", "another year"],
)
def test_labels_that_join_nothing_are_indeterminate(rows, labels, change, wording):
    """With both counts and what ids look like; nothing is judged by them, and no id is printed."""
    found = labelled_rows(rows, PROJECT, AS_OF, labels.assign(visit=change(labels["visit"])))
    assert found.finding.status is Status.INDETERMINATE and len(found.sample) == 0
    assert not any(name in found.finding.because for name in labels["visit"])
    wording(found.finding)


@pytest.mark.parametrize(
    ("known", "status"), [(199, Status.INDETERMINATE), (200, Status.PASS), (400, Status.PASS)]
)
def test_half_of_the_mature_rows_must_be_known(rows, labels, known, status):
    """Labels of rows outside the window do not matter."""
    found = labelled_rows(rows, PROJECT, AS_OF, labels.head(known)).finding
    assert found.status is status
    early = labelled_rows(rows, PROJECT, rows["at"][3].to_pydatetime(), labels.head(1)).finding
    assert early.status is Status.INSUFFICIENT


def test_events_alone_must_be_declared(rows, labels, wording):
    """Undeclared they are refused; declared, a mature row without a label is no event."""
    events = labels[labels["bad"] == "yes"]
    found = labelled_rows(rows, EVENTS_ALONE, AS_OF, events)
    assert found.finding.status is Status.PASS and found.counts["unlabelled"] == 0
    expected = (labels.set_index("visit")["bad"] == "yes").loc[found.sample.ids]
    assert np.array_equal(found.sample.y, expected)
    late = datetime(2021, 4, 1, tzinfo=UTC)
    some = labelled_rows(rows, EVENTS_ALONE, late, events)
    assert some.counts["immature"] > 0 and some.counts["labelled_early"] > 0
    alone = refusal(DataError, labelled_rows, rows, PROJECT, AS_OF, events)
    wording(alone, refusal(DataError, labelled_rows, rows, EVENTS_ALONE, AS_OF, labels))
    other = labelled_rows(rows, EVENTS_ALONE, AS_OF, events.assign(visit=events["visit"].str.upper()))
    assert other.finding.status is Status.INDETERMINATE and len(other.sample) == 0


def test_a_form_masks_every_letter_and_digit():
    """The commonest one, with the zeros in front that a spreadsheet drops."""
    assert form(["AB-0017", "AB-0018", "x"]) == "AA-0099" and form([]) == "nothing"
    assert form(["Müller@x" * 9]) == f"{'Aaaaaa.a' * 3}... (72 characters)"
    assert form(pd.Series([0, 7])) == "9"
