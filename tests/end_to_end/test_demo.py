"""The demo: the whole story on other rows, and what it answers when it is asked for again."""

import pytest

from tests import projects

SHORT = {
    "SPRING": ("2021-04-20", "2021-04-21"),
    "SUMMER": (),
    "BAD": 2,
    "JUNE": [("2021-04-14", "2021-04-21")],
    "JULY": [("2021-04-21", "2021-04-30")],
    "AUTUMN": [],
    "REPLAY": ("1 week", "2021-04-14", "2021-04-28"),
}


@pytest.mark.acceptance
@pytest.mark.usefixtures("commands")
def test_the_demo_tells_the_whole_story(tmp_path, monkeypatch, capsys):
    """Release, scores, a window, the forced release and the history; a second time only how it ended."""
    demo = telling(tmp_path, monkeypatch, signal=1.0)
    assert demo.main() == 0
    out = capsys.readouterr().out
    for said in (
        "visits as of 2021-04-20",
        "Released: version 1 saves",
        "rows by visits version 1",
        "visits version 1, 2021-04-14 to 2021-04-21",
        "Version 2 is in production, in place of version 1",
        "visits version 2, 2021-04-21 to 2021-04-30",
        "the demo: a bad release",
        "Replay of visits, every 1 week from 2021-04-14",
    ):
        assert said in " ".join(out.split()), said
    assert demo.main() == 0
    again = capsys.readouterr().out
    assert (
        "was already run in this folder" in again
        and "Spring" not in again
        and "a bad release" in " ".join(again.split())
    )


@pytest.mark.acceptance
@pytest.mark.usefixtures("commands")
def test_a_demo_without_a_release_says_so(tmp_path, monkeypatch, capsys):
    """Exit 1, and nothing of what needs a model is begun."""
    demo = telling(tmp_path, monkeypatch, signal=0.0)
    assert demo.main() == 1
    out = capsys.readouterr().out
    assert "Nothing is in production" in out and "scores new rows" not in out


def test_the_demo_is_about_the_flights_of_the_repository():
    """Its project file is the example's, and its dates rise."""
    from logitgate.project.project import parse_as_of
    from logitgate_flows import demo

    assert demo.PROJECT.as_posix() == "mlproject/flights.toml"
    dates = [*demo.SPRING, *demo.SUMMER]
    assert [parse_as_of(date).year for date in dates] == [2013] * len(dates)
    assert dates == sorted(dates)
    windows = [*demo.JUNE, *demo.JULY, *demo.AUTUMN]
    assert windows == sorted(windows) and all(since < until for since, until in windows)


def telling(folder, monkeypatch, *, signal):
    """Let the demo tell its story about other rows."""
    from logitgate_flows import demo

    project = projects.write(folder / "here", projects.table(signal=signal))
    for name, value in {**SHORT, "PROJECT": project, "TABLE": project.parent / "visits.parquet"}.items():
        monkeypatch.setattr(demo, name, value)
    return demo
