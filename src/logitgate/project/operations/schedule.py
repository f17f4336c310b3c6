"""What a project declares about when it is trained, monitored and scored: the section `[schedule]`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, model_validator

from ..fields import Duration, Section
from . import slots


def _cron(text: str) -> str:
    wrong = slots.problem(text)
    if wrong is not None:
        raise ValueError(wrong)
    return text


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"'{name}' is no time zone; write it like 'Europe/Lisbon' or 'UTC'") from error
    return name


def _slotted(out: Path) -> Path:
    if "{slot}" not in out.name:
        raise ValueError(
            "the name must contain {slot}, or each run would replace the scores of the one before"
        )
    return out


Cron: TypeAlias = Annotated[str, AfterValidator(_cron)]


class TrainSlots(Section):
    """When a challenger is trained, with what was known at that moment."""

    cron: Cron
    """Minute, hour, day, month and weekday, in the schedule's time zone."""


class MonitorSlots(Section):
    """When the rows of late are held against the model in production."""

    cron: Cron
    """Minute, hour, day, month and weekday, in the schedule's time zone."""
    table: Path
    """New rows; relative to the project file."""
    labels: Path | None = None
    """Their outcomes by id, when they stand apart; relative to the project file."""
    window: Duration
    """How long the window is."""
    lag: Duration = timedelta(0)
    """How long before its slot the window ends, so that its outcomes are mature."""
    act: bool = True
    """Whether what is wanted is also done: roll back, train again."""


class ScoreSlots(Section):
    """When new rows are scored."""

    cron: Cron
    """Minute, hour, day, month and weekday, in the schedule's time zone."""
    table: Path | None = None
    """Rows to score, relative to the project file; default: the project's `scoring.query`."""
    out: Annotated[Path, AfterValidator(_slotted)]
    """File of the scores, relative to the project file; `{slot}` becomes the slot in UTC."""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of run of a schedule."""

    name: str
    cron: str
    every: bool
    """Whether each missed slot is caught up, as each watched window counts, or only the latest."""


class Schedule(Section):
    """When the project's runs are due."""

    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = None
    """Whose clock the expressions mean, by its name in the IANA database; there is no default."""
    catch_up: Duration = timedelta(days=1)
    """How long after its slot a missed run is still done."""
    longest: Duration = timedelta(hours=12)
    """How long one run may take on a single host; then it is ended, as if it had met an obstacle."""
    train: TrainSlots | None = None
    """Training."""
    monitor: MonitorSlots | None = None
    """Monitoring."""
    score: ScoreSlots | None = None
    """Scoring."""

    @model_validator(mode="after")
    def _on_a_known_clock(self) -> Self:
        if self.jobs and self.time_zone is None:
            raise ValueError("time_zone is missing: say whose clock the expressions mean, such as 'UTC'")
        return self

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What is declared, in the order in which runs of one slot come."""
        declared = (("score", self.score), ("monitor", self.monitor), ("train", self.train))
        return tuple(Job(name, slot.cron, name == "monitor") for name, slot in declared if slot is not None)

    def outstanding(self, job: Job, done: datetime, now: datetime) -> tuple[datetime, ...]:
        """Return the slots of a job to be done now, oldest first.

        Parameters
        ----------
        job : Job
            One of `jobs`.
        done, now : datetime
            The last slot that was done, and the present moment, with time zones.
        """
        found = slots.outstanding(job.cron, self.time_zone or "UTC", (done, now), self.catch_up)
        return found if job.every else found[-1:]

    def coming(self, job: Job, now: datetime) -> datetime:
        """Return the next slot of a job."""
        return next(slots.slots(job.cron, self.time_zone or "UTC", now))

    def resolved(self, base: Path) -> Schedule:
        """Return it with its paths against a folder."""
        watched, scored = self.monitor, self.score
        if watched is not None:
            labels = watched.labels and base / watched.labels
            watched = watched.model_copy(update={"table": base / watched.table, "labels": labels})
        if scored is not None:
            table = scored.table and base / scored.table
            scored = scored.model_copy(update={"table": table, "out": base / scored.out})
        return self.model_copy(update={"monitor": watched, "score": scored})


def window(watched: MonitorSlots, slot: datetime) -> tuple[datetime, datetime]:
    """Return where the window of a slot begins and ends."""
    until = slot - watched.lag
    return until - watched.window, until


def scores_file(scored: ScoreSlots, slot: datetime) -> Path:
    """Return the file of a slot's scores."""
    return scored.out.with_name(scored.out.name.replace("{slot}", f"{slot.astimezone(UTC):%Y-%m-%dT%H%MZ}"))


def words(schedule: Schedule, job: Job, slot: datetime) -> tuple[str, ...]:
    """Return the options of `logitgate` + the job's name that do a slot's work, beside the project file."""
    moment = slot.isoformat()
    if job.name == "monitor" and (watched := schedule.monitor) is not None:
        since, until = (limit.isoformat() for limit in window(watched, slot))
        labels = ("--labels", str(watched.labels)) if watched.labels is not None else ()
        limits = ("--since", since, "--until", until, "--as-of", moment)
        return ("--table", str(watched.table), *labels, *limits, *(("--act",) if watched.act else ()))
    if job.name == "score" and (scored := schedule.score) is not None:
        table = ("--table", str(scored.table)) if scored.table is not None else ()
        return (*table, "--out", str(scores_file(scored, slot)))
    return ("--as-of", moment)
