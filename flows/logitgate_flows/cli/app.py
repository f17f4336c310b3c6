"""The command line's application, and the options that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from logitgate import __version__

app = typer.Typer(
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    help="Train logistic models, and let none reach production without evidence.",
    epilog="Exit codes: 0 passed, 1 a contract or gate said no, 2 usage or project file, 3 infrastructure, "
    "4 conflict.",
)

ProjectFile = Annotated[Path, typer.Argument(help="The project file, such as mlproject/flights.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
All = Annotated[bool, typer.Option("--all", help="Show every finding, in tables.")]
Junit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.", metavar="FILE")]
AsOf = Annotated[str | None, typer.Option(help="Use only what was known before this date.", metavar="DATE")]


def moment(text: str | None, option: str = "--as-of") -> datetime | None:
    """Return the moment that an option gave, if it was given."""
    from logitgate.project.project import parse_as_of

    return parse_as_of(text, option) if text else None


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"logitgate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train logistic models, and let none reach production without evidence.

    Without a command: the projects of this folder, their champions, the last verdicts, the next step.
    """
    if context.invoked_subcommand is None:
        from logitgate_flows.cli.screens.standing import print_standing

        print_standing(Path())
