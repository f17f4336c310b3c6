"""The cells of a table as they are stored, or of a sample of its rows where all do not fit in memory."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..batches import ROWS
from ..memory import FEWEST, refuse_too_many, rows_that_fit
from ..readers.source import Source, joined, numbered, rebatched
from .lowest_hashes import LowestHashes


def glance(blocks: Iterable[Source]) -> tuple[Source, int]:
    """Return the rows of some blocks, and how many there were.

    Parameters
    ----------
    blocks : iterable of Source
        One at least, all with the same columns.

    Returns
    -------
    Source
        All rows where they fit in memory, else as many as fit, by the hash of their position.
    int

    Raises
    ------
    DataError
        When blocks differ in their columns.
    UnavailableError
        When not even a sample that is worth a look fits.
    """
    held: list[Source] = []
    kept: LowestHashes | None = None
    rows, at_most, name = 0, 0, ""
    for block in rebatched(blocks, ROWS):
        at_most, name = at_most or rows_that_fit(block.cells.num_columns), block.name
        if kept is None and rows + block.cells.num_rows > at_most:
            remedy = "give a file or a query with fewer columns, or take a larger machine"
            refuse_too_many(f"a sample of {name}", FEWEST, block.cells.num_columns, remedy)
            kept = LowestHashes(at_most)
            for place, one in enumerate(held):
                _add(kept, one, place * ROWS)
            held = []
        if kept is None:
            held.append(block)
        else:
            _add(kept, block, rows)
        rows += block.cells.num_rows
    return (joined(held), rows) if kept is None else (numbered(name, kept.cells()), rows)


def _add(kept: LowestHashes, source: Source, before: int) -> None:
    rows = source.cells.num_rows
    hashes = pd.util.hash_array(np.arange(before, before + rows, dtype=np.int64))
    kept.add(source.cells, hashes, np.ones(rows, dtype=bool))
