"""How scores rank: the ROC beside those of others, and the scores of events and others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...evaluation.estimates import Estimate
from .style import CHOSEN, MODEL, OTHER, QUIET, Caption, in_percent, new_figure, thinned, with_quiet_legends

_BINS = 50
_OTHERS = ("--", "-.", ":")


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Rates of events and non-events that are flagged, at falling thresholds."""

    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    auc: Estimate


@dataclass(frozen=True, slots=True)
class Roc:
    """The ROC of a model on its judged rows.

    Parameters
    ----------
    model : RocCurve
    operating_point : tuple of two numbers
        Rates of flagged non-events and events, as it decides.
    others : mapping of str to RocCurve
        Champion and baselines on the same rows.
    """

    model: RocCurve
    operating_point: tuple[float, float]
    others: Mapping[str, RocCurve]


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities of n rows by outcome, and the thresholds they were decided by.

    Parameters
    ----------
    probability : array of shape (n,)
    event : bool array of shape (n,)
    threshold : array of shape (n,)
    """

    probability: FloatArray
    event: BoolArray
    threshold: FloatArray


def roc_figure(curve: Roc, caption: Caption) -> Figure:
    """Draw the ROC with the operating point, champion and baselines."""
    figure, axes = new_figure(caption.title("ranking"))
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle=":", linewidth=1)
    for place, (name, one) in enumerate(curve.others.items()):
        colour = OTHER if name == "champion" else QUIET
        style = "-" if name == "champion" else _OTHERS[place % len(_OTHERS)]
        label = f"{name}, AUC {_auc_text(one.auc)}"
        axes.plot(*_points(one), color=colour, linestyle=style, linewidth=1, label=label)
    axes.plot(*_points(curve.model), color=MODEL, label=f"model, AUC {_auc_text(curve.model.auc)}")
    x, y = curve.operating_point
    label = f"decisions: {y:.0%} of events, {x:.0%} of others"
    axes.plot(x, y, "o", color=CHOSEN, markersize=9, label=label)
    axes.set(xlabel="share of non-events that are flagged", ylabel="share of events that are flagged")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    in_percent(axes)
    axes.legend(loc="lower right")
    return with_quiet_legends(figure)


def scores_figure(scores: Scores, caption: Caption) -> Figure:
    """Draw which probabilities events and others got, each as shares of its own, and the thresholds."""
    figure, axes = new_figure(caption.title("scores by outcome"))
    most = float(np.clip(scores.probability.max(initial=0.0) * 1.02, 0.01, 1.0))
    bins = np.linspace(0, most, _BINS + 1)
    for name, rows, colour in (("events", scores.event, CHOSEN), ("others", ~scores.event, MODEL)):
        counts, _ = np.histogram(scores.probability[rows], bins)
        share = counts / max(int(rows.sum()), 1)
        axes.stairs(share, bins, color=colour, fill=True, alpha=0.35, label=f"{name}, n = {rows.sum():,}")
        axes.stairs(share, bins, color=colour)
    finite = scores.threshold[np.isfinite(scores.threshold)]
    if len(finite):
        low, high = np.quantile(finite, (0.05, 0.95))
        label = f"threshold {low:.3g}" if low == high else f"thresholds {low:.3g} to {high:.3g}"
        axes.axvspan(float(low), float(high), color=QUIET, alpha=0.4, label=label)
    axes.set(xlabel="predicted probability", ylabel="share of events, share of others", xlim=(0, most))
    in_percent(axes)
    axes.legend(loc="upper right")
    return with_quiet_legends(figure)


def _points(one: RocCurve) -> tuple[FloatArray, FloatArray]:
    keep = thinned(len(one.false_positive_rate))
    return one.false_positive_rate[keep], one.true_positive_rate[keep]


def _auc_text(auc: Estimate) -> str:
    limits = f" [{auc.low:.3f}, {auc.high:.3f}]" if np.isfinite(auc.low) and np.isfinite(auc.high) else ""
    return f"{auc.value:.3f}{limits}"
