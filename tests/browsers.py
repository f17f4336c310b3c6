"""Chromium for the tests of pages: one browser, windows that are watched, and what axe finds grave."""

import os
import shutil
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDED = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("LOGITGATE_TEST_BROWSER") != "required",
    reason="there is no Chromium on this machine",
)


@contextmanager
def chromium():
    """Start the browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@contextmanager
def shown(browser, address, width=1_000, scheme="light"):
    """Show a page; at the end nothing was complained about and nothing was asked for."""
    size = {"width": width, "height": 700}
    context = browser.new_context(viewport=size, offline=True, color_scheme=scheme)
    context.set_default_timeout(5_000)
    window = context.new_page()
    said, asked = [], []
    window.on("console", lambda message: said.append(message.text))
    window.on("pageerror", lambda error: said.append(str(error)))
    window.on("request", lambda one: asked.append(one.url))
    window.goto(address)
    yield window
    context.close()
    assert said == []
    assert asked == [address]


def grave(window):
    """Return what axe finds serious or critical."""
    found = Axe().run(window).response
    assert len(found["passes"]) > 15
    graves = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in graves]
