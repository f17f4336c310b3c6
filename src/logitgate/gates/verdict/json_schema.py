"""The verdict for programs: what ``verdict.json`` holds and ``--json`` prints, and its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ...catalogue import Check
from ...decision.rule import RuleName
from ...findings import Status

SCHEMA_VERSION: Literal[1] = 1
"""Rises when a key is dropped or changes its meaning; a new key alone does not raise it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class FindingEntry(_Section):
    """What one check found about one subject."""

    check: Check
    """Which gate looked."""
    code: str = ""
    """The code under which docs/findings.md explains it."""
    subject: str
    """At what it looked: a column, a slice, a version."""
    status: Status
    """Only FAIL and INDETERMINATE stop a promotion."""
    because: str
    """The reason, in a sentence."""
    figures: dict[str, float | int | str | bool | None]
    """What the finding rests on; null where a figure is undefined."""


class VerdictFile(_Section):
    """One verdict: a model version, how it was judged, and what followed."""

    schema_version: Literal[1]
    """Version of this form."""
    kind: Literal["training", "comparison"]
    """Whether a version was trained, or two versions were compared."""
    model: str
    """Name of the registered model."""
    version: int | None
    """The version that was judged; null when none was made."""
    against: int | None
    """The version it was held against; null without one."""
    run_id: str | None
    """The MLflow run that keeps the evidence."""
    status: Status
    """PASS, or the worst status that stops."""
    headline: str
    """The verdict in one line, with the first reason why not."""
    promoted: bool
    """Whether the version was put into production."""
    champion: int | None
    """The version in production afterwards."""
    checks: dict[str, Status]
    """The worst status of each check; INDETERMINATE for one that was never reached."""
    findings: tuple[FindingEntry, ...]
    """All findings."""
    exhibits: tuple[str, ...]
    """Tables of evidence that the run keeps, each as ``evidence/<name>.json``."""
    test: dict[str, float | None]
    """Figures of the rows that judged, each with its 95 % limits; null where undefined."""
    threshold: float | None
    """The constant threshold, if the rule has one."""
    rule: RuleName | None
    """How probabilities become decisions."""
    snapshot: str
    """Digest of the table."""
    as_of: str | None
    """Only what was known before this moment was used (ISO 8601)."""
    repeated: bool
    """Whether this training had been done before, so that its verdict is repeated."""
    unit: str = ""
    """Unit of the costs; empty in verdicts that were written before it was kept."""
    awaits_approval: bool = False
    """Whether the version passed every gate and is the candidate until a person approves it."""
    row: str = "row"
    """What a row is, as the project says; "row" in verdicts that were written before it was kept."""


def verdict_schema() -> dict[str, Any]:
    """Return the JSON Schema of a verdict, for whoever reads one by program."""
    schema = VerdictFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    import json

    print(json.dumps(verdict_schema(), indent=2))  # noqa: T201 - prints docs/verdict.schema.json
