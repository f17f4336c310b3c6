"""Each margin says where it comes from."""

from logitgate.gates.catalogue import gate_list
from logitgate.project.reading.fitted_defaults import FITS, fitted, is_declared
from logitgate.project.reading.load import parse_project
from logitgate.project.syntax.key_lines import key_lines
from tests.projects import plain


def test_every_margin_has_an_origin():
    """None is shown without the key that sets it."""
    for one in gate_list(parse_project(plain(**{"gates.shadow": {"demanded": True}}), "visits.toml")):
        assert set(one.origins) == set(one.margins), one.check


def test_a_declared_margin_is_named_by_its_line_and_a_default_as_one(wording):
    """And what fits the rows by its rule."""
    project = parse_project(plain(slices={"minimum_rows": 100}), "visits.toml")
    listed = gate_list(project, key_lines("[slices]\n\nminimum_rows = 100\n"))
    wording(*(f"{one.check} | {name} | {said}" for one in listed for name, said in one.origins.items()))


def test_a_small_table_has_smaller_minima_and_a_large_one_the_guides():
    """Declared values stay."""
    project = parse_project(plain(), "visits.toml")
    small, large = fitted(project, 400, 60), fitted(project, 100_000, 9_000)
    assert small.split.blocks == 3 and small.search.rare_level_rows == 10
    assert small.slices.minimum_rows == project.slices.minimum_rows == 100
    assert small.slices.minimum_events == 10
    for key in set(FITS) - {"slices.minimum_rows"}:
        section, name = key.split(".")
        default = type(getattr(project, section)).model_fields[name].default
        assert getattr(getattr(large, section), name) == default


def test_what_was_fitted_is_not_called_declared(wording):
    """Though the fitted project holds a value."""
    project = parse_project(plain(), "visits.toml")
    keys = frozenset(key for key in FITS if not is_declared(project, key))
    origins = {one.check: one.origins for one in gate_list(fitted(project, 400, 60), None, keys)}
    wording(origins["rows"]["blocks"])
