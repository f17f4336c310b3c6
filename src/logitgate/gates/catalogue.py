"""What would be checked: every required gate with its margins, and what happens on each status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..catalogue import Check, Road, required
from ..findings import Status
from ..project.project import Project
from ..project.reading.fitted_defaults import FITS, is_declared
from ..project.syntax.key_lines import KeyLines


@dataclass(frozen=True, slots=True)
class GateEntry:
    """One required gate of a project."""

    check: Check
    asks: str
    margins: Mapping[str, str]
    origins: Mapping[str, str]
    """Where each margin comes from: a line of the project file, the default, or a rule over the rows."""


def gate_list(
    project: Project, lines: KeyLines | None = None, fitted: frozenset[str] = frozenset()
) -> tuple[GateEntry, ...]:
    """Return the gates that every training of this project must pass, in the order of the road.

    Parameters
    ----------
    project : Project
    lines : KeyLines, optional
        Of its file, so that a declared margin is named by its line.
    fitted : frozenset of str
        Keys that fitting the project to its rows has set.
    """
    checks = (*required(Road.TRAINING), *((Check.SHADOW,) if project.gates.shadow.demanded else ()))
    declared_margins = _Declared(project, lines or KeyLines(), fitted)
    return tuple(
        GateEntry(check, check.about.question, _margins(check, project), _origins(check, declared_margins))
        for check in checks
    )


def consequences() -> dict[str, str]:
    """Return what a finding of each status does to a promotion."""
    return {status.value: "stops" if status.stops else "does not stop" for status in Status}


def _margins(check: Check, project: Project) -> dict[str, str]:
    """Return the project's own margins of one gate; a gate that is not here has none."""
    found = _MARGINS.get(check)
    return {} if found is None else found(project)


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a project file declares, and on which line; what else fits the rows."""

    project: Project
    lines: KeyLines
    fitted: frozenset[str]

    def origin(self, key: str) -> str:
        """Return where the value of a key comes from."""
        if key not in self.fitted and is_declared(self.project, key):
            line = self.lines.of(key)
            return "declared" if line is None else f"line {line}"
        return f"fits the rows ({FITS[key].words})" if key in FITS else "default"


def _origins(check: Check, declared_margins: _Declared) -> dict[str, str]:
    """Return for each margin of a gate the keys that set it, each with where its value comes from."""
    return {
        margin: ", ".join(f"{key}: {declared_margins.origin(key)}" for key in keys)
        for margin, keys in _KEYS.get(check, {}).items()
    }


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


def _rows(project: Project) -> dict[str, str]:
    return {
        "blocks": f"{project.split.blocks}",
        "rows of a level of its own": f"{project.search.rare_level_rows}",
    }


_MARGINS: Mapping[Check, Callable[[Project], dict[str, str]]] = {
    Check.ROWS: _rows,
    Check.LEAKAGE: _leakage,
    Check.SHIFTS: _shifts,
    Check.SHADOW: _shadow,
    Check.BASELINES: _baselines,
    Check.CALIBRATION: _calibration,
    Check.SLICES: _slices,
    Check.CHAMPION: _champion,
}

_KEYS: Mapping[Check, Mapping[str, tuple[str, ...]]] = {
    Check.LEAKAGE: {
        "single-feature AUC below": ("gates.leakage.near_perfect_auc",),
        "warns of a single-feature AUC from": ("gates.leakage.single_feature_auc",),
        "warns of a gap to the next from": ("gates.leakage.gap",),
        "duplicate rows at most": ("gates.leakage.duplicate_share",),
        "near-duplicate rows at most": ("gates.leakage.near_duplicate_share",),
        "contradictory rows at most": ("gates.leakage.contradictory_share",),
        "trusted": ("gates.leakage.trusted",),
    },
    Check.SHIFTS: {"trusted": ("gates.shifts.trusted",)},
    Check.SHADOW: {
        "upper limit of the extra cost below": ("gates.shadow.margin",),
        "units at least": ("gates.shadow.units",),
    },
    Check.BASELINES: {
        "alpha": ("gates.alpha",),
        "the last block may be dearer by": ("gates.refresh_margin",),
    },
    Check.CALIBRATION: {
        "calibration-in-the-large": ("gates.calibration.in_the_large",),
        "slope": ("gates.calibration.slope",),
    },
    Check.SLICES: {
        "declared": ("slices.columns", "slices.bins", "slices.crossings"),
        "harm beyond": ("gates.slice_margin",),
        "alpha, over all together": ("gates.alpha",),
        "at least": ("slices.minimum_rows", "slices.minimum_events"),
    },
    Check.CHAMPION: {
        "the same recipe must be": ("gates.refresh",),
        "and may be dearer by": ("gates.refresh_margin",),
        "alpha, shared by other recipes on the same rows": ("gates.alpha",),
        "gain per row above": ("gates.minimum_gain",),
        "effective events decided differently": ("gates.discordant_events",),
        "gain is suspicious above": ("gates.suspicious_gain",),
    },
    Check.ROWS: {"blocks": ("split.blocks",), "rows of a level of its own": ("search.rare_level_rows",)},
}
"""The keys of the project file that set each margin."""
