"""What a person reads on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from logitgate.findings import Status, Verdict
from logitgate.gates.catalogue import GateEntry
from logitgate.gates.verdict.markdown import folded, headline
from logitgate.gates.verdict.outcome import Outcome
from logitgate.monitoring.window import MonitoringResult
from logitgate.production.scoring.result import ScoringResult

_WIDE = 140
"""Columns where there is no terminal to ask, as in a log."""

OUT = Console(width=None if sys.stdout.isatty() else _WIDE)
_COLOURS = {
    Status.PASS: "green",
    Status.WARN: "yellow",
    Status.INSUFFICIENT: "cyan",
    Status.INDETERMINATE: "magenta",
    Status.FAIL: "red",
}


def print_json(plain: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(plain, indent=2, allow_nan=False))  # noqa: T201 - the command's output


def print_verdict(verdict: Verdict, *, as_json: bool) -> None:
    """Print a verdict, for people or for programs."""
    if as_json:
        findings = [finding.as_json() for finding in verdict.findings]
        print_json({"status": verdict.status.value, "findings": findings})
    else:
        print_findings(verdict)


def print_findings(verdict: Verdict, *, only_remarks: bool = False) -> None:
    """Print every finding, one a row, and the verdict; or those that did not pass, and which checks did."""
    table = Table("status", "check", "subject", "because", box=None, pad_edge=False, header_style="bold")
    passed = [check for check, status in verdict.checks.items() if status is Status.PASS]
    for finding in folded(verdict):
        if only_remarks and finding.status is Status.PASS:
            continue
        colour = _COLOURS[finding.status]
        because = escape(finding.because)
        table.add_row(f"[{colour}]{finding.status}[/]", finding.check, escape(finding.subject), because)
    if only_remarks and passed:
        table.add_row(f"[{_COLOURS[Status.PASS]}]{Status.PASS}[/]", "", "", ", ".join(passed))
    OUT.print(table)
    OUT.print(f"\n[bold {_COLOURS[verdict.status]}]{escape(headline(verdict))}[/]")


def print_lines(told: Iterable[str]) -> None:
    """Print which lines of the project file are to be changed."""
    for line in told:
        OUT.print(escape(line), highlight=False, soft_wrap=True)


def print_gates(asked: Iterable[GateEntry], consequences: Mapping[str, str], *, as_json: bool) -> None:
    """Print what each gate asks for, its margins, and what each status does."""
    if as_json:
        print_json({"gates": [asdict(one) for one in asked], "statuses": consequences})
        return
    table = Table("check", "asks", "margin", "from", box=None, pad_edge=False, header_style="bold")
    for one in asked:
        margins = list(one.margins.items()) or [("", "")]
        for place, (name, value) in enumerate(margins):
            first = (one.check, escape(one.asks)) if not place else ("", "")
            table.add_row(*first, escape(f"{name} {value}".strip()), escape(one.origins.get(name, "")))
    OUT.print(table)
    OUT.print("\n" + ", ".join(f"{status} {fate}" for status, fate in consequences.items()), highlight=False)


def print_outcome(outcome: Outcome) -> None:
    """Print the verdict, the figures of the judged rows, and what is in production now."""
    OUT.print(f"\n[bold]{outcome.model}[/]" + (f" as of {outcome.as_of:%Y-%m-%d}" if outcome.as_of else ""))
    print_findings(outcome.verdict)
    if outcome.test:
        OUT.print(_figures(outcome))
    if outcome.kind == "comparison":
        OUT.print(f"version {outcome.version} judged against version {outcome.against}; nothing was promoted")
        return
    if outcome.repeated:
        OUT.print("this training was done before; nothing was trained again")
    made = f"version {outcome.version} is registered" if outcome.version else "no version was made"
    fate = "and promoted" if outcome.promoted else "and not promoted" if outcome.version else ""
    OUT.print(f"{made} {fate}".strip() + f"; champion: {outcome.champion or 'none'}", highlight=False)


def print_scores(found: ScoringResult) -> None:
    """Print counts of the scored rows, and a warning where the registry did not confirm the champion."""
    if found.is_refused:
        print_findings(found.verdict)
        OUT.print(f"\n[red]Nothing was written[/]: {found.read:,} rows read", highlight=False)
        return
    counts = found.unusual
    OUT.print(
        f"{escape(found.file)}: {counts.rows:,} rows scored by {found.model} version {found.version}, "
        f"{counts.flagged:,} flagged, {found.read - counts.rows:,} quarantined",
        highlight=False,
    )
    kinds = (
        ("missing", counts.missing),
        ("levels unknown to the model", counts.unseen),
        ("outside the range of the model's rows", counts.outside),
    )
    for what, cells in kinds:
        if cells:
            line = ", ".join(f"{escape(name)} {number:,}" for name, number in cells.items())
            OUT.print(f"{what}: {line}", highlight=False)
    warned = [one for one in found.findings if one.status is Status.WARN]
    for one in warned:
        OUT.print(f"[yellow]{one.status}[/] {escape(one.subject)}: {escape(one.because)}", highlight=False)
    if found.stale_because:
        since = f"{found.stale_since:%Y-%m-%d %H:%M} UTC" if found.stale_since else "unknown"
        because = escape(found.stale_because)
        OUT.print(f"[bold red]STALE[/] since {since}: the last good champion answered; {because}")


def print_monitored(found: MonitoringResult) -> None:
    """Print what did not pass in a window, the reaction with its reasons, and what was done."""
    OUT.print(
        f"\n[bold]{found.model}[/] version {found.version}, {escape(found.window.name)}, {found.n:,} rows",
        highlight=False,
    )
    print_findings(found.verdict, only_remarks=True)
    OUT.print(f"\n[bold]{found.reaction.wanted}[/]", highlight=False)
    for reason in (*found.because, *found.acted):
        OUT.print(f"  {escape(reason)}", highlight=False)


def print_explanation(explained: Mapping[str, Any]) -> None:
    """Print the path of a row from its features to its decision."""
    table = Table("feature", "contribution to the log-odds", box=None, pad_edge=False, header_style="bold")
    for feature, contribution in explained["contributions"].items():
        table.add_row(escape(feature), f"{contribution:+.4f}")
    table.add_row("an average row", f"{explained['base']:+.4f}", style="dim")
    table.add_row("log-odds", f"{explained['log_odds']:+.4f}", style="bold")
    OUT.print(table)
    decision = "flag" if explained["flagged"] else "pass"
    threshold = "none" if explained["threshold"] is None else f"{explained['threshold']:.4f}"
    OUT.print(
        f"probability {explained['probability']:.4f}, threshold {threshold}, "
        f"decision: [bold]{decision}[/]\nexpected cost if flagged {explained['cost_if_flagged']:.4g}, "
        f"if passed {explained['cost_if_passed']:.4g}"
        f" ({escape(explained['unit'])}), by version {explained['version']}",
        highlight=False,
    )


def _figures(outcome: Outcome) -> str:
    test = outcome.test
    threshold = f"{outcome.rule.value:.4f}" if outcome.rule and outcome.rule.value is not None else ""
    rule = f"{outcome.rule.name} {threshold}".strip() if outcome.rule else "none"
    return (
        f"\n{test['n']:.0f} judged rows, {test['events']:.0f} events: cost {test['cost']:.4g} a row, savings "
        f"{test['savings']:.3f}, log loss {test['log_loss']:.4f}, AUC {test['auc']:.3f}, "
        f"slope {test['slope']:.2f}; threshold {rule}"
    )
