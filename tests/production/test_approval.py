"""A version that passed waits for a person, and is put into production by the same transaction."""

from datetime import UTC, datetime

import pytest

from logitgate.catalogue import Check
from logitgate.errors import ConflictError, ProjectError, RefusedError
from logitgate.findings import Finding, Status
from logitgate.monitoring import shadow
from logitgate.monitoring.performance.versus_rules import RULE
from logitgate.production.ledger.history import History
from logitgate.production.promotion.candidacy import propose
from logitgate.production.promotion.intents import settle
from logitgate.production.promotion.rollback import RollbackRequest, history, roll_back
from logitgate.production.promotion.transaction import PromotionRequest, carry_out
from logitgate.production.registry.model_files import register
from logitgate.production.registry.registry import (
    CANDIDATE,
    JUDGED_AGAINST,
    JUDGED_DIGEST,
    Label,
    by_alias,
)
from logitgate.production.release.approval import approve
from logitgate.production.release.retirement import retire
from logitgate.production.scoring.shadow_record import promote_from_shadow
from logitgate.production.standing import standing
from logitgate.project.reading.load import load_project
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note
from tests import projects
from tests.command import living_in, logitgate, opened
from tests.releases import BECAUSE, NAME, kinds, plain_shipment, production, promoted
from tests.services import listening
from tests.wording import refusal


@pytest.fixture
def project(tmp_path):
    """The project of the visits; its gates ask for approval."""
    return load_project(projects.write(tmp_path / "visits", projects.table(50), gates={"approval": True}))


def judged(store, against=None, **tags):
    """Register a version that its gates let through, judged against a champion; tags say otherwise."""
    passed = {"verdict": "PASS", "refused_by": "nobody", JUDGED_AGAINST: "none"}
    if against is not None:
        passed |= {JUDGED_AGAINST: str(against.version), JUDGED_DIGEST: against.digest}
    with training_run(store, NAME, Note("weekly")) as run:
        return register(run, NAME, plain_shipment(), Label("**PASS**", {**passed, **tags}))


def proposed(store, version, against=None):
    """Let a version await approval."""
    return propose(store, PromotionRequest(NAME, BECAUSE, version, against))


def candidate(store):
    """The number of the version that awaits approval."""
    found = by_alias(store, NAME, CANDIDATE)
    return found and found.version


def test_a_candidate_waits_and_is_approved_by_the_transaction(store, project, monkeypatch):
    """Nothing is in production before; then the ledger says who and why, verifies, and knows the way back."""
    first = judged(store)
    proposed(store, first)
    assert production(store) == (None, None) and candidate(store) == 1 and not kinds(store)
    assert standing(store, project).candidate == 1
    monkeypatch.setenv("LOGITGATE_ACTOR", "ann")
    moved = approve(store, project, 1, " the audit of May agrees ")
    assert (moved.version, moved.previous) == (1, None)
    assert production(store) == (1, None) and candidate(store) is None
    assert kinds(store) == [("intent", 1), ("done", 1)]
    second = judged(store, first)
    proposed(store, second, first)
    approve(store, project, 2, "cheaper")
    ledger, verdict = history(store, NAME)
    assert verdict.status == "PASS"
    got = History(NAME, ledger, verdict).as_json()["tenures"][0]
    assert (got["act"], got["actor"], got["reason"]) == ("approval", "ann", "the audit of May agrees")
    assert got["verdict"] == "PASS" and ledger.rollback_target().version == 1
    assert roll_back(store, NAME, RollbackRequest("dearer after all")).version == 1


def test_what_cannot_be_approved_is_refused(store, project, wording):
    """A version that is not there, that a gate refused, that is or was in production; and no reason."""
    first = judged(store)
    judged(store, verdict="FAIL", refused_by="calibration")
    for number, said in ((9, "not in the registry"), (2, "refused by calibration")):
        with pytest.raises(RefusedError, match=said):
            approve(store, project, number, "it is needed")
    with pytest.raises(ProjectError, match="--reason"):
        approve(store, project, 1, "  ")
    promoted(store, first)
    with pytest.raises(RefusedError, match="in production already"):
        approve(store, project, 1, "it is needed")
    second = judged(store, first)
    promoted(store, second, first)
    roll_back(store, NAME, RollbackRequest("bad"))
    wording(refusal(RefusedError, approve, store, project, 3, "it is needed"))
    assert production(store) == (1, None)


def test_evidence_against_another_champion_is_no_evidence(store, project, wording):
    """Neither for approval nor for waiting; and a move of the champion ends the waiting of all others."""
    first, rival = judged(store), judged(store)
    proposed(store, rival)
    promoted(store, first)
    assert candidate(store) is None
    wording(refusal(ConflictError, approve, store, project, 2, "it is needed"))
    with pytest.raises(ConflictError, match="train again"):
        proposed(store, rival)
    assert production(store) == (1, None)


def test_a_candidate_is_dropped_when_a_killed_approval_is_ended(store, project, monkeypatch):
    """The alias had moved when the process died; whoever comes next ends the intent and the waiting."""
    first = judged(store)
    proposed(store, first)
    with monkeypatch.context() as patch:
        patch.setattr("logitgate.production.registry.aliases.take_away", _die)
        with pytest.raises(KeyboardInterrupt):
            approve(store, project, 1, "it is needed")
    assert production(store) == (1, None) and candidate(store) == 1
    carry_out(store, PromotionRequest(NAME, BECAUSE), (settle,))
    assert candidate(store) is None and kinds(store)[-1] == ("done", 1)


def test_a_rule_and_a_shadow_that_won_await_approval_too(store, project):
    """Neither monitoring nor the shadow goes past the person; each is approved like a training's version."""
    first = judged(store)
    promoted(store, first)
    found = Finding(
        Check.NO_MODEL, "flag-none", Status.FAIL, "cheaper without", {RULE: "flag-none", "n": 900}
    )
    moved = retire(store, project, first.release, found, ("June", datetime(2021, 7, 1, tzinfo=UTC)))
    assert (moved.version, candidate(store), production(store)) == (2, 2, (1, None))
    third = judged(store, first, verdict="INDETERMINATE", refused_by=shadow.CHECK)
    with pytest.raises(RefusedError, match="refused by shadow"):
        approve(store, project, 3, "it is needed")
    won = Finding(shadow.CHECK, "version 3 against version 1", Status.PASS, "is proven cheaper")
    promote_from_shadow(store, project, 3, won)
    assert candidate(store) == third.version and production(store) == (1, None)
    assert approve(store, project, 2, "the rule will do").previous == 1
    assert production(store) == (2, 1) and candidate(store) is None
    with pytest.raises(ConflictError, match="train again"):
        approve(store, project, 3, "it is needed")


def _die(*_):
    raise KeyboardInterrupt


def test_a_training_waits_people_are_notified_and_one_of_them_approves(
    prefect_server, mlflow_template, tmp_path, monkeypatch
):
    """Exit 0 and a typed field; the same training again says what became of it."""
    visits = projects.write(tmp_path / "visits", projects.table(), gates={"approval": True})
    with living_in(tmp_path / "home", mlflow_template) as home, listening() as (address, bodies):
        monkeypatch.setenv("LOGITGATE_NOTIFY", f"json://{address}")
        waiting = logitgate("train", visits, "--json")
        assert (waiting.code, waiting.json["status"]) == (0, "PASS"), waiting.everything
        assert (waiting.json["promoted"], waiting.json["awaits_approval"]) == (False, True)
        assert waiting.json["champion"] is None and candidate(opened(home)) == 1
        assert [one["title"] for one in bodies] == ["logitgate: visits version 1 awaits approval"]
        assert logitgate("train", visits, "--json").json["awaits_approval"] is True
        approved = logitgate("approve", visits, 1, "--reason", "seen by the risk board", "--json")
        assert (approved.code, approved.json["version"]) == (0, 1), approved.everything
        again = logitgate("train", visits, "--json").json
        assert (again["promoted"], again["awaits_approval"], again["champion"]) == (True, False, 1)
        got = logitgate("history", visits, "--verify", "--json").json["tenures"][0]
        assert got["reason"] == "seen by the risk board" and got["figures"]["cost"] > 0
        assert "seen by the risk board" in logitgate_report(visits)
        assert logitgate("approve", visits, 1, "--reason", "once more").code == 1


def test_a_candidate_that_became_stale_is_judged_again_by_the_same_training(
    prefect_server, mlflow_template, tmp_path
):
    """Another version was approved meanwhile: the remedy of the refusal, training again, is no dead end."""
    rows, asks = projects.table(), {"gates": {"approval": True}}
    old = projects.write(tmp_path / "old", rows, **asks)
    new = projects.write(tmp_path / "new", rows.iloc[20:], **asks)
    with living_in(tmp_path / "home", mlflow_template) as home:
        assert logitgate("train", old, "--json").json["awaits_approval"] is True
        assert logitgate("train", new, "--json").json["awaits_approval"] is True
        assert candidate(opened(home)) == 2
        assert logitgate("approve", new, 2, "--reason", "the newer rows").code == 0
        refused = logitgate("approve", old, 1, "--reason", "the older rows")
        assert refused.code == 4 and "train again" in refused.everything
        again = logitgate("train", old, "--json").json
        assert (again["repeated"], again["version"], again["against"]) == (False, 1, 2)
        assert again["awaits_approval"] is (again["status"] == "PASS")
        assert (candidate(opened(home)) == 1) is again["awaits_approval"]


def logitgate_report(project):
    """The report page of the champion."""
    out = project.parent / "report.html"
    assert logitgate("report", project, "--out", out).code == 0
    return out.read_text("utf-8")
