"""What slices are called: `carrier = UA`, `hour = 7 to 10`, `origin & hour = JFK & 7 to 10`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

MISSING, RARE = "missing", "rare levels"


def bin_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Return what the bins between rising edges are called.

    Examples
    --------
    >>> bin_names((7, 10))
    ('below 7', '7 to 10', '10 and above')
    """
    between = (f"{low:g} to {high:g}" for low, high in pairwise(edges))
    return (f"below {edges[0]:g}", *between, f"{edges[-1]:g} and above")


def can_exist(name: str, crossed: Sequence[str], bins: Mapping[str, Sequence[float]]) -> bool:
    """Return whether a slice of this name can come from a column, or from a crossing of two.

    The levels of a column are not known before its rows are read, but those of a binned one are.

    Parameters
    ----------
    name : str
    crossed : sequence of str
        The column, or the two that are crossed.
    bins : mapping of str to sequence of float
        Inner edges of the columns that are binned.

    Examples
    --------
    >>> can_exist("carrier = UA", ["carrier"], {}), can_exist("carrier = UA", ["origin"], {})
    (True, False)
    >>> can_exist("origin & hour = JFK & 7 to 10", ["origin", "hour"], {"hour": [7, 10]})
    True
    """
    levels = ("|".join(map(re.escape, _levels(bins[part]))) if part in bins else ".+" for part in crossed)
    pattern = " & ".join(f"({level})" for level in levels)
    return re.fullmatch(f"{re.escape(' & '.join(crossed))} = {pattern}", name, re.DOTALL) is not None


def _levels(edges: Sequence[float]) -> tuple[str, ...]:
    return (*bin_names(edges), MISSING)
