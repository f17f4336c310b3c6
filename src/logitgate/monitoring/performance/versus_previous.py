"""Champion and previous version on the same labelled rows: which of them costs less.

`versus_previous(champion, previous, project)` answers with one of

- "champion loses": the champion is proven to cost more than the previous version, so going back helps;
- "both degraded": each exceeds the cost that it expects by more than chunks of its own reference do, so a
  new model is needed; rows that are dearer for any model do not count;
- "champion degraded": only the champion does, and it is not proven to lose;
- "neither";
- "unknown": there is no previous version, or the rows prove nothing.

Only the paired interval justifies a rollback: both models met the very same rows, whatever the world did
to them. Rows that the champion was fitted on flatter it, so that it may keep its place and not lose it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ...catalogue import Check
from ...evaluation.comparisons.comparison import Paired, effective_number, paired
from ...evaluation.comparisons.words import amount, cheaper
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import lower_bound
from ...findings import Figure, Finding, Status
from ...project.project import Project
from ..reactions.remedies import Symptom
from .control_limits import Chunks
from .realised.cost import excess_limits
from .realised.figures import EXCESS_COST, realised_chunks, with_excess_cost

CHECK = Check.PREVIOUS
Answer: TypeAlias = Literal["champion loses", "both degraded", "champion degraded", "neither", "unknown"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One version: what it decided about the labelled rows, and the chunks of its own reference."""

    version: int
    scored: Scored
    """Matured rows in order of time, decided through its own preprocessing, judged by the project's costs."""
    reference: Chunks


@dataclass(frozen=True, slots=True)
class VersusPrevious:
    """The answer, the comparison behind it and its findings."""

    answer: Answer
    findings: tuple[Finding, ...]
    paired: Paired | None = None
    """Champion minus previous, in cost per row; None where they could not be compared."""
    both_degraded: bool = False
    """Whether both cost more than their own references, whatever the champion does against the previous."""

    @property
    def champion_loses(self) -> bool:
        """Whether the champion is proven to cost more than the previous version: the case for going back."""
        return self.answer == "champion loses"

    @property
    def symptoms(self) -> frozenset[Symptom]:
        """What it means to the ladder of reactions."""
        shown = {Symptom.LOSES: self.champion_loses, Symptom.DEGRADED: self.both_degraded}
        return frozenset(symptom for symptom, holds in shown.items() if holds)


def versus_previous(
    champion: Contender, previous: Contender | None, project: Project, refusal: str = ""
) -> VersusPrevious:
    """Test whether the champion is worse than the previous version, or both than their own references.

    Parameters
    ----------
    champion : Contender
    previous : Contender or None
        None when there is none, or when it could not be scored.
    project : Project
        For alpha, one-sided, and for `gates.discordant_events`, here the effective number of rows that must
        cost differently.
    refusal : str
        Why there is a previous version that could not be scored.

    Returns
    -------
    VersusPrevious
        Findings of the check "previous": one on the pair, one on both references. FAIL for a champion that
        loses and where both have degraded; INDETERMINATE for a missing probability, other rows and a refusal.
    """
    if previous is None:
        status = Status.INDETERMINATE if refusal else Status.INSUFFICIENT
        because = (
            f"the previous version cannot be judged: {refusal}" if refusal else "there is no previous version"
        )
        return VersusPrevious("unknown", (Finding(CHECK, f"version {champion.version}", status, because),))
    subject = f"version {champion.version} against {previous.version}"
    unsound = [_unsound(one.scored) for one in (champion, previous)]
    if any(unsound):
        because = (
            f"{unsound[0]} probabilities of the champion and {unsound[1]} of the previous version are missing"
        )
        return VersusPrevious("unknown", (Finding(CHECK, subject, Status.INDETERMINATE, because),))
    try:
        compared = paired(champion.scored, previous.scored, project.gates.alpha)
    except ValueError as error:
        because = f"they cannot be compared: {error}"
        return VersusPrevious("unknown", (Finding(CHECK, subject, Status.INDETERMINATE, because),))
    pair = _pair(subject, champion.scored, previous.scored, compared, project)
    degraded = [_degraded(one, project.gates.alpha) for one in (champion, previous)]
    both = _both(champion, previous, degraded)
    return VersusPrevious(_answer(pair, degraded), (pair, both), compared, all(degraded))


def _answer(pair: Finding, degraded: list[bool | None]) -> Answer:
    if pair.status is Status.FAIL:
        return "champion loses"
    champion, previous = degraded
    if champion and previous:
        return "both degraded"
    if champion is None or pair.status is not Status.PASS:
        return "champion degraded" if champion else "unknown"
    if champion:
        return "champion degraded"
    return "neither"


def _pair(subject: str, champion: Scored, previous: Scored, compared: Paired, project: Project) -> Finding:
    """FAIL where the lower bound of champion minus previous is above 0, on enough rows."""
    difference = champion.cost - previous.cost
    lower = lower_bound(difference, champion.cluster, project.gates.alpha)
    effective, least = effective_number(np.abs(difference)), project.gates.discordant_events
    figures: dict[str, Figure] = {**compared.figures(), "lower": lower, "effective_rows": effective}
    mean = compared.difference
    said = f"{cheaper(mean)} per row than the previous version"
    if not np.isfinite(lower):
        because = f"{compared.n} rows are too few to compare by"
        return Finding(CHECK, subject, Status.INSUFFICIENT, because, figures)
    if lower > 0 and effective < least:
        because = f"{said}, but effectively only {effective:.0f} rows cost differently, {least:g} are needed"
        return Finding(CHECK, subject, Status.INSUFFICIENT, because, figures)
    words = f"proven to be at least {amount(lower)} dearer" if lower > 0 else "not proven to be dearer"
    because = f"{said}; {words}"
    return Finding(CHECK, subject, Status.FAIL if lower > 0 else Status.PASS, because, figures)


def _degraded(one: Contender, alpha: float) -> bool | None:
    """Return whether a version costs more beyond what it expects than in its reference; None if unknown."""
    window = _window(one)
    side = excess_limits(one.reference, alpha, window).side(window.mean(EXCESS_COST))
    return None if side == "unknown" else side == "above"


def _window(one: Contender) -> Chunks:
    return realised_chunks(one.scored, one.reference.rows)


def _both(champion: Contender, previous: Contender, degraded: list[bool | None]) -> Finding:
    words = {
        True: "costs more than it expects",
        False: "keeps to its reference",
        None: "has no limits to keep to",
    }
    parts = [
        f"version {one.version} {words[bad]}" for one, bad in zip((champion, previous), degraded, strict=True)
    ]
    figures: dict[str, Figure] = {"champion_degraded": degraded[0], "previous_degraded": degraded[1]}
    for name, one in (("champion", champion), ("previous", previous)):
        figures |= {
            f"{name}_chunk_excess_cost": _window(one).mean(EXCESS_COST),
            f"{name}_reference": with_excess_cost(one.reference).mean(EXCESS_COST),
        }
    if None in degraded:
        status = Status.INSUFFICIENT
    else:
        status = Status.FAIL if all(degraded) else Status.WARN if any(degraded) else Status.PASS
    return Finding(CHECK, "both against their references", status, "; ".join(parts), figures)


def _unsound(scored: Scored) -> int:
    probability = scored.decision.probability
    return int((~((probability >= 0) & (probability <= 1))).sum())
