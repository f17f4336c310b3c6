"""`lab`: a page to learn logistic regression with, on a project's own rows and model."""

from __future__ import annotations

from pathlib import Path

from ..files.atomic import write_whole
from ..gates.training import learn_model
from ..lab.lab import Lab, lab_of
from ..lab.page import page
from .project import ProjectSource, load_project
from .training import checked


def lab(project: ProjectSource, table: object = None, out: str | Path | None = None) -> Lab:
    """Train on a project's rows and make all that the lab shows; nothing is registered.

    Parameters
    ----------
    project : Project, or what `load_project` takes
    table : pandas or polars DataFrame, Arrow table, or Table, optional
        In place of the rows that the project names.
    out : path, optional
        Where the page is written; nowhere by default.

    Returns
    -------
    Lab
        Typed values: `lab.failures`, `lab.order`, `lab.questions` and the other parts.

    Raises
    ------
    DataError
        Naming row and column of what is not as declared.
    RefusedError
        When the training ended before there was a model.
    UnavailableError
        When the page cannot be written.
    """
    project = load_project(project)
    found = lab_of(learn_model(checked(project, table, None)[0]))
    if out is not None:
        write_whole(Path(out), page(found).encode())
    return found
