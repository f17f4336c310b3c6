"""The demo: a year of flights from New York, from the first release to a rollback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from logitgate.errors import LogitgateError
from logitgate_flows.cli.screens import terminal
from logitgate_flows.server.start import server_meanwhile, started

PROJECT = Path("mlproject/flights.toml")
TABLE = Path("data/flights.parquet")
SPRING, SUMMER = ("2013-02-01", "2013-05-01", "2013-06-01"), ("2013-07-01",)
"""Once with January alone, then each first of a month that has a whole training window behind it."""
BAD = 1
"""The version that knows January alone and was refused."""
JUNE, JULY = [("2013-06-01", "2013-07-01")], [("2013-07-01", "2013-08-01")]
AUTUMN = [("2013-08-01", "2013-09-01"), ("2013-09-01", "2013-10-01")]
REPLAY = ("1 month", "2013-05-01", "2014-01-01")
"""How often the replay trains, its first training, and the end of its last period."""


def main() -> int:
    """Release, score, monitor, retrain, force a bad release and roll it back; then print the history."""
    with started(), server_meanwhile():
        from logitgate.production.promotion.rollback import RollbackRequest
        from logitgate_flows.cli.screens.production_terminal import print_moved
        from logitgate_flows.commands.operating.production import run_history, run_rollback

    if any(tenure.act == "forced" for tenure in run_history(PROJECT, verify=False).ledger.tenures()):
        terminal.OUT.print("The demo was already run in this folder; this is how it ended.")
        _print_the_end()
        return 0
    with _chapter("Spring: a refusal, a first release, and a refresh"):
        if _train(*SPRING) is None:
            terminal.OUT.print("\nNothing is in production.")
            return 1
    with _chapter("The champion scores new rows"):
        _score()
    with _chapter("June is watched, and the model refreshed"):
        _watch(JUNE)
        _train(*SUMMER)
    with _chapter("July: somebody forces the version that was refused"):
        forced = RollbackRequest("the demo: a bad release", BAD, is_forced=True)
        print_moved(run_rollback(PROJECT, forced), "is in production", as_json=False)
        _watch(JULY)
    with _chapter("Autumn"):
        _watch(AUTUMN)
    with _chapter("Played again: what each way to retrain would have cost"):
        _replay(*REPLAY)
    _print_the_end()
    return 0


def _train(*dates: str) -> int | None:
    """Train as of each date, and return which version is the champion then."""
    from logitgate_flows.run import run_trainings

    champion = None
    for outcome in run_trainings(PROJECT, dates):
        terminal.print_outcome(outcome, PROJECT)
        champion = outcome.champion
    return champion


def _score() -> None:
    from logitgate.environment import home
    from logitgate.production.scoring.score import ScoringRequest
    from logitgate_flows.run import run_scoring

    terminal.print_scores(run_scoring(PROJECT, ScoringRequest(TABLE, home() / "scores.parquet"), None, None))


def _watch(windows: list[tuple[str, str]]) -> None:
    """Monitor each window, with what was known on the second of the month after it."""
    from logitgate.monitoring.window import MonitoringWindow
    from logitgate.production.monitoring import WindowFiles
    from logitgate_flows.run import run_monitoring

    for since, until in windows:
        start, end = (datetime.fromisoformat(date) for date in (since, until))
        window = MonitoringWindow(start, end, end.replace(day=2))
        terminal.print_monitored(run_monitoring(PROJECT, WindowFiles(TABLE), window, acting=True), PROJECT)


def _replay(every: str, since: str, until: str) -> None:
    from logitgate.replay.play import ReplayRequest
    from logitgate_flows.cli.replaying import print_replay
    from logitgate_flows.commands.pages.replay import run_replay

    start, end = (datetime.fromisoformat(date).replace(tzinfo=UTC) for date in (since, until))
    print_replay(run_replay(PROJECT, ReplayRequest(every, start, end)))


def _print_the_end() -> None:
    from logitgate_flows.cli.screens.production_terminal import print_history
    from logitgate_flows.commands.operating.production import run_history

    terminal.OUT.rule("[bold]Who was in production, and why[/]", align="left")
    print_history(run_history(PROJECT, verify=True), PROJECT, as_json=False)
    terminal.OUT.print("\nTo look at it: [bold]make ui[/]")


@contextmanager
def _chapter(title: str) -> Iterator[None]:
    terminal.OUT.rule(f"[bold]{title}[/]", align="left")
    yield


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LogitgateError as error:
        print(f"logitgate: {error}", file=sys.stderr)  # noqa: T201 - the way every command refuses
        sys.exit(error.exit_code)
