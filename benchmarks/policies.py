"""What policies of retraining cost: on worlds that change, on the flights of a year, on a bank's campaigns.

    python -m benchmarks.policies worlds [--rows 2500] [--months 36] [--replications 10] [--seed 0] [--world]
    python -m benchmarks.policies flights
    python -m benchmarks.policies bank

Flights and bank are replayed by the product (`lg.replay`), without the curated cases, which are no matter of
policy. In the worlds each month a project is trained on its window and each policy decides about the version,
by the same functions; the next month's rows then cost what is expected by their true probabilities.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

import logitgate as lg
from logitgate.catalogue import Check
from logitgate.data.contract.validation import check_table
from logitgate.data.sampling.sample import observe
from logitgate.evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE
from logitgate.findings import Finding, Status
from logitgate.gates.contest import Opponents
from logitgate.gates.judge import compare_briefly
from logitgate.project.behaviour import Behaviour
from logitgate.project.project import Project
from logitgate.project.reading.load import parse_project
from logitgate.replay.play import ReplayRequest, begun
from logitgate.replay.player import Player
from logitgate.replay.policies import Challenge, Holder, Policy, PolicyStanding, wants
from logitgate.replay.processes import trainings
from logitgate.replay.results.accounts import accounts
from logitgate.replay.results.result import Replay
from logitgate.replay.training import PlayedHistory, Version, train_at

ROOT = Path(__file__).parents[1]
POLICIES = (Policy.UNWATCHED, Policy.NEVER, Policy.ALWAYS, Policy.BETTER, Policy.PROVEN)
CONTRACT = Finding(Check.CONTRACT, "rows", Status.PASS, "the rows of a benchmark")


def history(name: str, since: str, until: str, window: int | None = None) -> None:
    """Print what each policy costs on a real history, and its rules as kept or broken."""
    project = lg.load_project(ROOT / "mlproject" / f"{name}.toml").model_copy(
        update={"behaviour": Behaviour()}
    )
    if window is not None:
        split = project.split.model_copy(update={"window": timedelta(days=window)})
        project = project.model_copy(update={"split": split})
    one = PlayedBefore.of(project, since, until)
    found = one.found
    print(found)
    for release in found.releases:
        why = ", ".join(f"{finding.check}: {finding.subject}" for finding in release.reasons)
        print(f"{release.date:%Y-%m}: {release.sentence(found.unit)}", f"({why})" if why else "")
    for policy in found.policies:
        value, low, high = policy.against_gated
        print(
            f"{policy.policy.value}: {value:+,.0f} [{low:+,.0f}, {high:+,.0f}] against gated;"
            f" held {policy.held}"
        )
    RULES[name](one)


@dataclass(frozen=True)
class PlayedBefore:
    """A history as `lg.replay` plays it, with the cost of each row.

    Parameters
    ----------
    player : Player
    found : Replay
    first : tuple of bool
        Whether the version of each period would be released if none were in production.
    """

    player: Player
    found: Replay
    first: tuple[bool, ...]

    @classmethod
    def of(cls, project: Project, since: str, until: str) -> PlayedBefore:
        """Play it."""
        table = lg.read_table(project)
        since_at, until_at = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (since, until))
        request = ReplayRequest(since=since_at, until=until_at)
        played, dates = begun(project, check_table(table, project), table.frame, None, request)
        player, first = Player.of(played, dates, request.played), []
        with threadpool_limits(1):
            for trained in trainings(played, dates.starts):
                player.take(trained)
                verdict = compare_briefly(trained.evidence, Opponents()).verdict
                first.append(trained.version is not None and not verdict.status.stops)
        return cls(player, accounts(played, dates, player.course, player.costs, request.played), tuple(first))


def flights_rules(one: PlayedBefore) -> None:
    """Print the rules on all rows, and on those of the wanted figure: months without their last day.

    That day's outcomes had not matured when its month was added up.
    """
    time, costs, found = one.player.history.rows.time, one.player.costs, one.found
    assert time is not None
    newest = [time[costs.period(number)].max() for number in range(len(found.starts))]
    counted = time + np.timedelta64(1, "D") <= np.repeat(newest, found.rows_by_period)
    simple = (Policy.NEVER, Policy.ALWAYS, Policy.PROVEN)
    for name, rows in (("all rows", counted | ~counted), ("months without their last day", counted)):
        totals = {policy.policy: float(costs.under(policy.held)[rows].sum()) for policy in found.policies}
        gated = totals[Policy.GATED]
        print(f"\n{name}, {rows.sum():,} rows:")
        print(", ".join(f"{policy.value} {total:,.0f}" for policy, total in totals.items()))
        print(_rule("gated at most 3,600,000", gated <= 3_600_000))
        print(_rule("gated at most never, always and proven", all(gated <= totals[one] for one in simple)))


def bank_rules(one: PlayedBefore) -> None:
    """Print a line for each month, and in how many of them a model cost more than the better rule."""
    costs, found = one.player.costs, one.found
    print("\n| month | rows | decides | released | as a first release | cost | flag none | flag all |")
    print("|" + "---|" * 8)
    dearer, would_be, total = [], [], 0.0
    for period, (release, holder, first) in enumerate(
        zip(found.releases, found.gated.held, one.first, strict=True)
    ):
        own, none, every = (costs.in_period(each, period) for each in (holder, FLAG_NONE, FLAG_ALL))
        better = min(none.sum(), every.sum())
        newest = costs.in_period(release.version, period) if first else every
        dearer.append(holder is not None and own.sum() > better)
        would_be.append(first and newest.sum() > better)
        total += float(newest.sum())
        print(
            f"| {release.date:%Y-%m} | {len(own):,} | {_decides(holder)} | {_yes(release.released)} | "
            f"{_yes(first)}{f', {newest.mean():.2f}' if first else ''} | {own.mean():.2f} | "
            f"{none.mean():.2f} | {every.mean():.2f} |"
        )
    every = float(costs.rules[FLAG_ALL].sum())
    print(
        f"\nflag all costs {every:,.0f}; flag all wherever no version passes as a first release {total:,.0f}"
    )
    print(f"months in which a model decides: {sum(dearer)} cost more than the better rule")
    print(_rule(f"at most 2 months as a first release that cost more: {sum(would_be)}", sum(would_be) <= 2))
    print(_rule("the same at most flag all", total <= every))
    print(_rule("gated at most flag all", found.gated.cost <= every))


def _yes(is_so: bool) -> str:  # noqa: FBT001
    return "yes" if is_so else "no"


def _decides(holder: Holder) -> str:
    return f"version {holder}" if isinstance(holder, int) else holder or "no model"


def _rule(rule: str, is_kept: bool) -> str:  # noqa: FBT001
    return f"{'kept' if is_kept else 'broken'}: {rule}"


RULES = {"flights": flights_rules, "bank": bank_rules}
WORLDS = ("none", "slow", "gradual", "sudden", "season", "prevalence")
WEIGHTS = np.array([0.9, -0.7, 0.5, 0.3, 0.0])
MISS = 7.0


def _weights(world: str, month: int, count: int) -> tuple[np.ndarray, float]:
    share = month / count
    match world:
        case "slow":
            return WEIGHTS * (1 - 0.6 * share) + 0.6 * share * WEIGHTS[::-1], 0.0
        case "gradual":
            turn = np.clip((share - 0.4) / 0.2, 0, 1)
            return WEIGHTS * (1 - turn) + turn * WEIGHTS[[1, 0, 3, 2, 4]], 0.0
        case "sudden":
            return (WEIGHTS if share < 0.5 else WEIGHTS[[1, 0, 3, 2, 4]]), 0.0
        case "season":
            return WEIGHTS, 0.6 * float(np.sin(2 * np.pi * month / 12))
        case "prevalence":
            return WEIGHTS, 1.2 * share
    return WEIGHTS, 0.0


def world_rows(world: str, rows: int, count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of all months and their true probabilities."""
    rng, parts = np.random.default_rng(seed), []
    for month in range(count):
        weights, shift = _weights(world, month, count)
        X = rng.normal(size=(rows, len(WEIGHTS)))
        day = np.sort(rng.integers(0, 30, rows))
        true = expit(X @ weights - 2 + shift)
        frame = pd.DataFrame(X, columns=[f"x{place}" for place in range(X.shape[1])])
        frame["at"] = pd.Timestamp("2020-01-01", tz="UTC") + pd.to_timedelta(30 * month + day, unit="D")
        parts.append(frame.assign(true=true, month=month, y=np.where(rng.random(rows) < true, "yes", "no")))
    whole = pd.concat(parts, ignore_index=True)
    whole["id"] = [f"r{row}" for row in range(len(whole))]
    whole["at"] = whole["at"].astype("datetime64[us, UTC]")
    return whole, whole["true"].to_numpy()


def world_project(rows: int) -> Project:
    """Return the project of a world: a window of four months, gates as they are by default."""
    return parse_project(
        {
            "name": "world",
            "rows": {"path": "rows.csv"},
            "columns": {"id": "id", "time": "at"},
            "outcome": {"column": "y", "event": "yes"},
            "features": {"numeric": [f"x{place}" for place in range(len(WEIGHTS))]},
            "search": {"forms": ["linear"], "C": [1.0]},
            "split": {"window": "120 days"},
            "costs": {"true_positive": 1, "false_positive": 1, "false_negative": MISS},
            "contract": {"suite": "suite.json"},
        },
        "world.toml",
    )


def one_world(world: str, rows: int, count: int, seed: int) -> dict[str, float]:
    """Return each policy's mean expected cost over that of the true probabilities, less 1."""
    frame, true = world_rows(world, rows, count, seed)
    project, month = world_project(rows), frame["month"].to_numpy()
    free = project.model_copy(update={"split": project.split.model_copy(update={"window": None})})
    played = PlayedHistory(project, frame, (CONTRACT,), None, observe(frame[month >= 4], free, None).sample)
    standings, versions = {policy: PolicyStanding() for policy in POLICIES}, list[Version]()
    spent = dict.fromkeys(POLICIES, 0.0)
    for now in range(4, count):
        trained = train_at(played, datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=30 * now))
        if trained.version is not None:
            versions.append(trained.version)
            challenge = Challenge(trained, len(versions), versions)
            for policy, standing in standings.items():
                # Every policy starts from the same model, released or not.
                if len(versions) == 1 or wants(policy, standing, challenge):
                    standings[policy] = standing.released(len(versions))
        rows_now = np.flatnonzero(month == now)
        for policy, standing in standings.items():
            p = versions[standing.champion - 1].model.probability(frame.iloc[rows_now])
            spent[policy] += float(np.where(p >= 1 / MISS, 1.0, true[rows_now] * MISS).mean())
    best = sum(
        float(np.where(true[month == now] >= 1 / MISS, 1.0, true[month == now] * MISS).mean())
        for now in range(4, count)
    )
    return {policy: 100 * (cost / best - 1) for policy, cost in spent.items()}


def worlds(rows: int, count: int, seeds: range, names: tuple[str, ...]) -> None:
    """Print the excess cost of each policy in each world, in percent, and each rule as kept or broken."""
    print(f"{rows} rows a month, {count - 4} months after four, {len(seeds)} replications: excess in %")
    print("world       " + "".join(f"{name:>10}" for name in POLICIES), flush=True)
    simple = (Policy.NEVER, Policy.ALWAYS, Policy.BETTER)
    for world in names:
        with ProcessPoolExecutor(2, initializer=threadpool_limits, initargs=(1,)) as pool:
            found = list(pool.map(partial(one_world, world, rows, count), seeds))
        means = {name: float(np.mean([one[name] for one in found])) for name in POLICIES}
        best = min(simple, key=means.__getitem__)
        beyond = [one[Policy.UNWATCHED] - one[best] for one in found]
        error = np.std(beyond, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
        rule = _rule(f"{np.mean(beyond):+.2f} (error {error:.2f}) beyond {best}", np.mean(beyond) <= 0.3)
        print(f"{world:12}" + "".join(f"{means[name]:10.2f}" for name in POLICIES) + f"  {rule}", flush=True)


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("worlds", "flights", "bank"))
    parser.add_argument("--rows", type=int, default=2_500)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--replications", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--world", choices=WORLDS, nargs="+", default=WORLDS)
    given = parser.parse_args()
    match given.what:
        case "worlds":
            seeds = range(given.seed, given.seed + given.replications)
            worlds(given.rows, given.months, seeds, tuple(given.world))
        case "flights":
            history("flights", "2013-06-01", "2014-01-01")
        case "bank":
            history("bank", "2009-05-01", "2010-11-01", 240)


if __name__ == "__main__":
    main()
