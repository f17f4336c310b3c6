"""Judging two registered versions on the rows of a span of time that neither was fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from ..catalogue import Check
from ..data.sampling.row_hashes import FittedRows, untouched
from ..data.sampling.sample import Sample, observe
from ..decision.rule import DecisionRule
from ..errors import DataError, ProjectError
from ..findings import Finding, Status
from ..model.model import Model
from ..model.recipes.baselines import PRIOR
from ..project.project import Project
from .contest import Opponents
from .evidence import Challenger, Evidence
from .judge import judge_model


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time: from `since` up to, but not with, `until`; None leaves a side open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgeable:
    """The version that is judged, the rows it was fitted on (None if unknown), its events' share there."""

    model: Model
    fitted_rows: FittedRows | None
    prevalence: float


def choose_rows(evidence: Evidence, span: Span) -> tuple[Evidence, Sample | None]:
    """Take the rows of a span whose outcomes are known and mature; None when the rows forbid it.

    Raises
    ------
    ProjectError
        When the span is empty, or has limits and the project declares no time.
    """
    project = evidence.project
    _refuse_impossible(span, project)
    if evidence.stops:
        return evidence, None
    frame = evidence.frame
    if span.since is not None:
        frame = frame[frame[project.columns.time] >= _aware(span.since)]
    # The window is how far back a training looks; here the span says that.
    whole = project.model_copy(update={"split": project.split.model_copy(update={"window": None})})
    try:
        observed = observe(frame, whole, span.until)
    except DataError as error:
        refused = Finding(Check.ROWS, error.subject, Status.FAIL, f"{error.rule}; {error.remedy}")
        return evidence.plus([refused]), None
    counts = {"before_since": len(evidence.frame) - len(frame), **observed.counts}
    counted = Finding(Check.ROWS, "span", Status.PASS, f"{len(observed.sample)} rows have an outcome", counts)
    return replace(evidence, as_of=observed.as_of).plus([counted]), observed.sample


def rejudge(evidence: Evidence, sample: Sample, judged: Judgeable, opponents: Opponents) -> Evidence:
    """Hold a version against another one by the gates of a training.

    Parameters
    ----------
    evidence : Evidence
        Of the chosen rows.
    sample : Sample
        What `choose_rows` found. Rows that either version was fitted on are left out and counted.
    judged : Judgeable
        In the place of the challenger.
    opponents : Opponents
        The other version, in the place of the champion.
    """
    project = evidence.project
    kept = _unseen(sample, project, judged, opponents)
    left_out = len(sample) - len(kept)
    because = f"{left_out} of {len(sample)} rows were left out, as a version was fitted on them"
    events = int(kept.y.sum())
    figures = {"left_out": left_out, "used": len(kept), "events": events}
    if not 0 < events < len(kept):
        because += f"; {len(kept)} rows with {events} events can judge no model: give a later or longer span"
        return evidence.plus([Finding(Check.ROWS, "unseen rows", Status.FAIL, because, figures)])
    counted = Finding(Check.ROWS, "unseen rows", Status.PASS, because, figures)
    costs = project.costs.matrix
    try:
        prior = prior_model(judged.prevalence, judged.model).score(kept, costs)
        scored = judged.model.score(kept, costs)
    except DataError as error:
        refused = Finding(Check.EVALUATION, error.subject, Status.FAIL, f"{error.rule}; {error.remedy}")
        return evidence.plus([counted, refused])
    challenger = Challenger(
        kept, scored, simpler={PRIOR: prior}, fitted_on=judged.fitted_rows, model=judged.model
    )
    return judge_model(replace(evidence, challenger=challenger).plus([counted]), opponents)


def prior_model(prevalence: float, like: Model) -> Model:
    """Return a model that gives each row one probability and flags by the costs of another model."""
    weights = (1 - prevalence, prevalence)
    constant = DummyClassifier(strategy="prior").fit(np.zeros((2, 1)), [0, 1], sample_weight=weights)
    return Model(Pipeline([("model", constant)]), DecisionRule("per-row"), like.costs, like.features)


def _unseen(sample: Sample, project: Project, judged: Judgeable, opponents: Opponents) -> Sample:
    """Leave out what either version knows; where that is unknown, the champion's gate says so."""
    known = untouched(sample, project, (judged.fitted_rows, opponents.champion_rows))
    return sample if known is None else sample.take(known)


def _refuse_impossible(span: Span, project: Project) -> None:
    limits = [_aware(limit) for limit in (span.since, span.until) if limit is not None]
    if limits and project.columns.time is None:
        rule = "--since and --until need a time, and the project declares none"
        raise ProjectError(project.name, rule, "declare columns.time, or compare on all rows")
    if len(limits) > 1 and limits[0] >= limits[1]:
        raise ProjectError("--since", "is not before --until", "give an earlier --since")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
