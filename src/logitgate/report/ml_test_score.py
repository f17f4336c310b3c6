"""The ML Test Score of a model: 28 tests of production readiness, each answered from what the store holds.

Source: Breck, Cai, Nielsen, Salib, Sculley (2017), The ML Test Score. As there, a test that the system
repeats by itself counts 1, one that a person ran and recorded .5, and the score is the least sum of the four
sections. What the store cannot prove counts 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..catalogue import Check
from ..findings import Finding, Status
from ..gates.verdict.outcome import Outcome

AUTOMATED, BY_HAND, NONE = 1.0, 0.5, 0.0
_REPEATED = 2


class Area(StrEnum):
    """The four sections."""

    DATA = "features and data"
    MODEL = "model development"
    INFRASTRUCTURE = "infrastructure"
    MONITORING = "monitoring"


@dataclass(frozen=True, slots=True)
class StoreEvidence:
    """What the store holds about one model, counted.

    Parameters
    ----------
    outcome : Outcome
        Of the version that is audited.
    code_version : str
    candidates : int
        Models that its search tried.
    windows : mapping of Check to int
        Monitored windows in which a check was made.
    labelled : int
        Windows with outcomes.
    replays, shadows, rehearsals, rollbacks : int
    by_gates : bool
        Whether the version came into production by a promotion behind its gates.
    """

    outcome: Outcome
    code_version: str = ""
    candidates: int = 0
    windows: Mapping[Check, int] = field(default_factory=dict)
    labelled: int = 0
    replays: int = 0
    shadows: int = 0
    rehearsals: int = 0
    rollbacks: int = 0
    by_gates: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One test: what is asked, what the store says, and where."""

    area: Area
    test: str
    points: float
    evidence: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class MLTestScore:
    """All answers, and the score."""

    model: str
    version: int | None
    answers: tuple[Answer, ...]

    @property
    def sums(self) -> dict[Area, float]:
        """Points of each section, of 7."""
        return {area: sum(one.points for one in self.answers if one.area is area) for area in Area}

    @property
    def score(self) -> float:
        """The least of the four sums."""
        return min(self.sums.values())

    def as_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "model": self.model,
            "version": self.version,
            "score": self.score,
            "sections": {area.value: points for area, points in self.sums.items()},
            "tests": [
                {
                    "section": one.area.value,
                    "test": one.test,
                    "points": one.points,
                    "evidence": one.evidence,
                    "where": one.where,
                }
                for one in self.answers
            ],
        }


def ml_test_score(known: StoreEvidence) -> MLTestScore:
    """Answer the 28 tests."""
    answers = (*_data(known), *_model(known), *_infrastructure(known), *_monitoring(known))
    return MLTestScore(known.outcome.model, known.outcome.version, answers)


def _data(known: StoreEvidence) -> Iterator[Answer]:
    area = Area.DATA
    schema = _made(known, Check.CONTRACT, lambda one: bool(one.figures.get("suite_digest")))
    yield _each(known, area, "feature expectations are captured in a schema", Check.CONTRACT, made=schema)
    yield _each(known, area, "all features are beneficial", Check.FEATURES)
    yield _nothing(area, "no feature costs too much", "what a feature costs to get is not recorded")
    declared = _made(known, Check.LEAKAGE, lambda one: one.subject == "declarations")
    yield _each(known, area, "features keep to requirements at a higher level", Check.LEAKAGE, made=declared)
    yield _nothing(area, "the data pipeline has privacy controls", "controls of access are not recorded")
    yield _nothing(area, "new features can be added quickly", "how long one took is not recorded")
    yield _nothing(
        area, "all code of input features is tested", "tests of the table's own code are not recorded"
    )


def _model(known: StoreEvidence) -> Iterator[Answer]:
    area = Area.MODEL
    yield Answer(
        area,
        "model specifications are reviewed and submitted",
        BY_HAND if known.code_version else NONE,
        f"made by code {known.code_version}; who reviewed it stands in version control"
        if known.code_version
        else "the code is not recorded",
        _run(known),
    )
    yield _windows(
        area,
        "offline and online metrics agree",
        known.labelled,
        "windows with outcomes, realised cost against expected",
    )
    searched = known.candidates >= _REPEATED
    yield Answer(
        area,
        "all hyperparameters are tuned",
        AUTOMATED if searched else NONE,
        f"{known.candidates} candidates were tried",
        _run(known),
    )
    yield _command(area, "the cost of a stale model is known", known.replays, "replays with cost against age")
    yield _each(known, area, "a simpler model is not better", Check.BASELINES)
    sliced = _made(known, Check.SLICES, lambda one: one.status is not Status.INSUFFICIENT)
    yield _each(known, area, "quality holds on important slices", Check.SLICES, made=sliced)
    yield _each(known, area, "the model was tested for inclusion", Check.WEAK_SLICES)


def _infrastructure(known: StoreEvidence) -> Iterator[Answer]:
    area, made = Area.INFRASTRUCTURE, known.outcome.version is not None
    yield _each(known, area, "training is reproducible", Check.STABILITY)
    declared = _made(known, Check.BEHAVIOUR, lambda one: one.subject != "none declared")
    yield _each(known, area, "the model specification is tested", Check.BEHAVIOUR, made=declared)
    yield Answer(
        area,
        "the pipeline is tested as a whole",
        AUTOMATED if made else NONE,
        "each training goes from the rows to a version" if made else "no version was made",
        _run(known),
    )
    yield Answer(
        area,
        "quality is validated before serving",
        AUTOMATED if known.by_gates else NONE,
        "it came into production behind its gates"
        if known.by_gates
        else "it did not come into production by its gates",
        "logitgate history PROJECT",
    )
    yield Answer(
        area,
        "one can debug a decision step by step",
        BY_HAND if made else NONE,
        "the version keeps what `explain` adds up" if made else "no version was made",
        "logitgate explain PROJECT --id ROW",
    )
    yield _command(area, "models are tested by a canary before serving", known.shadows, "shadow tables")
    moved = known.rehearsals + known.rollbacks
    yield _command(area, "models can be rolled back quickly and safely", moved, "rehearsals and rollbacks")


def _monitoring(known: StoreEvidence) -> Iterator[Answer]:
    area, windows = Area.MONITORING, known.windows
    yield _nothing(area, "changes of dependencies are notified", "changes of lock files are not recorded")
    checks = (
        ("invariants of the data hold in training and serving", Check.CONTRACT),
        ("training and serving features are the same", Check.SKEW),
        ("models are not too stale", Check.STALENESS),
    )
    for test, check in checks:
        yield _windows(area, test, windows.get(check, 0), f"windows with the check {check}")
    finite = _made(known, Check.COEFFICIENTS, lambda one: "condition" in one.figures)
    yield _each(known, area, "the model is numerically stable", Check.COEFFICIENTS, made=finite)
    yield _nothing(area, "speed, latency and memory do not regress", "benchmarks are not kept in the store")
    yield _windows(area, "quality on served rows does not regress", known.labelled, "windows with outcomes")


def _each(known: StoreEvidence, area: Area, test: str, check: Check, *, made: bool | None = None) -> Answer:
    """Answer by a check that each training makes."""
    found = _made(known, check) if made is None else made
    status = known.outcome.verdict.checks.get(check)
    evidence = f"{check.code}: {status}" if found else f"{check.code} has nothing about it"
    return Answer(area, test, AUTOMATED if found else NONE, evidence, _run(known))


def _windows(area: Area, test: str, number: int, what: str) -> Answer:
    """Answer by monitored windows: one alone was run by hand, several are a habit."""
    points = AUTOMATED if number >= _REPEATED else BY_HAND if number else NONE
    return Answer(area, test, points, f"{number} {what}", "logitgate monitor PROJECT")


def _command(area: Area, test: str, number: int, what: str) -> Answer:
    """Answer by what a person has to run."""
    return Answer(area, test, BY_HAND if number else NONE, f"{number} {what}")


def _nothing(area: Area, test: str, why: str) -> Answer:
    return Answer(area, test, NONE, why)


def _made(known: StoreEvidence, check: Check, counts: Callable[[Finding], bool] = lambda _: True) -> bool:
    """Return whether the training made a check and came to a finding that says something."""
    made = (one for one in known.outcome.findings if one.check is check)
    return any(counts(one) for one in made if one.status is not Status.INDETERMINATE)


def _run(known: StoreEvidence) -> str:
    return f"run {known.outcome.run_id}"
