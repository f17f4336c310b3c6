"""Champion and predecessor on the same labelled rows: a bad model, or another world."""

from dataclasses import replace

import numpy as np
import pytest

from logitgate.decision.costs import RowCosts
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.evaluation.intervals import lower_bound
from logitgate.findings import Status
from logitgate.monitoring.performance.control_limits import Chunks
from logitgate.monitoring.performance.realised.figures import (
    EXCESS_COST,
    realised_chunks,
    reference_chunks,
    with_excess_cost,
)
from logitgate.monitoring.performance.versus_previous import Contender, versus_previous
from logitgate.monitoring.reactions.remedies import Symptom
from logitgate.project.project import Project
from tests.projects import plain

PROJECT = Project.model_validate(plain())


def world(n, *, seed, off=0.0, clusters=40):
    """Return log-odds that were true once, outcomes of a world that is off by so much, and clusters."""
    rng = np.random.default_rng(seed)
    score = rng.normal(-1.4, 1.3, n)
    y = (rng.uniform(size=n) < 1 / (1 + np.exp(-(score + off)))).astype(np.int64)
    return score, y, np.sort(rng.integers(0, clusters, n))


def version(number, rows, known, *, noise=0.0, seed=0):
    """Return a version whose log-odds carry noise: on new rows, and on its own reference rows."""
    return Contender(number, scored(rows, noise, seed), reference_chunks(scored(known, noise, seed)))


def scored(rows, noise, seed):
    """Decide rows by log-odds with noise, at the threshold of the costs."""
    score, y, cluster = rows
    n = len(y)
    blurred = score + noise * np.random.default_rng(seed).normal(size=n)
    costs = RowCosts(np.ones(n), np.full(n, 2.0), np.zeros(n), np.full(n, 8.0))
    return Scored(
        y, Decision.by(DecisionRule("constant", 2 / 9), 1 / (1 + np.exp(-blurred)), costs), costs, cluster
    )


KNOWN = world(6_000, seed=1)
NOW = world(3_000, seed=2)
ELSEWHERE = world(3_000, seed=3, off=1.6)


def test_only_the_champion_degrades():
    """The previous version's reference was dear, and it is not proven to be cheaper now."""
    champion, dear = (
        version(7, ELSEWHERE, KNOWN),
        reference_chunks(scored(world(6_000, seed=4, off=3.0), 0, 0)),
    )
    found = versus_previous(champion, Contender(6, champion.scored, dear), PROJECT)
    assert found.answer == "champion degraded"
    assert [finding.status for finding in found.findings] == [Status.PASS, Status.WARN]


def test_a_model_against_itself_loses_as_rarely_as_alpha_says():
    """Two versions that are equally good, 100 times: at most .05 + 3 errors are called losers."""
    project = Project.model_validate(plain(gates={"discordant_events": 0}))
    none, lost = Chunks(200, {}), 0
    for seed in range(100):
        rows = world(800, seed=100 + seed, clusters=80)
        pair = [Contender(number, scored(rows, 1.0, 1_000 * number + seed), none) for number in (7, 6)]
        lost += versus_previous(*pair, project).champion_loses
    assert lost / 100 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_too_few_different_rows_take_no_version_back():
    """A loss on fewer effective rows than are demanded is no proof, and a single cluster has no bound."""
    rows = world(1_000, seed=5, clusters=1_000)
    champion, previous = version(7, rows, KNOWN, noise=2.0), version(6, rows, KNOWN)
    many = Project.model_validate(plain(gates={"discordant_events": 100_000}))
    found = versus_previous(champion, previous, many)
    assert (found.answer, found.findings[0].status) == ("unknown", Status.INSUFFICIENT)
    one_day = [
        Scored(one.scored.y, one.scored.decision, one.scored.costs, np.zeros(1_000, int))
        for one in (champion, previous)
    ]
    alone = [
        Contender(number, part, champion.reference) for number, part in zip((7, 6), one_day, strict=True)
    ]
    assert versus_previous(*alone, PROJECT).findings[0].status is Status.INSUFFICIENT


def test_no_previous_version_is_unknown():
    """None at all is INSUFFICIENT; one that could not be scored is INDETERMINATE, with the reason."""
    champion = version(7, NOW, KNOWN)
    none = versus_previous(champion, None, PROJECT)
    refused = versus_previous(champion, None, PROJECT, refusal="its file is damaged")
    assert [(found.answer, found.findings[0].status) for found in (none, refused)] == [
        ("unknown", Status.INSUFFICIENT),
        ("unknown", Status.INDETERMINATE),
    ]


@pytest.mark.parametrize("broken", ["rows", "outcomes", "probability", "empty"])
def test_what_cannot_be_compared_is_unknown(broken):
    """Other rows, other outcomes, a missing probability, no row: no answer and no PASS."""
    champion, previous = version(7, NOW, KNOWN), version(6, NOW, KNOWN, noise=0.3)
    kept = np.arange(3_000)
    match broken:
        case "rows":
            one, other = champion.scored.take(kept[:-1]), previous.scored
        case "outcomes":
            other = Scored(1 - NOW[1], previous.scored.decision, previous.scored.costs, NOW[2])
            one = champion.scored
        case "probability":
            one, other = champion.scored.take(kept), previous.scored
            one.decision.probability[0] = np.nan
        case _:
            one, other = champion.scored.take(kept[:0]), previous.scored.take(kept[:0])
    found = versus_previous(
        Contender(7, one, champion.reference), Contender(6, other, previous.reference), PROJECT
    )
    assert found.answer == "unknown"
    assert not {finding.status for finding in found.findings} & {Status.PASS, Status.FAIL}


def test_without_limits_no_version_is_called_degraded():
    """References of too few chunks: the pair still tells who loses."""
    few = reference_chunks(scored(KNOWN, 0, 0), 1_000)
    bare = [
        Contender(one.version, one.scored, few)
        for one in (version(7, NOW, KNOWN, noise=2.0), version(6, NOW, KNOWN))
    ]
    assert versus_previous(*bare, PROJECT).answer == "champion loses"
    assert versus_previous(bare[1], bare[1], PROJECT).answer == "unknown"


@pytest.mark.parametrize(
    ("rows", "noises", "answer", "statuses", "symptoms"),
    [
        (NOW, (2.0, 0.0), "champion loses", ["FAIL", "PASS"], {Symptom.LOSES}),
        (ELSEWHERE, (0.0, 0.3), "both degraded", ["PASS", "FAIL"], {Symptom.DEGRADED}),
        (ELSEWHERE, (2.0, 0.0), "champion loses", ["FAIL", "FAIL"], {Symptom.LOSES, Symptom.DEGRADED}),
        (NOW, (0.0, 0.3), "neither", ["PASS", "PASS"], set()),
    ],
    ids=["worse", "elsewhere", "both", "sound"],
)
def test_what_it_means_is_told_apart(rows, noises, answer, statuses, symptoms):
    """To lose asks for the version before, to be degraded for a new model; both can be asked for at once.

    Noise in the log-odds costs more on the same rows, though the reference was as bad; a base rate that moves
    by 1.6 log-odds is dearer for both.
    """
    pair = (version(number, rows, KNOWN, noise=one) for number, one in zip((7, 6), noises, strict=True))
    found = versus_previous(*pair, PROJECT)
    assert (found.answer, found.champion_loses) == (answer, answer == "champion loses")
    assert ([one.status.value for one in found.findings], found.symptoms) == (statuses, symptoms)
    assert found.findings[0].subject == "version 7 against 6"


def test_each_version_is_held_against_its_own_reference():
    """Both figures of both, named after the version they are of."""
    champion = version(7, ELSEWHERE, KNOWN)
    dear = reference_chunks(scored(world(6_000, seed=4, off=3.0), 0, 0))
    found = versus_previous(champion, Contender(6, champion.scored, dear), PROJECT).findings[1]
    figures = dict(found.figures)
    assert (figures["champion_degraded"], figures["previous_degraded"]) == (True, False)
    for name, chunks in (("champion", champion.reference), ("previous", dear)):
        assert figures[f"{name}_reference"] == with_excess_cost(chunks).mean(EXCESS_COST)
        own = realised_chunks(champion.scored, chunks.rows)
        assert figures[f"{name}_chunk_excess_cost"] == own.mean(EXCESS_COST)


def test_the_proof_is_one_sided_and_needs_rows_that_cost_differently():
    """Exactly as many as are demanded are enough; without a bound nothing is answered."""
    rows = world(1_000, seed=5, clusters=1_000)
    champion, previous = version(7, rows, KNOWN, noise=2.0), version(6, rows, KNOWN)
    difference = champion.scored.cost - previous.scored.cost
    figures = versus_previous(champion, previous, PROJECT).findings[0].figures
    assert figures["lower"] == lower_bound(difference, rows[2], 0.05) > 0
    exact = figures["effective_rows"]
    assert exact == pytest.approx(np.abs(difference).sum() ** 2 / (difference**2).sum())
    for least, status in ((exact, Status.FAIL), (exact * 1.001, Status.INSUFFICIENT)):
        project = Project.model_validate(plain(gates={"discordant_events": least}))
        assert versus_previous(champion, previous, project).findings[0].status is status


def test_a_champion_may_be_degraded_where_the_pair_proves_nothing():
    """Its own reference is enough for that, and not for more; the other one's limits are not asked for."""
    many = Project.model_validate(plain(gates={"discordant_events": 100_000}))
    previous = version(6, ELSEWHERE, KNOWN)
    dear = Contender(6, previous.scored, reference_chunks(scored(world(6_000, seed=4, off=3.0), 0, 0)))
    found = versus_previous(version(7, ELSEWHERE, KNOWN, noise=2.0), dear, many)
    assert (found.findings[0].status, found.answer) == (Status.INSUFFICIENT, "champion degraded")
    few = Contender(6, scored(NOW, 0, 0), reference_chunks(scored(KNOWN, 0, 0), 1_000))
    found = versus_previous(version(7, NOW, KNOWN), few, PROJECT)
    assert (found.findings[1].status, found.answer) == (Status.INSUFFICIENT, "neither")


@pytest.mark.parametrize(("value", "sound"), [(0.0, True), (1.0, True), (-1e-9, False), (1 + 1e-9, False)])
@pytest.mark.parametrize("whose", ["champion", "previous version"])
def test_a_probability_lies_between_0_and_1(value, sound, whose, wording):
    """Both ends are probabilities."""
    pair = [version(7, NOW, KNOWN), version(6, NOW, KNOWN, noise=0.3)]
    pair[whose != "champion"].scored.decision.probability[3:5] = value
    found = versus_previous(*pair, PROJECT)
    assert (found.answer == "neither") == sound
    wording(*(found.findings if not sound else ()))


def test_what_the_comparison_says(wording):
    """Check, subject, status and sentence of each kind of answer."""
    rows = world(1_000, seed=5, clusters=1_000)
    pair = version(7, rows, KNOWN, noise=2.0), version(6, rows, KNOWN)
    day = [
        Contender(one.version, replace(one.scored, cluster=np.zeros(1_000, int)), one.reference)
        for one in pair
    ]
    many = Project.model_validate(plain(gates={"discordant_events": 100_000}))
    answers = {
        "loses": versus_previous(*pair, PROJECT),
        "the other way round": versus_previous(*pair[::-1], PROJECT),
        "too few rows that cost differently": versus_previous(*pair, many),
        "a single day": versus_previous(*day, PROJECT),
        "both degraded": versus_previous(version(7, ELSEWHERE, KNOWN), version(6, ELSEWHERE, KNOWN), PROJECT),
        "other rows": versus_previous(Contender(7, scored(NOW, 0, 0), pair[0].reference), pair[1], PROJECT),
        "nothing before": versus_previous(pair[0], None, PROJECT),
        "damaged": versus_previous(pair[0], None, PROJECT, refusal="its file is damaged"),
    }
    said = [[f"{name}: {answer.answer}", *answer.findings] for name, answer in answers.items()]
    wording(*(one for parts in said for one in parts))
    assert (
        answers["loses"].paired.difference.value > 0 > answers["the other way round"].paired.difference.value
    )
