"""New rows and a model: what is decided about each row, and what is new to the model.

A score is the answer of one version about one row. It comes with what the decision and its alternative are
expected to cost, and with a request id that follows from version, row and time: scoring the same rows again
gives the same ids, so no answer is counted twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..data.sampling.sample import row_costs
from ..decision.costs import BoolArray
from ..decision.levels import learned_levels
from ..decision.rule import Decision
from ..errors import DataError
from ..project.project import Project
from .model import Model

COLUMNS = (
    "id",
    "probability",
    "threshold",
    "decision",
    "expected_cost",
    "expected_cost_otherwise",
    "model_version",
    "request_id",
    "scored_at",
)
"""Columns of a score. The decision is true for "flag"; costs are expected ones, in the project's unit."""

_HEX = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint16)
_GROUPS = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
"""Digits of a UUID between its dashes."""

_NAMESPACE = uuid5(NAMESPACE_URL, "https://logitgate/score").bytes


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which version answered, and when."""

    version: int
    digest: str
    scored_at: datetime


@dataclass(frozen=True, slots=True)
class UnusualRows:
    """How many rows were scored, and how many cells of each feature the model had to guess or pool."""

    rows: int = 0
    flagged: int = 0
    missing: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)
    """Levels that did not occur in the training rows."""
    outside: Mapping[str, int] = field(default_factory=dict)
    """Numbers outside the range of the training rows (`familiar`)."""

    def __add__(self, other: UnusualRows) -> UnusualRows:
        """Count two batches together."""
        return UnusualRows(
            self.rows + other.rows,
            self.flagged + other.flagged,
            _sum(self.missing, other.missing),
            _sum(self.unseen, other.unseen),
            _sum(self.outside, other.outside),
        )


NOTHING = UnusualRows()
"""No row yet."""


def decide(frame: pd.DataFrame, model: Model, project: Project) -> Decision:
    """Let a model decide about n rows by its own rule and costs.

    Raises
    ------
    DataError
        When a column is absent, a cost is missing, or a row has no probability; counts and ids only.
    """
    ids = frame[project.columns.row_id].astype(str).to_numpy(object)
    try:
        probability = model.probability(frame)
        return Decision.by(model.rule, probability, row_costs(frame, model.costs, ids))
    except (TypeError, ValueError) as error:
        # The error of a transformer can repeat a cell.
        rule = f"the model cannot answer these {len(frame)} rows ({type(error).__name__})"
        raise DataError("scoring", rule, "see that the features are what the contract says") from None


def scores(frame: pd.DataFrame, decision: Decision, stamp: Stamp, project: Project) -> pd.DataFrame:
    """Lay out the scores of n rows.

    Parameters
    ----------
    frame : DataFrame of n rows
        With the id, and the time where the project declares one and the table has it.
    decision : Decision about them
    stamp : Stamp
    project : Project

    Returns
    -------
    DataFrame of n rows
        With the columns `COLUMNS`. A threshold is infinite where no row, or each one, is flagged.
    """
    ids = frame[project.columns.row_id].astype(str)
    time = project.columns.time
    asked = _texts(frame[time]) if time in frame.columns else [""] * len(frame)
    return laid_out(ids, asked, decision, stamp)


def laid_out(ids: pd.Series[str], asked: Iterable[str], decision: Decision, stamp: Stamp) -> pd.DataFrame:
    """Lay out the scores of n rows in the columns `COLUMNS`, by ids and times, texts of shape (n,)."""
    flagged = decision.flagged
    flag, leave = decision.cost_if_flagged, decision.cost_if_passed
    columns = (
        ids.array,
        decision.probability,
        decision.threshold,
        flagged,
        np.where(flagged, flag, leave),
        np.where(flagged, leave, flag),
        np.full(len(ids), stamp.version, dtype=np.int64),
        pd.array(request_ids(stamp.digest, ids.tolist(), asked), dtype="str"),
        pd.DatetimeIndex([stamp.scored_at]).repeat(len(ids)),
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def request_ids(digest: str, ids: Iterable[str], times: Iterable[str]) -> pa.Array:
    """Return the request id of each row: the UUID (version 5) of the model's digest, the row's id and time.

    Parameters
    ----------
    digest : str
    ids, times : iterable of n str

    Returns
    -------
    pyarrow.LargeStringArray of shape (n,)

    Examples
    --------
    >>> request_ids("d1", ["a"], [""]) == request_ids("d1", ["a"], [""])
    True
    >>> request_ids("d1", ["a"], [""]) == request_ids("d2", ["a"], [""])
    False
    """
    begun = hashlib.sha1(_NAMESPACE + digest.encode(), usedforsecurity=False)
    hashes = bytearray()
    for name, time in zip(ids, times, strict=True):
        one = begun.copy()
        one.update(f"\0{name}\0{time}".encode())
        hashes += one.digest()
    return _as_uuids(np.frombuffer(hashes, dtype=np.uint8).reshape(-1, 20)[:, :16].copy())


def unusual_rows(frame: pd.DataFrame, model: Model, flagged: BoolArray) -> UnusualRows:
    """Count the cells that are missing, and those with a level that the training rows did not have."""
    features = model.features
    frame = model.brought(frame)
    missing = {name: int(frame[name].isna().sum()) for name in features.all}
    known = known_levels(model)
    unseen = {}
    for name, levels in known.items():
        column = frame[name]
        counts = column.value_counts()
        unseen[name] = int(counts[~counts.index.isin(list(levels))].sum())
    return UnusualRows(len(frame), int(flagged.sum()), _some(missing), _some(unseen))


def known_levels(model: Model) -> dict[str, frozenset[str]]:
    """Return the levels that each categorical feature had in the training rows, the rare ones as well."""
    return {name: frozenset(levels) for name, levels in learned_levels(model.pipeline).items()}


def _texts(column: pd.Series) -> list[str]:
    """Write the values of n rows out, each distinct one once."""
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    written: list[str] = _written(pd.Series(distinct)).to_numpy(object)[codes].tolist()
    return written


def _written(distinct: pd.Series) -> pd.Series:
    """Write values out as pandas does, which takes each moment with a time zone for itself."""
    if isinstance(distinct.dtype, pd.DatetimeTZDtype) and str(distinct.dt.tz) == "UTC":
        moments = pa.array(distinct.dt.tz_localize(None))
        seconds = moments.cast(pa.timestamp("s"), safe=False)
        if not moments.null_count and seconds.cast(moments.type) == moments:
            return pd.Series(
                pc.binary_join_element_wise(seconds.cast(pa.string()), "+00:00", ""), dtype="str"
            )
    return distinct.astype(str)


def _as_uuids(numbers: NDArray[np.uint8]) -> pa.Array:
    """Write UUIDs of version 5 out (RFC 9562), of numbers of shape (n, 16), which are changed."""
    numbers[:, 6] = numbers[:, 6] & 0x0F | 0x50
    numbers[:, 8] = numbers[:, 8] & 0x3F | 0x80
    digits = _HEX[numbers].view(np.uint8)
    letters = np.full((len(numbers), 36), ord("-"), dtype=np.uint8)
    for group, (start, end) in enumerate(_GROUPS):
        letters[:, start + group : end + group] = digits[:, start:end]
    ends = np.arange(len(numbers) + 1, dtype=np.int64) * 36
    return pa.LargeStringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(letters))


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in dict.fromkeys((*one, *other))}


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
