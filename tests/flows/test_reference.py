"""The page of the command line says what the code says."""

from pathlib import Path

from logitgate_flows.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_the_page_is_made_from_the_code():
    """`python -m logitgate_flows.cli.reference >docs/command-line.md` writes it again."""
    assert PAGE.read_text(encoding="utf-8") == reference()
