"""Commands for the time after a release: score, monitor, and run a schedule."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from logitgate_flows.cli.app import All, AsJson, Junit, ProjectFile, app, moment
from logitgate_flows.cli.screens.reporting import reported
from logitgate_flows.server.start import started


@app.command()
def score(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    *,
    table: Annotated[
        Path | None, typer.Option(help="Rows to score; default: the project's scoring.query.", metavar="IN")
    ] = None,
    out: Annotated[Path, typer.Option(help="File of the scores: .csv, .csv.gz or .parquet.", metavar="OUT")],
    version: Annotated[int | None, typer.Option(help="A registered version; default: the champion.")] = None,
    shadow: Annotated[int | None, typer.Option(help="A challenger that scores the same rows.")] = None,
    show_all: All = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Score new rows: the contract first, then probability, decision and expected costs of each row."""
    with reported(junit) as report:
        with started():
            from logitgate.data.project_files import load_project
            from logitgate.production.scoring.score import ScoringRequest, refuse_impossible_scoring

            if shadow is not None and version is not None:
                raise typer.BadParameter("a shadow is compared with the champion; leave --version out")
            asked = ScoringRequest(table, out)
            refuse_impossible_scoring(asked, load_project(project))
            from logitgate_flows.cli.screens import terminal
            from logitgate_flows.run import run_scoring
        found = run_scoring(project, asked, version, shadow)
        report(found.model, found.verdict)
    if as_json:
        terminal.print_json(found.as_json())
    else:
        terminal.print_scores(found, all_of_it=show_all)
    raise typer.Exit(1 if found.is_refused else 0)


@app.command()
def monitor(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    *,
    table: Annotated[Path, typer.Option(help="New rows, with or without their outcomes.", metavar="T")],
    since: Annotated[str | None, typer.Option(help="From this date on.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date.", metavar="DATE")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Outcomes by id, in place of those of the rows.", metavar="T2")
    ] = None,
    served: Annotated[
        Path | None,
        typer.Option(help="The rows as they were served, with `probability`, by the same id.", metavar="T3"),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Use outcomes that were mature by this date; default: now.", metavar="DATE"),
    ] = None,
    acting: Annotated[
        bool, typer.Option("--act", help="Carry out the reaction: roll back, or train again.")
    ] = False,
    show_all: All = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Compare new rows with the reference of the model in production, and name the reaction."""
    from datetime import UTC, datetime

    with reported(junit) as report:
        with started():
            from logitgate.data.project_files import load_project
            from logitgate.monitoring.window import MonitoringWindow

            load_project(project)
            limits = MonitoringWindow(
                moment(since, "--since"),
                moment(until, "--until"),
                moment(as_of) or datetime.now(UTC),
            )
            from logitgate.production.monitoring import WindowFiles
            from logitgate_flows.cli.screens import terminal
            from logitgate_flows.run import run_monitoring
        found = run_monitoring(project, WindowFiles(table, labels, served), limits, acting=acting)
        report(found.model, found.verdict)
    if as_json:
        terminal.print_json(found.as_json())
    else:
        terminal.print_monitored(found, project, all_of_it=show_all)
    raise typer.Exit(found.exit_code)


@app.command()
def shadow(
    project: ProjectFile,
    version: Annotated[int, typer.Argument(help="The challenger.")],
    *,
    promote: Annotated[bool, typer.Option("--promote", help="Make it the champion if it is proven.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge a challenger by its shadow scores, and promote it if asked and proven better."""
    with started():
        from logitgate_flows.cli.screens import terminal
        from logitgate_flows.commands.operating.shadow import judged_shadow, promoted_from_shadow
    verdict = (promoted_from_shadow if promote else judged_shadow)(project, version)
    found = {"status": verdict.status.value, "findings": [finding.as_json() for finding in verdict.findings]}
    terminal.print_json(found) if as_json else terminal.print_findings(verdict)
    raise typer.Exit(1 if verdict.status.stops else 0)


@app.command()
def schedule(
    project: ProjectFile,
    *,
    once: Annotated[bool, typer.Option("--once", help="Do what is due, and end.")] = False,
    coming: Annotated[bool, typer.Option("--next", help="Print the next slots, and end.")] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Hand the schedule to the Prefect server of PREFECT_API_URL.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="With --deploy: train at once where the deployment is new.")
    ] = False,
) -> None:
    """Train, monitor and score on a schedule: here, in the foreground, or by a Prefect server and worker."""
    if now and not deploy:
        raise typer.BadParameter("--now goes with --deploy; `logitgate train` trains here")
    if deploy:
        with started():
            from logitgate_flows.scheduling.deployment import deploy_schedule
        print("\n".join(deploy_schedule(project, train_now=now)))  # noqa: T201 - the command's output
        return
    from logitgate_flows.scheduling import schedule as clock

    if coming:
        print(json.dumps(clock.coming(project), indent=2))  # noqa: T201 - the command's output
        return
    raise typer.Exit(clock.follow(project, partial(print, flush=True), once=once))
