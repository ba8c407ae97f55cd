"""What happened in a run, and nothing of what it means: a frozen value, and one line of JSON with a sum over it.

A number that is none (NaN, infinite) is written as a text. A line whose sum does not fit, or that has another form, is
no line of ours.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from sd_models.simulator.concurrency import processors

from ...solvers.traits import Trait
from ..machine import processor
from .tasks import Task

SUM = 16  # digits of the sum: a torn or changed line is found out
NONE = float("nan")


class End(StrEnum):
    """How a run ended, as its guard saw it."""

    ANSWERED = "answered"  # the solver gave levers, which were run again
    REFUSED = "refused"  # it does not take the problem, is not installed, has no licence
    RAISED = "raised"
    CRASHED = "crashed"  # its process ended without an answer
    TIME = "time"  # it was ended at the limit
    MEMORY = "memory"
    UNMADE = "unmade"  # the problem itself could not be made
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Point:
    """The best policy by then that keeps all limits, as the program itself ran it."""

    seconds: float
    simulations: int
    gradients: int
    objective: float


@dataclass(frozen=True)
class Facts:
    """A run: what it was, how it ended, what the solver said and what its levers bring.

    `ending` is what the solver claims, `said` its own words, `claimed` and `bound` the objective and bound it told.
    Of its levers, run by the program, are `objective`, `violation` (relative, see `problems/optimality.py`), `breaks`
    (the limit that is missed most), `excess` (the largest violation in its own unit) and `fraction` (the largest
    distance of what must be whole from a whole number). Objectives are in the plan's own direction, which `sign` tells:
    1 where less is better, -1 where more is. `started` is the objective where all solvers begin.

    `known`, `truth` and `is_convex` are what is known of the instance before any run, `is_global` whether the solver
    speaks of all policies where it says optimal or infeasible.

    `seconds` are the solver's alone; making the problem and stating its equations have their own, which runs of one
    problem that was made once have in common. `memory` is the peak of all processes of the run in bytes, with the
    problem as the solver found it.
    """

    key: str
    instance: str
    family: str
    solver: str
    version: str
    options: Mapping[str, Any]
    time_limit: float
    memory_limit: float
    repeat: int
    seed: int
    end: End
    message: str = ""
    known: float = NONE
    truth: str = "solvable"
    is_convex: bool = False
    is_global: bool = False
    sign: float = 1.0
    levers: int = 0
    rows: int = 0
    started: float = NONE
    ending: str = ""
    said: str = ""
    claimed: float = NONE
    bound: float = NONE
    objective: float = NONE
    violation: float = NONE
    breaks: str = ""
    excess: float = NONE
    fraction: float = 0.0
    kkt_residual: float = NONE
    seconds: float = NONE
    making: float = NONE
    stating: float = 0.0
    simulations: int = 0
    gradients: int = 0
    memory: float = NONE
    points: tuple[Point, ...] = ()
    notes: tuple[str, ...] = ()
    log: str = ""
    when: str = ""
    machine: str = ""
    project: str = ""

    def line(self) -> str:
        """The run as a line, without its end."""
        told = json.dumps(_written(asdict(self)), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return json.dumps({"sum": _sum(told), "run": json.loads(told)}, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def of(cls, line: str) -> Facts:
        """The run that a line tells; ValueError for a line that is not whole, or none of ours."""
        found = json.loads(line)
        if not isinstance(found, dict) or set(found) != {"sum", "run"} or not isinstance(found["run"], dict):
            raise ValueError("it has another form")
        told = json.dumps(found["run"], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        if _sum(told) != found["sum"]:
            raise ValueError("its sum does not fit")
        return facts_of(found["run"])


def planned(task: Task) -> Facts:
    """What is known of a run before it begins."""
    instance = task.instance
    return Facts(
        **task.identity,
        key=task.key,
        family=instance.family,
        end=End.INTERRUPTED,
        known=NONE if instance.known is None else float(instance.known),
        truth=str(instance.truth),
        is_convex=Trait.NONCONVEX not in instance.traits,
        is_global=task.solver.gives_bound,
        machine=f"{processor()}, {processors()} processors",
        project=f"common-prosperity {version('common-prosperity')}",
    )


def facts_of(told: Mapping[str, Any]) -> Facts:
    """Facts from plain values; ValueError where they have another form."""
    kinds = {one.name: one.type for one in fields(Facts)}
    try:
        values = {name: READERS.get(str(kinds[name]), _same)(value) for name, value in told.items()}
        return Facts(**values)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it has another form") from error


def _same(value: Any) -> Any:
    return value


def _points(value: Any) -> tuple[Point, ...]:
    return tuple(Point(float(one[0]), int(one[1]), int(one[2]), float(one[3])) for one in value)


READERS: Mapping[str, Any] = {
    "float": float,
    "int": int,
    "End": End,
    "tuple[Point, ...]": _points,
    "tuple[str, ...]": tuple,
}


def _written(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case {"simulations": simulations, "gradients": gradients, "seconds": seconds, "objective": objective} if (
            len(value) == 4
        ):
            return [seconds, simulations, gradients, objective]
        case dict():
            return {str(name): _written(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_written(inner) for inner in value]
        case str() | int() | float() | None:
            return value
    return str(value)


def _sum(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:SUM]
