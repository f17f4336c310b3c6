"""What a model weighs: odds ratios of its columns, and the effects of numeric features along their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ...decision.expressions import FloatArray
from .style import MODEL, QUIET, Caption, blank, dress, new_figure, with_names

_MOST_COLUMNS, _MOST_EFFECTS, _ACROSS = 40, 12, 3
_LONGEST = 36
_EFFECTS = {"left": 0.1, "right": 0.98, "hspace": 0.45, "wspace": 0.08}


@dataclass(frozen=True, slots=True)
class OddsRatios:
    """Odds ratio of each column with its 95 % limits; arrays of shape (k,)."""

    names: Sequence[str]
    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Effect:
    """What a feature adds to the log-odds along its values; arrays of shape (k,)."""

    feature: str
    value: FloatArray
    log_odds: FloatArray
    low: FloatArray
    high: FloatArray


def odds_ratios_figure(found: OddsRatios, caption: Caption) -> Figure:
    """Draw odds ratios on a scale of factors, the largest effect on top; the 40 largest of more."""
    order = np.argsort(np.abs(np.log(found.value)))[-_MOST_COLUMNS:]
    some = len(order) < len(found.names)
    shown = f" (largest {len(order)} of {len(found.names)} columns)" if some else ""
    height = max(2.6, 1.4 + 0.26 * len(order))
    figure, axes = new_figure(caption.title(f"odds ratios{shown}"), height)
    places = np.arange(len(order))
    axes.axvline(1, color=QUIET, linewidth=1)
    axes.hlines(places, found.low[order], found.high[order], color=MODEL, linewidth=2, alpha=0.6)
    axes.plot(found.value[order], places, "o", color=MODEL)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="odds ratio per unit of the design column, 95 % interval")
    return with_names(figure, axes, [_short(found.names[place]) for place in order])


def effects_figure(effects: Sequence[Effect], caption: Caption) -> Figure:
    """Draw the effect of each feature with its band, the farthest reaching first; of more than 12 these."""
    order = sorted(effects, key=lambda one: -float(np.ptp(one.log_odds)))[:_MOST_EFFECTS]
    down = -(-len(order) // _ACROSS)
    height = 1.2 + 1.7 * down
    figure = blank(caption.title("effects of numeric features"), height)
    axes = figure.subplots(down, _ACROSS, sharey=True, squeeze=False).ravel()
    for one, place in zip(order, axes, strict=False):
        dress(place).axhline(0, color=QUIET, linewidth=1)
        place.fill_between(one.value, one.low, one.high, color=MODEL, alpha=0.2)
        place.plot(one.value, one.log_odds, color=MODEL)
        place.set_title(_short(one.feature), fontsize=8)
        place.tick_params(labelsize=7)
    for place in axes[len(order) :]:
        place.set_visible(False)
    figure.supylabel("log-odds against the median", fontsize=8)
    figure.subplots_adjust(bottom=0.35 / height, top=1 - 0.85 / height, **_EFFECTS)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
