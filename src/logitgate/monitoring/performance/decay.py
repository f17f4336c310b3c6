"""Sequential evidence since the release, for decay that is slower than a window can show.

Two figures are summed by independent unit (cluster, else day) over all windows of a version, and may be
looked at after each of them: ``y - p``, over all rows and in each declared slice, and the cost beyond that of
flagging none, or all. A confidence sequence (`evaluation.confidence_sequence`) holds at all times together:
decay of a window's noise is found after some windows, and nothing is found by looking often.

Alpha is shared: .6 for all rows, .2 for the rules without a model, .2 for the slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...data.sampling.slicing import rare_pooled, slice_levels
from ...decision.costs import IntArray
from ...evaluation.comparisons.comparison import FLAG_ALL, FLAG_NONE, always
from ...evaluation.comparisons.words import cheaper
from ...evaluation.confidence_sequence import confidence_sequence
from ...evaluation.estimates import Estimate
from ...evaluation.evaluate import Scored
from ...findings import Figure, Finding, Status
from ...project.project import Project
from ..reactions.records import WindowRecord
from ..since_release import ErrorSums, SumsByName

CHECK = Check.DECAY
ALL_ROWS = "all rows"
RULES = (FLAG_NONE, FLAG_ALL)
FEWEST_UNITS = 20
"""Fewer do not show how far units spread."""
_OF_ALL, _OF_RULES, _OF_SLICES = 0.6, 0.2, 0.2
_SLICES = "slices"
_SHOWN = 3
"""Slices that have a finding of their own."""


def window_sums(scored: Scored, sample: Sample, project: Project) -> dict[str, ErrorSums]:
    """Sum a window's errors; nothing where rows have neither cluster nor time.

    Parameters
    ----------
    scored : Scored of n rows
        Labelled rows.
    sample : Sample of the same rows
    project : Project
        For its slices, as far as the rows have their columns.
    """
    unit = _units(scored, sample)
    if unit is None or not len(scored.y):
        return {}
    rows = (scored.y.astype(np.float64), scored.decision.probability)
    error = rows[0] - rows[1]
    found = {ALL_ROWS: ErrorSums.of(error, rows, unit)}
    for name, flagged in ((FLAG_NONE, False), (FLAG_ALL, True)):
        beyond = scored.cost - always(scored, flagged=flagged).cost
        found[name] = ErrorSums.of(beyond, rows, unit)
    for name, keep in _slices(sample, project):
        found[name] = ErrorSums.of(error[keep], (rows[0][keep], rows[1][keep]), unit[keep])
    return found


def earlier_sums(now: WindowRecord, history: Iterable[WindowRecord]) -> list[SumsByName]:
    """Return the sums of earlier windows of the same version, none of whose rows is in two windows."""
    past = {one.window: one for one in history if one.window != now.window and one.is_of(now)}
    found, ended = [], None
    for one in sorted(past.values(), key=lambda one: one.end):
        ends_before = now.since is not None and one.end <= now.since
        apart = ended is None or (one.since is not None and one.since >= ended)
        if one.sums and ends_before and apart:
            found.append(one.sums)
            ended = one.end
    return found


def decay(sums: SumsByName, project: Project) -> list[Finding]:
    """Judge the sums since the release.

    Parameters
    ----------
    sums : mapping of str to ErrorSums
        Of all windows.
    project : Project
        For alpha, `monitoring.decay` and the smallest slices.

    Returns
    -------
    list of Finding
        FAIL for an error proven and of `monitoring.decay` log-odds at least, and for a cost proven to be
        above that of a rule without a model; WARN for a smaller proven error; INSUFFICIENT below
        `FEWEST_UNITS`.
    """
    if ALL_ROWS not in sums:
        return []
    alpha = project.gates.alpha
    whole = sums[ALL_ROWS]
    if whole.sums.units < FEWEST_UNITS:
        because = f"{whole.sums.units:.0f} independent units since the release; {FEWEST_UNITS} are needed"
        return [Finding(CHECK, ALL_ROWS, Status.INSUFFICIENT, because, {"units": whole.sums.units})]
    found = [_error(ALL_ROWS, whole, _OF_ALL * alpha, project.monitoring.decay)]
    found += [_cost(name, sums[name], _OF_RULES * alpha / len(RULES)) for name in RULES if name in sums]
    return [*found, *_slice_findings(sums, project)]


def _slice_findings(sums: SumsByName, project: Project) -> list[Finding]:
    """Return a finding for each slice that has changed, or one for all."""
    names = [name for name in sums if name not in (ALL_ROWS, *RULES)]
    if not names:
        return []
    alpha, least = _OF_SLICES * project.gates.alpha / len(names), project.slices.minimum_events
    enough = [
        name
        for name in names
        if sums[name].sums.units >= FEWEST_UNITS
        and min(sums[name].events, sums[name].sums.rows - sums[name].events) >= least
    ]
    found = [_error(name, sums[name], alpha, project.monitoring.decay) for name in enough]
    changed = [one for one in found if one.status is not Status.PASS]
    because = f"none of {len(enough)} slices with enough events, of {len(names)}, is proven to differ"
    if not changed:
        return [Finding(CHECK, _SLICES, Status.PASS, because, {"slices": len(enough)})]
    return _shortened(sorted(changed, key=_severity))


def _severity(finding: Finding) -> tuple[bool, float]:
    """Return what orders slices: those that FAIL first, then the largest errors."""
    size = finding.figures["log_odds"]
    return finding.status is not Status.FAIL, -abs(size) if isinstance(size, float) else 0.0


def _shortened(changed: list[Finding]) -> list[Finding]:
    """Return the worst slices, and the others as one finding that names them."""
    shown, others = changed[:_SHOWN], changed[_SHOWN:]
    if not others:
        return shown
    because = f"proven to differ, too: {', '.join(one.subject for one in others)}"
    return [*shown, Finding(CHECK, "other slices", others[0].status, because, {"slices": len(others)})]


def _error(name: str, errors: ErrorSums, alpha: float, floor: float) -> Finding:
    found = confidence_sequence(errors.sums, alpha)
    scale = errors.sums.rows / errors.spread if errors.spread > 0 else np.nan
    size = found.mean * scale
    proven = found.low > 0 or found.high < 0
    figures: dict[str, Figure] = {
        **found.figures("error"),
        "log_odds": size,
        "log_odds_low": found.low * scale,
        "log_odds_high": found.high * scale,
        "events": errors.events,
    }
    because = (
        f"since the release, events less probabilities are {found.mean:+.4f} [{found.low:+.4f}, "
        f"{found.high:+.4f}] a row over {found.units:,} units, some {size:+.2f} log-odds (floor {floor:g})"
    )
    status = Status.PASS if not proven else Status.FAIL if abs(size) >= floor else Status.WARN
    return Finding(CHECK, name, status, because, figures)


def _cost(rule: str, errors: ErrorSums, alpha: float) -> Finding:
    found = confidence_sequence(errors.sums, 2 * alpha)  # one side of two
    because = (
        f"since the release, {cheaper(Estimate(found.mean, found.low, found.high))} a row than {rule}, "
        f"over {found.units:,} units"
    )
    status = Status.FAIL if found.low > 0 else Status.PASS
    return Finding(CHECK, rule, status, because, found.figures(rule.replace("flag-", "beyond_")))


def _units(scored: Scored, sample: Sample) -> IntArray | None:
    """Return the independent unit of each row: its cluster, else its day in UTC."""
    if scored.cluster is not None:
        return scored.cluster
    if sample.time is None:
        return None
    days = sample.time.astype("datetime64[D]").astype(np.int64)
    return np.unique(days, return_inverse=True)[1].astype(np.int64)


def _slices(sample: Sample, project: Project) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the rows of each declared slice; rare levels are pooled."""
    if not set(project.slices.all) <= set(sample.frame.columns):
        return
    for column, levels in rare_pooled(slice_levels(sample, project), project).items():
        for code, level in enumerate(levels.names):
            keep = levels.codes == code
            if keep.any():
                yield f"{column} = {level}", keep
