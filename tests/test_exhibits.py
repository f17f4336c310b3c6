"""Tables of evidence, for people and for programs."""

import json

from logitgate.evidence_table import Exhibit


def test_rows_may_lack_a_column_and_figures_may_be_nan() -> None:
    """A lacking key is an empty cell; JSON gets null where there is no finite figure."""
    exhibit = Exhibit("parts", "Parts", ({"a": 1}, {"b": float("nan"), "a": 2}), note="By part.")
    assert exhibit.columns == ("a", "b")
    assert exhibit.markdown().splitlines()[-2:] == ["| 1 |  |", "| 2 | nan |"]
    assert "\n\nBy part.\n\n" in exhibit.markdown()
    assert json.loads(json.dumps(exhibit.as_json(), allow_nan=False))["rows"][1] == {"b": None, "a": 2}


def test_a_bar_in_a_cell_does_not_break_the_table() -> None:
    """What a table's reader takes for a column border is escaped."""
    assert "| a\\|b |" in Exhibit("x", "X", ({"name": "a|b"},)).markdown()
    assert "(no rows)" in Exhibit("x", "X", ()).markdown()
