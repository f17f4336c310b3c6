"""The page in Chromium: sliders against Python, nothing asked of a network, usable on a small phone."""

from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest

import logitgate as lg
from logitgate.catalogue import Check
from logitgate.findings import Finding, Status
from logitgate.gates.verdict.outcome import Outcome
from logitgate.pages.charts import cost_chart, roc_chart
from logitgate.pages.explorer import explored
from logitgate.pages.sliders import Explorer
from logitgate.replay.results.page import replay_page
from logitgate.report.facts import facts_of
from logitgate.report.ml_test_score import StoreEvidence, ml_test_score
from logitgate.report.page import Beside, Registered, Stay, WatchedWindow, page
from logitgate.report.window_page import window_page
from tests import projects
from tests.browsers import NEEDED, chromium, grave, shown
from tests.replay.replays import replay
from tests.report import windows

pytestmark = NEEDED
EVIL = "<script>window.touched = true</script>"
COUNTS = ("true_positive", "false_positive", "true_negative", "false_negative")


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """What a training keeps, with markup in a level's name."""
    frame = projects.table()
    frame["side"] = frame["side"].replace("west", EVIL)
    file = projects.write(tmp_path_factory.mktemp("trained"), frame)
    evidence = lg.train(lg.load_project(file)).evidence
    outcome = Outcome.of("visits", EVIL, evidence.verdict, evidence.as_of)
    outcome = outcome.judged(evidence.learned.model.rule, evidence.judged.evaluation)
    bad = Finding(Check.SLICES, EVIL, Status.FAIL, EVIL)
    return replace(outcome, version=3, run_id=EVIL, findings=(*outcome.findings, bad)), facts_of(evidence)


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests of this file."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(facts, tmp_path_factory):
    """The page as a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(*facts), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def pages(facts, address, tmp_path_factory):
    """The address of each kind of page: a training with its history, a window, a replay."""
    folder = tmp_path_factory.mktemp("pages")
    stay = Stay(3, "2021-05-01 10:00", "", "2021-04-20", "promotion", "ann", "2 [1, 3] EUR", EVIL)
    refused = Registered(2, "2021-04-01 10:00", "2021-03-20", "FAIL", EVIL, "4 [3, 5] EUR", "")
    watched = WatchedWindow("June", 3, "retrain", "", "miscalibrated", "calibration")
    score = ml_test_score(StoreEvidence(facts[0]))
    beside = Beside("ab12", (stay,), 2, score, (refused,), (watched,))
    bad = Finding(Check.SLICES, EVIL, Status.FAIL, EVIL)
    texts = {
        "version": page(*facts, beside=beside),
        "window": window_page(windows.window(bad), windows.history()),
        "replay": replay_page(replay(model=EVIL)),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {"training": address} | {name: (folder / f"{name}.html").as_uri() for name in texts}


@pytest.fixture
def opened(browser, address, request):
    """The page of a training in a window."""
    with shown(browser, address, getattr(request, "param", 1_000)) as window:
        yield window


@pytest.mark.parametrize("kind", ["training", "version", "window", "replay"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, pages, kind, scheme):
    """Nor any text that is hard to read, in light and dark, all parts unfolded."""
    with shown(browser, pages[kind], scheme=scheme) as window:
        window.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert grave(window) == []


@pytest.mark.parametrize("kind", ["version", "window", "replay"])
def test_each_page_fits_a_small_phone_and_is_inert(browser, pages, kind):
    """Nothing but tables in their frames is wider than the screen; markup in values does nothing."""
    with shown(browser, pages[kind], width=320) as window:
        assert window.evaluate("document.documentElement.scrollWidth") <= 320
        assert window.evaluate("window.touched") is None
        assert EVIL in window.locator("body").text_content()


def figure(window, name):
    """Return a figure of the explorer, to the last bit."""
    return float(window.locator(f'[data-figure="{name}"]').first.get_attribute("data-value"))


def slide(window, name, position):
    """Put a slider somewhere, as a hand would."""
    window.locator(f"#slider-{name}").fill(str(position))


def test_the_sliders_show_what_python_says(opened, facts):
    """Threshold, counts, rates, money and both points, at costs all over the scale."""
    known = facts[1]
    judged, unit = known.judged, known.unit
    explorer = Explorer.of(judged.groups, judged.costs)
    for miss, alarm in ((100, 100), (0, 100), (400, 13), (57, 311), (251, 0), (0, 0), (5, 400)):
        slide(opened, "false_negative", miss)
        slide(opened, "false_positive", alarm)
        positions = {"false_negative": miss, "false_positive": alarm}
        costs = explorer.costs.model_copy(
            update={name: explorer.sliders[name].value(at) for name, at in positions.items()}
        )
        point = explored(judged.groups, costs)
        for name in (*COUNTS, "threshold"):
            assert float(figure(opened, name)) == getattr(point, name), (name, positions)
        for name in ("flag_rate", "recall", "false_positive_rate", "cost"):
            np.testing.assert_allclose(figure(opened, name), getattr(point, name), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(figure(opened, "cost_a_year"), point.cost * judged.rows_a_year, atol=1e-6)
        for chart in (roc_chart(judged.groups, costs), cost_chart(judged.groups, costs, unit)):
            drawn = opened.locator(f'svg[data-chart="{chart.name}"]')
            circle = drawn.locator("circle.chosen")
            place = [float(circle.get_attribute(name)) for name in ("cx", "cy")]
            np.testing.assert_allclose(place, [chart.marks[0].x, chart.marks[0].y], atol=0.11)
            curve = drawn.locator("polyline.model").get_attribute("points").replace(",", " ").split()
            wanted = chart.lines[-1].points.replace(",", " ").split()
            np.testing.assert_allclose(np.array(curve, float), np.array(wanted, float), atol=0.11)


def test_the_page_says_the_same_before_and_after_its_script(opened, browser, address):
    """Without JavaScript the declared costs' figures stand there, in the same words."""
    context = browser.new_context(java_script_enabled=False)
    still = context.new_page()
    still.goto(address)
    for name in (*COUNTS, "threshold", "flag_rate", "recall", "cost", "cost_a_year", "cost.false_negative"):
        one, other = (window.locator(f'[data-figure="{name}"]').first for window in (opened, still))
        assert one.text_content() == other.text_content(), name
    context.close()


def test_the_explorer_works_by_keyboard(opened):
    """Arrows move a slider, a button goes back, and what changed is said in words."""
    slider = opened.locator("#slider-false_negative")
    slider.focus()
    before = figure(opened, "cost.false_negative")
    opened.keyboard.press("ArrowRight")
    assert figure(opened, "cost.false_negative") > before
    assert slider.get_attribute("aria-valuetext").endswith("EUR")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert figure(opened, "cost.false_negative") == before


def test_markup_in_values_does_nothing(opened):
    """Levels and run names are shown as they are written."""
    assert opened.evaluate("window.touched") is None
    assert EVIL in opened.locator("#table-slices").text_content()
    assert EVIL in opened.locator("#decision").text_content()


def test_slices_are_sorted_and_filtered(opened):
    """A click on a head sorts by number, a second one turns the order; a word leaves its rows."""
    table = opened.locator("#table-slices")
    head = table.locator("th", has=opened.get_by_role("button", name="n", exact=True))
    for order in ("ascending", "descending"):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == order
        numbers = [
            int(text.replace(",", "")) for text in table.locator("tbody td:nth-child(2)").all_text_contents()
        ]
        assert numbers == sorted(numbers, reverse=order == "descending")
    opened.locator("#slice-filter").fill("NORTH")
    assert table.locator("tbody tr:visible").count() == 1
    assert opened.locator("#slice-filter-shown").text_content() == "1 of 4 rows"


@pytest.mark.parametrize("opened", [320], indirect=True)
def test_a_small_phone_shows_all_of_it(opened):
    """Nothing but tables in their frames is wider than the screen, and the sliders can be moved."""
    assert opened.evaluate("document.documentElement.scrollWidth") <= 320
    slider = opened.locator("#slider-false_positive")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert box["height"] >= 24
    before = figure(opened, "cost.false_positive")
    slider.click(position={"x": box["width"] * 0.9, "y": box["height"] / 2})
    assert figure(opened, "cost.false_positive") > before


def test_it_can_be_read_aloud(opened):
    """One main title, headings without gaps, names for all that can be used, and each link has its place."""
    levels = [
        int(tag[1])
        for tag in opened.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - one <= 1 for one, later in pairwise(levels))
    nameless = "document.querySelectorAll('svg:not([aria-label]), [role=region]:not([aria-label])').length"
    assert opened.evaluate(nameless) == 0
    assert (
        opened.evaluate("[...document.querySelectorAll('input')].filter(e => !e.labels.length).length") == 0
    )
    places = opened.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(places) == len(set(places))
    links = opened.evaluate("[...document.querySelectorAll('a')].map(a => a.hash.slice(1))")
    assert set(links) <= set(places)


def test_text_can_be_read_in_light_and_dark(browser, address):
    """Each colour of text has a contrast of 4.5 or more against the ground and the panels (WCAG 2.2, AA)."""
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        window = context.new_page()
        window.goto(address)
        names = ["ground", "panel", "text", "quiet", "model", "good", "bad", "warn"]
        style = "getComputedStyle(document.documentElement)"
        read = f"names => names.map(name => {style}.getPropertyValue('--' + name).trim())"
        ground, panel, *texts = (_luminance(one) for one in window.evaluate(read, names))
        context.close()
        for text in texts:
            for behind in (ground, panel):
                light, dark = max(text, behind), min(text, behind)
                assert (light + 0.05) / (dark + 0.05) >= 4.5


def _luminance(colour):
    """Return the relative luminance of a colour such as #1b1f24."""
    share = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_python_can_drive_the_browser():
    """The package that does is among the development dependencies."""
    assert find_spec("playwright") is not None
