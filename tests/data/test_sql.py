import time

import pytest
import sqlalchemy as sa

from logitgate.data.readers import sql as sql_rows
from logitgate.data.readers.sql import query_blocks
from logitgate.errors import DataError, LogitgateError, NoAnswerError, ProjectError, UnavailableError
from tests.databases import postgresql
from tests.unreliable import Line
from tests.wording import refusal


def read_query(query, url_env, texts):
    """Return all rows of a query in one block."""
    (whole,) = query_blocks(query, url_env, texts)
    return whole


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


def refused(query, expected):
    """Return the refusal of a query."""
    return refusal(expected, read_query, query, "ROWS_URL", [])


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


WRITING = (
    "delete from visits returning id",
    "insert into visits values (4, 'x', 1, 1) returning id",
    "drop table visits",
    "create table t (a)",
    "create temp table t as select 1",
    "attach 'left.db' as other",
    "vacuum into 'left.db'",
    "pragma journal_mode = wal",
    "pragma query_only = off",
    "with v as (select 1) update visits set paid = 0 returning id",
)


def test_a_query_can_only_read(database, tmp_path, monkeypatch, wording):
    """Nothing is dropped, changed or left beside the file, whatever the driver calls a transaction."""
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    said = {refused(query, ProjectError).remedy for query in WRITING}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    wording(*said)


ENDLESS = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
    "postgresql": "select pg_sleep(60)",
}


def test_an_endless_query_is_ended(database, monkeypatch, wording):
    """Its limit is its own, whatever other waits are allowed."""
    monkeypatch.setenv("LOGITGATE_PATIENCE", "60")
    monkeypatch.setenv("LOGITGATE_QUERY_SECONDS", "0.5")
    began = time.monotonic()
    wording(refused(ENDLESS["sqlite"], NoAnswerError))
    assert time.monotonic() - began < 5


@pytest.fixture(scope="module")
def server():
    """A real PostgreSQL with a table of three rows."""
    with postgresql() as running:
        engine = sa.create_engine(running.url)
        with engine.begin() as connection:
            connection.exec_driver_sql("create table visits (id bigint, name text)")
            connection.exec_driver_sql("insert into visits values (1, 'a:b'), (2, '50%%'), (3, null)")
        engine.dispose()
        yield running


def test_a_query_to_postgresql_can_only_read(server, monkeypatch, wording):
    """One statement, of a read-only transaction."""
    monkeypatch.setenv("ROWS_URL", server.url.replace("+psycopg", ""))
    writing = (
        "delete from visits returning id",
        "with gone as (delete from visits returning id) select * from gone",
        "select 1; drop table visits",
        "rollback; drop table visits",
        "drop table visits",
        "select setval('counter', 9)",
        "copy visits to '/tmp/left'",
    )
    said = {refused(query, ProjectError).remedy for query in writing}
    for rows in (None, 2):
        blocks = list(
            query_blocks("select id from visits where name is null or name like '%'", "ROWS_URL", [], rows)
        )
        assert sum(block.cells.num_rows for block in blocks) == 3
    wording(*said)


def test_postgresql_ends_an_endless_query(server, monkeypatch):
    """The server itself gives up; where it is silent, the connection does."""
    monkeypatch.setenv("ROWS_URL", server.url)
    monkeypatch.setenv("LOGITGATE_QUERY_SECONDS", "0.5")
    began = time.monotonic()
    assert "longer than 0.5 s" in refused(ENDLESS["postgresql"], NoAnswerError).rule
    monkeypatch.setattr(sql_rows, "_GRACE", 0.5)
    line = Line(server.port)
    line.fail("silent", b"from visits")
    monkeypatch.setenv("ROWS_URL", server.url.replace(str(server.port), str(line.port)))
    assert "longer than 0.5 s" in refused("select id from visits", NoAnswerError).rule
    assert line.has_fallen and time.monotonic() - began < 10
    line.close()


def test_cells_of_several_types_are_refused_except_for_text(database, wording):
    """SQLite lets a column hold both; the refusal names the types, not the cells."""
    texts = read_query("select odd from visits", "ROWS_URL", ["odd"]).cells
    assert texts.column("odd").to_pylist() == ["1", "x", None]
    wording(refused("select odd from visits", DataError))


def test_what_is_no_table_is_refused(database, monkeypatch, wording):
    """Two columns of one name, as a join gives them; a wrong query, without the driver's words."""
    twice = refused("select id, id from visits", DataError)
    wrong = refused("select 'secret' from nowhere", ProjectError)
    assert "secret" not in str(wrong)
    monkeypatch.delenv("ROWS_URL")
    wording(twice, wrong, refused("select 1", UnavailableError))


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
