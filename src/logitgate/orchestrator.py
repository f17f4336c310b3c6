"""Which Prefect server is named, by whichever of Prefect's ways, and whether it is there; without its import.

Prefect reads its settings in seconds, and finds out in minutes that its server is gone.
"""

from __future__ import annotations

import base64
import os
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from .limits import ANSWER

ADDRESS = "PREFECT_API_URL"
"""Environment variable, and key of a profile and of a `.env` file, with the server's address."""

_PROFILE = "PREFECT_PROFILE"
_BROKEN = 500


def named_server() -> str:
    """Return the address of the server that Prefect would use, or an empty text.

    It is looked for where Prefect does, in its order: the environment, `.env`, `prefect.toml` and
    `pyproject.toml` of the current folder, and the active profile.
    """
    if ADDRESS in os.environ:
        return os.environ[ADDRESS].strip()
    return next((address for address in _addresses() if address), "")


def why_unavailable(address: str) -> str | None:
    """Ask a server whether it can work; return the reason when it cannot, or does not say so in time."""
    try:
        question = _question(address)
    except ValueError:
        return "it is no address of a server"
    try:
        with urllib.request.urlopen(question, timeout=ANSWER.seconds):  # noqa: S310 - as the user named it
            return None
    except urllib.error.HTTPError as error:  # who asks for a name, or has no such page, is there
        return f"it answers {error.code}" if error.code >= _BROKEN else None
    except (OSError, HTTPException) as error:
        return _in_words(error)


def _in_words(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {ANSWER}"
    return getattr(cause, "strerror", None) or type(cause).__name__


def _question(address: str) -> urllib.request.Request:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("no address")
    place = parts.netloc.rpartition("@")[2]
    url = urlunsplit((parts.scheme, place, f"{parts.path.rstrip('/')}/ready", parts.query, ""))
    question = urllib.request.Request(url)  # noqa: S310 - as the user named it
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        question.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    return question


def _addresses() -> Iterator[str]:
    with suppress(OSError, ValueError):
        from dotenv import dotenv_values

        login = {name.upper(): value for name, value in dotenv_values(".env").items()}
        yield login.get(ADDRESS) or ""
    yield _within(_table(Path("prefect.toml")), "api", "url")
    yield _within(_table(Path("pyproject.toml")), "tool", "prefect", "api", "url")
    yield _of_the_profile()


def _of_the_profile() -> str:
    own = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser() / "profiles.toml"
    written = _table(Path(os.environ.get("PREFECT_PROFILES_PATH") or own).expanduser())
    active = os.environ.get(_PROFILE) or written.get("active")
    return _within(written, "profiles", active, ADDRESS) if isinstance(active, str) else ""


def _table(path: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError):
        return tomllib.loads(path.read_text(encoding="utf-8"))
    return {}


def _within(table: Mapping[str, Any], *keys: str) -> str:
    found: Any = table
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
