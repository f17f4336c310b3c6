"""What a fit may take: memory is bounded by the kernel, in a process of its own."""

import sys

import numpy as np
import pandas as pd
import pytest

from logitgate.model.fitting.fit import Choice, fit
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search
from tests import bounds

ROWS = 120_000
NUMBERS, LEVELS = tuple(f"x{place}" for place in range(8)), ("city", "kind")
MEGABYTES = 65
"""The design, written out in double precision, would be 155; the Hessian is that of some of so many rows."""


def _rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=ROWS) for name in NUMBERS})
    for name, count in zip(LEVELS, (60, 5), strict=True):
        codes = rng.integers(0, count, ROWS)
        frame[name] = pd.Categorical.from_codes(codes, [f"{place:02}" for place in range(count)])
    return frame, (rng.normal(size=ROWS) + frame["x0"] > 1).to_numpy(np.int64)


def main():
    """Fit a few rows, which loads all libraries, and then all of them within each bound."""
    frame, y = _rows()

    def coefficients(rows):
        features = FeaturesConfig(numeric=NUMBERS, categorical=LEVELS)
        model = fit(Choice(Form(basis="spline"), 1.0), frame[:rows], y[:rows], features, Search())
        return model[-1].coef_.shape[1]

    coefficients(2_000)
    bounds.tell({bound: bounds.within(bound, lambda: coefficients(ROWS)) for bound in (MEGABYTES, 10)})


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is the kernel's")
def test_a_fit_writes_no_design():
    """It takes less than the design matrix would; a bound that is too tight is noticed."""
    told = bounds.told_by(__file__)
    assert int(told[str(MEGABYTES)]) > 130
    assert told["10"] == "MemoryError"


if __name__ == "__main__":
    main()
