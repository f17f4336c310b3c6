"""The examples that come with the package: project, rows, contract and cases, copied into a folder."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from logitgate.errors import ProjectError, UnavailableError

_ROWS = {
    "flights": "flights.parquet",
    "bank": "bank.csv.gz",
    "spam": "spam.csv.gz",
    "tumour": "tumour.csv",
}
EXAMPLES = tuple(_ROWS)


def copy_example(name: str, folder: Path) -> Path:
    """Copy an example into a folder and return its project file; files that are there stay.

    Raises
    ------
    ProjectError
        When there is no such example, or a file of it is there and differs.
    UnavailableError
        When the folder cannot be written.
    """
    if name not in _ROWS:
        raise ProjectError("NAME", f"'{name}' is no example", f"give one of {', '.join(EXAMPLES)}")
    parts = (
        f"mlproject/{name}.toml",
        f"data/{_ROWS[name]}",
        f"expectations/{name}.json",
        f"expectations/cases/{name}.csv",
    )
    for part in parts:
        _copy(_source(part), folder / part)
    return folder / parts[0]


def _source(part: str) -> Traversable:
    """Return a file of the package, or of the checkout that it is run from."""
    packed = files("logitgate_flows").joinpath("examples", part)
    return packed if packed.is_file() else Path(__file__).parents[4] / part


def _copy(source: Traversable, target: Path) -> None:
    content = source.read_bytes()
    if target.exists():
        if target.read_bytes() != content:
            rule = "is there and is not the example's"
            raise ProjectError(str(target), rule, "give an empty folder")
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        rule, remedy = f"cannot be written ({error.strerror})", "give another folder"
        raise UnavailableError(str(target), rule, remedy) from error
