"""The variables of a system at one moment as CasADi columns."""

from __future__ import annotations

from collections.abc import Iterable

from ...dynamics.evaluation import Evaluated, Known, evaluated
from ...dynamics.functions import Moment
from ...system.alignment import Alignment
from ...system.model import System
from .arithmetic import Symbols
from .lowering import Lowering


def lowering(system: System, known: Known) -> Lowering:
    """What makes columns of the equations of a system, from what is known."""
    moment = Moment(Symbols(), known.time, known.time_step, beginning=known.beginning)
    return Lowering(Alignment(system), dict(known.columns), moment)


def evaluate(system: System, wanted: Iterable[str], known: Known, *, initial: bool = False) -> Evaluated:
    """The wanted variables and all that they need, from what is known; `initial` evaluates initial values."""
    return evaluated(system, wanted, lowering(system, known), initial=initial)
