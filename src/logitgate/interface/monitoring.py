"""`lg.monitoring`: have the rows changed? Two data frames against each other, without a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..evaluation.histograms import Numbers
from ..evidence_table import Exhibit
from ..findings import Verdict
from ..monitoring.distributions.features import Features
from ..monitoring.drift import SCORE
from ..monitoring.drift import drift as drifted
from ..monitoring.reference import Reference
from ..project.project import Project
from ..project.reading.load import parse_project


@dataclass(frozen=True, slots=True, repr=False)
class Drift:
    """What has changed from a reference to a window.

    Parameters
    ----------
    verdict : Verdict
        A finding for each feature: FAIL where a change is significant over all of them and beyond its floor.
    exhibit : Exhibit
        The figures behind it.
    """

    verdict: Verdict
    exhibit: Exhibit

    @property
    def table(self) -> pd.DataFrame:
        """The figures as a data frame, a row for each feature and kind of change."""
        return pd.DataFrame(list(self.exhibit.rows), columns=list(self.exhibit.columns))

    def __repr__(self) -> str:
        """Return the verdict."""
        return repr(self.verdict)

    def _repr_html_(self) -> str:
        """Return verdict and figures for a notebook."""
        return self.verdict._repr_html_() + self.exhibit._repr_html_()


def drift(reference: pd.DataFrame, window: pd.DataFrame, rules: Mapping[str, Any] | None = None) -> Drift:
    """Test each column of a window of rows for a change against reference rows.

    Numbers are tested by Kolmogorov-Smirnov, other columns by chi-squared, missing cells by Fisher; p-values
    are adjusted over all columns (Benjamini, Hochberg 1995), and a change counts from a floor on: the
    population stability index (Siddiqi 2006) less what chance adds to it.

    Parameters
    ----------
    reference, window : DataFrame of shape (n, columns) and (m, columns)
        The columns of `reference` are looked at; leave out ids and times.
    rules : mapping, optional
        Keys of a project's section `monitoring`, such as ``{"psi": 0.1, "minimum_rows": 100}``.

    Returns
    -------
    Drift
        INSUFFICIENT below `minimum_rows` (200) of either; never "no drift" then.

    Raises
    ------
    DataError
        When there is no column, or the window lacks one, or holds no numbers where the reference does.
    ProjectError
        When a rule is unknown or contradicts another.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> before = pd.DataFrame({"speed": rng.normal(0, 1, 2_000), "side": rng.choice(["a", "b"], 2_000)})
    >>> drift(before[:1_000], before[1_000:]).verdict.status.value
    'PASS'
    >>> [one.subject for one in drift(before, before.assign(speed=before["speed"] + 1)).verdict.reasons]
    ['speed']
    """
    absent = [str(name) for name in reference.columns if name not in window.columns]
    if absent or not len(reference.columns):
        rule = f"lacks {', '.join(absent)}" if absent else "no column is there to be compared"
        raise DataError("the window", rule, "give both tables the same columns")
    numeric = _numeric(reference)
    then, now = _typed(reference, numeric), _typed(window[reference.columns], numeric)
    project = _project(then, rules or {})
    known = Reference(len(then), Features.of(then, project), Numbers.of(np.empty(0)), 0, 0.0, {})
    findings, exhibits = drifted(now, None, known, project)
    nothing = Exhibit("drift", "Drift", (), "Too few rows to test.")
    verdict = Verdict(tuple(one for one in findings if one.check != SCORE))
    return Drift(verdict, exhibits[0] if exhibits else nothing)


def _numeric(frame: pd.DataFrame) -> frozenset[str]:
    """Return the columns that hold numbers; truth values are levels."""
    kinds = pd.api.types
    return frozenset(
        str(name)
        for name in frame.columns
        if kinds.is_numeric_dtype(frame[name]) and not kinds.is_bool_dtype(frame[name])
    )


def _typed(frame: pd.DataFrame, numeric: frozenset[str]) -> pd.DataFrame:
    """Return numbers as float64 and all other columns as text, a missing cell as missing."""
    names = [str(name) for name in frame.columns]
    columns = {name: frame.iloc[:, place] for place, name in enumerate(names)}
    others = sorted(numeric - _numeric(frame))
    if others or len(columns) < len(names):
        rule = f"holds no numbers in {', '.join(others)}" if others else "has two columns of one name"
        raise DataError("the window" if others else "a table", rule, "give both tables the same columns")
    typed = {name: _number(one) if name in numeric else _texts(one) for name, one in columns.items()}
    return pd.DataFrame(typed)


def _number(column: pd.Series[Any]) -> pd.Series[Any]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise DataError(f"column '{column.name}'", f"{infinite} cells are infinite", "make them missing")
    return pd.Series(values, column.index)


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.astype(object).where(column.notna(), None).map(_text)


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)


def _project(frame: pd.DataFrame, rules: Mapping[str, Any]) -> Project:
    """Return a project of these columns, of which only features and rules are read."""
    numeric = [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    categorical = [name for name in frame.columns if name not in numeric]
    apart = "_" * max(len(name) for name in frame.columns)  # longer than each of the columns' names
    plain = {
        "name": "drift",
        "rows": {"path": "reference.parquet"},
        "columns": {"id": f"id{apart}"},
        "outcome": {"column": f"outcome{apart}", "event": "1"},
        "features": {"numeric": numeric, "categorical": categorical},
        "costs": {"true_positive": 0, "false_positive": 1, "false_negative": 1, "unit": "1"},
        "split": {"by": "random"},
        "contract": {"suite": "none.json"},
        "monitoring": dict(rules),
    }
    return parse_project(plain, "the rules")
