"""The MLflow UI in Chromium: five questions that a person asks, each answered in three clicks.

The first click is on a link that `logitgate ui` prints.
"""

import os
import re
import sys
from contextlib import contextmanager

import numpy as np
import pytest

import logitgate as lg
from tests import projects
from tests.browsers import NEEDED, chromium
from tests.command import living_in, opened
from tests.services import eventually, started
from tests.unreliable import free_port

pytestmark = [NEEDED, pytest.mark.acceptance]
LEAK = {"numeric": ["speed", "load", "grip", "after"]}
WINDOWS = [("2021-05-01", "2021-05-10"), ("2021-05-10", "2021-05-20")]


@pytest.fixture(scope="module")
def story(mlflow_template, tmp_path_factory):
    """A version with a leak is refused, the next one is released, and two windows are monitored."""
    folder = tmp_path_factory.mktemp("story")
    rows = projects.table(6_000, days=90)
    flipped = np.random.default_rng(0).random(len(rows)) < 0.02
    leaking = rows.assign(after=((rows["bad"] == "yes") != flipped) * 1.0)
    with living_in(folder / "home", mlflow_template) as home:
        for name, table, changes in (("leak", leaking, {"features": LEAK}), ("sound", rows, {})):
            project = lg.load_project(projects.write(folder / name, table, **changes))
            outcome = lg.register(lg.train(project, as_of="2021-05-01"))
        assert (outcome.version, outcome.promoted) == (2, True)
        for since, until in WINDOWS:
            lg.monitor(project, rows, since=since, until=until)
        yield home, outcome


@pytest.fixture(scope="module")
def links(story, tmp_path_factory):
    """What `logitgate ui` prints: the links by their names, while its server answers."""
    log = tmp_path_factory.mktemp("server") / "ui.log"
    words = (sys.executable, "-m", "logitgate_flows", "ui", "--port", str(free_port()))
    with started(words, os.environ | {"PYTHONUNBUFFERED": "1"}, log):
        eventually(lambda: "startup complete" in log.read_text(), 60, log.parent)
        found = re.findall(r"^  (\S.*?) {2,}(http\S+)$", log.read_text(), re.M)
        yield dict(found)


@pytest.fixture(scope="module")
def window(links):
    """One window of one browser, wide enough for all columns."""
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 2_400, "height": 1_000})
        context.set_default_timeout(40_000)
        yield context.new_page()
        context.close()


class Clicks:
    """A person who clicks."""

    def __init__(self, window, links):
        self.window, self.links, self.number = window, links, 0

    def link(self, name):
        """Follow a link of the terminal."""
        self.number += 1
        self.window.goto("about:blank")
        self.window.goto(self.links[name])

    def on(self, role, name):
        """Click on something of the page."""
        self.number += 1
        self.window.get_by_role(role, name=name).first.click()

    def on_text(self, text):
        """Click on something that is known by its text alone."""
        self.number += 1
        self.window.get_by_text(text, exact=True).first.click()

    def sees(self, text):
        """Wait until a text stands on the page."""
        self.window.get_by_text(text).first.wait_for()


@contextmanager
def asking(window, links):
    """Count the clicks of one question."""
    person = Clicks(window, links)
    yield person
    assert person.number <= 3


def test_which_form_and_penalty_was_best(window, links, story):
    """The candidates are sorted by their cost; the chosen one is marked."""
    with asking(window, links) as person:
        person.link("visits: candidates")
        person.sees("Candidates: cost against log loss")
        found = opened(story[0]).client.search_runs(["1"], "tags.chosen = 'true'")
        person.sees(found[0].info.run_name)


def test_why_version_1_was_refused(window, links):
    """Its training says which gate and which feature."""
    with asking(window, links) as person:
        person.link("visits: trainings")
        person.on("link", re.compile("2021-05-01 FAIL"))
        person.sees(re.compile("leakage of after"))


def test_what_is_in_production_since_when(window, links):
    """The registered model's page says it above its versions."""
    with asking(window, links) as person:
        person.link("visits: champion")
        person.sees("@ champion")
        person.on("link", "visits")
        person.sees(re.compile(r"Version 2 is the champion since \d{4}-\d\d-\d\d"))


@pytest.mark.parametrize("signal", ["calibration", "cost"])
def test_how_a_signal_moved(signal, window, links):
    """As charts of MLflow, and as a picture with months, interval, limits and actions."""
    with asking(window, links) as person:
        person.link("visits-monitoring: curves")
        person.sees(re.compile(rf"^{signal}$"))
        person.on("tab", "Artifacts")
        person.on_text(f"{signal}.png")
        window.wait_for_function("[...document.images].some(one => one.naturalWidth > 500)")
