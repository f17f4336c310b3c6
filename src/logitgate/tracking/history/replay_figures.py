"""Figures of a replayed history as PNG files: what each policy cost over time, and the cost of age."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...replay.policies import Policy
from ...replay.results.result import Replay
from ..figures.style import Caption, new_figure, save, with_quiet_legends

_COLOURS = {
    Policy.NONE: "#767676",
    Policy.NEVER: "#E69F00",
    Policy.ALWAYS: "#009E73",
    Policy.BETTER: "#56B4E9",
    Policy.PROVEN: "#CC79A7",
    Policy.GATED: "#0072B2",
    Policy.UNWATCHED: "#0072B2",
    Policy.ORACLE: "#000000",
}


def draw_replay(found: Replay, folder: Path) -> None:
    """Write the figures `policies.png` and, where there is more than one age, `age.png`."""
    _policies(found, folder / "policies.png")
    if len(found.age) > 1:
        _age(found, folder / "age.png")


def _policies(found: Replay, path: Path) -> None:
    """Draw the total cost of each policy so far, less that of the project's own gates."""
    figure, axes = new_figure(_caption(found).title("cost beyond the project's own gates"))
    naive = [one.replace(tzinfo=None) for one in (*found.starts, found.until)]  # all are in UTC
    ends = np.array(naive, dtype="datetime64[s]")
    sizes = np.array(found.rows_by_period)
    own = np.nan_to_num(np.array(found.gated.by_period)) * sizes
    for one in found.policies:
        beyond = np.cumsum(np.nan_to_num(np.array(one.by_period)) * sizes - own)
        style = "--" if one.policy in (Policy.UNWATCHED, Policy.ORACLE) else "-"
        line = np.concatenate(([0.0], beyond))
        axes.plot(ends, line, style, marker=".", color=_COLOURS[one.policy], label=one.policy.value)
    axes.set(ylabel=f"total so far ({found.unit})" if found.unit else "total so far")
    axes.tick_params(axis="x", rotation=30)
    figure.subplots_adjust(left=0.16, bottom=0.2)  # for totals of many digits, and dates
    axes.legend(loc="best", ncols=2)
    save(with_quiet_legends(figure), path)


def _age(found: Replay, path: Path) -> None:
    """Draw what a model of each age costs beyond the newest one, with its interval."""
    figure, axes = new_figure(_caption(found).title("cost against the age of the model"))
    age = np.array([one.age for one in found.age])
    value, low, high = np.array([[*one.against_newest] for one in found.age]).T
    axes.axhline(0.0, color=_COLOURS[Policy.NONE], linestyle="--", linewidth=1)
    axes.vlines(age, low, high, color=_COLOURS[Policy.GATED], linewidth=2, alpha=0.6)
    axes.plot(age, value, "o", color=_COLOURS[Policy.GATED])
    axes.set(
        xlabel=f"age in periods of {found.every}", ylabel=f"dearer than the newest, per row ({found.unit})"
    )
    save(with_quiet_legends(figure), path)


def _caption(found: Replay) -> Caption:
    return Caption(found.model, as_of=found.until, rows=found.rows)
