"""Seasons: which one a row belongs to, on the project's clocks, and whether to declare one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...catalogue import Check
from ...findings import Finding, Status
from ...project.project import Project

UTC = "UTC"
_YEAR, _FOLLOWS = timedelta(days=360), 0.1


def season_zone(project: Project) -> str:
    """Return whose clocks seasons are read from: those of the project's schedule, else UTC."""
    return project.schedule.time_zone or UTC


def season_of(times: pd.Series, project: Project, zone: str | None = None) -> NDArray[np.object_]:
    """Return the season of each row, shape (n,), as the project declares it: "month 6", "weekday 0", ...

    Parameters
    ----------
    times : Series of n moments with a time zone
    project : Project
    zone : str, optional
        Whose clocks are meant; by default `season_zone`.
    """
    season = project.monitoring.season
    local = times.dt.tz_convert(season_zone(project) if zone is None else zone).dt
    number = {"month": local.month, "weekday": local.day_of_week, "hour": local.hour}[str(season)]
    named: NDArray[np.object_] = (f"{season} " + number.astype(str)).to_numpy(object)
    return named


def proposed_season(frame: pd.DataFrame, project: Project) -> Finding | None:
    """Propose a season for monitoring where the rows that are learned from cover a year and follow it.

    Parameters
    ----------
    frame : DataFrame of n rows
        The project's own rows.
    project : Project

    Returns
    -------
    Finding or None
        A WARN of the check "drift" that names the numbers of which the month explains a tenth; None where a
        season is declared, the rows or `split.window` cover less than a year, or nothing follows it.
    """
    column, window = project.columns.time, project.split.window
    if column is None or column not in frame or project.monitoring.season is not None:
        return None
    times = frame[column].dropna()
    if not len(times) or times.max() - times.min() < _YEAR or (window is not None and window < _YEAR):
        return None
    month = frame.loc[times.index, column].dt.tz_convert(season_zone(project)).dt.month.to_numpy()
    rows = frame.loc[times.index]
    numbers = [name for name in project.features.numeric if name in rows]
    found = [name for name in numbers if _share(rows[name], month) >= _FOLLOWS]
    if not found:
        return None
    because = (
        f"the rows cover {(times.max() - times.min()).days} days, and {', '.join(found)} follow the month; "
        'declare monitoring.season = "month", or each season will be a drift'
    )
    return Finding(Check.DRIFT, "season", Status.WARN, because, {"features": len(found), "season": "month"})


def _share(column: pd.Series, month: NDArray[np.integer]) -> float:
    """Return the share of a number's variance that lies between months; 0 where nothing varies."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    present = ~np.isnan(values)
    values, month = values[present], month[present]
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    if not total > 0:
        return 0.0
    rows = np.bincount(month)
    means = np.bincount(month, values) / np.maximum(rows, 1)
    return float((rows * (means - values.mean()) ** 2 * (rows > 0)).sum()) / total
