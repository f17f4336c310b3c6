"""The catalogue of checks: what each is called, what it asks, which runs require it, where it is explained.

A finding carries its check; terminal, JSON, Markdown and pages take names, questions and codes from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_PAGE = "docs/findings.md"


class Road(StrEnum):
    """A kind of run whose verdict requires checks."""

    TRAINING = "training"
    COMPARISON = "comparison"
    MONITORING = "monitoring"


TRAINING, COMPARISON, MONITORING = Road.TRAINING, Road.COMPARISON, Road.MONITORING


@dataclass(frozen=True, slots=True)
class About:
    """What people read about a check, and which verdicts require it.

    Parameters
    ----------
    title : str
    question : str
        What must hold.
    required : tuple of Road
        The verdicts in which its absence is INDETERMINATE.
    """

    title: str
    question: str
    required: tuple[Road, ...] = ()


class Check(StrEnum):
    """A check, by the name that findings carry, in the order of a run."""

    ROWS = "rows"
    CONTRACT = "contract"
    LEAKAGE = "leakage"
    SHIFTS = "shifts"
    BASELINES = "baselines"
    CALIBRATION = "calibration"
    SLICES = "slices"
    BEHAVIOUR = "behaviour"
    CHAMPION = "champion"
    SELF_TEST = "self-test"
    COEFFICIENTS = "coefficients"
    STABILITY = "stability"
    SHADOW = "shadow"
    FIT = "fit"
    EVALUATION = "evaluation"
    CRITICAL_SLICES = "critical slices"
    WEAK_SLICES = "weak slices"
    FEATURES = "features"
    COSTS = "costs"
    LOCK = "lock"
    DRIFT = "drift"
    MISSINGNESS = "missingness"
    LEVELS = "levels"
    SCORE = "score"
    ORDER = "order"
    LABELS = "labels"
    ESTIMATE = "estimate"
    COST = "cost"
    NO_MODEL = "no model"
    DECAY = "decay"
    PREVIOUS = "previous"
    STALENESS = "staleness"
    SKEW = "skew"
    LEDGER = "ledger"
    RUNS = "runs"
    UPLOADS = "uploads"
    REGISTRY = "registry"
    PRODUCTION = "production"
    DRAFTS = "drafts"
    RUN = "logitgate"

    @property
    def about(self) -> About:
        """Title, question, and the verdicts that require it."""
        return _ABOUT[self]

    @property
    def code(self) -> str:
        """The code that messages print.

        Examples
        --------
        >>> Check.SELF_TEST.code
        'LG-SELF-TEST'
        """
        return "LG-" + self.upper().replace(" ", "-")

    @property
    def remedy(self) -> str:
        """What to do when it does not pass, in a few words; `documented` says more."""
        return _REMEDIES.get(self, "read what the finding says")

    @property
    def documented(self) -> str:
        """Where the documentation says what a finding of it means and what to do."""
        return f"{_PAGE}#{self.code.lower()}"


def required(road: Road) -> tuple[Check, ...]:
    """Return the checks that a verdict of this kind requires, in the order in which they are made."""
    return tuple(check for check in Check if road in check.about.required)


_ABOUT = {
    Check.ROWS: About(
        "Rows", "enough rows with a known outcome to judge the recipe on", (TRAINING, COMPARISON)
    ),
    Check.CONTRACT: About(
        "Contract",
        "no breach of the suite that is not declared harmless",
        (TRAINING, COMPARISON, MONITORING),
    ),
    Check.LEAKAGE: About("Leakage", "no feature knows the outcome, and no block knows another", (TRAINING,)),
    Check.SHIFTS: About("Shifts", "no unit, code or label breaks from one day to the next", (TRAINING,)),
    Check.BASELINES: About(
        "Baselines",
        "proven cheaper than flag-none and flag-all, and not dearer than both in the last block",
        (TRAINING, COMPARISON),
    ),
    Check.CALIBRATION: About(
        "Calibration",
        "no proof that calibration lies outside its margins or that miscalibration costs money",
        (TRAINING, COMPARISON, MONITORING),
    ),
    Check.SLICES: About(
        "Slices",
        "no declared slice is proven to be harmed; each critical slice is proven not to be",
        (TRAINING, COMPARISON),
    ),
    Check.BEHAVIOUR: About(
        "Behaviour",
        "each curated case gets its decision, and declared directions and invariances hold",
        (TRAINING, COMPARISON),
    ),
    Check.CHAMPION: About(
        "Champion",
        "the same recipe: not worse than the champion on the same rows; another: proven cheaper",
        (TRAINING, COMPARISON),
    ),
    Check.SELF_TEST: About(
        "Self-test",
        "each saboteur of this model is refused by the gate that is meant for it",
        (TRAINING, COMPARISON),
    ),
    Check.COEFFICIENTS: About("Coefficients", "declared signs hold", (TRAINING,)),
    Check.STABILITY: About(
        "Stability", "the same coefficients from permuted rows and another seed", (TRAINING,)
    ),
    Check.SHADOW: About(
        "Shadow", "proven beside the champion, at all times at once, on new rows with mature outcomes"
    ),
    Check.FIT: About("Fit", "the model that ships was fitted as the judged recipe was"),
    Check.EVALUATION: About("Evaluation", "the judged rows can be scored and evaluated"),
    Check.CRITICAL_SLICES: About("Critical slices", "each critical slice is proven not to be harmed"),
    Check.WEAK_SLICES: About("Undeclared slices", "no undeclared slice has wrong probabilities"),
    Check.FEATURES: About("Feature value", "what each feature is worth in money"),
    Check.COSTS: About("Cost sensitivity", "the choice holds where the declared costs are wrong"),
    Check.LOCK: About("Lock", "no other promotion of this model is under way"),
    Check.DRIFT: About("Drift", "no feature is distributed differently from the reference", (MONITORING,)),
    Check.MISSINGNESS: About("Missing values", "no feature has more missing values than the reference"),
    Check.LEVELS: About("New levels", "no more unknown levels than expected"),
    Check.SCORE: About("Scores", "the probabilities are distributed as in the reference", (MONITORING,)),
    Check.ORDER: About("Order", "no feature sorts the rows"),
    Check.LABELS: About("Labels", "the outcomes that are due have come in", (MONITORING,)),
    Check.ESTIMATE: About("Estimate", "without labels, expected figures lie within limits", (MONITORING,)),
    Check.COST: About("Cost", "realised cost is as expected from the model", (MONITORING,)),
    Check.NO_MODEL: About(
        "No model",
        "not proven to cost more than the cheaper of flag-none and flag-all on the same rows",
        (MONITORING,),
    ),
    Check.DECAY: About("Decay", "no proof since the release that calibration or cost has become worse"),
    Check.PREVIOUS: About(
        "Previous version", "the version before is not proven cheaper on the same rows", (MONITORING,)
    ),
    Check.STALENESS: About("Age", "the model is younger than its age limit", (MONITORING,)),
    Check.SKEW: About("Skew", "what was scored equals what the table holds for the same rows"),
    Check.LEDGER: About("Ledger", "the ledger's chain is whole and agrees with the registry"),
    Check.RUNS: About("Runs", "no run says that it is running although its process has ended"),
    Check.UPLOADS: About("Uploads", "no upload of a model is unfinished"),
    Check.REGISTRY: About("Registry", "each registered version has a complete model"),
    Check.PRODUCTION: About("Production", "alias, ledger and files name the same version"),
    Check.DRAFTS: About("Temporary files", "no temporary file of an ended process is left"),
    Check.RUN: About("Run", "the run has ended with a verdict"),
}

_REMEDIES = {
    Check.ROWS: "widen split.window, or wait for outcomes",
    Check.CONTRACT: "mend the export; a rule that is wrong is changed in the suite",
    Check.LEAKAGE: "drop the feature, or list it under columns.known_after_outcome",
    Check.SHIFTS: "mend the export, or say under gates.shifts.trusted why the change is real",
    Check.BASELINES: "more rows, better features, or no model",
    Check.CALIBRATION: "train on newer rows; look at the slices where it is worst",
    Check.SLICES: "look at the slice's rows; add a feature that describes it",
    Check.CRITICAL_SLICES: "more rows of that slice, or a feature that describes it",
    Check.BEHAVIOUR: "see `logitgate explain`; correct the case file or the features",
    Check.CHAMPION: "nothing: the champion stays; or wait for more rows",
    Check.SELF_TEST: "more rows or events, or tighter margins",
    Check.COEFFICIENTS: "look for a confounder or a recoded column, or correct the declaration",
    Check.STABILITY: "drop features that repeat one another, or strengthen the penalty",
    Check.FIT: "mend the feature that is named",
    Check.SHADOW: "go on scoring with `--shadow`",
    Check.LOCK: "run it again",
    Check.DRIFT: "ask who changed the source of the feature",
    Check.MISSINGNESS: "look at the export: is the field still filled?",
    Check.LEVELS: "map renamed codes back, or train with the new ones",
    Check.SCORE: "look at the features that moved",
    Check.LABELS: "join the outcomes by `--labels`, or correct outcome.matures_after",
    Check.ESTIMATE: "wait for labels",
    Check.COST: "look at the slices where it is worst; train on newer rows",
    Check.NO_MODEL: "train on newer rows",
    Check.DECAY: "train on newer rows",
    Check.PREVIOUS: "roll back",
    Check.STALENESS: "train again, or declare another limit",
    Check.SKEW: "compare the feature on both sides",
    Check.LEDGER: "`logitgate history --verify`, then `logitgate doctor`",
    Check.PRODUCTION: "`logitgate doctor --repair`, or `logitgate rollback`",
    Check.REGISTRY: "restore the version's files",
    Check.RUN: "see what could not be read or reached, and run it again",
}
