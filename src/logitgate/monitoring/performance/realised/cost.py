"""Whether labelled rows cost more than the model itself expected of them.

What it expects beyond the reference is the effect of other rows, which is reported and raises no alarm.
"""

from __future__ import annotations

import numpy as np

from ....findings import Figure, Finding, Status
from ....project.project import Project
from ..control_limits import Chunks, ControlLimits
from ..estimated import COST as EXPECTED_COST
from .calibration import is_sound
from .figures import COST, EXCESS, EXCESS_COST, Realised, with_excess_cost
from .sentences import limited, spanned


def cost_finding(
    whole: Realised, window: Chunks, reference: Chunks, project: Project, lower: float
) -> Finding:
    """Return the finding; `lower` is the one-sided bound of the excess cost over all rows."""
    value, limits = window.mean(EXCESS_COST), excess_limits(reference, project.gates.alpha, window)
    side = limits.side(value) if is_sound(reference, EXCESS, project) else "unknown"
    if side == "unknown":
        is_proven = lower > 0 and whole.n >= project.slices.minimum_rows
        status = Status.WARN if is_proven else Status.INSUFFICIENT
    else:
        status = Status.FAIL if side == "above" else Status.PASS
    expected, before = whole.cost.value - whole.excess_cost.value, reference.mean(EXPECTED_COST)
    because = (
        f"realised less expected cost per row {limited(value, limits)}; over all {whole.n} rows it is "
        f"{spanned(whole.excess_cost)} of a cost of {spanned(whole.cost)}"
    )
    if np.isfinite(before):
        because += f"; of these rows the model expects {expected - before:+.4g} against the reference"
    found: dict[str, Figure] = {
        **whole.figures(),
        "chunk_excess_cost": value,
        "lower": lower,
        "effect_of_rows": expected - before,
        "chunks": window.count,
        **limits.figures(),
    }
    return Finding(COST, "mean cost per row", status, because, found)


def excess_limits(reference: Chunks, alpha: float, window: Chunks) -> ControlLimits:
    """Return the limits of a window's excess cost; the upper one is left by chance with alpha/3.

    As each figure of calibration has: a version is looked at in many windows.
    """
    return with_excess_cost(reference).limits(EXCESS_COST, 2 * alpha / 3, window)
