"""What a fit may take: memory is bounded by the kernel, in a process of its own."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from logitgate.model.fitting.fit import Choice, fit
from logitgate.project.data import FeaturesConfig
from logitgate.project.search import Form, Search

ROWS = 160_000
NUMBERS, LEVELS = tuple(f"x{place}" for place in range(8)), ("city", "kind")
MEGABYTES = 60
"""The design, written out in double precision, would be 207; the Hessian is that of some of so many rows."""


def _rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=ROWS) for name in NUMBERS})
    for name, count in zip(LEVELS, (60, 5), strict=True):
        codes = rng.integers(0, count, ROWS)
        frame[name] = pd.Categorical.from_codes(codes, [f"{place:02}" for place in range(count)])
    return frame, (rng.normal(size=ROWS) + frame["x0"] > 1).to_numpy(np.int64)


def _bounded():
    """Fit within what the process holds and so many megabytes more."""
    frame, y = _rows()
    features = FeaturesConfig(numeric=NUMBERS, categorical=LEVELS)
    fit(Choice(Form(basis="spline"), 1.0), frame[:2000], y[:2000], features, Search())
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next(int(line.split()[1]) for line in lines if line.startswith("VmData:")) * 1024
    limit = held + int(float(sys.argv[1]) * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    model = fit(Choice(Form(basis="spline"), 1.0), frame, y, features, Search())
    sys.stdout.write(str(model[-1].coef_.shape[1]))


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is the kernel's")
@pytest.mark.parametrize(("megabytes", "ends"), [(MEGABYTES, 0), (10, 1)])
def test_a_fit_writes_no_design(megabytes, ends):
    """It takes less than the design matrix would; a bound that is too tight is noticed."""
    ended = subprocess.run(
        [sys.executable, __file__, str(megabytes)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == ends, ended.stderr
    if ends:
        assert "MemoryError" in ended.stderr
    else:
        assert int(ended.stdout) > 130


if __name__ == "__main__":
    _bounded()
