"""Numbers far beyond all others: a single one of them would flatten its feature without a word."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...catalogue import Check
from ...findings import Figure, Finding, Status
from ...project.project import Project
from .sample import Sample

CHECK = Check.ROWS
_FAR = 1_000.0
_TAILS = (0.02, 0.5, 0.98)


def range_findings(sample: Sample, project: Project) -> Iterator[Finding]:
    """Count, by feature, the cells that lie a thousand times the middle 96 % away from the median."""
    for name in project.features.numeric:
        values = sample.frame[name].to_numpy(np.float64, na_value=np.nan)
        present = values[~np.isnan(values)]
        if not len(present):
            continue
        low, middle, high = np.quantile(present, _TAILS)
        beyond = int((np.abs(present - middle) > _FAR * (high - low)).sum()) if high > low else 0
        if beyond:
            because = (
                f"{beyond} of {len(present):,} cells lie more than {_FAR:,.0f} times as far from the median "
                "as 96 % of them lie apart: no straight line can follow both; mend them, or list them under "
                "rows.missing"
            )
            figures: dict[str, Figure] = {"beyond": beyond, "cells": len(present)}
            yield Finding(CHECK, name, Status.WARN, because, figures)
