"""A logistic model as look-ups: what each number, each level and each product adds to the log-odds of a row.

Every operation works element by element, and the terms are added in one fixed order. So a row has the same
bits alone and in any batch, which a product of matrices has not: BLAS sums in an order that depends on the
number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from .cells import FeatureCells
from .costs import IntArray
from .expressions import FloatArray


@dataclass(frozen=True, slots=True)
class NumberTerm:
    """What a number adds: a polynomial on each piece of its range, constant beyond it.

    Attributes
    ----------
    name : str
    starts : array of shape (m,)
        Where the pieces begin, rising.
    coefficients : array of shape (degree + 1, m)
        Of each piece, in powers of the distance from its start, the highest power first.
    low, high : float
        Values beyond count as these.
    missing : float
        What a missing cell adds.
    marks : tuple of pairs
        Single values, and what each adds beside the curve.
    """

    name: str
    starts: FloatArray
    coefficients: FloatArray
    low: float = -np.inf
    high: float = np.inf
    missing: float = 0.0
    marks: tuple[tuple[float, float], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it is made of."""
        return (self.name,)

    def of(self, cells: FeatureCells) -> FloatArray:
        """Return what each row gets, shape (n,)."""
        values = cells.numbers[self.name]
        within = values.clip(self.low, self.high)
        piece = self.starts[1:].searchsorted(within, "right")
        beyond = within - self.starts[piece]
        added = self.coefficients[0][piece]
        for power in self.coefficients[1:]:
            added = added * beyond + power[piece]
        for value, weight in self.marks:
            added = added + weight * (values == value)
        return np.where(np.isnan(values), self.missing, added)


@dataclass(frozen=True, slots=True)
class LevelTerm:
    """What a level adds; shape of the weights (levels + 2,): for a missing and for an unseen one, too."""

    name: str
    weights: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it is made of."""
        return (self.name,)

    def of(self, cells: FeatureCells) -> FloatArray:
        """Return what each row gets, shape (n,)."""
        return self.weights.take(cells.codes[self.name])


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number in a product: imputed, centred and scaled."""

    name: str
    imputed: float
    mean: float
    scale: float

    def of(self, cells: FeatureCells) -> FloatArray:
        """Return the number of each row, shape (n,)."""
        values = cells.numbers[self.name]
        return (np.where(np.isnan(values), self.imputed, values) - self.mean) / self.scale


@dataclass(frozen=True, slots=True)
class ProductTerm:
    """What a product of two features adds.

    Attributes
    ----------
    levels : tuple of str
        The sides that are categories, none, one or both.
    weights : array with an axis of length (levels + 2) for each of them
    numbers : tuple of Scaled
        The sides that are numbers.
    """

    levels: tuple[str, ...]
    weights: FloatArray
    numbers: tuple[Scaled, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it is made of."""
        return (*self.levels, *(number.name for number in self.numbers))

    def of(self, cells: FeatureCells) -> FloatArray:
        """Return what each row gets, shape (n,)."""
        added: FloatArray = self.weights[tuple(cells.codes[name] for name in self.levels)]
        for number in self.numbers:
            added = added * number.of(cells)
        return added


@dataclass(frozen=True, slots=True)
class QuadraticTerm:
    """What numbers, their squares and their products add.

    Attributes
    ----------
    numbers : tuple of k Scaled
    weights : array of shape (k,)
    pairs : two int arrays of shape (q,)
    pair_weights : array of shape (q,)
    constant : float
    """

    numbers: tuple[Scaled, ...]
    weights: FloatArray
    pairs: tuple[IntArray, IntArray]
    pair_weights: FloatArray
    constant: float

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it is made of."""
        return tuple(number.name for number in self.numbers)

    def of(self, cells: FeatureCells) -> FloatArray:
        """Return what each row gets, shape (n,)."""
        scaled = np.stack([number.of(cells) for number in self.numbers])
        first, second = self.pairs
        products = scaled[first] * scaled[second] * self.pair_weights[:, None]
        parts = np.concatenate([scaled * self.weights[:, None], products])
        # A running sum goes from one to the next; a plain sum would pair them, by the number of rows.
        return np.asarray(np.add.accumulate(parts)[-1] + self.constant)


Term = NumberTerm | LevelTerm | ProductTerm | QuadraticTerm


@dataclass(frozen=True, slots=True)
class LookUps:
    """A fitted model by its terms.

    Attributes
    ----------
    intercept : float
    terms : tuple of Term
        In the order in which they are added.
    """

    intercept: float
    terms: tuple[Term, ...]

    def log_odds(self, cells: FeatureCells) -> FloatArray:
        """Return the log-odds of the event for each row, shape (n,)."""
        found = np.empty(cells.rows)
        with np.errstate(over="ignore", invalid="ignore"):
            for place, block in cells.blocks():
                total = np.full(block.rows, self.intercept)
                for term in self.terms:
                    total = total + term.of(block)
                found[place] = total
        return found

    def probability(self, cells: FeatureCells) -> FloatArray:
        """Return the probability of the event for each row, shape (n,)."""
        return np.asarray(expit(self.log_odds(cells)), dtype=np.float64)
