"""The command line as a page, made from its code: ``python -m logitgate_flows.cli.reference``."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from typing import Any

import typer.main

from logitgate_flows.cli.app import app

_HEAD = """# The command line

Made from the code by `python -m logitgate_flows.cli.reference`. `logitgate COMMAND --help` prints the same.

| exit code | |
|---|---|
| 0 | passed, also where a version awaits approval |
| 1 | a contract or gate said no, or a proof is missing |
| 2 | the command or the project file is wrong |
| 3 | a store, server or file cannot be reached |
| 4 | production changed meanwhile, or is not what the ledger records |
"""


def reference() -> str:
    """Return every command with its arguments and options as Markdown."""
    import_module("logitgate_flows.cli.main")  # which has all commands added to the application
    commands: dict[str, Any] = vars(typer.main.get_command(app))["commands"]
    return "\n".join([_HEAD, *(_command(name, commands[name]) for name in sorted(commands))])


def _command(name: str, command: Any) -> str:  # noqa: ANN401 - typer's own
    shown = [one for one in command.params if not one.hidden and one.name != "help"]
    words = " ".join(_usage(one) for one in shown if one.required or not _is_option(one))
    rows = "\n".join(_rows(shown))
    table = f"\n| | default | |\n|---|---|---|\n{rows}\n" if rows else ""
    return f"## `logitgate {name}{f' {words}' if words else ''}`\n\n{command.help}\n{table}"


def _rows(shown: list[Any]) -> Iterator[str]:
    for one in shown:
        helped = (one.help or "").replace("|", "\\|")
        yield f"| `{_named(one)}` | {_default(one)} | {helped}{_choices(one)} |"


def _is_option(one: Any) -> bool:  # noqa: ANN401 - typer's own
    return bool(one.opts[0].startswith("-"))


def _usage(one: Any) -> str:  # noqa: ANN401 - typer's own
    return _named(one) if one.required else f"[{_named(one)}]"


def _named(one: Any) -> str:  # noqa: ANN401 - typer's own
    value = one.metavar or ("TEXT" if _is_option(one) else one.name.upper())
    if not _is_option(one):
        return str(value)
    return str(one.opts[0]) if one.is_flag else f"{one.opts[0]} {_metavar(one)}"


def _metavar(one: Any) -> str:  # noqa: ANN401 - typer's own
    kind = one.type_descriptor.annotation
    names = {int: "N", float: "NUMBER"}
    return str(one.metavar or names.get(kind, "TEXT"))


def _default(one: Any) -> str:  # noqa: ANN401 - typer's own
    if one.required:
        return "required"
    default = one.default.value if isinstance(one.default, Enum) else one.default
    return "" if default in (None, False, "") else f"`{default}`"


def _choices(one: Any) -> str:  # noqa: ANN401 - typer's own
    kind = one.type_descriptor.annotation
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return ""
    return f" One of {', '.join(f'`{member.value}`' for member in kind)}."


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201 - prints docs/command-line.md
