"""Declared signs as limits on the weights of a fit, so that each fitted effect goes the declared way.

A straight line's weight is bounded at zero. A spline rises where the coefficients of its B-splines do (its
derivative is a sum of B-splines with their differences as weights: de Boor 1978), so its weights are written
as sums of steps of which none may be negative. The penalty stays on the weights themselves: the objective is
that of a free fit, and only the set of weights is smaller. Missing cells, levels, quadratics and products
have no limits; whether the whole effect goes the declared way is checked after the fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from scipy.linalg import block_diag
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer

from ...decision.costs import BoolArray
from ...decision.expressions import FloatArray
from ...project.gates import Sign

Signs: TypeAlias = Mapping[str, Sign]

FREE: Signs = MappingProxyType({})
"""No feature has a declared sign."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Weights of p design columns as sums of p steps, some of which may not be negative.

    Attributes
    ----------
    differences : array of shape (p, p)
        steps = differences @ weights; invertible.
    bounded : bool array of shape (p,)
        Which steps may not be negative.
    """

    differences: FloatArray
    bounded: BoolArray

    @classmethod
    def of_block(
        cls, name: str, fitted: BaseEstimator, columns: Sequence[str], width: int, signs: Signs
    ) -> Limits:
        """Return the limits of one block of a design matrix, of so many columns.

        Parameters
        ----------
        name : str
        fitted : transformer
        columns : sequence of str
            Features that it reads.
        width : int
        signs : mapping of feature to "positive" or "negative"
        """
        if not name.startswith(("linear", "straight", "spline", "piecewise")):
            return cls(np.eye(width), np.zeros(width, dtype=bool))
        each = width // len(columns)
        scale = np.reshape(fitted.named_steps["scale"].scale_, (len(columns), each))
        parts = [_differences(scale[place], signs.get(column)) for place, column in enumerate(columns)]
        return cls(block_diag(*parts), np.repeat([column in signs for column in columns], each))

    @classmethod
    def of(cls, layout: ColumnTransformer, signs: Signs) -> Limits:
        """Return the limits of a fitted design matrix."""
        widths = {name: place.stop - place.start for name, place in layout.output_indices_.items()}
        return cls.joined(
            [
                cls.of_block(name, transformer, list(columns), widths[name], signs)
                for name, transformer, columns in layout.transformers_
                if name != "remainder"
            ]
        )

    @classmethod
    def joined(cls, parts: Sequence[Limits]) -> Limits:
        """Put the limits of blocks that stand beside each other together."""
        differences = block_diag(*(part.differences for part in parts))
        return cls(differences, np.concatenate([part.bounded for part in parts]))

    def among(self, kept: BoolArray) -> Limits:
        """Return the limits of whole features' columns, given by a bool array of shape (p,)."""
        return Limits(self.differences[np.ix_(kept, kept)], self.bounded[kept])

    def hold(self, weights: FloatArray) -> bool:
        """Whether p weights respect the limits."""
        return bool((self.differences @ weights >= 0)[self.bounded].all())


def _differences(scale: FloatArray, sign: Sign | None) -> FloatArray:
    """Return the matrix from the weights of one feature's columns to its steps.

    A spline's last B-spline is left out of the design, which makes its coefficient zero.
    """
    if sign is None:
        return np.eye(len(scale))
    up: FloatArray = np.diag(1 / scale)
    if len(scale) > 1:
        up = np.diag(1 / scale[1:], 1) - up
    return up if sign == "positive" else -up
