"""The cells of a column as numbers or codes of levels; cells of another type are refused, by count alone.

A declared type is one of the project file's: `integer`, `boolean`, `date` and `datetime` have rules of their
own, every other column is a number or a text by its role.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .costs import BoolArray, IntArray
from .expressions import FloatArray
from .levels import Spelling, learned_levels, moment_text, number_text, text_of, truth_text

_ROWS = 8_192
"""Rows that are worked on at a time, so that what they need stays in the processor's cache."""

_LARGEST = 1e150
_REFUSED = -1
_NO_LEVEL = "\0"


def _is_whole(text: str) -> bool:
    return "." not in (number_text(text) or ".")


def _is_date(text: str) -> bool:
    return "T" not in (moment_text(text) or "T")


_RULES: Mapping[str | None, tuple[Callable[[str], bool], str]] = {
    "integer": (_is_whole, "no whole numbers"),
    "boolean": (lambda text: truth_text(text) is not None, "neither true nor false"),
    "date": (_is_date, "no dates"),
    "datetime": (lambda text: moment_text(text) is not None, "no times"),
}
"""What the text of a level must be where its type is declared, and what is said of those that are not."""

_FRACTIONS: Mapping[str | None, tuple[Callable[[FloatArray], BoolArray], str]] = {
    "integer": (lambda values: values != np.trunc(values), "no whole numbers"),
    "boolean": (lambda values: (values != 0) & (values != 1), "neither true nor false"),
}
"""The same for numbers."""


def refuse(column: str, refused: BoolArray, what: str) -> None:
    """Refuse a column by name and count.

    Raises
    ------
    ValueError
        When any of n rows, bool array of shape (n,), is refused.
    """
    if refused.any():
        raise ValueError(
            f"column {column!r}: {int(refused.sum())} of {len(refused)} values are {what}"
        ) from None


def numbers_of(column: pd.Series[Any], name: str, declared: str | None = None) -> FloatArray:
    """Return the numbers of a column, shape (n,), NaN where missing.

    Parameters
    ----------
    column : Series of n cells
    name : str
    declared : str, optional
        The declared type.

    Raises
    ------
    ValueError
        When a cell is no number, infinite, beyond 1e150, or not as declared.
    """
    kind = column.dtype
    if not (isinstance(kind, np.dtype) and kind.kind in "fiub"):
        # pandas would read a text "12" as a number here, and a date as nanoseconds.
        refuse(name, _no_numbers(column), "not numbers")
    try:
        values: FloatArray = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        raise ValueError(f"column {name!r}: holds values that are not numbers") from None
    too_large = np.abs(values) > _LARGEST
    if too_large.any():
        refuse(name, too_large, f"infinite or beyond {_LARGEST:g}")
    if declared in _FRACTIONS:
        is_wrong, what = _FRACTIONS[declared]
        refuse(name, is_wrong(values) & ~np.isnan(values), what)
    return values


def _no_numbers(column: pd.Series[Any]) -> BoolArray:
    kind = column.dtype
    if pd.api.types.is_object_dtype(kind):
        return np.array([isinstance(cell, str) for cell in column.tolist()], dtype=bool)
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        return np.zeros(len(column), dtype=bool)
    return column.notna().to_numpy(dtype=bool)


@dataclass(frozen=True, slots=True)
class LearnedLevels:
    """The k learned levels of a category and their codes: 0 to k - 1, k for a missing cell, k + 1 for others.

    A number, truth value or moment is the level that says the same, where the levels are of such a kind.

    Attributes
    ----------
    spelling : Spelling
    known : mapping of str to int
    """

    spelling: Spelling
    known: Mapping[str, int]

    @classmethod
    def of(cls, learned: Iterable[str]) -> LearnedLevels:
        """Give each level its number, as they come."""
        levels = tuple(learned)
        return cls(Spelling.of(levels), {level: code for code, level in enumerate(levels)})

    @property
    def missing(self) -> int:
        """The code of a missing cell."""
        return len(self.known)

    @property
    def unseen(self) -> int:
        """The code of a level that was not learned."""
        return len(self.known) + 1

    def codes(self, column: pd.Series[Any], name: str, declared: str | None = None) -> IntArray:
        """Return the code of each cell, shape (n,).

        Raises
        ------
        ValueError
            When a cell is neither a text nor a level's type, or not as declared.
        """
        if isinstance(column.dtype, pd.CategoricalDtype) and len(column) > len(column.dtype.categories):
            of_each = [*(self._code(level, declared) for level in column.cat.categories), self.missing]
            codes = np.array(of_each, dtype=np.intp)[column.cat.codes]
        else:
            known, cells = self.known, column.tolist()
            found = [known.get(cell) if isinstance(cell, str) else None for cell in cells]
            codes = np.array(
                [
                    self._code(cell, declared) if code is None else code
                    for cell, code in zip(cells, found, strict=True)
                ],
                dtype=np.intp,
            )
        refused = codes == _REFUSED
        if refused.any():
            refuse(name, refused, _RULES[declared][1] if declared in _RULES else "not texts")
        return codes

    def texts(self, codes: IntArray) -> NDArray[np.object_]:
        """Return the level of each code, NaN for a missing one, and a text that is no level for others."""
        return np.array([*self.known, np.nan, _NO_LEVEL], dtype=object)[codes]

    def _code(self, cell: object, declared: str | None) -> int:
        if is_missing(cell):
            return self.missing
        is_typed = self.spelling.is_coded or declared in _RULES
        text = cell if isinstance(cell, str) else _level(cell) if is_typed else None
        if text is None or (declared in _RULES and not _RULES[declared][0](text.strip(" "))):
            return _REFUSED
        return self.known.get(self.spelling.bring(text), self.unseen)


@dataclass(frozen=True, slots=True)
class FeatureCells:
    """The features of n rows, ready to be looked up.

    Attributes
    ----------
    numbers : mapping of str to array of shape (n,)
        NaN where missing.
    codes : mapping of str to int array of shape (n,)
        As `cells.LearnedLevels` numbers them.
    rows : int
    """

    numbers: Mapping[str, FloatArray]
    codes: Mapping[str, IntArray]
    rows: int

    def blocks(self) -> Iterator[tuple[slice, FeatureCells]]:
        """Yield a few rows at a time, and where they stand."""
        if self.rows <= _ROWS:
            yield slice(None), self
            return
        for start in range(0, self.rows, _ROWS):
            place = slice(start, min(start + _ROWS, self.rows))
            numbers = {name: values[place] for name, values in self.numbers.items()}
            codes = {name: values[place] for name, values in self.codes.items()}
            yield place, FeatureCells(numbers, codes, place.stop - place.start)


@dataclass(frozen=True, slots=True)
class FeatureReader:
    """From the columns of a table to the cells that a model reads.

    Attributes
    ----------
    numeric : tuple of str
    levels : mapping of str to LearnedLevels
        Of each category.
    declared : mapping of str to str
        Types that the project declares, by column; cells of another type are refused.
    """

    numeric: tuple[str, ...]
    levels: Mapping[str, LearnedLevels]
    declared: Mapping[str, str]

    @classmethod
    def of(
        cls,
        pipeline: Any,  # noqa: ANN401 - without importing scikit-learn
        numeric: tuple[str, ...],
        categorical: tuple[str, ...],
        declared: Mapping[str, str] | None = None,
    ) -> FeatureReader:
        """Take the levels that a fitted pipeline has learned."""
        learned = learned_levels(pipeline)
        levels = {name: LearnedLevels.of(learned.get(name, ())) for name in categorical}
        return cls(numeric, levels, declared or {})

    def read(self, column: Callable[[str], pd.Series[Any]], rows: int) -> FeatureCells:
        """Read the features of n rows.

        Parameters
        ----------
        column : callable
            From a feature's name to its cells, shape (rows,).
        rows : int

        Raises
        ------
        ValueError
            When cells are not of their column's type; it names the column and counts them.
        """
        kinds = self.declared
        numbers = {name: numbers_of(column(name), name, kinds.get(name)) for name in self.numeric}
        codes = {
            name: levels.codes(column(name), name, kinds.get(name)) for name, levels in self.levels.items()
        }
        return FeatureCells(numbers, codes, rows)


def is_missing(cell: object) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    return isinstance(cell, (float, np.floating)) and math.isnan(cell)


def _level(cell: object) -> str | None:
    """Return the text of a level; pandas has only binary fractions for a decimal, so 1.5 is 1.5 here."""
    if isinstance(cell, float) and not cell.is_integer() and math.isfinite(cell):
        return number_text(format(Decimal(repr(float(cell))), "f"))
    return text_of(cell)
