"""Failures of the rows that are learned from: a label leak, copies in two parts, a unit that changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...checks.change_points.shifts import shift_findings
from ...checks.leakage.duplicates import duplicate_findings
from ...checks.leakage.single_features import separating
from ...data.sampling.blocks import Blocks
from ...data.sampling.sample import Sample
from ...decision.costs import BoolArray
from ...errors import LogitgateError
from ...evaluation.evaluate import Scored
from ...gates.saboteurs import LEAK, NOISES, leaky
from ..material import Material, even, joined, thinned
from ..refit import refitted
from .failure import FailureShown, Lesson, Metric, failure, metrics, stopped_by

LEAKED = Lesson(
    "Label leak",
    "Every plain metric becomes better, as the judged rows leak just as the learned ones do; in production "
    "the column is not there yet.",
    Check.LEAKAGE,
    "List the column under columns.known_after_outcome and take it out of the features.",
)
COPIED = Lesson(
    "Duplicates across parts",
    "The model is judged on rows that it learned from, and is praised for its memory.",
    Check.LEAKAGE,
    "Remove the copies, or declare what they have in common as columns.entity.",
)
RECODED = Lesson(
    "Changed units",
    "A number is a number: nothing in a metric of older rows knows in which unit the newer ones are.",
    Check.SHIFTS,
    "Mend the export, and write the unit's range into the contract; trust a real change with a reason.",
)
_COPIES = (0.2, 0.5, 1.0)
_SINCE = 0.6
_NEW = " (new)"


def label_leak(material: Material) -> FailureShown:
    """Add the outcome with noise as a feature, with less noise where events are too few to prove it."""
    project, judged = material.project, material.judged
    for noise in NOISES:
        findings = list(separating(*leaky(judged, project, noise)))
        if stopped_by(Check.LEAKAGE, findings):
            break
    learned, tested = material.learned_of_last(), material.judged_of_last()
    features = project.features.model_copy(update={"numeric": (*project.features.numeric, LEAK)})
    leaking = _with_leak(learned, noise), _with_leak(tested, noise)
    plain = _refits(
        lambda: refitted(material, learned, tested), lambda: refitted(material, *leaking, features)
    )
    done = f"A feature '{LEAK}' was added: 1 for an event, 0 for none, and noise of spread {noise:g}."
    return failure(LEAKED, done, plain, findings)


def duplicates(material: Material) -> FailureShown:
    """Copy rows of the last block into the rows that its model learned from: more where few prove nothing."""
    blocks, sample = material.blocks, material.blocks.sample
    last, home = blocks.rows(blocks.last), 0 if blocks.last else 1
    for share in _COPIES:
        copied = last[even(len(last), max(1, int(share * len(last))))]
        order = np.concatenate([np.arange(len(sample)), copied])
        number = np.concatenate([blocks.number, np.full(len(copied), home)]).astype(np.int64)
        both = Blocks(sample.take(order), number, blocks.in_time)
        findings = list(duplicate_findings(both, material.project))
        if stopped_by(Check.LEAKAGE, findings):
            break
    learned, tested = material.learned_of_last(), material.judged_of_last()
    remembered = joined(learned, thinned(sample.take(copied), len(learned)))
    plain = _refits(
        lambda: refitted(material, learned, tested), lambda: refitted(material, remembered, tested)
    )
    number_copied = f"{len(copied):,} of the {len(last):,} rows of the last block"
    done = f"{number_copied} were copied under new ids into block {home + 1}."
    return failure(COPIED, done, plain, findings)


def changed_units(material: Material) -> FailureShown | None:
    """Convert the foremost feature from one day on; None where rows have no time."""
    sample, project = material.blocks.sample, material.project
    if sample.time is None:
        return None
    name = material.foremost
    since = np.quantile(sample.time.astype(np.int64), _SINCE)
    later = sample.time.astype(np.int64) >= since
    changed = replace(sample, frame=converted(sample.frame, name, later))
    judged = material.judged
    again = replace(
        judged,
        frame=converted(judged.frame, name, judged.time.astype(np.int64) >= since),  # type: ignore[union-attr]
    )
    costs = project.costs.matrix
    plain = metrics(material.model.score(judged, costs), material.model.score(again, costs))
    share = f"{float(later.mean()):.0%} of the rows"
    done = f"From a day on, with {share}, '{name}' is written {in_words(sample.frame, name)}."
    return failure(RECODED, done, plain, shift_findings(changed, project))


def converted(frame: pd.DataFrame, name: str, rows: BoolArray) -> pd.DataFrame:
    """Return a table in which some rows, shape (n,), have a number in another unit, or a level's new code."""
    if _is_number(frame, name):
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        return frame.assign(**{name: np.where(rows, 1.8 * values + 32, values)})
    levels = frame[name].astype(object)
    return frame.assign(**{name: levels.where(~rows | levels.isna(), levels.astype(str) + _NEW)})


def in_words(frame: pd.DataFrame, name: str) -> str:
    """Say how `converted` writes a feature."""
    return "as 1.8 times itself plus 32" if _is_number(frame, name) else f"with '{_NEW}' behind each level"


def _is_number(frame: pd.DataFrame, name: str) -> bool:
    return pd.api.types.is_numeric_dtype(frame[name])


def _with_leak(sample: Sample, noise: float) -> Sample:
    drawn = np.random.default_rng(len(sample)).normal(0, noise, len(sample))
    return replace(sample, frame=sample.frame.assign(**{LEAK: sample.y + drawn}))


def _refits(before: Callable[[], Scored], after: Callable[[], Scored]) -> tuple[Metric, ...]:
    """Return the metrics of two refits; none where the rows determine no model, one side where one does."""
    try:
        honest = before()
    except LogitgateError:
        return ()
    try:
        return metrics(honest, after())
    except LogitgateError:
        return tuple(replace(one, after=None) for one in metrics(honest, honest))
