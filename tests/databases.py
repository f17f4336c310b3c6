"""A real PostgreSQL of a test's own, which it may restart."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.unreliable import free_port


class PostgreSQL:
    """A server on a free port of this machine, without durability, gone after the test."""

    def __init__(self, folder, asks="trust"):
        self.folder, self.port, self.asks = folder, free_port(), asks

    @property
    def url(self):
        """Where SQLAlchemy finds its only database."""
        return f"postgresql+psycopg://logitgate@127.0.0.1:{self.port}/postgres"

    def begin(self):
        """Make it and start it."""
        rules = ("--auth-local=trust", f"--auth-host={self.asks}")
        self._run("initdb", "-D", "data", *rules, "-U", "logitgate", "-E", "UTF8", "--no-sync")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def restart(self):
        """End all sessions and start again, as an upgrade would."""
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-m", "fast", "restart")

    def end(self):
        """Stop it."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "stop")

    def _run(self, *words):
        # PostgreSQL refuses to be run by root.
        person = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        where = {"cwd": self.folder, "env": {**os.environ, "LC_ALL": "C"}, "timeout": 60}
        with (self.folder / "words").open("wb") as got:
            done = subprocess.run(words, stdout=got, stderr=got, check=False, **where, **person)
        assert done.returncode == 0, (self.folder / "words").read_text()


@contextlib.contextmanager
def postgresql(asks="trust"):
    """Give a running PostgreSQL; by TCP it asks for what is said, such as scram-sha-256."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        server = PostgreSQL(folder, asks)
        server.begin()
        try:
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
