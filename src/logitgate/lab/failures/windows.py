"""Failures in production: train-serving skew, drift, and a unit that changed after the release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ...catalogue import Check
from ...data.sampling.sample import Sample
from ...decision.costs import IntArray
from ...findings import Finding
from ...monitoring.drift import drift
from ...monitoring.profiling import reference_profile
from ...monitoring.reference import Reference
from ...monitoring.skew import PROBABILITY, skew
from ..material import Material, numbers
from .failure import FailureShown, Lesson, failure, metrics, stopped_by
from .rows import RECODED, converted, in_words

SKEWED = Lesson(
    "Train-serving skew",
    "Offline the model is as good as ever, as offline the feature is right; only the answers that were "
    "served are worse.",
    Check.SKEW,
    "Compare the feature on both ways, and serve it from the code that training uses.",
)
DRIFTED = Lesson(
    "Drift",
    "In production the outcomes come later: these metrics exist only because the rows are old ones.",
    Check.DRIFT,
    "Ask who changed the source; train on newer rows once their outcomes are known.",
)
_REQUEST = "request"
_STRENGTHS = (1.0, 2.0, 4.0)


def serving_skew(material: Material) -> FailureShown:
    """Serve each row with the value that the row before it had, as a cache that is one request late does."""
    model, project, sample = material.model, material.project, material.judged
    name = material.foremost
    late = sample.frame[name].shift(1)
    late.iloc[0] = sample.frame[name].iloc[0]
    served = replace(sample, frame=sample.frame.assign(**{name: late}))
    findings, _ = skew(_logged(material, served), _logged(material, sample), project, _REQUEST)
    costs = project.costs.matrix
    plain = metrics(model.score(sample, costs), model.score(served, costs))
    done = f"Each of {len(sample):,} rows was served with the '{name}' of the row before it."
    return failure(SKEWED, done, plain, findings)


def drifted(material: Material) -> FailureShown:
    """Draw rows with high values of the foremost feature more often; of a category, with its later levels."""
    name, sample, reference = material.foremost, material.judged, _reference(material)
    window, findings = sample, list[Finding]()
    for rows in _drawn(material, name):
        window = sample.take(rows)
        findings = _compared(window, reference, material)
        if stopped_by(Check.DRIFT, findings):
            break
    costs = material.project.costs.matrix
    plain = metrics(material.model.score(sample, costs), material.model.score(window, costs))
    done = f"{len(window):,} rows were drawn from the judged ones, those with a high '{name}' more often."
    return failure(DRIFTED, done, plain, findings)


def units_in_production(material: Material) -> FailureShown:
    """Convert the foremost feature of a whole window, where rows have no time to break at."""
    name, sample = material.foremost, material.judged
    window = replace(sample, frame=converted(sample.frame, name, np.ones(len(sample), dtype=bool)))
    findings = _compared(window, _reference(material), material)
    costs = material.project.costs.matrix
    plain = metrics(material.model.score(sample, costs), material.model.score(window, costs))
    done = f"In a window of {len(window):,} rows '{name}' is written {in_words(sample.frame, name)}."
    return failure(replace(RECODED, gate=Check.DRIFT), done, plain, findings)


def _reference(material: Material) -> Reference:
    rows, scored = material.learned.shipped.rows, material.scored
    return reference_profile(rows, scored, material.project, material.model).reference


def _compared(window: Sample, reference: Reference, material: Material) -> list[Finding]:
    model = material.model
    decision = model.decision(model.probability(window.frame), window.frame, window.ids)
    return drift(window.frame, decision, reference, material.project, model)[0]


def _drawn(material: Material, name: str) -> Iterator[IntArray]:
    """Yield positions of rows drawn with replacement, each time more strongly by the rank of a number."""
    values = material.judged.frame[name]
    known = numbers(material.judged.frame, name) if name in material.ranked else pd.factorize(values)[0]
    rank = pd.Series(known).rank(pct=True).fillna(0.5).to_numpy()
    for strength in _STRENGTHS:
        weight = np.exp(strength * rank)
        random = np.random.default_rng(material.project.split.seed)
        drawn = random.choice(len(values), len(values), p=weight / weight.sum())
        yield np.sort(drawn).astype(np.int64)


def _logged(material: Material, sample: Sample) -> pd.DataFrame:
    """Return what a service would log about rows: a request number, what is needed to decide, the answer."""
    columns = {name: sample.frame[name].to_numpy() for name in material.project.needed_to_decide}
    request = [f"r{number}" for number in range(len(sample))]
    probability = material.model.probability(sample.frame)
    return pd.DataFrame({_REQUEST: request, **columns, PROBABILITY: probability})
