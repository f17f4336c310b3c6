"""Commands about what is in production, and about the store it stands in."""

from __future__ import annotations

from typing import Annotated

import typer

from logitgate_flows.cli.app import All, AsJson, ProjectFile, app
from logitgate_flows.server.start import started


@app.command()
def history(
    project: ProjectFile,
    verify: Annotated[bool, typer.Option("--verify", help="Exit 1 when the registry disagrees.")] = False,
    show_all: All = False,
    as_json: AsJson = False,
) -> None:
    """Show what was in production, from when to when, by whom, why, and what a rollback would restore."""
    with started():
        from logitgate_flows.cli.screens.production_terminal import print_history
        from logitgate_flows.commands.operating.production import run_history
    found = run_history(project, verify)
    print_history(found, project, as_json=as_json, all_of_it=show_all)
    raise typer.Exit(1 if found.verdict is not None and found.verdict.status.stops else 0)


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
    with started():
        from logitgate.production.promotion.rollback import RollbackRequest
        from logitgate_flows.cli.screens.production_terminal import print_moved
        from logitgate_flows.commands.operating.production import run_rollback
    print_moved(
        run_rollback(project, RollbackRequest(reason, to, force)), "is in production", as_json=as_json
    )


@app.command()
def rehearse(
    project: ProjectFile,
    to: Annotated[int | None, typer.Option("--to", help="A version; default: the last good one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Do all that a rollback does but move the alias, and time it."""
    with started():
        from logitgate_flows.cli.screens.production_terminal import print_moved
        from logitgate_flows.commands.operating.production import run_rehearsal
    print_moved(run_rehearsal(project, to), "could be put into production", as_json=as_json)


@app.command()
def approve(
    project: ProjectFile,
    version: Annotated[int, typer.Argument(help="A version that passed every gate and awaits approval.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who read the history.")],
    as_json: AsJson = False,
) -> None:
    """Put a version that awaits approval into production, where the project has `gates.approval`."""
    with started():
        from logitgate_flows.cli.screens.production_terminal import print_moved
        from logitgate_flows.commands.operating.production import run_approval
    print_moved(run_approval(project, version, reason), "is in production", as_json=as_json)


@app.command()
def adopt(
    project: ProjectFile,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who read the history.")],
    as_json: AsJson = False,
) -> None:
    """Record in the ledger a champion that was set outside logitgate."""
    with started():
        from logitgate_flows.cli.screens.production_terminal import print_adopted
        from logitgate_flows.commands.operating.production import run_adoption
    print_adopted(run_adoption(project, reason), as_json=as_json)


@app.command()
def doctor(
    project: ProjectFile,
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is wrong.")] = False,
    new_chain: Annotated[
        bool, typer.Option("--new-chain", help="Start a new hash chain in the ledger after damage.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why, with --new-chain.")] = "",
    as_json: AsJson = False,
) -> None:
    """Find leftovers of killed runs, and a champion that differs from the ledger."""
    with started():
        from logitgate_flows.cli.screens import terminal
        from logitgate_flows.commands.operating.doctor import run_doctor, run_new_chain, run_repair
    if new_chain:
        run_new_chain(project, reason)
    verdict = (run_repair if repair else run_doctor)(project)
    terminal.print_verdict(verdict, as_json=as_json)
    raise typer.Exit(1 if verdict.status.stops else 0)


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the store's database to the schema of this MLflow; back it up first."""
    with started():
        from logitgate_flows.cli.screens.production_terminal import print_migrated
        from logitgate_flows.commands.operating.production import run_migration
    print_migrated(run_migration(), as_json=as_json)


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on this machine.")] = 5000) -> None:
    """Serve the MLflow UI on the store of this folder, until Ctrl-C."""
    with started():
        from logitgate.environment import home
        from logitgate.tracking.store import open_store
        from logitgate_flows.cli.user_interface import serve
    serve(open_store(home()), port)
