"""The lab in Chromium: its scripts against Python, keyboard, phone, axe, and nothing asked of a network."""

import math

import numpy as np
import pytest
from scipy.special import expit

import logitgate as lg
from logitgate.lab.cost_function import PENALTIES
from logitgate.lab.drill import PRESETS, at_prevalence
from logitgate.lab.order import STEPS
from logitgate.lab.page import page
from logitgate.pages.explorer import explored
from tests import projects
from tests.browsers import NEEDED, chromium, grave, shown

pytestmark = NEEDED
EVIL = "<script>window.touched = true</script>"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab of the visits, with markup in a level, in a column and in the purpose."""
    frame = projects.table().rename(columns={"grip": EVIL})
    frame["side"] = frame["side"].replace("west", EVIL)
    features = {"numeric": ["speed", "load", EVIL]}
    file = projects.write(tmp_path_factory.mktemp("lab"), frame, features=features, purpose=EVIL)
    return lg.lab(lg.load_project(file))


@pytest.fixture(scope="module")
def address(lab, tmp_path_factory):
    """The page as a file."""
    path = tmp_path_factory.mktemp("page") / "lab.html"
    path.write_text(page(lab), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests of this file."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def window(browser, address):
    """The page in one window for all tests; at the end nothing was complained about, nothing asked for."""
    with shown(browser, address) as opened:
        yield opened


def figure(window, name):
    """Return a figure, to the last bit."""
    return float(window.locator(f'[data-figure="{name}"]').first.get_attribute("data-value"))


def test_each_row_walks_to_pythons_decision(window, lab):
    """Log-odds, probability and decision; a threshold that is moved decides again."""
    for place, walk in enumerate(lab.score.walks):
        window.locator("#walk-row").select_option(str(place))
        assert figure(window, "walk.log_odds") == pytest.approx(walk.log_odds, abs=1e-9)
        assert figure(window, "walk.probability") == pytest.approx(walk.probability, abs=1e-12)
        said = window.locator('[data-figure="walk.decision"]')
        assert said.text_content() == ("flagged" if walk.flagged else "not flagged")
    window.locator("#walk-threshold").fill("0")
    assert said.text_content() == "flagged"
    window.locator("#walk-own").click()
    assert said.text_content() == ("flagged" if walk.flagged else "not flagged")


def test_boundaries_are_drawn_where_python_decides(window, lab):
    """Of each form the shown rows on either side, as fitted and with all that can be moved."""
    for place, plane in enumerate(lab.planes):
        window.locator("#boundary-pair").select_option(str(place))
        for kind, surface in enumerate(plane.surfaces):
            window.locator("#boundary-kind").select_option(str(kind))
            for moved in ((0, 1, 1, 0.5), (1.3, 0.5, 2.0, 0.25)):
                names = ("intercept", "first", "second", "threshold")
                for name, value in zip(names, moved, strict=True):
                    window.locator(f"#boundary-{name}").fill(str(value))
                wanted = _sides(plane, surface, moved)
                for name, count in wanted.items():
                    assert figure(window, f"boundary.{name}") == count, (plane.names, surface.kind, moved)
    assert window.locator('svg[data-chart="boundary"] path.border').get_attribute("d").startswith("M")


def _sides(plane, surface, moved):
    intercept, first, second, threshold = moved
    points = np.array(plane.points)
    grids = [np.linspace(plane.low[at], plane.high[at], len(surface.first)) for at in (0, 1)]
    score = surface.intercept + intercept
    score = score + first * np.interp(points[:, 0], grids[0], surface.first)
    score = score + second * np.interp(points[:, 1], grids[1], surface.second)
    flagged, event = score >= math.log(threshold / (1 - threshold)), np.array(plane.events)
    return {
        "true_positive": (flagged & event).sum(),
        "false_positive": (flagged & ~event).sum(),
        "false_negative": (~flagged & event).sum(),
    }


def test_newton_ends_where_the_products_solver_does(window, lab):
    """For both sets of rows and each penalty, with the same log loss."""
    window.locator("#descent-steps").fill("60")
    for place, rows in enumerate(lab.cost_function.sets):
        window.locator("#descent-set").select_option(str(place))
        for C, one in zip(PENALTIES, rows.minima, strict=True):
            window.locator("#descent-c").select_option(str(C))
            found = [figure(window, f"newton.{name}") for name in ("first", "second", "loss")]
            np.testing.assert_allclose(found, [*one.weights, one.log_loss], rtol=1e-6)


def test_gradient_descent_takes_the_steps_of_python(window, lab):
    """A rate that arrives, one that is too small, and one that breaks: then the naive formula overflows."""
    window.locator("#descent-set").select_option("0")
    window.locator("#descent-c").select_option("1.0")
    window.locator("#descent-steps").fill("25")
    x, event = (np.array(part) for part in (lab.cost_function.sets[0].x, lab.cost_function.sets[0].event))
    for power in (-1, 0.5, 4):
        window.locator("#descent-rate").fill(str(power))
        w = np.zeros(2)
        for _ in range(25):
            w = w - 10**power * (x.T @ (expit(x @ w) - event) + w) / len(x)
        score = x @ w
        loss = np.logaddexp(0, np.where(event, -score, score)).mean()
        found = [figure(window, f"descent.{name}") for name in ("first", "second", "loss")]
        np.testing.assert_allclose(found, [*w, loss], rtol=1e-6)
    said = window.locator("#descent-said").text_content()
    assert "overshoots" in said
    assert "naive formula has overflowed" in said
    assert window.locator('[data-figure="descent.naive"]').text_content() in (
        "infinite (overflow)",
        "not a number",
    )


def test_separated_rows_let_the_coefficients_run_away(window):
    """Without a penalty Newton goes on; the page says so."""
    window.locator("#descent-set").select_option("1")
    window.locator("#descent-c").select_option("Infinity")
    window.locator("#descent-steps").fill("4")
    early = figure(window, "newton.second")
    window.locator("#descent-steps").fill("12")
    assert abs(figure(window, "newton.second")) > 2 * abs(early)
    assert "Nothing stops the coefficients" in window.locator("#descent-said").text_content()


def test_other_trades_have_other_thresholds(window, lab):
    """Each preset's threshold, counts and cost are Python's; so are those of another share of events."""
    groups, own = lab.drill.groups, lab.drill.own
    for name, costs in (*((one.name, one.costs) for one in PRESETS), ("own", own)):
        window.locator(f'button[data-preset="{name}"]').click()
        point = explored(groups, costs)
        form = window.locator("#explorer")
        for key in ("true_positive", "false_positive", "cost", "flag_rate"):
            shown_value = float(form.locator(f'[data-figure="{key}"]').first.get_attribute("data-value"))
            assert shown_value == pytest.approx(getattr(point, key), rel=1e-12), (name, key)
    for share in (0.02, 0.5, 0.9):
        window.locator("#shift-share").fill(str(share))
        wanted = at_prevalence(groups, own, share)
        for key in ("precision", "flag_rate", "cost", "corrected_threshold", "corrected_cost"):
            assert figure(window, f"shift.{key}") == pytest.approx(getattr(wanted, key), rel=1e-9), key


def test_the_steps_are_put_in_order_by_keyboard(window):
    """A wrong order shows what it breaks; the right one shows nothing."""
    window.locator("#check-order").click()
    broken = window.locator("#broken > li:visible")
    assert broken.count() > 0
    assert "before" in broken.first.text_content()
    for place, step in enumerate(STEPS):
        item = window.locator(f'#steps > li[data-key="{step.key}"]')
        item.get_by_role("button", name="Move up").focus()
        while _keys(window).index(step.key) > place:
            window.keyboard.press("Enter")
    assert _keys(window) == [step.key for step in STEPS]
    window.locator("#check-order").focus()
    window.keyboard.press("Space")
    assert window.locator("#broken > li:visible").count() == 0
    assert "this order holds" in window.locator("#order-said").text_content()


def _keys(window):
    return window.evaluate("[...document.querySelectorAll('#steps > li')].map(one => one.dataset.key)")


def test_markup_is_inert(window):
    """In a level, a column and the purpose."""
    assert window.evaluate("window.touched") is None
    assert EVIL in window.locator("header").text_content()
    assert EVIL in window.locator("#boundary-pair").text_content()
    assert EVIL in window.locator('[data-part="inputs"]').text_content()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1_000), ("dark", 320)])
def test_everybody_can_use_it(browser, address, scheme, width):
    """Axe finds nothing serious with all parts unfolded, and nothing is wider than a small phone."""
    with shown(browser, address, width, scheme) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        opened.locator("#check-order").click()
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert grave(opened) == []
        opened.emulate_media(media="print")
        assert opened.locator(".controls:visible").count() == 0
