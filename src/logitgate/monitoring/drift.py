"""Have the rows changed? Each feature of a window against the reference profile, and the scores.

A change is significant over all features together (Benjamini, Hochberg at `monitoring.fdr`), at the number of
independent rows: with clusters, rows are worth what their design effect leaves (`independence`). It is beyond
its floor, or too small to matter. And it reaches the model as far as it changes what the feature adds to the
log-odds (`contribution`): FAIL needs all three; what does not reach the model is a WARN in one line.

| check | p-value | floor |
|---|---|---|
| drift of a number | Kolmogorov-Smirnov on the reference's grid | `psi`, less what chance adds |
| drift of a binary number | the same | `psi`, or `share` |
| drift of a text | chi-squared, cells of fewer than 5 expected rows pooled | `psi`, or `share` of a level |
| missingness | Fisher, of the same family | `missing` |
| levels | binomial against the share of rows that no level was learned from | `new_levels` |
| score | the same tests on the log-odds and on the share of flagged rows, a family of their own | as above |

Missing cells, unknown levels and scores need no contribution. Drift says nothing about the model by itself.

Sources: Siddiqi (2006) for the population stability index, PSI = sum (p - q) log(p / q), whose mean under no
change is about (k - 1)(1/n + 1/m) (Yurdakul, 2018); Good (1953) for unknown levels; Kish (1965) and Rao,
Scott (1981) for clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from ..catalogue import Check
from ..data.sampling.sample import codes
from ..decision.costs import IntArray
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from ..evaluation.histograms import Numbers
from ..evaluation.probabilities.cox import log_odds
from ..evidence_table import Exhibit
from ..findings import Figure, Finding, Status
from ..model.model import Model
from ..project.operations.monitoring import Monitoring
from ..project.project import Project
from .compared import Compared, Window, by_season, paired
from .distributions.change import (
    DRIFT,
    LEVELS,
    MISSINGNESS,
    SCORE,
    DistributionChange,
    missing_change,
    new_change,
    number_change,
    share_p_value,
    text_change,
)
from .distributions.independence import ALONE, ClusterSizes, Correlation
from .profiling import score_correlations
from .reference import FLAGGED, LOG_ODDS, Reference

__all__ = ["DRIFT", "LEVELS", "MISSINGNESS", "ORDER", "SCORE", "drift"]

ORDER = Check.ORDER
_SORTED, _FEWEST_VALUES = 0.99, 20
_HARMLESS = "features that hardly reach the model"


def drift(
    frame: pd.DataFrame,
    decision: Decision | None,
    reference: Reference,
    project: Project,
    model: Model | None = None,
) -> tuple[list[Finding], list[Exhibit]]:
    """Compare a window's features and scores with the reference.

    Parameters
    ----------
    frame : pandas.DataFrame of n rows
        As they came: the order is looked at, too. With the project's column of clusters, where it has one.
    decision : Decision of n rows, or None
        The model's decisions about them; None when it could not score them.
    reference : Reference
    project : Project
    model : Model, optional
        Whose contributions decide what matters; without one each significant change beyond its floor does.

    Returns
    -------
    findings, exhibits
        FAIL for an alarm, WARN for changes that hardly reach the model, INSUFFICIENT below
        `monitoring.minimum_rows` of the window or the reference; never "no drift" then.
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
    window = Window(frame, codes(frame, project.cluster) if project.cluster in frame else None)
    scored = model if decision is not None else None
    alike, in_season, seasons = by_season(window, reference, project, scored)
    judged = _judged([*_drifts(in_season, rules), *_cells(alike, rules)], rules)
    scores = _scores(decision, window.cluster, reference, rules)
    findings = [*_lacking(frame, reference), *_clusters(alike, project), *seasons, *_reported(judged, rules)]
    if isinstance(scores, Finding):
        findings.append(scores)
    else:
        judged_scores = _judged(scores, rules)
        findings += _reported(judged_scores, rules)
        judged += judged_scores
    return [*findings, *_order(frame, project)], [_exhibit(judged)] if judged else []


def _clusters(compared: Compared, project: Project) -> list[Finding]:
    """Say how long the window is in clusters, and what that leaves of its rows."""
    sizes = compared.sizes[0]
    if not sizes.count:
        return []
    worth = [compared.pair(name).now.rows for name in compared.names] or [0.0]
    because = (
        f"{sizes.count:,} clusters of '{project.cluster}'; the features' rows are worth {min(worth):,.0f} to "
        f"{max(worth):,.0f} independent ones"
    )
    figures: dict[str, Figure] = {
        "clusters": sizes.count,
        "least_independent": min(worth),
        "most_independent": max(worth),
    }
    return [Finding(DRIFT, "window", Status.PASS, because, figures)]


def _lacking(frame: pd.DataFrame, reference: Reference) -> list[Finding]:
    names = (*reference.features.numeric, *reference.features.categorical)
    because = "the model was made of it and the table does not have it"
    return [Finding(DRIFT, name, Status.INDETERMINATE, because) for name in names if name not in frame]


def _drifts(compared: Compared | None, rules: Monitoring) -> list[DistributionChange]:
    if compared is None:
        return []
    return [_drift(name, compared, rules) for name in compared.names]


def _drift(name: str, compared: Compared, rules: Monitoring) -> DistributionChange:
    pair, floor = compared.pair(name), rules.psi_of.get(name, rules.psi)
    if name in compared.now.numeric:
        change = number_change(DRIFT, name, pair, floor, rules.share)
    else:
        change = text_change(name, pair, floor, rules.share)
    added = compared.contribution(name)
    if added is None:
        return change
    mean, spread = added[0].change_from(added[1])
    figures: dict[str, Figure] = {**change.figures, "contribution": mean, "contribution_sd": spread}
    said = f"{change.said}; its part of the log-odds moved by {mean:+.2g}, the spread of it by {spread:+.2g}"
    if compared.sizes[0].count:
        said += f", over {compared.sizes[0].count} clusters"
    return replace(change, said=said, figures=figures)


def _cells(compared: Compared, rules: Monitoring) -> list[DistributionChange]:
    pairs = {name: compared.pair(name) for name in compared.names}
    missing = [missing_change(name, pair, rules) for name, pair in pairs.items()]
    return missing + [new_change(name, pairs[name], rules) for name in compared.now.categorical]


def _scores(
    decision: Decision | None, cluster: IntArray | None, reference: Reference, rules: Monitoring
) -> list[DistributionChange] | Finding:
    if decision is None:
        return Finding(SCORE, "window", Status.INDETERMINATE, "the model could not score the rows")
    unsound = int((~((decision.probability >= 0) & (decision.probability <= 1))).sum())
    if unsound:
        because = f"{unsound} of {len(decision.probability)} probabilities are missing or not in [0, 1]"
        return Finding(SCORE, "window", Status.INDETERMINATE, because, {"unsound": unsound})
    sizes = (ClusterSizes.of(cluster), reference.score_clusters)
    alike: Mapping[str, Correlation] = reference.score_alike if cluster is not None else {}
    if cluster is not None and not alike:  # of an earlier version
        sizes, alike = (sizes[0], sizes[0]), score_correlations(decision, cluster, reference.log_odds)
    now = Numbers.of(log_odds(decision.probability), reference.log_odds)
    pair = paired(now, reference.log_odds, sizes, alike.get(LOG_ODDS, ALONE))
    rate, before = float(decision.flagged.mean()), reference.flag_rate
    effects = [one.effect(alike.get(FLAGGED, ALONE).cells) for one in sizes]
    p_value = share_p_value(
        (rate, len(decision.flagged) / effects[0]), (before, reference.test_rows / effects[1])
    )
    said = f"{rate:.1%} are flagged, {before:.1%} of the reference (floor {rules.share:.0%})"
    figures: dict[str, Figure] = {"rate": rate, "reference_rate": before, "p_value": p_value}
    return [
        number_change(SCORE, "log-odds", pair, rules.psi, rules.share),
        DistributionChange(SCORE, "flag rate", p_value, abs(rate - before) >= rules.share, said, figures),
    ]


def q_values(p_values: FloatArray) -> FloatArray:
    """Adjust by Benjamini and Hochberg (1995); a NaN stays NaN and still counts as a test of the family."""
    untested = np.isnan(p_values)
    return np.where(untested, np.nan, false_discovery_control(np.where(untested, 1.0, p_values)))


def _judged(changes: list[DistributionChange], rules: Monitoring) -> list[Finding]:
    """Judge the changes of one family together."""
    adjusted = q_values(np.array([change.p_value for change in changes]))
    return [_finding(change, float(q), rules) for change, q in zip(changes, adjusted, strict=True)]


def _reported(judged: list[Finding], rules: Monitoring) -> list[Finding]:
    """Return the findings; drifts that hardly reach the model are one WARN."""
    harmless = [finding for finding in judged if finding.status is Status.WARN]
    return [*(one for one in judged if one.status is not Status.WARN), *_together(harmless, rules)]


def _together(harmless: list[Finding], rules: Monitoring) -> list[Finding]:
    if not harmless:
        return []
    if len(harmless) == 1:
        return harmless
    names = ", ".join(one.subject for one in harmless)
    because = f"{names} have changed, and each one's part of the log-odds by less than {rules.contribution:g}"
    return [Finding(DRIFT, _HARMLESS, Status.WARN, because, {"features": len(harmless)})]


def _finding(change: DistributionChange, q_value: float, rules: Monitoring) -> Finding:
    figures: dict[str, Figure] = {**change.figures, "q_value": q_value}
    index = change.figures.get("psi")
    if not np.isfinite(change.p_value) or (isinstance(index, float) and not np.isfinite(index)):
        because = "it cannot be compared with the reference: one of them has no rows"
        return Finding(change.check, change.subject, Status.INDETERMINATE, because, figures)
    alarm = q_value <= rules.fdr and change.beyond
    because = f"{change.said}, q = {q_value:.2g}"
    if alarm and change.check == DRIFT and not _reaches(change, rules):
        because += f" (floor of the log-odds {rules.contribution:g})"
        return Finding(change.check, change.subject, Status.WARN, because, figures)
    major = alarm and isinstance(index, float) and index >= rules.major_psi
    because += ": a major change" if major else ""
    return Finding(change.check, change.subject, Status.FAIL if alarm else Status.PASS, because, figures)


def _reaches(change: DistributionChange, rules: Monitoring) -> bool:
    """Return whether a drift reaches the model; one whose contribution is not known does."""
    moved = [change.figures.get(name) for name in ("contribution", "contribution_sd")]
    known = [abs(one) for one in moved if isinstance(one, float) and np.isfinite(one)]
    return not known or max(known) >= rules.contribution


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


def _exhibit(judged: list[Finding]) -> Exhibit:
    names = list(dict.fromkeys(name for finding in judged for name in finding.figures))
    rows: list[dict[str, Figure]] = [
        {
            "check": finding.check,
            "feature": finding.subject,
            "status": finding.status.value,
            **{name: finding.figures.get(name) for name in names},
        }
        for finding in judged
    ]
    note = "Shares and indices against the reference; PSI less what chance adds. Drift alone changes nothing."
    return Exhibit("drift", "Drift", tuple(rows), note)
