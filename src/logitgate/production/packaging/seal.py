"""The manifest of a model's folder, and whether the files are still those that were packed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .model_folder import files_of, is_left_by_loading, tampered

MANIFEST = "SHA256SUMS"
"""File that lists the digest of every other file; ``sha256sum --check`` reads it."""


def seal(folder: Path) -> str:
    """Write the manifest of a folder, and return its digest."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items())]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")
    return _sha256(folder / MANIFEST)


def check_seal(folder: Path, digest: str) -> None:
    """Refuse a folder whose files are not those that were packed.

    Raises
    ------
    ConflictError
        Naming the first file that is another one, is missing or was added.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file() or _sha256(manifest) != digest:
        raise tampered(MANIFEST, "is not the one that was registered")
    lines = (line.split("  ", 1) for line in manifest.read_text("utf-8").splitlines())
    packed = {name: expected for expected, name in lines}
    found = _digests(folder)
    for name in sorted(packed.keys() | found.keys()):
        if name not in found:
            raise tampered(name, "is missing")
        if name not in packed:
            raise tampered(name, "was added")
        if packed[name] != found[name]:
            raise tampered(name, "is not the one that was registered")


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file, without the manifest and what plain MLflow and Python add."""
    return {
        name: _sha256(path)
        for name, path in files_of(folder).items()
        if name != MANIFEST and not is_left_by_loading(path, name)
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
