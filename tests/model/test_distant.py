"""Rows that lie elsewhere: a fit by their sums is the fit of all rows at hand."""

from functools import reduce
from operator import add

import numpy as np
import pytest

from logitgate.model.design.coded import CodedMatrix
from logitgate.model.design.signs import Limits
from logitgate.model.fitting.distant import BlockSums, CodedElsewhere
from logitgate.model.fitting.fit import fitted_weights
from logitgate.model.fitting.solver import Rows

BLOCKS, EACH, COLUMNS = 8, 1_500, 6


@pytest.fixture(scope="module")
def rows():
    """A matrix of 12,000 rows, and outcomes."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(BLOCKS * EACH, COLUMNS))
    X[:, 4] = X[:, 3] + 0.1 * X[:, 4]
    score = X @ np.array([1.0, -0.5, 0.0, 0.8, -0.6, 2.0]) - 2.0
    return X, (rng.uniform(size=len(X)) < 1 / (1 + np.exp(-score))).astype(np.int8)


def elsewhere(X, y, asked):
    """Return the sums over blocks, and note what they were asked for."""
    parts = [slice(start, start + EACH) for start in range(0, len(X), EACH)]
    blocks = [Rows.of(X[part], y[part]) for part in parts]

    def sums(weights, hessian):
        asked.append(hessian)
        return reduce(add, [BlockSums.of(block, weights, hessian=hessian) for block in blocks])

    return CodedElsewhere(len(X), sums)


@pytest.mark.parametrize("bounded", [False, True])
def test_the_weights_are_those_of_all_rows(rows, bounded):
    """From an eighth of them here, also within limits, and without asking for the Hessian elsewhere."""
    X, y = rows
    limits = Limits(np.eye(COLUMNS), np.array([bounded] * COLUMNS))
    here, asked = np.arange(0, len(X), BLOCKS), []
    expected = fitted_weights(CodedMatrix.of_dense(X), y, 0.3, limits, subject="all")
    found = fitted_weights(
        CodedMatrix.of_dense(X[here]), y[here], 0.3, limits, subject="some", elsewhere=elsewhere(X, y, asked)
    )
    assert np.abs(found - expected).max() < 1e-8
    assert (found[:-1] >= -1e-12).all() == bounded
    assert len(asked) < 40
    assert not any(asked)


def test_rows_here_that_say_little_are_made_up_for_elsewhere(rows):
    """The Hessian is asked for where that of the rows here leads nowhere."""
    X, y = rows
    order, asked = np.argsort(X[:, 5]), []
    here = order[:200]
    expected = fitted_weights(CodedMatrix.of_dense(X), y, 0.3, subject="all")
    found = fitted_weights(
        CodedMatrix.of_dense(X[here]), y[here], 0.3, subject="some", elsewhere=elsewhere(X, y, asked)
    )
    assert np.abs(found - expected).max() < 1e-8
    assert any(asked)
