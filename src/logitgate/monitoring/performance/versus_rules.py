"""Is the model better than none? Flag-none and flag-all on the rows of a window, as standing opponents."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from ...catalogue import Check
from ...evaluation.comparisons.comparison import better_rule, effective_number, paired
from ...evaluation.comparisons.words import cheaper
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import lower_bound
from ...findings import Figure, Finding, Status
from ...project.project import Project

CHECK = Check.NO_MODEL
RULE = "rule"
"""The figure that names the cheaper of both rules."""
Figures: TypeAlias = dict[str, Figure]


def versus_rules(scored: Scored | None, project: Project) -> Finding:
    """Compare the decisions of a window with the cheaper of flag-none and flag-all on the same rows.

    FAIL where the model is proven to cost more, on enough rows that cost differently. The rule is chosen on
    these rows, so each of the two has half of alpha.

    Parameters
    ----------
    scored : Scored, or None when no outcome has matured
        The decisions of the version in production.
    project : Project
        For alpha, one-sided, and `gates.discordant_events`, here the effective number of rows.
    """
    if scored is None or not len(scored.y):
        return Finding(CHECK, "window", Status.INSUFFICIENT, "no row has a mature outcome", {"n": 0})
    name, rule = better_rule(scored)
    difference, alpha = scored.cost - rule.cost, project.gates.alpha / 2
    lower = lower_bound(difference, scored.cluster, alpha)
    effective, least = effective_number(np.abs(difference)), project.gates.discordant_events
    found = paired(scored, rule, alpha)
    figures: Figures = {**found.figures(), "lower": lower, "effective_rows": effective, RULE: name}
    mean = found.difference
    costs = f"{cheaper(mean)} per row than {name}"
    if not np.isfinite(lower):
        return Finding(CHECK, name, Status.INSUFFICIENT, f"{found.n} rows are too few to compare by", figures)
    if lower <= 0:
        because = f"{costs}, so it is not proven to cost more than no model"
        return Finding(CHECK, name, Status.PASS, because, figures)
    if effective < least:
        because = f"{costs}, but effectively only {effective:.0f} rows cost differently, {least:g} are needed"
        return Finding(CHECK, name, Status.INSUFFICIENT, because, figures)
    return Finding(CHECK, name, Status.FAIL, f"this model costs more than no model: it is {costs}", figures)
