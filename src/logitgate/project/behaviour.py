"""What a project declares about the behaviour of its model: cases, directions and invariances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from .fields import Name, Names, Section, Share

Pair: TypeAlias = Annotated[Names, Field(min_length=2, max_length=2)]
Movement: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
Step: TypeAlias = Annotated[str, Field(pattern=r"^[+*-] ?\d+(\.\d+)?$")]


class _Test(Section):
    name: Name
    """What the finding is called."""
    feature: Name
    """Feature that is changed; the other cells of the row stay."""
    share: Share = 0.0
    """Largest share of the changed rows that may disobey."""
    because: str = ""
    """The reason, in the words of the trade."""


class Directional(_Test):
    """The probability must not move against a direction when a feature of a real row is changed."""

    change: Step | Pair
    """'+10', '-5' or '*1.5' for a number; ['failure', 'success'] replaces one level by the other."""
    direction: Literal["up", "down"]
    """Where the probability may go."""
    within: tuple[float, float] | None = None
    """Smallest and largest value after the change; default: any."""
    tolerance: Movement = 0.0
    """How far the probability may still move the other way."""

    @property
    def numeric(self) -> bool:
        """Whether it changes a number."""
        return isinstance(self.change, str)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.within is not None and not (self.numeric and self.within[0] < self.within[1]):
            raise ValueError("within gives a numeric change two bounds that rise")
        return self


class Invariance(_Test):
    """The probability must hardly move when a feature of a real row is changed."""

    swap: Pair | None = None
    """Two levels that take each other's place."""
    jitter: Annotated[float, Field(gt=0)] | None = None
    """The number is moved by this much, up and down."""
    at_most: Movement
    """How far the probability may move."""

    @property
    def numeric(self) -> bool:
        """Whether it changes a number."""
        return self.jitter is not None

    @model_validator(mode="after")
    def _one_change(self) -> Self:
        if (self.swap is None) == (self.jitter is None):
            raise ValueError("give either swap or jitter")
        return self


class Behaviour(Section):
    """What the model must answer, whatever its average: curated cases, directions and invariances."""

    cases: Path | None = None
    """CSV of rows with the decision each must get; relative to the project file."""
    directional: tuple[Directional, ...] = ()
    """Changes of a feature that may move the probability one way only."""
    invariance: tuple[Invariance, ...] = ()
    """Changes of a feature that may hardly move the probability."""

    @property
    def tests(self) -> tuple[Directional | Invariance, ...]:
        """All changes of features, directional ones first."""
        return (*self.directional, *self.invariance)

    def problems(self, numeric: Names, categorical: Names) -> Iterator[str]:
        """Yield what these declarations contradict in the features of the project."""
        for name, times in Counter(test.name for test in self.tests).items():
            if times > 1:
                yield f"behaviour declares {times} tests named '{name}'; give each its own name"
        for test in self.tests:
            kind, features = ("numeric", numeric) if test.numeric else ("categorical", categorical)
            if test.feature not in features:
                yield f"behaviour '{test.name}' changes '{test.feature}', no {kind} feature; correct it"
