"""Keeping secrets out of whatever is said: the passwords and tokens of URLs, and those that variables hold.

A URL is taken apart here and nowhere else. What looks like user information goes whole, up to the last `@`,
because a password may hold any sign, and a query or fragment goes from its first secret parameter on, because
what follows may belong to it. That can take a path with an `@` in it away; it never leaves half a password.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_STARS = "***"
_SHORTEST = 3  # shorter ones may be words
_SHORTEST_VALUE = 6  # of a variable that is named like a secret, and may say "false"
_TOKEN = 8
_URL = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s'"<>|]*""")
_WHOLE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+", re.DOTALL)
_EXAMPLE = re.compile(r"[a-z]+://user(:password)?@host\b[^@]*$")  # in a remedy
_PARTS = re.compile(r"[^\w.~!$*-]+")
_AUTHORITY = re.compile(r"[^:@/?#]*(:\d*)?([/?#].*)?", re.DOTALL)
_NAMES = (
    "password|passwd|passphrase|passcode|pwd|pass|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    "|credential|authorization|auth[_-]?string|signature|session[_-]?key"
)
_SECRET_PARAMETER = re.compile(rf"({_NAMES})s?$|^(key|auth|sig|pw|sas|code)$", re.IGNORECASE)
_SECRET_VARIABLE = re.compile(rf"({_NAMES})s?$", re.IGNORECASE)
_SHELLS = frozenset({"PWD", "OLDPWD"})  # the current folder and the one before
_OURS = ("LOGITGATE_", "MLFLOW_", "PREFECT_")
_ADDRESSES = "LOGITGATE_NOTIFY"  # its URLs carry tokens where others have a host and a path
_PUBLIC = re.compile(r"localhost|[a-z]*|[\d.]*|(json|xml|form|https?|mailtos?)s?://.*", re.IGNORECASE)


def redacted(url: str) -> str:
    """Return a URL as it may be shown: without user information and without secret parameters.

    Examples
    --------
    >>> redacted("postgresql://me:a/b@c@db:5432/mlflow?sslmode=require&password=x&y")
    'postgresql://db:5432/mlflow?sslmode=require'
    >>> redacted("sqlite:////home/me@work/mlflow.db")
    'sqlite:////home/me@work/mlflow.db'
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    shown, secret = _without_parameters(rest)
    if "@" in secret and "@" not in shown and not _AUTHORITY.fullmatch(shown):
        shown = _STARS  # perhaps the beginning of a password
    if not shown.startswith("/"):  # a file has no user
        shown = shown.rpartition("@")[2]
    return f"{scheme}://{shown}"


def without_secrets(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Take the secrets of every URL in a text out, and those that the environment holds.

    Parameters
    ----------
    text : str
        Such as what a driver says about an address that it did not understand.
    environment : mapping of str to str, optional
        The process's own, unless it is given.

    Examples
    --------
    >>> store = {"MLFLOW_TRACKING_URI": "http://me:mellon/7@host"}
    >>> without_secrets("host='me', no port 'mellon'; see http://me:mellon/7@host", store)
    "host='me', no port '***'; see http://host"
    """
    known = os.environ if environment is None else environment
    holding = (
        (name, value) for name, value in known.items() if _has_url(name, value) or _is_secret(name, value)
    )
    urls, secrets = _known(tuple(sorted(holding)))
    for url in urls:
        text = text.replace(url, redacted(url))
    text = _URL.sub(lambda found: found[0] if _EXAMPLE.match(found[0]) else redacted(found[0]), text)
    return secrets.sub(_STARS, text) if secrets else text


@lru_cache(maxsize=4)
def _known(variables: tuple[tuple[str, str], ...]) -> tuple[list[str], re.Pattern[str] | None]:
    """Return all URLs of the variables, and what finds their secrets in any way of writing them."""
    urls: set[str] = set()
    plain: set[str] = set()
    for name, value in variables:
        is_ours = name.startswith(_OURS)
        is_one = name != _ADDRESSES and (is_ours or _WHOLE.fullmatch(value))
        found = [value] if is_one else value.split() if is_ours else _URL.findall(value)
        urls.update(found)
        for url in found:
            plain.update(_of_url(url, is_ours=is_ours))
            plain.update(_tokens(url) if name == _ADDRESSES else ())
        if _is_secret(name, value):
            plain.update((value, *value.split(":")[1:]))
    written = {way for secret in plain for way in _written(secret) if len(way) >= _SHORTEST}
    longest_first = sorted(written, key=lambda way: (-len(way), way))
    # Libraries write host names small, so case does not count.
    pattern = "|".join(re.escape(way) for way in longest_first)
    finder = re.compile(pattern, re.IGNORECASE) if pattern else None
    return sorted(urls, key=len, reverse=True), finder


def _has_url(name: str, value: str) -> bool:
    return "://" in value or ("@" in value and name.startswith(_OURS))  # the scheme was forgotten


def _is_secret(name: str, value: str) -> bool:
    is_named = _SECRET_VARIABLE.search(name) is not None and name not in _SHELLS
    return is_named and len(value) >= _SHORTEST_VALUE


def _without_parameters(rest: str) -> tuple[str, str]:
    """Return what stands before the first secret parameter, and it with all that follows."""
    start = _next(rest, "?#", 0)
    while start >= 0:
        end = _next(rest, "&;#?", start + 1)
        name = rest[start + 1 : end if end >= 0 else None].partition("=")[0]
        if _SECRET_PARAMETER.search(unquote(name)):
            return rest[:start], rest[start + 1 :]
        start = end
    return rest, ""


def _next(text: str, signs: str, start: int) -> int:
    """Return where the first of the signs stands from `start` on, -1 where none does."""
    return min((at for at in (text.find(sign, start) for sign in signs) if at >= 0), default=-1)


def _of_url(url: str, *, is_ours: bool) -> Iterator[str]:
    """Yield the passwords of a URL, whole and in the parts that a reader may make of them.

    In a URL that is not ours, an `@` in a path makes no user of the host.
    """
    rest = url.partition("://")[2] or url
    before, parameter = _without_parameters(rest)
    user, found, _ = (before if "@" in before else rest).rpartition("@")
    is_path = "/" in user and not set(":@") & set(user)
    if found and not rest.startswith("/") and (is_ours or not is_path):
        name, _, password = user.partition(":")
        is_token = url.lower().startswith("http")  # alone, before a database, it is a user's name
        yield password or (name if is_token else "")
        names = [piece for piece in _PARTS.split(name) if piece]
        yield from names[1:] if password or len(names) > 1 or not is_token else names
        yield from (piece for piece in _PARTS.split(password) if piece not in names[:1])
    if parameter:
        value = parameter.partition("=")[2]
        yield from (value, *_PARTS.split(value))


def _tokens(url: str) -> Iterator[str]:
    """Yield what of a notification's address may be a token."""
    host, *path = url.partition("://")[2].rpartition("@")[2].split("/")
    pieces = [piece for part in path for piece in _PARTS.split(part)]
    pieces += [] if _PUBLIC.fullmatch(url) else _PARTS.split(host)
    yield from (piece for piece in pieces if len(piece) >= _TOKEN and not _PUBLIC.fullmatch(piece))


def _written(secret: str) -> Iterator[str]:
    for plain in {secret, unquote(secret), unquote_plus(secret)}:
        yield from (plain, quote(plain, safe=""), quote(plain), quote_plus(plain))
        yield from (json.dumps(plain)[1:-1], repr(plain)[1:-1])
