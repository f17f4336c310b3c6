"""What would stay in production instead: the other side of the proof against the rules that need no model.

A refusal does not lead to flag-none or flag-all: the champion goes on deciding. So a proof that is missing
against a rule is a reason to warn, and none to keep the champion, in two cases: the champion costs more than
the challenger on the rows that compare them, or the challenger is the champion's own recipe on newer rows and
the champion lacks the same proof there. A challenger that is proven dearer than a rule is stopped all the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...catalogue import Check
from ...decision.costs import BoolArray
from ...evaluation.evaluate import Scored
from ...findings import Finding, Status
from ...project.project import Project
from .gates import LAST_BLOCK
from .head_to_head import HeadToHead, Lane, rule_findings

_MISSING = {LAST_BLOCK: Status.FAIL}
"""The status of a proof that is missing, and not refuted, where it is not INDETERMINATE."""
_COSTS_MORE = "costs more"
_LACKS_IT_TOO = "lacks that proof on the same rows"


def beside_production(found: Iterable[Finding], contest: HeadToHead, project: Project) -> list[Finding]:
    """Turn a proof that is missing against a rule into a warning where it does not speak for production.

    Parameters
    ----------
    found : iterable of Finding
        Of `comparison_findings`. Nothing changes where the comparison with the champion stops.
    contest : HeadToHead
        With the champion, where there is one: what is asked of a first release stays as it is.
    project : Project

    Returns
    -------
    list of Finding
        INDETERMINATE against a rule, or the last block's FAIL, becomes WARN when the champion costs more on
        the rows that compare both, for the last block on those of them that lie in it; in the lane of a
        refresh also when the champion itself would be stopped there.
    """
    findings = list(found)
    refused = any(one.check is Check.CHAMPION and one.status.stops for one in findings)
    if refused or contest.met is None:
        return findings
    weaknesses = _of_champion(*contest.met, contest, project)
    return [_softened(one, contest.version, weaknesses.get(one.subject)) for one in findings]


def _of_champion(
    challenger: Scored, champion: Scored, contest: HeadToHead, project: Project
) -> Mapping[str, str]:
    """Return what is held against the champion, by the subject of the finding."""
    assert contest.untouched is not None  # noqa: S101 - as both were met
    last = None if contest.last is None else contest.last[contest.untouched]
    found = rule_findings(champion, last, contest.alpha_of_rules(project), project)
    weaknesses = {}
    for one in found:
        if _cheaper(challenger, champion, last if one.subject == LAST_BLOCK else None):
            weaknesses[one.subject] = _COSTS_MORE
        elif contest.lane is Lane.REFRESH and one.status.stops:
            weaknesses[one.subject] = _LACKS_IT_TOO
    return weaknesses


def _softened(one: Finding, version: int | None, weakness: str | None) -> Finding:
    missing = _MISSING.get(one.subject, Status.INDETERMINATE)
    if one.check is not Check.BASELINES or one.status is not missing or weakness is None:
        return one
    because = f"{one.because}; version {version}, which would stay in production, {weakness}"
    return replace(one, status=Status.WARN, because=because)


def _cheaper(challenger: Scored, champion: Scored, among: BoolArray | None) -> bool:
    """Return whether the challenger costs less by the point estimate, on some rows at least."""
    difference = challenger.cost - champion.cost
    if among is not None:
        difference = difference[among]
    return bool(len(difference)) and float(difference.mean()) < 0
