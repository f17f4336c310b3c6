"""How a model behaves where its average says nothing: curated cases, directions, invariances.

After the three kinds of behavioural tests of Ribeiro et al. (2020), Beyond Accuracy: minimum
functionality, directional expectation and invariance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..catalogue import Check
from ..data.sampling.sample import Sample, row_costs
from ..decision.expressions import FloatArray
from ..decision.rule import Decision
from ..errors import LogitgateError
from ..evidence_table import Exhibit
from ..findings import Figure, Finding, Status
from ..model.model import Model
from ..project.behaviour import Directional, Invariance
from ..project.project import Project
from .cases import Cases
from .perturb import changed

CHECK = Check.BEHAVIOUR
_UNSCORED = "it cannot be scored: "
_NUMERICAL = 1e-9
"""A probability that was computed twice may differ by this much."""


def behaviour_findings(
    model: Model, cases: Cases | None, test: Sample, project: Project
) -> tuple[list[Finding], list[Exhibit]]:
    """Hold a model against the behaviour that the project declares.

    Parameters
    ----------
    model : Model
        Each row goes through its own preprocessing, costs and threshold.
    cases : Cases or None
        What was read of `behaviour.cases`; None where the project declares none.
    test : Sample
        Rows whose features are changed.
    project : Project

    Returns
    -------
    findings, exhibits
        One finding for each case and each test, or a single one when none is declared.
    """
    declared = project.behaviour
    findings = [*_unread(cases, project), *(_cases(model, cases) if cases is not None else ())]
    if declared.tests:
        before = _probabilities(model, test.frame)
        findings += [_moved(model, one, test.frame, before) for one in declared.tests]
    if not findings:
        because = "the project declares no cases, directions or invariances"
        return [Finding(CHECK, "none declared", Status.PASS, because)], []
    rows = tuple({"test": one.subject, "status": one.status.value} | dict(one.figures) for one in findings)
    return findings, [Exhibit(CHECK, "Behaviour", rows)]


def _unread(cases: Cases | None, project: Project) -> Iterator[Finding]:
    """Say that declared cases never arrived: what was not looked at does not pass."""
    if project.behaviour.cases is not None and cases is None:
        because = "the declared cases were not read"
        yield Finding(CHECK, "cases", Status.INDETERMINATE, because)


def _cases(model: Model, cases: Cases) -> Iterator[Finding]:
    for row, subject in enumerate(cases.ids):
        expected, reason = cases.expected[row], cases.because[row]
        decided = _decided(model, cases.frame.iloc[[row]], subject)
        if isinstance(decided, str):
            yield Finding(CHECK, subject, Status.INDETERMINATE, f"{_UNSCORED}{decided}")
            continue
        probability, threshold = float(decided.probability[0]), float(decided.threshold[0])
        flagged = bool(decided.flagged[0])
        kept = expected.kept_by(probability=probability, flagged=flagged)
        status = Status.PASS if kept else Status.FAIL
        because = (
            f"{'flagged' if flagged else 'passed'} with p = {probability:.3g} at threshold {threshold:.3g}; "
            f"expected {expected}, as {reason}"
        )
        figures: dict[str, Figure] = {"probability": probability, "threshold": threshold, "flagged": flagged}
        yield Finding(CHECK, subject, status, because, {**figures, "expected": str(expected)})


def _decided(model: Model, row: pd.DataFrame, name: str) -> Decision | str:
    """Decide one row alone, so that another one that cannot be scored does not stand in its way."""
    try:
        costs = row_costs(row, model.costs, np.array([name], dtype=object))
        return Decision.by(model.rule, model.probability(row), costs)
    except LogitgateError as error:
        return f"{error.rule}; {error.remedy}"
    except (TypeError, ValueError):
        return "the model's own preprocessing or threshold refuses the row"


def _probabilities(model: Model, frame: pd.DataFrame) -> FloatArray | str:
    try:
        return model.probability(frame)
    except LogitgateError as error:
        return str(error)
    except (TypeError, ValueError):
        return "the model's own preprocessing refuses the rows"


def _moved(
    model: Model, test: Directional | Invariance, frame: pd.DataFrame, before: FloatArray | str
) -> Finding:
    """Change the feature of every row that can be changed, and count those that disobey.

    A feature that was left out of the fit moves nothing, whatever its cells.
    """
    if test.feature not in model.features.all:
        because = f"the model does not use {test.feature}, so changing it moves nothing"
        return Finding(CHECK, test.name, Status.PASS, because, {"rows": 0})
    wrong: list[FloatArray] = []
    for rows, other in changed(test, frame):
        after = _probabilities(model, other) if len(rows) else np.empty(0)
        if isinstance(before, str) or isinstance(after, str):
            reason = before if isinstance(before, str) else after
            return Finding(CHECK, test.name, Status.INDETERMINATE, f"{_UNSCORED}{reason}")
        wrong.append(_against(test, after - before[rows]))
    moved = np.concatenate(wrong)
    if not len(moved):
        because = f"no test row's {test.feature} can be changed so; correct the change or its levels"
        return Finding(CHECK, test.name, Status.INDETERMINATE, because)
    limit = test.tolerance if isinstance(test, Directional) else test.at_most
    disobeying = float(1 - (moved <= limit + _NUMERICAL).mean())
    what = f"against '{test.direction}'" if isinstance(test, Directional) else "either way"
    because = (
        f"{disobeying:.2%} of {len(moved)} changed rows (at most {test.share:.2%}) move more than {limit:g} "
        f"{what}; the farthest by {moved.max():.3g}" + (f"; declared as {test.because}" * bool(test.because))
    )
    figures = {"rows": len(moved), "disobeying": disobeying, "farthest": float(moved.max()), "limit": limit}
    return Finding(
        CHECK, test.name, Status.PASS if disobeying <= test.share else Status.FAIL, because, figures
    )


def _against(test: Directional | Invariance, move: FloatArray) -> FloatArray:
    """Return how far each probability went where it must not go, shape (n,)."""
    if isinstance(test, Invariance):
        return np.abs(move)
    return np.maximum(-move if test.direction == "up" else move, 0.0)
