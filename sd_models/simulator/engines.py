"""What computes runs and derivatives.

Why two: kernels by LLVM are some ten times faster, but take .1 to 2 s to make, and LLVM may be missing. CasADi's
virtual machine is there at once, on every machine; the two are held against each other by the conformance tests.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from ..dynamics.preparation import Preparation
from ..errors import Fault, InvalidRequest
from ..targets.native.model import NativeModel
from ..targets.native.processor import machine

LONGEST = 20_000
"""Instructions of a step up to which kernels are made: beyond, making them takes more than ten seconds, since time
grows with their number, and nearly all of them are single numbers, which gain least."""


class Engine(StrEnum):
    """What computes runs and derivatives."""

    NATIVE = "native"
    CASADI = "casadi"


def choose(prepared: Preparation, engine: Engine | str | None) -> tuple[NativeModel | None, tuple[str, ...]]:
    """The kernels of a prepared system, or None where CasADi runs it, and a note if that was not asked for.

    InvalidRequest for an engine that there is not, and where LLVM is asked for and has no compiler for this machine.
    """
    engine = None if engine is None else _named(engine)
    if engine is Engine.CASADI:
        return None, ()
    if missing():
        if engine is Engine.NATIVE:
            raise InvalidRequest(Fault(f"there are no native kernels here: {missing()}", advice="Take casadi."))
        return None, (f"CasADi computes the runs, since there are no native kernels here: {missing()}",)
    native = NativeModel.of(prepared)
    length = len(native.taped.step.instructions)
    if length > LONGEST and engine is None:
        return None, (f"CasADi computes the runs: a step has {length:,} instructions, kernels are for {LONGEST:,}.",)
    return native, ()


def _named(engine: str) -> Engine:
    try:
        return Engine(engine)
    except ValueError as error:
        raise InvalidRequest(Fault(f"there is no engine {engine!r}.", advice=f"Take {' or '.join(Engine)}.")) from error


@cache
def missing() -> str:
    """Why there are no native kernels on this machine, empty where there are."""
    try:
        machine()
    except (OSError, RuntimeError) as error:
        return " ".join(str(error).split()) or type(error).__name__
    return ""
