"""The demo: one training after the other, and what is in production in the end."""

import pytest

from tests import projects


@pytest.mark.parametrize(
    ("signal", "end"),
    [(1.0, (0, "In production: version 1 of visits")), (0.0, (1, "Nothing is in production"))],
)
@pytest.mark.usefixtures("commands")
def test_the_demo_trains_month_by_month(signal, end, tmp_path, monkeypatch, capsys):
    """Exit 0 when a model is in production at the end, and 1 when none is; both are said."""
    from flows import demo

    code, said = end
    project = projects.write(tmp_path / "here", projects.table(signal=signal))
    monkeypatch.setattr(demo, "PROJECT", project)
    monkeypatch.setattr(demo, "MONTHS", ("2021-04-27", "2021-04-28"))
    assert demo.main() == code
    out = capsys.readouterr().out
    assert "visits as of 2021-04-27" in out and "visits as of 2021-04-28" in out
    assert said in out


def test_the_demo_is_about_the_flights_of_the_repository():
    """Its project file is the example's, and each date has rows before it."""
    from flows import demo
    from logitgate.project import parse_as_of

    assert demo.PROJECT.as_posix() == "mlproject/flights.toml"
    assert [parse_as_of(date).year for date in demo.MONTHS] == [2013] * len(demo.MONTHS)
    assert list(demo.MONTHS) == sorted(demo.MONTHS)
