"""How dates and times are written in text and numbers: formats of `strptime`, and counts since 1970."""

from __future__ import annotations

from datetime import datetime

EPOCHS = {
    "epoch seconds": 1_000_000,
    "epoch milliseconds": 1_000,
    "epoch microseconds": 1,
}
"""Microseconds in a unit, for moments that are counted since 1970-01-01 in UTC."""


def problem(form: str) -> str | None:
    """Return what is wrong with a declared format, or None.

    Examples
    --------
    >>> problem("%d/%m/%Y"), problem("epoch seconds")
    (None, None)
    >>> problem("day/month")
    "'day/month' is no format; write it like '%d/%m/%Y', 'epoch seconds' or 'epoch milliseconds'"
    """
    if form in EPOCHS:
        return None
    wrong = f"'{form}' is no format; write it like '%d/%m/%Y', 'epoch seconds' or 'epoch milliseconds'"
    if "%" not in form:
        return wrong
    try:
        # A format that reads what it has written, and does not lose the year, is one.
        same = datetime.strptime(datetime(2013, 12, 31).strftime(form), form)
    except ValueError:
        return wrong
    return None if same.date() == datetime(2013, 12, 31).date() else wrong


def read(text: str, form: str) -> datetime | None:
    """Parse a text by a format, or return None when it does not match."""
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
