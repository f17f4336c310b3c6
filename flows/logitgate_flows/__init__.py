"""Prefect flows: tables of contents over logitgate.

Read `training`, then `scoring`, `comparison`, `monitoring` and `reactions`; `run` starts them from the
command line, `scheduled` from a Prefect server, whose deployments name that module. Rooms: `messages`,
`server`, `scheduling`, `commands`, `cli`.

A flow of your own calls them as its subflows: ``from logitgate_flows import train``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from logitgate.interface.environment import settle

if TYPE_CHECKING:
    from logitgate_flows.comparison import compare
    from logitgate_flows.monitoring import monitor
    from logitgate_flows.scoring import score
    from logitgate_flows.training import train

__all__ = ["compare", "monitor", "score", "train"]

_MODULES = {"compare": "comparison", "monitor": "monitoring", "score": "scoring", "train": "training"}

# Before MLflow and Great Expectations are imported, also where somebody else's program imports this package.
settle()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of four flows
    """Import a flow when it is first asked for: Prefect takes seconds to import."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
