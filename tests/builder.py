"""What an image builder does with a Dockerfile, without an engine: each stage is a folder."""

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

MAKES_USERS = re.compile(r"\buseradd\b")
"""A RUN line that changes the accounts of the machine; it is not run here."""


def instructions(dockerfile):
    """Return the instructions of a Dockerfile, each with its word and the rest in one line."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in whole.splitlines() if line.strip()]


def context(repository, ignore, folder):
    """Copy the build context of a repository: its files, less what the ignore file drops."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    )
    rules = [line for line in ignore.read_text().splitlines() if line and not line.startswith("#")]
    for name in listed.stdout.splitlines():
        if not _ignored(name, rules) and (repository / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, folder / name)


def _ignored(name, rules):
    ignored = False
    places = [name, *(parent.as_posix() for parent in Path(name).parents)]
    for rule in rules:
        pattern = rule.removeprefix("!").rstrip("/")
        patterns = (pattern, pattern.removeprefix("**/"))
        if any(fnmatch.fnmatchcase(place, one) for place in places for one in patterns):
            ignored = not rule.startswith("!")
    return ignored


@dataclass
class Stage:
    """A stage as a folder: absolute paths of the image lie below it."""

    root: Path
    folder: str = "/"
    environment: dict = field(default_factory=dict)
    ran: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    entry: tuple = ()

    def place(self, path):
        """Return where an absolute path of the image lies on this machine."""
        return self.root / path.lstrip("/")


class Builder:
    """The stages of one Dockerfile."""

    places = ("/opt/", "/build", "/var/lib/logitgate", "/usr/local/bin/", "/project")

    def __init__(self, context_folder, folder):
        self.context, self.folder, self.stages = context_folder, folder, {}

    def build(self, dockerfile):
        """Do what the Dockerfile says, and return the last stage."""
        for word, rest in instructions(dockerfile):
            getattr(self, f"_{word.lower()}")(rest)
        return self.stage

    def run(self, stage, words):
        """Run a command in a stage; its absolute paths are those of the stage."""
        ours = ("MLFLOW_", "PREFECT_", "LOGITGATE_", "PYTHON", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        found = os.pathsep.join((str(self.python.parent), os.environ["PATH"]))
        # What was downloaded before need not be downloaded again.
        stage_environment = {k: v for k, v in stage.environment.items() if not k.endswith("NO_CACHE")}
        environment = kept | {"PATH": found} | stage_environment
        return subprocess.run(
            ["sh", "-c", words] if isinstance(words, str) else words,
            cwd=stage.place(stage.folder),
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=500,
        )

    @property
    def python(self):
        """The interpreter of the base image."""
        return self.folder / "base" / "bin" / "python"

    def _from(self, rest):
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", self.folder / "base"], check=True, timeout=120)
        name = rest.split(" AS ")[1] if " AS " in rest else str(len(self.stages))
        self.stage = self.stages[name] = Stage(self.folder / name)
        self.stage.root.mkdir()

    def _env(self, rest):
        for word in shlex.split(rest):
            name, value = word.split("=", 1)
            path = os.pathsep.join((str(self.python.parent), os.environ["PATH"]))
            self.stage.environment[name] = self._here(value.replace("$PATH", path))

    def _workdir(self, rest):
        self.stage.folder = rest
        self.stage.place(rest).mkdir(parents=True, exist_ok=True)

    def _copy(self, rest):
        options = [word for word in rest.split() if word.startswith("--")]
        *sources, target = (word for word in rest.split() if not word.startswith("--"))
        origin = next((option.removeprefix("--from=") for option in options if "--from=" in option), None)
        place = self.stage.place(target if target.startswith("/") else f"{self.stage.folder}/{target}")
        for source in sources:
            found = self.stages[origin].place(source) if origin else self.context / source
            into = place / found.name if target.endswith("/") else place
            into.parent.mkdir(parents=True, exist_ok=True)
            if origin:  # an environment knows its own path
                into.symlink_to(found)
            elif found.is_dir():
                shutil.copytree(found, into)
            else:
                shutil.copy2(found, into)

    def _run(self, rest):
        if MAKES_USERS.search(rest):
            self.stage.skipped.append(rest)
            return
        done = self.run(self.stage, self._here(rest))
        assert done.returncode == 0, f"{rest}\n{done.stdout[-3_000:]}\n{done.stderr[-3_000:]}"
        self.stage.ran.append(rest)

    def _here(self, words):
        for place in self.places:
            words = re.sub(rf"(?<![\w/]){re.escape(place)}", f"{self.stage.root}{place}", words)
        return words

    def _entrypoint(self, rest):
        self.stage.entry = tuple(json.loads(rest))

    def _user(self, rest):
        pass

    _healthcheck = _cmd = _user
