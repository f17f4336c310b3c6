"""The project file of a guess: what was found with its evidence, what only the owner knows as ASK."""

from __future__ import annotations

from collections.abc import Iterator

from ..project.data import RowsConfig
from .guesses.guess import Guess
from .guesses.profiles import ColumnKind
from .guesses.roles import ColumnGuess, Role
from .toml_text import comment, line, listed, section, value

_SLICED_LEVELS, _SLICES = 6, 2


def project_text(guessed: Guess, path: str) -> str:
    """Write the project file.

    Parameters
    ----------
    guessed : Guess
    path : str
        Of the table, as seen from the project file; unused where the rows come from a query.
    """
    parts = (
        _head(guessed, path),
        section("rows", *_rows(guessed.rows, path)),
        section("rows.formats", *_formats(guessed)),
        section("rows.missing", *_missing(guessed)),
        section("columns", *_columns(guessed)),
        section("outcome", *_outcome(guessed)),
        section("features", *_features(guessed)),
        section("search", *_search(guessed)),
        section("split", *_split(guessed)),
        section("costs", *_costs(guessed)),
        section("slices", *_slices(guessed)),
        section("monitoring", *_monitoring(guessed)),
        section("contract", line("suite", f"{guessed.name}.contract.json")),
        _behaviour(),
    )
    return "\n".join(part for part in parts if part)


def _head(guessed: Guess, path: str) -> str:
    source = path if guessed.rows.query is None else "a query"
    rows, columns, file = guessed.look.rows, len(guessed.look.columns), f"{guessed.name}.toml"
    text = (
        f"Written by `logitgate init` from {source}: {rows:,} rows, {columns} columns. "
        "Each guess stands beside its evidence, and what only the owner can answer is marked ASK. "
        f"`logitgate validate {file}` checks the file, `logitgate gates {file}` shows its margins, "
        "docs/project-file.md lists all keys."
    )
    purpose = line("purpose", "", "ASK what is decided, about whom, and when, in a sentence")
    return "\n".join(
        ["#:schema ./logitgate.schema.json", comment(text), line("name", guessed.name), purpose, ""]
    )


def _rows(rows: RowsConfig, path: str) -> Iterator[str]:
    if rows.query is None:
        yield line("path", path)
    else:
        yield line("query", rows.query)
        yield line("url_env", str(rows.url_env))
    plain = RowsConfig.model_construct()
    for name in ("encoding", "separator", "quote", "decimal", "thousands"):
        found = getattr(rows, name)
        if found != getattr(plain, name):
            yield line(name, found, "as the cells are written")
    if rows.header_row > 1:
        yield f"header_row = {rows.header_row}  # the first line with as many cells as the others"
    if rows.unnamed:
        yield line("unnamed", rows.unnamed, "one column has no name")
    if rows.missing_everywhere:
        yield line(
            "missing_everywhere", list(rows.missing_everywhere), "texts that stand where a value is missing"
        )


def _formats(guessed: Guess) -> Iterator[str]:
    for name, form in guessed.rows.formats.items():
        other = guessed.look.columns[name].other_form
        yield line(name, form, f"ASK {other} reads every cell as well" if other else "reads every cell")


def _missing(guessed: Guess) -> Iterator[str]:
    for name, tokens in guessed.rows.missing.items():
        missing = guessed.look.columns[name].missing / guessed.look.rows
        because = f"{missing:.1%} of the rows"
        if name in guessed.sentinels:
            because = f"ASK frequent and far from every other number: {because}"
        yield line(name, list(tokens), because)


def _columns(guessed: Guess) -> Iterator[str]:
    roles, calendar = guessed.roles, guessed.calendar
    for role in (Role.ID, Role.ENTITY):
        for one in roles.of(role):
            if role is Role.ID and not one.profile.is_unique:
                yield comment(
                    f"ASK `{one.name}` does not name each row, so no id is declared ({one.because})"
                )
                continue
            yield line(str(role), one.name, one.because)
    if not roles.of(Role.ID):
        yield comment('ASK no column names each row; `id = "..."` declares the one that does')
    if calendar.time:
        yield line("time", calendar.time, f"{calendar.because}; {calendar.cadence}")
    else:
        yield comment(f"No time: {calendar.because}.")
    if calendar.cluster:
        yield line("cluster", calendar.cluster, "the rows of a day share its news, so they count as one")
    yield from _known_later(guessed)


def _known_later(guessed: Guess) -> Iterator[str]:
    if guessed.leaks:
        names = value([one.name for one in guessed.leaks])
        aucs = ", ".join(f"{one.name} {one.auc:.3f}" for one in guessed.leaks)
        yield comment(
            f"ASK known only after the outcome? The AUC of each alone: {aucs}. If so, take the mark off the "
            "next line and the column out of the features; if not, say under [gates.leakage.trusted] how it "
            "is known before."
        )
        yield f"# known_after_outcome = {names}"
    if guessed.known_later:
        yield comment("Filled or empty by the outcome, and left out of the features:")
        yield line("known_after_outcome", list(guessed.known_later))


def _outcome(guessed: Guess) -> Iterator[str]:
    outcome = guessed.outcome
    yield line("column", outcome.column)
    because = f"ASK which value is the event? {outcome.because}" if outcome.question else outcome.because
    is_number = guessed.look.columns[outcome.column].kind is ColumnKind.NUMBER
    is_whole = outcome.event.lstrip("-").isdigit()
    yield line("event", int(outcome.event) if is_number and is_whole else outcome.event, because)
    if guessed.calendar.time:
        yield '# matures_after = "7 days"  # ASK how long after the decision the outcome is known'


def _features(guessed: Guess) -> Iterator[str]:
    for role in (Role.NUMERIC, Role.CATEGORICAL):
        yield listed(str(role), [(one.name, _feature_words(one, guessed)) for one in guessed.roles.of(role)])
    left = guessed.roles.of(Role.LEFT_OUT)
    if left:
        yield "# Left out:"
    for one in left:
        yield comment(f"`{one.name}`: {one.because}")


def _feature_words(one: ColumnGuess, guessed: Guess) -> str:
    aucs = {found.name: found.auc for found in (*guessed.leaks, *guessed.suspicious)}
    if one.name not in aucs:
        return one.because
    return f"{one.because}; ASK known at the decision? alone it has AUC {aucs[one.name]:.3f}"


def _search(guessed: Guess) -> Iterator[str]:
    numeric = len(guessed.roles.of(Role.NUMERIC))
    levels = sum(max(one.profile.distinct - 1, 1) for one in guessed.roles.of(Role.CATEGORICAL))
    curved, rarer = 3 * numeric + levels, guessed.outcome.rarer
    if rarer < 10 * curved:
        because = (
            f"{rarer:,} of the rarer outcome for {curved} coefficients of a curved form: fewer than ten each"
        )
        yield line("forms", ["linear"], because)


def _split(guessed: Guess) -> Iterator[str]:
    days = guessed.calendar.window_days
    if days is not None:
        yield line(
            "window", f"{days} days", "the shortest usual window with 5,000 rows, 1,000 of the rarer outcome"
        )


def _costs(guessed: Guess) -> Iterator[str]:
    asked = guessed.asked
    is_asked = asked.cost_miss is None or asked.cost_false_alarm is None
    because = (
        "ASK what each of the four really costs; the threshold follows from them" if is_asked else "as given"
    )
    yield line("true_positive", 0.0, "ASK what acting on an event costs, when it was right")
    yield line("false_positive", guessed.cost_false_alarm, because)
    yield line("true_negative", 0.0)
    yield line("false_negative", guessed.cost_miss, because)
    yield line("unit", "cost", "ASK the currency")


def _slices(guessed: Guess) -> Iterator[str]:
    taken = {one.name for one in (*guessed.leaks, *guessed.suspicious)}
    names = [
        one.name for one in guessed.roles.of(Role.CATEGORICAL) if one.name not in taken and _can_slice(one)
    ]
    if names:
        yield line(
            "columns", names[:_SLICES], "ASK which groups must not be harmed; few levels, each with many rows"
        )


def _can_slice(one: ColumnGuess) -> bool:
    counts = one.profile.counts[one.profile.counts > 0]
    return 2 <= len(counts) <= _SLICED_LEVELS and int(counts.min()) >= max(50, one.profile.rows // 20)


def _monitoring(guessed: Guess) -> Iterator[str]:
    if guessed.calendar.season:
        yield line("season", guessed.calendar.season, "the event rate follows it, by a third or more")


def _behaviour() -> str:
    text = (
        "ASK which decisions must come out right whatever the average is? Write them into cases.csv, and "
        "take the marks off these lines."
    )
    return "\n".join([comment(text), "# [behaviour]", '# cases = "cases.csv"', ""])


def case_header(guessed: Guess) -> str:
    """Return the header of a case file: its own columns, then the features."""
    names = [one.name for role in (Role.NUMERIC, Role.CATEGORICAL) for one in guessed.roles.of(role)]
    return ",".join(_csv(name) for name in ("case", "expect", "because", *names)) + "\n"


def _csv(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n\r') else name
