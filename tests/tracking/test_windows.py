"""Records of monitored windows: those of this version and of earlier ones."""

from datetime import UTC, datetime

import pytest

from logitgate.evaluation.confidence_sequence import Sums
from logitgate.monitoring.reactions.records import WindowRecord
from logitgate.monitoring.reactions.remedies import Action, Failure, Symptom
from logitgate.monitoring.since_release import ErrorSums
from logitgate.tracking.history.windows import _kept_sums, _remembered

EARLIER = {
    "window.name": "June",
    "window.end": "2021-07-01T00:00:00+00:00",
    "window.version": "2",
    "window.action": "retrain",
}


@pytest.mark.parametrize(
    ("tags", "done", "failed"),
    [
        ({"window.signs": "degraded"}, None, None),
        ({"window.signs": "degraded", "window.acted": "trained"}, Action.RETRAIN, None),
        ({"window.signs": '["degraded"]', "window.fate": "open", "window.acted": "x"}, None, None),
        ({"window.signs": '["degraded"]', "window.fate": "done"}, Action.RETRAIN, None),
        ({"window.signs": '["degraded"]', "window.fate": "conflict"}, None, None),
        ({"window.signs": '["degraded"]', "window.done": "retrain"}, Action.RETRAIN, None),
        (
            {"window.signs": '["degraded"]', "window.done": "", "window.failed": "conflict"},
            None,
            Failure.CONFLICT,
        ),
    ],
)
def test_records_of_all_versions_are_read(tags, done, failed):
    """Signs as one text, fates, and the three fields of today."""
    read = _remembered(EARLIER | tags)
    assert (read.wanted, read.done, read.failed) == (Action.RETRAIN, done, failed)
    assert read.symptoms == {Symptom.DEGRADED} and read.version == 2 and read.has_labels


def test_long_sums_come_back_from_several_tags():
    """A tag holds some thousand characters; slices may need more."""
    sums = {
        f"slice = {number}": ErrorSums(Sums(*(number / 7 + part for part in range(6))))
        for number in range(99)
    }
    start = datetime(2021, 6, 1, tzinfo=UTC)
    record = WindowRecord("June", start, 2, frozenset(), since=start, sums=sums)
    tags = _kept_sums(record)
    assert len(tags) > 2 and max(map(len, tags.values())) <= 5_000
    read = _remembered(EARLIER | {"window.signs": "[]"} | tags)
    assert read.since == start and {name: one.as_json() for name, one in read.sums.items()} == {
        name: one.as_json() for name, one in sums.items()
    }


def test_a_window_without_mature_outcomes_is_remembered_as_such():
    """It neither shows nor clears what needs labels."""
    read = _remembered(EARLIER | {"window.signs": "[]", "window.has_labels": "False"})
    assert not read.has_labels and not read.symptoms
