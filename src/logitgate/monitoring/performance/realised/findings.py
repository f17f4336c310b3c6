"""The checks "calibration" and "cost" of labelled rows, and their exhibit.

A window's mean over its whole chunks is compared with the limits that follow from the chunks of the
reference (`control_limits`); intervals over all rows respect the project's clusters. Source: Hahn, Meeker
(1991) for the limits.
"""

from __future__ import annotations

from ....evaluation.evaluate import Scored
from ....evaluation.intervals import lower_bound
from ....evidence_table import Exhibit
from ....findings import Figure, Finding, Status
from ....project.project import Project
from ..control_limits import Chunks
from .calibration import CALIBRATION, calibration_findings
from .cost import cost_finding
from .figures import COST, NAMES, Realised, expected, realised_chunks, with_excess_cost


def realised(
    scored: Scored | None, reference: Chunks, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare the labelled rows of a window with the reference: the checks "calibration" and "cost".

    Calibration, each of three figures at alpha/3: FAIL where the interval over all rows is wholly beyond the
    margin of `gates.calibration`. Otherwise, with a reference that proves to be inside the margin, FAIL
    outside its limits when the value over all rows also misses the margin, WARN when it does not; with any
    other reference, WARN where the interval excludes perfect calibration. Cost: FAIL where realised less
    expected cost is above the limit of that reference at alpha/3, one-sided; WARN where there is no such
    reference and the excess is proven to be above 0.

    Parameters
    ----------
    scored : Scored, or None when no outcome has matured
        Matured rows in order of time.
    reference : Chunks
        From `reference_chunks`.
    project : Project
        For alpha, the margins of calibration and the smallest slices.
    """
    n = 0 if scored is None else len(scored.y)
    if scored is None or not n:
        because = "no row has a mature outcome"
        return [
            Finding(check, "window", Status.INSUFFICIENT, because, {"n": 0}) for check in (CALIBRATION, COST)
        ], []
    unsound = int((~((scored.decision.probability >= 0) & (scored.decision.probability <= 1))).sum())
    if unsound:
        because = f"{unsound} of {n} probabilities are missing or not in [0, 1]"
        return [
            Finding(check, "window", Status.INDETERMINATE, because, {"n": n, "unsound": unsound})
            for check in (CALIBRATION, COST)
        ], []
    reference = with_excess_cost(reference)
    whole, window = Realised.of(scored), realised_chunks(scored, reference.rows)
    excess_lower = lower_bound(scored.cost - expected(scored), scored.cluster, project.gates.alpha)
    findings = [
        *calibration_findings(whole, window, reference, project),
        cost_finding(whole, window, reference, project, excess_lower),
    ]
    return findings, [_exhibit(whole, window, reference)]


def _exhibit(whole: Realised, window: Chunks, reference: Chunks) -> Exhibit:
    rows: list[dict[str, Figure]] = [
        {"chunk": number, **{name: window.figures[name][number - 1] for name in NAMES}}
        for number in range(1, window.count + 1)
    ]
    rows.append({"chunk": "reference", **{name: reference.mean(name) for name in NAMES}})
    everything = {name: getattr(whole, name) for name in NAMES[1:]}
    for bound in ("value", "low", "high"):
        ends = {name: getattr(interval, bound) for name, interval in everything.items()}
        rows.append({"chunk": f"all rows: {bound}", **ends})
    note = (
        f"Chunks of {window.rows} matured rows in order of time, the partial last one left out; below them "
        "the mean of the reference's chunks and the 95 % interval over all rows."
    )
    return Exhibit("realised", "Calibration and cost with labels", tuple(rows), note)
