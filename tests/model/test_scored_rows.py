"""Scores as values: what is said of each row, and what is counted."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.errors import DataError
from logitgate.model.scored_rows import (
    COLUMNS,
    NOTHING,
    Stamp,
    _texts,
    decide,
    known_levels,
    request_ids,
    scores,
    unusual_rows,
)
from logitgate.project.project import Project
from tests import projects
from tests.wording import refusal

STAMP = Stamp(3, "d" * 64, datetime(2026, 3, 1, 2, 30, tzinfo=UTC))


@pytest.fixture(scope="module")
def project():
    """A project whose rows are those of the small model."""
    changes = {
        "columns": {"id": "name", "time": None, "cluster": None},
        "outcome": {"column": "paid", "matures_after": None},
        "features": {"numeric": ["age", "income"], "categorical": ["job", "city"]},
        "costs": {"true_positive": 2, "false_positive": "2 + amount / 50", "false_negative": "amount"},
        "slices": {"columns": []},
    }
    return Project.model_validate(projects.plain(**changes))


@pytest.fixture
def rows(served_rows):
    """The rows of the small model, with names."""
    return served_rows.assign(name=[f"r{number}" for number in range(len(served_rows))])


def test_a_score_is_what_the_served_model_answers(package, rows, project):
    """Probability, threshold, decision and both costs are those of the model that plain MLflow serves."""
    from logitgate.decision.answering import answer
    from logitgate.production.packaging.model_package import terms_of

    decision = decide(rows, package.model, project)
    found = scores(rows, decision, STAMP, project)
    served = answer(package.model.pipeline, terms_of(package), rows)
    assert tuple(found.columns) == COLUMNS
    assert found["id"].tolist() == rows["name"].tolist()
    assert 0 < found["decision"].sum() < len(found)
    for name in ("probability", "threshold", "decision"):
        assert np.array_equal(found[name], served[name])
    flag, leave = served["cost_if_flagged"], served["cost_if_passed"]
    assert np.array_equal(found["expected_cost"], np.where(served["decision"], flag, leave))
    assert np.array_equal(found["expected_cost_otherwise"], np.where(served["decision"], leave, flag))
    assert (found["expected_cost"] <= found["expected_cost_otherwise"] + 1e-9).all()
    assert set(found["model_version"]) == {3} and set(found["scored_at"]) == {pd.Timestamp(STAMP.scored_at)}


def test_the_alternatives_cost_is_given_even_where_it_is_lower(package, rows, project):
    """A constant threshold does not always take the cheaper side by expectation; nothing is smoothed over."""
    from dataclasses import replace

    from logitgate.decision.rule import DecisionRule

    decision = decide(rows, replace(package.model, rule=DecisionRule("constant", 0.5)), project)
    found = scores(rows, decision, STAMP, project)
    expected = np.where(decision.flagged, decision.cost_if_flagged, decision.cost_if_passed)
    assert np.array_equal(found["expected_cost"], expected)
    assert (found["expected_cost"] > found["expected_cost_otherwise"]).any()


NAMESPACE = uuid5(NAMESPACE_URL, "https://logitgate/score")


def test_request_ids_follow_from_version_row_and_time():
    """The same for the same question, another one for any other."""
    asked = [("d1", "row", "2026-01-01"), ("d2", "row", "2026-01-01"), ("d1", "row2", "2026-01-01")]
    asked.append(("d1", "row", "2026-01-02"))
    assert len({request_ids(one, [two], [three])[0].as_py() for one, two, three in asked}) == 4


@given(st.text(max_size=70), st.lists(st.tuples(st.text(max_size=90), st.text(max_size=40)), max_size=9))
def test_request_ids_are_uuids_of_version_5(digest, asked):
    """As the standard library makes them, whatever id and time are."""
    known = [str(uuid5(NAMESPACE, f"{digest}\0{row}\0{time}")) for row, time in asked]
    assert request_ids(digest, *zip(*asked, strict=True)).to_pylist() == known if asked else not known


@given(
    st.lists(
        st.one_of(
            st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
            st.datetimes(datetime(2013, 1, 1), datetime(2014, 1, 1)).map(
                lambda one: one.replace(microsecond=0)
            ),
            st.none(),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["UTC", "Europe/Vienna", None]),
    st.booleans(),
)
def test_times_are_written_as_pandas_writes_them(moments, zone, whole):
    """With microseconds, as a day alone, or missing: request ids hold the time as it always was written."""
    if whole:
        moments = [one and one.replace(microsecond=0) for one in moments]
    column = pd.Series(moments, dtype="datetime64[us]")
    column = column if zone is None else column.dt.tz_localize("UTC").dt.tz_convert(zone)
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    assert _texts(column) == pd.Series(distinct).astype(str).to_numpy(object)[codes].tolist()


def test_missing_cells_and_unknown_levels_are_scored_and_counted(package, rows, project):
    """Each is a row like others, and the counts add up over batches."""
    known = known_levels(package.model)
    assert known == {"job": {"clerk", "smith", "baker"}, "city": {"Köln", "Aix"}}
    new = rows.astype({"job": object, "city": object})
    new.loc[40:42, "job"] = "astronaut"
    new.loc[43, "city"] = "<script>"
    decision = decide(new, package.model, project)
    whole = unusual_rows(new, package.model, decision.flagged)
    assert whole.unseen == {"job": 3, "city": 1}
    assert whole.missing == {"age": 21, "job": 30}
    assert (whole.rows, whole.flagged) == (300, int(decision.flagged.sum()))
    halves = [
        unusual_rows(new.iloc[part], package.model, decision.flagged[part])
        for part in (slice(0, 41), slice(41, 300))
    ]
    assert NOTHING + halves[0] + halves[1] == whole
    categories = new.astype({"job": "category", "city": "category"})
    assert unusual_rows(categories, package.model, decision.flagged) == whole
    assert np.array_equal(decide(categories, package.model, project).probability, decision.probability)


def test_rows_that_cannot_be_decided_are_counted_without_a_cell(package, rows, project, wording):
    """Without a cost there is no decision; what cannot be read, scikit-learn would quote."""
    costly = rows.assign(amount=rows["amount"].where(rows.index != 17))
    asked = (costly, rows.assign(age="secret-cell"))
    refused = [refusal(DataError, decide, one, package.model, project) for one in asked]
    assert "secret-cell" not in str(refused[1])
    wording(*refused)
