"""How many decisions the test rows of a training have served before, as its experiment remembers."""

from __future__ import annotations

from mlflow.entities import Run, ViewType

from ..gates.alpha_spending import DIGEST, Window
from .runs import KEY, experiment
from .store import Store, reached

_PAGE = 1_000


def earlier_decisions(store: Store, name: str, window: Window, key: str) -> int:
    """Count the other trainings of a model that have judged on these test rows.

    A training counts from the moment its judgement is recorded, whatever became of it later: its figures were
    there to be seen, even if its run was deleted since. The same training done again is still one, and the
    candidates of a search and trainings that were refused before their judgement have no window at all.

    Parameters
    ----------
    store : Store
    name : str
        Of the model, and so of its experiment.
    window : Window
        The test rows.
    key : str
        Of the training that asks, which never counts itself.

    Raises
    ------
    UnavailableError
        When the store cannot be read: earlier decisions on the rows are then unknown.
    """
    with reached(store):
        runs = _judged(store, experiment(store, name))
    return len({_key(run) for run in runs if window.wears(run.data.tags)} - {key})


def _judged(store: Store, experiment_id: str) -> list[Run]:
    runs: list[Run] = []
    token = None
    while True:
        page = store.client.search_runs(
            [experiment_id], f"tags.`{DIGEST}` LIKE '%'", ViewType.ALL, _PAGE, page_token=token
        )
        runs.extend(page)
        token = page.token
        if not token:
            return runs


def _key(run: Run) -> str:
    return str(run.data.tags.get(KEY, run.info.run_id))
