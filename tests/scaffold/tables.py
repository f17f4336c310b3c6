"""Tables of strangers: of many kinds, with what is planted in each and must be found."""

import gzip
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ForeignTable:
    """A table and what a careful colleague would find in it.

    `write` puts it into a folder and returns its path; `found` maps roles to columns, `left_out` columns to
    a word of the reason, `leaks` are those that know the outcome, `rows` how the project says cells are
    written.
    """

    name: str
    frame: Callable[[], pd.DataFrame]
    write: Callable[[pd.DataFrame, Path], Path]
    outcome: str
    event: str
    found: Mapping[str, str | None] = field(default_factory=dict)
    categorical: frozenset[str] = frozenset()
    left_out: Mapping[str, str] = field(default_factory=dict)
    leaks: frozenset[str] = frozenset()
    rows: Mapping[str, object] = field(default_factory=dict)
    asked: Mapping[str, object] = field(default_factory=dict)
    questions: frozenset[str] = frozenset()


def base(rows, seed, *, yes="yes", no="no", strength=1.5):
    """Return two numbers, a category and an outcome that depends on all three."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": rng.normal(50, 12, rows).round(2),
            "age": rng.integers(18, 90, rows),
            "plan": rng.choice(["basic", "plus", "gold"], rows, p=[0.5, 0.3, 0.2]),
        }
    )
    log_odds = (
        strength * (frame["income"] - 50) / 12
        - 0.03 * (frame["age"] - 54)
        + 0.8 * (frame["plan"] == "gold")
        - 0.6
    )
    event = rng.uniform(size=rows) < 1 / (1 + np.exp(-log_odds))
    return frame, rng, event, np.where(event, yes, no)


def _csv(name, **options):
    def write(frame, folder):
        frame.to_csv(folder / name, index=False, **options)
        return folder / name

    return write


def _parquet(name):
    def write(frame, folder):
        frame.to_parquet(folder / name, index=False)
        return folder / name

    return write


def _german():
    frame, rng, _, y = base(900, 1, yes="ja", no="nein")
    days = pd.Timestamp("2022-01-03") + pd.to_timedelta(np.sort(rng.integers(0, 400, 900)), unit="D")
    return frame.assign(
        Größe=rng.normal(172, 9, 900).round(1), Vertragsdatum=days.strftime("%d.%m.%Y"), gekündigt=y
    )


def _german_csv(frame, folder):
    path = folder / "verträge.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",", encoding="latin-1")
    return path


def _american():
    frame, rng, _, y = base(1_000, 2)
    frame["revenue"] = [f"{value:,.2f}" for value in rng.lognormal(8, 0.4, 1_000)]
    frame["income"] = frame["income"].astype(object).where(rng.uniform(size=1_000) > 0.1, "NA")
    days = pd.Timestamp("2021-02-01") + pd.to_timedelta(np.sort(rng.integers(0, 500, 1_000)), unit="D")
    return frame.assign(
        signup_date=days.strftime("%m/%d/%Y"), account_no=rng.permutation(1_000) + 70_000, churned=y
    )


def _titled():
    frame, _, _, y = base(600, 3)
    return frame.assign(late=y)


def _titled_csv(frame, folder):
    path = folder / "export.csv"
    path.write_text("Export of the desk\n\n" + frame.to_csv(sep="|"), encoding="utf-8-sig")
    return path


def _leaky():
    frame, rng, event, y = base(1_500, 4, yes="1", no="0")
    at = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(
        np.sort(rng.integers(0, 300 * 1_440, 1_500)), unit="min"
    )
    return frame.assign(
        order_id=[f"o{number:05d}" for number in range(1_500)],
        customer_id=rng.integers(1_000, 1_400, 1_500),
        created_at=at,
        refund=np.where(event, rng.uniform(5, 90, 1_500), 0.0).round(2),
        defaulted=y.astype(int),
    )


def _coded():
    frame, rng, _, y = base(1_200, 5)
    celsius = rng.normal(15, 8, 1_200).round(2)
    pressure = rng.normal(1_013, 8, 1_200).round(1)
    pressure[rng.uniform(size=1_200) < 0.06] = -999
    return frame.assign(
        is_member=(rng.uniform(size=1_200) < 0.03).astype(int),
        region_code=rng.choice([3, 7, 12, 40], 1_200),
        celsius=celsius,
        fahrenheit=celsius * 1.8 + 32,
        plan_copy=frame["plan"].str.upper(),
        pressure=pressure,
        version=4,
        notes=None,
        failed=y,
    )


def _small():
    frame, _, _, y = base(300, 6, yes="bad", no="good")
    return frame.assign(rating=y)


def _utf16(frame, folder):
    frame.to_csv(folder / "wide.csv", index=False, encoding="utf-16")
    return folder / "wide.csv"


def _epochs():
    frame, rng, event, _ = base(1_000, 8)
    seconds = np.sort(1_650_000_000 + rng.integers(0, 86_400 * 200, 1_000))
    return frame.assign(ts=seconds, record=np.arange(1, 1_001), clicked=event)


def _persons():
    frame, rng, _, y = base(800, 9)
    first, last = (
        rng.choice(["Ada", "Max", "Eva", "Tom", "Lea"], 800),
        [f"N{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}ler" for n in range(800)],
    )
    return frame.assign(
        name=[f"{one} {two}" for one, two in zip(first, last, strict=True)],
        contact=[f"user{number}@example.org" for number in range(800)],
        reach=[f"+49 30 {rng.integers(100_000, 999_999)}" for _ in range(800)],
        birth_date=(
            pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 20_000, 800), unit="D")
        ).strftime("%Y-%m-%d"),
        left_company=y,
    )


def _gzipped(frame, folder):
    path = folder / "staff.csv.gz"
    path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    return path


def _odd_names():
    frame, rng, _, y = base(700, 10)
    frame = frame.rename(columns={"income": "Größe (cm)", "age": "a.b", "plan": 'the "plan", really'})
    return frame.assign(
        **{"日付 ": rng.normal(size=700).round(3), "# rooms": rng.integers(1, 9, 700), "it's": y}
    )


def _delta(frame, folder):
    from deltalake import write_deltalake

    write_deltalake(str(folder / "lake"), frame)
    return folder / "lake"


def _lake():
    frame, rng, _, y = base(900, 11)
    return frame.assign(device_key=[f"d{number}" for number in rng.permutation(900)], fraud=y == "yes")


def sqlite_file(frame, folder):
    """Write a frame as the table `visits` of a database."""
    with sqlite3.connect(folder / "rows.db") as database:
        frame.to_sql("visits", database, index=False)
    return folder / "rows.db"


def query_rows():
    """Return visits of several months."""
    frame, rng, _, y = base(800, 12)
    days = pd.Timestamp("2022-03-01") + pd.to_timedelta(np.sort(rng.integers(0, 250, 800)), unit="D")
    return frame.assign(visited_on=days.strftime("%Y-%m-%d"), visit_id=np.arange(800) + 1, converted=y)


def _adult():
    frame, rng, _, y = base(1_000, 13, yes=" >50K", no=" <=50K")
    plan = np.where(rng.uniform(size=1_000) < 0.05, " ?", " " + frame["plan"])
    return frame.assign(plan=plan, weight=rng.pareto(1.2, 1_000).round(4), income_class=y)


def _seasonal():
    rng = np.random.default_rng(14)
    days = pd.date_range("2020-01-01", "2022-06-30", freq="D")
    at = np.sort(rng.choice(days, 8_000))
    frame, _, _, _ = base(8_000, 14)
    monday = pd.DatetimeIndex(at).day_of_week == 0
    chance = 1 / (1 + np.exp(-(-1.2 + 1.5 * monday + 0.06 * (frame["income"].to_numpy() - 50))))
    return frame.assign(
        day=at.astype("datetime64[us]"),
        ticket=np.arange(8_000),
        overdue=np.where(rng.uniform(size=8_000) < chance, "y", "n"),
    )


def _unnamed_event():
    frame, rng, _, y = base(600, 15, yes="A", no="B")
    return frame.assign(
        tags=[["x", "y"]] * 600,
        comment=[f"free text {rng.integers(1e9)} of row {n}" for n in range(600)],
        arm=y,
    )


FOREIGN_TABLES = (
    ForeignTable(
        "german",
        _german,
        _german_csv,
        "gekündigt",
        "ja",
        found={"time": "Vertragsdatum"},
        rows={
            "separator": ";",
            "decimal": ",",
            "encoding": "latin-1",
            "formats": {"Vertragsdatum": "%d.%m.%Y"},
        },
        questions=frozenset({"costs", "outcome.matures_after", "columns.id"}),
    ),
    ForeignTable(
        "american",
        _american,
        _csv("accounts.tsv.csv", sep="\t"),
        "churned",
        "yes",
        found={"id": "account_no", "time": "signup_date"},
        rows={
            "separator": "\t",
            "thousands": ",",
            "formats": {"signup_date": "%m/%d/%Y"},
            "missing_everywhere": ("NA",),
        },
    ),
    ForeignTable(
        "titled",
        _titled,
        _titled_csv,
        "late",
        "yes",
        found={"id": "row"},
        rows={"separator": "|", "header_row": 3, "unnamed": "row"},
    ),
    ForeignTable(
        "leaky",
        _leaky,
        _parquet("orders.parquet"),
        "defaulted",
        "1",
        found={"id": "order_id", "time": "created_at", "entity": "customer_id"},
        leaks=frozenset({"refund"}),
        questions=frozenset({"columns.known_after_outcome"}),
    ),
    ForeignTable(
        "coded",
        _coded,
        _parquet("coded.parquet"),
        "failed",
        "yes",
        categorical=frozenset({"is_member", "region_code"}),
        left_out={
            "fahrenheit": "repeats 'celsius'",
            "plan_copy": "repeats 'plan'",
            "version": "constant",
            "notes": "empty",
        },
        rows={"missing": {"pressure": ("-999",)}},
    ),
    ForeignTable("small", _small, _csv("small.csv"), "rating", "bad", found={"id": None, "time": None}),
    ForeignTable("utf16", _small, _utf16, "rating", "bad", rows={"encoding": "utf-16"}),
    ForeignTable(
        "epochs",
        _epochs,
        _csv("clicks.csv"),
        "clicked",
        "True",
        found={"id": "record", "time": "ts"},
        rows={"formats": {"ts": "epoch seconds"}},
    ),
    ForeignTable(
        "persons",
        _persons,
        _gzipped,
        "left_company",
        "yes",
        left_out={"name": "personal", "contact": "personal", "reach": "personal", "birth_date": "personal"},
    ),
    ForeignTable(
        "odd",
        _odd_names,
        _csv("odd names (1).csv"),
        "it's",
        "yes",
        categorical=frozenset({'the "plan", really'}),
    ),
    ForeignTable("lake", _lake, _delta, "fraud", "true", found={"id": "device_key"}),
    ForeignTable(
        "adult",
        _adult,
        _csv("adult.csv"),
        "income_class",
        ">50K",
        asked={"event": ">50K"},
        rows={"missing_everywhere": ("?",)},
    ),
    ForeignTable(
        "seasonal",
        _seasonal,
        _parquet("tickets.parquet"),
        "overdue",
        "y",
        found={"id": "ticket", "time": "day", "cluster": "day"},
    ),
    ForeignTable(
        "trial",
        _unnamed_event,
        _parquet("trial.parquet"),
        "arm",
        "A",
        left_out={"tags": "lists", "comment": "names rows"},
        questions=frozenset({"outcome.event"}),
        asked={"event": None},
    ),
)
