"""A challenger in the shadow: what is counted of both, what is demanded, how it is promoted from there."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from logitgate.data.sampling.row_hashes import FittedRows, scheme_of
from logitgate.decision.rule import Decision
from logitgate.errors import DataError
from logitgate.evaluation.confidence_sequence import Sums
from logitgate.findings import Status
from logitgate.monitoring.shadow import ScoredPair, Shadow, by_unit, not_yet, shadow_finding, shadow_of
from logitgate.production.scoring.shadow_record import ShadowTable, counted
from logitgate.project.project import Project
from tests import projects
from tests.command import living_in, logitgate, opened
from tests.wording import refusal

DEMANDED = {"gates": {"shadow": {"demanded": True, "units": 20}}}
LATE = datetime(2022, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def project():
    """A project that demands a shadow of 20 days."""
    return Project.model_validate(projects.plain(**DEMANDED))


@pytest.fixture(scope="module")
def visits():
    """Rows with their outcome."""
    return projects.table(1_000)


def _pair(rows, project, *, fitted_on=None, every=10):
    """The champion flags no row, the challenger each tenth row; both know no row unless given."""
    none = FittedRows(scheme_of(project), np.empty(0, dtype=np.uint64))
    flags = np.arange(rows) % every == 0
    half = np.full(rows, 0.5)

    def decided(flagged):
        return Decision(half, half, flagged, np.full(rows, 1.5), np.full(rows, 4.0))

    return ScoredPair(decided(np.zeros(rows, dtype=bool)), decided(flags), (fitted_on or none, none)), flags


def test_disagreements_are_counted_by_day_and_weighted_by_cost(visits, project):
    """Rows, disagreements, stakes, and what the challenger's decisions cost beyond the champion's."""
    pair, flags = _pair(len(visits), project)
    units = by_unit(visits, pair, project, LATE)
    event = (visits["bad"] == "yes").to_numpy()
    expected = np.where(flags, np.where(event, 1.0 - 8.0, 2.0 - 0.0), 0.0)
    assert len(units) == visits["day"].nunique()
    assert units["difference"].to_dict() == pytest.approx(
        pd.Series(expected).groupby(visits["day"]).sum().to_dict()
    )
    shadow = shadow_of(units)
    assert (shadow.different.rows, shadow.different.total) == (1_000, 100)
    assert (shadow.stake.total, shadow.difference.rows) == (250.0, 1_000)
    halves = [
        by_unit(visits.iloc[part], _part(pair, part), project, LATE)
        for part in (slice(333), slice(333, None))
    ]
    assert shadow_of(pd.concat(halves)).as_json() == {
        name: pytest.approx(values) for name, values in shadow.as_json().items()
    }
    assert Shadow.from_json(shadow.as_json()) == shadow


@pytest.mark.parametrize(
    "coded", [{"yes": "1", "no": "0"}, {"yes": "Y", "no": "N"}, {"yes": "YES", "no": "no"}], ids=str
)
def test_outcomes_of_another_code_are_refused_and_not_counted_as_no_event(visits, project, coded, wording):
    """Padded ones mean the same; counted as none, the event would turn the proof around."""
    outcome = project.outcome.model_copy(update={"non_event": "no"})
    known = project.model_copy(update={"outcome": outcome})
    pair, _ = _pair(len(visits), project)
    sound = shadow_of(by_unit(visits, pair, known, LATE))
    padded = visits.assign(bad=visits["bad"].str.pad(6, side="right"))
    assert shadow_of(by_unit(padded, pair, known, LATE)).as_json() == sound.as_json()
    recoded = visits.assign(bad=visits["bad"].map(coded))
    wording(refusal(DataError, by_unit, recoded, pair, known, LATE))


def _part(pair, part):
    def cut(one):
        names = ("probability", "threshold", "flagged", "cost_if_flagged", "cost_if_passed")
        return Decision(*(getattr(one, name)[part] for name in names))

    return ScoredPair(cut(pair.champion), cut(pair.challenger), pair.fitted_rows)


def test_only_mature_outcomes_of_unknown_rows_count(visits, project):
    """Without outcome, immature, learned from, or unknown whether: the row has no cost here."""
    pair, _ = _pair(len(visits), project)
    assert shadow_of(by_unit(visits.drop(columns="bad"), pair, project, LATE)).difference.rows == 0
    some = visits.assign(bad=visits["bad"].where(np.arange(1_000) >= 200))
    assert shadow_of(by_unit(some, pair, project, LATE)).difference.rows == 800
    middle = visits["at"][500].to_pydatetime()
    mature = int((visits["at"] + pd.Timedelta(days=1) <= middle).sum())
    assert shadow_of(by_unit(visits, pair, project, middle)).difference.rows == mature < 500
    from logitgate.data.sampling.row_hashes import row_hashes
    from logitgate.data.sampling.sample import Sample

    head = visits.iloc[:300]
    time = head["at"].dt.tz_localize(None).to_numpy("datetime64[us]")
    learned = Sample(head, np.zeros(300, dtype=np.int8), head["visit"].to_numpy(object), time)
    known = FittedRows(scheme_of(project), np.unique(row_hashes(learned)))
    pair, _ = _pair(len(visits), project, fitted_on=known)
    assert shadow_of(by_unit(visits, pair, project, LATE)).difference.rows == 700
    other_scheme = FittedRows("another scheme", known.hashes)
    pair, _ = _pair(len(visits), project, fitted_on=other_scheme)
    assert shadow_of(by_unit(visits, pair, project, LATE)).difference.rows == 0


@pytest.mark.parametrize(
    ("units", "mean", "status"),
    [
        (40, -1.0, "PASS"),
        (40, 1.0, "FAIL"),
        (40, 0.0, "INDETERMINATE"),
        (19, -1.0, "INDETERMINATE"),
        (0, 0.0, "INDETERMINATE"),
    ],
)
def test_the_gate_asks_for_a_proof_on_enough_units(project, units, mean, status):
    """The upper limit below the margin, and never fewer units than declared."""
    values = mean + np.tile([-0.1, 0.1], 20)[:units]
    shadow = Shadow(difference=Sums.of(np.full(units, 100), 100 * values))
    assert shadow_finding(2, 1, shadow, project).status is Status(status)


def test_a_new_version_is_stopped_where_a_shadow_is_demanded(project):
    """Unless there is no champion to run beside, or it is not demanded."""
    (finding,) = not_yet(project.gates.shadow, 1)
    assert finding.status is Status.INDETERMINATE
    assert not_yet(project.gates.shadow, None) == []
    assert not_yet(Project.model_validate(projects.plain()).gates.shadow, 1) == []


def test_no_row_counts_twice():
    """Of overlapping tables the one with the most outcomes counts; without times, each table once."""

    def window(snapshot, days, labelled):
        since, until = (datetime(2026, 1, day, tzinfo=UTC) for day in days) if days else (None, None)
        sums = Sums.of(np.full(5, 10), np.ones(5))
        return ShadowTable(
            Shadow(sums, sums, Sums.of(np.full(labelled, 10), np.ones(labelled))), snapshot, since, until
        )

    first, again, next_one = window("a", (1, 5), 0), window("b", (1, 5), 5), window("c", (6, 9), 0)
    found = counted((first, again, next_one))
    assert (found.different.units, found.difference.units) == (10, 5)
    assert counted((window("a", None, 0), window("a", None, 0), window("b", None, 0))).different.units == 10


@pytest.fixture(scope="module")
def road(prefect_server, mlflow_template, tmp_path_factory):
    """A weak champion, a strong challenger that only the shadow keeps from production, and newer rows."""
    folder = tmp_path_factory.mktemp("shadow")
    visits = projects.table(6_000, days=100)
    weak = projects.write(folder / "weak", visits, features={"numeric": ["speed", "load"]}, **DEMANDED)
    strong = projects.write(folder / "strong", visits, gates={"suspicious_gain": 0.9, **DEMANDED["gates"]})
    with living_in(folder / "home", mlflow_template) as home:
        first = logitgate("train", weak, "--as-of", "2021-04-15", "--json")
        assert first.code == 0, first.out
        answer = logitgate("train", strong, "--as-of", "2021-05-02", "--json")
        newer = visits[visits["at"] >= "2021-05-02"]
        newer.to_parquet(folder / "labelled.parquet")
        newer.drop(columns="bad").to_parquet(folder / "new.parquet")
        yield home, strong, answer, folder


def test_the_shadow_alone_keeps_a_better_version_from_production(road):
    """It is registered, refused by the shadow and by nothing else, and promoted only when it is proven."""
    home, project, answer, folder = road
    assert answer.code == 1 and answer.json["champion"] == 1
    assert {
        one["check"] for one in answer.json["findings"] if one["status"] in ("FAIL", "INDETERMINATE")
    } == {"shadow"}
    got = logitgate("shadow", project, 2, "--json")
    assert (
        got.code == 1 and "0 of 20 units" in got.findings("shadow")["version 2 against version 1"]["because"]
    )
    assert logitgate("shadow", project, 2, "--promote").code == 1
    out = folder / "out.parquet"
    beside = logitgate(
        "score", project, "--table", folder / "new.parquet", "--out", out, "--shadow", 2, "--json"
    )
    assert beside.code == 0, beside.everything
    found = pd.read_parquet(out)
    assert set(found["model_version"]) == {1} and set(found["challenger_version"]) == {2}
    assert 0 < (found["decision"] != found["challenger_decision"]).sum() < len(found)
    assert logitgate("shadow", project, 2).code == 1
    words = ("score", project, "--table", folder / "labelled.parquet", "--out", out, "--shadow", 2)
    assert logitgate(*words).code == 0 and logitgate(*words).code == 0
    client = opened(home).client
    runs = client.search_runs([client.get_experiment_by_name("visits-shadow").experiment_id])
    assert len(runs) == 2
    got = logitgate("shadow", project, 2, "--json")
    figures = got.findings("shadow", stopping=False)["version 2 against version 1"]["figures"]
    assert got.code == 0 and figures["difference_high"] < 0 and figures["units"] >= 20
    assert figures["rows"] == len(found)
    assert logitgate("shadow", project, 2, "--promote").code == 0
    assert int(client.get_model_version_by_alias("visits", "champion").version) == 2
    assert logitgate("history", project, "--verify").code == 0
    assert logitgate("shadow", project, 2).code == 1


def test_a_shadow_runs_beside_the_champion_only(road):
    """Another version answering in its place is a contradiction: exit 2."""
    _, project, _, folder = road
    words = ("score", project, "--table", folder / "new.parquet", "--out", folder / "x.csv", "--shadow", 2)
    assert logitgate(*words, "--version", 1).code == 2


def test_a_demanded_shadow_is_listed_among_the_gates(road):
    """With its margin."""
    got = logitgate("gates", road[1])
    assert "shadow" in got.out
