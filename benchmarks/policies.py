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
from logitgate.project.behaviour import Behaviour
from logitgate.project.project import Project
from logitgate.project.reading.load import parse_project
from logitgate.replay.play import ReplayRequest, begun
from logitgate.replay.player import Player, play
from logitgate.replay.policies import Challenge, Holder, Policy, PolicyStanding, wants
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
    player, found = _played(project, since, until)
    print(found)
    for one in found.releases:
        why = ", ".join(f"{finding.check}: {finding.subject}" for finding in one.reasons)
        print(f"{one.date:%Y-%m}: {one.sentence(found.unit)}", f"({why})" if why else "")
    for one in found.policies:
        value, low, high = one.against_gated
        print(f"{one.policy.value}: {value:+,.0f} [{low:+,.0f}, {high:+,.0f}] against gated; held {one.held}")
    RULES[name](player, found)


def _played(project: Project, since: str, until: str) -> tuple[Player, Replay]:
    """Play a history as `lg.replay` does; the player has the cost of each row."""
    table = lg.read_table(project)
    since_at, until_at = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (since, until))
    request = ReplayRequest(since=since_at, until=until_at)
    played, dates = begun(project, check_table(table, project), table.frame, None, request)
    player = Player.of(played, dates, request.played)
    with threadpool_limits(1):
        play([player])
    return player, accounts(played, dates, player.course, player.costs, request.played)


def flights_rules(player: Player, found: Replay) -> None:
    """Print what policies cost on the rows of the wanted figure: months without their last day.

    That day's outcomes had not matured when its month was added up.
    """
    time, costs = player.history.rows.time, player.costs
    newest = [time[costs.period(number)].max() for number in range(len(found.starts))]
    counted = time + np.timedelta64(1, "D") <= np.repeat(newest, found.rows_by_period)
    totals = {one.policy: float(costs.under(one.held)[counted].sum()) for one in found.policies}
    print(f"\n{counted.sum():,} rows, months without their last day:")
    print(", ".join(f"{policy.value} {total:,.0f}" for policy, total in totals.items()))
    gated = totals[Policy.GATED]
    print(_rule("gated at most 3,600,000", gated <= 3_600_000))
    simple = (Policy.NEVER, Policy.ALWAYS, Policy.PROVEN)
    print(_rule("gated at most never, always and proven", all(gated <= totals[one] for one in simple)))


def bank_rules(player: Player, found: Replay) -> None:
    """Print a line for each month, and how many of those that a model decided cost more than a rule."""
    costs, held, dearer = player.costs, found.gated.held, 0
    print("\n| month | rows | what decides | released | cost | flag none | flag all | |\n|" + "---|" * 8)
    for period, release in enumerate(found.releases):
        own, none, every = (
            float(costs.in_period(one, period).mean()) for one in (held[period], FLAG_NONE, FLAG_ALL)
        )
        lost = held[period] is not None and own > min(none, every)
        dearer += lost
        print(
            f"| {release.date:%Y-%m} | {found.rows_by_period[period]:,} | {_decides(held[period])} | "
            f"{'yes' if release.released else 'no'} | {own:.2f} | {none:.2f} | {every:.2f} | "
            f"{'dearer' if lost else ''} |"
        )
    every = float(costs.rules[FLAG_ALL].sum())
    print(f"\nflag all costs {every:,.0f} in all")
    print(_rule("at most 2 months that a model decided cost more than the better rule", dearer <= 2))
    print(_rule("gated at most flag all", found.gated.cost <= every))


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
