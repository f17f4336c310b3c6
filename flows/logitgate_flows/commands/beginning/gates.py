"""The gates of a project, with each margin and where it comes from."""

from __future__ import annotations

from pathlib import Path

from logitgate.data.project_files import load_project
from logitgate.gates.catalogue import GateEntry, gate_list
from logitgate.project.reading.load import read_text
from logitgate.project.syntax.key_lines import key_lines


def listed_gates(project_file: Path, *, with_rows: bool) -> tuple[GateEntry, ...]:
    """List the gates; with the rows, those margins that fit them have the values that a training uses."""
    project, lines = load_project(project_file), key_lines(read_text(project_file))
    if not with_rows:
        return gate_list(project, lines)
    from logitgate.data.sampling.sample import observe
    from logitgate.data.table import read_rows
    from logitgate.project.reading.fitted_defaults import FITS, fitted, is_declared

    sample = observe(read_rows(project).frame, project, None).sample
    known = fitted(project, len(sample), int(sample.y.sum()))
    return gate_list(known, lines, frozenset(key for key in FITS if not is_declared(project, key)))
