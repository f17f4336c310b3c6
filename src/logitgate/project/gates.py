"""What a project declares about what stops a promotion: slices, and the margins of the gates."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from .fields import Name, Names, Section, Share, quoted
from .syntax.slice_names import can_exist


class Slices(Section):
    """Parts of the rows that are judged on their own."""

    columns: Names = ()
    """Columns whose every level is a slice."""
    bins: dict[Name, Annotated[tuple[float, ...], Field(min_length=1)]] = {}
    """Inner edges that cut a numeric column into slices."""
    crossings: tuple[Annotated[Names, Field(min_length=2, max_length=2)], ...] = ()
    """Pairs of slice columns that are crossed."""
    minimum_rows: Annotated[int, Field(ge=1)] = 200
    """Fewer judged rows are INSUFFICIENT."""
    minimum_events: Annotated[int, Field(ge=1)] = 20
    """Fewer events, or fewer non-events, are INSUFFICIENT."""
    critical: dict[Name, Annotated[float, Field(ge=0)]] = {}
    """Slices that must prove to be unharmed, each with its margin: a share of the reference's mean cost."""

    @model_validator(mode="after")
    def _known_crossings(self) -> Self:
        unknown = {name for pair in self.crossings for name in pair} - set(self.all)
        if unknown:
            raise ValueError(f"crossings name {quoted(unknown)}; declare it under columns or bins first")
        unsorted = [name for name, edges in self.bins.items() if list(edges) != sorted(set(edges))]
        if unsorted:
            raise ValueError(f"bins of {quoted(unsorted)} must rise")
        return self

    @model_validator(mode="after")
    def _possible_critical_slices(self) -> Self:
        sources = [(name,) for name in self.all] + [tuple(pair) for pair in self.crossings]
        never = {
            name
            for name in self.critical
            if not any(can_exist(name, source, self.bins) for source in sources)
        }
        if never:
            raise ValueError(
                f"critical names {quoted(never)}, which no declared slice can be called; declare its column "
                "under columns, bins or crossings, and write it as the report does, like 'carrier = UA'"
            )
        return self

    @property
    def all(self) -> Names:
        """Columns that are sliced."""
        return self.columns + tuple(self.bins)


class CalibrationGate(Section):
    """Margins of calibration: a 95 % interval wholly outside stops, one that reaches outside warns."""

    in_the_large: Annotated[float, Field(gt=0)] = 0.2
    """Largest calibration-in-the-large, in log-odds, either way."""
    slope: tuple[float, float] = (0.8, 1.25)
    """Smallest and largest calibration slope."""

    @model_validator(mode="after")
    def _around_one(self) -> Self:
        if not self.slope[0] < 1 < self.slope[1]:
            raise ValueError("slope must be two margins with 1 between them")
        return self


class LeakageGate(Section):
    """What counts as knowing the outcome beforehand."""

    single_feature_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.75
    """A single feature that separates the outcome this well is a warning."""
    near_perfect_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """One that separates it this well is refused unless trusted."""
    gap: Annotated[float, Field(gt=0, le=0.5)] = 0.15
    """A feature this far above the next one is a warning too."""
    duplicate_share: Share = 0.01
    """Largest share of judged rows, beyond chance, equal to a row that their model learned from."""
    near_duplicate_share: Share = 0.05
    """Largest share of further judged rows that nearly equal such a row."""
    contradictory_share: Share = 0.1
    """Largest share of rows, beyond chance, that share all features with a row of the other outcome."""
    trusted: dict[Name, Annotated[str, Field(min_length=10)]] = {}
    """Features that may separate the outcome well, each with the reason why this is no leak."""

    @model_validator(mode="after")
    def _rising_limits(self) -> Self:
        if self.near_perfect_auc < self.single_feature_auc:
            raise ValueError("near_perfect_auc must not lie below single_feature_auc")
        return self


Sign: TypeAlias = Literal["positive", "negative"]


class ShiftGate(Section):
    """What counts as a break in time."""

    trusted: dict[Name, Annotated[str, Field(min_length=10)]] = {}
    """Features, or the outcome, that may break from one day to the next, each with the reason."""


class ShadowGate(Section):
    """What a challenger must show beside the champion before it takes its place."""

    demanded: bool = False
    """Whether a new version must run in the shadow of the champion before it is promoted."""
    margin: Annotated[float, Field(ge=0)] = 0.0
    """What it may cost per row beyond the champion, in the unit of the costs; 0 asks for a proven gain."""
    units: Annotated[int, Field(ge=20)] = 30
    """Clusters (such as days) with mature outcomes that it must have run for."""


class Gates(Section):
    """What stops a promotion."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """One-sided error rate of each proof."""
    minimum_gain: Annotated[float, Field(ge=0)] = 0.0
    """What a challenger must save per row over the champion, in the unit of the costs."""
    refresh: Literal["not worse", "better", "proven"] = "not worse"
    """What the champion's own recipe must show on newer rows; another recipe must prove its gain."""
    refresh_margin: Share = 0.02
    """Largest extra cost of a refresh, and of the last block against the better rule, as a share."""
    discordant_events: Annotated[float, Field(ge=0)] = 20.0
    """Effective number of events that must be decided differently for a proven gain, or a proven regret."""
    suspicious_gain: Annotated[float, Field(gt=0)] = 0.5
    """Share of the champion's cost; a challenger that saves more stops, as a leak is likelier."""
    slice_margin: Annotated[float, Field(ge=0)] = 0.1
    """Harm to a slice, as a share of the reference's mean cost, that must be proven to stop."""
    signs: dict[Name, Sign] = {}
    """Numeric features that may only raise ('positive') or lower ('negative') the probability."""
    approval: bool = False
    """Whether a version that passes waits until a person approves it, by `logitgate approve`."""
    calibration: CalibrationGate = CalibrationGate()
    leakage: LeakageGate = LeakageGate()
    shifts: ShiftGate = ShiftGate()
    shadow: ShadowGate = ShadowGate()

    @model_validator(mode="before")
    @classmethod
    def _no_linear_margin(cls, value: object) -> object:
        if isinstance(value, dict) and "linear_margin" in value:
            raise ValueError(
                "linear_margin is no more: a simpler recipe that does as well is submitted; drop it"
            )
        return value
