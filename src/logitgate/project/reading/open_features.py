"""Features that a project file leaves open: "all", "all except a, b", and `"auto"` for one of the two kinds.

They are replaced by lists of columns before the file is checked, so that everything else knows lists alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from ...errors import ProjectError

FeatureKind: TypeAlias = Literal["numeric", "categorical"]
_ALL, _EXCEPT, _AUTO = "all", "all except ", "auto"
_HOW = 'write features = "all", "all except a, b", or lists of columns'


def is_open(plain: Mapping[str, Any]) -> bool:
    """Return whether the features of a project, as TOML gives it, depend on its table.

    Examples
    --------
    >>> is_open({"features": "all except name"}), is_open({"features": {"numeric": ["age"]}})
    (True, False)
    """
    written = plain.get("features")
    if isinstance(written, str):
        return True
    return isinstance(written, Mapping) and (
        "all_except" in written or _AUTO in (_given(written, k) for k in _KINDS)
    )


_KINDS: tuple[FeatureKind, FeatureKind] = ("numeric", "categorical")


def closed(plain: Mapping[str, Any], kinds: Mapping[str, FeatureKind | None]) -> dict[str, Any]:
    """Return the same project with its features as lists.

    Parameters
    ----------
    plain : mapping
        A project as TOML gives it.
    kinds : mapping of str to "numeric", "categorical" or None
        Every column of the table, and what kind of feature it can be; None for dates and lists.

    Raises
    ------
    ProjectError
        When the form is none of those known, or excepts a column that the table does not have.

    Examples
    --------
    >>> kinds = {"id": "numeric", "age": "numeric", "job": "categorical", "late": "categorical"}
    >>> plain = {"columns": {"id": "id"}, "outcome": {"column": "late"}, "features": "all except job"}
    >>> closed(plain, kinds)["features"]
    {'numeric': ['age'], 'categorical': []}
    """
    written = _as_table(plain["features"])
    excepted = written.pop("all_except", None)
    names = _names(excepted, kinds)
    every = excepted is not None
    given = {kind: written.get(kind, _AUTO if every else ()) for kind in _KINDS}
    listed = {name for lists in given.values() if lists != _AUTO for name in lists}
    taken = {*_roles(plain), *names, *listed}
    lists = {
        kind: [name for name in kinds if kinds[name] == kind and name not in taken]
        if given[kind] == _AUTO
        else list(given[kind])
        for kind in _KINDS
    }
    return {**plain, "features": {**written, **lists}}


def add_open_forms(schema: dict[str, Any]) -> None:
    """Let a JSON Schema of projects allow the open forms beside the lists."""
    whole, section = schema["properties"]["features"], schema["$defs"]["FeaturesConfig"]["properties"]
    schema["properties"]["features"] = {
        "anyOf": [whole, {"type": "string", "pattern": f"^{_ALL}( except .+)?$"}]
    }
    for kind in _KINDS:
        listed = {key: section[kind].pop(key) for key in ("type", "items")}
        section[kind]["anyOf"] = [listed, {"const": _AUTO}]
    section["all_except"] = {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Every column without another role is a feature, but for these.",
    }


def _as_table(written: str | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(written, str):
        return dict(written)
    if written.strip() == _ALL:
        return {"all_except": []}
    if written.startswith(_EXCEPT):
        return {"all_except": [name.strip() for name in written.removeprefix(_EXCEPT).split(",")]}
    raise ProjectError("features", f"'{written}' is none of the forms", _HOW)


def _names(excepted: object, kinds: Mapping[str, FeatureKind | None]) -> list[str]:
    names = [] if excepted is None else excepted
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProjectError("features.all_except", "is no list of columns", 'write ["name", "mail"]')
    for name in names:
        if name not in kinds:
            rule = f"names '{name}', which the table does not have"
            raise ProjectError("features", rule, "correct the name, or take it out")
    return names


def _given(written: Mapping[str, Any], kind: FeatureKind) -> object:
    value = written.get(kind)
    return value if isinstance(value, str) else None


def _roles(plain: Mapping[str, Any]) -> Iterable[str]:
    """Yield every column with another role, however faulty the rest of the file is."""
    columns, outcome = plain.get("columns", {}), plain.get("outcome", {})
    for value in columns.values() if isinstance(columns, Mapping) else ():
        yield from value if isinstance(value, list) else [value]
    if isinstance(outcome, Mapping):
        yield str(outcome.get("column"))
