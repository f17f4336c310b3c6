"""The input example: made up of medians and commonest levels, and none where something is not known."""

import numpy as np
import pandas as pd

from logitgate.data.sampling.sample import Sample
from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import Decision, DecisionRule
from logitgate.evaluation.evaluate import Scored
from logitgate.monitoring.profiling import reference_profile
from logitgate.monitoring.reference import ReferenceProfile
from logitgate.production.packaging.input_example import made_up_row
from logitgate.project.reading.load import parse_project


def profile():
    """Of a number, a count, and a level that most rows have."""
    n = 300
    frame = pd.DataFrame(
        {
            "speed": np.linspace(10, 31, n),
            "stops": np.repeat([0.0, 2.0, 2.0, 3.0, 3.0], [90, 60, 60, 45, 45]),
            "nothing": np.full(n, np.nan),
            "side": np.repeat(["left", "right", "right"], n // 3).astype(object),
        }
    )
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5).rows({}, n)
    y = np.arange(n) % 5 == 0
    sample = Sample(frame, y.astype(np.int8), np.arange(n).astype(str).astype(object))
    scored = Scored(y.astype(int), Decision.by(DecisionRule("constant", 0.2), y * 0.5, costs), costs)
    project = {
        "name": "small",
        "rows": {"path": "rows.csv"},
        "outcome": {"column": "y", "event": "yes"},
        "features": {"numeric": ["speed", "stops", "nothing"], "categorical": ["side"]},
        "costs": {"true_positive": 1, "false_positive": 1, "false_negative": 5},
    }
    return reference_profile(sample, scored, parse_project(project, "small.toml"))


def test_the_row_is_made_of_medians_and_commonest_levels():
    """A whole number where the project declares one."""
    found = made_up_row({"speed": "number", "stops": "integer", "side": "text"}, profile())
    (row,) = found.to_dict("records")
    assert abs(row["speed"] - 20.5) < 1
    assert (row["stops"], row["side"]) == (2.0, "right")


def test_what_is_not_known_makes_no_example():
    """A column of the costs, one without values, and a profile that cannot be read."""
    for columns in ({"speed": "number", "price": "number"}, {"nothing": "number"}):
        assert made_up_row(columns, profile()) is None
    assert made_up_row({"speed": "number"}, ReferenceProfile({"rows": 300})) is None
