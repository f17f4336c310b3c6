"""What all parts of the lab are made of: the evidence of a training that has learned, and its judged rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..data.sampling.blocks import Blocks
from ..data.sampling.sample import Sample
from ..decision.costs import BoolArray, IntArray
from ..decision.expressions import FloatArray
from ..errors import RefusedError
from ..evaluation.evaluate import Scored
from ..gates.contest import Opponents, head_to_head
from ..gates.evidence import Challenger, Evidence
from ..gates.rules.head_to_head import HeadToHead
from ..model.explanation.contributions import feature_contributions
from ..model.fitting.recalibration import scores
from ..model.model import Model
from ..model.train import Learned
from ..project.project import Project

MOST_FITTED = 4_000
"""Rows of the small fits that only the lab makes."""
MOST_JUDGED = 20_000
"""Judged rows that the lab looks at, evenly thinned."""


@dataclass(frozen=True)
class Material:
    """A project that has learned.

    Parameters
    ----------
    project : Project
    learned : Learned
    blocks : Blocks
    recipe : str
        Key of the recipe.
    ranked : tuple of str
        The numeric features, that which moves the log-odds most first.
    places : int array of shape (n,)
        Which of the judged rows are looked at, rising.
    """

    project: Project
    learned: Learned
    blocks: Blocks
    recipe: str
    ranked: tuple[str, ...]
    places: IntArray

    @classmethod
    def of(cls, evidence: Evidence) -> Material:
        """Take what a training has learned.

        Raises
        ------
        RefusedError
            When the training ended before there was a model.
        """
        if evidence.learned is None or evidence.blocks is None:
            rule = "no model was fitted, so there is nothing to look at"
            reasons = "; ".join(
                f"{one.subject}: {one.because}" for one in evidence.findings if one.status.stops
            )
            raise RefusedError(evidence.project.name, rule, reasons or "see `logitgate check PROJECT`")
        learned, project = evidence.learned, evidence.project
        places = even(len(learned.judged), MOST_JUDGED)
        return cls(project, learned, evidence.blocks, evidence.recipe, _ranked(learned, project), places)

    @property
    def shows_rows(self) -> bool:
        """Whether the project lets pages show rows, rounded and without ids."""
        return self.project.rows.explained > 0

    @property
    def foremost(self) -> str:
        """The feature that failures are made with: the first number, or a category where there is none."""
        return (*self.ranked, *self.project.features.categorical)[0]

    @property
    def model(self) -> Model:
        """The model that ships."""
        return self.learned.model

    @cached_property
    def judged(self) -> Sample:
        """The n judged rows."""
        return self.learned.judged.take(self.places)

    @cached_property
    def scored(self) -> Scored:
        """What the recipe decided about the judged rows, each by a model that does not know it."""
        return self.learned.scored.take(self.places)

    @property
    def last(self) -> BoolArray:
        """Which of the judged rows lie in the last block, shape (n,)."""
        return np.asarray(self.learned.block[self.places] == self.blocks.last)

    def contest(self) -> HeadToHead:
        """Return the recipe beside the rules that need no model, as the gates compare it."""
        simpler = {name: one.take(self.places) for name, one in self.learned.simpler.items()}
        challenger = Challenger(self.judged, self.scored, self.recipe, simpler, last=self.last_in_time())
        return head_to_head(challenger, Opponents(), self.project)

    def last_in_time(self) -> BoolArray | None:
        """Return which judged rows are the newest, shape (n,); None where rows have no order in time."""
        return self.last if self.learned.in_time else None

    def learned_of_last(self, most: int = MOST_FITTED) -> Sample:
        """Return rows that the last block's model may learn from, evenly thinned."""
        return thinned(self.blocks.sample.take(self.blocks.learned(self.blocks.last)), most)

    def judged_of_last(self, most: int = MOST_FITTED) -> Sample:
        """Return the rows of the last block, evenly thinned."""
        return thinned(self.blocks.sample.take(self.blocks.rows(self.blocks.last)), most)


def thinned(sample: Sample, most: int) -> Sample:
    """Return at most so many rows, evenly spread over the sample."""
    return sample.take(even(len(sample), most))


def joined(one: Sample, other: Sample) -> Sample:
    """Return the rows of two samples, the features and the outcome alone; ids as they are."""
    frame = pd.concat([one.frame, other.frame], ignore_index=True)
    return Sample(frame, np.concatenate([one.y, other.y]), np.concatenate([one.ids, other.ids]))


def even(rows: int, most: int) -> IntArray:
    """Return at most `most` positions, evenly spread over `rows`, rising."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).round().astype(np.int64))


def numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    """Return a numeric column, shape (n,), NaN where it is missing."""
    return np.asarray(frame[name].to_numpy(np.float64, na_value=np.nan))


def rounded(values: FloatArray, digits: int) -> FloatArray:
    """Return values rounded to so many digits, shape (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(values))))
        return np.where(np.isfinite(scale), np.round(values * scale) / scale, values)


def log_odds_of(model: Model, frame: pd.DataFrame) -> FloatArray:
    """Return the model's log-odds of n rows, shape (n,), without rounding to 0 or 1."""
    return scores(model.pipeline, model.brought(frame)[list(model.features.all)])


def _ranked(learned: Learned, project: Project) -> tuple[str, ...]:
    """Return the numbers by the spread of what they add to the log-odds; unused ones last."""
    model, frame = learned.model, learned.judged.frame
    used = feature_contributions(model.pipeline, model.brought(frame)[list(model.features.all)])
    spread = {name: float(np.std(values)) for name, values in used.items()}
    return tuple(sorted(project.features.numeric, key=lambda name: (-spread.get(name, 0.0), name)))
