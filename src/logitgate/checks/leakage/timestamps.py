"""Features from the future: what was known only after the decision, and outcomes known before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.expressions import FloatArray
from ...findings import Finding, Status
from ...project.project import Project

CHECK = Check.LEAKAGE
_MOST = 0.5


def time_findings(sample: Sample, project: Project) -> Iterator[Finding]:
    """Demand feature time <= decision time < outcome time <= the time from which outcomes count.

    A datetime column that is not declared and that mostly lies after the decision is a WARN.
    """
    roles = project.columns
    if roles.time is None:
        return
    names = (*roles.feature_times, *([roles.outcome_time] if roles.outcome_time else []))
    for name in names:
        if name not in sample.frame:
            because = "a declared time that the table does not have; give the column or drop it"
            yield Finding(CHECK, name, Status.INDETERMINATE, because)
            continue
        delay = _delays(sample, name)
        if name == roles.outcome_time:
            yield _outcome(name, delay, project.outcome.matures_after.total_seconds())
        else:
            yield _feature(name, delay)
    for name in sample.frame.columns.difference([roles.time, *names]):
        if isinstance(sample.frame[name].dtype, pd.DatetimeTZDtype):
            late = float((_delays(sample, name) > 0).mean())
            if late > _MOST:
                because = (
                    f"{late:.1%} of its times lie after the decision: declare it as columns.outcome_time or "
                    "under columns.known_after_outcome, so that no feature is made of it"
                )
                yield Finding(CHECK, str(name), Status.WARN, because, {"share": late})


def _delays(sample: Sample, name: str) -> FloatArray:
    """Return how many seconds after its row's decision each time lies, shape (n,); NaN where missing."""
    moment = sample.frame[name].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    assert sample.time is not None  # noqa: S101 - the project declares columns.time
    return np.asarray((moment - sample.time) / np.timedelta64(1, "s"), dtype=np.float64)


def _feature(name: str, delay: FloatArray) -> Finding:
    late, absent = int((delay > 0).sum()), int(np.isnan(delay).sum())
    status = Status.FAIL if late else Status.INDETERMINATE if absent else Status.PASS
    because = f"{late} of {len(delay)} rows have features from after the decision, {absent} have no such time"
    if late:
        because += "; join the last values that were known before columns.time"
    elif absent:
        because += "; give each row the time at which its features were measured, or put it aside"
    return Finding(CHECK, name, status, because, {"late": late, "missing": absent, "rows": len(delay)})


def _outcome(name: str, delay: FloatArray, matures_after: float) -> Finding:
    early, immature = int((delay <= 0).sum()), int((delay > matures_after).sum())
    absent = int(np.isnan(delay).sum())
    sound = not early and not immature
    status = Status.FAIL if not sound else Status.INDETERMINATE if absent else Status.PASS
    because = (
        f"{early} of {len(delay)} outcomes were known at the decision, {immature} only after "
        f"outcome.matures_after, {absent} have no such time"
    )
    if not sound:
        because += "; mend the times, or lengthen outcome.matures_after"
    return Finding(CHECK, name, status, because, {"early": early, "immature": immature, "missing": absent})
