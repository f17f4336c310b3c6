"""Parameters, metrics and tags, written to a run within MLflow's limits and without its silent changes."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from mlflow import MlflowClient

Value: TypeAlias = "str | float | bool | None"
Item = TypeVar("Item")

LEFT_OUT = "metrics_left_out"
"""Tag that names the metrics that were not finite, and what they were."""

_PARAMS, _METRICS, _TAGS = 100, 800, 100  # MLflow takes 100, 1,000 and 100 in a batch, but 1,000 altogether
_LONGEST_PARAM, _LONGEST_TAG, _LONGEST_NAME = 6_000, 8_000, 250
_STRANGE = re.compile(r"[^\w.\- /:]")


@dataclass(frozen=True, slots=True)
class RunEntries:
    """What is written to a run: parameters (never changed again), metrics and tags."""

    params: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, Value] = field(default_factory=dict)


def write(client: MlflowClient, run_id: str, entries: RunEntries, at: int | None = None) -> None:
    """Write all entries in as few calls as MLflow allows.

    With a moment `at` (milliseconds since 1970) the same entries can be written again: a metric of the same
    moment is the same point, not a second one.

    A metric that is NaN or infinite is left out and named in the tag ``metrics_left_out``, because MLflow
    would keep 1.797e308 in its place. A character that MLflow does not allow in a name becomes ``_``; names
    that this makes equal, or that are too long, end with a part of their hash. A text that MLflow would cut
    is cut silently.
    """
    from mlflow.entities import Metric, Param, RunTag

    now = time.time_ns() // 1_000_000 if at is None else at
    finite = {name: float(value) for name, value in entries.metrics.items() if math.isfinite(value)}
    lost = [f"{name} ({value})" for name, value in entries.metrics.items() if name not in finite]
    tags = {**entries.tags, LEFT_OUT: ", ".join(lost)} if lost else entries.tags
    # With those that are left out, so that a name does not depend on which figures are finite.
    named, known, noted = safe_names(entries.metrics), safe_names(entries.params), safe_names(tags)
    metrics = [Metric(named[name], value, now, 0) for name, value in finite.items()]
    params = [Param(known[name], shortened(value, _LONGEST_PARAM)) for name, value in entries.params.items()]
    notes = [RunTag(noted[name], shortened(value, _LONGEST_TAG)) for name, value in tags.items()]
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


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """Return a name that MLflow takes for each name; different ones stay different.

    Examples
    --------
    >>> safe_names(["slice.age = 1", "slice.n"])
    {'slice.age = 1': 'slice.age _ 1', 'slice.n': 'slice.n'}
    >>> sorted(safe_names(["< 1 year", "> 1 year"]).values())
    ['_ 1 year-0b27b3', '_ 1 year-87765a']
    """
    plain = {name: _STRANGE.sub("_", name) for name in names}
    times = Counter(plain.values())
    return {
        name: safe if times[safe] == 1 and len(safe) <= _LONGEST_NAME else _with_hash(name, safe)
        for name, safe in plain.items()
    }


def _with_hash(name: str, safe: str) -> str:
    mark = "-" + hashlib.sha256(name.encode()).hexdigest()[:6]
    return safe[: _LONGEST_NAME - len(mark)] + mark
