import pytest
import sqlalchemy as sa

from logitgate.edge.sql_rows import read_query
from logitgate.errors import DataError, LogitgateError, ProjectError, UnavailableError


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Fill a real database with three rows, named by the variable ROWS_URL."""
    url = f"sqlite:///{tmp_path / 'rows.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("create table visits (id, name text, paid double, odd)")
        rows = [(9007199254740993, "a:b", 1.5, 1), (2, "50%", None, "x"), (3, "", 2.0, None)]
        connection.exec_driver_sql("insert into visits values (?, ?, ?, ?)", rows)
    engine.dispose()
    monkeypatch.setenv("ROWS_URL", url)
    return engine


def refusal(query, expected):
    """Return what the refusal of a query says."""
    with pytest.raises(expected) as caught:
        read_query(query, "ROWS_URL", [])
    return str(caught.value)


def test_rows_keep_the_databases_types(database):
    """Integers stay exact, absent cells stay absent."""
    cells = read_query("select id, name, paid from visits", "ROWS_URL", []).cells
    assert cells.column("id").to_pylist() == [9007199254740993, 2, 3]
    assert cells.column("paid").to_pylist() == [1.5, None, 2.0]


def test_colons_and_percent_signs_mean_themselves(database):
    """A query is no template."""
    query = "select id from visits where name like '50%' or name = 'a:b' order by id"
    assert read_query(query, "ROWS_URL", []).cells.num_rows == 2


def test_no_rows_is_a_table_with_columns(database):
    """The contract judges it, not the reader."""
    cells = read_query("select id, paid from visits where 0", "ROWS_URL", []).cells
    assert cells.column_names == ["id", "paid"]


def test_the_query_changes_nothing(database):
    """What it writes is rolled back."""
    read_query("delete from visits returning id", "ROWS_URL", [])
    assert read_query("select id from visits", "ROWS_URL", []).cells.num_rows == 3


def test_cells_of_several_types_are_refused_except_for_text(database):
    """SQLite lets a column hold both; the refusal names the types, not the cells."""
    assert "column 'odd': its cells are of the types int, str" in refusal("select odd from visits", DataError)
    texts = read_query("select odd from visits", "ROWS_URL", ["odd"]).cells
    assert texts.column("odd").to_pylist() == ["1", "x", None]


def test_two_columns_of_one_name_are_refused(database):
    """A join gives them easily."""
    assert "column 'id' stands 2 times" in refusal("select id, id from visits", DataError)


def test_a_query_that_the_database_refuses_is_the_project_files_error(database):
    """The driver's words stay out: they quote cells."""
    said = refusal("select 'secret' from nowhere", ProjectError)
    assert "rows.query: the database refuses it (OperationalError)" in said
    assert "secret" not in said
    assert "returns no rows; write a SELECT" in refusal("create table t (a)", ProjectError)


def test_an_unset_variable_is_named(monkeypatch):
    """Exit code 3: the work needs something that is not there."""
    monkeypatch.delenv("ROWS_URL", raising=False)
    assert "ROWS_URL: is not set" in refusal("select 1", UnavailableError)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("postgresql://me:s3cret@127.0.0.1:1/rows", "cannot be reached"),
        ("postgresql+psycopg://me:s3cret@127.0.0.1:1/rows", "cannot be reached"),
        ("sqlite:////nowhere/s3cret.db", "does not exist"),
        ("sqlite:////", "cannot be reached"),
        ("s3cret", "is no SQLAlchemy URL"),
        ("postgresql://me:s3cret@host:port/rows", "is no SQLAlchemy URL"),
        ("klingon://me:s3cret@host/rows", "is no SQLAlchemy URL"),
        ("postgresql+s3cretdriver://host/rows", "is no SQLAlchemy URL"),
        ("mysql+mysqldb://me:s3cret@host/rows", "driver is not installed"),
    ],
)
def test_no_refusal_tells_the_url(monkeypatch, url, rule):
    """Only the variable is named, in the message and in what a traceback shows."""
    import traceback

    monkeypatch.setenv("ROWS_URL", url)
    with pytest.raises(UnavailableError, match=rule) as caught:
        read_query("select 1", "ROWS_URL", [])
    shown = "".join(traceback.format_exception(caught.value))
    assert "environment variable ROWS_URL" in shown
    assert "s3cret" not in shown
    assert isinstance(caught.value, LogitgateError)
    assert caught.value.exit_code == 3
