"""What the environment says before a public name loads a vendor: quiet, no telemetry, bounded waits.

Threads and Prefect are left to the program that imports this package.
"""

from __future__ import annotations

import os

from ..environment import DEFAULTS

_OURS = ("MLFLOW_", "GX_", "GIT_", "DO_NOT_TRACK")


def settle() -> None:
    """Set the variables that are not set: without them MLflow repeats calls and can register twice."""
    for name, value in DEFAULTS.items():
        if name.startswith(_OURS):
            os.environ.setdefault(name, value)
