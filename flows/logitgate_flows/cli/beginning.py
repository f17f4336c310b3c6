"""Commands that begin a project: from a table, from an example, and the check of a project file."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from logitgate_flows.cli.app import AsJson, app


class _Ci(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


class _Example(StrEnum):
    FLIGHTS = "flights"
    BANK = "bank"
    SPAM = "spam"
    TUMOUR = "tumour"


@app.command()
def init(  # noqa: PLR0913 - options of a command
    table: Annotated[
        Path | None, typer.Argument(help="CSV or Parquet file, folder of a Delta table, or glob.")
    ] = None,
    *,
    outcome: Annotated[str, typer.Option(help="Column of the outcome.", metavar="COLUMN")],
    event: Annotated[str | None, typer.Option(help="Its value that is the event.", metavar="VALUE")] = None,
    row_id: Annotated[
        str | None, typer.Option("--id", help="Column that names each row.", metavar="COLUMN")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of when the decision is due.", metavar="COLUMN")
    ] = None,
    entity: Annotated[
        str | None, typer.Option(help="Column of who a row is about.", metavar="COLUMN")
    ] = None,
    cost_miss: Annotated[float | None, typer.Option(help="What a missed event costs.")] = None,
    cost_false_alarm: Annotated[float | None, typer.Option(help="What a false alarm costs.")] = None,
    query: Annotated[str | None, typer.Option(help="SQL that returns the rows, instead of TABLE.")] = None,
    url_env: Annotated[
        str | None, typer.Option(help="Environment variable with the database's URL.", metavar="NAME")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; default: that of the table.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the project.", metavar="DIR")] = None,
    ci: Annotated[_Ci, typer.Option(help="Whose workflow is written.")] = _Ci.GITHUB,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for what is not given.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a table and write a project: project file, contract, cases, README, prefect.yaml, workflow."""
    from logitgate.errors import ProjectError
    from logitgate.scaffold.guesses.asked import Asked
    from logitgate_flows.cli.screens import beginning_terminal as terminal
    from logitgate_flows.commands.beginning.init import Wanted, run_init

    if (table is not None) and query is not None:
        raise ProjectError("TABLE", "is given beside --query", "give one of both")
    if (query is None) != (url_env is None):
        raise ProjectError("--query", "goes together with --url-env", "give both, or a TABLE")
    asked = Asked(outcome, event, row_id, time, entity, cost_miss, cost_false_alarm)
    asked = terminal.completed(asked) if ask else asked
    rows = None if query is None or url_env is None else (query, url_env)
    draft, written = run_init(table or rows, asked, Wanted(name, out, ci.value))
    terminal.print_draft_json(draft, written) if as_json else terminal.print_draft(draft, written)


@app.command()
def validate(
    projects: Annotated[list[Path], typer.Argument(help="Project files.", metavar="PROJECT...")],
    as_json: AsJson = False,
) -> None:
    """Check project files, their contracts and column names at once; no row is read."""
    from logitgate.scaffold.file_check import mistakes_of
    from logitgate_flows.cli.screens import beginning_terminal as terminal

    found = {path: mistakes_of(path) for path in projects}
    if as_json:
        plain = {str(path): [asdict(one) for one in mistakes] for path, mistakes in found.items()}
        terminal.print_plain({"mistakes": plain})
    else:
        terminal.print_mistakes(found)
    raise typer.Exit(2 if any(found.values()) else 0)


@app.command()
def example(
    name: Annotated[_Example, typer.Argument(help="Which example.")],
    folder: Annotated[Path, typer.Argument(help="Where to copy it.", metavar="DIR")] = Path(),
) -> None:
    """Copy an example that runs: its project file, rows, contract and cases."""
    from logitgate_flows.commands.beginning.examples import copy_example

    typer.echo(f"logitgate train {copy_example(name.value, folder)}")
