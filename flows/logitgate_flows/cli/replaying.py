"""The command that plays a history, and what a person reads of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from logitgate_flows.cli.app import AsJson, ProjectFile, app, moment
from logitgate_flows.server.start import started

if TYPE_CHECKING:
    from logitgate.evidence_table import Exhibit
    from logitgate.replay.results.result import Replay


@app.command()
def replay(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    *,
    every: Annotated[str, typer.Option(help="How often it trains.", metavar="SPAN")] = "1 month",
    since: Annotated[str | None, typer.Option(help="The first training.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="End of the last period.", metavar="DATE")] = None,
    policies: Annotated[
        str, typer.Option(help="Which ones, separated by commas; gated is always played.", metavar="NAMES")
    ] = "",
    processes: Annotated[
        int | None, typer.Option(min=1, help="Trainings at a time; default: the cores.")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Also play other windows, cadences and refresh lanes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play the table's history: what each policy of retraining would have cost, and what the gates saved."""
    with started():
        from logitgate.data.project_files import load_project
        from logitgate.replay.dates import Cadence
        from logitgate.replay.play import ReplayRequest, policies_named

        load_project(project)
        Cadence.of(every)
        named = policies_named([name.strip() for name in policies.split(",") if name.strip()])
        limits = (moment(since, "--since"), moment(until, "--until"))
        request = ReplayRequest(every, *limits, named, processes, propose)

        from logitgate_flows.cli.screens import terminal
        from logitgate_flows.commands.pages.replay import run_replay
    found = run_replay(project, request)
    terminal.print_json(found.as_json()) if as_json else print_replay(found)
    raise typer.Exit(found.exit_code)


def print_replay(found: Replay) -> None:
    """Print what each policy cost, what each release was worth, reactions, ages and alarms."""
    from logitgate.replay.results.tables import exhibits
    from logitgate_flows.cli.screens.terminal import OUT

    OUT.print(f"\n[bold]{found.title}[/]", highlight=False)
    for exhibit in exhibits(found):
        if exhibit.rows and exhibit.name != "releases":
            OUT.print(_table(exhibit))
    for one in found.releases:
        why = ", ".join(dict.fromkeys(f"{finding.check}: {finding.subject}" for finding in one.reasons))
        reason = f" ({why})" if why else ""
        OUT.print(f"{one.date:%Y-%m-%d} {one.sentence(found.unit)}{reason}", highlight=False, markup=False)
    OUT.print(f"\n[bold]{found.conclusion}[/]", highlight=False)
    if found.age_limit is not None:
        OUT.print(found.age_limit.sentence(found.unit), highlight=False, markup=False)
    if found.proposal is not None:
        OUT.print(found.proposal.sentence(found.unit), highlight=False, markup=False)


def _table(exhibit: Exhibit) -> object:
    from rich.markup import escape
    from rich.table import Table

    table = Table(*exhibit.columns, title=exhibit.title, title_justify="left", box=None, pad_edge=False)
    for row in exhibit.rows:
        table.add_row(*(escape(_cell(row.get(name))) for name in exhibit.columns))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return "" if value is None else str(value)
