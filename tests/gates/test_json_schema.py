"""The verdict for programs keeps its published form."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from logitgate.catalogue import Check
from logitgate.findings import Finding, Status, Verdict
from logitgate.gates.verdict.json_schema import VerdictFile, verdict_schema
from logitgate.gates.verdict.outcome import Outcome

PUBLISHED = Path(__file__).parents[2] / "docs" / "verdict.schema.json"


def test_the_published_schema_is_the_codes_own():
    """docs/verdict.schema.json says what is written; `python -m logitgate.verdict_file` prints it again."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == verdict_schema()


def test_an_outcome_tells_status_headline_and_each_check(wording):
    """The worst finding of a check decides it; one that was required and not reached is INDETERMINATE."""
    found = (
        Finding(Check.SLICES, "a", Status.PASS, "fine"),
        Finding(Check.SLICES, "b", Status.FAIL, "harmed", {"share": float("nan")}),
    )
    verdict = Verdict.of(found, (Check.SLICES, Check.CHAMPION))
    plain = Outcome.of("small", "0123", verdict, None).as_json()
    assert plain["checks"] == {"slices": "FAIL", "champion": "INDETERMINATE"}
    assert plain["status"] == "FAIL"
    wording(plain["headline"])
    assert plain["schema_version"] == 1 and plain["findings"][1]["figures"] == {"share": None}
    VerdictFile.model_validate_json(json.dumps(plain, allow_nan=False))


def test_a_verdict_of_another_form_is_refused():
    """An unknown key or version is never read as if it were this one."""
    plain = Outcome.of("small", "0123", Verdict.of((), (Check.ROWS,)), None).as_json()
    for change in ({"schema_version": 2}, {"more": 1}, {"status": "FINE"}):
        with pytest.raises(ValidationError):
            VerdictFile.model_validate(plain | change)
