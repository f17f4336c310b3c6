import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from logitgate.checks.slice_finder import weak_exhibit, weak_findings, weak_slices
from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.findings import Status
from tests.projects import small

PROJECT = small(
    features={"numeric": ["age", "x", "weather"], "categorical": ["job"]},
    slices={"columns": ["town"], "minimum_rows": 100, "minimum_events": 10},
)


def rows(seed=0, n=1000, *, days=None, storm=0.0, misfit=0.0):
    """Return rows whose probabilities are right but for storms on some days, and young students."""
    random = np.random.default_rng(seed)
    day = np.arange(n) if days is None else random.integers(0, days, n)
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, n),
            "x": random.normal(size=n).round(3),
            "weather": random.normal(size=n)[day],
            "job": random.choice(["student", "worker", "retired"], n, p=[0.3, 0.4, 0.3]),
            "town": random.choice(["a", "b"], n),
        }
    )
    odds = -1.5 + 0.5 * frame["x"].to_numpy()
    node, weight = np.polynomial.hermite_e.hermegauss(20)
    probability = expit(odds[:, None] + storm * node) @ weight / weight.sum()
    excess = misfit * ((frame["job"] == "student") & (frame["age"] < 40)).to_numpy()
    y = random.random(n) < expit(odds + storm * random.normal(size=n)[day] + excess)
    cluster = None if days is None else day
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, n)
    decision = Decision.by(DecisionRule("constant", 0.2), probability, costs)
    ids = np.array([f"id{at:05d}" for at in random.permutation(n)], dtype=object)
    sample = Sample(frame, y.astype(np.int8), ids, cluster=cluster)
    return sample, Scored(y.astype(int), decision, costs, cluster)


def test_a_planted_misfit_is_found_and_named(wording):
    """A linear model that knows nothing of young students, in the words of the columns."""
    found = weak_slices(*rows(n=4000, misfit=1.8), PROJECT)
    (said, *others) = weak_findings(found)
    assert said.status is Status.WARN
    assert re.fullmatch("job = student and age < (3[5-9]|4[0-5])", said.subject)
    assert len(others) <= 1
    wording(said)


def test_what_is_found_is_counted_on_the_other_half():
    """The figures of all leaves are those of the rows that the tree was not fitted on."""
    sample, scored = rows(n=4000, misfit=1.8)
    found = weak_slices(sample, scored, PROJECT)
    assert sum(one.n for one in found) == 2000
    whole = ((sample.frame["job"] == "student") & (sample.frame["age"] < 40)).to_numpy()
    assert 0.3 * whole.sum() < found[0].n < 0.6 * whole.sum()
    for one in found:
        expected, events = one.predicted * one.n, one.observed * one.n
        assert np.sign(one.z) == np.sign(events - expected)
        assert abs(one.z) == pytest.approx(
            abs(events - expected) / np.sqrt(expected * (1 - one.predicted)), rel=0.1
        )
        assert one.p_value == pytest.approx(2 * stats.norm.sf(abs(one.z)), rel=1e-9)
    adjusted = stats.false_discovery_control([one.p_value for one in found])
    np.testing.assert_allclose([one.q_value for one in found], adjusted)


@pytest.mark.parametrize(("n", "days", "storm"), [(700, None, 0.0), (1500, 20, 0.7)], ids=["plain", "storms"])
def test_true_models_have_no_weak_slices(n, days, storm):
    """In 60 small data sets something is found at most about as often as is promised."""
    found = sum(
        any(one.found for one in weak_slices(*rows(seed, n, days=days, storm=storm), PROJECT))
        for seed in range(60)
    )
    assert found <= 8  # 3 are promised; the chance of more than 8 is .3 %


def test_storms_would_raise_alarms_without_clusters():
    """The same rows, taken as independent, look wrong most of the time."""
    alarms = 0
    for seed in range(20):
        sample, scored = rows(seed, 1500, days=20, storm=0.7)
        alone = replace(sample, cluster=None), replace(scored, cluster=None)
        alarms += any(one.found for one in weak_slices(*alone, PROJECT))
    assert alarms >= 12


def test_neither_the_order_of_the_rows_nor_the_codes_of_clusters_matter():
    """The same rows give the same slices; another seed parts them otherwise."""
    sample, scored = rows(3, 1500, days=30, misfit=1.8)
    order = np.random.default_rng(1).permutation(1500)
    recoded = 29 - sample.cluster
    plain = weak_slices(sample, scored, PROJECT)
    shuffled = weak_slices(
        replace(sample, cluster=recoded).take(order), replace(scored, cluster=recoded).take(order), PROJECT
    )
    assert [one.words for one in plain] == [one.words for one in shuffled]
    for one, other in zip(plain, shuffled, strict=True):
        np.testing.assert_allclose(list(one.figures().values()), list(other.figures().values()), rtol=1e-9)
    reseeded = PROJECT.model_copy(update={"split": PROJECT.split.model_copy(update={"seed": 7})})
    assert weak_slices(sample, scored, reseeded) != plain


def test_whole_clusters_go_to_either_half():
    """Two clusters are one each; of few clusters nothing can be said, and one alone has no halves."""
    sample, scored = rows(n=1000)
    two = np.repeat([0, 1], 500)
    found = weak_slices(replace(sample, cluster=two), replace(scored, cluster=two), PROJECT)
    assert sum(one.n for one in found) == 500
    assert all(np.isnan([one.z, one.p_value, one.q_value]).all() for one in found)
    one = np.zeros(1000, dtype=int)
    assert weak_slices(replace(sample, cluster=one), replace(scored, cluster=one), PROJECT) == []


def test_few_rows_and_few_events_are_not_tested():
    """Twice half of the declared minimum are enough; a leaf with fewer expected events has no z."""
    assert weak_slices(*rows(n=190), PROJECT) == []
    assert weak_slices(*rows(n=200), PROJECT) != []
    assert [one.status for one in weak_findings([])] == [Status.PASS]
    many = PROJECT.model_copy(update={"slices": PROJECT.slices.model_copy(update={"minimum_events": 2000})})
    assert np.isnan([one.z for one in weak_slices(*rows(), many)]).all()


def test_columns_that_are_only_sliced_are_looked_at_too():
    """A town is no feature, but a declared slice, and its level is named."""
    sample, scored = rows(n=3000)
    turned = np.where(
        (sample.frame["town"] == "b") & (np.random.default_rng(0).random(3000) < 0.4), 1, scored.y
    )
    found = weak_slices(replace(sample, y=turned), replace(scored, y=turned), PROJECT)
    assert "town = b" in found[0].words
    assert found[0].found


def test_an_exhibit_shows_every_leaf_and_findings_a_handful():
    """The table holds what was tested, whatever came out; a false discovery rate of 5 % is still found."""
    (one, *_) = weak_slices(*rows(n=4000, misfit=1.8), PROJECT)
    eight = [replace(one, words=str(at)) for at in range(8)]
    table = weak_exhibit(eight)
    assert (table.name, len(table.rows), table.rows[0]["n"]) == ("weak-slices", 8, one.n)
    assert len(weak_findings(eight)) == 5
    assert [replace(one, q_value=q).found for q in (0.05, np.nextafter(0.05, 1))] == [True, False]


def test_few_clusters_have_students_tails():
    """A deviation of so many errors is likelier by chance than among rows that are independent."""
    tested = [one for one in weak_slices(*rows(n=3000, days=24, storm=0.7), PROJECT) if abs(one.z) > 1]
    assert tested and all(one.p_value > 1.02 * 2 * stats.norm.sf(abs(one.z)) for one in tested)


def test_leaves_that_could_not_be_tested_are_not_counted(wording):
    """A finding says how many were; the others stand last in the list."""
    (one, *_) = weak_slices(*rows(n=4000, misfit=1.8), PROJECT)
    one = replace(
        one, words="g = a", n=412, predicted=0.1925, observed=0.5121, z=9.5, p_value=0.0, q_value=0.0
    )
    sound, untested = (replace(one, p_value=p, q_value=p) for p in (0.4, np.nan))
    lists = ([], [untested], [sound, untested, untested], [one, sound])
    said = [finding for found in lists for finding in weak_findings(found)]
    wording(*said)
    assert [dict(f.figures) for f in said[:3]] == [{"leaves": leaves, "found": 0} for leaves in (0, 0, 1)]


@pytest.mark.parametrize(("days", "tested"), [(8, False), (10, True)])
def test_five_clusters_are_the_fewest_that_tell(days, tested):
    """In the half that a leaf is tested on."""
    sample, scored = rows(n=2000)
    cluster = np.arange(2000) % days
    found = weak_slices(replace(sample, cluster=cluster), replace(scored, cluster=cluster), PROJECT)
    assert {bool(np.isfinite(one.z)) for one in found} == {tested}
