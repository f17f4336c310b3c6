"""The sums of clusters that a sandwich estimator is made of."""

from __future__ import annotations

import numpy as np

from ...decision.expressions import FloatArray
from ..estimates import NAN
from .means import Clusters


def meat(scores: FloatArray, cluster: Clusters) -> FloatArray:
    """Return the middle of a sandwich: the summed products of the clusters' scores, times G / (G - 1).

    Parameters
    ----------
    scores : array of shape (n, p)
        Each row's contribution to p sums that are 0 over all rows, such as scores or influences.
    cluster : int array of shape (n,), optional
        Codes from 0 on; without them each row stands for itself.

    Returns
    -------
    array of shape (p, p)
        Liang, Zeger (1986); NaN below two clusters.
    """
    used = np.ones(len(scores)) if cluster is None else np.bincount(cluster)
    clusters = np.count_nonzero(used)
    if clusters < 2:
        return np.full((scores.shape[1],) * 2, NAN)
    if cluster is not None:
        scores = np.column_stack([np.bincount(cluster, column, len(used)) for column in scores.T])
    return np.asarray(scores.T @ scores * (clusters / (clusters - 1)), dtype=np.float64)
