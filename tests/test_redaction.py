"""Secrets: whatever a password looks like and wherever it stands, no part of it is said, logged or kept."""

import contextlib
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from logitgate import environment
from logitgate.catalogue import Check
from logitgate.data.readers.sql import query_blocks
from logitgate.errors import DataError, LogitgateError
from logitgate.findings import Finding, Status, Verdict
from logitgate.orchestrator import why_unavailable
from logitgate.production.promotion.lock import LOCK_URL, locked
from logitgate.redaction import redacted, without_secrets
from logitgate.tracking.store import located, open_store
from logitgate_flows.messages.error_text import in_words, whole_trace
from logitgate_flows.messages.notify import ADDRESSES, notify
from tests import projects, victims
from tests.command import empty_home, living_in, logitgate, opened
from tests.databases import postgresql

_SIGNS = st.text("/@:?#&=%+ ;,'\"\\[]{}()^|<>", min_size=1, max_size=3)
_PIECE = st.from_regex(r"[XQZ][a-z0-9]{4}[JVW]", fullmatch=True)


@st.composite
def passwords(draw):
    """Return a password and its pieces, which no ordinary text holds."""
    pieces = draw(st.lists(_PIECE, min_size=1, max_size=3))
    signs = [draw(_SIGNS) for _ in pieces]
    return "".join(one for pair in zip(signs, pieces, strict=True) for one in pair), pieces


FORMS = (
    "http://me:{}@127.0.0.1:1",
    "http://me@{}@127.0.0.1:1",
    "http://127.0.0.1:1/?password={}",
    "https://127.0.0.1:1/api?user=me&access_token={}&x=1",
    "postgresql://127.0.0.1:1/db?user=me&password={}",
    "postgresql://me:{}@127.0.0.1:1/db?sslmode=disable",
    "postgresql+psycopg://me:{}@127.0.0.1:1/db",
    "mysql+pymysql://me:{}@/db",
    "s3://me:{}@bucket/path",
    "http://me:{}@",
    "http://:{}@127.0.0.1:1",
)
KEYS = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", LOCK_URL, "PREFECT_API_URL", "ROWS_URL")


def holds(text, pieces):
    """Return the pieces of a password that a text holds, in whichever case."""
    return [piece for piece in pieces if piece.lower() in text.lower()]


@given(passwords(), st.sampled_from(FORMS))
def test_a_shown_url_holds_no_part_of_its_password(password, form):
    """Where the user information ends is decided by the last `@`, whatever the password holds."""
    shown = redacted(form.format(password[0]))
    assert not holds(shown, password[1]), shown


@given(passwords(), st.sampled_from(FORMS), st.sampled_from(KEYS))
def test_what_others_say_about_an_address_is_cleaned(password, form, key):
    """A library tells what it made of it: parts, decoded, quoted, small, in another URL."""
    word, pieces = password
    url = form.format(word)
    said = " ".join(
        (
            f"cannot parse {url!r}: host='{pieces[0].lower()}'",
            json.dumps({"url": url}),
            word,
            *pieces,
            url + "/api",
        )
    )
    got = without_secrets(said, {key: url})
    assert not holds(got, pieces), got
    assert got.startswith("cannot parse ")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host:5000/ml?timeout=3", "http://host:5000/ml?timeout=3"),
        ("sqlite:////home/me@work/x.db", "sqlite:////home/me@work/x.db"),
        ("postgresql://me@host/db?sslmode=require&sslpassword=x", "postgresql://host/db?sslmode=require"),
        ("no url at all", "no url at all"),
    ],
)
def test_what_is_no_secret_is_shown(url, shown):
    """People have to recognise their server."""
    assert redacted(url) == shown


def test_a_path_with_an_at_sign_makes_no_words_secret():
    """A foreign variable may hold any address; only what must be a password is taken out of other texts."""
    said = "the registry of packages was not found"
    assert without_secrets(said, {"NPM": "https://registry/packages/@scope", "OTHER": "x"}) == said


@given(passwords(), st.sampled_from(FORMS))
def test_every_refusal_is_cleaned_where_it_is_made(password, form):
    """No caller has to think of it."""
    word, pieces = password
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOME_DATABASE", form.format(word))
        error = DataError(form.format(word), f"'{pieces[0]}' is no port", "look again")
    shown = str(error) + error.subject + error.rule
    assert not holds(shown, pieces), shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "word", ["Xab12J", "Xab12J/Zcd34W", "a@Xab12J?Qef56V#Zcd34W", "12/Xab12J", "Xab12J%2FZcd34W"]
)
def test_stores_locks_and_sources_keep_it(mlflow_home, monkeypatch, form, word):
    """The real libraries say it in their own ways: when a store is opened, a lock taken, rows queried."""
    url, pieces = form.format(word), ["Xab12J", "Zcd34W", "Qef56V"]
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said = []
    for key, deed in {
        "MLFLOW_TRACKING_URI": lambda: open_store(mlflow_home),
        "MLFLOW_REGISTRY_URI": lambda: open_store(mlflow_home),
        LOCK_URL: lambda: locked(located(mlflow_home), "visits").__enter__(),
        "ROWS_URL": lambda: list(query_blocks("select 1", "ROWS_URL", [])),
    }.items():
        with monkeypatch.context() as patch:
            patch.setenv(key, url)
            with pytest.raises(LogitgateError) as refused:
                deed()
            said += [str(refused.value)]
    assert not holds(" ".join(said), pieces), said


KINDS = (
    *FORMS,
    "HTTPS://me:{}@127.0.0.1:1/mlflow",
    "http://127.0.0.1:1/mlflow#token={}",
    "postgresql://me:{}@127.0.0.1:1,127.0.0.1:2/db",
    "postgresql+asyncpg://me:{}@127.0.0.1:1/db",
    "mssql+pymssql://me:{}@127.0.0.1:1/db",
    "oracle://me:{}@127.0.0.1:1/db",
    "redis://:{}@127.0.0.1:1/0",
    "sqlite:////nowhere/at/all/mlflow.db?password={}",
    "databricks://me:{}@127.0.0.1:1",
    "nosuch://me:{}@127.0.0.1:1/db",
)
NOTIFIED = (
    "json://me:{}@127.0.0.1:1",
    "xml://me:{}@127.0.0.1:1/path",
    "form://127.0.0.1:1/?password={}",
    "gotify://127.0.0.1:1/{}abcdefgh",
    "mmost://127.0.0.1:1/{}abcdefgh",
    "nosuch://{}abcdefgh/x",
)


def _failing(home, key, address):
    """Return what fails when a setting holds an address that does not answer, and the settings."""
    return {
        "MLFLOW_TRACKING_URI": lambda: open_store(home),
        "MLFLOW_REGISTRY_URI": lambda: open_store(home),
        LOCK_URL: lambda: locked(located(home), "visits").__enter__(),
        "ROWS_URL": lambda: list(query_blocks("select 1", "ROWS_URL", [])),
        "PREFECT_API_URL": lambda: why_unavailable(address),
        ADDRESSES: lambda: notify("moved", "to version 2"),
    }[key]


@st.composite
def addresses(draw):
    """Return a setting, an address in it, and the pieces of its secret, as typed or percent-encoded."""
    key = draw(st.sampled_from((*KEYS, ADDRESSES)))
    form = draw(st.sampled_from(NOTIFIED if key == ADDRESSES else KINDS))
    word, pieces = draw(passwords())
    if key == ADDRESSES:
        word = word.replace(" ", "")  # parts one address from the next
    encode = draw(st.sampled_from((str, quote, quote_plus, lambda plain: quote(plain, safe=""))))
    return key, form.format(encode(word)), pieces


# A thread that a library began for an earlier address may draw a number while this one is drawn.
@pytest.mark.filterwarnings(
    "ignore:Do not use the .random. module:hypothesis.errors.HypothesisDeprecationWarning"
)
@given(addresses())
@example(("MLFLOW_REGISTRY_URI", "databricks://me:;/Q0000J@127.0.0.1:1", ["Q0000J"]))
@example(("MLFLOW_TRACKING_URI", "databricks://me:Q0000J@127.0.0.1:1", ["Q0000J"]))
@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_fails_keeps_it(mlflow_home, caplog, capfd, found):
    """Every kind of address, at the real libraries: errors, their traces, what is logged and printed."""
    key, address, pieces = found
    settled = {
        key: address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "LOGITGATE_PATIENCE": "2",
        "PREFECT_HOME": str(mlflow_home),
    }
    caplog.clear()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settled.items():
            patch.setenv(name, value)
        patch.setattr("logitgate_flows.messages.notify._PAUSE_SECONDS", 0)
        environment.prepare(mlflow_home)
        said = []
        try:
            said.append(str(_failing(mlflow_home, key, address)()))
        except LogitgateError as error:
            shown = Finding(Check.ROWS, error.subject, Status.FAIL, f"{error.rule}; {error.remedy}")
            verdict = Verdict((shown,))
            said += [str(error), repr(error), in_words(error), whole_trace(error)]
            said += [json.dumps([shown.subject, shown.because]), repr(verdict), verdict._repr_html_()]
        printed = capfd.readouterr()
    everything = "\n".join((*said, caplog.text, printed.out, printed.err))
    assert not holds(everything, pieces), (key, everything)


@pytest.mark.acceptance
def test_a_command_leaves_it_nowhere(tmp_path, mlflow_template):
    """Neither on the terminal, in JSON, in a whole trace and debugging logs, nor in any file that it made."""
    home = empty_home(tmp_path / "home", mlflow_template)
    kept = {name: one for name, one in os.environ.items() if not name.startswith(("MLFLOW_", "PREFECT_"))}
    got = subprocess.run(
        (sys.executable, "-m", "logitgate_flows", "train", victims.project(tmp_path / "project"), "--json"),
        env=kept
        | {
            "LOGITGATE_HOME": str(home),
            "LOGITGATE_DEBUG": "1",
            "LOGITGATE_NOTIFY": "json://me:Qef56V@127.0.0.1:1",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
            "MLFLOW_LOGGING_LEVEL": "DEBUG",
            "MLFLOW_REGISTRY_URI": "http://a@Xab12J:Zcd34W@127.0.0.1:1",
        },
        cwd=Path(__file__).parents[1],
        capture_output=True,
        timeout=120,
        check=False,
    )
    made = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    everything = b"".join((got.stdout, got.stderr, *made)).decode(errors="replace")
    assert (got.returncode, json.loads(got.stdout)["exit_code"]) == (3, 3)
    assert "Traceback" in everything and any(b"SQLite" in one[:6] and b"flow_run" in one for one in made)
    assert not holds(everything, ["Xab12J", "Zcd34W", "Qef56V"])


def made_in(folder):
    """Return all that stands in the files of a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).decode(
        errors="replace"
    )


@pytest.mark.parametrize(
    ("variable", "address", "command"),
    [
        ("MLFLOW_TRACKING_URI", "http://a@Xab12J:Zcd34W@127.0.0.1:1", "history"),
        (LOCK_URL, "postgresql://me:Xab12J/Zcd34W@127.0.0.1:1/locks", "train"),
        ("ROWS_URL", "postgresql://127.0.0.1:1/rows?user=me&password=Xab12J%2FZcd34W", "check"),
        ("ROWS_URL", "mysql+pymysql://me:Xab12J@Zcd34W@127.0.0.1:1/rows", "train"),
    ],
)
def test_an_address_that_does_not_answer_is_named_without_it(commands, tmp_path, variable, address, command):
    """The command ends with exit 3; terminal, JSON, trace, logs and the files of the home are clean."""
    project = by_query(tmp_path) if variable == "ROWS_URL" else victims.project(tmp_path / "project")
    settings = {variable: address, "LOGITGATE_DEBUG": "1", "LOGITGATE_PATIENCE": "3"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        for words in ((command, project), (command, project, "--json")):
            got = logitgate(*words)
            assert got.code == 3 and "Traceback" in got.err, got.everything
            assert not holds(got.everything, ["Xab12J", "Zcd34W"]), got.everything
    assert not holds(made_in(tmp_path), ["Xab12J", "Zcd34W"])


def by_query(folder):
    """Return a small project whose rows come from a database."""
    query = {"path": None, "query": "select * from visits", "url_env": "ROWS_URL"}
    changes = {"slices": None, "search": {"C": [1.0]}}
    return projects.write(folder / "project", rows=query, **changes)


@pytest.mark.acceptance
def test_addresses_that_were_used_stay_out_of_all_that_is_kept(
    prefect_server, mlflow_template, tmp_path, monkeypatch
):
    """A source that answers, a Prefect server and a webhook that do not: runs, logs and alarms are clean."""
    pieces = ["Xab12J", "Zcd34W", "Qef56V"]
    project = by_query(tmp_path)
    new = tmp_path / "new.parquet"
    visits = projects.table(1_500, days=40)
    visits.to_parquet(new)
    with postgresql() as server, living_in(tmp_path / "home", mlflow_template) as home:
        with contextlib.closing(create_engine(server.url).connect()) as rows:
            visits.to_sql("visits", rows, index=False)
            rows.commit()
            rows.engine.dispose()
        source = server.url.replace("logitgate@", "logitgate:Xab12J@")
        got = subprocess.run(
            (sys.executable, "-m", "logitgate_flows", "train", project, "--json"),
            env=os.environ
            | {
                "ROWS_URL": source,
                "PREFECT_API_URL": "http://me:Zcd34W@127.0.0.1:1/api",
                "PREFECT_HOME": str(tmp_path / "prefect"),
                "PREFECT_LOGGING_LEVEL": "DEBUG",
                "LOGITGATE_DEBUG": "1",
            },
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert got.returncode == 0 and "127.0.0.1:1/api" in got.stderr, got.stderr
        monkeypatch.setattr("logitgate_flows.messages.notify._PAUSE_SECONDS", 0)
        monkeypatch.setenv("LOGITGATE_NOTIFY", "json://me:Qef56V@127.0.0.1:1")
        monkeypatch.setenv("ROWS_URL", source)
        scoring = ("score", project, "--table", new, "--out", tmp_path / "out.csv", "--json")
        assert logitgate(*scoring).json["status"] == "PASS"
        client = opened(home).client
        client.delete_registered_model_alias("visits", "champion")
        alarmed = logitgate(*scoring)
        assert alarmed.json["status"] == "STALE" and "could not be reached" in alarmed.log
        experiments = [one.experiment_id for one in client.search_experiments()]
        runs = [json.dumps(run.to_dictionary()) for run in client.search_runs(experiments)]
        assert len(runs) >= 2 and any("query by ROWS_URL" in run for run in runs)
    everything = "".join((got.stdout, got.stderr, alarmed.everything, *runs, made_in(tmp_path)))
    assert not holds(everything, pieces)


def test_a_foreign_error_is_kept_by_its_kind_alone(prefect_server, monkeypatch, mlflow_home):
    """Prefect keeps the text of what ends a flow or a task: of a library's error it is only the kind."""
    from prefect.client.orchestration import get_client

    from logitgate_flows import training

    monkeypatch.setenv("LOGITGATE_HOME", str(mlflow_home))
    monkeypatch.setattr(training, "load_project", lambda _: int("Xab12J"))
    state = training.train(Path("x.toml"), None, return_state=True)
    with get_client(sync_client=True) as client:
        kept = client.read_flow_run(state.state_details.flow_run_id).state.message
    assert "ValueError at" in kept and not holds(kept, ["Xab12J"])


def test_logs_of_any_library_are_cleaned(monkeypatch, caplog, tmp_path):
    """Whoever writes them, with arguments or with a trace."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    environment.prepare(tmp_path)
    monkeypatch.setenv("ROWS_URL", "mysql://me:Xab12J@host/db")
    log = logging.getLogger("somebody")
    log.warning("%s: no route to %r", "Xab12J", "mysql://me:Xab12J@host/db")
    try:
        raise OSError("mysql://me:Xab12J@host/db")
    except OSError:
        log.exception("lost")
    assert "no route to 'mysql://host/db'" in caplog.text and "OSError" in caplog.text
    assert not holds(caplog.text, ["Xab12J"])


@pytest.mark.parametrize("name", ["PWD", "OLDPWD"])
def test_the_current_folder_is_no_secret(name):
    """The shell's variable is named like a password; an error still says where a file is."""
    path = "/data/visits/no.json"
    assert without_secrets(path, {name: "/data/visits"}) == path
    assert without_secrets(path, {f"MY_{name}": "/data/visits"}) == "***/no.json"
