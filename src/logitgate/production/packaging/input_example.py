"""The input example of a registered model: a made-up row, as a real one would be a person's."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ...errors import DataError
from ...monitoring.distributions.features import Features
from ...monitoring.reference import ReferenceProfile


def made_up_row(columns: Mapping[str, str], profile: ReferenceProfile) -> pd.DataFrame | None:
    """Return one row of the medians and the commonest levels of the training rows.

    Parameters
    ----------
    columns : mapping of str to str
        What a row must bring, and as which type: number, text, integer, boolean, date or datetime.
    profile : ReferenceProfile

    Returns
    -------
    DataFrame of shape (1, columns), or None
        None where the profile does not know all columns, such as those of the costs.
    """
    try:
        features = profile.reference.features
    except DataError:
        return None
    cells = {name: _cell(name, kind, features) for name, kind in columns.items()}
    if any(cell is None for cell in cells.values()):
        return None
    return pd.DataFrame([cells])


def _cell(name: str, kind: str, features: Features) -> float | str | None:
    number, levels = features.numeric.get(name), features.categorical.get(name)
    if number is not None and number.edges:
        median = number.edges[len(number.edges) // 2]
        return float(round(median)) if kind == "integer" else median
    if levels is not None and levels.levels:
        return max(levels.levels, key=lambda level: levels.levels[level])
    return None
