"""Rows, and models that say what a column says, for the tests of judgements."""

from functools import cache

import numpy as np
import pandas as pd

from logitgate.data.sampling.row_hashes import FittedRows, scheme_of
from logitgate.data.sampling.sample import Sample
from logitgate.decision.rule import DecisionRule
from logitgate.gates.evidence import Challenger
from logitgate.model.model import Model
from logitgate.model.recipes.baselines import LINEAR, PRIOR
from logitgate.project.data import FeaturesConfig
from logitgate.project.reading.load import parse_project
from tests.projects import SMALL

PLAIN = SMALL | {
    "features": {"numeric": ["sharp"]},
    "slices": {"columns": ["g"], "minimum_rows": 100, "minimum_events": 10},
}
PROJECT = parse_project(PLAIN, "small.toml")
FIFTH = DecisionRule("constant", 0.2)
NOTHING = FittedRows(scheme_of(PROJECT), np.empty(0, dtype=np.uint64))


def project(**changes):
    """Return the project with other sections."""
    return parse_project(PLAIN | changes, "small.toml")


class Column:
    """Stands for a fitted pipeline: the probability is what a column says."""

    def __init__(self, name):
        self.name = name

    def predict_proba(self, frame):
        """Return the probabilities of both classes."""
        return np.column_stack([1 - frame[self.name], frame[self.name]])


def model(column, rule=FIFTH, costs=PROJECT.costs.matrix):
    """Return a model that reads one column and decides by a rule."""
    return Model(Column(column), rule, costs, FeaturesConfig(numeric=(column,)))


SIMPLER = {PRIOR: model("flat"), LINEAR: model("blurred")}


def probability(odds):
    """Return the probability of log-odds."""
    return 1 / (1 + np.exp(-odds))


@cache
def judged_rows():
    """Rows with probabilities that are sharp, off, blurred or constant; `turned` is wrong in slice b."""
    rng = np.random.default_rng(0)
    odds = rng.normal(-1.5, 2, 6000)
    sharp = probability(odds)
    y = (rng.random(6000) < sharp).astype(np.int8)
    g = np.where(rng.random(6000) < 0.2, "b", "a")
    columns = {
        "sharp": sharp,
        "blurred": probability(odds + rng.normal(0, 3, 6000)),
        "turned": np.where(g == "b", 1 - sharp, sharp),
        "halved": probability(odds / 2),
        "doubled": probability(2 * odds),
        "tripled": probability(3 * odds),
        "fallen": probability(-odds),
        "flat": y.mean(),
        "g": g,
    }
    return Sample(pd.DataFrame(columns), y, np.arange(6000).astype(str).astype(object))


def challenging(challenger, rows, simpler=SIMPLER, **known):
    """Return a model's decisions as those of a recipe, beside simpler ones."""
    costs = PROJECT.costs.matrix
    beside = {name: one.score(rows, costs) for name, one in simpler.items()}
    return Challenger(rows, challenger.score(rows, costs), **{"recipe": "ours", "simpler": beside} | known)
