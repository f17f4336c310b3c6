"""The road of one training run as a value that grows: table, contract, parts, model, judgement.

Each stage takes the evidence and returns more of it; once a finding stops the run, later stages
return it as it is, and the verdict says which checks were never reached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from ..checks.behaviour import behaviour_findings
from ..checks.cases import Cases
from ..checks.change_points.shifts import shift_findings
from ..checks.inspection.inspect import inspect
from ..checks.leakage.repeats import one_cluster
from ..checks.leakage.single_features import leakage_findings
from ..data.ranges import range_findings
from ..data.row_hashes import FittedRows
from ..data.sample import observe
from ..data.split import Split, split
from ..errors import DataError, FitError, ProjectError
from ..evidence_table import Exhibit
from ..findings import Finding, Status, Verdict
from ..model.learnable import Usable, usable_features
from ..model.train import Learned, learn
from ..monitoring.shadow import not_yet
from ..project.project import Project
from .gates import REQUIRED
from .judge import Judged, Opponents, judge


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known so far about one training run, or one comparison."""

    project: Project
    """As declared; once a model is learned, without the features that were left out of it."""
    frame: pd.DataFrame
    as_of: datetime | None = None
    findings: tuple[Finding, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    cases: Cases | None = None
    """What was read of the project's case file; None where it declares none."""
    split: Split | None = None
    learned: Learned | None = None
    judged: Judged | None = None
    required: tuple[str, ...] = REQUIRED
    """The checks without which there is no verdict."""

    @property
    def stops(self) -> bool:
        """Whether a finding so far stops the run."""
        return any(finding.status.stops for finding in self.findings)

    @property
    def verdict(self) -> Verdict:
        """All findings; a check that was never reached is INDETERMINATE."""
        return Verdict.of(self.findings, self.required)

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
    cases = project.behaviour.cases
    parts = (
        snapshot,
        project.model_dump_json(exclude=places),
        str(project.contract.quarantine is not None),
        hashlib.sha256(_bytes(project.contract.suite, "contract.suite")).hexdigest(),
        hashlib.sha256(_bytes(cases, "behaviour.cases")).hexdigest() if cases else "no cases",
        str(as_of),
        code_version,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _bytes(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        rule = f"cannot be read ({error.strerror})"
        raise ProjectError(str(path), rule, f"give {key} the path of its file") from error


def part_rows(evidence: Evidence) -> Evidence:
    """Choose the rows, part them, and look for leaks."""
    return _stage("rows", evidence, _parted)


def learn_model(evidence: Evidence) -> Evidence:
    """Search, fit, recalibrate and choose the threshold; the baselines too."""
    return _stage("fit", evidence, _with_model)


def judge_model(evidence: Evidence, champion: Opponents) -> Evidence:
    """Judge the model once, on the test rows, against its baselines and the champion."""
    return _stage("evaluation", evidence, lambda known: _with_judgement(known, champion))


def _stage(check: str, evidence: Evidence, stage: Callable[[Evidence], Evidence]) -> Evidence:
    if evidence.stops:
        return evidence
    try:
        return stage(evidence)
    except (DataError, FitError) as error:
        return evidence.plus([Finding(check, error.subject, Status.FAIL, f"{error.rule}; {error.remedy}")])


def _parted(evidence: Evidence) -> Evidence:
    observed = observe(evidence.frame, evidence.project, evidence.as_of)
    parts = one_cluster(split(observed.sample, evidence.project), evidence.project)
    sizes = {name: len(rows) for name, rows in parts}
    because = ", ".join(f"{number} {name}" for name, number in sizes.items())
    counted = Finding("rows", "sample", Status.PASS, because, {**observed.counts, **sizes})
    known = replace(evidence, split=parts, as_of=observed.as_of)
    return known.plus(
        [
            counted,
            *range_findings(parts, evidence.project),
            *leakage_findings(parts, evidence.project),
            *shift_findings(parts, evidence.project),
        ]
    )


def _with_model(evidence: Evidence) -> Evidence:
    assert evidence.split is not None  # noqa: S101 - the stage before makes it or stops
    usable = _usable(evidence.split, evidence.project)
    project = usable.of(evidence.project)
    learned = learn(evidence.split, project)
    change, rule = learned.recalibration, learned.threshold.rule
    threshold = "" if rule.value is None else f" {rule.value:.4g}"
    because = (
        f"{learned.found.chosen.choice}, recalibrated with slope {change.slope:.3f} and intercept "
        f"{change.intercept:+.3f}, {rule.name} threshold{threshold}"
    )
    figures = {**learned.threshold.figures(), **learned.threshold_interval.figures("cheapest_threshold")}
    found = Finding("fit", "search", Status.PASS, because, figures)
    left_out = usable.findings(sum(len(rows) for _, rows in evidence.split))
    return replace(evidence, learned=learned, project=project).plus([*left_out, found])


def _usable(parts: Split, project: Project) -> Usable:
    rows = pd.concat([part.frame[list(project.features.all)] for _, part in parts], ignore_index=True)
    return usable_features(rows, project.features, project.search)


def _with_judgement(evidence: Evidence, champion: Opponents) -> Evidence:
    assert evidence.split is not None and evidence.learned is not None  # noqa: S101 - as above
    own_rows = FittedRows.of(evidence.split.fitted_on, evidence.project)
    opponents = replace(champion, baselines=evidence.learned.baselines, own_rows=own_rows)
    model, test, project = evidence.learned.model, evidence.split.test, evidence.project
    judged = judge(model, opponents, test, project)
    inspected = inspect(evidence.learned, champion.champion, evidence.split, project)
    known = replace(evidence, judged=judged).plus(judged.findings, judged.exhibits).plus(*inspected)
    known = known.plus(not_yet(project.gates.shadow, champion.version))
    return known.plus(*behaviour_findings(model, evidence.cases, test, project))
