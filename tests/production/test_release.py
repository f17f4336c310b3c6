"""What identifies a training, so that the same one is done once."""

import pytest

from logitgate.production.release.release import Snapshot
from logitgate.project.reading.load import load_project
from tests import projects


@pytest.fixture
def project(tmp_path):
    """The project of the visits."""
    return load_project(projects.write(tmp_path / "visits", projects.table(50)))


@pytest.mark.parametrize(
    "same", ["2021-04-20T00:00:00", "2021-04-20T00:00:00+00:00", "2021-04-20T02:00:00+02:00", "20210420"]
)
def test_a_moment_has_one_key_however_it_is_written(project, same):
    """A day is its midnight in UTC; another moment of that day, or none, is another training."""
    day = Snapshot.of(project, "digest", "2021-04-20")
    assert Snapshot.of(project, "digest", same) == day
    for other in ("2021-04-20T01:00:00", "2021-04-20T00:00:00+02:00", None):
        assert Snapshot.of(project, "digest", other).key != day.key
