"""The section `[monitoring]`: what it refuses."""

import re

import pytest

from logitgate.errors import ProjectError
from logitgate.project.operations.monitoring import Monitoring
from logitgate.project.reading.load import parse_project
from tests.projects import plain


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"psi_of": {"side": 0.1, "tempo": 0.1}}, "monitoring.psi_of names 'tempo', no feature"),
        ({"major_psi": 0.01}, "major_psi 0.01 lies below psi 0.05; raise it"),
        ({"season": "moon"}, "monitoring.season"),
        ({"psi": 0}, "monitoring.psi"),
        ({"fdr": 0.5}, "monitoring.fdr"),
        ({"minimum_rows": 0}, "monitoring.minimum_rows"),
        ({"age_limit": "long"}, "monitoring.age_limit"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(section, said):
    """Each with what is wrong."""
    with pytest.raises(ProjectError, match=re.escape(said)):
        parse_project(plain(monitoring=section), "visits.toml")


def test_a_season_needs_a_time():
    """Without columns.time the month of a row is unknown."""
    whole = plain(monitoring={"season": "month"})
    assert parse_project(whole, "visits.toml").monitoring.season == "month"
    without = plain(monitoring={"season": "month"}, columns={"time": None, "cluster": None})
    del without["outcome"]["matures_after"]
    with pytest.raises(ProjectError, match=re.escape("monitoring.season needs columns.time")):
        parse_project(without, "visits.toml")


def test_a_project_that_says_nothing_is_watched():
    """No default switches a check off."""
    found = parse_project(plain(), "visits.toml").monitoring
    assert found == Monitoring()
    assert found.age_limit is None
    assert max(found.psi, found.share, found.missing, found.new_levels) < 0.1
