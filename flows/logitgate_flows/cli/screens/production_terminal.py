"""What a person reads about production on the terminal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from logitgate.production.ledger.history import History, cost_of, rollback_command_of
from logitgate.production.promotion.transaction import PromotionResult
from logitgate.tracking.stores.schemas import Migrated
from logitgate_flows.cli.screens.answers import history_lines
from logitgate_flows.cli.screens.terminal import OUT, print_findings, print_json, print_lines, width


def print_history(history: History, project: Path, *, as_json: bool, all_of_it: bool = False) -> None:
    """Print who is in production, since when and why, and what disagrees; or all tenures as a table."""
    if as_json:
        print_json(history.as_json())
    elif all_of_it:
        _print_tenures(history)
    else:
        print_lines(history_lines(history, str(project), width()))


def _print_tenures(history: History) -> None:
    names = ("version", "from (UTC)", "to", "cost per row", "by", "reason", "rollback")
    table = Table(*names, box=None, pad_edge=False, header_style="bold")
    for tenure in reversed(history.ledger.tenures()):
        reason, until = tenure.entry.reason, tenure.until
        table.add_row(
            str(tenure.version),
            f"{tenure.since:%Y-%m-%d %H:%M}",
            f"{until:%Y-%m-%d %H:%M}" if until else "now",
            escape(cost_of(reason)),
            escape(reason.actor),
            escape(f"{reason.act}: {reason.because}"),
            escape(rollback_command_of(tenure, history.ledger)),
        )
    OUT.print(table if history.ledger.entries else f"{history.model}: nothing was ever in production")
    if history.verdict is not None:
        OUT.print()
        print_findings(history.verdict)


def print_migrated(done: tuple[Migrated, ...], *, as_json: bool) -> None:
    """Print which databases were migrated."""
    if as_json:
        print_json({"migrated": [asdict(one) for one in done]})
        return
    for one in done:
        line = f"{escape(one.address)}: from schema {one.before} to {one.after}"
        OUT.print(line, highlight=False)
    if not done:
        OUT.print("nothing to migrate: the store has the schema of this MLflow")


def print_adopted(moved: PromotionResult, *, as_json: bool) -> None:
    """Print which version the ledger now records as champion."""
    if as_json:
        print_json(moved.as_json())
        return
    fate = "was recorded already" if moved.is_repeated else "is now recorded as the champion"
    OUT.print(f"version {moved.version} {fate}", highlight=False)


def print_moved(moved: PromotionResult, fate: str, *, as_json: bool) -> None:
    """Print what became of a rollback or of its rehearsal, and how long it took."""
    if as_json:
        print_json(moved.as_json())
        return
    seconds = f"{sum(moved.seconds.values()):.2f} s"
    if moved.is_repeated:
        there = f"version {moved.version} is in production already"
        OUT.print(f"{there}; to go further back, name a version by --to", highlight=False)
        return
    before = "" if moved.previous is None else f", in place of version {moved.previous}"
    OUT.print(f"\n[bold]Version {moved.version} {fate}{before}.[/]", highlight=False)
    OUT.print(f"{seconds} by {escape(moved.lock.name)}", highlight=False)
    if not moved.lock.is_shared:
        OUT.print(
            "[yellow]WARN[/] this lock keeps apart only those who share its folder; set LOGITGATE_LOCK_URL"
        )
