"""From the findings of a window to the symptoms that the reaction policy is a function of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ...catalogue import Check
from ...findings import Finding, Status
from .remedies import Symptom

FAILED: Mapping[Check, Symptom] = MappingProxyType(
    {
        Check.CONTRACT: Symptom.BROKEN,
        Check.SKEW: Symptom.BROKEN,
        Check.CALIBRATION: Symptom.MISCALIBRATED,
        Check.COST: Symptom.DEGRADED,
        Check.NO_MODEL: Symptom.WORTHLESS,
        Check.DECAY: Symptom.DECAYED,
        Check.STALENESS: Symptom.STALE,
        Check.LABELS: Symptom.OVERDUE,
        **dict.fromkeys(
            (Check.DRIFT, Check.MISSINGNESS, Check.LEVELS, Check.SCORE, Check.ESTIMATE, Check.ORDER),
            Symptom.CHANGED,
        ),
    }
)
"""What a check that FAILs means; one that is not listed is UNKNOWN."""
_PREVIOUS = Check.PREVIOUS
"""Its verdict comes as symptoms of its own: see `versus_previous`."""
_TELLING = (Check.DRIFT, Check.CALIBRATION, Check.COST)
"""A window is sound only if one of these passed; an estimate alone proves nothing."""
_SOUND = (Status.PASS, Status.WARN)


def symptoms_of(findings: Iterable[Finding], versus: frozenset[Symptom] = frozenset()) -> frozenset[Symptom]:
    """Read the findings of a window; a check that could not be judged is a symptom of its own.

    Parameters
    ----------
    findings : iterable of Finding
    versus : frozenset of Symptom
        The symptoms from the comparison of champion and previous version.
    """
    found = tuple(findings)
    symptoms = {*versus, *(symptom for one in found for symptom in _symptoms(one))}
    if not symptoms and not any(one.check in _TELLING and one.status in _SOUND for one in found):
        symptoms.add(Symptom.UNKNOWN)
    return frozenset(symptoms)


def _symptoms(one: Finding) -> Iterable[Symptom]:
    if one.status is Status.INDETERMINATE:
        yield Symptom.BROKEN if one.check == Check.CONTRACT else Symptom.UNKNOWN
    elif one.status is Status.FAIL and one.check != _PREVIOUS:
        yield FAILED.get(one.check, Symptom.UNKNOWN)
