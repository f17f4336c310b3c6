"""The reference profile: what the rows looked like that a model was made and judged on, without any row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .evaluate import Scored
from .expressions import FloatArray
from .project import Project
from .realised import reference_chunks
from .sample import Sample

_DECILES = np.linspace(0, 1, 11)[1:-1]


def reference_profile(train: Sample, scored: Scored, project: Project) -> dict[str, Any]:
    """Summarise the features of the training rows and the scores of the test rows.

    Returns
    -------
    dict
        Plain values: for each numeric feature the deciles' edges and the counts between them, with
        the missing ones apart; for each category its levels' counts; for the log-odds of the test
        rows the same as for a number; the rates of events and of flagged rows; the figures of
        consecutive chunks of the test rows (`Chunks.as_json`).
    """
    frame = train.frame
    return {
        "rows": len(train),
        "prevalence": float(train.y.mean()),
        "numeric": {name: _numeric(frame[name].to_numpy(np.float64)) for name in project.features.numeric},
        "categorical": {name: _levels(frame[name], project) for name in project.features.categorical},
        "log_odds": _numeric(_log_odds(scored.decision.probability)),
        "test_rows": len(scored.y),
        "test_prevalence": float(scored.y.mean()),
        "flag_rate": float(scored.decision.flagged.mean()),
        "chunks": reference_chunks(scored).as_json(),
    }


def _numeric(values: FloatArray) -> dict[str, Any]:
    present = values[~np.isnan(values)]
    edges = np.unique(np.quantile(present, _DECILES)) if len(present) else np.empty(0)
    counts = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(edges) + 1)
    return {"edges": edges.tolist(), "counts": counts.tolist(), "missing": int(len(values) - len(present))}


def _levels(column: pd.Series, project: Project) -> dict[str, Any]:
    """Count the levels; those too rare to be learned are pooled, so that none points at a person."""
    counts = column.value_counts()
    named = counts[counts >= project.search.rare_level_rows]
    return {
        "levels": {str(level): int(number) for level, number in named.items()},
        "pooled": int(counts.sum() - named.sum()),
        "missing": int(column.isna().sum()),
    }


def _log_odds(probability: FloatArray) -> FloatArray:
    clipped = np.clip(probability, np.finfo(float).eps, 1 - np.finfo(float).eps)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))
