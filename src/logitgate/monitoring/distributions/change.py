"""How one column has changed: its p-value, whether that is beyond its floor, and its figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, fisher_exact

from ...catalogue import Check
from ...evaluation.estimates import NAN
from ...evaluation.histograms import OTHER, Levels, Numbers
from ...findings import Figure
from ...project.operations.monitoring import Monitoring
from .divergence import chi_squared, jensen_shannon, kolmogorov_smirnov, psi

DRIFT, MISSINGNESS, LEVELS, SCORE = Check.DRIFT, Check.MISSINGNESS, Check.LEVELS, Check.SCORE


@dataclass(frozen=True, slots=True)
class DistributionChange:
    """How one thing has changed, before all are judged together."""

    check: Check
    subject: str
    p_value: float
    beyond: bool
    """Whether the change is larger than its floor."""
    said: str
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Pair:
    """A column's distribution in a window and in the reference, in independent rows.

    Parameters
    ----------
    now, before : Numbers, or Levels
        As many rows as are independent in the cells and among the missing ones.
    below : pair of float
        Of a number: its independent rows for the shares below edges, in the window and the reference.
    counted : pair of the same
        As they were counted.
    """

    now: Numbers | Levels
    before: Numbers | Levels
    below: tuple[float, float]
    counted: tuple[Numbers | Levels, Numbers | Levels]

    @property
    def independent(self) -> float:
        """Independent rows of the window."""
        return self.now.rows


def number_change(check: Check, name: str, pair: Pair, floor: float, share: float) -> DistributionChange:
    """Compare a number: Kolmogorov-Smirnov; a binary one has the floor of a share, too."""
    now, before = pair.now, pair.before
    assert isinstance(now, Numbers) and isinstance(before, Numbers)  # noqa: S101 - as it was declared
    bins = before.tenths()
    index = psi(now.binned(bins), before.binned(bins))
    distance, p_value = kolmogorov_smirnov(now, before, pair.below)
    apart = np.abs(now.cumulative() - before.cumulative())[:-1]
    moved = float((apart * np.diff(before.edges)).sum()) / before.sd if before.sd > 0 else NAN
    figures: dict[str, Figure] = {
        "psi": index,
        "ks": distance,
        "p_value": p_value,
        "wasserstein_sd": moved,
        "jensen_shannon": jensen_shannon(now.binned(bins), before.binned(bins)),
        "mean": now.mean,
        "reference_mean": before.mean,
        "independent_rows": pair.independent,
    }
    beyond = index >= floor or (before.is_binary and distance >= share)
    said = f"PSI {index:.3f} (floor {floor:g}), mean {now.mean:.4g} against {before.mean:.4g}"
    return DistributionChange(check, name, p_value, beyond, said, figures)


def text_change(name: str, pair: Pair, floor: float, share: float) -> DistributionChange:
    """Compare a text: chi-squared, and the largest change of a level's share."""
    now, before = pair.now, pair.before
    assert isinstance(now, Levels) and isinstance(before, Levels)  # noqa: S101 - as it was declared
    names = list(before.levels)
    one, other = now.counts(names), before.counts(names)
    index, p_value = psi(one, other), chi_squared(one[:-1], other[:-1])
    change = one[:-1] / max(now.present, 1.0) - other[:-1] / max(before.present, 1.0)
    largest = int(np.abs(change).argmax())
    level = [*names, OTHER][largest]
    figures: dict[str, Figure] = {
        "psi": index,
        "p_value": p_value,
        "jensen_shannon": jensen_shannon(one, other),
        "largest_change": float(change[largest]),
        "level": level,
        "independent_rows": pair.independent,
    }
    said = f"PSI {index:.3f} (floor {floor:g}), the share of '{level}' moved by {change[largest]:+.1%}"
    return DistributionChange(
        DRIFT, name, p_value, index >= floor or abs(float(change[largest])) >= share, said, figures
    )


def missing_change(name: str, pair: Pair, rules: Monitoring) -> DistributionChange:
    """Compare the share of missing cells: Fisher."""
    shares = [one.missing / max(one.rows, 1.0) for one in pair.counted]
    p_value = share_p_value(*((share, _rows(one, like)) for share, one, like in _of_missing(shares, pair)))
    said = f"{shares[0]:.1%} are missing, {shares[1]:.1%} of the reference (floor {rules.missing:.0%})"
    figures: dict[str, Figure] = {
        "missing": shares[0],
        "reference_missing": shares[1],
        "p_value": p_value,
    }
    return DistributionChange(
        MISSINGNESS, name, p_value, abs(shares[0] - shares[1]) >= rules.missing, said, figures
    )


def new_change(name: str, pair: Pair, rules: Monitoring) -> DistributionChange:
    """Compare the share of rows with unknown levels with that of the reference: binomial."""
    (counted, before), now = pair.counted, pair.now
    assert isinstance(counted, Levels) and isinstance(before, Levels)  # noqa: S101 - as it was declared
    assert isinstance(now, Levels)  # noqa: S101 - as it was declared
    expected = min((before.pooled + before.singles + 1) / max(before.rows, 1.0), 1.0)
    pooled, rows = round(now.pooled), max(round(now.rows), 1)
    p_value = float(binom.sf(pooled - 1, rows, expected)) if pooled else 1.0
    share = counted.pooled / max(counted.rows, 1.0)
    said = f"{share:.1%} of the rows have levels unknown to the model, {expected:.1%} were expected"
    figures: dict[str, Figure] = {"share": share, "expected": expected, "p_value": p_value}
    return DistributionChange(LEVELS, name, p_value, share - expected >= rules.new_levels, said, figures)


def share_p_value(now: tuple[float, float], before: tuple[float, float]) -> float:
    """Return Fisher's p-value of two shares, each with its independent rows."""
    table = [[round(share * rows), round(rows) - round(share * rows)] for share, rows in (now, before)]
    return float(fisher_exact(np.maximum(np.array(table), 0)).pvalue)


def _of_missing(shares: list[float], pair: Pair) -> list[tuple[float, Numbers | Levels, Numbers | Levels]]:
    return list(zip(shares, (pair.now, pair.before), pair.counted, strict=True))


def _rows(one: Numbers | Levels, counted: Numbers | Levels) -> float:
    """Return the independent rows for the share of missing cells: all rows by the effect of the gaps."""
    if not counted.missing:
        return counted.rows * one.present / max(counted.present, 1.0)
    return counted.rows * one.missing / counted.missing
