"""Gates of the comparison with the champion beside the gain itself: on which rows, and is it believable."""

from __future__ import annotations

from ..decision.costs import BoolArray, IntArray
from ..evaluation.comparison import Paired
from ..evaluation.evaluate import Scored
from ..findings import Finding, Status
from ..project.gates import Gates, Slices
from .alpha_spending import spent


def rows_unknown(version: int) -> Finding:
    """Record that nobody knows which of these rows a model was fitted on, so that nothing can be compared."""
    because = (
        "which of these rows it was fitted on is not known: it was registered without its rows' hashes, or "
        "other columns named its rows; put a version that has them in its place by "
        "`logitgate rollback PROJECT --to VERSION --force --reason TEXT`"
    )
    return Finding("champion", f"version {version}: rows left out", Status.INDETERMINATE, because)


def left_out(version: int, untouched: BoolArray, y: IntArray, least: Slices) -> Finding:
    """Count the rows that were left out; demand that what remains is at least what a slice must have.

    Parameters
    ----------
    version : int
    untouched : bool array of shape (n,)
        The test rows that neither model was fitted on.
    y : int array of shape (n,)
        Outcomes of all test rows.
    least : Slices
        The least rows, events and non-events of a slice. They are not asked for when no row was left out.
    """
    out, n, events = int((~untouched).sum()), int(untouched.sum()), int(y[untouched].sum())
    enough = n >= least.minimum_rows and min(events, n - events) >= least.minimum_events
    because = f"{out} rows left out, as one of the two models was fitted on them; {n} are compared"
    if out and not enough:
        because += (
            f", {events} of them events: too few to tell; judge on rows that are newer than the champion's "
            "(a later --as-of)"
        )
    status = Status.PASS if enough or not out else Status.INDETERMINATE
    figures = {"left_out": out, "n": n, "events": events}
    return Finding("champion", f"version {version}: rows left out", status, because, figures)


def believable(version: int, compared: Paired, champion: Scored, gates: Gates) -> Finding:
    """Stop on a gain that is so large that a leak explains it better than a better model."""
    cost = abs(float(champion.cost.mean())) if len(champion.y) else float("nan")
    gain, limit = -compared.difference.value, gates.suspicious_gain * cost
    sound = gain <= limit
    because = f"saves {gain:.4g} per row of the {cost:.4g} that the champion costs; "
    because += (
        f"more than {limit:.4g} would be suspicious"
        if sound
        else f"more than {limit:.4g} is too good to be true unasked: look for a leak, and raise "
        "gates.suspicious_gain with a reason when the gain is understood"
    )
    status = Status.PASS if sound else Status.INDETERMINATE
    figures = {"gain": gain, "champion_cost": cost, "limit": limit}
    return Finding("champion", f"version {version}: size of the gain", status, because, figures)


def worn(decision: int, alpha: float) -> Finding:
    """Say how often these test rows have been decided on, and what each proof may still spend."""
    left = spent(alpha, decision)
    because = f"decision {decision} on these rows, at alpha {left:.2g} of {alpha:g} for all decisions on them"
    figures = {"decision": decision, "alpha": left, "alpha_in_all": alpha}
    return Finding("rows", "test window", Status.PASS, because, figures)
