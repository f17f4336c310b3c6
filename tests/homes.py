"""The one folder where tests keep their stores, one after the other; a filled one is made once and put back.

MLflow's files name each other by their whole path, so a copy is good in its own place only. MLflow also keeps
what it has prepared for a database by its path.
"""

import shutil

from tests.command import empty_home, opened


def emptied(home, template):
    """Let an empty store be all that the folder holds."""
    _cleared(home)
    empty_home(home, template)


def filled(home, template, act):
    """Let a function fill an empty store; return a copy of the folder, and what the function returned."""
    emptied(home, template)
    found = act(opened(home))
    _closed(home)
    copy = home.with_name(act.__name__)
    home.rename(copy)
    return copy, found


def put_back(copy, home):
    """Let the folder hold what was copied from it."""
    _cleared(home)
    shutil.copytree(copy, home)


def _cleared(home):
    _closed(home)
    shutil.rmtree(home, ignore_errors=True)


def _closed(home):
    """Close all connections: the next file of this name is another one."""
    from mlflow.store.model_registry import sqlalchemy_store as registry
    from mlflow.store.tracking import sqlalchemy_store as tracking

    for store in (registry.SqlAlchemyStore, tracking.SqlAlchemyStore):
        engine = store._engine_map.get(f"sqlite:///{home / 'mlflow.db'}")
        if engine is not None:
            engine.dispose()
