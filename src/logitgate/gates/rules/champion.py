"""Gates of the comparison with the champion: the lane, the rows, and whether the gain is believable."""

from __future__ import annotations

import numpy as np

from ...catalogue import Check
from ...decision.costs import BoolArray, IntArray
from ...evaluation.comparisons.comparison import Paired
from ...evaluation.comparisons.words import amount, bound, cheaper
from ...evaluation.estimates import proves_below
from ...evaluation.evaluate import Scored
from ...findings import Figure, Finding, Status
from ...project.gates import Gates, Slices
from .alpha_spending import spent

CHECK = Check.CHAMPION


def first_release() -> Finding:
    """Record that no model is in production yet, so that flag-none and flag-all alone are to be beaten."""
    because = "no model is in production yet; the rules that need no model decide"
    return Finding(CHECK, "first release", Status.PASS, because)


def unjudged(version: int, reason: str) -> Finding:
    """Record that the champion could not be judged on these rows."""
    because = f"the champion cannot be judged: {reason}"
    return Finding(CHECK, f"version {version}", Status.INDETERMINATE, because)


def lane_finding(version: int | None, lane: str, recipe: str, champion_recipe: str) -> list[Finding]:
    """Report in which lane the champion is met, and why; nothing without a champion or a recipe."""
    if version is None or not recipe:
        return []
    if recipe == champion_recipe:
        reason, because = "same recipe", f"version {version} was trained by the same recipe"
    elif champion_recipe:
        reason = "another recipe"
        because = f"version {version} was trained by another recipe, so a gain must be proven"
    else:
        reason = "unknown recipe"
        because = f"which recipe trained version {version} is not known, so a gain must be proven"
    figures: dict[str, Figure] = {"lane": lane, "reason": reason, "recipe": recipe}
    figures["champion_recipe"] = champion_recipe or None
    because = f"{lane}: {because}"
    return [Finding(CHECK, "lane", Status.PASS, because, figures)]


def refresh(version: int, compared: Paired, champion: Scored, gates: Gates) -> Finding:
    """Demand of the champion's own recipe on newer rows that it is not worse.

    FAIL where it is proven worse. Otherwise the point difference decides: below `refresh_margin` of the
    champion's cost, or below 0 where the project says ``refresh = "better"``.
    """
    difference = compared.difference
    share = gates.refresh_margin if gates.refresh == "not worse" else 0.0
    limit = share * abs(float(champion.cost.mean()))
    if not np.isfinite(difference.low):
        status = Status.INDETERMINATE
    elif difference.low > 0:
        status = Status.FAIL
    else:
        status = Status.PASS if difference.value < limit else Status.INDETERMINATE
    because = (
        f"the champion's own recipe on newer rows: {cheaper(difference)} per row than the champion; it must "
        f"not be proven worse, and be less than {amount(limit)} dearer"
    )
    figures: dict[str, Figure] = {
        **compared.figures(),
        "limit": limit,
        "lane": "refresh",
        "rule": gates.refresh,
    }
    return Finding(CHECK, f"version {version}", status, because, figures)


def new_recipe(version: int, compared: Paired, lane: str, gates: Gates) -> list[Finding]:
    """Demand a proven gain over the champion, on enough events that are decided differently."""
    subject, limit = f"version {version}", 0.0 - gates.minimum_gain
    enough = compared.effective_events >= gates.discordant_events
    return [
        Finding(
            CHECK,
            subject,
            proves_below(compared.upper, compared.difference.low, limit),
            f"{lane}: {cheaper(compared.difference)} per row than the champion; {bound(compared.upper)}"
            + (f", and at least {amount(-limit)} is demanded" if limit else ""),
            {**compared.figures(), "limit": limit, "lane": lane, "rule": "proven"},
        ),
        Finding(
            CHECK,
            f"{subject}: events decided differently",
            Status.PASS if enough else Status.INDETERMINATE,
            f"effectively {compared.effective_events:.0f} events cost differently, at least "
            f"{gates.discordant_events:g} are needed for a proof",
            {"effective_events": compared.effective_events, "limit": gates.discordant_events},
        ),
    ]


def rows_unknown(version: int) -> Finding:
    """Record that it is not known which of these rows a model was fitted on: nothing can be compared."""
    because = (
        "which of these rows it was fitted on is not known: it was registered without its rows' hashes, or "
        "other columns named its rows; put a version that has them in its place by "
        "`logitgate rollback PROJECT --to VERSION --force --reason TEXT`"
    )
    return Finding(CHECK, f"version {version}: rows left out", Status.INDETERMINATE, because)


def left_out(version: int, untouched: BoolArray, y: IntArray, least: Slices) -> Finding:
    """Count the rows that were left out; demand that what remains is at least what a slice must have.

    Parameters
    ----------
    version : int
    untouched : bool array of shape (n,)
        The judged rows that can compare both models.
    y : int array of shape (n,)
        Outcomes of all judged rows.
    least : Slices
        The least rows, events and non-events of a slice. They are not asked for when no row was left out.
    """
    out, n, events = int((~untouched).sum()), int(untouched.sum()), int(y[untouched].sum())
    enough = n >= least.minimum_rows and min(events, n - events) >= least.minimum_events
    because = f"{out} rows left out, as one of the two models was fitted on them; {n} are compared"
    if out and not enough:
        because += (
            f", {events} of them events: too few to decide; judge on rows that are newer than the champion's "
            "(a later --as-of)"
        )
    status = Status.PASS if enough or not out else Status.INDETERMINATE
    figures = {"left_out": out, "n": n, "events": events}
    return Finding(CHECK, f"version {version}: rows left out", status, because, figures)


def believable(version: int, compared: Paired, champion: Scored, gates: Gates) -> Finding:
    """Stop on a gain that is so large that a leak explains it better than a better model."""
    cost = abs(float(champion.cost.mean())) if len(champion.y) else float("nan")
    gain, limit = -compared.difference.value, gates.suspicious_gain * cost
    sound = gain <= limit
    because = f"saves {gain:.4g} per row of the {cost:.4g} that the champion costs; "
    because += (
        f"more than {limit:.4g} would be suspicious"
        if sound
        else f"more than {limit:.4g} is too good to be true: look for a leak, and raise "
        "gates.suspicious_gain with a reason when the gain is understood"
    )
    status = Status.PASS if sound else Status.INDETERMINATE
    figures = {"gain": gain, "champion_cost": cost, "limit": limit}
    return Finding(CHECK, f"version {version}: size of the gain", status, because, figures)


def test_set_reuse(decision: int, alpha: float, of_rules: float) -> Finding:
    """Report how many other recipes were tried on these rows before, and the alpha left for this decision.

    Parameters
    ----------
    decision : int
        From 1 on.
    alpha : float
        For all decisions together.
    of_rules : float
        What this decision may spend on each proof against the rules without a model.
    """
    left = spent(alpha, decision)
    tried = "no other recipe was tried on these rows"
    if decision > 1:
        tried = f"other recipes were tried on these rows before: {decision - 1}"
    because = (
        f"{tried}; alpha is {of_rules:.2g} against flag-none and flag-all, {left:.2g} for any other gain"
    )
    figures = {"decision": decision, "alpha": left, "alpha_of_rules": of_rules, "alpha_in_all": alpha}
    return Finding(Check.ROWS, "test window", Status.PASS, because, figures)
