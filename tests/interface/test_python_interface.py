"""`import logitgate as lg`: what a user of Python has, and that it is what the commands do."""

import subprocess
import sys
import warnings
from types import ModuleType

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest

import logitgate as lg
from logitgate.catalogue import Check
from logitgate.errors import DataError, ProjectError, RefusedError, UnavailableError
from logitgate.evidence_table import Exhibit
from logitgate.findings import Finding, Status, Verdict
from tests import projects

VENDORS = ("numpy", "pandas", "mlflow", "prefect", "great_expectations", "sklearn", "pyarrow", "pydantic")


@pytest.fixture
def rows():
    """The visits that the project of these tests is about."""
    return projects.table()


@pytest.fixture
def project(rows, tmp_path):
    """The project with its rows in Parquet."""
    return lg.load_project(projects.write(tmp_path / "visits", rows))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training of the visits."""
    file = projects.write(tmp_path_factory.mktemp("trained"), projects.table())
    return lg.train(lg.load_project(file))


def loaded(program, folder):
    """Return which vendors a new process has imported after a program."""
    got = f"import sys\n{program}\nprint(*sorted({set(VENDORS)!r} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", got], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(ended.stdout.split())


def test_the_import_loads_no_vendor(tmp_path):
    """Neither the import nor a look at what there is."""
    assert loaded("import logitgate as lg; dir(lg); lg.__version__", tmp_path) == set()


def test_a_training_needs_neither_prefect_nor_mlflow(rows, tmp_path):
    """It comes to a verdict without them, and writes nothing."""
    file = projects.write(tmp_path, rows)
    before = sorted(tmp_path.iterdir())
    program = (
        f"import logitgate as lg; assert lg.train(lg.load_project({str(file)!r})).verdict.status == 'PASS'"
    )
    assert not loaded(program, tmp_path) & {"mlflow", "prefect"}
    assert sorted(tmp_path.iterdir()) == before


def test_every_public_name_is_there_and_no_other():
    """`dir` names them all; a wrong one is an AttributeError, as of any module."""
    assert set(lg.__all__) <= set(dir(lg))
    assert all(getattr(lg, name) is not None for name in lg.__all__)
    with pytest.raises(AttributeError, match="trian"):
        lg.trian  # noqa: B018 - looking is the test


@pytest.mark.parametrize("name", ["compare", "explain", "load_project"])
def test_a_module_of_the_same_spelling_does_not_hide_a_public_name(name):
    """The import system binds a module in its package; the order of imports makes no difference."""
    vars(lg).pop(name, None)
    setattr(lg, name, ModuleType(f"logitgate.{name}"))
    assert callable(getattr(lg, name))


def test_plain_values_are_a_project_whose_paths_start_here(project, monkeypatch):
    """A mapping says the same as its file."""
    monkeypatch.chdir(project.rows.path.parent)
    assert lg.load_project(projects.plain()) == project


def in_arrow(rows):
    """Return the rows as Arrow, without what pandas 4 will change about the way there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        return pa.Table.from_pandas(rows)


def in_polars(rows):
    """Return the rows as polars, from Arrow."""
    return polars.from_arrow(in_arrow(rows.reset_index(drop=True)))


FRAMES = {
    "pandas": lambda rows: rows,
    "pandas with an index of its own": lambda rows: rows.set_index(rows["visit"].rename("name")),
    "pandas of objects": lambda rows: rows.astype(object),
    "pandas of categories": lambda rows: rows.astype({"side": "category", "visit": "category"}),
    "polars": in_polars,
    "polars in chunks": lambda rows: polars.concat(
        [in_polars(rows[:700]), in_polars(rows[700:])], rechunk=False
    ),
    "polars of categories": lambda rows: in_polars(rows).with_columns(
        polars.col("side", "bad").cast(polars.Categorical)
    ),
    "arrow": in_arrow,
    "an arrow batch": lambda rows: in_arrow(rows).combine_chunks().to_batches()[0],
    "an arrow reader": lambda rows: in_arrow(rows).to_reader(),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_rows_in_memory_are_the_rows_of_the_file(kind, rows, tmp_path):
    """The same digest and the same frame, missing cells included."""
    rows = rows.assign(
        load=rows["load"].where(rows.index % 7 > 0), side=rows["side"].where(rows.index % 5 > 0)
    )
    project = lg.load_project(projects.write(tmp_path, rows))
    stored, held = lg.read_table(project), lg.read_table(project, FRAMES[kind](rows))
    assert held.digest == stored.digest
    pd.testing.assert_frame_equal(held.frame, stored.frame)
    again = lg.read_table(project, stored.frame)
    assert again.digest == stored.digest


@pytest.mark.parametrize("kind", ["polars", "arrow"])
def test_a_table_in_memory_that_leaves_no_room_for_a_training_is_refused(kind, rows, project, monkeypatch):
    """Before anything is done with it; as a file it would be held in part."""
    monkeypatch.setenv("LOGITGATE_MEMORY", "0.0001")
    for table in (rows, FRAMES[kind](rows)):
        with pytest.raises(UnavailableError, match=r"table.*GB are free.*rows\.path"):
            lg.train(project, table)


@pytest.mark.parametrize(
    ("table", "error"),
    [
        (lambda rows: rows.assign(load=[7.0, "Ida Secret"] * (len(rows) // 2)), DataError),
        (lambda rows: rows.assign(load="Ida Secret"), DataError),
        (lambda rows: pd.concat([rows, rows["load"]], axis=1), DataError),
        (lambda rows: rows.to_dict("list"), ProjectError),
        (lambda rows: rows.to_numpy(), ProjectError),
    ],
)
def test_what_is_no_table_is_refused_without_its_cells(table, error, project, rows):
    """The column is named where it is one."""
    with pytest.raises(error) as refused:
        lg.read_table(project, table(rows))
    assert "Secret" not in str(refused.value)
    assert error is ProjectError or "load" in str(refused.value)


def plain(verdict):
    """Return the findings as JSON has them, so that NaN is NaN."""
    return [one.as_json() for one in verdict.findings]


def test_check_comes_to_the_verdict_of_the_command(project, rows):
    """Contract, split and leakage; a table in memory stands in for the file."""
    stored, held = (
        [one for one in plain(verdict) if one["check"] != "contract"]
        for verdict in (lg.check(project), lg.check(project, rows))
    )
    assert stored == held and len(held) > 3
    leaking = rows.assign(speed=(rows["bad"] == "yes") + rows["grip"] / 1e6)
    refused = lg.check(project, leaking)
    assert refused.status is Status.FAIL and {one.check for one in refused.reasons} == {"leakage"}


def test_a_training_has_its_model_and_its_tables(project, rows):
    """Each table of evidence is a data frame of as many rows; the model answers a raw frame."""
    result = lg.train(project, in_polars(rows))
    assert result.verdict.status is Status.PASS
    assert "calibration" in result.tables
    for name in result.tables:
        exhibit = result.exhibit(name)
        frame = result.table(name)
        assert list(frame.columns) == list(exhibit.columns) and len(frame) == len(exhibit.rows)
    probability = result.model.probability(rows)
    assert probability.shape == (len(rows),) and np.all((probability > 0) & (probability < 1))
    with pytest.raises(KeyError, match="calibration"):
        result.table("calibratoin")


def test_a_training_that_is_refused_early_is_a_result(project, rows):
    """It has a verdict, no model, and says so."""
    result = lg.train(project, rows.assign(visit=None))
    assert result.verdict.status is Status.FAIL
    with pytest.raises(RefusedError, match="verdict"):
        result.model  # noqa: B018 - looking is the test


def test_as_of_is_a_text_or_a_moment(project, rows):
    """Both mean the same rows and the same training; what is no date is refused by the argument's name."""
    moment = pd.Timestamp("2021-04-20", tz="UTC").to_pydatetime()
    text, same = lg.train(project, rows, "2021-04-20"), lg.train(project, rows, moment)
    assert plain(same.verdict) == plain(text.verdict)
    assert same.as_of == text.as_of
    assert text.evidence.learned.judged.time.max() < np.datetime64("2021-04-20")
    with pytest.raises(ProjectError, match="as_of"):
        lg.train(project, rows, "soon")


def assert_shown(result, *words):
    """In a terminal and in a notebook a result shows its verdict and what it is about."""
    for shown in (repr(result), result._repr_html_()):
        assert all(word in shown for word in words), shown


def test_a_model_answers_as_those_of_scikit_learn(trained, rows):
    """One row of both probabilities each, shape (n, 2)."""
    both = trained.model.predict_proba(rows)
    assert both.shape == (len(rows), 2)
    np.testing.assert_allclose(both.sum(axis=1), 1)
    np.testing.assert_array_equal(both[:, 1], trained.model.probability(rows))


def test_from_a_frame_to_production_and_back(project, rows, mlflow_home, monkeypatch):
    """Register, find, score, explain, compare and monitor, all in this process."""
    from logitgate.tracking.figures import style
    from tests.command import rendered_once

    monkeypatch.setenv("LOGITGATE_HOME", str(mlflow_home))
    monkeypatch.setattr(style, "save", rendered_once(style.save))
    result = lg.train(project, rows)
    outcome = lg.register(result)
    assert outcome.promoted and outcome.version == 1 and outcome.against is None
    assert lg.register(result).version == 1, "the same training is registered once"
    by_name, by_project = lg.champion("visits"), lg.champion(project)
    assert by_name.version == by_project.version == 1
    named, typed = by_name.score(rows.set_index("visit")), by_project.score(in_polars(rows))
    same = ["id", "probability", "threshold", "decision", "expected_cost", "expected_cost_otherwise"]
    pd.testing.assert_frame_equal(named[same], typed[same], check_dtype=False)
    np.testing.assert_array_equal(named["probability"], result.model.probability(rows))
    assert_shown(outcome, "Verdict PASS", "version 1, promoted")
    with pytest.raises(RefusedError, match="contract"):
        by_project.score(rows[:0])
    explained = lg.explain(project, "v000007")
    assert explained["probability"] == pytest.approx(named["probability"][7])
    second = lg.register(lg.train(project, projects.table(seed=2)))
    assert second.version == 2 and second.against == 1
    assert lg.compare(project, 1, 2).kind == "comparison"
    watched = lg.monitor(project, in_polars(projects.table(1_000, seed=5)))
    assert watched.n == 1_000 and watched.version == 2 and watched.run_id
    drifted = projects.table(1_000, seed=5)
    moved = lg.monitor(project, drifted.assign(load=drifted["load"] + 6), since="2021-03-02")
    assert {one.subject for one in moved.verdict.reasons if one.check == "drift"} == {"load"}
    assert_shown(moved, "Verdict FAIL", "version 2", moved.reaction.wanted.value, "drift")


def test_a_project_is_named_by_its_file_or_its_keys_too(project):
    """Each function takes what `load_project` takes; what is neither is refused by name."""
    file = project.rows.path.with_name("visits.toml")
    whole = lg.check(project)
    assert lg.check(file).findings == lg.check(str(file)).findings == whole.findings
    with pytest.raises(ProjectError, match="nowhere"):
        lg.train("nowhere.toml")
    for neither, kind in ((42, "int"), ([file], "list"), (None, "NoneType")):
        with pytest.raises(ProjectError, match=f"is a {kind}; give a project"):
            lg.check(neither)


def test_the_models_of_the_interface_are_those_of_the_command(project, rows, commands):
    """The command finds the training that Python has registered, and does not do it twice."""
    from tests.command import logitgate

    outcome = lg.register(lg.train(project))
    got = logitgate("train", project.rows.path.with_name("visits.toml"), "--json")
    assert got.json["run_id"] == outcome.run_id and got.json["version"] == outcome.version


HOSTILE = "<script>alert('&')</script>"


def test_results_are_shown_with_what_did_not_pass_first():
    """The worst comes first, what passed is counted, and no text is markup."""
    verdict = Verdict(
        (
            Finding(Check.ROWS, "sample", Status.PASS, "enough"),
            Finding(Check.FEATURES, HOSTILE, Status.WARN, "not proven"),
            Finding(Check.SLICES, HOSTILE, Status.FAIL, HOSTILE),
        )
    )
    text, page = repr(verdict), verdict._repr_html_()
    assert text.splitlines()[0].startswith("<Verdict FAIL") and "1 PASS" in text and "enough" not in text
    assert text.index("FAIL slices") < text.index("WARN features")
    exhibit = Exhibit("odds", HOSTILE, ({HOSTILE: HOSTILE},) * 60, HOSTILE)
    assert "60 rows" in repr(exhibit)
    for shown in (page, exhibit._repr_html_()):
        assert "<script" not in shown and "&lt;script&gt;" in shown
    assert exhibit._repr_html_().count("<tr>") == 51


def test_a_training_is_shown_with_its_verdict_and_its_tables(trained):
    """In a terminal and in a notebook."""
    for shown in (repr(trained), trained._repr_html_()):
        assert "Verdict PASS" in shown and "calibration" in shown


@pytest.mark.parametrize(
    "name", ["roc", "scores", "reliability", "cost", "sensitivity", "slices", "odds", "effects"]
)
def test_a_training_draws_its_figures(name, trained, tmp_path):
    """As axes, whose figure can be saved."""
    axes = trained.figure(name)
    axes.figure.savefig(tmp_path / "figure.png")
    assert (axes.lines or axes.patches) and (tmp_path / "figure.png").stat().st_size > 5_000


def test_a_figure_that_is_not_there_is_refused(trained, project, rows):
    """By its name, or by the verdict."""
    with pytest.raises(KeyError, match="reliability"):
        trained.figure("lift")
    with pytest.raises(RefusedError, match="verdict"):
        lg.train(project, rows.assign(visit=None)).figure("roc")
