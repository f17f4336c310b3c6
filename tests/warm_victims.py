"""What the server of `victims` imports: one training, so that no victim pays for the first of a process."""

import gc
import tempfile
from pathlib import Path

from tests import victims
from tests.command import close, opened

with tempfile.TemporaryDirectory() as _folder:
    _home = Path(_folder, "home")
    victims.trained(victims.project(Path(_folder, "project")), _home)
    close(opened(_home))
tempfile.tempdir = None  # the victims choose their own
gc.collect()
gc.freeze()
