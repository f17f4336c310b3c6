"""The code that is shipped with a model, so that it is served without logitgate."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path

from ... import __file__ as _package_file

_GROUND = ("redaction.py", "errors.py")
_DECIDING = ("expressions", "costs", "rule", "levels", "cells", "look_ups", "compiled", "answering", "pyfunc")
_SERVED = tuple(f"decision/{name}.py" for name in _DECIDING)
SCRIPT = """\
from mlflow.models import set_model

from {package}.decision.pyfunc import ServedModel

set_model(ServedModel())
"""


def served_package(folder: Path) -> Path:
    """Copy the code that is shipped, under a name by its contents: so two versions can be loaded at once."""
    root = Path(_package_file).parent
    sources = {name: (root / name).read_bytes() for name in (*_GROUND, *_SERVED)}
    content = b"".join(name.encode() + b"\0" + source + b"\0" for name, source in sources.items())
    package = folder / f"logitgate_served_{hashlib.sha256(content).hexdigest()[:8]}"
    (package / "decision").mkdir(parents=True)
    for name in ("__init__.py", "decision/__init__.py"):
        (package / name).write_text('"""Shipped with a model of logitgate."""\n', encoding="utf-8")
    for name, source in sources.items():
        (package / name).write_bytes(source)
    if package.name not in sys.modules:
        _importable(package)
    return package


def _importable(package: Path) -> None:
    """Let MLflow run the script once while it saves it, without touching the search path."""
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(package.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = module
    spec.loader.exec_module(module)
