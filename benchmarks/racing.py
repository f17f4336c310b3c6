"""A race of candidates on a sample against the full search: the same choices, fewer fits, less CPU.

    python -m benchmarks.racing [--rows 300000]

Makes tables as `benchmarks.memory` does, of two seeds and of a world without curves, and lets all recipes of
a training choose for each block and in the end, with the race and without it. The rule: every choice is the
same.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.memory import project_of, write_table

WORLDS = (("curved, seed 0", 0, ()), ("curved, seed 1", 1, ()), ("straight, seed 2", 2, ("number1",)))
"""Name, seed, and the features that are left out: without `number1` no effect is curved."""


def chosen(plan, project, *, raced: bool) -> tuple[dict, int, float]:
    """Return what each recipe chooses, how many fits that took, and CPU seconds."""
    from logitgate.model.recipes import racing
    from logitgate.model.recipes.contenders import Contenders

    begin, limit = time.process_time(), racing.RACED
    racing.RACED = 0 if raced else len(plan.blocks.sample)
    try:
        contenders = Contenders.of(plan, project)
        fits = sum(len(rows) > 0 for one in contenders.trials for rows in one.log_odds)
        choices = {}
        for recipe in contenders.recipes():
            if recipe.name == "best single feature":
                fits += sum(len(rows) > 0 for one in recipe.log_odds for rows in one)
            judged = recipe.judge(plan, project.costs.matrix, project.gates.alpha)
            choices[recipe.name] = [one.candidate for _, one in judged.blocks] + [judged.final.candidate]
    finally:
        racing.RACED = limit
    return choices, fits, time.process_time() - begin


def main() -> None:
    """Compare both ways on each world."""
    import logitgate as lg
    from logitgate.data.sampling.blocks import cut
    from logitgate.data.sampling.sample import observe
    from logitgate.data.table import read_rows
    from logitgate.model.recipes.out_of_fold import Plan

    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300_000)
    rows = parser.parse_args().rows
    print(f"{rows:,} rows\n\n{'':18}{'fits':>6}{'raced':>7}{'CPU s':>8}{'raced':>7}  choices")
    for name, seed, dropped in WORLDS:
        with tempfile.TemporaryDirectory() as folder:
            write_table(Path(folder) / "rows.parquet", rows, seed)
            project = lg.load_project(project_of(Path(folder)))
            kept = tuple(one for one in project.features.numeric if one not in dropped)
            features = project.features.model_copy(update={"numeric": kept})
            project = project.model_copy(update={"features": features})
            plan = Plan.of(cut(observe(read_rows(project).frame, project, None).sample, project))
        (full, all_fits, slow), (ours, fits, quick) = (
            chosen(plan, project, raced=raced) for raced in (False, True)
        )
        rule = "kept: the same" if ours == full else "broken: others"
        print(f"{name:18}{all_fits:6}{fits:7}{slow:8.1f}{quick:7.1f}  {rule}", flush=True)


if __name__ == "__main__":
    main()
