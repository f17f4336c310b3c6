"""What would be checked: every required gate with its margins, and what happens on each status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..findings import Status
from ..monitoring.shadow import CHECK as SHADOW
from ..project.project import Project
from .rules.gates import REQUIRED

ASKS: Mapping[str, str] = {
    "rows": "enough rows with a known outcome to judge the recipe on",
    "contract": "no breach of the suite that is not declared harmless",
    "leakage": "no feature knows the outcome, and no block knows another",
    "shifts": "no unit, code or label breaks from one day to the next",
    "baselines": "proven cheaper than flag-none and flag-all, and not dearer than both in the last block",
    "calibration": "no proof that calibration lies outside its margins or that miscalibration costs money",
    "slices": "no declared slice is proven to be harmed; each critical slice is proven not to be",
    "behaviour": "each curated case gets its decision, and declared directions and invariances hold",
    "champion": "the same recipe: not worse than the champion on the same rows; another: proven cheaper",
    "self-test": "each saboteur of this model is refused by the gate that is meant for it",
    "coefficients": "declared signs hold",
    SHADOW: "proven beside the champion, at all times at once, on new rows with mature outcomes",
    "stability": "the same coefficients from permuted rows and another seed",
}
"""What each gate asks for, by its check."""


@dataclass(frozen=True, slots=True)
class GateEntry:
    """One required gate of a project."""

    check: str
    asks: str
    margins: Mapping[str, str]


def gate_list(project: Project) -> tuple[GateEntry, ...]:
    """Return the gates that every training of this project must pass, in the order of the road."""
    checks = (*REQUIRED, SHADOW) if project.gates.shadow.demanded else REQUIRED
    return tuple(GateEntry(check, ASKS[check], _margins(check, project)) for check in checks)


def consequences() -> dict[str, str]:
    """Return what a finding of each status does to a promotion."""
    return {status.value: "stops" if status.stops else "does not stop" for status in Status}


def _margins(check: str, project: Project) -> dict[str, str]:
    """Return the project's own margins of one gate; a gate that is not here has none."""
    found = _MARGINS.get(check)
    return {} if found is None else found(project)


def _leakage(project: Project) -> dict[str, str]:
    gate = project.gates.leakage
    return {
        "single-feature AUC below": f"{gate.near_perfect_auc:g}",
        "warns of a single-feature AUC from": f"{gate.single_feature_auc:g}",
        "warns of a gap to the next from": f"{gate.gap:g}",
        "duplicate rows at most": f"{gate.duplicate_share:.2%}",
        "near-duplicate rows at most": f"{gate.near_duplicate_share:.2%}",
        "contradictory rows at most": f"{gate.contradictory_share:.2%}",
        "trusted": ", ".join(sorted(gate.trusted)) or "none",
    }


def _shadow(project: Project) -> dict[str, str]:
    gate = project.gates.shadow
    return {"upper limit of the extra cost below": f"{gate.margin:g}", "units at least": f"{gate.units}"}


def _shifts(project: Project) -> dict[str, str]:
    return {"trusted": ", ".join(sorted(project.gates.shifts.trusted)) or "none"}


def _baselines(project: Project) -> dict[str, str]:
    share = f"{project.gates.refresh_margin:.2%} of the better rule's cost"
    return {"alpha": f"{project.gates.alpha:g}", "the last block may be dearer by": share}


def _calibration(project: Project) -> dict[str, str]:
    gate = project.gates.calibration
    low, high = gate.slope
    return {
        "calibration-in-the-large": f"-{gate.in_the_large:g} to {gate.in_the_large:g}",
        "slope": f"{low:g} to {high:g}",
    }


def _slices(project: Project) -> dict[str, str]:
    declared = project.slices
    crossings = [" & ".join(pair) for pair in declared.crossings]
    return {
        "declared": ", ".join([*declared.all, *crossings]) or "none",
        "harm beyond": f"{project.gates.slice_margin:.2%} of the reference's mean cost",
        "alpha, over all together": f"{project.gates.alpha:g}",
        "at least": f"{declared.minimum_rows} rows, {declared.minimum_events} events and non-events",
    }


def _champion(project: Project) -> dict[str, str]:
    gates = project.gates
    return {
        "the same recipe must be": gates.refresh,
        "and may be dearer by": f"{gates.refresh_margin:.2%} of the champion's cost",
        "alpha, shared by other recipes on the same rows": f"{gates.alpha:g}",
        "gain per row above": f"{gates.minimum_gain:g} {project.costs.unit}",
        "effective events decided differently": f"{gates.discordant_events:g}",
        "gain is suspicious above": f"{gates.suspicious_gain:.0%} of the champion's cost",
    }


_MARGINS: Mapping[str, Callable[[Project], dict[str, str]]] = {
    "leakage": _leakage,
    "shifts": _shifts,
    SHADOW: _shadow,
    "baselines": _baselines,
    "calibration": _calibration,
    "slices": _slices,
    "champion": _champion,
}
