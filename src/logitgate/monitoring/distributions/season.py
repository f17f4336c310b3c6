"""Seasons: which one a row belongs to, on the project's clocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...project.project import Project

UTC = "UTC"


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
