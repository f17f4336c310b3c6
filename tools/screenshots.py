"""Take the pictures of docs/screenshots: pages, terminal and MLflow's UI, of a story that is played first.

    python tools/screenshots.py [FOLDER]

The flights of 2013: a refused version, a release, two monitored months, in a store of its own below a
temporary folder. It takes some minutes, and needs Chromium. No row of a picture can be looked up.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

import logitgate as lg
from logitgate.gates.verdict.outcome import Outcome
from logitgate.interface.lab import lab
from logitgate.production.release.reported import report
from logitgate.production.release.reported_version import version_to_report
from logitgate.tracking.store import open_store
from logitgate_flows.cli.screens import terminal

ROOT = Path(__file__).parents[1]
PROJECT, LAB = Path("mlproject/flights.toml"), Path("mlproject/spam.toml")
DATES = ("2013-02-01", "2013-05-01")
WINDOWS = (("2013-05-01", "2013-06-01"), ("2013-06-01", "2013-07-01"), ("2013-07-01", "2013-08-01"))
SIZE = {"width": 1_200, "height": 800}
_WIDE = {"width": 1_700, "height": 800}
_PORT, _PATIENCE, _MOST_BYTES = 5_790, 90.0, 150_000
_COLOURS = 128
_LINK = re.compile(r"^  (\S.*?) {2,}(http\S+)$", re.M)


@dataclass(frozen=True, slots=True)
class Story:
    """What the pictures show."""

    report: Path
    terminal: Path
    lab: Path


def main(into: Path) -> None:
    """Play the story and take its pictures; exit 1 when one is too large."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("there is no Chromium on this machine; install it, then try again")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LOGITGATE_HOME"] = folder
        story = play(Path(folder))
        with sync_playwright() as playwright, served() as links:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            take(browser, story, links, into)
            browser.close()
    for path in into.glob("*.png"):
        shrink(path)
    large = [path.name for path in into.glob("*.png") if path.stat().st_size > _MOST_BYTES]
    if large:
        sys.exit(f"larger than {_MOST_BYTES:,} bytes: {', '.join(large)}")


def play(folder: Path) -> Story:
    """Train twice, monitor three months, and write the pages."""
    project = lg.load_project(PROJECT)
    rows = lg.read_table(project).frame
    outcomes = [lg.register(lg.train(project, as_of=date)) for date in DATES]
    for since, until in WINDOWS:
        lg.monitor(project, rows, since=since, until=until)
    store = open_store(folder)
    page = folder / "report.html"
    page.write_text(report(store, version_to_report(store, project.name, None)), encoding="utf-8")
    return Story(page, answered(outcomes[-1], folder / "terminal.html"), laboratory(folder / "lab.html"))


def laboratory(path: Path) -> Path:
    """Write the lab of the mails, whose training takes seconds."""
    lab(lg.load_project(LAB), out=path)
    return path


def answered(outcome: Outcome, path: Path) -> Path:
    """Write what the terminal answers as a page."""
    terminal.OUT = Console(record=True, width=80, force_terminal=True, file=io.StringIO())
    terminal.print_outcome(outcome, PROJECT)
    path.write_text(terminal.OUT.export_html(), encoding="utf-8")
    return path


def take(browser: Browser, story: Story, links: dict[str, str], into: Path) -> None:
    """Take each picture."""
    local = browser.new_page(viewport=SIZE)
    local.goto(story.report.as_uri())
    local.screenshot(path=into / "report.png")
    local.goto(f"{story.report.as_uri()}#explore")
    local.screenshot(path=into / "threshold-explorer.png")
    local.goto(f"{story.report.as_uri()}#worked")
    local.screenshot(path=into / "features-to-decision.png")
    local.goto(story.terminal.as_uri())
    local.locator("pre").screenshot(path=into / "terminal.png")
    local.goto(story.lab.as_uri())
    local.screenshot(path=into / "lab.png")
    ui = browser.new_page(viewport=_WIDE)
    ui.set_default_timeout(_PATIENCE * 1_000)
    seen(ui, links["flights: trainings"], "test.cost", into / "mlflow-trainings.png")
    seen(
        ui, links["flights: candidates"], "Candidates: cost against log loss", into / "mlflow-candidates.png"
    )
    seen(ui, links["flights: champion"], "@ champion", into / "mlflow-champion.png")
    monitored(ui, links["flights-monitoring: curves"], into / "monitoring-calibration.png")


def seen(page: Page, address: str, text: str, path: Path) -> None:
    """Take a picture of a page of the UI when a text stands on it."""
    page.goto("about:blank")
    page.goto(address)
    page.get_by_text(text).first.wait_for()
    close = page.get_by_role("button", name="Close").first
    if close.is_visible():
        close.click()
    time.sleep(2)
    page.screenshot(path=path)


def monitored(page: Page, address: str, path: Path) -> None:
    """Take a picture of a signal among the curves' artifacts."""
    page.goto("about:blank")
    page.goto(address)
    page.get_by_role("tab", name="Artifacts").first.click()
    page.get_by_text("calibration.png", exact=True).first.click()
    page.wait_for_function("[...document.images].some(one => one.naturalWidth > 500)")
    page.get_by_text("Path:").first.evaluate("one => { one.style.visibility = 'hidden'; }")
    time.sleep(1)
    page.screenshot(path=path)


def shrink(path: Path) -> None:
    """Keep a picture with the colours that it needs."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(_COLOURS)
    few.save(path, optimize=True)


@contextmanager
def served() -> Iterator[dict[str, str]]:
    """Serve the UI, and return the links that it prints."""
    words = (sys.executable, "-m", "logitgate_flows", "ui", "--port", str(_PORT))
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        server = subprocess.Popen(words, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own command
        try:
            yield dict(_LINK.findall(_started(Path(log.name))))
        finally:
            server.terminate()
            server.wait(30)


def _started(log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        text = log.read_text()
        if "startup complete" in text:
            return text
        time.sleep(0.5)
    raise TimeoutError(f"the UI did not start in {_PATIENCE:g} s")


if __name__ == "__main__":
    os.chdir(ROOT)
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
