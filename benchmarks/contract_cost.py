"""What a contract costs: seconds by the number of its rules, and by the size of a set of values.

Run it as ``python -m benchmarks.contract_cost``; it prints the table of `benchmarks/README.md`.
"""

import json
import tempfile
import time
from pathlib import Path

from logitgate import environment

environment.prepare(Path(tempfile.gettempdir()))

from logitgate.data.contract.validation import check_table  # noqa: E402 - the environment comes first
from logitgate.data.table import read_rows  # noqa: E402
from logitgate.project.reading.load import load_project  # noqa: E402
from tests import projects  # noqa: E402

ROWS = 10_000
RULES = (30, 300, 1_000, 3_000)
VALUES = (1_000, 100_000, 1_000_000)


def rule(kind, **kwargs):
    """Return one entry of a suite."""
    meta = {"because": "what it costs is measured"}
    return {"type": kind, "kwargs": kwargs, "severity": "warning", "meta": meta}


def ranges(number):
    """Return so many rules that differ."""
    kind = "expect_column_values_to_be_between"
    return [rule(kind, column="speed", min_value=-100 - at, max_value=100 + at) for at in range(number)]


def among(number):
    """Return a rule with so many values."""
    values = [f"v{at:06d}" for at in range(max(number, ROWS))][:number]
    return [rule("expect_column_values_to_be_in_set", column="visit", value_set=values, mostly=0.01)]


def seconds(rules):
    """Return how long a table is held against these rules."""
    with tempfile.TemporaryDirectory() as folder:
        file = projects.write(Path(folder), projects.table(ROWS))
        project = load_project(file)
        project.contract.suite.write_text(json.dumps({"name": "visits", "expectations": rules}))
        table = read_rows(project)
        began = time.perf_counter()
        found = check_table(table, project)
        assert len(found.findings) == 1, found.findings
        return time.perf_counter() - began


def main():
    """Print both tables."""
    seconds(ranges(5))  # the first one pays for the imports
    print("| rules | seconds | milliseconds a rule |\n|---|---|---|")
    for number in RULES:
        took = seconds(ranges(number))
        print(f"| {number:,} | {took:.1f} | {1_000 * took / number:.1f} |", flush=True)
    print("\n| values of a set | seconds |\n|---|---|")
    for number in VALUES:
        print(f"| {number:,} | {seconds(among(number)):.1f} |", flush=True)


if __name__ == "__main__":
    main()
