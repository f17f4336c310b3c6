"""Which line of the project file a leak is to be taken out of."""

from __future__ import annotations

from pathlib import Path

from logitgate.checks.leakage.single_features import CHECK
from logitgate.data.project_files import load_project
from logitgate.findings import Status, Verdict
from logitgate.project.reading.load import read_text
from logitgate.project.syntax.key_lines import key_lines


def lines_to_change(project_file: Path, verdict: Verdict) -> list[str]:
    """Return for each feature that is refused as a leak the line that names it, and what to do."""
    leaks = {one.subject for one in verdict.findings if one.check == CHECK and one.status is Status.FAIL}
    if not leaks:
        return []
    features, lines = load_project(project_file).features, key_lines(read_text(project_file))
    found = []
    for key, names in (("numeric", features.numeric), ("categorical", features.categorical)):
        for name in names:
            line = lines.of_value(f"features.{key}", name)
            if name in leaks and line is not None:
                found.append(
                    f"{project_file} line {line}: take '{name}' out of features.{key} and list it under "
                    "columns.known_after_outcome, or trust it under gates.leakage.trusted with the reason"
                )
    return found
