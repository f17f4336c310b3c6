"""What a person reads, and is asked, when a project begins."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.prompt import FloatPrompt, Prompt

from logitgate.project.reading.mistakes import Mistake
from logitgate.scaffold.draft import Draft, WrittenFiles
from logitgate.scaffold.guesses.asked import Asked
from logitgate_flows.cli.screens.terminal import OUT


def completed(asked: Asked) -> Asked:
    """Ask for what was not given; an empty answer leaves it to be guessed."""
    return replace(
        asked,
        event=_text(asked.event, "Which value of the outcome is the event?"),
        id=_text(asked.id, "Which column names each row?"),
        time=_text(asked.time, "Which column says when the decision is due?"),
        entity=_text(asked.entity, "Which column says who a row is about?"),
        cost_miss=_number(asked.cost_miss, "What does a missed event cost?", 5.0),
        cost_false_alarm=_number(asked.cost_false_alarm, "What does a false alarm cost?", 1.0),
    )


def _text(given: str | None, text: str) -> str | None:
    if given is not None:
        return given
    return Prompt.ask(f"{text} (empty: guess)", console=OUT, default="", show_default=False) or None


def _number(given: float | None, text: str, default: float) -> float:
    return given if given is not None else FloatPrompt.ask(text, console=OUT, default=default)


def print_draft(draft: Draft, written: WrittenFiles) -> None:
    """Print the files, what was found, what is asked, and what to do next."""
    for name in written.new:
        OUT.print(f"[green]new[/]  {escape(str(written.folder / name))}", highlight=False)
    for name in written.different:
        OUT.print(f"[yellow]kept[/] {escape(str(written.folder / name))}", highlight=False)
    if written.diff is not None:
        OUT.print(f"what would change stands in {escape(str(written.diff))}", highlight=False)
    for one in draft.guess.leaks:
        OUT.print(
            f"[red]leak?[/] {escape(one.name)}: alone it separates the outcome with AUC {one.auc:.3f}",
            highlight=False,
        )
    if draft.questions:
        OUT.print("\n[bold]Only you can answer[/] (ASK in the project file)", highlight=False)
    for number, question in enumerate(draft.questions, 1):
        OUT.print(f"  {number}. {escape(question.key)}: {escape(question.text)}", highlight=False)
    file = written.folder / draft.project_file
    OUT.print(f"\nlogitgate check {escape(str(file))}\nlogitgate train {escape(str(file))}", highlight=False)


def print_draft_json(draft: Draft, written: WrittenFiles) -> None:
    """Print the same as one JSON object."""
    print_plain(
        {
            "project": str(written.folder / draft.project_file),
            "new": list(written.new),
            "same": list(written.same),
            "different": list(written.different),
            "leaks": [asdict(one) for one in draft.guess.leaks],
            "questions": [asdict(one) for one in draft.questions],
        }
    )


def print_plain(plain: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(plain, indent=2, allow_nan=False))  # noqa: T201 - the command's output


def print_mistakes(found: Mapping[Path, Sequence[Mistake]]) -> None:
    """Print each mistake with its file and line, as editors know to jump there."""
    for path, mistakes in found.items():
        for one in mistakes:
            place = f"{path}:{one.line}" if one.line else str(path)
            named = "" if one.text.startswith(one.key) else f"{one.key}: "
            OUT.print(f"{escape(place)}: {escape(named + one.text)}", highlight=False, soft_wrap=True)
        if not mistakes:
            OUT.print(f"{escape(str(path))}: sound", highlight=False)
