"""How many other recipes were tried on the judged rows of a training before, as its experiment remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...gates.rules.alpha_spending import DIGEST, RECIPE, LookWindow
from ..runs import KEY, experiment
from ..store import Store, reached

if TYPE_CHECKING:
    from mlflow.entities import Run

_PAGE = 1_000


def earlier_decisions(store: Store, name: str, window: LookWindow, key: str, recipe: str = "") -> int:
    """Count the other recipes that were judged on these rows.

    A schedule that repeats one recipe as time goes on chooses nothing by these rows, so it spends no alpha. A
    training that was recorded without its recipe counts as a recipe of its own.

    A training counts from the moment its judgement is recorded, whatever became of it later: its figures were
    there to be read, even if its run was deleted since. The same training done again is still one, and the
    candidates of a search and trainings that were refused before their judgement have no window at all.

    Parameters
    ----------
    store : Store
    name : str
        Of the model, and so of its experiment.
    window : LookWindow
        The judged rows.
    key : str
        Of the training that asks, which never counts itself.
    recipe : str
        Of the training that asks.

    Raises
    ------
    UnavailableError
        When the store cannot be read: then it is not known what the rows have served.
    """
    with reached(store):
        runs = _judged(store, experiment(store, name))
    return len({_recipe(run) for run in runs if window.overlaps(run.data.tags)} - {key, recipe})


def _judged(store: Store, experiment_id: str) -> list[Run]:
    from mlflow.entities import ViewType

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


def _recipe(run: Run) -> str:
    tags = run.data.tags
    return str(tags.get(RECIPE) or tags.get(KEY) or run.info.run_id)
