"""Kill trainings, promotions and rollbacks at random moments, and look for a torn state after each.

    python -m benchmarks.soak [--kills 200] [--minutes 30] [--seed 1]

Each round starts three processes on one store: a training of one of many snapshots, and two that change
production, each with what it believes to be the champion. Most are killed (SIGKILL) at a random moment, the
others end as they like. Then what must hold at any instant is looked at; every tenth round `doctor --repair`
must leave nothing to complain about.
"""

import argparse
import collections
import multiprocessing.util
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from logitgate.edge import doctor, ledger_store, registry
from logitgate.edge.production import Return, history, roll_back
from logitgate.edge.promotion import promote
from logitgate.edge.store import open_store
from logitgate.edge.transaction import Request
from logitgate.errors import LogitgateError
from logitgate.ledger import Reason
from logitgate.project_file import load_project
from tests import victims  # the environment comes with them

NAME = "visits"
SNAPSHOTS = 12
KILLED, LONGEST = 0.8, {"train": 1.6, "promote": 0.35, "roll back": 0.35}
"""Share of the processes that are killed, and the seconds within which they are."""


def move(home, act, seed):
    """Change production by a random version, as a process of its own; what it refuses is its own affair."""
    os.environ["LOGITGATE_HOME"] = home
    chance, store = random.Random(seed), open_store(Path(home))
    with Path(os.devnull).open("w") as log, redirect_stderr(log), redirect_stdout(log):
        try:
            _move(store, act, chance)
        except LogitgateError as error:
            sys.exit(error.exit_code)


def _move(store, act, chance):
    made, champion = registry.versions(store, NAME), registry.champion(store, NAME)
    if not made:
        return
    version = chance.choice(made)
    if act == "roll back":
        roll_back(store, NAME, Return("soak", version.version, is_forced=True))
    else:
        promote(store, Request(NAME, Reason("promotion", "soak", "soak", "PASS"), version, champion))


def torn(store):
    """Return what must not be at any instant, whoever was killed."""
    client, found = store.client, []
    ledger = ledger_store.read(store, NAME)
    champion = registry.champion(store, NAME)
    now = champion.version if champion else None
    begun = ledger.open
    if ledger.breaks:
        found.append(f"the chain of the ledger is broken: {ledger.breaks[0]}")
    if now not in {ledger.champion, begun.version if begun else ledger.champion}:
        found.append(f"version {now} is in production, and the ledger says {ledger.champion}")
    numbers = [entry.number for entry in ledger.entries]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append("numbers of entries are missing or double")
    if champion is not None:
        registry.load(store, champion)  # refuses what is not whole
    experiment = client.get_experiment_by_name(NAME)
    if experiment is not None:
        runs = client.search_runs([experiment.experiment_id], "attributes.status = 'FINISHED'")
        found += _doubled("finished runs", [run.data.tags.get("logitgate.key") for run in runs])
    tags = [version.tags for version in client.search_model_versions(f"name = '{NAME}'")]
    found += _doubled("versions", [one["logitgate.key"] for one in tags])
    found += [f"a version without a digest: {one}" for one in tags if "digest" not in one]
    return found


def _doubled(what, keys):
    counted = collections.Counter(key for key in keys if key is not None)
    return [f"{times} {what} of one training" for times in counted.values() if times > 1]


def healed(store, project):
    """Return what is wrong after a repair, when nobody is at work."""
    doctor.mend(doctor.examine(store, project))
    left = [str(trouble) for trouble in doctor.examine(store, project)]
    ledger, verdict = history(store, NAME)
    left += [f"{one.check} {one.subject}: {one.because}" for one in verdict.findings if one.status.stops]
    return left + (["an open intent"] if ledger.open else [])


def a_round(home, project, chance):
    """Start three processes, kill most of them; return how each ended."""
    date = f"2021-04-{chance.randrange(9, 9 + SNAPSHOTS):02d}"
    acts = ["train", chance.choice(["promote", "train"]), chance.choice(["promote", "roll back"])]
    started = {}
    for number, act in enumerate(acts):
        answer = Path(home).parent / f"{number}.json"
        one = (
            victims.training(project, home, answer, as_of=date)
            if act == "train"
            else victims.PROCESSES.Process(target=move, args=(str(home), act, chance.random()), daemon=True)
        )
        one.start()
        moment = chance.uniform(0, LONGEST[act]) if chance.random() < KILLED else None
        started[one] = (act, moment)
    begun, ends = time.monotonic(), []
    for one, (act, moment) in sorted(started.items(), key=lambda item: item[1][1] or 99):
        if moment is not None:
            one.join(max(0, moment - (time.monotonic() - begun)))
            one.kill()
        one.join(60)
        ends.append((act, one.exitcode))
    return ends


def soak(kills, minutes, seed):
    """Go on until there were so many kills or the time is over; return the table of how processes ended."""
    chance, ends, bad = random.Random(seed), collections.Counter(), []
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    multiprocessing.util.get_temp_dir()  # its own, which the doctor shall not look into
    tempfile.tempdir = str(folder / "temporary")
    for name in ("home", "temporary"):
        (folder / name).mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir
    project = victims.project(folder / "project")
    store, until = open_store(folder / "home"), time.monotonic() + 60 * minutes
    rounds = 0
    while sum(times for (_, code), times in ends.items() if code == -9) < kills and time.monotonic() < until:
        ends.update(a_round(folder / "home", project, chance))
        rounds += 1
        bad += [f"round {rounds}: {one}" for one in torn(store)]
        if rounds % 10 == 0:
            bad += [f"round {rounds}, repaired: {one}" for one in healed(store, load_project(project))]
    bad += [f"at the end: {one}" for one in (*torn(store), *healed(store, load_project(project)))]
    ledger = ledger_store.read(store, NAME)
    print(
        f"{rounds} rounds, {len(ledger.entries)} entries of the ledger, {len(ledger.tenures())} tenures, "
        f"{len(registry.versions(store, NAME))} versions"
    )
    if not bad:
        shutil.rmtree(folder, ignore_errors=True)
    return ends, bad


def main():
    """Print the table, and exit 1 when a torn state was seen."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    ends, bad = soak(given.kills, given.minutes, given.seed)
    print(f"{'act':<12}{'killed':>8}{'done':>8}{'refused':>9}{'conflict':>10}{'unavailable':>13}{'other':>7}")
    for act in LONGEST:
        codes = collections.Counter({code: times for (one, code), times in ends.items() if one == act})
        told = [codes.pop(code, 0) for code in (-9, 0, 1, 4, 3)]
        print(f"{act:<12}{told[0]:>8}{told[1]:>8}{told[2]:>9}{told[3]:>10}{told[4]:>13}{codes.total():>7}")
    print(f"torn states: {len(bad)} ({time.monotonic() - started:.0f} s)")
    for one in bad:
        print(one)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
