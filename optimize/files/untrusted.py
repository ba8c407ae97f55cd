"""Files of strangers: nothing but regular files of bounded size, and what they declare counted before it is loaded.

A folder with a result may come from anybody. A pipe under the name of a file would be waited for without end, a link
leads anywhere, and a NetCDF file of a kilobyte may declare, and its filters unpack to, more than there is memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import netCDF4

from sd_models.errors import Fault, InvalidRequest

JSON_BYTES = 50_000_000
JSON_DEPTH = 40  # lists and objects in each other
ARRAY_BYTES = 4_000_000_000  # of one file
NUMBERS = 200_000_000  # in all files of a folder: two runs as long as PySD's may be
VARIABLES = 200_000  # in all files of a folder, with those of groups in groups
PLAIN = frozenset("fiuS")  # kinds of numbers, and letters
ADVICE = "Was it changed by hand, or is it of another program?"


def read_regular(path: Path, most: int) -> bytes:
    """The content of a regular file; InvalidRequest for a link, a pipe, a device, or more bytes than that."""
    descriptor = _opened(path, most)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise InvalidRequest(Fault(f"is larger than {most:,} bytes.", file=str(path), advice=ADVICE))
    return content


def check_regular(path: Path, most: int) -> None:
    """InvalidRequest for what `read_regular` would not read."""
    os.close(_opened(path, most))


def _opened(path: Path, most: int) -> int:
    """The descriptor of a regular file of at most that many bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        found = "is a link." if path.is_symlink() else f"cannot be read: {error.strerror}."
        raise InvalidRequest(Fault(found, file=str(path), advice=ADVICE)) from error
    status = os.fstat(descriptor)
    found = "is not a regular file." if not stat.S_ISREG(status.st_mode) else ""
    if status.st_size > most:
        found = found or f"is larger than {most:,} bytes."
    if found:
        os.close(descriptor)
        raise InvalidRequest(Fault(found, file=str(path), advice=ADVICE))
    return descriptor


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; InvalidRequest for anything else, and for lists in lists without end."""
    content = read_regular(path, JSON_BYTES)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(Fault(f"is not a JSON file: {error}.", file=str(path), advice=ADVICE)) from error
    if not isinstance(found, dict):
        raise InvalidRequest(Fault("is not a JSON object.", file=str(path), advice=ADVICE))
    if _depth(found) > JSON_DEPTH:
        raise InvalidRequest(Fault("has lists in lists without end.", file=str(path), advice=ADVICE))
    return found


def _depth(content: object) -> int:
    """How deep lists and objects lie in each other."""
    depth, level = 0, [content]
    while level:
        lists = (list(item.values()) if isinstance(item, dict) else item for item in level)
        level = [part for parts in lists if isinstance(parts, list) for part in parts]
        depth += 1
    return depth


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- NetCDF -----------------------------------------------------------------------------------------------------------


def check_arrays(paths: list[Path]) -> None:
    """InvalidRequest where NetCDF files declare more numbers than can be loaded, or something else than numbers."""
    numbers = variables = 0
    for path in paths:
        check_regular(path, ARRAY_BYTES)
        for count in _declared(path):
            numbers, variables = numbers + count, variables + 1
            if numbers > NUMBERS or variables > VARIABLES:
                found = f"declares more than {NUMBERS:,} numbers or {VARIABLES:,} variables, with the files beside it."
                raise InvalidRequest(Fault(found, file=str(path), advice=ADVICE))


def _declared(path: Path) -> Iterator[int]:
    """What each variable of a file takes, in numbers: its size, or that of the pieces it is unpacked in."""
    try:
        with netCDF4.Dataset(path) as file:
            groups: list[Any] = [file]
            while groups:
                group = groups.pop()
                groups.extend(group.groups.values())
                for name, variable in group.variables.items():
                    yield _numbers(path, name, variable)
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidRequest(Fault("is not a NetCDF file that can be read.", file=str(path), advice=ADVICE)) from error


def _numbers(path: Path, name: str, variable: netCDF4.Variable[Any]) -> int:
    is_text = variable.dtype is str
    if not is_text and getattr(variable.datatype, "kind", "") not in PLAIN:  # types that users define have none
        found = f"{name!r} holds neither numbers nor texts."
        raise InvalidRequest(Fault(found, file=str(path), advice=ADVICE))
    pieces = variable.chunking()
    return max(prod(variable.shape), prod(pieces) if isinstance(pieces, list) else 0, 1)
