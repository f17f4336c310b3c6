"""Out-of-fold log-odds of candidate models: what a decision for one block, or for shipping, may look at.

In time order there is one fit for each judged block, on the blocks before it; what is decided for a block
looks at the judged blocks before it. At random there is one fit for each fold, on the others, and one for
each pair of folds, on the rows outside both: what is decided for a fold looks at the other folds as judged by
models that know neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...data.sampling.blocks import Blocks, Fold
from ...data.sampling.sample import Sample, stretch
from ...decision.costs import BoolArray, IntArray
from ...decision.expressions import FloatArray
from ...evaluation.probabilities.cox import losses_by_log_odds


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that one fold judges: where they stand among the fold's rows, and where among all."""

    fold: int
    within: slice | IntArray
    at: slice | IntArray


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Candidates on rows that none of them was fitted to.

    Parameters
    ----------
    sample : Sample of m rows
    block : int array of shape (m,)
        The block of each row.
    in_time : bool
    candidates : sequence of k sequences of arrays
        For each candidate the log-odds of each fold, in the order of the plan's; empty where it failed.
    parts : sequence of _Part
        Which of them stand where.
    """

    sample: Sample
    block: IntArray
    in_time: bool
    candidates: Sequence[Sequence[FloatArray]]
    parts: Sequence[_Part]

    def log_odds(self, candidate: int) -> FloatArray:
        """Return the log-odds of one candidate, shape (m,); NaN where it could not be fitted."""
        found = np.full(len(self.block), np.nan)
        for part in self.parts:
            own = self.candidates[candidate][part.fold]
            if len(own):
                found[part.at] = own[part.within]
        return found

    def losses(self, candidate: int) -> FloatArray:
        """Log loss of one candidate in nats, shape (m,); exact where probabilities round to 0 or 1."""
        return losses_by_log_odds(self.sample.y, self.log_odds(candidate))

    def fitted(self, rows: BoolArray | slice = slice(None)) -> BoolArray:
        """Return which candidates have log-odds on all these rows, shape (k,)."""
        return np.array(
            [bool(np.isfinite(self.log_odds(one)[rows]).all()) for one in range(len(self.candidates))]
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The folds that have to be fitted.

    Parameters
    ----------
    blocks : Blocks
    folds : mapping
        By the set of blocks that a fold judges.
    """

    blocks: Blocks
    folds: Mapping[frozenset[int], Fold]

    @classmethod
    def of(cls, blocks: Blocks) -> Plan:
        """Lay out one fold for each judged block and, at random, one for each pair of blocks."""
        folds = {
            frozenset({block}): Fold(blocks.learned(block), blocks.rows(block)) for block in blocks.judged
        }
        if not blocks.in_time:
            for pair in combinations(blocks.judged, 2):
                judged = np.isin(blocks.number, pair)
                folds[frozenset(pair)] = Fold(np.flatnonzero(~judged), np.flatnonzero(judged))
        return cls(blocks, folds)

    def final(self, candidates: Sequence[Sequence[FloatArray]]) -> OutOfFold:
        """Return the log-odds on all judged rows, each by the fit that is judged there.

        Parameters
        ----------
        candidates : sequence of sequences of arrays
            For each candidate the log-odds of each fold, in the order of `folds`; empty where it failed.
        """
        return self._joined(candidates, [(frozenset({block}), block) for block in self.blocks.judged])

    def before(self, block: int, candidates: Sequence[Sequence[FloatArray]]) -> OutOfFold | None:
        """Return the log-odds that a decision about a block may look at; None for the first block in time."""
        others = [other for other in self.blocks.judged if other != block]
        if self.blocks.in_time:
            wanted = [(frozenset({other}), other) for other in others if other < block]
        else:
            wanted = [(frozenset({block, other}), other) for other in others]
        return self._joined(candidates, wanted) if wanted else None

    def _joined(
        self, candidates: Sequence[Sequence[FloatArray]], wanted: list[tuple[frozenset[int], int]]
    ) -> OutOfFold:
        place = {judged: number for number, judged in enumerate(self.folds)}
        own = [(judged, self.blocks.number[self.folds[judged].judged] == block) for judged, block in wanted]
        rows = [self.folds[judged].judged[within] for judged, within in own]
        positions = np.sort(np.concatenate(rows))
        parts = [
            _Part(place[judged], stretch(within), stretch(np.searchsorted(positions, one)))
            for (judged, within), one in zip(own, rows, strict=True)
        ]
        sample, block = self.blocks.sample.take(positions), self.blocks.number[positions]
        return OutOfFold(sample, block, self.blocks.in_time, candidates, parts)
