"""The lab's values: nine failures that their gates refuse, wrong orders that cost, rows without ids."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import logitgate as lg
from logitgate.catalogue import Check
from logitgate.errors import RefusedError
from logitgate.findings import Status
from logitgate.gates.evidence import Evidence
from logitgate.lab.drill import at_prevalence
from logitgate.lab.failures.all_failures import failures
from logitgate.lab.lab import lab_of
from logitgate.lab.material import Material, rounded
from logitgate.lab.order import STEPS
from logitgate.lab.page import page
from logitgate.pages.explorer import ExplorerGroups, explored
from tests import projects


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The visits."""
    return lg.load_project(projects.write(tmp_path_factory.mktemp("lab"), projects.table()))


@pytest.fixture(scope="module")
def evidence(project):
    """What a training has learned of them."""
    from logitgate.gates.training import learn_model
    from logitgate.interface.training import checked

    return learn_model(checked(project, None, None)[0])


@pytest.fixture(scope="module")
def lab(evidence):
    """Their lab."""
    return lab_of(evidence)


def test_each_failure_is_refused_by_its_gate(lab):
    """Nine failures, and each gate says no with figures; no two of them are the same."""
    assert len({one.name for one in lab.failures}) == 9
    assert repr(lab) == "<Lab of visits: 2,370 judged rows, 9 of 9 failures refused>"
    for one in lab.failures:
        assert one.is_caught, one.name
        assert all(finding.check is one.gate for finding in one.findings)
        assert one.findings[0].status is Status.FAIL
        assert [metric.name for metric in one.plain] == ["accuracy", "AUC", "log loss", "cost per row"]


def test_the_plain_metrics_do_not_show_them(lab):
    """A leak makes all of them better, doubled log-odds leave AUC alone, and a blind slice still saves."""
    found = {one.name: {metric.name: metric for metric in one.plain} for one in lab.failures}
    leak = found["Label leak"]
    assert leak["AUC"].after > leak["AUC"].before
    assert leak["cost per row"].after < leak["cost per row"].before
    spread = found["Miscalibration"]["AUC"]
    assert spread.after == pytest.approx(spread.before, abs=1e-12)
    (average,) = (one for one in lab.failures if one.name == "Misleading average over slices")
    assert Check.BASELINES not in average.others
    assert found["NaN score"]["AUC"].after is None


def test_without_a_time_the_unit_breaks_in_production(evidence, project):
    """The same failure is then found as drift of a window."""
    timeless = replace(
        evidence, blocks=replace(evidence.blocks, sample=replace(evidence.blocks.sample, time=None))
    )
    found = {one.name: one for one in failures(Material.of(timeless))}
    assert found["Changed units"].gate is Check.DRIFT
    assert found["Changed units"].is_caught


def test_a_walk_adds_up(lab, evidence):
    """Intercept and parts are the log-odds, whose sigmoid is the probability that is compared."""
    assert len(lab.score.walks) >= 8
    for walk in lab.score.walks:
        total = walk.intercept + sum(one.adds for one in walk.parts)
        assert total == pytest.approx(walk.log_odds, abs=1e-9)
        assert 1 / (1 + np.exp(-walk.log_odds)) == pytest.approx(walk.probability, abs=1e-12)
        assert walk.flagged == (walk.probability >= walk.threshold)
        assert {one.feature for one in walk.inputs} == set(evidence.project.features.all)
    said = [one.probability for one in lab.score.walks]
    assert said == sorted(said)


def test_boundaries_are_sums_of_two_curves(lab):
    """Each form was fitted, and the closed one has its extreme inside, in both directions."""
    assert [one.kind for one in lab.planes[0].surfaces][-1] == "closed (circle)"
    for plane in lab.planes:
        assert not any(one.why for one in plane.surfaces)
        straight = np.diff(plane.surfaces[0].first)
        np.testing.assert_allclose(straight, straight[0])
        for curve in (plane.surfaces[-1].first, plane.surfaces[-1].second):
            bends = np.diff(curve, 2)
            assert (bends > 0).all() or (bends < 0).all()


def test_the_minima_are_minima(lab):
    """No step to a side is lower, and a weaker penalty lets separated coefficients grow."""
    for rows in lab.cost_function.sets:
        x, sign = np.array(rows.x), np.where(rows.event, 1, -1)
        for one in rows.minima:
            w = np.array(one.weights)

            def loss(at, x=x, sign=sign, C=one.C):
                return np.logaddexp(0, -sign * (x @ at)).sum() + at @ at / (2 * C)

            assert all(loss(w) <= loss(w + step) for step in ([1e-3, 0], [-1e-3, 0], [0, 1e-3], [0, -1e-3]))
    lengths = [np.hypot(*one.weights) for one in lab.cost_function.sets[1].minima]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 5 * lengths[1]


def test_each_wrong_order_costs_what_it_says(lab):
    """What is claimed is better than what is true, or the wrong order is dearer; all steps are met."""
    found = {(one.first, one.then): one for one in lab.order}
    for pair in (("split", "fit"), ("split", "recalibrate"), ("split", "threshold")):
        assert found[pair].wrong < found[pair].right
    for pair in (
        ("contract", "fit"),
        ("recalibrate", "threshold"),
        ("threshold", "judge"),
        ("judge", "promote"),
    ):
        assert found[pair].wrong > found[pair].right
    assert all(one.is_shown for one in lab.order if one.measure)
    places = {step.key: place for place, step in enumerate(STEPS)}
    assert all(places[one.first] < places[one.then] for one in lab.order)
    assert {key for pair in found for key in pair} == set(places)


def test_the_right_order_is_the_only_one_that_breaks_nothing_but_the_contracts_place(lab):
    """Each neighbouring pair but contract and split is asked for, so every other order breaks something."""
    pairs = {(one.first, one.then) for one in lab.order}
    keys = [step.key for step in STEPS]
    assert set(pairwise(keys[1:])) <= pairs


def test_weights_shift_probabilities_and_not_the_order(lab):
    """The heavier an event, the larger the probabilities; AUC stays, and a moved threshold mends the cost."""
    weights = lab.drill.weights
    said = [one.mean_probability for one in weights]
    assert said == sorted(said)
    assert max(abs(one.auc - weights[0].auc) for one in weights) < 0.01
    assert weights[-1].cost_moved < weights[-1].cost


def test_over_fitting_shows(lab):
    """The learned rows' loss falls with C; the other rows' does not follow to the end."""
    learned, judged = (
        [getattr(one, name) for one in lab.drill.over_fitting.penalties] for name in ("learned", "judged")
    )
    assert learned == sorted(learned, reverse=True)
    assert judged[-1] > min(judged)


def test_the_share_of_these_rows_changes_nothing(lab):
    """At their own share of events the figures are the explorer's, and the correction does nothing."""
    groups: ExplorerGroups = lab.drill.groups
    share = sum(groups.events) / (sum(groups.events) + sum(groups.others))
    found, point = at_prevalence(groups, lab.drill.own, share), explored(groups, lab.drill.own)
    assert found.flag_rate == pytest.approx(point.flag_rate)
    assert found.cost == pytest.approx(point.cost)
    assert found.corrected_threshold == pytest.approx(lab.drill.own.threshold())
    rare = at_prevalence(groups, lab.drill.own, 0.02)
    assert rare.precision < found.precision
    assert rare.corrected_cost <= rare.cost


def test_questions_show_evidence(lab):
    """Each answer rests on figures, such as linear answers outside of 0 to 1."""
    found = {one.question: {figure.what: figure.value for figure in one.evidence} for one in lab.questions}
    assert found["Why not linear regression?"]["linear answers below 0 or above 1"] > 0
    meaning = found["What does .87 mean?"]
    assert meaning["share of events among them"] == pytest.approx(meaning["mean answer"], abs=0.15)


def test_no_identifier_is_on_the_page(lab, evidence):
    """No id, and only the day on which the unit changed; numbers in two digits."""
    text, sample = page(lab), evidence.learned.judged
    assert len(text.encode()) < 1_000_000
    assert not any(str(one) in text for one in sample.ids)
    (units,) = (one for one in lab.failures if one.name == "Changed units")
    assert {day for day in set(sample.frame["day"]) if day in text} == {units.findings[0].figures["since"]}
    for walk in lab.score.walks:
        for one in walk.inputs:
            if isinstance(one.value, float):
                assert one.value == rounded(np.array([one.value]), 2)[0]


def test_a_project_that_shows_no_rows_has_none_on_the_page(evidence):
    """`rows.explained = 0` leaves out walks, points and the rows of the cost function."""
    rows = evidence.project.rows.model_copy(update={"explained": 0})
    hidden = replace(evidence, project=evidence.project.model_copy(update={"rows": rows}))
    found = lab_of(hidden)
    assert found.score.walks == ()
    assert found.cost_function is None
    assert all(one.points == () for one in found.planes)
    assert "shows no rows" in page(found)


def test_a_project_without_numbers_has_a_lab(tmp_path):
    """Failures are then made with a category; there is no boundary over two numbers."""
    features = {"numeric": None, "categorical": ["side"]}
    found = lg.lab(lg.load_project(projects.write(tmp_path, projects.table(1_500), features=features)))
    assert len(found.failures) == 9
    (units,) = (one for one in found.failures if one.name == "Changed units")
    assert units.is_caught
    assert "behind each level" in units.done
    assert found.planes == ()
    assert "needs two numbers" in page(found)


def test_without_a_model_there_is_no_lab(project, evidence):
    """A training that ended early says why."""
    early = Evidence(project, evidence.frame, findings=())
    with pytest.raises(RefusedError, match="no model was fitted"):
        lab_of(early)
