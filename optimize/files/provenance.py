"""Where a result comes from: hashes of the files that went into it, versions, and the machine.

A drawing is no part of a model: of a Vensim file the sketch does not count, so that a model that is drawn anew is the
one that it was. Views of XMILE files count: they may stand anywhere in a file, and what looks like one may be text.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from sd_models.reading.vensim.text import SETTINGS_MARK, SKETCH_MARK
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
    """The first digits of a file's SHA-256; of a Vensim file without its sketch."""
    content = path.read_bytes()
    return digest_of(_undrawn(content) if path.suffix.lower() == ".mdl" else content)


def is_file_of(path: Path, known: str | None) -> bool:
    """Whether a file has a hash that was kept, which may be of the whole of it: results of before count sketches."""
    return known in (digest(path), digest_of(path.read_bytes()))


def _undrawn(content: bytes) -> bytes:
    """Equations and settings of a Vensim file; all of one in which they are not told apart beyond doubt."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return content
    sketch, mark = SKETCH_MARK.search(text), text.find(SETTINGS_MARK)
    start = sketch.start() if sketch else mark if mark >= 0 else len(text)
    if 0 <= mark < start:
        return content
    settings = text[mark + len(SETTINGS_MARK) :] if mark >= 0 else ""
    return f"{text[:start].rstrip()}\n{SETTINGS_MARK}\n{settings.strip()}".encode()


def digest_of(content: bytes) -> str:
    """The first digits of the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def files_of(system: System) -> list[Path]:
    """The model file and the files of data that it was read from."""
    return [path for path in (system.path, *system.files) if path is not None]
