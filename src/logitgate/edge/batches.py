"""Parameters, metrics and tags, written to a run within MLflow's limits and without its silent changes."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeAlias, TypeVar

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

Value: TypeAlias = "str | float | bool | None"
Item = TypeVar("Item")

LEFT_OUT = "metrics_left_out"
"""Tag that names the metrics that were not finite, and what they were."""

_PARAMS, _METRICS, _TAGS = 100, 800, 100  # MLflow takes 100, 1,000 and 100 in a batch, but 1,000 altogether
_LONGEST_PARAM, _LONGEST_TAG = 6_000, 8_000
_STRANGE = re.compile(r"[^\w.\- /:]")


@dataclass(frozen=True, slots=True)
class Entries:
    """What is written to a run: parameters (never changed again), metrics and tags."""

    params: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, Value] = field(default_factory=dict)


def write(client: MlflowClient, run_id: str, entries: Entries, at: int | None = None) -> None:
    """Write all entries in as few calls as MLflow allows.

    With a moment `at` (milliseconds since 1970) the same entries can be written again: a metric of the same
    moment is the same point, not a second one.

    A metric that is NaN or infinite is left out and named in the tag ``metrics_left_out``, because MLflow
    would keep 1.797e308 in its place. A character that MLflow does not allow in a name becomes ``_``; a
    text that it would cut silently says that it was cut.
    """
    now = time.time_ns() // 1_000_000 if at is None else at
    finite = {name: float(value) for name, value in entries.metrics.items() if math.isfinite(value)}
    lost = [f"{name} ({value})" for name, value in entries.metrics.items() if name not in finite]
    tags = {**entries.tags, LEFT_OUT: ", ".join(lost)} if lost else entries.tags
    metrics = [Metric(_name(name), value, now, 0) for name, value in finite.items()]
    params = [Param(_name(name), shortened(value, _LONGEST_PARAM)) for name, value in entries.params.items()]
    notes = [RunTag(_name(name), shortened(value, _LONGEST_TAG)) for name, value in tags.items()]
    parts = zip_longest(_parted(metrics, _METRICS), _parted(params, _PARAMS), _parted(notes, _TAGS))
    for some_metrics, some_params, some_tags in parts:
        client.log_batch(run_id, some_metrics or (), some_params or (), some_tags or ())


def shortened(value: Value, most: int) -> str:
    """Write a value out in at most so many characters, and say so when it was longer.

    Examples
    --------
    >>> shortened("x" * 100, 30)
    'xxxxxxxxxx... (100 characters)'
    """
    text = str(value)
    if len(text) <= most:
        return text
    tail = f"... ({len(text)} characters)"
    return text[: most - len(tail)] + tail


def _parted(items: list[Item], size: int) -> list[list[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _name(name: str) -> str:
    return _STRANGE.sub("_", name)
