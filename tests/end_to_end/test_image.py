"""The image: what a builder does with the Dockerfile, line by line, on exactly the build context."""

import re
import shutil
from pathlib import Path

import pytest

from tests.builder import MAKES_USERS, Builder, context, instructions

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
IGNORE = ROOT / "docker" / "Dockerfile.dockerignore"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The stages of the image in a folder, and who built them."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "context").mkdir()
    context(ROOT, IGNORE, folder / "context")
    builder = Builder(folder / "context", folder)
    stage = builder.build(DOCKERFILE)
    yield builder, stage
    shutil.rmtree(folder)


def test_base_images_are_named_by_digest():
    """A tag may mean another image tomorrow; a digest does not."""
    bases = [rest for word, rest in instructions(DOCKERFILE) if word == "FROM"]
    composed = re.findall(r"image: (\S+:\S+)", (ROOT / "docker" / "compose.yaml").read_text())
    assert bases and composed
    for base in (*bases, *composed):
        assert re.search(r"@sha256:[0-9a-f]{64}\b", base), base


def test_the_context_holds_what_is_copied_and_no_more(tmp_path):
    """No tests, stores or secrets go to the builder, and no rows but those of the examples."""
    context(ROOT, IGNORE, tmp_path)
    copied = {
        source.split("/")[0]
        for word, rest in instructions(DOCKERFILE)
        if word == "COPY" and "--from" not in rest
        for source in [part for part in rest.split() if not part.startswith("--")][:-1]
    }
    assert {path.name for path in tmp_path.iterdir()} == copied


@pytest.mark.acceptance
def test_each_line_runs_and_the_command_starts(built, tmp_path):
    """The locked requirements are installed, the wheel is built and installed, and the entry point works."""
    builder, stage = built
    lines = [rest for word, rest in instructions(DOCKERFILE) if word == "RUN"]
    skipped = [rest for one in builder.stages.values() for rest in one.skipped]
    ran = [rest for one in builder.stages.values() for rest in one.ran]
    assert len(ran) + len(skipped) == len(lines) and len(ran) >= 3
    assert all(MAKES_USERS.search(line) for line in skipped)
    for folder in ("mlproject", "expectations", "data"):
        shutil.copytree(ROOT / folder, stage.place("/home/logitgate/project") / folder)
    stage.folder = "/home/logitgate/project"
    command = stage.place(f"/opt/logitgate/bin/{stage.entry[0]}")
    checked = builder.run(stage, [command, "check", "mlproject/tumour.toml"])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    healthy = builder.run(
        stage, [stage.place("/opt/logitgate/bin/python"), stage.place("/usr/local/bin/healthy")]
    )
    assert healthy.returncode == 0, healthy.stderr
