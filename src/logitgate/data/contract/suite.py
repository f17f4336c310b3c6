"""Reading a suite: hand-written JSON in, its rules out, and a refusal of what would be dropped in silence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ...errors import ProjectError
from ...files.plain import no_file
from ...findings import Status

_GUIDE = "expectations/README.md shows how a suite is written"
_KEYS = {"type", "kwargs", "severity", "meta"}
_SEVERITIES = {"critical": Status.FAIL, "warning": Status.WARN, "info": Status.WARN}
_SHORTEST_REASON = 10
# These steer how a result is reported, and a report may hold cells: that is not a suite's to decide.
_RESERVED = {"batch_id", "catch_exceptions", "result_format"}
_ROW_PREFIXES = ("expect_column_values_to_", "expect_column_value_lengths_to_", "expect_column_pair_values_")
# Named like the others, but judged against the rest of the column or against its type, not row by row.
_NOT_BY_ROW = {
    "expect_column_values_to_be_decreasing",
    "expect_column_values_to_be_in_type_list",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_of_type",
    "expect_column_values_to_not_be_outliers",
}


@dataclass(frozen=True, slots=True)
class ContractRule:
    """One entry of a suite: what is expected, how bad a breach is, and why it is expected."""

    type: str
    kwargs: Mapping[str, Any]
    severity: str
    because: str
    may_match_nothing: bool = False
    """Whether its row_condition may hold for no row at all."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule reads."""
        single = [self.kwargs[name] for name in ("column", "column_A", "column_B") if name in self.kwargs]
        return tuple(str(name) for name in (*single, *self.kwargs.get("column_list", ())))

    @property
    def reads_more(self) -> bool:
        """Whether the rule reads more of the table than the columns that it names and the number of rows."""
        if "row_condition" in self.kwargs or self.type.startswith("expect_table_column"):
            return True
        return not self.columns and not self.type.startswith("expect_table_row_count_")

    @property
    def counts_rows(self) -> bool:
        """Whether the rule is about the number of rows of the table."""
        return self.type in ("expect_table_row_count_to_be_between", "expect_table_row_count_to_equal")

    @property
    def subject(self) -> str:
        """The rule's name in a verdict."""
        return f"{', '.join(self.columns) or 'table'}: {self.type}"

    @property
    def status(self) -> Status:
        """What a breach is."""
        return _SEVERITIES[self.severity]

    @property
    def by_row(self) -> bool:
        """Whether each row keeps or breaks the rule on its own.

        With `mostly` below 1 it is a share of the cells that are there that is promised, not each cell.
        """
        rowwise = self.type.startswith(_ROW_PREFIXES) and self.type not in _NOT_BY_ROW
        return rowwise and self.kwargs.get("mostly", 1) == 1


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of a file, and the digest of its bytes."""

    name: str
    rules: tuple[ContractRule, ...]
    digest: str


def read_suite(path: Path) -> Suite:
    """Read a suite strictly: every entry whole, none twice, each with a severity and a reason.

    Raises
    ------
    ProjectError
        When the file cannot be read or is no suite; every faulty entry is named.
    """
    if rule := no_file(path):
        raise ProjectError(str(path).replace("\0", "?"), rule, "correct contract.suite")
    try:
        content = path.read_bytes()
        plain = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
    except OSError as error:
        raise ProjectError(
            str(path), f"cannot be read ({error.strerror})", "correct contract.suite"
        ) from error
    except (ValueError, RecursionError) as error:
        raise ProjectError(str(path), f"is not JSON: {error}", _GUIDE) from error
    problems = tuple(_problems(plain))
    if problems:
        raise ProjectError(str(path), "; ".join(problems), _GUIDE)
    rules = tuple(
        ContractRule(
            entry["type"],
            entry["kwargs"],
            entry["severity"],
            entry["meta"]["because"].strip(),
            entry["meta"].get("may_match_nothing") is True,
        )
        for entry in plain["expectations"]
    )
    return Suite(plain["name"], rules, hashlib.sha256(content).hexdigest())


def _problems(plain: object) -> Iterator[str]:
    if not isinstance(plain, dict) or set(plain) != {"name", "expectations"}:
        yield "must hold exactly the keys name and expectations"
        return
    if not isinstance(plain["name"], str) or not plain["name"].strip():
        yield "name must be a text"
    if not isinstance(plain["expectations"], list) or not plain["expectations"]:
        yield "expectations is empty, so it promises nothing"
        return
    first_at: dict[str, int] = {}
    for number, entry in enumerate(plain["expectations"], start=1):
        found = next(_entry_problems(entry), None)
        if found is not None:
            yield f"expectation {number} {found}"
            continue
        same = json.dumps([entry["type"], entry["kwargs"]], sort_keys=True)
        if same in first_at:
            yield f"expectation {number} ({entry['type']}) repeats expectation {first_at[same]}"
        first_at.setdefault(same, number)


def _entry_problems(entry: object) -> Iterator[str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        yield "has no type"
        return
    name = f"({entry['type']})"
    for key in sorted(set(entry) - _KEYS):
        near = get_close_matches(key, _KEYS, n=1)
        yield f"{name} has the unknown key '{key}'" + (f"; did you mean {near[0]}?" if near else "")
    if not isinstance(entry.get("kwargs"), dict):
        yield f"{name} has no kwargs"
        return
    reserved = sorted(_RESERVED & set(entry["kwargs"]))
    if reserved:
        yield f"{name} sets {', '.join(reserved)}, which no suite may"
    if "condition_parser" in entry["kwargs"] or isinstance(entry["kwargs"].get("row_condition"), str):
        yield f"{name} has a row_condition as code, which would be evaluated: write it as an object"
    mostly = entry["kwargs"].get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, (int, float)) or not 0 < mostly <= 1:
        yield f"{name} has a mostly that is no share above 0 and up to 1, so it promises nothing"
    if not isinstance(entry.get("severity"), str) or entry["severity"] not in _SEVERITIES:
        yield f"{name} needs a severity: {', '.join(_SEVERITIES)}"
    meta = entry.get("meta")
    because = meta.get("because") if isinstance(meta, dict) else None
    if not isinstance(because, str) or len(because.strip()) < _SHORTEST_REASON:
        yield f"{name} does not say why: write a sentence in meta.because"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(twice)} stands twice in one object")
    return plain


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not a number")
