"""The demo: a year of flights from New York, trained month by month, as it would have gone."""

from __future__ import annotations

import sys
from pathlib import Path

from flows import screen
from flows.start import server_meanwhile, started

PROJECT = Path("mlproject/flights.toml")
MONTHS = ("2013-05-01", "2013-06-01", "2013-07-01")
"""The first of each month from the first that has a whole training window behind it."""


def main() -> int:
    """Train as of each month and print what became of it."""
    with started(), server_meanwhile():
        from flows.training import trainings

    champion, end = None, "Nothing is in production"
    for outcome in trainings(PROJECT, MONTHS):
        screen.print_outcome(outcome)
        champion = outcome.champion
        if champion:
            end = f"In production: version {champion} of {outcome.model}"
    screen.OUT.print(f"\n{end}. To look at it: [bold]make ui[/]")
    return 0 if champion else 1


if __name__ == "__main__":
    sys.exit(main())
