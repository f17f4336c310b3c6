"""Commands that write pages for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from logitgate_flows.cli.app import AsJson, ProjectFile, app
from logitgate_flows.server.start import started


@app.command()
def report(
    project: ProjectFile,
    *,
    version: Annotated[
        int | None, typer.Option(help="A registered version; default: the champion, else the newest.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The page; default: MODEL-VERSION-report.html.", metavar="FILE")
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page about a version: the decision, its evidence, and what other costs would mean."""
    with started():
        from logitgate_flows.commands.report import run_report
    path = run_report(project, version, out)
    if as_json:
        from logitgate_flows.cli.terminal import print_json

        print_json({"report": str(path)})
    else:
        print(path)  # noqa: T201 - the command's output
    if opened:
        typer.launch(path.as_uri())
