"""The page about the interface to Python: its examples are run, and it names every public name."""

import doctest
import re
from pathlib import Path

import logitgate as lg

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_the_examples_of_the_page_hold(mlflow_home, monkeypatch):
    """From a data frame to production, as it is written, in a folder of its own."""
    monkeypatch.setenv("LOGITGATE_HOME", str(mlflow_home))
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert found.failed == 0 and found.attempted > 30


def test_the_page_names_every_public_name():
    """A name that is added is documented."""
    named = set(re.findall(r"^\| `lg\.(\w+)", PAGE.read_text("utf-8"), re.MULTILINE))
    assert named == {name for name in lg.__all__ if not name.startswith("_")}
