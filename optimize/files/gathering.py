"""Faults gathered from many places, to be raised together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sd_models.errors import Fault, InvalidRequest, ModelError

Found = TypeVar("Found")


@dataclass
class Faults:
    """What was found wrong so far in a file."""

    file: str = ""
    found: list[Fault] = field(default_factory=list)

    @contextmanager
    def at(self, place: str | Callable[[], str]) -> Iterator[None]:
        """Keeps the faults of what runs inside, with the place that they were found at, or what gives its name."""
        try:
            yield
        except ModelError as error:
            self.keep(error.faults, place if isinstance(place, str) else place())

    def keep(self, faults: Iterable[Fault], place: str = "") -> None:
        """Keeps faults, with their own places where none is given."""
        self.found += [replace(fault, variable=place or fault.variable, file=self.file) for fault in faults]

    def raise_all(self) -> None:
        """InvalidRequest with everything that was found, if anything was."""
        if self.found:
            raise InvalidRequest(list(dict.fromkeys(self.found)))


def kept(faults: list[Fault], action: Callable[[], Found]) -> Found | None:
    """What an action gives; None, and its faults kept as they are, where it fails."""
    try:
        return action()
    except ModelError as error:
        faults.extend(error.faults)
        return None
