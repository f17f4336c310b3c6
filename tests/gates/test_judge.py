"""Judging: every opponent by its own rule on the same rows, and no champion is skipped."""

from dataclasses import replace

import numpy as np
import pytest

from logitgate.data.sampling.row_hashes import FittedRows, row_hashes
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import DecisionRule
from logitgate.errors import DataError
from logitgate.evaluation.comparisons.comparison import paired
from logitgate.evaluation.comparisons.mcnemar import McNemar
from logitgate.evaluation.intervals import mean_interval
from logitgate.evaluation.metrics import log_losses
from logitgate.evaluation.ranking.delong import delong
from logitgate.evaluation.sample_size import learning
from logitgate.findings import Status, Verdict
from logitgate.gates.contest import Opponents, head_to_head
from logitgate.gates.evidence import Evidence
from logitgate.gates.judge import compare_briefly, judge_model
from logitgate.gates.rules.alpha_spending import spent
from logitgate.gates.rules.head_to_head import HeadToHead, Lane, comparison_findings, harm_rule
from logitgate.model.model import Model
from logitgate.model.recipes.baselines import LINEAR, PRIOR, SEARCH
from logitgate.model.recipes.submission import Step, Submission
from logitgate.project.data import FeaturesConfig
from tests.gates.columns import FIFTH, NOTHING, PLAIN, PROJECT, challenging, judged_rows, model, project

DEAR = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=100)


@pytest.fixture(scope="module")
def held_out():
    """The rows that all models are judged on."""
    return judged_rows()


def judged(challenger, rows, declared=PROJECT, by=judge_model, **opponents):
    """Judge and return the findings by check and subject, beside the judgement."""
    own = {name: opponents.pop(name) for name in ("fitted_on", "recipe", "last") if name in opponents}
    known = {"champion_rows": NOTHING} | opponents
    begun = Evidence(declared, rows.frame, challenger=challenging(challenger, rows, **own))
    found = by(begun, Opponents(**known))
    return {(one.check, one.subject): one for one in found.findings}, found


def decided(challenger, rows, declared=PROJECT, **opponents):
    """Return the findings that decide, by check and subject; what only informs is left out."""
    return judged(challenger, rows, declared, compare_briefly, **opponents)[0]


@pytest.fixture(scope="module")
def first(held_out):
    """The judgement of a good model before the first release."""
    return judged(model("sharp"), held_out)


@pytest.fixture(scope="module")
def better(held_out):
    """The judgement of a good model beside a worse champion."""
    return judged(model("sharp"), held_out, champion=model("blurred"), version=4)


def test_a_good_model_is_released_first(first):
    """Without a champion the rules that need no model decide, no version is named and nothing compared."""
    findings, found = first
    assert Verdict(found.findings).status is Status.PASS
    assert [subject for check, subject in findings if check == "champion"] == ["first release"]
    assert found.judged.champion_version is None
    checks = {"baselines", "calibration", "champion", "costs", "slices", "rows", "self-test", "weak slices"}
    assert {one.check for one in found.findings} == checks
    assert {("baselines", name) for name in ("flag-none", "flag-all", "log loss")} <= findings.keys()
    assert ("baselines", "last block") not in findings, "rows without time have none"
    assert [part.name for part in found.judged.slices] == ["g = a", "g = b"]
    tables = {table.name: table.rows for table in found.exhibits}
    assert [row["slice"] for row in tables["calibration-slices"]] == ["g = a", "g = b"]
    assert {"calibration", "calibration-near-threshold"} <= tables.keys() and "champion" not in tables


@pytest.mark.parametrize(
    ("choice", "earlier", "alpha"),
    [("blurred", 0, 0.0375), ("blurred", 2, 0.00625), ("flat", 0, 0.00625), ("flat", 1, 0.00625 / 3)],
)
def test_a_recipe_is_asked_at_the_level_that_it_was_submitted_at(held_out, choice, earlier, alpha):
    """Plain linear has the share of the choice whose place it took where that one is proven, else its own."""
    compared = paired(
        *(model(name).score(held_out, PROJECT.costs.matrix) for name in (choice, "sharp")), 0.05
    )
    submission = Submission(LINEAR, (Step(SEARCH, LINEAR, compared, taken=True),))
    simpler = {PRIOR: model("flat"), SEARCH: model(choice)}
    begun = challenging(model("sharp"), held_out, simpler, submission=submission)
    found = judge_model(
        Evidence(PROJECT, held_out.frame, challenger=begun), Opponents(earlier_decisions=earlier)
    )
    figures = {(one.check, one.subject): one.figures for one in found.findings}
    assert figures["baselines", "flag-none"]["alpha"] == pytest.approx(alpha)
    assert figures["rows", "test window"]["alpha_of_rules"] == pytest.approx(alpha)


def test_miscalibration_of_a_slice_is_warned_of(held_out, wording):
    """It is found by the judgement itself and stops nothing on its own."""
    findings, _ = judged(model("turned"), held_out)
    assert findings["calibration", "slices"].status is Status.WARN
    wording(findings["calibration", "slices"])


def test_a_model_does_not_beat_itself(held_out):
    """The same decisions are no gain."""
    findings, found = judged(model("sharp"), held_out, champion=model("sharp"), version=4)
    assert Verdict(found.findings).status.stops
    assert findings["champion", "version 4"].status is Status.FAIL
    assert findings["champion", "version 4: events decided differently"].status is Status.INDETERMINATE


def test_a_worse_model_fails(held_out):
    """What the sharp champion does better is proven, and slices say where."""
    findings = decided(model("turned"), held_out, champion=model("sharp"), version=4)
    assert findings["champion", "version 4"].status is Status.FAIL
    assert findings["slices", "g = b"].status is Status.FAIL
    assert findings["slices", "g = a"].status is Status.PASS
    assert findings["slices", "g = a"].figures["difference"] == 0.0


def test_a_better_model_beats_the_champion(held_out, better, wording):
    """The gain over the blurred champion is proven; slices are compared with it, or with the better rule."""
    findings, found = better
    assert Verdict(found.findings).status is Status.PASS
    assert findings["champion", "version 4"].status is Status.PASS
    assert found.judged.champion_version == 4
    wording(decided(model("turned"), held_out)["slices", "g = b"], findings["slices", "g = a"])


@pytest.mark.parametrize(
    ("rule", "costs", "threshold"),
    [
        (DecisionRule("flag-none"), PROJECT.costs.matrix, np.inf),
        (DecisionRule("flag-all"), PROJECT.costs.matrix, -np.inf),
        (DecisionRule("constant", 0.7), PROJECT.costs.matrix, 0.7),
        (DecisionRule("per-row"), DEAR, 0.01),
    ],
    ids=str,
)
def test_the_champion_decides_by_its_own_rule_and_costs(rule, costs, threshold, held_out):
    """By its own column, threshold and costs; what that costs is what the project says now."""
    champion = model("blurred", rule, costs)
    findings, found = judged(model("sharp"), held_out, champion=champion, version=4)
    cost = found.judged.scored.costs.of(held_out.y, (held_out.frame["blurred"] >= threshold).to_numpy())
    difference = findings["champion", "version 4"].figures["difference"]
    assert difference == pytest.approx(float((found.judged.scored.cost - cost).mean()), abs=1e-12)


class Refuses:
    """Stands for preprocessing that cannot read the rows."""

    def __init__(self, error):
        self.error = error

    def predict_proba(self, frame):
        """Refuse."""
        raise self.error


READS_GONE = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative="gone")


def refusing(error):
    """Return a model whose preprocessing raises an error."""
    return Model(Refuses(error), FIFTH, PROJECT.costs.matrix, FeaturesConfig(numeric=("g",)))


@pytest.mark.parametrize(
    "champion",
    [
        *(model("gone"), model("sharp", costs=READS_GONE)),
        *map(refusing, (DataError("x", "rule", "remedy"), ValueError("'Smith'"), TypeError("'Smith'"))),
    ],
    ids=["feature", "cost column", "refusal", "value", "type"],
)
def test_a_champion_that_cannot_be_scored_stops(champion, held_out, wording):
    """It is INDETERMINATE with the reason, without a cell's value; slices then look at the better rule."""
    findings, found = judged(model("sharp"), held_out, champion=champion, version=4)
    unjudged = findings["champion", "version 4"]
    assert unjudged.status is Status.INDETERMINATE
    assert "Smith" not in unjudged.because
    assert Verdict(found.findings).status is Status.INDETERMINATE
    assert found.judged.champion_version == 4
    wording(unjudged, findings["slices", "g = a"])


def test_a_champion_that_could_not_be_loaded_stops(held_out, wording):
    """A refusal of the loader is passed on, and is no first release."""
    findings, found = judged(model("sharp"), held_out, version=4, refusal="its file is damaged")
    assert findings["champion", "version 4"].status is Status.INDETERMINATE
    assert ("champion", "first release") not in findings
    assert found.judged.champion_version == 4
    wording(findings["champion", "version 4"])


def test_a_constant_model_is_stopped(held_out):
    """One probability for all rows flags none or all, and beats neither of both."""
    findings, found = judged(model("flat"), held_out)
    statuses = [findings["baselines", name].status for name in ("flag-none", "flag-all")]
    assert Status.FAIL in statuses or Status.INDETERMINATE in statuses
    assert Verdict(found.findings).status.stops
    assert findings["baselines", "log loss"].status is Status.WARN
    assert findings["calibration", "slope"].status.stops


@pytest.mark.parametrize(("shift", "status"), [(0.0, Status.PASS), (0.03, Status.FAIL)])
def test_the_newest_block_has_a_veto(shift, status, held_out):
    """Where the last block alone is dearer than the better rule, the pooled proof is not enough."""
    last = np.arange(6000) >= 5400
    sharp = held_out.frame["sharp"]
    turned = sharp.where(~last, 1 - sharp) if shift else sharp
    rows = replace(held_out, frame=held_out.frame.assign(sharp=turned))
    findings = decided(model("sharp"), rows, last=last)
    assert findings["baselines", "flag-none"].status is Status.PASS
    assert findings["baselines", "flag-all"].status is Status.PASS
    got = findings["baselines", "last block"]
    assert (got.status, got.figures["n"]) == (status, 600)


REFRESH = {"recipe": "ours", "champion_recipe": "ours", "version": 4}


def test_the_same_recipe_refreshes_without_a_proof(held_out):
    """Its own twin passes in the lane of refreshes, and is refused in that of new recipes."""
    findings, found = judged(model("sharp"), held_out, champion=model("sharp"), **REFRESH)
    assert found.judged.lane is Lane.REFRESH
    assert findings["champion", "version 4"].status is Status.PASS
    assert findings["champion", "version 4"].figures["lane"] == "refresh"
    assert findings["champion", "lane"].figures["champion_recipe"] == "ours"
    for other in ("theirs", ""):
        known = REFRESH | {"champion_recipe": other}
        findings, found = judged(model("sharp"), held_out, champion=model("sharp"), **known)
        assert found.judged.lane is Lane.NEW_RECIPE
        assert findings["champion", "version 4"].status.stops


@pytest.mark.parametrize(
    ("rule", "challenger", "stops"),
    [
        ("not worse", "sharp", False),
        ("better", "sharp", True),
        ("proven", "sharp", True),
        ("not worse", "blurred", True),
        ("better", "blurred", True),
    ],
)
def test_refreshes_follow_the_projects_rule(rule, challenger, stops, held_out):
    """Against itself: not worse, yet neither better nor proven; a worse model passes none of them."""
    declared = project(gates={"refresh": rule})
    findings = decided(model(challenger), held_out, declared, champion=model("sharp"), **REFRESH)
    assert findings["champion", "version 4"].status.stops is stops
    assert (("champion", "version 4: events decided differently") in findings) is (rule == "proven")


@pytest.mark.parametrize(
    ("champion", "status"),
    [
        (None, "FAIL"),
        ("sharp", "FAIL"),
        ("tripled", "WARN"),
        ("doubled", "WARN"),
        ("fallen", "WARN"),
        ("flat", "WARN"),
    ],
)
def test_a_miscalibrated_challenger_is_stopped_only_where_it_is_worse_than_the_champion(
    champion, status, held_out
):
    """Twice too sure fails alone and beside a right champion; beside one that is as far off it warns.

    One that is upside down is not taken for calibrated; one that knows nothing is, and has a higher log loss.
    """
    opponents = {} if champion is None else {"champion": model(champion), **REFRESH}
    findings = decided(model("doubled"), held_out, **opponents)
    assert findings["calibration", "slope"].status.value == status
    if status == "WARN":
        assert findings["calibration", "beside version 4"].status is Status.PASS


def test_a_contest_without_a_version_is_a_first_release(held_out):
    """Whatever stands beside it; its decision is the first one on its rows."""
    ours, theirs = (model(name).score(held_out, PROJECT.costs.matrix) for name in ("doubled", "tripled"))
    contest = HeadToHead(ours, {}, {}, theirs, untouched=np.ones(6000, dtype=bool))
    assert contest.alpha(PROJECT) == spent(PROJECT.gates.alpha, 1)
    statuses = {(one.check, one.subject): one.status for one in comparison_findings(contest, PROJECT)}
    assert statuses["calibration", "slope"] is Status.FAIL
    assert statuses["champion", "first release"] is Status.PASS


@pytest.mark.parametrize(
    ("opponents", "status"),
    [
        (REFRESH, Status.WARN),
        (REFRESH | {"champion_recipe": "another"}, Status.FAIL),  # a gain is asked over all rows
        (REFRESH | {"last": None}, Status.FAIL),
    ],
)
def test_a_refresh_is_compared_in_calibration_on_the_newest_block(held_out, opponents, status):
    """Earlier blocks were judged by fits that knew less than the champion; in the newest one it is worse."""
    newest = np.arange(6000) >= 5_000
    sharp, tripled = held_out.frame["sharp"], held_out.frame["tripled"]
    columns = {"fresh": sharp.where(newest, tripled), "stale": tripled.where(newest, sharp)}
    rows = replace(held_out, frame=held_out.frame.assign(**columns))
    findings = decided(model("fresh"), rows, champion=model("stale"), **{"last": newest} | opponents)
    assert findings["calibration", "slope"].status is status


def test_too_few_events_cannot_judge_calibration(held_out):
    """Nineteen events, or nineteen other rows, are INDETERMINATE."""
    events, others = (np.flatnonzero(held_out.y == value) for value in (1, 0))
    for kept in ((events[:19], others[:200]), (events[:200], others[:19])):
        findings = decided(model("sharp"), held_out.take(np.concatenate(kept)))
        assert findings["calibration", "events"].status is Status.INDETERMINATE
        assert ("calibration", "slope") not in findings


def test_each_simpler_model_stands_in_the_table(first):
    """With its own figures, and differences whose signs agree with the gates'."""
    _, found = first
    table = next(one for one in found.exhibits if one.name == "baselines")
    own, prior, linear = table.rows
    assert [row["model"] for row in table.rows] == ["the model", PRIOR, LINEAR]
    for row in (prior, linear):
        assert row["cost_difference"] == pytest.approx(own["cost"] - row["cost"])
        assert row["savings_difference"] == pytest.approx(own["savings"] - row["savings"])
        assert row["log_loss_difference"] == pytest.approx(own["log_loss"] - row["log_loss"])
        assert row["auc_difference"] == pytest.approx(own["auc"] - row["auc"])
        for figure in ("cost", "savings", "log_loss", "auc"):
            low, high = (row[f"{figure}_difference_{side}"] for side in ("low", "high"))
            assert low < row[f"{figure}_difference"] < high
    assert own["savings"] == pytest.approx(found.judged.evaluation.savings.value)
    assert own["auc"] == pytest.approx(found.judged.evaluation.auc.value)


def test_clusters_weaken_every_proof(held_out, better):
    """The same rows from one single entity prove nothing; beside the plain test stands a clustered one."""
    one = replace(held_out, cluster=np.zeros(6000, dtype=np.int64))
    findings = decided(model("sharp"), one, champion=model("blurred"), version=4)
    for check in (("baselines", "flag-none"), ("baselines", "flag-all"), ("champion", "version 4")):
        assert findings[check].status is Status.INDETERMINATE
    day = np.repeat(np.arange(300), 20)
    found = judged(model("sharp"), replace(held_out, cluster=day), champion=model("blurred"), version=4)[1]
    scores = [held_out.frame[name].to_numpy() for name in ("sharp", "blurred")]
    assert exhibit(found)["AUC (DeLong, clustered)"]["statistic"] == delong(held_out.y, *scores, day).z
    assert "AUC (DeLong, clustered)" not in exhibit(better[1])


@pytest.mark.parametrize(
    ("name", "challenger", "status"),
    [
        ("g = a", "sharp", Status.PASS),
        ("g = b", "turned", Status.FAIL),
        ("g = b", "sharp", Status.PASS),
        ("g = c", "sharp", Status.INDETERMINATE),
    ],
)
def test_critical_slices_are_judged_at_their_own_margins(name, challenger, status, held_out):
    """Proven, disproven, or absent from the judged rows; the margin is a share of the reference's cost."""
    declared = project(slices=PLAIN["slices"] | {"critical": {name: 0.05}})
    found = judged(model(challenger), held_out, declared, champion=model("blurred"), version=4)[1]
    (finding,) = (one for one in found.findings if one.check == "critical slices")
    assert (finding.subject, finding.status) == (name, status)
    champion = found.judged.scored.costs.of(held_out.y, (held_out.frame["blurred"] >= 0.2).to_numpy())
    assert finding.figures["margin"] == pytest.approx(0.05 * champion.mean(), rel=1e-12)


def test_a_critical_slice_with_too_few_rows_stops(held_out):
    """Where any other slice would be INSUFFICIENT and pass by."""
    slices = PLAIN["slices"] | {"critical": {"g = b": 0.05}, "minimum_rows": 2000}
    findings = decided(model("sharp"), held_out, project(slices=slices))
    assert findings["slices", "g = b"].status is Status.INSUFFICIENT
    assert findings["critical slices", "g = b"].status is Status.INDETERMINATE


def fitted_on(rows, positions):
    """Return the rows at these positions as rows that a model was fitted on."""
    return FittedRows.of([rows.take(np.asarray(positions))], PROJECT)


@pytest.mark.parametrize("whose", ["fitted_on", "champion_rows"])
def test_rows_that_either_was_fitted_on_are_left_out(whose, held_out):
    """The comparison is that of the other rows alone, and the words count those that are missing."""
    fitted_rows = fitted_on(held_out, range(0, 6000, 3))
    opponents = {"champion": model("blurred"), "version": 4, "recipe": "", "fitted_on": NOTHING}
    opponents |= {whose: fitted_rows}
    findings, found = judged(model("sharp"), held_out, **opponents)
    rest = held_out.take(np.arange(6000) % 3 > 0)
    alone = decided(model("sharp"), rest, champion=model("blurred"), version=4)
    for subject in ("version 4", "version 4: events decided differently", "version 4: size of the gain"):
        assert findings["champion", subject] == alone["champion", subject]
    got = findings["champion", "version 4: rows left out"]
    assert got.status is Status.PASS
    assert (got.figures["left_out"], got.figures["n"]) == (2000, 4000)
    assert findings["baselines", "flag-none"].figures["n"] == 6000
    gain = findings["champion", "version 4"].figures["difference"]
    assert exhibit(found)["cost per row"]["difference"] == gain


@pytest.mark.parametrize("kept", [0, 60, 199])
def test_too_few_untouched_rows_cannot_tell(kept, held_out, wording):
    """Nothing, or less than a slice must have: INDETERMINATE, however large the gain."""
    least = project(slices={"minimum_rows": 200})
    known = fitted_on(held_out, range(kept, 6000))
    found = judged(
        model("sharp"), held_out, least, champion=model("blurred"), version=4, champion_rows=known
    )[1]
    (only,) = [one for one in found.findings if one.check == "champion" and one.subject != "lane"]
    assert only.status is Status.INDETERMINATE
    assert only.figures["left_out"] == 6000 - kept
    wording(only)


@pytest.mark.parametrize(
    "unknown",
    [
        {"champion_rows": None},
        {"recipe": "", "fitted_on": None},
        {"champion_rows": FittedRows("1: id, at", np.empty(0, dtype=np.uint64))},
        {"champion_rows": FittedRows("0: id", np.empty(0, dtype=np.uint64))},
    ],
)
def test_a_champion_whose_rows_are_unknown_is_not_compared(unknown, held_out):
    """No hashes, or hashes over other columns: INDETERMINATE with the way out, and no exhibit."""
    findings, found = judged(model("sharp"), held_out, champion=model("blurred"), version=4, **unknown)
    got = findings["champion", "version 4: rows left out"]
    assert got.status is Status.INDETERMINATE
    assert ("champion", "version 4") not in findings
    assert "champion" not in {one.name for one in found.exhibits}


@pytest.mark.parametrize(("champion", "alpha"), [(None, 0.0375), ("blurred", 0.025)])
def test_wrong_costs_are_asked_of_the_proof_that_decides(first, better, champion, alpha):
    """Against the better rule at three quarters of alpha, against a champion at the first recipe's half."""
    findings, found = first if champion is None else better
    (table,) = (one for one in found.exhibits if one.name == "cost-sensitivity")
    (reference,) = (subject for check, subject in findings if check == "costs")
    gate = findings["baselines", reference] if champion is None else findings["champion", "version 4"]
    assert gate.figures["alpha"] == pytest.approx(alpha)
    assert table.rows[0]["upper"] == pytest.approx(gate.figures["upper"], rel=1e-9)


@pytest.mark.parametrize(("recipe", "asked"), [("ours", []), ("another", ["proof against the champion"])])
def test_missing_rows_are_counted_for_the_proof_that_is_asked(held_out, recipe, asked):
    """A refresh owes no proof of a gain; a new recipe that is no better lacks one."""
    few = learning(6_000, 1_500, 3)
    begun = Evidence(PROJECT, held_out.frame, challenger=challenging(model("sharp"), held_out, learning=few))
    known = {"champion": model("sharp"), "version": 4, "champion_rows": NOTHING, "champion_recipe": recipe}
    found = judge_model(begun, Opponents(**known)).findings
    assert [one.subject for one in found if one.subject.startswith("proof against")] == asked


def test_further_decisions_on_the_same_rows_need_stronger_proofs(held_out):
    """The second recipe spends a sixth of alpha and says so; champion, rules and slices all follow."""
    bounds = []
    for earlier, share in ((0, 2), (1, 6), (4, 30)):
        opponents = {"champion": model("blurred"), "version": 4, "earlier_decisions": earlier}
        findings, _ = judged(model("sharp"), held_out, **opponents)
        got = findings["rows", "test window"]
        assert got.figures["decision"] == earlier + 1
        assert got.figures["alpha"] == pytest.approx(0.05 / share)
        names = (("champion", "version 4"), ("baselines", "flag-none"), ("baselines", "flag-all"))
        gated = [findings[name] for name in names]
        shares = [share, share / 1.5, share / 1.5]
        assert [one.figures["alpha"] for one in gated] == [pytest.approx(0.05 / one) for one in shares]
        bounds.append([one.figures["upper"] for one in (*gated, findings["baselines", "log loss"])])
    assert (np.diff(np.array(bounds), axis=0) > 0).all()


def test_a_reused_window_stops_a_gain_that_a_fresh_one_proves(held_out):
    """The very same figures: proven at the first decision, no longer at the thousandth."""
    slightly = DecisionRule("constant", 0.4)
    for earlier, proven in ((0, True), (1000, False)):
        few = held_out.take(np.arange(2600))
        opponents = {"champion": model("sharp", slightly), "version": 4, "earlier_decisions": earlier}
        findings = decided(model("sharp"), few, **opponents)
        assert (findings["champion", "version 4"].status is Status.PASS) is proven


def test_a_gain_that_is_too_good_is_looked_into(held_out, wording):
    """More than the declared share of the champion's cost is INDETERMINATE; a raised key lets it pass."""
    reckless, said = model("sharp", DecisionRule("flag-all")), []
    for limit, status in ((0.2, Status.INDETERMINATE), (0.9, Status.PASS)):
        declared = project(gates={"suspicious_gain": limit})
        found = judged(model("sharp"), held_out, declared, champion=reckless, version=4)[1]
        (got,) = [one for one in found.findings if one.subject == "version 4: size of the gain"]
        assert got.status is status
        assert (got.figures["gain"] > got.figures["limit"]) is status.stops
        said.append(got)
    wording(*said)


def exhibit(found):
    """Return the rows of the exhibit `champion` by their figure."""
    (shown,) = [one for one in found.exhibits if one.name == "champion"]
    return {row["figure"]: row for row in shown.rows}


def test_the_exhibit_sets_both_side_by_side(held_out, better):
    """Costs, flips, log loss, DeLong and McNemar, as the functions behind them say."""
    _, found = better
    shown = exhibit(found)
    blurred, sharp = (held_out.frame[name].to_numpy() for name in ("blurred", "sharp"))
    ranks, got = delong(held_out.y, sharp, blurred), shown["AUC (DeLong)"]
    assert (got["statistic"], got["p_value"]) == (ranks.z, ranks.p_value)
    assert (got["challenger"], got["champion"]) == (ranks.first, ranks.second)
    right = [(score >= 0.2) == (held_out.y == 1) for score in (sharp, blurred)]
    only = [int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())]
    assert [shown[f"only the {name} is right"]["rows"] for name in ("challenger", "champion")] == only
    assert shown["share decided rightly (McNemar)"]["statistic"] == McNemar(*only).chi_squared
    assert shown["share decided rightly (McNemar, corrected)"]["p_value"] == McNemar(*only).p_corrected
    assert shown["share decided rightly (McNemar, exact)"]["p_value"] == McNemar(*only).p_exact
    losses = [log_losses(held_out.y, score) for score in (sharp, blurred)]
    interval = mean_interval(losses[0] - losses[1])
    assert [shown["log loss"][f"difference{end}"] for end in ("", "_low", "_high")] == [*interval]
    cost = shown["cost per row"]
    assert cost["difference"] == pytest.approx(cost["challenger"] - cost["champion"])
    flips = [shown[f"newly {name}"] for name in ("flagged", "passed")]
    assert sum(one["rows"] for one in flips) == ((sharp >= 0.2) != (blurred >= 0.2)).sum()
    assert sum(one["cost"] for one in flips) == pytest.approx(6000 * cost["difference"])
    assert shown["events that cost differently (effective)"]["difference"] > 100


def test_a_diagnostic_never_gates(held_out):
    """A champion that ranks as well and decides worse is beaten, although AUC and log loss see nothing."""
    findings, found = judged(
        model("sharp"), held_out, champion=model("sharp", DecisionRule("constant", 0.7)), version=4
    )
    assert exhibit(found)["AUC (DeLong)"]["p_value"] == 1.0
    assert exhibit(found)["log loss"]["difference"] == 0.0
    assert findings["champion", "version 4"].status is Status.PASS


def test_the_order_of_the_rows_does_not_matter(held_out):
    """Rows, hashes and outcomes move together."""
    fitted_rows = fitted_on(held_out, range(1000))
    order = np.random.default_rng(5).permutation(6000)
    assert set(row_hashes(held_out.take(order))) == set(row_hashes(held_out))
    opponents = {"champion": model("blurred"), "version": 4, "champion_rows": fitted_rows}
    one, two = (judged(model("sharp"), rows, **opponents)[1] for rows in (held_out, held_out.take(order)))
    for figure, row in exhibit(one).items():
        for name, value in row.items():
            other = exhibit(two)[figure][name]
            assert other == (value if isinstance(value, str) else pytest.approx(value, rel=1e-9))


def test_later_decisions_let_no_more_harm_through(held_out):
    """A proof that a slice is unharmed grows dearer with each decision, a proof of harm does not."""
    first = head_to_head(challenging(model("sharp"), held_out), Opponents(), PROJECT)
    tenth = replace(first, decision=10)
    rules = harm_rule(first, PROJECT), harm_rule(tenth, PROJECT)
    assert [rule.alpha for rule in rules] == [PROJECT.gates.alpha] * 2
    assert [rule.bound_alpha for rule in rules] == [one.alpha(PROJECT) for one in (first, tenth)]
    assert rules[1].bound_alpha < rules[0].bound_alpha
