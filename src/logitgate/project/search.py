"""What a project declares about the models that are looked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from .fields import Name, Names, Section, quoted


class Form(Section):
    """One form of the design matrix: a basis for the numbers and the interactions added to it."""

    basis: Literal["linear", "spline", "polynomial"]
    interactions: Names = ()

    def __str__(self) -> str:
        """Return the form as the project file writes it."""
        return " + ".join((self.basis, *self.interactions))

    def without(self, interactions: Collection[str]) -> Form:
        """Return the same form without some interactions."""
        kept = tuple(name for name in self.interactions if name not in interactions)
        return Form(basis=self.basis, interactions=kept)


def _form(value: object) -> object:
    if not isinstance(value, str):
        return value
    basis, *interactions = (part.strip() for part in value.split("+"))
    return {"basis": basis, "interactions": tuple(interactions)}


class Search(Section):
    """Which models the search may try."""

    forms: Annotated[
        tuple[Annotated[Form, BeforeValidator(_form), WithJsonSchema({"type": "string"})], ...],
        Field(min_length=1),
    ] = (Form(basis="linear"), Form(basis="spline"))
    """Forms from simple to complex: 'linear', 'spline' or 'polynomial', named interactions added by '+'."""
    interactions: dict[Name, Annotated[Names, Field(min_length=2, max_length=2)]] = {}
    """Named interactions: two features each."""
    C: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (0.01, 0.1, 1.0, 10.0)
    """Inverse strengths of the penalty that are tried."""
    knots: Annotated[int, Field(ge=3, le=20)] = 5
    """Knots of a spline, at quantiles; a long tail gets up to three more."""
    rare_level_rows: Annotated[int, Field(ge=1)] = 50
    """Levels of a category with fewer training rows are pooled."""
    most_levels: Annotated[int, Field(ge=2)] = 2_000
    """A category with more levels is refused: it is an id, not a feature."""

    @model_validator(mode="before")
    @classmethod
    def _no_folds(cls, value: object) -> object:
        if isinstance(value, dict) and "folds" in value:
            raise ValueError("folds is no more: the search uses the blocks of the split; set split.blocks")
        return value

    @model_validator(mode="after")
    def _known_interactions(self) -> Self:
        for form in self.forms:
            unknown = set(form.interactions) - set(self.interactions)
            if unknown:
                raise ValueError(
                    f"form '{form}' names the interaction {quoted(unknown)}; declare it under interactions"
                )
        return self
