"""Logistic models that reach production only with evidence.

``import logitgate as lg`` imports nothing else: each public name is loaded when it is first used, so a
session pays for Great Expectations when it checks a table and for MLflow when it registers a model.
docs/python.md shows every name at work.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .interface import evaluation, monitoring
    from .interface.lab import lab
    from .interface.production.champion import champion, explain
    from .interface.production.releases import compare, register
    from .interface.production.windows import monitor
    from .interface.project import load_project
    from .interface.replay import replay
    from .interface.scaffold import init
    from .interface.tables import read_table
    from .interface.training import check, train

__version__ = "0.1.0"

_PUBLIC: dict[str, tuple[str, str | None]] = {
    "_settle": ("interface.environment", "settle"),
    "champion": ("interface.production.champion", "champion"),
    "check": ("interface.training", "check"),
    "compare": ("interface.production.releases", "compare"),
    "evaluation": ("interface.evaluation", None),
    "explain": ("interface.production.champion", "explain"),
    "init": ("interface.scaffold", "init"),
    "lab": ("interface.lab", "lab"),
    "load_project": ("interface.project", "load_project"),
    "monitor": ("interface.production.windows", "monitor"),
    "monitoring": ("interface.monitoring", None),
    "read_table": ("interface.tables", "read_table"),
    "register": ("interface.production.releases", "register"),
    "replay": ("interface.replay", "replay"),
    "train": ("interface.training", "train"),
}
"""Each public name, with its module and what it is called there; None for the module itself."""

__all__ = [
    "__version__",
    "champion",
    "check",
    "compare",
    "evaluation",
    "explain",
    "init",
    "lab",
    "load_project",
    "monitor",
    "monitoring",
    "read_table",
    "register",
    "replay",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes are of any type
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _loaded("_settle")()
    globals()[name] = _loaded(name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def _loaded(name: str) -> Any:  # noqa: ANN401 - as above
    place, attribute = _PUBLIC[name]
    module = import_module(f".{place}", __name__)
    return module if attribute is None else getattr(module, attribute)


class _Package(ModuleType):
    """A package in which the import of a module leaves a public name of the same spelling alone."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
