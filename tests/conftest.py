"""What several test files need: a quiet environment, an empty store, and a small model."""

import gc
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from logitgate import environment

# How long an example takes says nothing about it. CI judges a change: it tries the same examples each time.
settings.register_profile(
    "untimed",
    deadline=None,
    derandomize="CI" in os.environ,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")

for _name, _value in environment.DEFAULTS.items():
    os.environ.setdefault(_name, _value)

gc.disable()  # until all is collected: what is imported stays, and to look for garbage in it takes seconds


collect_ignore = ["warm_victims.py"]  # for its doctests it would be imported, and train in this process

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there, closed to others


def _has_room(folder, room=8 << 30):
    """Whether a folder lies in memory with so many bytes to spare, where programs can be run from."""
    if not (folder.is_mount() and os.access(folder, os.W_OK)):
        return False
    known = os.statvfs(folder)
    lines = Path("/proc/meminfo").read_text().splitlines()
    spare = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    return min(known.f_bavail * known.f_frsize, spare) > room and not known.f_flag & os.ST_NOEXEC


# A disk is waited for at each commit of a store: half of the time of the tests of production.
if sys.platform == "linux" and _has_room(_MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_addoption(parser):
    """Offer the switch that rewrites golden files, and the one that does without MLflow and Prefect."""
    parser.addoption("--rewrite", action="store_true", help="write the golden files from what the tests see")
    parser.addoption("--pure", action="store_true", help="fail where MLflow or Prefect is imported")


class _WithoutStores:
    """Finds neither MLflow nor Prefect."""

    def find_spec(self, name, path=None, target=None):
        """Refuse these two, and leave all others to the next finder."""
        if name.partition(".")[0] in ("mlflow", "prefect"):
            raise ImportError(f"{name} is imported by what --pure tests")


@pytest.fixture
def golden(request):
    """Compare a text with a file in the folder `golden` next to the test; `pytest --rewrite` writes it."""

    def compare(name, text):
        path = request.path.parent / "golden" / name
        if request.config.getoption("--rewrite"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")

    return compare


@pytest.fixture(scope="module")
def _wording(request):
    """The golden file of a module's sentences; written anew at the end where that is asked for."""
    from tests.wording import Wording

    name = request.path.stem.removeprefix("test_")
    known = Wording(request.path.parent / "golden" / f"{name}.txt")
    yield known
    if request.config.getoption("--rewrite"):
        known.write(list(vars(request.module)))


@pytest.fixture
def wording(request, _wording):
    """Compare what findings and refusals say, given once in a test, with its section of the golden file."""
    from tests.wording import line

    def compare(*said):
        lines = [line(one) for one in said]
        if "tmp_path" in request.fixturenames:
            lines = [one.replace(str(request.getfixturevalue("tmp_path")), "TMP") for one in lines]
        if lines and request.config.getoption("--rewrite"):
            _wording.seen.add(request.node.name)
            _wording.sections[request.node.name] = lines
        assert lines == _wording.sections.get(request.node.name, [])

    return compare


def pytest_configure(config):
    """Let MLflow warn about itself while it is imported; every other warning stays an error."""
    config.addinivalue_line("filterwarnings", "ignore:.*Any type hint is inferred as AnyType:UserWarning")
    if config.getoption("--pure"):
        sys.meta_path.insert(0, _WithoutStores())


_FORKING = tuple(
    f"tests/{name}.py"
    for name in (
        "end_to_end/test_unreachable",
        "production/test_idempotency",
        "end_to_end/test_missing_champion",
        "production/test_doctor",
        "end_to_end/test_killed",
    )
)
"""They let `tests.victims` fork from one process that has imported everything, so one worker has them all."""

_LONGEST = ("end_to_end", "production", "interface", "flows", "tracking", "scaffold", "test_redaction.py")
"""Under `tests`, what takes minutes; it begins first, so that all workers end together."""


def pytest_collection_modifyitems(items):
    """Let the longest files begin, and before them those that one worker has."""
    items.sort(key=lambda item: not any(name in item.path.parts for name in _LONGEST))
    items.sort(key=lambda item: item.nodeid.partition("::")[0] not in _FORKING)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each worker whole files, and one of them all files that fork."""
    from xdist.scheduler import LoadFileScheduling

    class ByFile(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "forking" if file in _FORKING else file

    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_finish():
    """Spare the collector what was imported; what tests leave is looked at less often than a service's."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def once_a_run(tmp_path_factory, request):
    """Return how to make a folder once for all workers: whoever comes first fills it, the others wait."""
    workers = hasattr(request.config, "workerinput")
    above = tmp_path_factory.getbasetemp().parent if workers else tmp_path_factory.mktemp("once")

    def made(name, fill):
        folder = above / name
        with FileLock(above / f"{name}.lock"):
            if not folder.exists():
                draft = above / f"{name}.draft"
                draft.mkdir()
                fill(draft)
                draft.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def mlflow_template(once_a_run):
    """A migrated, empty SQLite store: making one costs two seconds, copying it nothing."""
    from tests.command import close, opened

    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            patch.delenv(name, raising=False)
        folder = once_a_run("template", lambda folder: close(opened(folder)))
    gc.freeze()
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def one_home(tmp_path_factory):
    """The folder of all stores that live as long as a test."""
    return tmp_path_factory.mktemp("stores") / "home"


@pytest.fixture
def mlflow_home(one_home, mlflow_template, tmp_path, monkeypatch):
    """A folder with an empty embedded store of its own; the current folder is another, empty one."""
    from tests.homes import emptied

    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    emptied(one_home, mlflow_template)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return one_home


@pytest.fixture
def store(mlflow_home):
    """The embedded store of `mlflow_home`, opened; its connections are closed afterwards."""
    from logitgate.tracking.store import open_store

    opened = open_store(mlflow_home)
    yield opened
    opened.client._tracking_client.store.engine.dispose()


@pytest.fixture(scope="session")
def quick(tmp_path_factory):
    """A project whose training takes a second and passes."""
    from tests import victims

    return victims.project(tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """A Prefect server with a database of its own, one for each worker."""
    from tests.prefect_server import named_in_the_settings, running

    own = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch, running(own) as address:
        patch.delenv("PREFECT_API_URL", raising=False)
        patch.setenv("PREFECT_HOME", str(own))
        with named_in_the_settings(address):
            gc.freeze()
            yield


@pytest.fixture
def commands(prefect_server, one_home, mlflow_template, tmp_path, monkeypatch):
    """A folder with an empty store where commands live; the current folder is another, empty one."""
    from tests.command import living_in
    from tests.homes import emptied

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    emptied(one_home, mlflow_template)
    with living_in(one_home, mlflow_template) as home:
        yield home


@pytest.fixture(scope="module")
def home(prefect_server, mlflow_template, tmp_path_factory):
    """A folder where all commands of a file keep one store; projects lie beside it."""
    from tests.command import living_in

    with living_in(tmp_path_factory.mktemp("file") / "home", mlflow_template) as home:
        yield home


@pytest.fixture(scope="session")
def served_rows():
    """300 rows with missing numbers, missing texts and a column that only enters the costs."""
    rng = np.random.default_rng(7)
    rows = pd.DataFrame(
        {
            "age": rng.normal(40, 12, 300),
            "income": rng.gamma(2.0, 1_000.0, 300),
            "amount": rng.uniform(10, 90, 300),
            "job": rng.choice(["clerk", "smith", "baker"], 300),
            "city": rng.choice(["Köln", "Aix"], 300),
        }
    )
    rows.loc[:20, "age"] = np.nan
    rows.loc[5:34, "job"] = None
    return rows.astype({"job": "category", "city": "category"})


@pytest.fixture(scope="session")
def package(served_rows):
    """A fitted model with splines, an interaction and costs by row, ready to be shipped."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    from logitgate.data.sampling.row_hashes import FittedRows
    from logitgate.decision.costs import CostMatrix
    from logitgate.decision.rule import DecisionRule
    from logitgate.model.design.matrix import design
    from logitgate.model.model import Model
    from logitgate.monitoring.reference import ReferenceProfile
    from logitgate.production.packaging.golden import answered
    from logitgate.production.packaging.model_package import ModelPackage
    from logitgate.project.data import FeaturesConfig
    from logitgate.project.search import Form, Search

    features = FeaturesConfig(numeric=("age", "income"), categorical=("job", "city"))
    form = Form(basis="spline", interactions=("both",))
    search = Search(forms=(form,), interactions={"both": ("age", "job")}, rare_level_rows=20)
    chance = 1 / (1 + np.exp(-(served_rows["income"].to_numpy() - 2_000) / 1_000))
    y = (np.random.default_rng(8).uniform(size=len(chance)) < chance).astype(int)
    steps = [
        ("design", design(form, features, search, served_rows)),
        ("regression", LogisticRegression(solver="newton-cholesky")),
    ]
    costs = CostMatrix.of(
        true_positive=2, false_positive="2 + amount / 50", true_negative=0, false_negative="amount"
    )
    pipeline = Pipeline(steps).fit(served_rows[list(features.all)], y)
    fitted_on = FittedRows("1: visit, at", np.arange(0, 900, 3, dtype=np.uint64))
    model = Model(pipeline, DecisionRule("per-row"), costs, features)
    kept = served_rows.iloc[:60]
    numbers = {name: tuple(kept[name].tolist()) for name in ("age", "income", "amount")}
    texts = {name: tuple(None if pd.isna(cell) else cell for cell in kept[name]) for name in ("job", "city")}
    golden = answered(model, numbers, texts)
    return ModelPackage(model, "EUR", ReferenceProfile({"rows": len(y)}), fitted_on, golden)
