"""Kill trainings, promotions and rollbacks, hold their requests back, and look for a torn state after each.

    python -m benchmarks.soak [--kills 300] [--delayed 200] [--minutes 30] [--seed 1]

Half of the kills happen on a SQLite store, half on PostgreSQL. Each round starts three processes on one
store: a training of one of many snapshots, and two that change production, each with what it believes to be
the champion. Most are killed (SIGKILL) at a random moment, the others end as they like. Then what must hold
at any instant is looked at; every tenth round `doctor --repair` must leave nothing to complain about.

After that, promotions and rollbacks go through a proxy to an MLflow server that delays, drops, repeats or
answers late; see `holding`. What is torn there is what `doctor` does not name, or its repair does not put
right. An alias that was moved by a request which came late is named by it, put back, and counted apart.
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
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from multiprocessing import forkserver
from pathlib import Path

from benchmarks.holding import Holding
from logitgate.errors import LogitgateError
from logitgate.production.ledger.entries import Reason
from logitgate.production.ledger.state import State, state_of
from logitgate.production.promotion import intents
from logitgate.production.promotion.promotion import promote
from logitgate.production.promotion.rollback import RollbackRequest, history, look_at_files, roll_back
from logitgate.production.promotion.transaction import PromotionRequest
from logitgate.production.registry import ledger_store, registry
from logitgate.production.repair import doctor
from logitgate.project.reading.load import load_project
from logitgate.tracking.store import open_store
from tests import victims  # the environment comes with them
from tests.command import close
from tests.databases import postgresql
from tests.unreliable import mlflow_server

NAME = "visits"
SNAPSHOTS = 12
KILLED, LONGEST = 0.8, {"train": 1.6, "promote": 0.35, "roll back": 0.35}
"""Share of the processes that are killed, and the seconds within which they are."""


PATIENCE, HELD, LEASE = 2, 5.0, 8.0
"""Seconds that a client waits behind the proxy, that a request is held back at most, and the lease there."""

SHARE = 0.12
"""Share of the requests that are held back; a quarter of it for those that only read."""


def move(home, act, seed, uri=None, lease=intents.LEASE_SECONDS):
    """Change production by a random version, as a process of its own; what it refuses is its own affair."""
    os.environ["LOGITGATE_HOME"] = home
    intents.LEASE_SECONDS = lease
    if uri is not None:
        os.environ |= {"MLFLOW_TRACKING_URI": uri, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(PATIENCE)}
    chance = random.Random(seed)
    with Path(os.devnull).open("w") as log, redirect_stderr(log), redirect_stdout(log):
        try:
            _move(open_store(Path(home)), act, chance)
        except LogitgateError as error:
            sys.exit(error.exit_code)


def _move(store, act, chance):
    made, champion = registry.versions(store, NAME), registry.champion(store, NAME)
    if not made:
        return
    version = chance.choice(made)
    if act == "roll back":
        roll_back(store, NAME, RollbackRequest("soak", version.version, is_forced=True))
    else:
        promote(store, PromotionRequest(NAME, Reason("promotion", "soak", "soak", "PASS"), version, champion))


def torn(store):
    """Return what must not be at any instant, whoever was killed."""
    client, found = store.client, []
    ledger, now = look_at_files(store, NAME)
    champion, state = registry.champion(store, NAME), state_of(ledger, now)
    if ledger.breaks:
        found.append(f"the chain of the ledger is broken: {ledger.breaks[0]}")
    if state not in (State.SOUND, State.NONE, State.UNFINISHED):
        found.append(f"{state}: version {now.champion} is there, and the ledger says {ledger.in_production}")
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
    project = load_project(project)
    doctor.repair(doctor.examine(store, project))
    left = [str(trouble) for trouble in doctor.examine(store, project)]
    ledger, verdict = history(store, NAME)
    left += [f"{one.check} {one.subject}: {one.because}" for one in verdict.findings if one.status.stops]
    return left + (["an open intent"] if ledger.open else [])


def a_round(home, project, chance, uri):
    """Start three processes, kill most of them; return how each ended."""
    date = f"2021-04-{chance.randrange(9, 9 + SNAPSHOTS):02d}"
    acts = ["train", chance.choice(["promote", "train"]), chance.choice(["promote", "roll back"])]
    where, started = {} if uri is None else {"MLFLOW_TRACKING_URI": uri}, {}
    for number, act in enumerate(acts):
        answer = Path(home).parent / f"{number}.json"
        one = (
            victims.training(project, home, answer, as_of=date, **where)
            if act == "train"
            else victims.PROCESSES.Process(
                target=move, args=(str(home), act, chance.random(), uri), daemon=True
            )
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


def kill(folder, project, given, uri=None):
    """Go on until there were so many kills or the time is over; return how all ended, and what is torn."""
    kills, until, chance = given
    ends, bad, rounds = collections.Counter(), [], 0
    home = folder / ("sqlite" if uri is None else "postgresql")
    home.mkdir()
    with _asking(uri):
        store = open_store(home)
        while sum(n for (_, code), n in ends.items() if code == -9) < kills and time.monotonic() < until:
            ends.update(a_round(home, project, chance, uri))
            rounds += 1
            bad += [f"{home.name}, round {rounds}: {one}" for one in torn(store)]
            if rounds % 10 == 0:
                bad += [f"{home.name}, round {rounds}, repaired: {one}" for one in healed(store, project)]
        bad += [f"{home.name}, at the end: {one}" for one in (*torn(store), *healed(store, project))]
        _summed(home.name, rounds, store)
        close(store)
    return ends, bad


def hold(folder, project, given):
    """Let processes change production through the proxy until so many requests were held back."""
    delayed, until, chance = given
    ends, bad, moved, rounds = collections.Counter(), [], 0, 0
    home = folder / "served"
    home.mkdir()
    intents.LEASE_SECONDS = LEASE
    with mlflow_server(folder, f"sqlite:///{home / 'mlflow.db'}") as port:
        uri = f"http://127.0.0.1:{port}"
        line = Holding(port, PATIENCE, HELD, SHARE, chance.randrange(1_000))
        with _asking(uri):
            store = open_store(home)
            for day in (9, 15, 20):
                answer = folder / "first.json"
                victims.run(project, home, answer, as_of=f"2021-04-{day:02d}", MLFLOW_TRACKING_URI=uri)
            while line.held.total() < delayed and time.monotonic() < until:
                words = [
                    (str(home), chance.choice(["promote", "roll back"]), chance.random(), line.url, LEASE)
                    for _ in range(3)
                ]
                started = [victims.PROCESSES.Process(target=move, args=one, daemon=True) for one in words]
                for one in started:
                    one.start()
                for one, (_, act, *_) in zip(started, words, strict=True):
                    one.join(120)
                    ends[act, one.exitcode] += 1
                line.drain()
                rounds += 1
                named = [
                    one for one in doctor.examine(store, load_project(project)) if one.subject == "champion"
                ]
                moved += bool(named)
                bad += [f"served, round {rounds}: {one}" for one in torn(store) if not named]
                if named or rounds % 5 == 0:
                    time.sleep(LEASE)
                    bad += [f"served, round {rounds}, repaired: {one}" for one in healed(store, project)]
            time.sleep(LEASE)
            bad += [f"served, at the end: {one}" for one in (*healed(store, project), *torn(store))]
            _summed("served", rounds, store)
        line.close()
    return ends, bad, line.held, moved


@contextmanager
def _asking(uri):
    """Let this process ask another store than the embedded one."""
    before = os.environ.pop("MLFLOW_TRACKING_URI", None)
    if uri is not None:
        os.environ["MLFLOW_TRACKING_URI"] = uri
    try:
        yield
    finally:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def _summed(what, rounds, store):
    ledger = ledger_store.read(store, NAME)
    print(
        f"{what}: {rounds} rounds, {len(ledger.entries)} entries of the ledger, {len(ledger.tenures())} "
        f"tenures, {len(registry.versions(store, NAME))} versions",
        flush=True,
    )


def _table(ends):
    print(f"{'act':<12}{'killed':>8}{'done':>8}{'refused':>9}{'conflict':>10}{'unavailable':>13}{'other':>7}")
    for act in LONGEST:
        codes = collections.Counter({code: times for (one, code), times in ends.items() if one == act})
        ends = [codes.pop(code, 0) for code in (-9, 0, 1, 4, 3)]
        print(f"{act:<12}{ends[0]:>8}{ends[1]:>8}{ends[2]:>9}{ends[3]:>10}{ends[4]:>13}{codes.total():>7}")


def main():
    """Print the tables, and exit 1 when a torn state was seen."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--delayed", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    # Who is killed cannot give its semaphores back; Python's tracker does so, and would complain.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
    with postgresql() as database:
        return _soaked(given, database.url)


def _soaked(given, database):
    started, chance = time.monotonic(), random.Random(given.seed)
    until = started + 60 * given.minutes
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    multiprocessing.util.get_temp_dir()  # its own, which the doctor shall not look into
    temporary, tempfile.tempdir = tempfile.tempdir, str(folder / "temporary")
    Path(tempfile.tempdir).mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir
    os.chdir(folder)  # where a database that is not embedded lets its files lie
    written = victims.project(folder / "project")
    ends, bad = kill(folder, written, (given.kills // 2, until, chance))
    more, worse = kill(folder, written, (given.kills - given.kills // 2, until, chance), database)
    _table(ends + more)
    through, worst, held, moved = hold(folder, written, (given.delayed, until, chance))
    bad += worse + worst
    _table(through)
    print(f"held back: {held.total()} requests; " + ", ".join(f"{n} {fate}" for fate, n in held.items()))
    print(f"moved by a request that came late, named and put back: {moved}")
    print(f"torn states: {len(bad)} ({time.monotonic() - started:.0f} s)")
    for one in bad:
        print(one)
    os.chdir("/")
    tempfile.tempdir = temporary
    forkserver._forkserver._stop()  # its temporary folder lies in ours
    if not bad:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
