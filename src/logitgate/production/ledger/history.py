"""The history page of the ledger, and the audit of the registry against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...catalogue import Check
from ...evaluation.comparisons.words import each
from ...findings import Figure, Finding, Status, Verdict
from . import state as production_state
from .entries import Anchoring, Kind, Reason, Release
from .ledger import Ledger, Tenure, rollback_command
from .state import REPAIR, Production, State, named, state_of

CHECK = Check.LEDGER
"""The check that the findings of `audit` belong to."""

_LOOSE = {
    Anchoring.BEHIND: "is of an earlier entry, as after a kill",
    Anchoring.ABSENT: "is not in the registry, so that cutting the end of the ledger would not show",
    Anchoring.ELSEWHERE: "is of another ledger",
}
_MOST_ROWS, _LONGEST_CELL = 20, 200


@dataclass(frozen=True, slots=True)
class History:
    """The production history of a model, with a verdict when it was asked for."""

    model: str
    ledger: Ledger
    verdict: Verdict | None = None
    state: State | None = None
    """What has become of the champion."""

    def as_json(self) -> dict[str, object]:
        """Return plain values, oldest first."""
        last, back = self.ledger.entries[-1] if self.ledger.entries else None, self.ledger.rollback_target()
        plain: dict[str, object] = {
            "model": self.model,
            "champion": self.ledger.champion,
            "state": self.state.value if self.state else None,
            "way_back": back.version if back else None,
            "tenures": [
                {**tenure.as_json(), "way_back": rollback_command_of(tenure, self.ledger) or None}
                for tenure in self.ledger.tenures()
            ],
            "entries": self.ledger.last,
            "head": self.ledger.head,
            "lock": last.lock if last else None,
        }
        if self.verdict is not None:
            found = [finding.as_json() for finding in self.verdict.findings]
            plain |= {"status": self.verdict.status.value, "findings": found}
        return plain


def audit(ledger: Ledger, now: Production) -> tuple[Finding, ...]:
    """Compare the registry with the ledger: chain, both aliases, versions, changes made by hand."""
    found = [*_chain(ledger), *_champion(ledger, now), *_previous(ledger, now), *_versions(ledger, now)]
    if (begun := ledger.open) is not None:
        because = "was begun and neither done nor abandoned; the next promotion or rollback ends it"
        found.append(Finding(CHECK, f"entry {begun.number}", Status.WARN, because))
    return tuple(found)


def page(model: str, ledger: Ledger) -> str:
    """Return the newest tenures as Markdown, newest first."""
    head = (
        "| version | in production (UTC) | cost per row | by | reason | rollback |\n|---|---|---|---|---|---|"
    )
    rows = "\n".join(_row(tenure, ledger) for tenure in list(reversed(ledger.tenures()))[:_MOST_ROWS])
    champion = ledger.champion
    now = "nothing is" if champion is None else f"version {champion} is"
    note = "Each parameter of this run is one entry and carries the sha256 of the one before it."
    return f"**{model}: {now} in production**\n\n{head}\n{rows}\n\n{note}\n"


def rollback_command_of(tenure: Tenure, ledger: Ledger) -> str:
    """Return the rollback target of the version in production; past tenures have none."""
    return "" if tenure.until else rollback_command(ledger)


def cost_of(reason: Reason) -> str:
    """Return the cost per row with its interval, as a person reads it; empty when it is not known.

    Examples
    --------
    >>> cost_of(Reason("promotion", "ann", "PASS", "PASS", {"cost": 2.5, "cost_low": 2.25, "cost_high": 3.0}))
    '2.5 [2.25, 3]'
    """
    return cost_text(reason.figures)


def cost_text(figures: Mapping[str, Figure]) -> str:
    """Return the same from the figures `cost`, `cost_low`, `cost_high` and `unit`."""
    known = [figures.get(name) for name in ("cost", "cost_low", "cost_high")]
    value, low, high = (f"{number:.4g}" if isinstance(number, (int, float)) else "" for number in known)
    return f"{value} [{low}, {high}] {figures.get('unit') or ''}".rstrip() if value else ""


def money_of(reason: Reason) -> str:
    """Return the same with what a row is: 2.5 [2.25, 3] EUR a flight; empty when it is not known."""
    cost = cost_of(reason)
    return f"{cost} {each(str(reason.figures.get('row') or 'row'))}" if cost else ""


def _chain(ledger: Ledger) -> Iterator[Finding]:
    for because in ledger.breaks:
        remedy = "see what is left, and go on by `logitgate doctor PROJECT --new-chain --reason TEXT`"
        yield Finding(CHECK, "chain", Status.FAIL, f"{because}: somebody has changed the ledger; {remedy}")
    if ledger.anchoring in _LOOSE and any(entry.format > 1 for entry in ledger.entries):
        because = f"{_LOOSE[ledger.anchoring]}; the next entry or `{REPAIR}` anchors it"
        yield Finding(CHECK, "anchor", Status.WARN, because)
    if not ledger.breaks:
        because = f"{ledger.last} entries follow from one another"
        yield Finding(CHECK, "chain", Status.PASS, because, {"entries": ledger.last, "head": ledger.head})


def _champion(ledger: Ledger, now: Production) -> Iterator[Finding]:
    state, because = state_of(ledger, now), production_state.because(ledger, now)
    remedy = production_state.remedy(ledger, now)
    status = {State.SOUND: Status.PASS, State.NONE: Status.PASS, State.UNFINISHED: Status.WARN}
    because = f"{because}; {remedy}" if remedy else because
    yield Finding(CHECK, "champion", status.get(state, Status.FAIL), because, {"state": state.value})
    for tenure in ledger.proven():
        if tenure.entry.kind is Kind.FOUND and tenure.act == "discovery":
            found = "was found in production and had not been put there by a promotion"
            yield Finding(CHECK, f"version {tenure.version}", Status.WARN, found)


def _previous(ledger: Ledger, now: Production) -> Iterator[Finding]:
    back = ledger.rollback_target()
    target = back.release if back else None
    if target is not None and target in now.damage:
        because = f"is {named(target)}, but {now.damage[target]}; restore its files, or name another by --to"
        yield Finding(CHECK, "previous", Status.FAIL, because)
    if _are_same(now.previous, target) or ledger.open is not None or (target and not now.holds(target)):
        return
    done = [entry for entry in ledger.entries if entry.kind is Kind.DONE]
    if done and done[-1].format == 1 and now.previous and now.previous.version == done[-1].previous:
        because = f"is {named(now.previous)}, which an earlier logitgate has set; the next move sets it right"
        yield Finding(CHECK, "previous", Status.WARN, because)
        return
    because = f"is {named(now.previous)}, moved by hand: the target is {named(target)}; see `{REPAIR}`"
    yield Finding(CHECK, "previous", Status.FAIL, because)


def _versions(ledger: Ledger, now: Production) -> Iterator[Finding]:
    if state_of(ledger, now) is State.OTHER_REGISTRY:
        return
    newest = {tenure.version: tenure.release for tenure in ledger.tenures()}
    for version, release in newest.items():
        there = now.versions.get(version)
        if there is None:
            because = "was in production and is deleted; a rollback cannot restore it"
            yield Finding(CHECK, f"version {version}", Status.WARN, because)
        elif not release.is_same(there):
            what = "another digest" if there.digest != release.digest else "another run"
            because = f"has {what} than when it was put into production"
            yield Finding(CHECK, f"version {version}", Status.FAIL, because)


def _are_same(one: Release | None, other: Release | None) -> bool:
    return one is other if one is None else one.is_same(other)


def _row(tenure: Tenure, ledger: Ledger) -> str:
    reason, until = tenure.entry.reason, tenure.until
    spell = f"{tenure.since:%Y-%m-%d %H:%M} to {f'{until:%Y-%m-%d %H:%M}' if until else 'now'}"
    cells = (
        f"{tenure.version}",
        spell,
        cost_of(reason),
        reason.actor,
        f"{reason.act}: {reason.because}",
        rollback_command_of(tenure, ledger),
    )
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("\n", " ")[:_LONGEST_CELL].replace("|", "\\|")
