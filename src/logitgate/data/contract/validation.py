"""Does a table keep its contract? The only file that knows Great Expectations.

What slips through the library is caught here: expectations that it drops, columns that are absent,
empty tables and empty columns, which keep every rule about values. Its results never carry cells,
and its exceptions, whose texts may, are told by their type alone.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ...decision.costs import IntArray
from ...errors import ProjectError
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .breaches import (
    CHECK,
    RuleResult,
    breach,
    checked,
    chosen,
    counts_of,
    excess,
    harmless,
    holding,
    missing,
    nameless,
    positions_of,
    share_of,
    unpromised,
    unsaid,
)
from .literals import brought, kinds_of, problems
from .suite import ContractRule, Suite, read_suite

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while the next line imports

import great_expectations as gx
from great_expectations.core import (
    ExpectationSuite,
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

_AT_ONCE = 100  # what one validation costs grows faster than its rules
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
_POSITIONS = {"result_format": "COMPLETE", "partial_unexpected_count": 0, "exclude_unexpected_values": True}
# These observe a count, a share or a mean; others, like a column's maximum, observe a cell.
_TELLABLE = re.compile(
    "expect_table_(row|column)_count_|expect_column_(proportion_of|unique_value_count|mean|stdev)_"
)
_ERROR = re.compile(r"^(\w*(?:Error|Exception))\b", re.MULTILINE)

_Asked: TypeAlias = "Mapping[int, tuple[ContractRule, Expectation]]"
"""Rules and what the library made of them, by their place in the suite."""


@dataclass(frozen=True)
class ContractResult:
    """What the contract found, and the rows to put aside.

    Parameters
    ----------
    findings : tuple of Finding
    broken_rows : int64 array of shape (broken,)
        Positions of the rows to quarantine, rising; empty without quarantine, and when too many would go.
    broken_by : mapping of str to int
        How many of them break which rule; a row may break several.
    of : int
        How many rows the table has, where the frame at hand holds only the broken ones.
    """

    findings: tuple[Finding, ...]
    broken_rows: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    broken_by: Mapping[str, int] = field(default_factory=dict)
    of: int = 0

    def kept(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the frame that are not to be quarantined."""
        if not len(self.broken_rows):
            return frame
        return frame.iloc[np.setdiff1d(np.arange(len(frame)), self.broken_rows)]


def check_contract(
    frame: pd.DataFrame,
    absent: tuple[str, ...],
    project: Project,
    unchecked: int = 0,
    left_out: int = 0,
) -> ContractResult:
    """Hold a table against the project's suite, and against what every table promises unsaid.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
    absent : tuple of str
        Declared columns that the table does not have.
    project : Project
    unchecked : int
        Files that the table was read from without checksums; a note in what holds.
    left_out : int
        Rows that `rows.where` has left out of the frame.

    Returns
    -------
    ContractResult

    Raises
    ------
    ProjectError
        When the suite cannot be read, or holds a repetition.
    """
    suite = suite_of(project)
    findings = [*chosen(len(frame), left_out, project), *unsaid(frame, absent, project), *unpromised(project)]
    held = hold(frame, suite, project)
    held = replace(held, outcomes={place: checked(one) for place, one in held.outcomes.items()})
    findings += held.unread
    if not len(frame):
        return ContractResult(tuple(findings))
    findings += [*held.missing, *holding(suite, held.outcomes.values(), unchecked)]
    broken = {place: outcome for place, outcome in held.outcomes.items() if not outcome.holds}
    breaches = {place: breach(outcome) for place, outcome in broken.items()}
    rows = positions_of(held.aside.values())
    findings += nameless(frame, rows, project)
    too_many = excess(len(rows), len(frame), project)
    if too_many is not None:
        return ContractResult((*findings, *breaches.values(), too_many))
    breaches |= {place: harmless(breaches[place]) for place in held.aside}
    return ContractResult((*findings, *breaches.values()), rows, counts_of(held.aside.values()))


def suite_of(project: Project) -> Suite:
    """Read a project's suite, and refuse values that no cell of its columns can match; none is empty.

    Raises
    ------
    ProjectError
        As `read_suite`; every such value is named by its rule and column.
    """
    if project.contract.suite is None:
        return Suite("no suite", (), "")
    suite = read_suite(project.contract.suite)
    wrong = tuple(problems(suite, project.read_as))
    if wrong:
        remedy = "write the values in the column's type, or declare the type under rows.types"
        raise ProjectError(str(project.contract.suite), "; ".join(wrong), remedy)
    return suite


@dataclass(frozen=True, slots=True)
class Held:
    """What became of each rule of a suite, by its place there.

    Parameters
    ----------
    unread : tuple of Finding
        Rules that the library would drop or misread.
    missing : tuple of Finding
        Rules over columns that are not there.
    outcomes : mapping of int to RuleResult
        Of all others; empty for a table without rows.
    aside : mapping of int to RuleResult
        Breaches whose rows can be put aside, with their positions.
    """

    unread: tuple[Finding, ...]
    missing: tuple[Finding, ...] = ()
    outcomes: Mapping[int, RuleResult] = field(default_factory=dict)
    aside: Mapping[int, RuleResult] = field(default_factory=dict)


def hold(frame: pd.DataFrame, suite: Suite, project: Project) -> Held:
    """Hold a table against the rules of a suite."""
    context = _context()
    asked, unread = _asked(suite, frame)
    if not len(frame):
        return Held(tuple(unread))
    readable = {place: pair for place, pair in asked.items() if set(pair[0].columns) <= set(frame.columns)}
    told = set(project.declared_types)  # `unsaid` names each of these that is not there
    lacking = tuple(
        missing(rule, frame)
        for place, (rule, _) in asked.items()
        if place not in readable and set(rule.columns) - set(frame.columns) - told
    )
    batch = _batch(context, _read(frame, [rule for rule, _ in readable.values()]))
    outcomes = _outcomes(batch, readable, _COUNTS)
    may_go = {place: asked[place] for place in outcomes if _may_go(outcomes[place], project)}
    return Held(tuple(unread), lacking, outcomes, _aside(batch, may_go))


def _asked(suite: Suite, frame: pd.DataFrame) -> tuple[_Asked, list[Finding]]:
    """Let the library read each rule; one that it would drop or misread is a breach, as nobody checks it."""
    asked: dict[int, tuple[ContractRule, Expectation]] = {}
    kinds = kinds_of(frame)
    unread = [Finding(CHECK, "values", Status.FAIL, one) for one in problems(suite, kinds)]
    for place, rule in enumerate(suite.rules):
        try:
            fitted = brought(rule, frame, kinds) if set(rule.columns) <= set(frame.columns) else rule
            written = ExpectationConfiguration(
                type=rule.type,
                kwargs=dict(fitted.kwargs),
                severity=FailureSeverity(rule.severity),
                meta={"place": place},
            )
            asked[place] = rule, written.to_domain_obj()
        except (GreatExpectationsError, ValueError, TypeError, KeyError) as error:
            because = f"expectation {place + 1} {_misreading(error)}, so nothing checks it"
            unread.append(Finding(CHECK, rule.type, Status.FAIL, because))
    if len({_said(expectation) for _, expectation in asked.values()}) != len(asked):
        because = "two expectations say the same, so one of them would be dropped"
        unread.append(Finding(CHECK, suite.name, Status.FAIL, because))
    return asked, unread


def _misreading(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return "is of a type that Great Expectations does not know, or has arguments that it does not take"
    found = errors()[0]
    return f"has wrong arguments: {'.'.join(map(str, found['loc'])).removeprefix('__root__')} {found['msg']}"


def _said(expectation: Expectation) -> tuple[str, str]:
    """Return what an expectation says, by which the library takes two for the same."""
    told = expectation.dict(exclude={"id", "rendered_content", "notes", "meta"})
    return expectation.expectation_type, repr(told)


def _loaded(expectations: Iterable[Expectation]) -> ExpectationSuite:
    """Return a suite; `add_expectation` would hold each one against all before it."""
    suite = ExpectationSuite(name=CHECK)
    suite.expectations.extend(expectation.copy(deep=True) for expectation in expectations)
    return suite


def _context() -> EphemeralDataContext:
    """Open a context that writes nothing, neither to the terminal nor to a folder it would leave behind."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _read(frame: pd.DataFrame, rules: Collection[ContractRule]) -> pd.DataFrame:
    """Return the columns that the rules read; the library copies all it is given, rule by rule."""
    named = {column for rule in rules for column in rule.columns}
    if not named or any(rule.reads_more for rule in rules):
        return frame
    return frame[[column for column in frame.columns if column in named]]


def _batch(context: EphemeralDataContext, frame: pd.DataFrame) -> Batch:
    asset = context.data_sources.add_pandas(CHECK).add_dataframe_asset(CHECK)
    whole = asset.add_batch_definition_whole_dataframe(CHECK)
    return whole.get_batch({"dataframe": frame.reset_index(drop=True)})


def _outcomes(batch: Batch, asked: _Asked, told: Mapping[str, Any]) -> dict[int, RuleResult]:
    """Evaluate the rules; one that leaves no result, or an error, does not hold."""
    places = list(asked)
    outcomes: dict[int, RuleResult] = {}
    for start in range(0, len(places), _AT_ONCE):
        outcomes |= _some_outcomes(
            batch, {place: asked[place] for place in places[start : start + _AT_ONCE]}, told
        )
    return outcomes


def _some_outcomes(batch: Batch, asked: _Asked, told: Mapping[str, Any]) -> dict[int, RuleResult]:
    try:
        suite = _loaded(expectation for _, expectation in asked.values())
        result = batch.validate(suite, result_format=dict(told))
    except Exception as error:  # noqa: BLE001 - whatever stops the library, no rule was seen to hold
        return {place: RuleResult(rule, error=type(error).__name__) for place, (rule, _) in asked.items()}
    assert isinstance(result, ExpectationSuiteValidationResult)  # noqa: S101 - as a suite was asked for
    found = {_place(one): one for one in result.results}
    return {
        place: _outcome(rule, found[place]) if place in found else RuleResult(rule, error="no result")
        for place, (rule, _) in asked.items()
    }


def _place(result: ExpectationValidationResult) -> int:
    config = result.expectation_config
    return int(config.meta["place"]) if config is not None and config.meta else -1


def _aside(batch: Batch, asked: _Asked) -> dict[int, RuleResult]:
    """Locate the rows that break the rules; a rule whose rows are not found is left out."""
    located = _outcomes(batch, asked, _POSITIONS) if asked else {}
    return {
        place: outcome for place, outcome in located.items() if outcome.error is None and outcome.positions
    }


def _outcome(rule: ContractRule, result: ExpectationValidationResult) -> RuleResult:
    error = _raised(result.exception_info or {})
    if error is not None:
        return RuleResult(rule, error=error)
    told = result.result
    figures: dict[str, Figure] = {"severity": rule.severity}
    if "unexpected_count" in told and "element_count" in told:
        rows, unexpected = int(told["element_count"]), int(told["unexpected_count"])
        figures |= {"rows": rows, "unexpected": unexpected}
        if rule.kwargs.get("mostly", 1) != 1:
            figures["cells"] = rows - int(told.get("missing_count") or 0)
        figures["unexpected_share"] = share_of(figures)
    elif _TELLABLE.match(rule.type) and isinstance(told.get("observed_value"), (int, float)):
        figures["observed"] = told["observed_value"]
    positions = tuple(int(position) for position in told.get("unexpected_index_list") or ())
    return RuleResult(rule, bool(result.success), None, figures, positions)


def _raised(info: Mapping[str, Any]) -> str | None:
    """Return the type of what was raised, if anything was; its text may quote cells."""
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [entry for entry in entries if entry["raised_exception"]]
    if not raised:
        return None
    named = (name for entry in raised for name in _ERROR.findall(str(entry["exception_traceback"])))
    return next((name for name in named if hasattr(builtins, name)), "an exception")


def _may_go(outcome: RuleResult, project: Project) -> bool:
    """Whether it is a breach in rows that can be put aside."""
    stops = not outcome.holds and outcome.error is None and outcome.rule.status.stops
    return stops and outcome.rule.by_row and project.contract.quarantine is not None
