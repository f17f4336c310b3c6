"""Commands that write pages for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logitgate_flows.cli.app import AsJson, ProjectFile, app
from logitgate_flows.server.start import started

if TYPE_CHECKING:
    from logitgate.report.ml_test_score import MLTestScore


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
        from logitgate_flows.commands.pages.report import run_report
    path = run_report(project, version, out)
    if as_json:
        from logitgate_flows.cli.screens.terminal import print_json

        print_json({"report": str(path)})
    else:
        print(path)  # noqa: T201 - the command's output
    if opened:
        typer.launch(path.as_uri())


@app.command()
def lab(
    project: Annotated[
        Path | None, typer.Argument(help="The project file; default: the only one of this folder.")
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="The page; default: MODEL-lab.html.", metavar="FILE")
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page to learn logistic regression with, on the project's own rows and model."""
    with started():
        from logitgate_flows.commands.pages.lab import run_lab
    path = run_lab(project or _only_project(), out)
    if as_json:
        from logitgate_flows.cli.screens.terminal import print_json

        print_json({"lab": str(path)})
    else:
        print(path)  # noqa: T201 - the command's output
    if opened:
        typer.launch(path.as_uri())


def _only_project() -> Path:
    """Return the only project file of this folder.

    Raises
    ------
    ProjectError
        When there is none, or more than one.
    """
    from logitgate.errors import ProjectError
    from logitgate_flows.cli.screens.standing import project_files

    found = project_files(Path())
    if len(found) == 1:
        return found[0]
    rule = f"{len(found)} project files in this folder: {', '.join(map(str, found)) or 'none'}"
    raise ProjectError("PROJECT", rule, "name one, such as `logitgate lab mlproject/tumour.toml`")


@app.command()
def audit(
    project: ProjectFile,
    *,
    version: Annotated[
        int | None, typer.Option(help="A registered version; default: the champion, else the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer the 28 tests of the ML Test Score (Breck et al. 2017) from what the store holds."""
    with started():
        from logitgate_flows.cli.screens import terminal
        from logitgate_flows.commands.pages.report import run_audit
    found = run_audit(project, version)
    terminal.print_json(found.as_json()) if as_json else _print_audit(found)


def _print_audit(found: MLTestScore) -> None:
    from logitgate_flows.cli.screens.terminal import OUT

    OUT.print(
        f"ML Test Score of {found.model} version {found.version}: {found.score:g} of 7", highlight=False
    )
    for area, points in found.sums.items():
        OUT.print(f"\n[bold]{area.value}[/]: {points:g} of 7", highlight=False)
        for one in found.answers:
            if one.area is area:
                OUT.print(f"  {one.points:>3g}  {one.test}: {one.evidence}", highlight=False, markup=False)
