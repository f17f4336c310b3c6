"""Alpha spending over repeated use of the same rows by other recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...data.sampling.row_hashes import digest_of, row_hashes
from ...data.sampling.sample import Sample

FIRST, LAST, ROWS, DIGEST = "test_first", "test_last", "test_rows", "test_digest"
"""Tags under which a run keeps the window of its judged rows."""
RECIPE = "logitgate.recipe"
"""Tag of a run and of a version: the key of its recipe."""

_HALF = 0.5
_NEVER = ""


def spent(alpha: float, k: int) -> float:
    """Return the error rate of the k-th decision on the same rows: ``alpha / (k (k + 1))``.

    The shares ``1/(k (k + 1)) = 1/k - 1/(k + 1)`` add up to 1, so by Bonferroni's inequality with unequal
    weights all decisions on these rows together, however many will follow, err with probability alpha at
    most. Sources: Rosenthal, Rubin (1983); Foster, Stine (2008), who call it alpha spending.

    Parameters
    ----------
    alpha : float
        For all decisions together.
    k : int
        1 for the first decision.

    Raises
    ------
    ValueError
        When k is below 1.

    Examples
    --------
    >>> [round(spent(0.06, k), 4) for k in (1, 2, 3)]
    [0.03, 0.01, 0.005]
    """
    if k < 1:
        raise ValueError("decisions are counted from 1")
    return alpha / (k * (k + 1))


def spent_on_rules(alpha: float, k: int) -> float:
    """Return the error rate of the k-th decision against the rules without a model: twice that of `spent`.

    The first training may spend all of alpha, since nothing was chosen by these rows before it; its recipes
    share it (`share_after`). All decisions together err with probability 2 alpha at most, with less where no
    rule is clearly the better one: a model has to be proven cheaper than both.

    Parameters and errors are those of `spent`.

    Examples
    --------
    >>> [round(spent_on_rules(0.06, k), 4) for k in (1, 2, 3)]
    [0.06, 0.02, 0.01]
    """
    return 2 * spent(alpha, k)


@dataclass(frozen=True, slots=True)
class LookWindow:
    """Which rows a decision was made on.

    Parameters
    ----------
    first, last : str
        Times of the first and the last row in UTC, as ISO 8601; empty without a time column.
    rows : int
    digest : str
        Of the hashes of the rows.
    """

    first: str
    last: str
    rows: int
    digest: str

    @classmethod
    def of(cls, test: Sample) -> LookWindow:
        """Describe the judged rows."""
        first = last = _NEVER
        if test.time is not None and len(test):
            first, last = (
                str(moment.astype("datetime64[us]")) for moment in (test.time.min(), test.time.max())
            )
        return cls(first, last, len(test), digest_of(row_hashes(test)))

    def tags(self) -> dict[str, str]:
        """Return what a run keeps of it."""
        return {FIRST: self.first, LAST: self.last, ROWS: str(self.rows), DIGEST: self.digest}

    def overlaps(self, earlier: Mapping[str, str]) -> bool:
        """Tell whether a decision on the rows that these tags describe was one on these rows, too.

        It was when they are the same rows, or when both spans of time share at least half of the shorter one.
        Times that cannot be read count as shared: what is not known does not save alpha.
        """
        if earlier.get(DIGEST) == self.digest:
            return True
        if not self.first:
            return False
        try:
            return (
                _share(self._span(self.first, self.last), self._span(earlier[FIRST], earlier[LAST])) >= _HALF
            )
        except (KeyError, ValueError):
            return True

    @staticmethod
    def _span(first: str, last: str) -> tuple[int, int]:
        start, end = (np.datetime64(moment, "us") for moment in (first, last))
        if np.isnat(start) or np.isnat(end):
            raise ValueError("no time")
        return int(start.astype(np.int64)), int(end.astype(np.int64))


def _share(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the shared time as a share of the shorter span; a single moment is shared or not."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    shorter = min(one[1] - one[0], other[1] - other[0])
    if shared < 0:
        return 0.0
    return shared / shorter if shorter else 1.0
