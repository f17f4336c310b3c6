"""What lies in the folder of a packed model: plain files, and what plain MLflow adds when it loads them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ...errors import ConflictError

_META = "registered_model_meta"
"""MLflow writes it into the folder of a model that it loads, serves or downloads by ``models:/``."""

_META_KEYS, _META_LONGEST = {"model_name", "model_version"}, 4_096
_COMPILED = "__pycache__"
_SPECIAL = (
    (stat.S_ISLNK, "is a symbolic link"),
    (stat.S_ISFIFO, "is a FIFO"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files of a model by their names in its folder. Nothing is opened, no link is followed.

    Raises
    ------
    ConflictError
        When something is no file, or a folder holds none. It names it.
    """
    found: dict[str, Path] = {}
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        inside = sorted(Path(entry.path) for entry in os.scandir(place))
        if not inside and place.name != _COMPILED:
            raise tampered(f"{place.relative_to(folder).as_posix()}/", "is an empty folder")
        for path in inside:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                waiting.append(path)
            elif stat.S_ISREG(mode):
                found[path.relative_to(folder).as_posix()] = path
            else:
                what = next((name for is_it, name in _SPECIAL if is_it(mode)), "is no file")
                raise tampered(path.relative_to(folder).as_posix(), what)
    return found


def is_left_by_loading(path: Path, name: str) -> bool:
    """Return whether plain MLflow or Python wrote a file into the folder when it loaded the model there.

    Python compiles the code in a model's folder, which our loader never runs; MLflow records the name and
    number it was loaded by. Neither changes what the model is; the same name with other contents does.
    """
    if path.suffix == ".pyc" and path.parent.name == _COMPILED:
        return True
    return name == _META and _says_what_was_asked_for(path)


def tampered(name: str, what: str) -> ConflictError:
    """Return the refusal of a model whose files are not those that were registered."""
    return ConflictError(f"model file {name}", what, "register the model again, and find out who changed it")


def _says_what_was_asked_for(path: Path) -> bool:
    if path.stat().st_size > _META_LONGEST:
        return False
    from mlflow.utils.yaml_utils import read_yaml

    try:
        content = read_yaml(str(path.parent), path.name)  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 - whatever keeps it from being read: MLflow did not write it
        return False
    if not isinstance(content, dict) or set(content) != _META_KEYS:
        return False
    return all(value is None or isinstance(value, (str, int)) for value in content.values())
