"""A column of a source, with the refusal of its cells by row."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ....errors import DataError
from ....project.syntax.column_types import ColumnType
from ..source import Source
from .stored_types import is_number, is_text, readable_as

_LISTED = "mend the cell, or list its text under rows.missing if it means missing"


@dataclass(frozen=True, slots=True)
class Written:
    """How numbers and moments are written in text: see `RowsConfig`."""

    decimal: str = "."
    thousands: str = ""
    form: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as everywhere in computing."""
        return self.decimal == "." and not self.thousands


PLAIN = Written()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source, and which of its cells mean "missing" beside the empty ones."""

    source: Source
    name: str
    missing: tuple[str, ...] = ()
    is_level: bool = False
    """Whether its texts are levels: blanks around them, as a padded CHAR has, are no part of a level."""
    written: Written = PLAIN

    @property
    def stored(self) -> pa.Array:
        """The column's cells, in one piece; text with 64-bit offsets."""
        cells = self.source.cells.column(self.name)
        if is_text(cells.type):
            return cells.cast(pa.large_string()).combine_chunks()
        if pa.types.is_dictionary(cells.type):
            return cells.unify_dictionaries().combine_chunks()
        return cells.combine_chunks()

    def refused(self, row: int, rule: str, remedy: str) -> DataError:
        """Return the refusal of the cell in a row."""
        return DataError(f"{self.source.place(row)}, column '{self.name}'", rule, remedy)

    def unexpected(self, stored: pa.DataType, declared: ColumnType) -> DataError:
        """Return the refusal of a type that says nothing of the declared kind."""
        rule = f"is stored as {stored}, but read as {declared}"
        if declared in (ColumnType.DATE, ColumnType.DATETIME) and is_number(stored):
            remedy = f"say how it counts under rows.formats, such as {self.name} = 'epoch seconds' or '%Y'"
        elif others := readable_as(stored):
            remedy = f"declare {self.name} under rows.types as one of {', '.join(others)}"
        else:
            remedy = "leave it out of the project, or store it as text, a number or a date"
        return DataError(f"{self.source.name}, column '{self.name}'", rule, remedy)

    def refuse(self, wrong: pa.Array, rule: str, remedy: str = _LISTED) -> None:
        """Refuse the first cell that a column of truth values calls wrong; a missing one says nothing.

        Raises
        ------
        DataError
            With the number of such rows.
        """
        rows = pc.indices_nonzero(pc.fill_null(wrong, fill_value=False))
        if len(rows):
            raise self.refused(rows[0].as_py(), f"{rule} ({len(rows)} such rows in all)", remedy)

    def parsed(self, stored: pa.Array, to: pa.DataType, rule: str) -> pa.Array:
        """Return cells in a type of Arrow's, or refuse the first that is not of it.

        Raises
        ------
        DataError
            Naming that cell's row.
        """
        try:
            return stored.cast(to)
        except pa.ArrowInvalid:
            # Spaces around a number or a date are let through, but not looked for where there are none.
            stored = pc.utf8_trim_whitespace(stored) if is_text(stored.type) else stored
        if _fits(stored, to):
            return stored.cast(to)
        low, high = 0, len(stored)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _fits(stored[low:middle], to) else (low, middle)
        raise self.refused(low, rule, _LISTED)

    def known_texts(self, texts: pa.Array) -> pa.Array:
        """Return texts without those that mean "missing"."""
        absent = pc.is_in(texts, pa.array(["", *self.missing], texts.type))
        return pc.if_else(absent, None, texts)

    def known_numbers(self, stored: pa.Array) -> pa.Array:
        """Return numbers without those that mean "missing"."""
        texts = [text for text in self.missing if _fits(pa.array([text]), pa.float64())]
        if not texts:
            return stored
        absent = pc.is_in(stored.cast(pa.float64(), safe=False), pa.array(texts).cast(pa.float64()))
        return pc.if_else(absent, None, stored)


def _fits(stored: pa.Array, to: pa.DataType) -> bool:
    try:
        stored.cast(to)
    except pa.ArrowInvalid:
        return False
    return True
