"""Commands that train a model, judge it and explain its decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from logitgate_flows.cli.app import All, AsJson, AsOf, Junit, ProjectFile, app, moment
from logitgate_flows.cli.screens.reporting import reported
from logitgate_flows.server.start import server_meanwhile, started


@app.command()
def train(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    *,
    as_of: AsOf = None,
    no_golden: Annotated[
        bool, typer.Option("--no-golden", help="Keep made-up golden rows with the version, no real ones.")
    ] = False,
    show_all: All = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Train a challenger, judge it, register it, and promote it only when every gate passes."""
    with reported(junit) as report:
        with started():
            from logitgate.data.project_files import load_project

            # What was mistyped is refused before Prefect and MLflow start, which takes seconds.
            load_project(project)
            moment(as_of)

            with server_meanwhile():
                from logitgate_flows.cli.screens import terminal
                from logitgate_flows.commands.beginning.lines_to_change import lines_to_change
                from logitgate_flows.run import run_trainings
        (outcome,) = run_trainings(project, [as_of or None], "synthetic" if no_golden else None)
        report(outcome.model, outcome.verdict)
    if as_json:
        terminal.print_json(outcome.as_json())
    else:
        terminal.print_outcome(outcome, project, all_of_it=show_all)
        terminal.print_changes(lines_to_change(project, outcome.verdict))
    raise typer.Exit(1 if outcome.status.stops else 0)


@app.command()
def check(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    table: Annotated[Path | None, typer.Option(help="Check this table instead of the project's own.")] = None,
    *,
    as_of: AsOf = None,
    show_all: All = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Check a table against the contract, and the project's own rows for leaks."""
    with reported(junit) as report:
        with started():
            from logitgate_flows.cli.screens import terminal
            from logitgate_flows.commands.beginning.check import run_check
            from logitgate_flows.commands.beginning.lines_to_change import lines_to_change
        verdict = run_check(project, table, moment(as_of))
        report("check", verdict)
    if as_json:
        terminal.print_verdict(verdict, as_json=True)
    else:
        terminal.print_check(verdict, project, all_of_it=show_all)
        terminal.print_changes(lines_to_change(project, verdict))
    raise typer.Exit(1 if verdict.status.stops else 0)


@app.command()
def compare(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    against: Annotated[int, typer.Argument(help="The version to compare with, such as the champion.")],
    judged: Annotated[int, typer.Argument(help="The version to judge.")],
    *,
    since: Annotated[str | None, typer.Option(help="From this date on.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date.", metavar="DATE")] = None,
    show_all: All = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Judge a registered version against another one, on rows that neither was fitted on."""
    with reported(junit) as report:
        with started():
            from logitgate.data.project_files import load_project

            load_project(project)
            limits = (moment(since, "--since"), moment(until, "--until"))
            from logitgate_flows.cli.screens import terminal
            from logitgate_flows.run import run_comparison
        outcome = run_comparison(project, (against, judged), limits)
        report(outcome.model, outcome.verdict)
    if as_json:
        terminal.print_json(outcome.as_json())
    else:
        terminal.print_outcome(outcome, project, all_of_it=show_all)
    raise typer.Exit(1 if outcome.status.stops else 0)


@app.command()
def explain(
    project: ProjectFile,
    row: Annotated[str, typer.Option("--id", help="The row's id.")],
    version: Annotated[int | None, typer.Option(help="A registered version; default: the champion.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how one row comes to its decision: values, contributions, probability, threshold, outcome."""
    with started():
        from logitgate_flows.cli.screens import terminal
        from logitgate_flows.commands.operating.explain import run_explain
    explained = run_explain(project, row, version)
    terminal.print_json(explained) if as_json else terminal.print_explanation(explained)


@app.command()
def gates(
    project: ProjectFile,
    *,
    rows: Annotated[
        bool, typer.Option("--rows", help="Read the rows, for the margins that fit them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what a training must prove, with each margin and where it comes from, and what a status does."""
    from logitgate.gates.catalogue import consequences
    from logitgate_flows.cli.screens import terminal
    from logitgate_flows.commands.beginning.gates import listed_gates

    terminal.print_gates(listed_gates(project, with_rows=rows), consequences(), as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a project file, for editors."""
    from logitgate.project.reading.load import json_schema

    print(json.dumps(json_schema(), indent=2))  # noqa: T201 - the command's output
