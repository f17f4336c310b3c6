"""Training as steps on evidence: rows into blocks, then a model learned from them.

After a broken contract nothing can be trusted, so nothing else is checked; any other finding that stops a
promotion stops no step, so that one training reports everything at once. `judge` is the step after them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from ..catalogue import Check
from ..checks.change_points.shifts import shift_findings
from ..checks.leakage.repeats import copied_rows, one_cluster
from ..checks.leakage.single_features import leakage_findings
from ..data.sampling.blocks import cut
from ..data.sampling.ranges import range_findings
from ..data.sampling.sample import Sample, observe
from ..errors import ProjectError
from ..evaluation.sample_size import Learning, cox_snell, learning, row_findings
from ..findings import Finding, Status
from ..model.design.learnable import usable_features
from ..model.distributed.whole_table import whole_table
from ..model.fitting.distant import WholeTable
from ..model.train import Learned, learn, recipe_key
from ..project.project import Project
from ..project.reading.fitted_defaults import fitted
from .evidence import Challenger, Evidence, refusing
from .reports.fit_report import block_exhibit, fit_findings


def key_of(project: Project, snapshot: str, as_of: str | None, code_version: str) -> str:
    """Return what makes a training the same training: rows, configuration, contract, date, code.

    Where the files lie does not matter, what they hold does.

    Raises
    ------
    ProjectError
        When the contract's suite or the case file cannot be read.
    """
    places: dict[str, set[str] | bool] = {
        "rows": {"path", "table", "engine", "spark"},
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


@refusing(Check.ROWS)
def part_rows(evidence: Evidence) -> Evidence:
    """Choose the rows, cut them into blocks, look for leaks and breaks; not after a broken contract."""
    if evidence.stops:
        return evidence
    project = evidence.project
    observed = observe(evidence.frame, project, evidence.as_of)
    recipe = recipe_key(project)
    project = fitted(project, len(observed.sample), int(observed.sample.y.sum()))
    copies = copied_rows(observed.sample, project)
    sample = one_cluster(observed.sample, copies)
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
            *leakage_findings(blocks, project, copies),
            *shift_findings(sample, project),
        ]
    )


@refusing(Check.FIT)
def learn_model(evidence: Evidence) -> Evidence:
    """Judge the recipes on the blocks, submit one, and fit it to all rows."""
    if evidence.blocks is None:
        return evidence
    sample = evidence.blocks.sample
    usable = usable_features(sample.frame, evidence.project.features, evidence.project.search)
    project = usable.of(evidence.project)
    learned = learn(evidence.blocks, project, _whole(evidence, project))
    found = [*usable.findings(len(sample)), *fit_findings(learned)]
    known = replace(evidence, learned=learned, project=project)
    known = replace(known, challenger=_challenger(known, learned))
    return known.plus(found, [block_exhibit(learned)])


def _whole(evidence: Evidence, project: Project) -> WholeTable | None:
    if evidence.whole is None or evidence.blocks is None:
        return None
    return whole_table(evidence.whole, evidence.blocks.sample, project, evidence.as_of)


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
        model=learned.model,
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
