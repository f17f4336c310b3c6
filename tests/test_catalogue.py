"""The catalogue of checks: every check has its texts, its code, and a place in the documentation."""

import re
from pathlib import Path

import pytest

from logitgate.catalogue import Check, Road, required

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"


def test_the_page_explains_each_check_and_no_other():
    """Headings are the codes, so that each code is an anchor."""
    headings = re.findall(r"^### (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(check.code for check in Check)


@pytest.mark.parametrize("check", Check)
def test_each_check_has_texts_and_an_anchor(check):
    """An anchor is the heading in small letters."""
    assert check.about.title and check.about.question
    assert check.documented == f"docs/findings.md#{check.code.lower()}"


@pytest.mark.parametrize("road", Road)
def test_what_is_required_is_required_once(road):
    """Rows or a contract stand at the beginning of each road."""
    checks = required(road)
    assert len(set(checks)) == len(checks) > 5
    assert Check.CONTRACT in checks


def test_codes_are_unique():
    """Two checks never share an anchor."""
    assert len({check.code for check in Check}) == len(Check)
