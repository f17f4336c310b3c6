"""Samples cut into blocks, for the tests of the recipe."""

import numpy as np

from logitgate.data.sampling.blocks import Blocks
from logitgate.data.sampling.sample import Sample
from logitgate.model.recipes.cross_validation import tried
from logitgate.model.recipes.out_of_fold import Plan
from logitgate.model.recipes.search import choose, search_result


def blocks_of(X, y, count=4, *, in_time=True, cluster=None):
    """Cut n rows into blocks of equal size, in their order or dealt out in turn."""
    row = np.arange(len(y))
    ids = np.array([f"r{number}" for number in row], dtype=object)
    sample = Sample(X, np.asarray(y, dtype=np.int8), ids, cluster=cluster)
    return Blocks(sample, row * count // len(y) if in_time else row % count, in_time)


def search(blocks, features, choices, signs=None):
    """Try all candidates on the blocks and choose one of them."""
    plan = Plan.of(blocks)
    y = blocks.sample.y.astype(np.int64)
    trials = tried(blocks.sample.frame, y, tuple(plan.folds.values()), features, choices, signs=signs or {})
    judged = plan.final([trial.log_odds for trial in trials])
    forms = [trial.choice.form for trial in trials]
    return search_result(trials, judged, choose(judged, forms, np.ones(len(trials), dtype=bool)))
