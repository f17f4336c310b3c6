"""The default answer of each command as lines of one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from logitgate.catalogue import Check
from logitgate.evaluation.comparisons.words import cheaper, each
from logitgate.evaluation.estimates import Estimate
from logitgate.findings import Finding, Verdict
from logitgate.gates.verdict import sentences
from logitgate.gates.verdict.outcome import Outcome
from logitgate.monitoring.reactions.reasons import TITLES
from logitgate.monitoring.reactions.remedies import Action
from logitgate.production.ledger.history import History, money_of
from logitgate.production.ledger.ledger import Tenure
from logitgate_flows.cli.screens.screen import Line, labelled, screen, titled

if TYPE_CHECKING:
    from logitgate.monitoring.window import MonitoringResult
    from logitgate.production.scoring.result import ScoringResult

_MOST_NAMES, _MOST_TENURES = 4, 8
_OPPONENTS = {Check.NO_MODEL: "no model", Check.PREVIOUS: "the version before"}


def outcome_lines(outcome: Outcome, project: str, width: int) -> list[Line]:
    """Return a training or a comparison: verdict, money, what to do next, and what did not pass."""
    as_of = f" as of {outcome.as_of:%Y-%m-%d}" if outcome.as_of else ""
    head = [
        Line(),
        Line(f"{outcome.model}{as_of}"),
        *titled(sentences.verdict_sentence(outcome), width),
        *labelled("Now", sentences.champion_sentence(outcome), width),
        *labelled("Money", sentences.money_sentence(outcome), width),
        *labelled("Next", _next(outcome, project), width),
    ]
    return screen(head, outcome.verdict, width)


def verdict_lines(name: str, verdict: Verdict, project: str, width: int) -> list[Line]:
    """Return a verdict that no version stands behind, such as that of `check`."""
    stops = verdict.status.stops
    title = f"Stopped: {sentences.stopping(verdict)} did not pass." if stops else "Nothing stops."
    check = sentences.stopping_check(verdict)
    step = _remedy(check) if check else f"logitgate train {project}" if project else ""
    head = [
        Line(),
        *titled(f"{name[:1].upper()}{name[1:]}: {title}", width),
        *labelled("Next", step, width),
    ]
    return screen(head, verdict, width)


def monitored_lines(found: MonitoringResult, project: str, width: int) -> list[Line]:
    """Return a monitored window, the action first."""
    action = TITLES[found.reaction.wanted]
    title = f"{action}: {found.model} version {found.version}, {_window(found)}, {found.n:,} rows."
    head = [
        Line(),
        *titled(title, width),
        *[line for one in found.because for line in labelled("Because", f"{one}.", width)],
        *[
            line
            for one in found.acted
            for line in labelled("Tried" if found.failed else "Done", f"{one}.", width)
        ],
        *labelled("Money", _window_money(found), width),
        *labelled("Next", _next_reaction(found, project), width),
    ]
    return screen(head, found.verdict, width)


def _next(outcome: Outcome, project: str) -> str:
    check = sentences.stopping_check(outcome.verdict)
    if check is not None:
        return _remedy(check)
    if outcome.awaits_approval:
        return f"logitgate approve {project} {outcome.version} --reason TEXT puts it into production"
    if outcome.kind == "comparison":
        return f"logitgate score {project} --table NEW --out SCORES --shadow {outcome.version}"
    return f"logitgate score {project} --table NEW --out SCORES, then logitgate monitor {project} --table NEW"


def _remedy(check: Check) -> str:
    return f"{check.remedy} ({check.documented})"


def _window(found: MonitoringResult) -> str:
    begin, end = found.window.begin, found.window.end
    start = f"{begin:%Y-%m-%d}" if begin else "the beginning"
    return f"{start} to {end:%Y-%m-%d}"


def _window_money(found: MonitoringResult) -> str:
    """Return what the champion costs beside no model and beside the version before, where it was compared."""
    compared = (one for one in found.verdict.findings if one.check in _OPPONENTS)
    parts = [_compared(one, each(found.row)) for one in compared]
    return "; ".join(one for one in parts if one)


def _compared(one: Finding, row: str) -> str:
    known = [one.figures.get(name) for name in ("difference", "difference_low", "difference_high")]
    numbers = [float(number) for number in known if isinstance(number, (int, float))]
    opponent = _OPPONENTS[one.check]
    return f"{cheaper(Estimate(*numbers))} {row} than {opponent}" if len(numbers) == len(known) else ""


def _next_reaction(found: MonitoringResult, project: str) -> str:
    if found.failed is not None:
        return "run it again: the next run tries the action once more"
    if found.wants_action and found.done is None:
        return f"logitgate monitor {project} --table T --act carries it out"
    if found.reaction.wanted is Action.INVESTIGATE and (first := found.verdict.remarks):
        return _remedy(first[0].check)
    return ""


def scored_lines(found: ScoringResult, width: int) -> list[Line]:
    """Return what was scored and flagged, what was unusual, and what warned."""
    counts = found.unusual
    if found.is_refused:
        title = f"Refused: nothing was written; {found.read:,} rows of {found.model} read."
        check = sentences.stopping_check(found.verdict)
        step = _remedy(check) if check else "run it again"
        return screen([Line(), *titled(title, width), *labelled("Next", step, width)], found.verdict, width)
    flagged = f"{counts.flagged / counts.rows:.1%}" if counts.rows else "none"
    title = (
        f"Scored: {counts.rows:,} rows by {found.model} version {found.version}, {flagged} of them flagged."
    )
    away = found.read - counts.rows
    head = [
        Line(),
        *titled(title, width),
        *labelled("Stale", _stale(found), width),
        *labelled("File", found.file, width),
        *labelled("Left", f"{away:,} rows broke the contract and were quarantined." if away else "", width),
        *labelled("Missing", _counts(counts.missing), width),
        *labelled("New", _counts(counts.unseen, "levels unknown to the model: "), width),
        *labelled("Outside", _counts(counts.outside, "the range of the model's rows: "), width),
    ]
    return screen(head, found.verdict, width)


def _stale(found: ScoringResult) -> str:
    if not found.stale_because:
        return ""
    since = f"{found.stale_since:%Y-%m-%d %H:%M} UTC" if found.stale_since else "an unknown time"
    return f"STALE since {since}: the last good champion answered; {found.stale_because}"


def _counts(cells: Mapping[str, int], what: str = "") -> str:
    shown = [f"{name} {number:,}" for name, number in cells.items() if number]
    more = [f"{len(shown) - _MOST_NAMES} more columns"] if len(shown) > _MOST_NAMES else []
    return what + ", ".join([*shown[:_MOST_NAMES], *more]) if shown else ""


def history_lines(found: History, project: str, width: int) -> list[Line]:
    """Return who is in production since when and why, the way back, and the tenures before."""
    tenures = [*reversed(found.ledger.tenures())]
    now = next((one for one in tenures if one.until is None), None)
    if now is None:
        title = f"{found.model}: nothing is in production" + ("." if tenures else ", and never was.")
        head = [Line(), *titled(title, width)]
    else:
        reason, back = now.entry.reason, found.ledger.rollback_target()
        way = f"logitgate rollback {project} --reason TEXT puts version {back.version} back" if back else ""
        title = (
            f"In production: version {now.version} of {found.model}, since {now.since:%Y-%m-%d %H:%M} UTC."
        )
        head = [
            Line(),
            *titled(title, width),
            *labelled("Why", f"{reason.act} by {reason.actor}: {reason.because}", width),
            *labelled("Money", money_of(reason), width),
            *labelled("Back", way or "there is no version to roll back to", width),
        ]
    before = _before([one for one in tenures if one is not now], width)
    verdict = found.verdict
    return [*head, *before] if verdict is None else screen([*head, *before], verdict, width)


def _before(tenures: Sequence[Tenure], width: int) -> list[Line]:
    lines = [Line(_tenure(one)[:width]) for one in tenures[:_MOST_TENURES]]
    more = len(tenures) - len(lines)
    counted = [Line(f"and {more} earlier (`--all`)")] if more > 0 else []
    return [Line(), Line("Before, newest first", strong=True), *lines, *counted] if lines else []


def _tenure(one: Tenure) -> str:
    until = f"{one.until:%Y-%m-%d %H:%M}" if one.until else "now"
    reason = one.entry.reason
    return f"version {one.version}  {one.since:%Y-%m-%d %H:%M} to {until}  {reason.act}: {reason.because}"
