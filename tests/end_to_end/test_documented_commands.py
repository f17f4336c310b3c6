"""Every command of the documentation works as it is written, in a fresh clone, in the order of reading."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    *(
        f"docs/{name}.md"
        for name in (
            "demo",
            "tutorial",
            "scoring",
            "monitoring",
            "promotion",
            "schedule",
            "containers",
            "operations",
            "ci",
            "replay",
            "report",
            "lab",
            "how-to/write-a-contract",
            "how-to/choose-costs",
            "how-to/bring-labels-later",
            "how-to/approve",
            "how-to/roll-back",
            "how-to/move-a-store",
            "how-to/upgrade",
        )
    ),
    "docker/README.md",
)
ELSEWHERE = re.compile(r"^(make test|docker )")
"""What runs all tests, this one included, or wants a Docker engine."""


def commands(page):
    """Return the lines of a page's console blocks, and those of its workflow steps."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [
        line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]
    return [*lines, *re.findall(r"^- run: (.*)$", text, re.MULTILINE)]


def expected(line):
    """Return the exit code that a line's comment names, 0 where it names none."""
    found = re.search(r"#.*\bexit (\d)", line)
    return int(found[1]) if found else 0


def test_each_page_with_commands_is_walked():
    """A command that stands in a block that no test reads would rot."""
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    with_commands = {page for page in ("README.md", "docker/README.md", *pages) if commands(page)}
    assert with_commands == set(PAGES)


LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


def test_every_page_is_in_the_index_and_every_link_leads_somewhere():
    """docs/README.md lists all pages of its folder and of docs/how-to."""
    docs = ROOT / "docs"
    pages = [ROOT / "README.md", *docs.rglob("*.md")]
    dead = [
        (page.name, link)
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert not dead
    listed = set(LINK.findall((docs / "README.md").read_text(encoding="utf-8")))
    written = [*docs.glob("*.md"), *(docs / "how-to").glob("*.md")]
    assert {page.relative_to(docs).as_posix() for page in written} - {"README.md"} <= listed


INLINE = re.compile(r"`(?:\.venv/bin/)?logitgate ([a-z]+)([^`\n]*)`")


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
)
def test_each_command_and_option_in_the_text_exists(page):
    """What a sentence names can be typed."""
    import typer.main

    from logitgate_flows.cli.main import app

    known = typer.main.get_command(app).commands
    for name, rest in INLINE.findall((ROOT / page).read_text(encoding="utf-8")):
        assert name in known, f"{page}: logitgate {name}"
        options = {option for parameter in known[name].params for option in parameter.opts}
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in options, f"{page}: logitgate {name} {option}"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The repository as a new user gets it."""
    folder = tmp_path_factory.mktemp("clone") / "logitgate"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    yield folder
    shutil.rmtree(folder.parent)


@pytest.mark.acceptance
def test_the_pages_work_from_top_to_bottom(clone):
    """One shell reads all pages; each line ends with the exit code that it promises."""
    ours = ("MLFLOW_", "PREFECT_", "LOGITGATE_", "PYTHON", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PREFECT_HOME": str(clone.parent / "prefect"), "DO_NOT_TRACK": "1"}
    report = clone.parent / "report"
    script = ["set -m"]
    for page in PAGES:
        script.append("unset MLFLOW_TRACKING_URI PREFECT_API_URL")
        for line in commands(page):
            if not ELSEWHERE.match(line):
                script += [
                    line,
                    f"echo $? {expected(line)} {shlex.quote(page)} {shlex.quote(line)} >>{report}",
                ]
    words, log = ["bash", "-c", "\n".join(script)], clone.parent / "said"
    with log.open("wb") as said:
        # No pipe: what stays in the background would keep it open.
        shell = subprocess.Popen(
            words, cwd=clone, env=environment, stdout=said, stderr=said, start_new_session=True
        )
    try:
        shell.wait(1_500)
    finally:
        for process in _of_session(shell.pid):
            os.kill(process, signal.SIGKILL)
    ends = [line.split(" ", 3) for line in report.read_text().splitlines()]
    wrong = [end for end in ends if end[0] != end[1]]
    assert not wrong, f"{wrong}\n{log.read_text()[-6_000:]}"
    left = subprocess.run(
        ["git", "status", "--short"], cwd=clone, check=False, capture_output=True, text=True
    )
    assert left.returncode != 0 or left.stdout == ""


def _of_session(number):
    """Return what is still alive of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[3]) == number:
                found.append(int(stat.parent.name))
        except (OSError, IndexError):
            continue
    return found
