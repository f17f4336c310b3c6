"""A model that costs more than none is retrained, and retired where that does not help."""

from datetime import UTC, datetime

import numpy as np
import pytest

from tests import projects
from tests.command import logitgate, opened

BREAK = datetime(2021, 5, 10, tzinfo=UTC)
REACTIONS = {"windows": 1, "persistent": 1, "cool_down_days": 0, "retire": True}


@pytest.fixture(scope="module")
def road(home):
    """A champion, whose outcome is recorded the other way round after its release."""
    folder = home.parent
    frame, rng = projects.table(6_000, days=110), np.random.default_rng(5)
    lift = 1.4 * frame["speed"] + 0.45 * (frame["load"] - 10) + 1.9 * frame["grip"]
    log_odds = np.where(frame["at"] >= BREAK, 1.4 - lift, lift - 1.4)
    bad = np.where(rng.uniform(size=len(frame)) < 1 / (1 + np.exp(-log_odds)), "yes", "no")
    changes = {"reactions": REACTIONS, "search": {"C": [1.0]}}
    project = projects.write(folder / "visits", frame.assign(bad=bad), **changes)
    assert logitgate("train", project, "--as-of", "2021-05-10", "--json").json["champion"] == 1
    return home, project


def watched(project, since, until, as_of):
    """Monitor a window and act."""
    table = project.parent / "visits.parquet"
    limits = ("--since", since, "--until", until, "--as-of", as_of)
    return logitgate("monitor", project, "--table", table, *limits, "--act", "--json")


def test_retraining_comes_first_and_the_rule_takes_over(road):
    """Registered, in production by the transaction, scored and gone back from like any other version."""
    home, project = road
    first = watched(project, "2021-05-10", "2021-05-25", "2021-05-27")
    assert first.findings("no model") and "dearer than no model" in first.json["symptoms"], first.everything
    assert (first.json["wanted"], first.json["done"]) == ("retrain", "retrain")
    second = watched(project, "2021-05-25", "2021-06-08", "2021-06-09")
    assert second.json["version"] == 1, second.everything
    assert (second.json["wanted"], second.json["done"]) == ("retire", "retire"), second.everything
    (rule,) = second.findings("no model")
    client = opened(home).client
    version = client.get_model_version_by_alias("visits", "champion")
    assert version.tags["logitgate.recipe"] == f"rule: {rule}" and int(version.version) > 1

    out = project.parent / "scores.csv"
    scored = logitgate("score", project, "--table", project.parent / "visits.parquet", "--out", out, "--json")
    assert scored.code == 0, scored.everything
    flags = {line.split(",")[3] for line in out.read_text().splitlines()[1:]}
    assert len(flags) == 1
    third = watched(project, "2021-06-08", "2021-06-15", "2021-06-18")
    assert third.json["version"] == int(version.version) and third.json["wanted"] != "retire"
    assert logitgate("history", project, "--verify", "--json").code == 0
    back = logitgate("rollback", project, "--reason", "a test", "--json")
    assert back.code == 0, back.everything
    assert int(client.get_model_version_by_alias("visits", "champion").version) == 1
