"""What competes: a fitted model frozen together with its threshold rule, its costs and its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.sampling.sample import Sample, row_costs
from ..decision.cells import FeatureReader
from ..decision.compiled import compiled
from ..decision.costs import CostMatrix
from ..decision.expressions import FloatArray
from ..decision.levels import Spelling, brought, learned_levels
from ..decision.rule import Arithmetic, Decision, DecisionRule
from ..errors import DataError
from ..evaluation.evaluate import Scored
from ..project.data import FeaturesConfig

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


_ROWS = 65_536
"""Rows whose design is written at a time."""


@dataclass(frozen=True, slots=True)
class Model:
    """A calibrated model that decides: each row goes through its own preprocessing and threshold.

    By its look-ups a row has the same bits in any batch; a version that was judged by its pipeline's own
    arithmetic keeps it, so that it repeats its golden rows.
    """

    pipeline: Pipeline
    rule: DecisionRule
    costs: CostMatrix
    features: FeaturesConfig
    arithmetic: Arithmetic = "look-ups"

    def probability(self, frame: pd.DataFrame) -> FloatArray:
        """Return the probability of the event for each row, shape (n,).

        Raises
        ------
        DataError
            When the table lacks a feature of this model.
        """
        absent = sorted(set(self.features.all) - set(frame.columns))
        if absent:
            raise DataError(", ".join(absent), "the model needs it and the table lacks it", "give the column")
        found = np.empty(len(frame))
        for start in range(0, len(frame), _ROWS):
            found[start : start + _ROWS] = self._answers(frame.iloc[start : start + _ROWS])
        return found

    def _answers(self, frame: pd.DataFrame) -> FloatArray:
        look_ups = compiled(self.pipeline) if self.arithmetic == "look-ups" else None
        if look_ups is None:
            both: FloatArray = self.pipeline.predict_proba(self.brought(frame)[list(self.features.all)])
            return both[:, 1]
        reader = FeatureReader.of(self.pipeline, self.features.numeric, self.features.categorical)
        return look_ups.probability(reader.read(frame.__getitem__, len(frame)))

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return the probabilities of no event and of the event, shape (n, 2), as scikit-learn does."""
        event = self.probability(X)
        return np.column_stack((1 - event, event))

    def brought(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table whose categories are the levels that this model learned, where they say the same."""
        learned = learned_levels(self.pipeline)
        columns = {
            name: brought(frame[name], Spelling.of(levels))
            for name, levels in learned.items()
            if name in frame.columns
        }
        changed = {name: column for name, column in columns.items() if column is not frame[name]}
        return frame.assign(**changed) if changed else frame

    def score(self, sample: Sample, judged_by: CostMatrix) -> Scored:
        """Decide each row by this model's own rule, and let it cost what `judged_by` says."""
        return self.decide(self.probability(sample.frame), sample, judged_by)

    def decide(self, probability: FloatArray, sample: Sample, judged_by: CostMatrix) -> Scored:
        """Decide each row by this model's own rule, given its probability, shape (n,).

        Raises
        ------
        DataError
            When a probability is missing or outside [0, 1]: such a row has no decision.
        """
        decision = self.decision(probability, sample.frame, sample.ids)
        return Scored(sample.y.astype(np.int64), decision, sample.row_costs(judged_by), sample.cluster)

    def decision(self, probability: FloatArray, frame: pd.DataFrame, ids: NDArray[np.object_]) -> Decision:
        """Decide each row of a table by this model's own rule and costs; no outcome is needed.

        Parameters
        ----------
        probability : array of shape (n,)
        frame : pandas.DataFrame of n rows
        ids : array of shape (n,)
            What the rows are called in an error.

        Raises
        ------
        DataError
            When a probability is missing or outside [0, 1]: such a row has no decision.
        """
        own = row_costs(frame, self.costs, ids)
        try:
            return Decision.by(self.rule, probability, own)
        except ValueError as error:
            raise DataError(
                "probabilities", str(error), "find the rows that the model cannot score"
            ) from error
