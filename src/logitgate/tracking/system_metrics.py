"""Processor, memory and disk of a training as metrics of its run, where MLflow's own switch asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import UnavailableError
from .store import Store


@contextmanager
def system_metrics(store: Store, run_id: str) -> Iterator[None]:
    """Record them until the end of the block; without ``MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING=true`` none.

    MLflow samples every ten seconds, or ``MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL``.

    Raises
    ------
    UnavailableError
        When they are asked for and psutil is not installed.
    """
    if not _switch().get():
        yield
        return
    monitor = _monitor(store, run_id)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


def _switch() -> Any:  # noqa: ANN401 - as below
    from mlflow.environment_variables import MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING

    return MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING


def _monitor(store: Store, run_id: str) -> Any:  # noqa: ANN401 - MLflow's, which has no annotations
    try:
        from mlflow.system_metrics import system_metrics_monitor
    except ImportError as error:
        rule, remedy = (
            "needs psutil, which is not installed",
            "install logitgate[system-metrics], or unset it",
        )
        raise UnavailableError(_switch().name, rule, remedy) from error
    made: Any = system_metrics_monitor.SystemMetricsMonitor
    return made(run_id, tracking_uri=store.tracking_uri)
