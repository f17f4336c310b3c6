"""The command line. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows.blame import in_words
from logitgate import __version__
from logitgate.errors import LogitgateError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Train logistic models, and let none reach production without evidence.",
    epilog="Exit codes: 0 passed, 1 a contract or gate said no, 2 usage or project file, 3 infrastructure, "
    "4 conflict.",
)

ProjectFile = Annotated[Path, typer.Argument(help="The project file, such as mlproject/flights.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Junit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.", metavar="FILE")]
AsOf = Annotated[str | None, typer.Option(help="Use only what was known before this date.", metavar="DATE")]


@app.command()
def train(
    project: ProjectFile,
    *,
    as_of: AsOf = None,
    no_golden: Annotated[
        bool, typer.Option("--no-golden", help="Keep made-up golden rows with the version, no real ones.")
    ] = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Train a challenger, judge it, register it, and promote it only when every gate passes."""
    from flows.reporting import reported
    from flows.start import server_meanwhile, started

    with reported(junit) as report:
        with started():
            from logitgate.project import parse_as_of
            from logitgate.project_file import load_project

            # What was mistyped is refused before Prefect and MLflow start, which takes seconds.
            load_project(project)
            parse_as_of(as_of) if as_of else None

            with server_meanwhile():
                from flows import screen
                from flows.training import trainings
        (outcome,) = trainings(project, [as_of or None], "synthetic" if no_golden else None)
        report(outcome.model, outcome.verdict)
    screen.print_json(outcome.as_json()) if as_json else screen.print_outcome(outcome)
    raise typer.Exit(1 if outcome.status.stops else 0)


@app.command()
def check(
    project: ProjectFile,
    table: Annotated[Path | None, typer.Option(help="Check this table instead of the project's own.")] = None,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Check a table against the contract, and the project's own rows for leaks."""
    from flows.reporting import reported
    from flows.start import started

    with reported(junit) as report:
        with started():
            from flows import screen
            from flows.check import run_check
        verdict = run_check(project, table)
        report("check", verdict)
    screen.print_verdict(verdict, as_json=as_json)
    raise typer.Exit(1 if verdict.status.stops else 0)


@app.command()
def compare(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    against: Annotated[int, typer.Argument(help="The version to hold against, such as the champion.")],
    judged: Annotated[int, typer.Argument(help="The version to judge.")],
    *,
    since: Annotated[str | None, typer.Option(help="From this date on.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="Before this date.", metavar="DATE")] = None,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Judge a registered version against another one, on rows that neither was fitted on."""
    from flows.reporting import reported
    from flows.start import server_meanwhile, started

    with reported(junit) as report:
        with started():
            from logitgate.project import parse_as_of
            from logitgate.project_file import load_project

            load_project(project)
            limits = (
                parse_as_of(since, "--since") if since else None,
                parse_as_of(until, "--until") if until else None,
            )
            with server_meanwhile():
                from flows import screen
                from flows.training import comparison
        outcome = comparison(project, (against, judged), limits)
        report(outcome.model, outcome.verdict)
    screen.print_json(outcome.as_json()) if as_json else screen.print_outcome(outcome)
    raise typer.Exit(1 if outcome.status.stops else 0)


@app.command()
def score(  # noqa: PLR0913 - options of a command
    project: ProjectFile,
    *,
    table: Annotated[
        Path | None, typer.Option(help="Rows to score; default: the project's scoring.query.", metavar="IN")
    ] = None,
    out: Annotated[Path, typer.Option(help="File of the scores: .csv, .csv.gz or .parquet.", metavar="OUT")],
    version: Annotated[int | None, typer.Option(help="A registered version; default: the champion.")] = None,
    shadow: Annotated[int | None, typer.Option(help="A challenger that answers beside it.")] = None,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Score new rows: the contract first, then probability, decision and expected costs of each row."""
    from flows.reporting import reported
    from flows.start import server_meanwhile, started

    with reported(junit) as report:
        with started():
            from logitgate.edge.scoring_table import Asked, refuse_impossible_scoring
            from logitgate.project_file import load_project

            if shadow is not None and version is not None:
                raise typer.BadParameter("a shadow runs beside the champion; leave --version out")
            asked = Asked(table, out)
            refuse_impossible_scoring(asked, load_project(project))
            with server_meanwhile():
                from flows import screen
                from flows.training import scoring
        found = scoring(project, asked, version, shadow)
        report(found.model, found.verdict)
    screen.print_json(found.as_json()) if as_json else screen.print_scores(found)
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
        bool, typer.Option("--act", help="Do what is wanted: roll back, or train anew.")
    ] = False,
    as_json: AsJson = False,
    junit: Junit = None,
) -> None:
    """Hold new rows against the model in production, and say what is to be done."""
    from datetime import UTC, datetime

    from flows.reporting import reported
    from flows.start import server_meanwhile, started

    with reported(junit) as report:
        with started():
            from logitgate.monitored import Limits
            from logitgate.project import parse_as_of
            from logitgate.project_file import load_project

            load_project(project)
            limits = Limits(
                parse_as_of(since, "--since") if since else None,
                parse_as_of(until, "--until") if until else None,
                parse_as_of(as_of) if as_of else datetime.now(UTC),
            )
            with server_meanwhile():
                from flows import screen
                from flows.training import watching
                from logitgate.edge.monitoring import Files
        found = watching(project, Files(table, labels, served), limits, acting=acting)
        report(found.model, found.verdict)
    screen.print_json(found.as_json()) if as_json else screen.print_monitored(found)
    raise typer.Exit(1 if found.wants_action else 0)


@app.command()
def shadow(
    project: ProjectFile,
    version: Annotated[int, typer.Argument(help="The challenger.")],
    *,
    promote: Annotated[bool, typer.Option("--promote", help="Make it the champion if it is proven.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a challenger has shown in the shadow of the champion, and perhaps promote it."""
    from flows.start import started

    with started():
        from flows import screen
        from flows.shadow import judged_shadow, promoted_from_shadow
    verdict = (promoted_from_shadow if promote else judged_shadow)(project, version)
    found = {"status": verdict.status.value, "findings": [finding.as_json() for finding in verdict.findings]}
    screen.print_json(found) if as_json else screen.print_findings(verdict)
    raise typer.Exit(1 if verdict.status.stops else 0)


@app.command()
def explain(
    project: ProjectFile,
    row: Annotated[str, typer.Option("--id", help="The row's id.")],
    version: Annotated[int | None, typer.Option(help="A registered version; default: the champion.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how one row comes to its decision: contributions, log-odds, probability, threshold."""
    from flows.start import started

    with started():
        from flows import screen
        from flows.explain import run_explain
    explained = run_explain(project, row, version)
    screen.print_json(explained) if as_json else screen.print_explanation(explained)


@app.command()
def gates(project: ProjectFile, as_json: AsJson = False) -> None:
    """List what a training would have to prove, with margins, and what happens on each status."""
    from flows import screen
    from logitgate.gate_list import consequences, gate_list
    from logitgate.project_file import load_project

    asked = gate_list(load_project(project))
    screen.print_gates(asked, consequences(), as_json=as_json)


@app.command()
def doctor(
    project: ProjectFile,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for what kills have left: runs, uploads, intents and folders that nobody goes on with."""
    from flows.start import started

    with started():
        from flows import screen
        from flows.doctor import run_doctor, run_repair
    verdict = (run_repair if repair else run_doctor)(project)
    screen.print_verdict(verdict, as_json=as_json)
    raise typer.Exit(1 if verdict.status.stops else 0)


@app.command()
def history(
    project: ProjectFile,
    verify: Annotated[bool, typer.Option("--verify", help="Exit 1 when the registry disagrees.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what was in production, from when to when, by whom, why, and the way back."""
    from flows.start import started

    with started():
        from flows.production import run_history
        from flows.production_screen import print_history
    told = run_history(project, verify)
    print_history(told, as_json=as_json)
    raise typer.Exit(1 if told.verdict is not None and told.verdict.status.stops else 0)


@app.command()
def rollback(
    project: ProjectFile,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who read the history.")],
    to: Annotated[int | None, typer.Option("--to", help="A version; default: the last good one.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even one that never was in production, or by a broken ledger.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a version back into production that was there before."""
    from flows.start import started

    with started():
        from flows.production import run_rollback
        from flows.production_screen import print_moved
        from logitgate.edge.production import Return
    print_moved(run_rollback(project, Return(reason, to, force)), "is in production", as_json=as_json)


@app.command()
def rehearse(
    project: ProjectFile,
    to: Annotated[int | None, typer.Option("--to", help="A version; default: the last good one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Do all that a rollback does but move the alias, and time it."""
    from flows.start import started

    with started():
        from flows.production import run_rehearsal
        from flows.production_screen import print_moved
    print_moved(run_rehearsal(project, to), "could be put into production", as_json=as_json)


@app.command()
def schedule(
    project: ProjectFile,
    *,
    once: Annotated[bool, typer.Option("--once", help="Do what is due, and end.")] = False,
    coming: Annotated[bool, typer.Option("--next", help="Print the next slots, and end.")] = False,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Hand the schedule to the Prefect server of PREFECT_API_URL.")
    ] = False,
) -> None:
    """Train, watch and score when it is due: here, in the foreground, or by a Prefect server and worker."""
    if deploy:
        from flows.start import started

        with started():
            from flows.deploying import deploy_schedule
        print("\n".join(deploy_schedule(project)))  # noqa: T201 - the command's output
        return
    from flows import schedule as clock

    if coming:
        print(json.dumps(clock.coming(project), indent=2))  # noqa: T201 - the command's output
        return
    raise typer.Exit(clock.follow(project, partial(print, flush=True), once=once))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a project file, for editors."""
    from logitgate.project_file import json_schema

    print(json.dumps(json_schema(), indent=2))  # noqa: T201 - the command's output


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on this machine.")] = 5000) -> None:
    """Serve the MLflow UI on the store of this folder, until Ctrl-C."""
    from flows.start import started

    with started():
        from logitgate.edge.environment import home
        from logitgate.edge.store import open_store
        from logitgate.edge.user_interface import serve
    serve(open_store(home()), port)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"logitgate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train logistic models, and let none reach production without evidence."""


def main() -> NoReturn:
    """Run a command; every refusal becomes a message and its exit code."""
    try:
        _run()
    except SystemExit as end:
        # A Prefect server that is gone would be waited for until each event was tried in vain.
        if os.environ.get("PREFECT_API_URL") and "prefect" in sys.modules:
            from flows.patience import leave

            leave(end.code)
        raise
    raise SystemExit(0)


def _run() -> None:
    try:
        app(standalone_mode=True)
    except LogitgateError as error:
        _refuse(str(error), error.exit_code)
    except Exception as error:
        if os.environ.get("LOGITGATE_DEBUG"):
            raise
        _refuse(in_words(error), 3)


def _refuse(message: str, exit_code: int) -> NoReturn:
    if "--json" in sys.argv:
        print(json.dumps({"status": "ERROR", "error": message, "exit_code": exit_code}))  # noqa: T201
    print(f"logitgate: {message}", file=sys.stderr)  # noqa: T201
    raise SystemExit(exit_code)


if __name__ == "__main__":
    main()
