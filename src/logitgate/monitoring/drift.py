"""Have the rows changed? Each feature of a window against the reference profile, and the scores.

A change is an alarm when it is significant over all features together (Benjamini, Hochberg at
`monitoring.fdr`) and larger than its floor. On few rows the first part keeps chance out, on many the second
what does not matter. Drift says nothing about the model by itself.

| check | p-value | floor |
|---|---|---|
| drift of a number | Kolmogorov-Smirnov on the grid of the reference | `psi`, less what chance adds |
| drift of a text | chi-squared, cells of fewer than 5 expected rows pooled | `psi`, or `share` of a level |
| missingness | Fisher, of the same family | `missing` |
| levels | binomial against the share of rows that no level was learned from | `new_levels` |
| score | the same tests on the log-odds and on the share of flagged rows, a family of their own | as above |

Sources: Siddiqi (2006) for the population stability index, PSI = sum (p - q) log(p / q), whose mean under no
change is about (k - 1)(1/n + 1/m) (Yurdakul, 2018); Good (1953) for unknown levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binom, fisher_exact

from ..catalogue import Check
from ..decision.rule import Decision
from ..evaluation.histograms import OTHER, Levels, Numbers
from ..evaluation.intervals import NAN, benjamini_hochberg
from ..evaluation.probabilities.cox import log_odds
from ..evidence_table import Exhibit
from ..findings import Figure, Finding, Status
from ..project.operations.monitoring import Monitoring
from ..project.project import Project
from .divergence import chi_squared, jensen_shannon, kolmogorov_smirnov, psi
from .reference import Features, Reference, season_of

DRIFT, MISSINGNESS, LEVELS, SCORE, ORDER = (
    Check.DRIFT,
    Check.MISSINGNESS,
    Check.LEVELS,
    Check.SCORE,
    Check.ORDER,
)
_SORTED, _FEWEST_VALUES = 0.99, 20


@dataclass(frozen=True, slots=True)
class Change:
    """How one thing has changed, before all are judged together."""

    check: Check
    subject: str
    p_value: float
    beyond: bool
    """Whether the change is larger than its floor."""
    said: str
    figures: dict[str, Figure]


def drift(
    frame: pd.DataFrame, decision: Decision | None, reference: Reference, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare a window's features and scores with the reference.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        As they came: the order is looked at, too.
    decision : Decision of n rows, or None
        The model's decisions about them; None when it could not score them.
    reference : Reference
    project : Project

    Returns
    -------
    findings, exhibits
        FAIL for an alarm, INSUFFICIENT below `monitoring.minimum_rows` of the window or the reference and
        for a season that the reference lacks; never "no drift" then.
    """
    rules = project.monitoring
    if len(frame) < rules.minimum_rows or reference.rows < rules.minimum_rows:
        because = (
            f"{len(frame)} rows against {reference.rows} of the reference; {rules.minimum_rows} are needed"
        )
        return [
            Finding(check, "window", Status.INSUFFICIENT, because, {"n": len(frame)})
            for check in (DRIFT, SCORE)
        ], []
    known = _like(frame, reference, project)
    if known is None:
        because = "the reference has no rows of this season; train on a whole one, or drop monitoring.season"
        findings = [Finding(DRIFT, "window", Status.INSUFFICIENT, because, {"n": len(frame)})]
        changes: list[Change] = []
    else:
        now = Features.of(frame, project, reference.features)
        changes = [*_features(now, known, rules)]
        findings = [*_lacking(frame, reference), *_judged(changes, rules)]
    scores = _scores(decision, reference, rules)
    findings += [scores] if isinstance(scores, Finding) else _judged(scores, rules)
    shown = changes if isinstance(scores, Finding) else [*changes, *scores]
    return [*findings, *_order(frame, project)], [_exhibit(shown)] if shown else []


def _like(frame: pd.DataFrame, reference: Reference, project: Project) -> Features | None:
    """Return the part of the reference to compare the window with; None for a season it lacks."""
    column = project.columns.time
    if project.monitoring.season is None or column is None or column not in frame:
        return reference.features
    seasons = pd.Series(season_of(frame[column], project)).value_counts(normalize=True)
    return reference.of_seasons({str(name): float(share) for name, share in seasons.items()})


def _lacking(frame: pd.DataFrame, reference: Reference) -> list[Finding]:
    names = (*reference.features.numeric, *reference.features.categorical)
    because = "the model was made of it and the table does not have it"
    return [Finding(DRIFT, name, Status.INDETERMINATE, because) for name in names if name not in frame]


def _features(now: Features, before: Features, rules: Monitoring) -> list[Change]:
    changes = []
    for name, found in now.numeric.items():
        floor = rules.psi_of.get(name, rules.psi)
        changes += [_number(DRIFT, name, found, before.numeric[name], floor)]
        changes += [_missing(name, found, before.numeric[name], rules)]
    for name, levels in now.categorical.items():
        changes += [_text(name, levels, before.categorical[name], rules)]
        changes += [_missing(name, levels, before.categorical[name], rules)]
        changes += [_new(name, levels, before.categorical[name], rules)]
    return changes


def _number(check: Check, name: str, now: Numbers, before: Numbers, floor: float) -> Change:
    bins = before.tenths()
    index = psi(now.binned(bins), before.binned(bins))
    distance, p_value = kolmogorov_smirnov(now, before)
    widths = np.diff(before.edges)
    apart = np.abs(now.cumulative() - before.cumulative())[:-1]
    moved = float((apart * widths).sum()) / before.sd if before.sd > 0 else NAN
    figures: dict[str, Figure] = {
        "psi": index,
        "ks": distance,
        "p_value": p_value,
        "wasserstein_sd": moved,
        "jensen_shannon": jensen_shannon(now.binned(bins), before.binned(bins)),
        "mean": now.mean,
        "reference_mean": before.mean,
    }
    said = f"PSI {index:.3f} (floor {floor:g}), mean {now.mean:.4g} against {before.mean:.4g}"
    return Change(check, name, p_value, index >= floor, said, figures)


def _text(name: str, now: Levels, before: Levels, rules: Monitoring) -> Change:
    names, floor = list(before.levels), rules.psi_of.get(name, rules.psi)
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
    }
    said = f"PSI {index:.3f} (floor {floor:g}), the share of '{level}' moved by {change[largest]:+.1%}"
    beyond = index >= floor or abs(float(change[largest])) >= rules.share
    return Change(DRIFT, name, p_value, beyond, said, figures)


def _missing(name: str, now: Numbers | Levels, before: Numbers | Levels, rules: Monitoring) -> Change:
    table = [[round(part.missing), round(part.present)] for part in (now, before)]
    p_value = float(fisher_exact(np.array(table)).pvalue)
    shares = [part.missing / max(part.rows, 1.0) for part in (now, before)]
    change = shares[0] - shares[1]
    said = f"{shares[0]:.1%} are missing, {shares[1]:.1%} of the reference (floor {rules.missing:.0%})"
    figures: dict[str, Figure] = {
        "missing": shares[0],
        "reference_missing": shares[1],
        "p_value": p_value,
    }
    return Change(MISSINGNESS, name, p_value, abs(change) >= rules.missing, said, figures)


def _new(name: str, now: Levels, before: Levels, rules: Monitoring) -> Change:
    """Compare the share of rows with unknown levels with that of the reference."""
    expected = min((before.pooled + before.singles + 1) / max(before.rows, 1.0), 1.0)
    p_value = float(binom.sf(now.pooled - 1, max(round(now.rows), 1), expected)) if now.pooled else 1.0
    share = now.pooled / max(now.rows, 1.0)
    said = f"{share:.1%} of the rows have levels unknown to the model, {expected:.1%} were expected"
    figures: dict[str, Figure] = {"share": share, "expected": expected, "p_value": p_value}
    return Change(LEVELS, name, p_value, share - expected >= rules.new_levels, said, figures)


def _scores(decision: Decision | None, reference: Reference, rules: Monitoring) -> list[Change] | Finding:
    if decision is None:
        return Finding(SCORE, "window", Status.INDETERMINATE, "the model could not score the rows")
    unsound = int((~((decision.probability >= 0) & (decision.probability <= 1))).sum())
    if unsound:
        because = f"{unsound} of {len(decision.probability)} probabilities are missing or not in [0, 1]"
        return Finding(SCORE, "window", Status.INDETERMINATE, because, {"unsound": unsound})
    now = Numbers.of(log_odds(decision.probability), reference.log_odds)
    flagged, n = int(decision.flagged.sum()), len(decision.flagged)
    before = round(reference.flag_rate * reference.test_rows)
    p_value = float(
        fisher_exact(np.array([[flagged, n - flagged], [before, reference.test_rows - before]])).pvalue
    )
    rate = flagged / n
    said = f"{rate:.1%} are flagged, {reference.flag_rate:.1%} of the reference (floor {rules.share:.0%})"
    figures: dict[str, Figure] = {
        "rate": rate,
        "reference_rate": reference.flag_rate,
        "p_value": p_value,
    }
    beyond = abs(rate - reference.flag_rate) >= rules.share
    return [
        _number(SCORE, "log-odds", now, reference.log_odds, rules.psi),
        Change(SCORE, "flag rate", p_value, beyond, said, figures),
    ]


def _judged(changes: list[Change], rules: Monitoring) -> list[Finding]:
    """Judge the changes of one family together."""
    if not changes:
        return []
    adjusted = benjamini_hochberg(np.array([change.p_value for change in changes]))
    return [_finding(change, float(q), rules) for change, q in zip(changes, adjusted, strict=True)]


def _finding(change: Change, q_value: float, rules: Monitoring) -> Finding:
    figures: dict[str, Figure] = {**change.figures, "q_value": q_value}
    index = change.figures.get("psi")
    if not np.isfinite(change.p_value) or (isinstance(index, float) and not np.isfinite(index)):
        because = "it cannot be compared with the reference: one of them has no rows"
        return Finding(change.check, change.subject, Status.INDETERMINATE, because, figures)
    alarm = q_value <= rules.fdr and change.beyond
    major = alarm and isinstance(index, float) and index >= rules.major_psi
    because = f"{change.said}, q = {q_value:.2g}" + (": a major change" if major else "")
    return Finding(change.check, change.subject, Status.FAIL if alarm else Status.PASS, because, figures)


def _order(frame: pd.DataFrame, project: Project) -> list[Finding]:
    """Look for rows that are sorted by a feature: parts of such a table differ without any drift."""
    found = []
    for name in project.features.numeric:
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        steps = np.diff(values[~np.isnan(values)])
        steps = steps[steps != 0]
        if len(steps) < _FEWEST_VALUES:
            continue
        rising = float((steps > 0).mean())
        if max(rising, 1 - rising) >= _SORTED:
            because = (
                f"the rows are sorted by it ({max(rising, 1 - rising):.0%} of the steps go one way), so "
                "parts of the table differ without any drift"
            )
            found.append(Finding(ORDER, name, Status.WARN, because, {"rising": rising}))
    return found or [Finding(ORDER, "rows", Status.PASS, "no feature sorts them")]


def _exhibit(changes: list[Change]) -> Exhibit:
    names = list(dict.fromkeys(name for change in changes for name in change.figures))
    rows: list[dict[str, Figure]] = [
        {
            "check": change.check,
            "feature": change.subject,
            **{name: change.figures.get(name) for name in names},
        }
        for change in changes
    ]
    note = "Shares and indices against the reference; PSI less what chance adds. Drift alone changes nothing."
    return Exhibit("drift", "Drift", tuple(rows), note)
