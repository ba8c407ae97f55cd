"""Compiled kernels on disk, so that the next process need not compile them again.

Machine code from a file runs with all that the user may do, so a file counts only where it and its folder belong to the
user and nobody else may write there, and where its content is what was written under its name. Whatever is wrong with a
file or the disk, the kernel is compiled anew.

The folder is `common-prosperity/kernels` where the system keeps caches of users; `PROSPERITY_CACHE` names another one,
and is empty for none.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from .processor import signature

MOST_FILES = 400
"""Files of the folder; beyond, those used longest ago go. One of the flagship has 50 to 150 KB."""
DIGEST = 32  # bytes of SHA-256
VARIABLE = "PROSPERITY_CACHE"


def name_of(text: str) -> str:
    """The name of the file of a code: the same text, compiler and processor have the same."""
    return hashlib.sha256(f"{signature()}\n{text}".encode()).hexdigest()


def load(name: str) -> bytes | None:
    """What was saved under a name; None where there is nothing that can be trusted."""
    folder = _folder()
    if folder is None or not _is_own(folder):
        return None
    path = folder / name
    try:
        content = _read(path)
    except OSError:
        return None
    if content is None:
        return None
    code = content[DIGEST:]
    if _digest(name, code) != content[:DIGEST]:
        return None
    _touch(path)
    return code


def save(name: str, code: bytes) -> None:
    """Keeps a code under a name; where it cannot, nothing happens."""
    folder = _folder()
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder):
            return
        handle, temporary = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(name, code) + code)
            Path(temporary).replace(folder / name)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _prune(folder)
    except OSError:
        return


def _digest(name: str, code: bytes) -> bytes:
    """That a code was written, and under which name."""
    return hashlib.sha256(name.encode() + b"\n" + code).digest()


def _read(path: Path) -> bytes | None:
    """What a file holds; None for a link, a pipe, a folder, or what others may write."""
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    handle = os.open(path, os.O_RDONLY | sum(flags))
    try:
        found = os.fstat(handle)
        if not (stat.S_ISREG(found.st_mode) and _is_safe(found)):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def _folder() -> Path | None:
    chosen = os.environ.get(VARIABLE)
    if chosen is not None:
        return Path(chosen) / "kernels" if chosen else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        caches = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        caches = home / "Library" / "Caches"
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return caches / "common-prosperity" / "kernels" if caches.is_absolute() else None


def _is_own(folder: Path) -> bool:
    """Whether it is a folder, no link, in which only the user may write."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and _is_safe(found)


def _is_safe(found: os.stat_result) -> bool:
    """Whether it belongs to the user, and nobody else may write there; Windows keeps the folders of users apart."""
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return


def _prune(folder: Path) -> None:
    """Removes what was used longest ago."""
    files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST_FILES]:
        path.unlink(missing_ok=True)
