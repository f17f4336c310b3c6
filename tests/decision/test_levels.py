"""Levels mean the same in every type and spelling, and nothing else means the same."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.outcome_levels import OutcomeLevels, learned, levels_of, read_outcomes
from logitgate.decision.levels import Spelling, brought, text_of
from logitgate.errors import DataError
from logitgate.project.data import OutcomeConfig


@pytest.mark.parametrize(
    ("learned_as", "arrives", "is_level"),
    [
        (("true", "false"), "True", "true"),
        (("True", "False"), "true", "True"),
        (("true", "false"), "0", "false"),
        (("true", "false"), "1.0", "true"),
        (("0", "1"), "FALSE", "0"),
        (("1", "2", "30"), "30.0", "30"),
        (("1.50", "2.25"), "1.5", "1.50"),
        (("2013-05-01", "2013-06-01"), "2013-05-01 00:00:00", "2013-05-01"),
        (("2013-05-01T17:00:00", "2013-05-02"), "2013-05-01T19:00:00+02:00", "2013-05-01T17:00:00"),
        (("UA   ", "B6   "), "UA", "UA   "),
        (("UA", "B6"), " UA", "UA"),
        (("UA", "ua"), "uA", None),
        (("yes", "no"), "Yes", None),
        (("True", "perhaps"), "true", None),
        (("1", "2"), "01", None),
        (("01", "02"), "1", None),
        (("1", "1.0"), "1.00", None),
        (("1", "2"), "true", None),
        ((), "1", None),
    ],
)
def test_a_text_is_the_learned_level_that_says_the_same(learned_as, arrives, is_level):
    """By the kind of all learned levels; case and zeros in front are never folded."""
    assert Spelling.of(learned_as).bring(arrives) == (arrives if is_level is None else is_level)


def test_a_column_is_brought_and_missing_cells_stay_missing():
    """Categories and objects alike, without touching what is known already."""
    spelling = Spelling.of(("true", "false"))
    for column in (
        pd.Series(["True", None, "false", "maybe"], dtype="category"),
        pd.Series(["True", None, "false", "maybe"], dtype=object),
    ):
        found = brought(column, spelling)
        assert found.fillna("-").tolist() == ["true", "-", "false", "maybe"]
    known = pd.Series(["true", "false"], dtype="category")
    assert brought(known, spelling) is known


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (np.array([True])[0], "true"),
        (np.int16(-3), "-3"),
        (2.0, "2"),
        (Decimal("1E+2"), "100"),
        (date(2013, 5, 1), "2013-05-01"),
        (datetime(2013, 5, 1, 17, tzinfo=UTC), "2013-05-01T17:00:00"),
        (b"1", None),
        (0.5, None),
        (float("nan"), None),
    ],
)
def test_a_typed_cell_has_one_text(cell, text):
    """Or none, and is then no level."""
    assert text_of(cell) == text


@pytest.mark.parametrize(
    ("event", "cells", "events"),
    [
        (1, ["True", "False", "True"], [1, 0, 1]),
        (1.0, ["1", "0"], [1, 0]),
        (True, ["0.0", "1.0"], [0, 1]),
        ("1", [True, False], [1, 0]),
        ("1", [1, 0], [1, 0]),
        (2, ["2", "1"], [1, 0]),
        ("yes", ["yes ", "no"], [1, 0]),
        (False, ["true", "false"], [0, 1]),
    ],
)
def test_the_event_means_what_the_column_holds(event, cells, events):
    """However the project file writes it."""
    outcome = OutcomeConfig(column="late", event=event)
    assert read_outcomes(pd.Series(cells, dtype=object), outcome).tolist() == events


@pytest.mark.parametrize("cells", [["1", "0"], ["Y", "N"], ["yes", "No"], ["0"], [1.0, 0.0], ["yes", "n"]])
def test_a_foreign_level_is_refused_with_the_levels_that_were_found(cells):
    """Taken for "no event", it would turn the proof around."""
    outcome = OutcomeConfig(column="late", event="yes", non_event="no")
    with pytest.raises(DataError, match="found: ") as refusal:
        read_outcomes(pd.Series(cells * 30, dtype=object), outcome)
    for cell in set(cells) - {"yes"}:
        assert repr(text_of(cell)) in str(refusal.value)


def test_the_levels_that_a_model_learned_hold_later():
    """Unless the project has come to mean another event."""
    levels = levels_of(pd.Series(["false", "true", None]), OutcomeConfig(column="late", event=1))
    assert levels == OutcomeLevels("true", "false")
    kept = learned(OutcomeConfig(column="late", event=1), levels)
    assert (kept.event, kept.non_event) == ("true", "false")
    assert read_outcomes(pd.Series(["0", "0"]), kept).tolist() == [0, 0]
    turned = OutcomeConfig(column="late", event="false")
    assert learned(turned, levels) is turned
