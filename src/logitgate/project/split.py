"""What a project declares about its rows: which are used, and how they are cut into blocks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from .fields import Duration, Section

_GONE = {
    "train": "every block after the first is judged by a model of the blocks before it; set split.blocks",
    "calibrate": "recalibration is decided from out-of-fold predictions; remove it",
    "threshold": "the threshold is decided from out-of-fold predictions; remove it",
    "test": "every block after the first is judged; set split.blocks",
    "calibrate_from": "blocks are of equal time; set split.blocks",
    "threshold_from": "blocks are of equal time; set split.blocks",
    "test_from": "blocks are of equal time; set split.blocks",
}


class Split(Section):
    """Which rows are used, and how they are cut into the blocks on which the recipe is judged."""

    by: Literal["time", "entity", "random"] | None = None
    """How blocks are cut. Default: time where there is a time column, else entity, else random."""
    window: Duration | None = None
    """How far back from the as-of date rows are used; default: all."""
    blocks: Annotated[int, Field(ge=3, le=20)] = 5
    """Number of blocks or folds."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of random folds and of every resampling."""

    @model_validator(mode="before")
    @classmethod
    def _no_shares(cls, value: object) -> object:
        gone = [
            f"{key} is no more: {_GONE[key]}" for key in _GONE if isinstance(value, dict) and key in value
        ]
        if gone:
            raise ValueError("; ".join(gone))
        return value


class Fit(Section):
    """What is shipped."""

    refit: bool = True
    """Whether all mature rows are fitted for shipping; false ships the model of the last block."""
