"""The road of one training run as a value that grows: table, contract, blocks, model, judgement.

Each step takes the evidence and returns more of it. After a broken contract nothing can be trusted, so
nothing else is checked; any other finding that stops a promotion stops no step, so that one training reports
everything at once. A step without what it needs returns the evidence as it is, and the verdict says which
checks were not reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import pandas as pd

from ..catalogue import Check, Road, required
from ..checks.behaviour import behaviour_findings
from ..checks.cases import Cases
from ..checks.change_points.shifts import shift_findings
from ..checks.inspection.inspect import inspect, inspect_briefly
from ..checks.leakage.repeats import one_cluster
from ..checks.leakage.single_features import leakage_findings
from ..data.blocks import Blocks, cut
from ..data.ranges import range_findings
from ..data.sample import Sample, observe
from ..errors import DataError, FitError, ProjectError
from ..evaluation.sample_size import Learning, cox_snell, learning, row_findings
from ..evidence_table import Exhibit
from ..findings import Finding, Status, Verdict
from ..model.design.learnable import usable_features
from ..model.train import Learned, learn, recipe_key
from ..monitoring.shadow import not_yet
from ..project.fitted_defaults import fitted
from ..project.project import Project
from .judge import Challenger, Judged, Opponents, judge, judge_briefly
from .reports.fit_report import block_exhibit, fit_findings

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known so far about one training run, or one comparison."""

    project: Project
    """As declared; once rows are cut, with the defaults that fit them, and without features left out."""
    frame: pd.DataFrame
    as_of: datetime | None = None
    findings: tuple[Finding, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    cases: Cases | None = None
    """What was read of the project's case file; None where it declares none."""
    blocks: Blocks | None = None
    recipe: str = ""
    """Key of the recipe as declared (`recipe_key`)."""
    learned: Learned | None = None
    judged: Judged | None = None
    road: Road = Road.TRAINING
    """Decides which checks the verdict requires."""

    @property
    def stops(self) -> bool:
        """Whether a finding so far stops the run."""
        return any(finding.status.stops for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """All findings; a check that was never reached is INDETERMINATE."""
        return Verdict.of(self.findings, required(self.road))

    def plus(self, findings: Iterable[Finding], exhibits: Iterable[Exhibit] = ()) -> Evidence:
        """Return the evidence with more findings, and the tables behind them."""
        more = (*self.exhibits, *exhibits)
        return replace(self, findings=(*self.findings, *findings), exhibits=more)


def key_of(project: Project, snapshot: str, as_of: str | None, code_version: str) -> str:
    """Return what makes a training the same training: rows, configuration, contract, date, code.

    Where the files lie does not matter, what they hold does.

    Raises
    ------
    ProjectError
        When the contract's suite or the case file cannot be read.
    """
    places: dict[str, set[str] | bool] = {
        "rows": {"path"},
        "contract": {"suite", "quarantine"},
        "behaviour": {"cases"},
        "scoring": True,  # nothing is learned from it
        "reactions": True,
        "schedule": True,
        "monitoring": True,
    }
    parts = (
        snapshot,
        project.model_dump_json(exclude=places),
        str(project.contract.quarantine is not None),
        _digest(project.contract.suite, "contract.suite") or "no suite",
        _digest(project.behaviour.cases, "behaviour.cases") or "no cases",
        str(as_of),
        code_version,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _digest(path: Path | None, key: str) -> str | None:
    """Return the sha256 of a file that the project may name, or None where it names none."""
    try:
        return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        rule = f"cannot be read ({error.strerror})"
        raise ProjectError(str(path), rule, f"give {key} the path of its file") from error


def _refusing(check: Check) -> Callable[[Callable[P, Evidence]], Callable[P, Evidence]]:
    """Turn an error of data or fit that a step raises into a FAIL of this check."""

    def step(stage: Callable[P, Evidence]) -> Callable[P, Evidence]:
        @wraps(stage)
        def refusing(*args: P.args, **kwargs: P.kwargs) -> Evidence:
            try:
                return stage(*args, **kwargs)
            except (DataError, FitError) as error:
                known = args[0]
                assert isinstance(known, Evidence)  # noqa: S101 - each step's first argument
                because = f"{error.rule}; {error.remedy}"
                return known.plus([Finding(check, error.subject, Status.FAIL, because)])

        return refusing

    return step


@_refusing(Check.ROWS)
def part_rows(evidence: Evidence) -> Evidence:
    """Choose the rows, cut them into blocks, look for leaks and breaks; not after a broken contract."""
    if evidence.stops:
        return evidence
    project = evidence.project
    observed = observe(evidence.frame, project, evidence.as_of)
    recipe = recipe_key(project)
    project = fitted(project, len(observed.sample), int(observed.sample.y.sum()))
    sample = one_cluster(observed.sample, project)
    blocks = cut(sample, project)
    sizes = {name: len(rows) for name, rows in blocks}
    because = ", ".join(f"{number} in {name}" for name, number in sizes.items())
    counted = Finding(Check.ROWS, "sample", Status.PASS, because, {**observed.counts, **sizes})
    known = replace(evidence, project=project, blocks=blocks, as_of=observed.as_of, recipe=recipe)
    return known.plus(
        [
            counted,
            _before_a_fit(sample, project),
            *range_findings(sample, project),
            *leakage_findings(blocks, project),
            *shift_findings(sample, project),
        ]
    )


@_refusing(Check.FIT)
def learn_model(evidence: Evidence) -> Evidence:
    """Judge the recipes on the blocks, submit one, and fit it to all rows."""
    if evidence.blocks is None:
        return evidence
    sample = evidence.blocks.sample
    usable = usable_features(sample.frame, evidence.project.features, evidence.project.search)
    project = usable.of(evidence.project)
    learned = learn(evidence.blocks, project)
    found = [*usable.findings(len(sample)), *fit_findings(learned)]
    return replace(evidence, learned=learned, project=project).plus(found, [block_exhibit(learned)])


@_refusing(Check.EVALUATION)
def judge_model(evidence: Evidence, champion: Opponents) -> Evidence:
    """Judge the submitted recipe on the judged rows, with the champion on those that it was not fitted to."""
    learned, blocks, project = evidence.learned, evidence.blocks, evidence.project
    if learned is None or blocks is None:
        return evidence
    known = compare_model(evidence, champion)
    known = known.plus(*inspect(learned, champion.champion, blocks, project))
    return known.plus(*behaviour_findings(learned.model, evidence.cases, learned.judged, project))


@_refusing(Check.EVALUATION)
def examine_model(evidence: Evidence) -> Evidence:
    """Add what `judge_model` finds without an opponent and that can stop a promotion.

    With `compare_briefly` it leads to the status of `judge_model`; what only informs is left out.
    """
    learned, blocks, project = evidence.learned, evidence.blocks, evidence.project
    if learned is None or blocks is None:
        return evidence
    known = evidence.plus(inspect_briefly(learned, blocks, project))
    return known.plus(*behaviour_findings(learned.model, evidence.cases, learned.judged, project))


@_refusing(Check.EVALUATION)
def compare_model(evidence: Evidence, champion: Opponents) -> Evidence:
    """Compare the submitted recipe with the rules that need no model and with the champion."""
    if evidence.learned is None:
        return evidence
    judged = judge(_challenger(evidence, evidence.learned), champion, evidence.project)
    known = replace(evidence, judged=judged).plus(judged.findings, judged.exhibits)
    return known.plus(not_yet(evidence.project.gates.shadow, champion.version))


@_refusing(Check.EVALUATION)
def compare_briefly(evidence: Evidence, champion: Opponents) -> Evidence:
    """Compare as `compare_model` does, without what only informs: the status is the same."""
    if evidence.learned is None:
        return evidence
    known = evidence.plus(judge_briefly(_challenger(evidence, evidence.learned), champion, evidence.project))
    return known.plus(not_yet(evidence.project.gates.shadow, champion.version))


def _challenger(evidence: Evidence, learned: Learned) -> Challenger:
    assert evidence.blocks is not None  # noqa: S101 - what was learned was learned from blocks
    return Challenger(
        learned.judged,
        learned.scored,
        evidence.recipe,
        learned.simpler,
        learned.submission,
        learned.block == evidence.blocks.last if learned.in_time else None,
        _learning(learned),
    )


def _before_a_fit(sample: Sample, project: Project) -> Finding:
    """Return what the rows can teach, by the columns of the plain linear form and a modest R2."""
    rare, features = project.search.rare_level_rows, project.features
    levels = [int((sample.frame[name].value_counts() >= rare).sum()) for name in features.categorical]
    coefficients = len(features.numeric) + sum(max(count - 1, 1) for count in levels)
    (found,) = row_findings(learning(len(sample), int(sample.y.sum()), coefficients), {})
    return replace(found, subject="before a fit")


def _learning(learned: Learned) -> Learning:
    """Return what there was to learn the shipped coefficients from, by the out-of-fold R2."""
    y, scored = learned.shipped.rows.y, learned.scored
    coefficients = learned.model.pipeline[-1].coef_.shape[1]
    r2 = cox_snell(scored.y, scored.decision.probability)
    return learning(len(y), int(y.sum()), coefficients, r2)
