"""Findings as JUnit XML."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from logitgate.catalogue import Check
from logitgate.findings import Finding, Status
from logitgate.gates.verdict.junit import junit_xml, refusal

ONE_OF_EACH = [Finding(Check.RUN, status.value.lower(), status, f"because {status}") for status in Status]


def cases(findings):
    """Read the XML back: the element of each test case by its name, beside the suite."""
    suite = ET.fromstring(junit_xml("flights", findings)).find("testsuite")  # noqa: S314 - our own
    return {case.get("name"): case for case in suite}, suite


def test_each_status_has_its_element():
    """FAIL fails, INDETERMINATE is an error, INSUFFICIENT is skipped, WARN passes and is reported."""
    found, suite = cases(ONE_OF_EACH)
    got = {name: [child.tag for child in case] for name, case in found.items()}
    assert got == {
        "pass": [],
        "warn": ["system-out"],
        "insufficient": ["skipped"],
        "indeterminate": ["error"],
        "fail": ["failure"],
    }
    counts = {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped")}
    assert counts == {"name": "flights", "tests": "5", "failures": "1", "errors": "1", "skipped": "1"}
    assert found["fail"].get("classname") == "logitgate"
    assert found["fail"][0].get("message") == "because FAIL"


@given(st.text(st.characters()))
def test_any_text_is_well_formed(text):
    """Markup and control characters in a name or a reason cannot break the file."""
    (case,) = cases([Finding(text, "x", Status.FAIL, text)])[0].values()
    assert case.get("name") == "x" and len(case[0].get("message")) == len(text)


def test_markup_is_escaped():
    """A reason that looks like an element is text."""
    found, _ = cases([Finding(Check.SLICES, "a < b & c", Status.FAIL, "<script>alert('x')</script>")])
    assert found["a < b & c"][0].text == "<script>alert('x')</script>"


def test_a_refusal_stops():
    """A command that never came to a verdict is an error in the report."""
    found, suite = cases([refusal("the store cannot be reached")])
    assert suite.get("errors") == "1" and found["run"][0].tag == "error"
