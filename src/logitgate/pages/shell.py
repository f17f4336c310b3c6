"""The shell of a page: template, style and script of a room put into one HTML file that asks no network.

A page's template extends `shell.html.j2`; its style follows `base.css` and its script `base.js`. Both are
allowed by their digests, everything else is refused by the Content-Security-Policy.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..evaluation.comparisons.words import amount
from ..findings import Figure
from . import charts

_SHARED = Path(__file__).parent / "templates"
_BIG = 1_000


def rendered(templates: Path, name: str, values: Mapping[str, object]) -> str:
    """Write a page.

    Parameters
    ----------
    templates : path
        The folder of `NAME.html.j2` and of the page's styles and scripts, which are part of the package.
    name : str
    values : mapping
        What the template shows; every text is escaped.

    Returns
    -------
    str
        HTML, under a Content-Security-Policy that allows this page's own style and script alone.
    """
    style, script = (_own(templates, kind) for kind in ("css", "js"))
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    shared = {"style": style, "script": script, "policy": policy, "size": charts}
    return _environment(templates).get_template(f"{name}.html.j2").render({**values, **shared})


def number(value: Figure) -> str:
    """Write a figure for a person.

    Examples
    --------
    >>> number(0.123456), number(-1234567.8), number(None), number(True)
    ('0.1235', '-1,234,568', '', 'yes')
    """
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return "undefined"
    return f"{value:,.0f}" if abs(value) >= _BIG or isinstance(value, int) else f"{value:.4g}"


@cache
def _environment(templates: Path) -> Environment:
    found = Environment(
        loader=FileSystemLoader([templates, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": number, "money": amount}
    return found


@cache
def _own(templates: Path, kind: str) -> Markup:
    """Return the shared style or script and the page's own behind it, all parts of the package."""
    files = (_SHARED / f"base.{kind}", *sorted(templates.glob(f"*.{kind}")))
    return Markup("".join(file.read_text(encoding="utf-8") for file in files))  # noqa: S704 - no value in them


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
