"""How a finding says where a figure lies."""

from __future__ import annotations

import numpy as np

from ....evaluation.estimates import Estimate
from ..control_limits import FEWEST_CHUNKS, ControlLimits


def limited(value: float, limits: ControlLimits) -> str:
    """Return where a value lies by its limits."""
    if not np.isfinite(value):
        return "has no whole chunk that counts"
    if limits.side(value) == "unknown":
        few = f"{limits.chunks} chunks of the reference count, {FEWEST_CHUNKS} are needed"
        return f"{value:.4g} has no limits: {few}"
    words = {"inside": "within", "above": "above", "below": "below"}[limits.side(value)]
    return f"{value:.4g} lies {words} the limits [{limits.low:.4g}, {limits.high:.4g}] of the reference"


def spanned(estimate: Estimate) -> str:
    """Return a value and its interval."""
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"
