"""Seeded fuzz of tables and project files: each is read right or refused clearly, never otherwise.

Four classes: right, clear refusal, traceback, silently other. The last two are empty. What is right is known
from how a file was made; for a CSV whose bytes were damaged, Python's own reader says what stands there.
"""

import csv
import gzip
import io
import random
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logitgate.data.batches import read_batches
from logitgate.data.sampling.outcome_levels import read_outcomes
from logitgate.data.table import read_table
from logitgate.decision.levels import Spelling, text_of
from logitgate.errors import DataError, LogitgateError, ProjectError
from logitgate.project.project import Project
from logitgate.project.reading.load import load_project, parse_project
from tests import projects

TABLES, DAMAGED, FILES = 160, 160, 240
SECRET = "Wilhelmine-Qz4711"
PROJECT = parse_project(
    projects.plain(
        columns={"cluster": None},
        outcome={"event": 1, "non_event": 0},
        features={"numeric": ["size"], "categorical": ["kind", "paid", "grade", "price"]},
        slices={"columns": []},
    ),
    "visits.toml",
)
COLUMNS = ("visit", "at", "bad", "size", "kind", "paid", "grade", "price")
_KINDS = ("Köln", "a,b", 'say "x"', "two\nlines", " padded ", "NA", "null", "007", "Ünï", "=1+1", SECRET)


def truth(dice):
    """Return the cells of a few rows, by column, in Python's own types; None where missing."""
    rows = dice.randint(1, 9)
    start = datetime(2021, 3, 1, tzinfo=UTC)
    return {
        "visit": [f"v{number:05d}" for number in range(rows)],
        "at": [start + timedelta(minutes=dice.randint(0, 10**6)) for _ in range(rows)],
        "bad": [dice.random() < 0.5 for _ in range(rows)],
        "size": [_maybe(dice, dice.uniform(-1e6, 1e6) * 10 ** dice.randint(-9, 9)) for _ in range(rows)],
        "kind": [_maybe(dice, dice.choice(_KINDS)) for _ in range(rows)],
        "paid": [_maybe(dice, dice.random() < 0.5) for _ in range(rows)],
        "grade": [_maybe(dice, dice.randint(-3, 12)) for _ in range(rows)],
        "price": [_maybe(dice, Decimal(dice.randint(0, 999)) / 4) for _ in range(rows)],
    }


def _maybe(dice, cell):
    return None if dice.random() < 0.15 else cell


def as_csv(cells, dice):
    """Write the cells as one of many exporters would, with its own words for truth values and moments."""
    spell = {
        bool: dice.choice([("True", "False"), ("true", "false"), ("TRUE", "FALSE")]),
        "bad": dice.choice([("1", "0"), ("True", "False"), ("1.0", "0.0"), ("true", "false")]),
        "whole": dice.choice(["{}", "{}.0"]),
        "zone": dice.choice(["", "Z", "+00:00"]),
        "between": dice.choice(["T", " "]),
    }

    def word(name, cell):
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return spell["bad" if name == "bad" else bool][not cell]
        if isinstance(cell, datetime):
            return cell.replace(tzinfo=None).isoformat(spell["between"]) + spell["zone"]
        if isinstance(cell, int):
            return spell["whole"].format(cell)
        if isinstance(cell, Decimal):
            return f"{cell:.2f}"
        return repr(cell) if isinstance(cell, float) else cell

    names = dice.sample(COLUMNS, len(COLUMNS))
    out = io.StringIO(newline="")
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(out, lineterminator=dice.choice(["\n", "\r\n"]), quoting=quoting)
    writer.writerow(names)
    writer.writerows(
        [word(name, cell) for name, cell in zip(names, row, strict=True)] for row in _rows(cells, names)
    )
    return out.getvalue().encode(dice.choice(["utf-8", "utf-8", "utf-8-sig"]))


def _rows(cells, names):
    return zip(*(cells[name] for name in names), strict=True)


def as_arrow(cells, dice):
    """Type the cells as one of many warehouses would."""
    types = {
        "visit": dice.choice([pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]),
        "at": dice.choice([pa.timestamp(unit, "UTC") for unit in ("s", "ms", "us", "ns")]),
        "bad": dice.choice([pa.bool_(), pa.int8(), pa.float64()]),
        "size": pa.float64(),
        "kind": dice.choice([pa.string(), pa.dictionary(pa.int32(), pa.string()), pa.large_string()]),
        "paid": pa.bool_(),
        "grade": dice.choice([pa.int8(), pa.int64(), pa.float64(), pa.decimal128(12, 2)]),
        "price": dice.choice([pa.decimal128(9, 2), pa.decimal128(30, 8)]),
    }
    names = dice.sample(COLUMNS, len(COLUMNS))
    table = {}
    for name in names:
        values = [int(cell) if name == "bad" and types[name] != pa.bool_() else cell for cell in cells[name]]
        if name == "grade" and pa.types.is_decimal(types[name]):
            values = [None if cell is None else Decimal(cell) for cell in values]
        kind = types[name]
        if pa.types.is_dictionary(kind):
            table[name] = pa.array(values, kind.value_type).dictionary_encode().cast(kind)
        else:
            table[name] = pa.array(values, kind)
    return pa.table(table)


def write(cells, folder, dice, number):
    """Write the cells into a file of some format."""
    kind = dice.choice([".csv", ".csv.gz", ".parquet"])
    path = folder / f"rows{number}{kind}"
    if kind == ".parquet":
        pq.write_table(
            as_arrow(cells, dice), path, write_page_checksum=True, row_group_size=dice.choice([2, 100])
        )
    else:
        raw = as_csv(cells, dice)
        path.write_bytes(gzip.compress(raw) if kind == ".csv.gz" else raw)
    return path


def same(frame, cells):
    """Whether a frame holds what the cells say."""
    if len(frame) != len(cells["visit"]) or list(frame["visit"]) != cells["visit"]:
        return False
    size = np.array([np.nan if cell is None else cell for cell in cells["size"]])
    if not np.array_equal(frame["size"].to_numpy(np.float64, na_value=np.nan), size, equal_nan=True):
        return False
    if list(frame["at"]) != [pd.Timestamp(at) for at in cells["at"]]:
        return False
    if read_outcomes(frame["bad"], PROJECT.outcome).tolist() != [int(cell) for cell in cells["bad"]]:
        return False
    return all(_levels(frame[name], cells[name]) for name in ("kind", "paid", "grade", "price"))


def _levels(column, cells):
    """Whether each level means the cell: a table's own spelling is brought to it as a model would."""
    spelling = Spelling.of({text_of(cell) for cell in cells if cell is not None})
    found = [None if pd.isna(level) else spelling.bring(level) for level in column.astype(object)]
    return found == [None if cell is None else text_of(cell) for cell in cells]


def outcome_of(read, is_right, planted="\0"):
    """Return the class of one input, and what was said where it was refused."""
    try:
        found = read()
    except LogitgateError as error:
        got = str(error)
        clear = error.subject and error.rule and error.remedy and planted not in got and len(got) < 1_500
        return "clear refusal" if clear else f"unclear: {got[:200]}"
    except Exception as error:  # noqa: BLE001 - that is the class that must be empty
        return f"traceback: {type(error).__name__} {error}"
    return "right" if is_right(found) else "silently other"


def test_every_sound_table_is_read_right_in_any_format(tmp_path):
    """Whole and in batches, with the same cells."""
    dice, classes = random.Random(471), Counter()
    for number in range(TABLES):
        cells = truth(dice)
        path = write(cells, tmp_path, dice, number)
        classes[
            outcome_of(lambda path=path: read_table(path, PROJECT).frame, lambda one, c=cells: same(one, c))
        ] += 1
        parts = outcome_of(
            lambda path=path: pd.concat(
                [one.frame for one in read_batches(path, PROJECT, 3)], ignore_index=True
            ),
            lambda one, c=cells: same(one, c),
        )
        classes[parts] += 1
    assert classes == {"right": 2 * TABLES}


def damage(raw, dice):
    """Cut bytes, change some, put junk between them, or write a part twice."""
    raw, kind = bytearray(raw), dice.randrange(5)
    place = dice.randrange(len(raw))
    if kind == 0:
        return bytes(raw[:place])
    if kind == 1:
        for _ in range(dice.randint(1, 3)):
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    elif kind == 2:
        raw[place:place] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 4)))
    elif kind == 3:
        raw[place:place] = dice.choice(
            [b",", b'"', b"\n", b"\r", b"\0", b"1e999", b"nan", SECRET.encode(), b"1e200"]
        )
    else:
        raw += raw[place:]
    return bytes(raw)


def as_it_stands(raw):
    """Read damaged CSV bytes by Python's own reader; None where they are no table of these columns."""
    try:
        text = raw.decode("utf-8-sig")
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error, ValueError):
        return None
    if any(len(row) != len(header) for row in rows) or set(COLUMNS) - set(header):
        return None
    return {name: [row[place] or None for row in rows] for place, name in enumerate(header)}


def stands_there(frame, raw):
    """Whether the frame holds what Python reads in damaged bytes."""
    cells = as_it_stands(raw)
    if cells is None or len(frame) != len(cells["visit"]):
        return False
    ids = [None if pd.isna(cell) else cell for cell in frame["visit"]]
    kinds = [None if pd.isna(cell) else cell for cell in frame["kind"].astype(object)]
    expected = [cell and (cell.strip(" ") or None) for cell in cells["kind"]]
    sizes = [np.nan if cell is None else float(cell) for cell in cells["size"]]
    return (
        ids == cells["visit"]
        and kinds == expected
        and np.array_equal(frame["size"].to_numpy(np.float64, na_value=np.nan), sizes, equal_nan=True)
    )


def test_a_damaged_table_is_read_as_it_stands_or_refused(tmp_path):
    """A Parquet file with page checksums keeps its cells or is refused."""
    dice, classes = random.Random(4711), Counter()
    for number in range(DAMAGED):
        cells = truth(dice)
        sound = write(cells, tmp_path, dice, number)
        path = tmp_path / f"damaged{number}{''.join(sound.suffixes)}"
        path.write_bytes(damage(sound.read_bytes(), dice))
        classes[outcome_of(lambda path=path: complete(path), partial(undamaged, path, cells), SECRET)] += 1
    assert set(classes) <= {"right", "clear refusal"}, classes
    assert min(classes["right"], classes["clear refusal"]) > 10, classes


def complete(path):
    """Read a table; a column that it lacks breaks the contract of every table."""
    table = read_table(path, PROJECT)
    if table.absent:
        raise DataError(path.name, f"lacks {', '.join(table.absent)}", "give the columns")
    return table.frame


def undamaged(path, cells, frame):
    """Whether a frame holds what stands in a damaged CSV, or the cells of a Parquet file with checksums."""
    return stands_there(frame, path.read_bytes()) if path.suffix == ".csv" else same(frame, cells)


def mutated(plain, dice):
    """Change a project's plain values somewhere: drop, rename, replace or nest."""
    junk = [
        0,
        -1,
        10**40,
        1e308,
        True,
        "",
        "x" * 3_000,
        "\N{SNOWMAN}",
        [],
        ["a", "a"],
        {},
        {"a": 1},
        "2021-13-45",
    ]
    section = dice.choice([name for name, value in plain.items() if isinstance(value, dict)])
    where = plain if dice.random() < 0.3 else plain[section]
    key = dice.choice(list(where))
    change = dice.randrange(4)
    if change == 0:
        del where[key]
    elif change == 1:
        where[key + dice.choice(["s", "_", "\u00e9"])] = where.pop(key)
    elif change == 2:
        where[key] = dice.choice(junk)
    else:
        where[key] = dice.choice([{"because": dice.choice(junk)}, [dice.choice(junk)], [where[key]]])
    return plain


def test_every_project_file_is_read_right_or_refused_by_its_key(tmp_path):
    """Values and bytes alike; what is read has no unknown key, and says the same again."""
    dice, classes = random.Random(471147), Counter()
    path = tmp_path / "visits.toml"
    for number in range(FILES):
        plain = projects.plain(scoring={"may_be_empty": False}, labels={"only_events": False})
        projects.write_project(path, mutated(plain, dice) if number % 2 else plain)
        if number % 2 == 0:
            path.write_bytes(damage(path.read_bytes(), dice))
        classes[outcome_of(lambda: load_project(path), lambda found: says_the_same(found, path))] += 1
    assert set(classes) <= {"right", "clear refusal"}, classes
    assert min(classes["right"], classes["clear refusal"]) > 10, classes


def says_the_same(found, path):
    """Whether a project is what its file says, no more and no less, by a second reading."""
    plain = tomllib.loads(path.read_text(encoding="utf-8"))
    return isinstance(found, Project) and set(plain) <= set(Project.model_fields) and _kept(plain, found)


def _kept(plain, found):
    for name, value in plain.items():
        read = getattr(found, name)
        if isinstance(value, dict) and not isinstance(read, dict):
            if not _kept(value, read):
                return False
        elif isinstance(value, (bool, int, float)) and read != value:
            return False
    return True


@pytest.mark.parametrize("raw", [b"", b"\xff", b"a = ", b"[" * 900, b"a = " + b"9" * 100_000])
def test_what_is_no_project_file_is_refused(tmp_path, raw):
    """With exit code 2."""
    path = tmp_path / "visits.toml"
    path.write_bytes(raw)
    with pytest.raises(ProjectError):
        load_project(path)
