"""The sample of the lowest hashes: the same whatever the blocks, and hardly more rows held than wanted."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from logitgate.data.streaming.lowest_hashes import LowestHashes


def added(kept, hashes, chosen=None, start=0):
    """Add a block whose rows know their place."""
    hashes = np.array(hashes, dtype=np.uint64)
    chosen = np.ones(len(hashes), dtype=bool) if chosen is None else np.array(chosen, dtype=bool)
    kept.add(pa.table({"row": np.arange(start, start + len(hashes))}), hashes, chosen)
    return len(kept)


def rows(kept):
    """Return the places of the rows of the sample."""
    return kept.cells().column("row").to_numpy()


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=60),
    st.lists(st.integers(1, 9), min_size=1, max_size=20),
    st.integers(1, 40),
    st.integers(0, 60),
)
def test_blocks_make_no_difference_to_a_sample(hashes, sizes, most, first):
    """What is kept are the lowest hashes of chosen rows, in the order of the rows; few more are ever held."""
    hashes = np.array(hashes, dtype=np.uint64)
    chosen = np.arange(len(hashes)) >= first
    kept, start, number = LowestHashes(most), 0, 0
    while start < len(hashes):
        end = start + sizes[number % len(sizes)]
        assert added(kept, hashes[start:end], chosen[start:end], start) <= 1.25 * most
        start, number = end, number + 1
    found = rows(kept)
    assert sorted(hashes[found]) == sorted(hashes[chosen])[:most] and (np.diff(found) > 0).all()


def test_the_highest_hashes_are_dropped_when_a_quarter_more_are_held():
    """Not before, as dropping sorts; and from then on no higher hash is taken."""
    kept = LowestHashes(8)
    assert added(kept, range(10, 20)) == 10
    assert added(kept, [5], start=10) == 8
    assert added(kept, [100, 17], start=11) == 8
    assert added(kept, [15, 3], start=13) == 10
    assert rows(kept).tolist() == [0, 1, 2, 3, 4, 5, 10, 14]


def test_blocks_without_a_row_for_the_sample_leave_its_columns():
    """Only the first of them is kept, for its columns."""
    kept = LowestHashes(8)
    for start in (0, 2):
        assert added(kept, [1, 2], [False, False], start) == 0
    assert kept.cells().column_names == ["row"] and kept.cells().num_rows == 0
    assert len(kept._held) == 1
