"""What a project declares about acting on what its monitoring finds: the section `[reactions]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from ..fields import Section

Days = Annotated[int, Field(ge=0, le=3_650)]


class Reactions(Section):
    """When findings about new rows are acted upon."""

    windows: Annotated[int, Field(ge=1, le=100)] = 3
    """How many of the latest windows are looked at before anything is done."""
    persistent: Annotated[int, Field(ge=1, le=100)] = 2
    """In how many of them, the latest among them, the same must have been found."""
    cool_down_days: Days = 7
    """How long after a rollback, or after a retraining, nothing of that kind is done again."""

    retire: bool = False
    """Whether flag-none or flag-all takes over when it is proven cheaper and a retraining did not help."""

    @property
    def cool_down(self) -> timedelta:
        """The cool-down as a duration."""
        return timedelta(days=self.cool_down_days)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.persistent > self.windows:
            raise ValueError(
                f"{self.persistent} of the latest {self.windows} windows can never agree; lower "
                "reactions.persistent or raise reactions.windows"
            )
        return self
