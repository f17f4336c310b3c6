"""What the name of a column says about it."""

from __future__ import annotations

import re
import unicodedata

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_ID = {
    "id",
    "ids",
    "uuid",
    "guid",
    "key",
    "number",
    "no",
    "nr",
    "num",
    "code",
    "ref",
    "pk",
    "index",
    "row",
    "case",
    "record",
}
_ENTITY = {
    *(
        "customer",
        "client",
        "patient",
        "user",
        "account",
        "member",
        "device",
        "machine",
        "driver",
        "household",
    ),
    *(
        "tailnum",
        "aircraft",
        "vehicle",
        "person",
        "subject",
        "employee",
        "student",
        "merchant",
        "supplier",
        "kunde",
    ),
    *("kunden", "policy", "contract", "host", "sensor"),
}
_PERSONAL = {
    *(
        "mail",
        "email",
        "phone",
        "tel",
        "telephone",
        "mobile",
        "fax",
        "surname",
        "lastname",
        "firstname",
        "vorname",
    ),
    *(
        "nachname",
        "fullname",
        "address",
        "street",
        "strasse",
        "iban",
        "ssn",
        "passport",
        "birthdate",
        "birthday",
    ),
    *("dob", "ip", "birth", "geburtsdatum", "adresse", "telefon", "maiden"),
}
_PERSONS_NAME = {
    ("first", "name"),
    ("last", "name"),
    ("full", "name"),
    ("family", "name"),
    ("given", "name"),
    ("customer", "name"),
    ("client", "name"),
    ("patient", "name"),
    ("name",),
}
_CODE = {
    *(
        "code",
        "type",
        "class",
        "category",
        "cat",
        "group",
        "grp",
        "region",
        "zone",
        "status",
        "kind",
        "segment",
    ),
    *(
        "month",
        "weekday",
        "dow",
        "plan",
        "branch",
        "zip",
        "plz",
        "postcode",
        "postal",
        "sector",
        "channel",
        "area",
    ),
    *(
        "district",
        "state",
        "country",
        "store",
        "shop",
        "gender",
        "sex",
        "flag",
        "dept",
        "department",
        "product",
        "id",
    ),
}


def words(name: str) -> tuple[str, ...]:
    """Return the words of a column's name.

    Examples
    --------
    >>> words("customerID"), words("e_mail 2")
    (('customer', 'id'), ('e', 'mail', '2'))
    """
    return tuple(part.lower() for part in _PARTS.findall(name))


def names_rows(name: str) -> bool:
    """Whether a name is that of an id."""
    return bool(_ID & set(words(name)))


def names_entity(name: str) -> bool:
    """Whether a name is that of who or what a row is about."""
    return bool((_ENTITY | {"id", "uuid", "guid"}) & set(words(name)))


def names_person(name: str) -> bool:
    """Whether a name is that of something by which a person can be found."""
    found = words(name)
    joined = {"".join(found), *found}
    return bool(_PERSONAL & joined) or found in _PERSONS_NAME


def names_code(name: str) -> bool:
    """Whether a name is that of a code, whose numbers say which and not how much."""
    return bool(_CODE & set(words(name)))


def project_name(text: str) -> str:
    """Return a project's name from a file's.

    Examples
    --------
    >>> project_name("Verträge 2024 (final)"), project_name("2024")
    ('vertrage-2024-final', 'project-2024')
    """
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9_]+", "-", latin.lower()).strip("-_")
    return (plain if plain[:1].isalpha() else f"project-{plain}".rstrip("-"))[:63]
