"""Curated rows with the decision each must get."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

Kind: TypeAlias = Literal["flag", "pass", "p <=", "p >="]

_LIMIT = re.compile(r"p (<=|>=) (\d*\.?\d+)")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a case must get: a decision, or a probability on one side of a limit.

    Examples
    --------
    >>> Expectation.parse("p <= 0.2").kept_by(probability=0.2, flagged=True)
    True
    >>> Expectation.parse("pass").kept_by(probability=0.2, flagged=True)
    False
    """

    kind: Kind
    limit: float | None = None

    @classmethod
    def parse(cls, text: str) -> Expectation:
        """Read ``flag``, ``pass``, ``p <= 0.2`` or ``p >= 0.7``.

        Raises
        ------
        ValueError
            For anything else, and for a limit that every probability or none keeps.
        """
        match text:
            case "flag" | "pass":
                return cls(text)
        found = _LIMIT.fullmatch(text)
        if found is None or not 0 < float(found[2]) < 1:
            raise ValueError("no expectation")
        return cls("p <=" if found[1] == "<=" else "p >=", float(found[2]))

    def __str__(self) -> str:
        """Return the expectation as the file writes it."""
        return self.kind if self.limit is None else f"{self.kind} {self.limit:g}"

    def kept_by(self, *, probability: float, flagged: bool) -> bool:
        """Whether a decision is the expected one; a probability that is NaN never is."""
        match self.kind:
            case "flag":
                return flagged
            case "pass":
                return not flagged
            case "p <=":
                return self.limit is not None and probability <= self.limit
            case "p >=":
                return self.limit is not None and probability >= self.limit


@dataclass(frozen=True, slots=True)
class Cases:
    """The rows of a case file, in its order.

    Parameters
    ----------
    ids : sequence of n str
    expected : sequence of n Expectation
    because : sequence of n str
        Why each is expected, in the words of the trade.
    frame : pandas.DataFrame of n rows
        The features and what the costs read, typed as the project declares.
    """

    ids: Sequence[str]
    expected: Sequence[Expectation]
    because: Sequence[str]
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.ids)
