"""One training cycle of logitgate, with a clock on the boundaries of its flow."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from stages import Clock

CLOCK = Clock(Path(os.environ["NOTES"]))

from logitgate_flows.cli import main as cli  # noqa: E402 - the imports are timed
from logitgate_flows.server.start import server_meanwhile, started  # noqa: E402

with started(), server_meanwhile():
    from logitgate_flows import run as training
    from logitgate_flows.cli.screens import terminal  # noqa: F401 - what the command imports
CLOCK.imported()


def put_clocks():
    """Wrap what the flow's tasks call; nothing else of the product is touched."""
    flow = sys.modules["logitgate_flows.training"]
    for name, stage in {
        "read_rows": "read",
        "check_table": "contract",
        "keep": "contract",
        "part_rows": "contract",
        "judge_model": "evaluation",
        "open_store": "MLflow",
    }.items():
        setattr(flow, name, CLOCK.timed(stage, getattr(flow, name)))
    for name in ("opponents", "promote_if_passed", "record_and_register"):
        setattr(flow.release, name, CLOCK.timed("MLflow", getattr(flow.release, name)))
    flow.learn_model = counting(CLOCK.timed("fit and search", flow.learn_model))
    for name in ("only_one", "recording"):
        setattr(flow.release, name, timed_ends(getattr(flow.release, name)))


def counting(learn_model):
    def learned(evidence):
        known = learn_model(evidence)
        sizes = {name: len(rows) for name, rows in known.split}
        CLOCK.tell(**sizes, candidates=len(known.learned.found.candidates))
        return known

    return learned


def timed_ends(block):
    """Time the beginning and the end of a block, not what happens within."""

    @contextmanager
    def run(*arguments):
        manager = block(*arguments)
        with CLOCK.stage("MLflow"):
            begun = manager.__enter__()
        try:
            yield begun
        except BaseException:
            manager.__exit__(*sys.exc_info())
            raise
        with CLOCK.stage("MLflow"):
            manager.__exit__(None, None, None)

    return run


def telling(trainings):
    def outcomes(*arguments):
        for outcome in trainings(*arguments):
            CLOCK.tell(auc=outcome.test["auc"], cost=outcome.test["cost"], promoted=outcome.promoted)
            yield outcome

    return outcomes


if __name__ == "__main__":
    put_clocks()
    training.run_trainings = telling(training.run_trainings)
    cli.main()
