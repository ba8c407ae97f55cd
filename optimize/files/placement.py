"""Files and folders that are there whole or not at all: written under a temporary name, synced, renamed.

Whatever kills the process, there is nothing of a name or all of it. What is left behind has a name that starts with a
dot and ends in a mark of ours; the next save beside it clears it away, if no process works on it any more.

Why a link is refused where a file or a new folder is to be: renaming would put the new one in place of the link, and
nothing where it leads, which is not what somebody wants who names a link. Links on the way there are followed.

Why a lock tells whether a process is gone: its number may belong to another one by now, or to one on another machine
that shares the disk. The lock of a folder ends with the process that holds it. Single files have none (HDF5 locks the
files that it writes itself), so they have to be a day old.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import time
from uuid import uuid4

from sd_models.errors import Fault, InvalidRequest, ModelError

if sys.platform != "win32":
    import fcntl

ADVICE = "Is there space, and may you write there?"
OURS = re.compile(r"\..*\.prosperity-[0-9a-f]{32}(\.\w+)?", re.DOTALL)
MINUTE, DAY = 60.0, 86_400.0  # seconds
NAME_BYTES = 255  # of a name in a folder, on most disks
SHORT = 40  # bytes of it that a temporary name keeps
UNSYNCABLE = (errno.EINVAL, errno.ENOTSUP)  # what systems say that have nothing to wait for


# --- before the work --------------------------------------------------------------------------------------------------


def check_target(path: Path, endings: Iterable[str]) -> None:
    """InvalidRequest, before long work, for a file that could not be written afterwards."""
    _check_name(path)
    if path.is_dir():
        raise InvalidRequest(Fault("is a folder.", file=str(path), advice="Name a file."))
    _check_no_link(path, "file")
    if path.suffix.lower() not in endings:
        advice = f"Give it one of the endings {', '.join(endings)}."
        raise InvalidRequest(Fault(f"files ending in {path.suffix!r} are not written.", file=str(path), advice=advice))
    if not path.parent.is_dir():
        raise InvalidRequest(Fault("its folder does not exist.", file=str(path), advice="Create the folder first."))
    if not os.access(path.parent, os.W_OK):
        raise InvalidRequest(Fault("its folder cannot be written to.", file=str(path), advice="Choose another folder."))


def check_folder(folder: Path) -> None:
    """InvalidRequest, before long work, for a folder that could not be written to afterwards."""
    _check_lengths(folder)
    if folder.exists() and not folder.is_dir():
        raise InvalidRequest(Fault("is a file.", file=str(folder), advice="Name a folder."))
    home = folder if folder.is_dir() else folder.parent
    if not home.is_dir():
        raise InvalidRequest(Fault("its folder does not exist.", file=str(folder), advice="Create the folder first."))
    if not os.access(home, os.W_OK):
        raise InvalidRequest(Fault("cannot be written to.", file=str(folder), advice="Choose another folder."))


def check_new_folder(folder: Path) -> None:
    """InvalidRequest, before long work, for a folder that could not be written afterwards."""
    _check_name(folder)
    _check_no_link(folder, "folder")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        advice = "Name a new folder; results are never written over."
        raise InvalidRequest(Fault("exists already.", file=str(folder), advice=advice))
    parent = next(path for path in folder.absolute().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InvalidRequest(Fault("cannot be created.", file=str(folder), advice="Choose another folder."))


def _check_no_link(path: Path, what: str) -> None:
    if path.is_symlink():
        found = f"is a link, in whose place a {what} would be put, and nothing where it leads."
        raise InvalidRequest(Fault(found, file=str(path), advice=f"Name the {what} to which it leads, or a new one."))


def _check_name(path: Path) -> None:
    if path.name in ("", ".."):
        raise InvalidRequest(Fault("names no new file or folder.", file=str(path), advice="Give it a name."))
    _check_lengths(path)


def _check_lengths(path: Path) -> None:
    longest = max(path.parts, key=lambda part: len(os.fsencode(part)), default="")
    size = len(os.fsencode(longest))
    if size > NAME_BYTES:
        found = f"has a name of {size} bytes; at most {NAME_BYTES} can be written."
        raise InvalidRequest(Fault(found, file=f"{longest[:SHORT]}...", advice="Choose a shorter name."))


def shortened(name: str, most: int = NAME_BYTES) -> str:
    """A name for a file or folder, with letters that every disk takes, and of that many bytes at most.

    >>> shortened("a/b: 省" + "c" * 9, most=11)
    'a_b_ 省ccc'
    """
    safe = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in name)
    return safe.encode()[:most].decode(errors="ignore").strip(". ") or "unnamed"


# --- the writing ------------------------------------------------------------------------------------------------------


def write_whole(path: Path, save: Callable[[Path], object]) -> None:
    """The file that `save` writes, put in place when it is complete; InvalidRequest where that fails."""
    temporary = _temporary(path, path.stem, path.suffix)
    clear(path.parent)
    with _told(path):
        try:
            save(temporary)
            _sync(temporary)
            temporary.replace(path)
            _sync(path.parent)
        finally:
            with suppress(OSError):
                temporary.unlink()


def write_folder_whole(folder: Path, save: Callable[[Path], object]) -> None:
    """The folder that `save` fills, put in place when it is complete; InvalidRequest where that fails."""
    temporary = _temporary(folder, folder.name)
    clear(folder.parent)
    with _told(folder):
        created = [home for home in folder.absolute().parents if not home.exists()]
        try:
            temporary.mkdir(parents=True)
            with _held(temporary):
                save(temporary)
                for path in (*temporary.rglob("*"), temporary):
                    _sync(path)
                temporary.replace(folder)
            for home in (folder.parent, *(path.parent for path in created)):
                _sync(home)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _temporary(path: Path, name: str, ending: str = "") -> Path:
    """A name of ours beside a path."""
    return path.with_name(f".{shortened(name, SHORT)}.prosperity-{uuid4().hex}{ending}")


def in_second_place(folder: Path, save: Callable[[Path], object]) -> Path:
    """Where `save` wrote a folder that cannot be where it should: in a private one among the temporary files."""
    with _told(Path(tempfile.gettempdir())):
        home = Path(tempfile.mkdtemp(prefix="prosperity-"))
    try:
        save(home / folder.name)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return home / folder.name


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Whatever goes wrong in writing as an InvalidRequest that says where."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # a full disk is an OSError, or what netCDF4, HDF5 or Matplotlib make of it
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        found = f"cannot be written: {' '.join(str(reason).split()).rstrip('.')}."
        raise InvalidRequest(Fault(found, file=str(path), advice=ADVICE)) from error


def _sync(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSYNCABLE:
            raise
    finally:
        os.close(descriptor)


# --- what killed processes left behind --------------------------------------------------------------------------------


def clear(folder: Path) -> None:
    """Removes from a folder what saves began there and nobody works on; others' files stay, and so do links."""
    try:
        left = [path for path in folder.iterdir() if OURS.fullmatch(path.name)]
    except OSError:
        return  # it is not there yet, or nobody may look into it
    for path in left:
        with suppress(OSError):
            if _is_left(path):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _is_left(path: Path) -> bool:
    """Whether a file or folder of ours has no process that works on it."""
    if path.is_symlink() or not (path.is_dir() or path.is_file()):
        return False
    status = path.stat()
    age = time() - status.st_mtime
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        return False
    return age > DAY if path.is_file() else age > MINUTE and _is_free(path, age)


def _is_free(folder: Path, age: float) -> bool:
    """Whether nobody holds the lock of a folder; where there are no locks, whether it is old."""
    try:
        with _locked(folder):
            return sys.platform != "win32" or age > DAY
    except BlockingIOError:
        return False
    except OSError:
        return age > DAY


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The folder locked for this process, as long as it lives; BlockingIOError where another one holds it."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder locked where that can be: disks without locks are written to as well."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(_locked(folder))
        yield
