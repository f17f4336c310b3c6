"""Great Expectations: it reads rules, and evaluates them. The only file that knows it.

What slips through the library is caught here: expectations that it drops or misreads. Its results never carry
cells, and its exceptions, whose texts may, are reported by their type alone.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import pandas as pd

from ....catalogue import Check
from ....findings import Figure, Finding, Status
from ..results import RuleResult, share_of
from ..suite import ContractRule

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while the next line imports


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Let what is imported in the block find no such package.

    The library would import PySpark, which takes a second, complains of pandas' version, and ends a process
    that it takes for a run of its own tests.
    """
    loaded = {name: each for name, each in sys.modules.items() if name.partition(".")[0] == package}
    for name in loaded:
        del sys.modules[name]
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
        sys.modules.update(loaded)


with _hidden("pyspark"):
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
COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}
POSITIONS = {"result_format": "COMPLETE", "partial_unexpected_count": 0, "exclude_unexpected_values": True}
# These observe a count, a share or a mean; others, like a column's maximum, observe a cell.
_TELLABLE = re.compile(
    "expect_table_(row|column)_count_|expect_column_(proportion_of|unique_value_count|mean|stdev)_"
)
_ERROR = re.compile(r"^(\w*(?:Error|Exception))\b", re.MULTILINE)

Asked: TypeAlias = "Mapping[int, tuple[ContractRule, Expectation]]"
"""Rules and what the library made of them, by their place in the suite."""


def read(
    rules: Mapping[int, ContractRule], wanted: Mapping[int, ContractRule]
) -> tuple[Asked, list[Finding]]:
    """Let the library read rules; one that it would drop or misread is a breach, as nothing checks it.

    Parameters
    ----------
    rules : mapping of int to ContractRule
        By their place in the suite.
    wanted : mapping of int to ContractRule
        The same with their values brought to the columns' types.
    """
    asked: dict[int, tuple[ContractRule, Expectation]] = {}
    unread = []
    for place, rule in rules.items():
        try:
            written = ExpectationConfiguration(
                type=rule.type,
                kwargs=dict(wanted[place].kwargs),
                severity=FailureSeverity(rule.severity),
                meta={"place": place},
            )
            asked[place] = rule, written.to_domain_obj()
        except (GreatExpectationsError, ValueError, TypeError, KeyError) as error:
            because = f"expectation {place + 1} {_misreading(error)}, so nothing checks it"
            unread.append(Finding(Check.CONTRACT, rule.type, Status.FAIL, because))
    return asked, unread


def say_the_same(asked: Asked) -> bool:
    """Whether two of the rules say the same, so that the library would drop one."""
    return len({_said(expectation) for _, expectation in asked.values()}) != len(asked)


def _misreading(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if not callable(errors):
        return "is of a type that Great Expectations does not know, or has arguments that it does not take"
    found = errors()[0]
    return f"has wrong arguments: {'.'.join(map(str, found['loc'])).removeprefix('__root__')} {found['msg']}"


def _said(expectation: Expectation) -> tuple[str, str]:
    """Return what an expectation says, by which the library takes two for the same."""
    reported = expectation.dict(exclude={"id", "rendered_content", "notes", "meta"})
    return expectation.expectation_type, repr(reported)


def _loaded(expectations: Iterable[Expectation]) -> ExpectationSuite:
    """Return a suite; `add_expectation` would hold each one against all before it."""
    suite = ExpectationSuite(name=Check.CONTRACT)
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


def batch_of(frame: pd.DataFrame, rules: Collection[ContractRule]) -> Batch:
    """Give the library the columns of a frame that rules read."""
    asset = _context().data_sources.add_pandas(Check.CONTRACT).add_dataframe_asset(Check.CONTRACT)
    whole = asset.add_batch_definition_whole_dataframe(Check.CONTRACT)
    return whole.get_batch({"dataframe": _read(frame, rules).reset_index(drop=True)})


def outcomes(batch: Batch, asked: Asked, reported: Mapping[str, Any]) -> dict[int, RuleResult]:
    """Evaluate the rules; one that leaves no result, or an error, does not hold."""
    places = list(asked)
    found: dict[int, RuleResult] = {}
    for start in range(0, len(places), _AT_ONCE):
        found |= _some_outcomes(
            batch, {place: asked[place] for place in places[start : start + _AT_ONCE]}, reported
        )
    return found


def _some_outcomes(batch: Batch, asked: Asked, reported: Mapping[str, Any]) -> dict[int, RuleResult]:
    try:
        suite = _loaded(expectation for _, expectation in asked.values())
        result = batch.validate(suite, result_format=dict(reported))
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


def aside(batch: Batch, asked: Asked) -> dict[int, RuleResult]:
    """Locate the rows that break the rules; a rule whose rows are not found is left out."""
    located = outcomes(batch, asked, POSITIONS) if asked else {}
    return {
        place: outcome for place, outcome in located.items() if outcome.error is None and outcome.positions
    }


def _outcome(rule: ContractRule, result: ExpectationValidationResult) -> RuleResult:
    error = _raised(result.exception_info or {})
    if error is not None:
        return RuleResult(rule, error=error)
    reported = result.result
    figures: dict[str, Figure] = {"severity": rule.severity}
    if "unexpected_count" in reported and "element_count" in reported:
        rows, unexpected = int(reported["element_count"]), int(reported["unexpected_count"])
        figures |= {"rows": rows, "unexpected": unexpected}
        if rule.kwargs.get("mostly", 1) != 1:
            figures["cells"] = rows - int(reported.get("missing_count") or 0)
        figures["unexpected_share"] = share_of(figures)
    elif _TELLABLE.match(rule.type) and isinstance(reported.get("observed_value"), (int, float)):
        figures["observed"] = reported["observed_value"]
    positions = tuple(int(position) for position in reported.get("unexpected_index_list") or ())
    return RuleResult(rule, bool(result.success), None, figures, positions)


def _raised(info: Mapping[str, Any]) -> str | None:
    """Return the type of what was raised, if anything was; its text may quote cells."""
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [entry for entry in entries if entry["raised_exception"]]
    if not raised:
        return None
    named = (name for entry in raised for name in _ERROR.findall(str(entry["exception_traceback"])))
    return next((name for name in named if hasattr(builtins, name)), "an exception")
