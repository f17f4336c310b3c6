import json
from itertools import product

import numpy as np
import pytest

from logitgate.catalogue import Check
from logitgate.findings import Finding, Status, Verdict


def finding(status, check=Check.BASELINES, subject="model"):
    """Return a finding of this status."""
    return Finding(Check(check), subject, status, "because")


@pytest.mark.parametrize(("first", "second"), list(product(Status, repeat=2)))
def test_the_worst_finding_decides(first, second):
    """FAIL beats INDETERMINATE beats everything that does not stop, in either order."""
    found = {first, second}
    expected = (
        Status.FAIL
        if Status.FAIL in found
        else Status.INDETERMINATE
        if Status.INDETERMINATE in found
        else Status.PASS
    )
    assert Verdict((finding(first), finding(second))).status is expected


def test_only_fail_and_indeterminate_stop():
    """Warnings and slices too small to tell are shown and stop nothing."""
    assert {status for status in Status if status.stops} == {Status.FAIL, Status.INDETERMINATE}


def test_nothing_looked_at_does_not_pass():
    """A verdict without findings is indeterminate."""
    assert Verdict(()).status is Status.INDETERMINATE


def test_a_required_check_that_left_no_finding_is_indeterminate():
    """What was required and not looked at stops, and is named."""
    verdict = Verdict.of(
        [finding(Status.PASS, "cost")], required=[Check.COST, Check.SLICES, Check.CALIBRATION]
    )
    assert verdict.status is Status.INDETERMINATE
    assert [reason.check for reason in verdict.reasons] == ["calibration", "slices"]
    assert Verdict.of([finding(Status.PASS, "cost")], required=[Check.COST]).status is Status.PASS


def test_reasons_are_the_findings_that_stop():
    """A refusal lists every finding that stops, and no other."""
    findings = tuple(finding(status, subject=status.value) for status in Status)
    assert [reason.subject for reason in Verdict(findings).reasons] == ["INDETERMINATE", "FAIL"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float64("nan")])
def test_figures_that_are_not_finite_become_null(value):
    """JSON has no NaN; the rest of the figures stays as it is."""
    figures = {"undefined": value, "value": 0.5, "rows": 3, "unit": "EUR", "known": True, "absent": None}
    plain = Finding(Check.COST, "model", Status.PASS, "because", figures).as_json()
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text)["figures"] == figures | {"undefined": None}
    assert json.loads(text)["status"] == "PASS"
