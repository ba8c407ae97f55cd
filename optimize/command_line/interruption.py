"""Ctrl-C and SIGTERM: until there is something to keep they end the program, then they end the work and keep it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..solvers.solver import Ending
from .requests import Terminated

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """What was received so far; `keeping` says whether a first signal is only taken notice of.

    It is so from the moment at which work asks for the first time whether it has to stop: it can keep what it has.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.keeping = False

    def ending(self) -> Ending | None:
        """Why work has to stop, or None."""
        self.keeping = True
        return None if self.received is None else Ending.INTERRUPTED

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Takes a signal; a second one of the same kind is meant."""
        again = self.received is not None
        self.received = number
        if again or not self.keeping:
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Both signals handled as above; only the main thread may, so elsewhere nothing is changed."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before: dict[int, Any] = {number: signal.signal(number, interruption.handle) for number in SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
