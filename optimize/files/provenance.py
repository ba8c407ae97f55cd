"""Where a result comes from: hashes of the files that went into it, versions, and the machine."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from sd_models.system.model import System

PACKAGES = ("common-prosperity", "casadi", "highspy", "numpy", "pyomo", "pysd", "scipy")
DIGITS = 16  # of a hash: enough to tell files apart, few enough to compare by eye


def provenance(files: Iterable[Path | None]) -> dict[str, object]:
    """Names and SHA-256 hashes of the files, versions of what computed, and the machine."""
    listed = {path.name: digest(path) for path in files if path is not None and path.is_file()}
    return {
        "files": listed,
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def digest(path: Path) -> str:
    """The first digits of a file's SHA-256."""
    return digest_of(path.read_bytes())


def digest_of(content: bytes) -> str:
    """The first digits of the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def files_of(system: System) -> list[Path]:
    """The model file and the files of data that it was read from."""
    return [path for path in (system.path, *system.files) if path is not None]
