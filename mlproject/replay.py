"""Write the flights of 2013 as if they came these days, with a project that has a schedule.

    python mlproject/replay.py .logitgate/replay [--follow]

writes `flights.parquet` and `flights-today.toml` into the folder. The day of the first call is 1 June 2013,
each day after it is the next one, and the year begins again when it is over. The rows are those of the 200
days before now, so the file is written again for each new day: by a call before each run, or by `--follow`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
FIRST, BEGIN = date(2013, 1, 1), date(2013, 6, 1)
"""The first day of the data, and the one from which they are replayed, after a whole training window."""
YEAR, KEPT = timedelta(days=364), timedelta(days=200)
"""When the data begin again, so that each flight keeps its weekday; and how much history is kept."""
FLIGHTS_A_YEAR = 1_000_000
"""Added to a flight's number for each repeated year, so that it stays unique."""

NAME, ROWS = 'name = "flights"\n', '"../data/flights.parquet"'

SCHEDULE = """
# In New York's mornings, when the day before has landed and its outcomes are in.
[schedule]
time_zone = "America/New_York"
catch_up = "3 days"

[schedule.train]
cron = "30 6 * * 1"

[schedule.monitor]
cron = "0 6 * * 1"
table = "flights.parquet"
# Four whole weeks, so that each weekday counts alike; the last day may still be in the air.
window = "28 days"
lag = "1 day"
"""


def replayed(flights: pd.DataFrame, begun: date, now: datetime) -> pd.DataFrame:
    """Return the flights of the last `KEPT` days, as they are replayed since a day.

    Parameters
    ----------
    flights : DataFrame
        As in data/flights.parquet.
    begun : date
        The day on which `BEGIN` was replayed.
    now : datetime
        With a time zone.
    """
    shift = begun - BEGIN
    first, last = now - KEPT - shift, now - shift
    years = range((first.date() - FIRST) // YEAR, (last.date() - FIRST) // YEAR + 1)
    whole = flights[pd.to_datetime(flights["service_day"]).dt.date < FIRST + YEAR]
    moved = pd.concat([_moved(whole, year, shift) for year in years], ignore_index=True)
    return moved[moved["scheduled_at"].between(now - KEPT, now, inclusive="left")].reset_index(drop=True)


def _moved(flights: pd.DataFrame, year: int, shift: timedelta) -> pd.DataFrame:
    by = year * YEAR + shift
    return flights.assign(
        flight_id=flights["flight_id"] + year * FLIGHTS_A_YEAR,
        scheduled_at=flights["scheduled_at"] + by,
        service_day=(pd.to_datetime(flights["service_day"]) + by).dt.date,
    )


def project_file(folder: Path) -> str:
    """Return the flights' project file for a folder: its own rows, the same contract, and a schedule."""
    plain = (HERE / "flights.toml").read_text(encoding="utf-8")
    if NAME not in plain or ROWS not in plain:
        sys.exit("mlproject/flights.toml: its name or its rows are no longer written as replay.py expects")
    plain = plain.replace(NAME, 'name = "flights-today"\n').replace(ROWS, '"flights.parquet"')
    root = Path(os.path.relpath(HERE.parent, folder)).as_posix()
    return plain.replace('"../', f'"{root}/') + SCHEDULE


def begun(folder: Path) -> date:
    """Return the day on which the replay of a folder began; it begins today when there is none."""
    kept = folder / "begun.json"
    if kept.exists():
        return date.fromisoformat(json.loads(kept.read_text(encoding="utf-8")))
    today = datetime.now(UTC).date()
    kept.write_text(json.dumps(today.isoformat()), encoding="utf-8")
    return today


def write(folder: Path) -> None:
    """Write both files; no reader sees half of one."""
    folder.mkdir(parents=True, exist_ok=True)
    flights = pd.read_parquet(HERE.parent / "data" / "flights.parquet")
    rows = replayed(flights, begun(folder), datetime.now(UTC))
    for name, put in (("flights.parquet", rows.to_parquet), ("flights-today.toml", _text(folder))):
        draft = folder / f"{name}.part"
        put(draft)
        draft.replace(folder / name)
    first, last = rows["scheduled_at"].min(), rows["scheduled_at"].max()
    print(f"{len(rows):,} flights, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC", flush=True)  # noqa: T201


def _text(folder: Path) -> Callable[[Path], object]:
    return lambda draft: draft.write_text(project_file(folder.resolve()), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Replay the flights of 2013 as if they came these days.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--follow", action="store_true", help="write again each hour, until SIGTERM")
    asked = parser.parse_args()
    write(asked.folder)
    while asked.follow:
        time.sleep(3_600)
        write(asked.folder)
