"""The reference profile: counts that add up, and nothing that points at a person."""

import json

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.errors import DataError
from logitgate.evaluation.evaluate import Scored
from logitgate.monitoring.performance.control_limits import Chunks
from logitgate.monitoring.performance.realised.figures import reference_chunks
from logitgate.monitoring.profiling import reference_profile
from logitgate.monitoring.reference import Reference
from tests.projects import small
from tests.wording import refusal

PROJECT = small(
    features={"numeric": ["x", "lumps", "empty"], "categorical": ["g"]}, search={"rare_level_rows": 50}
)
N = 1000
LEVELS = ["often"] * 700 + ["some"] * 50 + ["few"] * 49 + ["Smith"] + [None] * 200


@pytest.fixture(scope="module")
def rows():
    """Rows with gaps, a number that is mostly zero, one without values, and rare levels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=N)
    x[::10] = np.nan
    frame = pd.DataFrame(
        {
            "id": [f"secret{row}" for row in range(N)],
            "x": x,
            "lumps": np.where(np.arange(N) < 800, 0.0, rng.normal(size=N)),
            "empty": np.nan,
            "g": pd.Categorical(LEVELS, categories=["often", "some", "few", "Smith", "never"]),
        }
    )
    return Sample(frame, (np.arange(N) % 5 == 0).astype(np.int8), frame["id"].to_numpy(object))


@pytest.fixture(scope="module")
def scored():
    """Scores of other rows, certain ones among them."""
    probability = np.r_[0.0, 1.0, np.linspace(0.01, 0.99, 398)]
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, 400)
    y = (np.arange(400) % 4 == 0).astype(np.int64)
    return Scored(y, Decision.by(DecisionRule("constant", 0.2), probability, costs), costs)


@pytest.fixture(scope="module")
def profile(rows, scored):
    """The profile of both."""
    return reference_profile(rows, scored, PROJECT).plain


def test_the_profile_is_strict_json_and_holds_no_row(profile):
    """No NaN, no infinity, even of a column without values; no id, no rare level, and few numbers."""
    text = json.dumps(profile, allow_nan=False)
    assert json.loads(text) == profile
    assert "secret" not in text and "Smith" not in text
    for figures in (*profile["numeric"].values(), profile["log_odds"]):
        assert len(figures["edges"]) <= 49
        assert len(figures["counts"]) == len(figures["edges"]) + 1


def test_the_counts_add_up(profile):
    """Bins, levels, the pool and the missing ones are all rows.

    A level is named from as many rows on as the model learns it from; unused ones do not appear.
    """
    for figures in profile["numeric"].values():
        assert sum(figures["counts"]) + figures["missing"] == profile["rows"] == N
    levels = {"levels": {"often": 700, "some": 50}, "pooled": 50, "missing": 200, "singles": 1}
    assert profile["categorical"]["g"] == levels
    assert sum(profile["log_odds"]["counts"]) == profile["test_rows"] == 400
    assert profile["log_odds"]["missing"] == 0


def test_the_edges_are_quantiles(profile, rows):
    """Each cell of a continuous number holds a fiftieth of the rows that have one; lumps share an edge."""
    x = profile["numeric"]["x"]
    assert (x["counts"], x["missing"]) == ([18] * 50, 100)
    present = rows.frame["x"].dropna()
    np.testing.assert_allclose(x["edges"], np.quantile(present, np.linspace(0.02, 0.98, 49)))
    assert (x["mean"], x["sd"]) == (pytest.approx(present.mean()), pytest.approx(present.std()))
    assert len(profile["numeric"]["lumps"]["edges"]) < 49
    empty = {"edges": [], "counts": [0], "missing": N, "mean": None, "sd": None}
    assert profile["numeric"]["empty"] == empty


def test_the_profile_comes_back_as_it_was(profile, wording):
    """Read strictly: another format, or what is none, is refused with the remedy."""
    assert Reference.from_json(profile).features.as_json() == {
        "numeric": profile["numeric"],
        "categorical": profile["categorical"],
    }
    broken = ({**profile, "format": 1}, {}, {**profile, "numeric": {"x": {"edges": [1.0]}}})
    wording(*(refusal(DataError, Reference.from_json, one) for one in broken))


def test_the_chunks_are_those_of_the_test_rows(profile, scored):
    """Two chunks of 200 rows, which come back as they were made."""
    assert Chunks.from_json(profile["chunks"]).as_json() == reference_chunks(scored).as_json()
    assert (profile["chunks"]["rows"], len(profile["chunks"]["figures"]["cost"])) == (50, 8)
    assert np.mean(profile["chunks"]["figures"]["cost"]) == pytest.approx(scored.cost.mean())


def test_the_rates_are_those_of_their_rows(profile, scored):
    """Prevalence of train and of test, and the share that was flagged."""
    assert (profile["prevalence"], profile["test_prevalence"]) == (0.2, 0.25)
    assert profile["flag_rate"] == scored.decision.flagged.mean()
    middle = profile["log_odds"]["edges"][24]
    assert middle == pytest.approx(0.0, abs=0.02)


def test_a_profile_of_an_earlier_version_is_read(rows, scored):
    """Without clusters, contributions and clocks of seasons, it is what it was: nothing of these is known."""
    clustered = PROJECT.model_copy(update={"columns": PROJECT.columns.model_copy(update={"cluster": "day"})})
    days = Sample(rows.frame.assign(day=np.arange(N) % 40), rows.y, rows.ids, cluster=np.arange(N) % 40)
    profile = reference_profile(days, scored, clustered).plain
    assert Reference.from_json(profile).clusters.count == 40 and set(Reference.from_json(profile).alike) == {
        *("x", "lumps", "empty", "g")
    }
    added = ("clusters", "score_clusters", "alike", "score_alike", "season_zone")
    old = Reference.from_json({name: one for name, one in profile.items() if name not in added})
    assert old.clusters.count == 0 and not old.alike and not old.contributions
    assert old.features.as_json() == Reference.from_json(profile).features.as_json()
    refusal(DataError, Reference.from_json, profile | {"alike": {"x": [0.1]}})
