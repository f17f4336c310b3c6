"""Findings as JUnit XML, which every continuous-integration service can show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from ...catalogue import Check
from ...findings import Finding, Status

_TOLD = {Status.FAIL: "failure", Status.INDETERMINATE: "error", Status.INSUFFICIENT: "skipped"}
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no place for."""


def junit_xml(suite: str, findings: Iterable[Finding]) -> str:
    """Return one test case for each finding, the check as its class and the subject as its name.

    FAIL is a failure, INDETERMINATE an error, INSUFFICIENT is skipped; WARN passes and says why.

    Parameters
    ----------
    suite : str
        Usually the name of the model.
    findings : iterable of Finding
    """
    found = tuple(findings)
    numbers = {word: str(sum(one.status is status for one in found)) for status, word in _TOLD.items()}
    root = ET.Element("testsuites")
    counts = {"tests": str(len(found)), "failures": numbers["failure"], "errors": numbers["error"]}
    named = {"name": _clean(suite), **counts, "skipped": numbers["skipped"]}
    part = ET.SubElement(root, "testsuite", named)
    for one in found:
        case = ET.SubElement(part, "testcase", classname=_clean(one.check), name=_clean(one.subject))
        because = _clean(one.because)
        if one.status in _TOLD:
            ET.SubElement(case, _TOLD[one.status], message=because).text = because
        elif one.status is Status.WARN:
            ET.SubElement(case, "system-out").text = because
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def refusal(message: str) -> Finding:
    """Return the finding of a command that ended before it had a verdict."""
    return Finding(Check.RUN, "run", Status.INDETERMINATE, message)


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
