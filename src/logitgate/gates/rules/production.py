"""What would stay in production instead: the other side of the proof against the rules that need no model.

A refusal does not lead to flag-none or flag-all: the champion goes on deciding. So a proof that is missing
against a rule is a reason to warn, and none to keep the champion, in two cases: the champion costs more than
the challenger on the rows that compare them, or the challenger is the champion's own recipe on newer rows. Of
two fits of one recipe one may have a proof that the other just lacks, which does not say which is better
(Gelman, Stern 2006); their paired difference does, and has been asked. The veto of the last block is softened
where the champion costs more in it or, for a refresh, meets the same veto.

A challenger that is proven dearer than a rule is stopped all the same, as then the rule should decide, unless
that speaks for the champion even less: it costs more on the rows that compare both, and either is proven
dearer than the rule as well or the challenger is cheaper than it there. In a world that turned around the
blocks of the turn speak against every recipe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...catalogue import Check
from ...decision.costs import BoolArray
from ...evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE, always
from ...evaluation.evaluate import Scored
from ...findings import Finding, Status
from ...project.project import Project
from .gates import LAST_BLOCK
from .head_to_head import HeadToHead, Lane, rule_findings

_MISSING = {LAST_BLOCK: Status.FAIL}
"""The status of a proof that is missing, and not refuted, where it is not INDETERMINATE."""
_COSTS_MORE = "costs more"
_SAME_RECIPE = "was trained by the same recipe and is not proven better"
_VETOED_TOO = "is not cheap enough there either"
_PROVEN_DEARER = "is proven dearer than it as well, and costs more"
_DEARER_THAN_BOTH = "costs more on the rows that compare both, where this is cheaper than the rule"


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
        the rows that compare both, for the last block on those of them that lie in it. In the lane of a
        refresh the first is a WARN always, the second also when the champion would be stopped there. FAIL
        against a rule becomes WARN when the champion costs more on the rows that compare both and is proven
        dearer than that rule as well, or the challenger costs less there than that rule.
    """
    findings = list(found)
    refused = any(one.check is Check.CHAMPION and one.status.stops for one in findings)
    if refused or contest.met is None:
        return findings
    weaknesses = _of_champion(*contest.met, contest, project)
    return [_softened(one, contest.version, weaknesses.get((one.subject, one.status))) for one in findings]


def _of_champion(
    challenger: Scored, champion: Scored, contest: HeadToHead, project: Project
) -> Mapping[tuple[str, Status], str]:
    """Return what is held against the champion, by subject and status of the challenger's finding."""
    assert contest.untouched is not None  # noqa: S101 - as both were met
    last = None if contest.last is None else contest.last[contest.untouched]
    alpha = contest.alpha_of_rules(project)
    found = rule_findings(champion, last, alpha, project)
    rules = {FLAG_NONE: always(challenger, flagged=False), FLAG_ALL: always(challenger, flagged=True)}
    weaknesses = {}
    for one in found:
        missing = one.subject, _MISSING.get(one.subject, Status.INDETERMINATE)
        if _cheaper(challenger, champion, last if one.subject == LAST_BLOCK else None):
            if one.status is Status.FAIL:
                weaknesses[one.subject, Status.FAIL] = _PROVEN_DEARER
            elif one.subject in rules and _cheaper(challenger, rules[one.subject], None):
                weaknesses[one.subject, Status.FAIL] = _DEARER_THAN_BOTH
            weaknesses[missing] = _COSTS_MORE
        elif contest.lane is Lane.REFRESH and one.subject != LAST_BLOCK:
            weaknesses[missing] = _SAME_RECIPE
        elif contest.lane is Lane.REFRESH and one.status.stops:
            weaknesses[missing] = _VETOED_TOO
    return weaknesses


def _softened(one: Finding, version: int | None, weakness: str | None) -> Finding:
    if one.check is not Check.BASELINES or weakness is None:
        return one
    because = f"{one.because}; version {version}, which would stay in production, {weakness}"
    return replace(one, status=Status.WARN, because=because)


def _cheaper(challenger: Scored, champion: Scored, among: BoolArray | None) -> bool:
    """Return whether the challenger costs less by the point estimate, on some rows at least."""
    difference = challenger.cost - champion.cost
    if among is not None:
        difference = difference[among]
    return bool(len(difference)) and float(difference.mean()) < 0
