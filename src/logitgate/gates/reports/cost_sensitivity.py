"""What a choice between two models is worth when the cost matrix is wrong.

Both models keep their decisions, as they were frozen; only what these decisions cost is changed. So the
difference in cost is a sum of two parts, one from the events and one from the other rows, and each
scales with its own costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...catalogue import Check
from ...evaluation.estimates import NAN, Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import mean_interval, upper_bound
from ...evidence_table import Exhibit
from ...findings import Finding, Status

CHECK = Check.COSTS
FACTORS = (0.5, 0.75, 1.25, 1.5)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The difference in cost per row, challenger minus reference, under costs that are off by a factor."""

    side: str
    """Whose costs are off: ``events`` (misses and hits) or ``other rows`` (false alarms)."""
    factor: float
    difference: Estimate
    upper: float
    """One-sided upper bound at alpha: a gain is proven when it is below zero."""

    @property
    def proven(self) -> bool:
        """Whether the challenger is proven to cost less."""
        return self.upper < 0


def scenarios(challenger: Scored, reference: Scored, alpha: float) -> list[Scenario]:
    """Return the declared costs first, then each side's costs off by 25 % and 50 % each way."""
    event = challenger.y == 1
    difference = challenger.cost - reference.cost

    def off(side: str, factor: float) -> Scenario:
        weight = np.where(event == (side == "events"), factor, 1.0)
        scaled = difference * weight
        upper = upper_bound(scaled, challenger.cluster, alpha)
        return Scenario(side, factor, mean_interval(scaled, challenger.cluster), upper)

    declared = off("events", 1.0)
    return [declared, *(off(side, factor) for side in ("events", "other rows") for factor in FACTORS)]


def break_even(challenger: Scored, reference: Scored) -> float:
    """Return the factor on the costs of events at which both models cost the same.

    With A the difference on the other rows and B that on the events, A + r B = 0 at r = -A / B. NaN where
    no positive factor makes them equal: then one is cheaper whatever a miss costs.
    """
    event, difference = challenger.y == 1, challenger.cost - reference.cost
    others, events = float(difference[~event].sum()), float(difference[event].sum())
    factor = -others / events if events else NAN
    return factor if factor > 0 else NAN


def sensitivity(
    challenger: Scored, reference: Scored, alpha: float, name: str
) -> tuple[list[Finding], Exhibit]:
    """Say whether the choice holds when costs are off; a flip is shown and does not stop.

    Parameters
    ----------
    challenger, reference : Scored
        The same rows in the same order.
    alpha : float
        Of the one-sided bound that proves a gain.
    name : str
        What the reference is called.

    Returns
    -------
    list of Finding
        One of the check "costs": WARN names the smallest error that flips the choice.
    Exhibit
        One row for each scenario.
    """
    found = scenarios(challenger, reference, alpha)
    declared, even = found[0], break_even(challenger, reference)
    flips = sorted(_flips(found), key=lambda one: abs(one.factor - 1))
    status = Status.WARN if flips else Status.PASS
    choice = "is proven cheaper" if declared.proven else "is not proven cheaper"
    said = f"the challenger {choice} than the {name}"
    if flips:
        first = flips[0]
        because = (
            f"{said}, but that flips when the costs of {first.side} are {first.factor:g} times the declared"
        )
    else:
        because = f"{said}, and that holds with costs that are off by 50 % either way"
    if np.isfinite(even):
        because += f"; break-even at {even:.3g} times the declared costs of events"
    figures = {"break_even": even, "flips": len(flips), "scenarios": len(found)}
    rows = tuple(_row(one, declared) for one in found)
    note = "Cost per row, challenger minus reference, with both models' decisions as they are."
    exhibit = Exhibit("cost-sensitivity", "What if the costs are wrong", rows, note)
    return [Finding(CHECK, name, status, because, figures)], exhibit


def _flips(found: list[Scenario]) -> Iterator[Scenario]:
    declared = found[0]
    yield from (one for one in found[1:] if one.proven != declared.proven)


def _row(one: Scenario, declared: Scenario) -> dict[str, float | str | bool]:
    return {
        "costs of": one.side,
        "factor": one.factor,
        **one.difference.figures("difference"),
        "upper": one.upper,
        "challenger proven cheaper": one.proven,
        "flips": one.proven != declared.proven,
    }
