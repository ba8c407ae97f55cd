"""Names in modules of others, with something else behind them for as long as a block is open.

Why shadow and not copy: PySD's grammars and readers are what makes our reading equal to PySD's.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Shadow: TypeAlias = tuple[str, str, object]
"""A module, or a class in it as `module:Class`; a name in it; what stands there instead."""


@dataclass
class Shadows:
    """Shadows that are put while any thread is in a block, and taken away with the last one."""

    table: Sequence[Shadow]
    lock: threading.Lock = field(default_factory=threading.Lock)
    blocks: int = 0
    originals: list[tuple[object, str, object]] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[None]:
        """A block; blocks may nest, and may be open in several threads at once."""
        with self.lock:
            self.blocks += 1
            if self.blocks == 1:
                self._put()
        try:
            yield
        finally:
            with self.lock:
                self.blocks -= 1
                if not self.blocks:
                    self._take_away()

    def _put(self) -> None:
        for place, name, replacement in self.table:
            module, _, inner = place.partition(":")
            owner = importlib.import_module(module)
            owner = getattr(owner, inner) if inner else owner
            self.originals.append((owner, name, vars(owner).get(name, self)))
            setattr(owner, name, replacement)

    def _take_away(self) -> None:
        for owner, name, original in self.originals:
            if original is self:  # it was a built-in one
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        self.originals.clear()
