"""What would stay in production instead: the other side of the proof against the rules that need no model.

A refusal does not lead to flag-none or flag-all: the champion goes on deciding. So where the champion itself
costs more than the challenger on the rows that compare them, a proof that is missing against a rule is a
reason to warn, and no reason to keep the dearer model. A challenger that is proven dearer than a rule is
stopped all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...catalogue import Check
from ...decision.costs import BoolArray
from ...evaluation.evaluate import Scored
from ...findings import Finding, Status
from .gates import LAST_BLOCK
from .head_to_head import HeadToHead


def beside_production(found: Iterable[Finding], contest: HeadToHead) -> list[Finding]:
    """Turn a missing proof against flag-none and flag-all into a warning where the champion costs more.

    Parameters
    ----------
    found : iterable of Finding
        Of `comparison_findings`. Nothing changes where the comparison with the champion stops.
    contest : HeadToHead
        With the champion, where there is one: what is asked of a first release stays as it is.

    Returns
    -------
    list of Finding
        INDETERMINATE against a rule becomes WARN when the champion costs more on the rows that compare both;
        the last block's FAIL when it does on those of them that lie in the last block.
    """
    findings = list(found)
    refused = any(one.check is Check.CHAMPION and one.status.stops for one in findings)
    if refused or contest.met is None or contest.untouched is None:
        return findings
    cheaper = _cheaper(*contest.met)
    newest = contest.last is not None and _cheaper(*contest.met, among=contest.last[contest.untouched])
    return [
        _softened(one, contest.version, newest if one.subject == LAST_BLOCK else cheaper) for one in findings
    ]


def _softened(one: Finding, version: int | None, cheaper: bool) -> Finding:  # noqa: FBT001 - what decides
    missing = Status.FAIL if one.subject == LAST_BLOCK else Status.INDETERMINATE
    if one.check is not Check.BASELINES or one.status is not missing or not cheaper:
        return one
    because = f"{one.because}; version {version}, which would stay in production, costs more"
    return replace(one, status=Status.WARN, because=because)


def _cheaper(challenger: Scored, champion: Scored, among: BoolArray | None = None) -> bool:
    """Return whether the challenger costs less by the point estimate, on some rows at least."""
    difference = challenger.cost - champion.cost
    if among is not None:
        difference = difference[among]
    return bool(len(difference)) and float(difference.mean()) < 0
