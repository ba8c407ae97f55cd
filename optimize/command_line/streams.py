"""Standard output for the answer alone, whatever else writes to it, and streams that are closed.

While a command works, both Python's standard output and the descriptor below it lead to standard error: what libraries
print, those in C included, never mixes with the answer. The answer goes to the descriptor that standard output had.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO

from sd_models.errors import Fault, InvalidRequest

OUT, ERR = 1, 2  # descriptors


class Closed(OSError):
    """There is no standard output."""


_answers: list[TextIO] = []  # where the answer goes, of the command that works now


def out() -> TextIO:
    """Where the answer goes."""
    return _answers[-1] if _answers else sys.stdout


def write(text: str) -> None:
    """Writes a part of the answer; InvalidRequest where that fails, but for a reader who is gone."""
    try:
        out().write(text)
        out().flush()
    except (BrokenPipeError, Closed):
        raise
    except OSError as error:
        found = f"standard output cannot be written to: {error.strerror or error}."
        raise InvalidRequest(Fault(found, advice="Is the disk full?")) from error


def tell(text: str) -> None:
    """Writes to standard error, if anybody is there to read it."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


@contextmanager
def answering() -> Iterator[None]:
    """Standard output for the answer alone."""
    stream, whole = sys.stdout, _has_descriptor()
    with suppress(OSError):
        stream.flush()
    kept = os.dup(OUT) if whole else -1
    if whole:
        os.dup2(ERR, OUT)
        stream = os.fdopen(kept, "w", encoding=stream.encoding, errors="replace", closefd=False)
    _answers.append(stream)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _answers.pop()
        if whole:
            _flush_libraries()
            os.dup2(kept, OUT)
            with suppress(OSError):
                stream.close()
            os.close(kept)


def _has_descriptor() -> bool:
    """Whether Python's standard output is that of the process; that of a test or a notebook is none."""
    try:
        return sys.stdout.fileno() == OUT and sys.stderr.fileno() == ERR
    except (OSError, ValueError, AttributeError):
        return False


def _flush_libraries() -> None:
    """What libraries in C have printed and not yet written goes where it belongs."""
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).fflush(None)


class _Nowhere:
    """A standard output that is closed: the first word of an answer tells so."""

    encoding, closed = "utf-8", False

    def write(self, _text: str) -> int:
        """Nobody reads it."""
        raise Closed("standard output is closed")

    def flush(self) -> None:
        """There is nothing to write."""

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return False

    def fileno(self) -> int:
        """There is none."""
        raise OSError("standard output is closed")


def open_streams() -> None:
    """Takes the descriptors of streams that are closed, so that no file of ours gets them and what libraries print."""
    for descriptor in (0, OUT, ERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = _Nowhere()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process lives


def close_streams() -> None:
    """Writes what is left, so that Python has nothing to complain about at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
