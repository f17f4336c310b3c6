"""Which code made a model."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from ... import __file__ as _package_file
from ... import __version__


@cache
def code_version() -> str:
    """Return the version of logitgate and the digest of its source files, such as ``0.1.0+1a2b3c4d5e6f``."""
    root = Path(_package_file).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{__version__}+{digest.hexdigest()[:12]}"
