"""What a person reads on the terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from logitgate.evaluation.comparisons.words import each
from logitgate.findings import Status, Verdict
from logitgate.gates.catalogue import GateEntry
from logitgate.gates.verdict.markdown import folded, headline
from logitgate.gates.verdict.outcome import Outcome
from logitgate_flows.cli.screens import answers
from logitgate_flows.cli.screens.screen import Line

if TYPE_CHECKING:
    from logitgate.monitoring.window import MonitoringResult
    from logitgate.production.scoring.result import ScoringResult

_WIDE = 140
"""Columns of a table where there is no terminal to ask, as in a log."""
_SCREEN = 80
"""Columns of a default answer where there is no terminal to ask."""


def columns(environment: Mapping[str, str], *, is_terminal: bool) -> int | None:
    """Return how wide tables are: ``COLUMNS`` before all, 140 in a log; None asks the terminal."""
    named = environment.get("COLUMNS", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    return None if is_terminal else _WIDE


OUT = Console(width=columns(os.environ, is_terminal=sys.stdout.isatty()))
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


def print_lines(lines: Iterable[Line]) -> None:
    """Print the lines of a default answer: headings bold, a status in its colour."""
    for line in lines:
        text = Text(line.text, style="bold" if line.strong else "")
        if line.status is not None:
            text.stylize(_COLOURS[line.status], 0, len(line.status))
        OUT.print(text, soft_wrap=True)


def width() -> int:
    """Return the columns of a default answer: those of the terminal, 80 in a log."""
    return OUT.width if OUT.is_terminal or os.environ.get("COLUMNS") else _SCREEN


def print_verdict(verdict: Verdict, *, as_json: bool) -> None:
    """Print a verdict with all its findings, for people or for programs."""
    if as_json:
        findings = [finding.as_json() for finding in verdict.findings]
        print_json({"status": verdict.status.value, "findings": findings})
    else:
        print_findings(verdict)


def print_check(verdict: Verdict, project: Path, *, all_of_it: bool) -> None:
    """Print the verdict of `check` on one screen, or with all its findings."""
    if all_of_it:
        print_findings(verdict)
    else:
        print_lines(answers.verdict_lines("check", verdict, str(project), width()))


def print_findings(verdict: Verdict) -> None:
    """Print every finding, one a row, and the verdict."""
    table = Table("status", "check", "subject", "because", box=None, pad_edge=False, header_style="bold")
    for finding in folded(verdict):
        colour = _COLOURS[finding.status]
        because = escape(finding.because)
        table.add_row(f"[{colour}]{finding.status}[/]", finding.check, escape(finding.subject), because)
    OUT.print(table)
    OUT.print(f"\n[bold {_COLOURS[verdict.status]}]{escape(headline(verdict))}[/]")


def print_changes(lines: Iterable[str]) -> None:
    """Print which lines of the project file are to be changed."""
    for line in lines:
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


def print_outcome(outcome: Outcome, project: Path, *, all_of_it: bool = False) -> None:
    """Print the verdict in a sentence, the money and the next step on one screen; or with all findings."""
    print_lines(answers.outcome_lines(outcome, str(project), width()))
    if all_of_it:
        print_findings(outcome.verdict)
        if outcome.test:
            OUT.print(_figures(outcome))


def print_scores(found: ScoringResult, *, all_of_it: bool = False) -> None:
    """Print counts of the scored rows, and a warning where the registry did not confirm the champion."""
    print_lines(answers.scored_lines(found, width()))
    if all_of_it:
        print_findings(found.verdict)


def print_monitored(found: MonitoringResult, project: Path, *, all_of_it: bool = False) -> None:
    """Print the reaction with its reasons, what was done, and what did not pass; or all findings."""
    print_lines(answers.monitored_lines(found, str(project), width()))
    if all_of_it:
        print_findings(found.verdict)


def print_explanation(explained: Mapping[str, Any]) -> None:
    """Print the path of a row from its features to its decision."""
    names = ("feature", "value", "contribution to the log-odds")
    table = Table(*names, box=None, pad_edge=False, header_style="bold")
    for feature, contribution in explained["contributions"].items():
        values = [explained["values"].get(name) for name in feature.split(" x ")]
        value = " x ".join("missing" if one is None else f"{one}" for one in values)
        table.add_row(escape(feature), escape(value), f"{contribution:+.4f}")
    table.add_row("an average row", "", f"{explained['base']:+.4f}", style="dim")
    table.add_row("log-odds", "", f"{explained['log_odds']:+.4f}", style="bold")
    OUT.print(table)
    decision = "flag" if explained["flagged"] else "pass"
    threshold = "none" if explained["threshold"] is None else f"{explained['threshold']:.4f}"
    OUT.print(
        f"probability {explained['probability']:.4f}, threshold {threshold}, "
        f"decision: [bold]{decision}[/]\nexpected cost if flagged {explained['cost_if_flagged']:.4g}, "
        f"if passed {explained['cost_if_passed']:.4g}"
        f" ({escape(explained['unit'])}), by version {explained['version']}\n"
        f"outcome: {escape(str(explained['outcome'])) if explained['outcome'] is not None else 'not known'}",
        highlight=False,
    )


def _figures(outcome: Outcome) -> str:
    test = outcome.test
    threshold = f"{outcome.rule.value:.4f}" if outcome.rule and outcome.rule.value is not None else ""
    rule = f"{outcome.rule.name} {threshold}".strip() if outcome.rule else "none"
    return (
        f"\n{test['n']:.0f} judged rows, {test['events']:.0f} events: cost {test['cost']:.4g} "
        f"{each(outcome.row)}, savings {test['savings']:.3f}, log loss {test['log_loss']:.4f}, "
        f"AUC {test['auc']:.3f}, slope {test['slope']:.2f}; threshold {rule}"
    )
