"""Curves over a number as polynomials, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray


@dataclass(frozen=True, slots=True)
class Polynomials:
    """Columns as polynomials of a number, piece by piece; a straight line is one piece.

    Attributes
    ----------
    absent : float
        Stands in place of a missing number.
    ends : pair of floats
        Beyond which the columns stay as they are there.
    begins : array of shape (m,)
        Where the pieces begin; their polynomials are of the distance from there.
    pieces : array of shape (degree + 1, m, w)
        Coefficients, those of the highest power first.
    """

    absent: float
    ends: tuple[float, float]
    begins: FloatArray
    pieces: FloatArray

    @classmethod
    def line(cls, absent: float, mean: float, scale: float) -> Polynomials:
        """Return the number less its mean, over its scale."""
        pieces = np.array([1 / scale, 0.0]).reshape(2, 1, 1)
        return cls(absent, (-np.inf, np.inf), np.array([mean]), pieces)

    @classmethod
    def spline(cls, absent: float, basis: BSpline, mean: FloatArray, scale: FloatArray) -> Polynomials:
        """Return the first w functions of a B-spline basis, less their means and over their scales; (w,)."""
        knots = basis.t[basis.k : len(basis.t) - basis.k]
        powers = range(basis.k, -1, -1)
        # The polynomial of a piece is its Taylor series where it begins.
        pieces = np.array([basis(knots[:-1], nu=power) / factorial(power) for power in powers])
        pieces = pieces[:, :, : len(mean)] / scale
        pieces[-1] -= mean / scale
        return cls(absent, (float(knots[0]), float(knots[-1])), knots[:-1], pieces)

    def known(self, values: FloatArray) -> FloatArray:
        """Return the numbers that the polynomials are asked for."""
        return np.clip(np.where(np.isnan(values), self.absent, values), *self.ends)

    def among(self, stays: BoolArray) -> Polynomials:
        """Return some of the columns."""
        return replace(self, pieces=self.pieces[:, :, stays])


def evaluated(pieces: FloatArray, distance: FloatArray, piece: NDArray[np.unsignedinteger]) -> FloatArray:
    """Evaluate the polynomials of each row's piece by Horner's rule."""
    piece = piece.astype(np.intp)
    found: FloatArray = pieces[0].take(piece, axis=0)
    for coefficients in pieces[1:]:
        found *= distance
        found += coefficients.take(piece, axis=0)
    return found
