"""`logitgate compare`: two registered versions, judged again on rows that neither was fitted on."""

import pytest

from tests import projects
from tests.command import logitgate, opened

WEAK = {"features": {"numeric": ["speed"]}}


@pytest.fixture(scope="module")
def road(home):
    """A strong first release, a weak challenger, and rows of which a fifth came after both."""
    folder = home.parent
    visits = projects.table(5_000, days=100)
    strong = projects.write(folder / "strong", visits)
    weak = projects.write(folder / "weak", visits, **WEAK)
    assert logitgate("train", strong, "--as-of", "2021-05-10", "--json").json["version"] == 1
    assert logitgate("train", weak, "--as-of", "2021-05-11", "--json").json["version"] == 2
    return home, strong


def compare(project, *words):
    """Compare, and return the answer."""
    return logitgate("compare", project, *words, "--json")


def test_the_better_version_passes_against_the_worse(road):
    """By the same gates and in the same form as a training; nothing is promoted."""
    home, project = road
    answer = compare(project, 2, 1, "--since", "2021-05-11")
    got = answer.json
    assert answer.code == 0, answer.everything
    assert (got["kind"], got["version"], got["against"]) == ("comparison", 1, 2)
    assert (got["status"], got["promoted"], got["champion"]) == ("PASS", False, 1)
    assert answer.findings("champion", stopping=False)["version 2"]["figures"]["upper"] < 0
    assert set(got["checks"]) >= {"rows", "contract", "baselines", "calibration", "slices", "champion"}
    assert {"champion", "slices"} <= set(got["exhibits"])
    client = opened(home).client
    run = client.get_run(got["run_id"])
    assert run.data.tags["kind"] == "comparison" and run.info.status == "FINISHED"
    assert run.data.metrics["test.n"] == got["test"]["n"]
    assert {one.path for one in client.list_artifacts(got["run_id"])} >= {"verdict.json", "evidence.md"}
    assert [int(one.version) for one in client.search_model_versions("name='visits'")] == [2, 1]


def test_the_worse_version_is_refused(road):
    """Exit 1, and the champion's gate says why."""
    _, project = road
    answer = compare(project, 1, 2, "--since", "2021-05-11")
    assert answer.code == 1
    assert answer.findings("champion")["version 1"]["status"] in ("FAIL", "INDETERMINATE")


def test_rows_that_a_version_was_fitted_on_are_left_out(road):
    """Over all rows only those remain that neither has learned from, the judged rows of both among them."""
    _, project = road
    whole, late = compare(project, 2, 1), compare(project, 2, 1, "--since", "2021-05-11")
    rows = whole.findings("rows", stopping=False)["unseen rows"]["figures"]
    assert (
        rows["left_out"] > 1_500
        and late.findings("rows", stopping=False)["unseen rows"]["figures"]["left_out"] == 0
    )
    assert whole.json["test"]["n"] == rows["used"] > late.json["test"]["n"]


def test_a_span_that_both_were_fitted_on_judges_neither(road):
    """It is refused with the remedy, and no check that was not reached passes."""
    _, project = road
    answer = compare(project, 1, 2, "--until", "2021-03-20")
    assert answer.code == 1
    assert "later or longer span" in answer.findings("rows")["unseen rows"]["because"]
    assert answer.json["checks"]["champion"] == "INDETERMINATE"


def test_an_empty_span_is_a_finding(road):
    """No row is left: refused, and the run says so."""
    _, project = road
    answer = compare(project, 1, 2, "--since", "2029-01-01")
    assert answer.code == 1
    assert any("no row is left" in one["because"] for one in answer.findings("rows").values())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((1, 1), 2, "cannot be compared with itself"),
        ((1, 9), 1, "is not in the registry"),
        ((9, 1), 1, "is not in the registry"),
        ((1, 2, "--since", "soon"), 2, "--since: 'soon' is not a date"),
        ((1, 2, "--until", "32.13."), 2, "--until: '32.13.' is not a date"),
        ((1, 2, "--since", "2021-05-02", "--until", "2021-05-02"), 2, "is not before --until"),
    ],
)
def test_what_cannot_be_compared_is_refused(road, words, code, said):
    """With its reason, before anything is judged."""
    _, project = road
    answer = compare(project, *words)
    assert (answer.code, said in answer.json["error"]) == (code, True), answer.everything


def test_a_span_needs_a_time(road, tmp_path):
    """A project without a time column can be compared on all rows only."""
    changed = projects.write(
        tmp_path,
        projects.table(200),
        columns={"time": None, "cluster": None},
        outcome={"matures_after": None},
        split={"by": "random"},
    )
    answer = compare(changed, 1, 2, "--since", "2021-05-11")
    assert answer.code == 2 and "declares none" in answer.json["error"]


def test_a_person_reads_the_same_table(road):
    """The verdict, the figures, and that nothing was promoted."""
    _, project = road
    answer = logitgate("compare", project, 2, 1, "--since", "2021-05-11")
    assert answer.code == 0
    assert "Better: version 1" in answer.out and "Nothing was promoted" in answer.out
    assert "unseen rows" in logitgate("compare", project, 2, 1, "--since", "2021-05-11", "--all").out
