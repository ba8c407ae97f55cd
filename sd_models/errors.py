"""Errors for the person who brought the model: what was found, where, and what to do now."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

SOME = 12  # names that stand for all


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `found` says what, `advice` what to do; `line` counts from 1, 0 means unknown.

    `function` names the function that cannot be compiled, where that is what is wrong.
    """

    found: str
    variable: str = ""
    file: str = ""
    line: int = 0
    advice: str = ""
    function: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        name = self.variable.strip('"')
        where = ", ".join(part for part in (place, f'"{name}"' if name else "") if part)
        text = f"{where}: {self.found}" if where else self.found
        return f"{text} {self.advice}".rstrip()


class ModelError(Exception):
    """Everything that is wrong with a model or a request, collected; `faults` has one entry each.

    >>> import sd_models as sd
    >>> try:
    ...     sd.load("urbanisation.mdl")
    ... except sd.ModelError as error:
    ...     print(error.faults[0].found, error.faults[0].advice)
    there is no such file. Check the path.
    """

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UnreadableModel(ModelError):
    """The file is not a model that can be read: missing, cut off, malformed, or too large."""


class UnsafeModel(UnreadableModel):
    """The file asks for something a model must not do: run code, read or write outside its folder, exhaust memory."""


class InvalidModel(ModelError):
    """The file can be read, but its equations make no model: unknown names, circular equations, wrong subscripts."""


class UnsupportedFunction(InvalidModel):
    """The model uses a function that cannot be compiled.

    `system` is the model (a `System`) without the equations that use it, where nothing else is wrong; it says what the
    model holds.
    """

    def __init__(self, faults: Fault | Iterable[Fault], system: object = None) -> None:
        super().__init__(faults)
        self.system = system


class InvalidRequest(ModelError):
    """What was asked of a model does not fit it: a name, a shape, a time, a value."""


class SimulationError(ModelError):
    """A run stopped: NaN, infinity or a division by zero, with variable, element and time."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Advice that names the nearest known names, or an empty text where none is near."""
    spelled = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), spelled, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(repr(spelled[item]) for item in close)}?" if close else ""


def nearest_or_some(name: str, known: Iterable[str]) -> str:
    """Advice that names the nearest known names, or where none is near the first ones and how many there are.

    >>> nearest_or_some("zzz", ["birth rate", "people"])
    'There are: birth rate, people.'
    """
    names = list(known)
    more = f", ... ({len(names)})" if len(names) > SOME else ""
    return nearest(name, names) or f"There are: {', '.join(names[:SOME])}{more}."


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Give the file's name to every fault that is raised without one."""
    try:
        yield
    except ModelError as error:
        if all(fault.file for fault in error.faults):
            raise
        raise type(error)(replace(fault, file=fault.file or file) for fault in error.faults) from error
