"""`logitgate replay` on a small table with a planted break, beside an independent computation."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import logitgate as lg
from logitgate.project.operations.reactions import Reactions
from tests import projects
from tests.command import living_in, logitgate, opened

BREAK = datetime(2021, 8, 1, tzinfo=UTC)
DATES = [datetime(2021, month, 1, tzinfo=UTC) for month in (6, 7, 8, 9, 10)]
NAMES = {"none", "never", "always", "better", "proven", "gated", "oracle"}


def visits(*, recorded_wrong=False):
    """Return eight months of visits; from August on what made a visit bad makes it good.

    Or, where it is recorded wrong, the outcome itself is turned around: no training may learn that.
    """
    frame, rng = projects.table(5_000, days=240), np.random.default_rng(3)
    lift = 1.4 * frame["speed"] + 0.45 * (frame["load"] - 10) + 1.9 * frame["grip"]
    turned = 1.4 - lift if recorded_wrong else -1.4 - lift
    log_odds = np.where(frame["at"] >= BREAK, turned, lift - 1.4)
    return frame.assign(bad=np.where(rng.uniform(size=len(frame)) < 1 / (1 + np.exp(-log_odds)), "yes", "no"))


@pytest.fixture(scope="module")
def played(mlflow_template, tmp_path_factory):
    """The answer of the command, the project and the rows."""
    folder = tmp_path_factory.mktemp("replay")
    frame = visits()
    project = projects.write(folder / "visits", frame, split={"window": "90 days"}, search={"C": [1.0]})
    with living_in(folder / "home", mlflow_template) as home:
        answer = logitgate("replay", project, "--json")
        yield answer, lg.load_project(project), frame, opened(home), project


@pytest.fixture(scope="module")
def by_hand(played):
    """The cost of each row under each version and rule, with periods and days, from the rows alone."""
    _, project, frame, _, _ = played
    end = frame["at"].max()
    rows = frame[(frame["at"] >= DATES[0]) & (frame["at"] <= end - timedelta(days=1))].sort_values("at")
    event = (rows["bad"] == "yes").to_numpy()
    matrix = projects.PLAIN["costs"]
    cost = {
        flag: np.where(
            event,
            matrix["true_positive" if flag else "false_negative"],
            matrix["false_positive"] if flag else matrix.get("true_negative", 0),
        ).astype(float)
        for flag in (False, True)
    }
    period = np.searchsorted([pd.Timestamp(date) for date in DATES], rows["at"], side="right") - 1
    paid = {}
    for number, date in enumerate(DATES, 1):
        model = lg.train(project, frame, as_of=date).model
        p = model.predict_proba(rows)[:, 1]
        assert model.rule.name in ("constant", "per-row")
        bound = model.rule.value
        if bound is None:  # of Bayes, from the costs: flag where the expected cost is lower
            gain, loss = (
                cost_of(matrix, "false_negative", "true_positive"),
                cost_of(matrix, "false_positive", "true_negative"),
            )
            bound = loss / (loss + gain)
        paid[number] = np.where(p >= bound, cost[True], cost[False])
    return {
        "paid": paid,
        "none": cost[False],
        "all": cost[True],
        "period": period,
        "day": rows["day"].to_numpy(),
    }


def cost_of(matrix, above, below):
    """Return how much dearer one entry of the costs is than another."""
    return matrix[above] - matrix.get(below, 0)


def total(by_hand, versions):
    """Return the cost of each row when each period has its version."""
    return np.choose(by_hand["period"], [by_hand["paid"][number] for number in versions])


def clustered(difference, day):
    """Return the sum of a difference with its 95 % t interval over whole days."""
    n, (_, code) = len(difference), np.unique(day, return_inverse=True)
    sums = np.bincount(code, difference - difference.mean())
    groups = len(sums)
    reach = stats.t.ppf(0.975, groups - 1) * np.sqrt(groups / (groups - 1) * (sums**2).sum())
    return difference.sum(), difference.sum() - reach, difference.sum() + reach, n


def test_the_answer_has_the_declared_form(played):
    """Each policy once, by its name; every key of the format, at the right dates."""
    got = played[0].json
    assert {one["name"] for one in got["policies"]} == NAMES and len(got["policies"]) == len(NAMES)
    for one in got["policies"]:
        assert {"name", "cost", "per_row", "against_gated"} <= set(one)
        assert set(one["against_gated"]) == {"value", "low", "high"}
    assert {"policies", "releases", "reactions", "age", "alarms"} <= set(got)
    assert [datetime.fromisoformat(date) for date in got["dates"]] == DATES
    assert [datetime.fromisoformat(one["date"]) for one in got["releases"]] == DATES


def test_the_sums_are_those_of_an_independent_computation(played, by_hand):
    """Trained again at each date through the public interface, and added up by NumPy."""
    got = {one["name"]: one for one in played[0].json["policies"]}
    n = len(by_hand["period"])
    assert played[0].json["rows"] == n
    flags = min(by_hand["none"].sum(), by_hand["all"].sum())
    best = sum(
        min(by_hand["paid"][number][by_hand["period"] == now].sum() for number in range(1, now + 2))
        for now in range(len(DATES))
    )
    expected = {
        "none": flags,
        "never": by_hand["paid"][1].sum(),
        "always": total(by_hand, (1, 2, 3, 4, 5)).sum(),
        "oracle": best,
    }
    for name, cost in expected.items():
        assert got[name]["cost"] == pytest.approx(cost), name
        assert got[name]["per_row"] == pytest.approx(cost / n), name


def test_the_paired_intervals_are_those_of_whole_days(played, by_hand):
    """The held versions of the answer, paid by the independent costs."""
    got = {one["name"]: one for one in played[0].json["policies"]}
    gated = total(by_hand, got["gated"]["held"])
    assert got["gated"]["cost"] == pytest.approx(gated.sum())
    for name in ("never", "always", "better", "oracle"):
        value, low, high, _ = clustered(total(by_hand, got[name]["held"]) - gated, by_hand["day"])
        against = got[name]["against_gated"]
        assert (against["value"], against["low"], against["high"]) == pytest.approx((value, low, high)), name


def test_what_each_refusal_cost_adds_up_to_always(played, by_hand):
    """Period by period, a refused version against what decided in its place."""
    got = played[0].json
    policies = {one["name"]: one for one in got["policies"]}
    for now, (one, holder) in enumerate(zip(got["releases"], policies["gated"]["held"], strict=True)):
        assert one["version"] == now + 1 and one["released"] == (holder == one["version"])
        there = by_hand["period"] == now
        if not one["released"]:
            saved = by_hand["paid"][one["version"]][there].sum() - by_hand["paid"][holder][there].sum()
            assert one["saved"]["value"] == pytest.approx(saved) and one["reasons"]
    refused = sum(one["saved"]["value"] for one in got["releases"] if not one["released"])
    assert refused == pytest.approx(policies["always"]["against_gated"]["value"])


def test_the_break_is_found_in_its_month(played):
    """No alarm of calibration before it, one in the first window after it, and a retraining is asked for."""
    got = played[0].json
    checks = {
        datetime.fromisoformat(one["until"]): {each["check"] for each in one["checks"]}
        for one in got["alarms"]
    }
    before = [found for until, found in checks.items() if until <= BREAK]
    assert before and not any("calibration" in found for found in before)
    (first,) = [found for until, found in checks.items() if BREAK < until <= BREAK + timedelta(days=31)]
    assert "calibration" in first
    asked = [one for one in got["reactions"] if one["action"] == "retrain"]
    assert asked and all(datetime.fromisoformat(one["date"]) > BREAK for one in asked)
    assert all(0 < one["days"] <= 93 for one in asked)


def test_gates_that_cost_provably_more_exit_with_one(played):
    """Here they refuse the versions that know the break, and always retraining is proven cheaper."""
    answer = played[0]
    always = next(one for one in answer.json["policies"] if one["name"] == "always")
    assert answer.code == int(
        any(
            one["against_gated"]["high"] < 0
            for one in answer.json["policies"]
            if one["name"] not in ("gated", "oracle")
        )
    ), answer.everything
    assert (always["against_gated"]["high"] < 0) <= answer.code


def test_the_replay_is_kept_as_a_run_with_curves(played):
    """A point for each period of each policy; sums, tables and figures beside them."""
    answer, _, _, store, _ = played
    client = store.client
    (run,) = client.search_runs([client.get_experiment_by_name("visits-replay").experiment_id])
    assert run.data.tags["kind"] == "replay" and run.info.status == "FINISHED"
    for one in answer.json["policies"]:
        assert run.data.metrics[f"cost.{one['name']}"] == pytest.approx(one["cost"])
        curve = client.get_metric_history(run.info.run_id, f"period.total_cost.{one['name']}")
        assert len(curve) == len(DATES)
        assert max(curve, key=lambda point: point.step).value == pytest.approx(one["cost"])
    files = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert "report.html" in files
    assert {"replay.json", "evidence.md", "policies.png", "age.png"} <= files
    assert not client.search_registered_models() and not client.search_model_versions()


@pytest.mark.acceptance
def test_the_same_history_gives_the_same_result(played):
    """In two processes as in one, from Python as from the command, with fewer policies as with all."""
    answer, project, frame, _, _ = played
    again = lg.replay(project, frame, processes=2, policies=("always",))
    got = {one["name"]: one for one in answer.json["policies"]}
    for one in again.as_json()["policies"]:
        assert one == got[one["name"]]
    assert {one.policy.value for one in again.policies} == {"always", "gated"}
    assert again.as_json()["releases"] == answer.json["releases"]


def test_a_rule_takes_over_where_retraining_does_not_help(played):
    """With `reactions.retire` the gated policy ends without a model, and pays what the rule costs."""
    _, project, *_ = played
    frame = visits(recorded_wrong=True)
    acting = Reactions(windows=1, persistent=1, cool_down_days=0, retire=True)
    found = lg.replay(project.model_copy(update={"reactions": acting}), frame, policies=("unwatched",))
    (retired,) = [one for one in found.reactions if one.action.value == "retire"]
    assert retired.champion == "flag-all"
    since = DATES.index(retired.date)
    assert set(found.gated.held[since:]) == {"flag-all"}
    unwatched = next(one for one in found.policies if one.policy.value == "unwatched")
    assert found.gated.held[:since] == unwatched.held[:since]
    end = frame["at"].max() - timedelta(days=1)
    event = frame["bad"][(frame["at"] >= retired.date) & (frame["at"] <= end)] == "yes"
    matrix = projects.PLAIN["costs"]
    rule = np.where(event, matrix["true_positive"], matrix["false_positive"]).sum()
    paid = np.array(found.gated.by_period) * found.rows_by_period
    assert paid[since:].sum() == pytest.approx(rule)
    kept = (np.array(unwatched.by_period) * found.rows_by_period)[since:].sum()
    assert unwatched.against_gated.value == pytest.approx(kept - rule)


def test_a_proposal_is_chosen_before_and_judged_after(played):
    """Each setting costs what a replay of its own says; the chosen one is the cheapest of the first part."""
    _, project, frame, _, _ = played
    begin = DATES[1]
    found = lg.replay(project, frame, since=begin, policies=("gated",), propose=True)
    proposed, divided = found.proposal, pd.Timestamp(found.proposal.divided)
    time = frame["at"][(frame["at"] >= begin) & (frame["at"] <= frame["at"].max() - timedelta(days=1))]
    before, after = int((time < divided).sum()), int((time >= divided).sum())
    assert begin < proposed.divided < found.until
    own, costs = proposed.settings[0], {one.name: one for one in proposed.settings}
    assert own.first * before + own.rest * after == pytest.approx(found.gated.cost)
    rare = lg.replay(project, frame, every="2 months", since=begin, policies=("gated",)).gated.cost
    got = costs["every 2 months"]
    assert got.first * before + got.rest * after == pytest.approx(rare)
    assert proposed.chosen.first == min(one.first for one in proposed.settings)
    difference = (proposed.chosen.rest - own.rest) * after
    assert proposed.against_own.value == pytest.approx(difference)
    assert found.as_json()["proposal"]["chosen"] == proposed.chosen.name
    assert {"split.window = 45 days", 'gates.refresh = "proven"'} <= set(costs)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--every", "monthly"), "--every"),
        (("--policies", "always,sometimes"), "sometimes"),
        (("--since", "2030-01-01"), "--since"),
    ],
)
def test_what_was_mistyped_is_refused(played, words, named):
    """With exit code 2 and the option's name."""
    answer = logitgate("replay", played[4], *words)
    assert answer.code == 2 and named in answer.err
