"""A run in its own process: the solver works on a problem, and the levers that it gives are run once more.

What happens is told as it happens, so that nothing is lost where the process is ended: phases, better policies, the
answer. The program that runs the answer is the one that the solver worked on, without what watched the search.
"""

from __future__ import annotations

import pickle
import traceback
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from sd_models.errors import ModelError

from ...problems.optimality import most_violated
from ...problems.program import Counts, Program
from ...problems.rounding import mended
from ...solvers.rows import NotAccepted, refusal
from ...solvers.solver import Ending, Solution
from ...solvers.traits import Size
from .facts import End
from .making import Made, make
from .recording import Clock, Recorder, Tell, Watching, excess, fraction
from .tasks import Task

MOST_MESSAGE = 500  # characters
MOST_NOTES = 8
# What a library may say of its answer, and be wrong: that stands for it, whatever its adapter made of it.
CLAIMS = (Ending.OPTIMAL, Ending.INFEASIBLE, Ending.UNBOUNDED)


def attempt(packed: bytes, made: Made | None, tell: Tell) -> None:
    """Does a task on its problem, which is made where it is not there, and tells what happens."""
    try:
        task: Task = pickle.loads(packed)  # noqa: S301 - our own, from the process that started this one
        if made is None:
            made = make(task.instance)
        else:
            tell({"before": {"making": made.seconds}})
        program = made.program
        sizes = {"levers": len(program.lower), "rows": len(program.row_lower), "sign": program.sign}
        tell({"facts": {**sizes, "started": made.started}})
    except Exception as error:
        tell({"facts": {"end": End.UNMADE, "message": said(error)}})
        return
    try:
        solve(task, made, tell)
    except NotAccepted as error:
        tell({"facts": {"end": End.REFUSED, "message": task.refused(said(error), error.traits)}})
    except ModelError as error:  # a solver's own words for what it does not take
        tell({"facts": {"end": End.REFUSED, "message": said(error)}})
    except MemoryError as error:
        tell({"facts": {"end": End.MEMORY, "message": said(error)}})
    except Exception as error:
        tell({"facts": {"end": End.RAISED, "message": f"{said(error)} ({_place(error)})"}})


def solve(task: Task, made: Made, tell: Tell) -> None:
    """Has a program solved, and tells what the levers bring that come back."""
    program = made.program
    size = Size(len(program.lower), len(program.row_lower), len(program.integers))
    refused = refusal(task.solver, task.instance.traits, size)
    if refused is not None:
        tell({"facts": {"end": End.REFUSED, "message": task.refused(refused, task.instance.traits)}})
        return
    solver = task.solver.make(task.solver_options)
    clock = Clock(tell)
    recorder = Recorder(program, clock, tell)
    watched = replace(
        program,
        equations=made.stater(clock),
        notice=lambda at: recorder.saw(watched, at),
        counts=Counts(),
    )
    tell({"phase": "solving"})
    clock.began = perf_counter()
    solution = solver.solve(watched, made.start, Watching(clock, task.limits.time))
    seconds = clock.seconds
    tell({"phase": "judging"})
    times = {"seconds": seconds, "stating": clock.stating + clock.before}
    counts = {"simulations": watched.counts.simulations, "gradients": watched.counts.gradients}
    tell({"facts": {**times, **counts, **claims(solution), **run_again(program, solution)}})


def claims(solution: Solution) -> dict[str, Any]:
    """What a solver said of its answer."""
    claim = solution.claim
    meant = claim.ending if claim is not None and claim.ending in CLAIMS else solution.ending
    told: dict[str, Any] = {
        "ending": str(meant),
        "kkt_residual": float(solution.kkt_residual),
        "notes": [text[:MOST_MESSAGE] for text in solution.notes[:MOST_NOTES]],
    }
    if claim is not None:
        told |= {"said": claim.status[:MOST_MESSAGE], "claimed": float(claim.objective)}
        told |= {} if claim.bound is None else {"bound": float(claim.bound)}
    return told


def run_again(program: Program, solution: Solution) -> dict[str, Any]:
    """What the levers of a solution bring, without rounding that breaks limits, by a run of the program made now."""
    x = np.asarray(solution.x, dtype=float)
    if x.shape != program.lower.shape:
        return {"end": End.RAISED, "message": f"it gave levers of the shape {x.shape}, expected {program.lower.shape}."}
    if not np.isfinite(x).all():
        return {"end": End.ANSWERED, "message": "its levers are no numbers.", "violation": float("inf")}
    at = mended(program, program.evaluate(x))
    missed, name = most_violated(program, at.x, at.y)
    cost, whole = program.cost(at.x, at.y), fraction(program, at.x)
    found = {
        "objective": program.sign * cost,
        "violation": missed,
        "breaks": name,
        "fraction": whole,
        "excess": excess(program, at.x, at.y),
    }
    return {"end": End.ANSWERED, **found}


def said(error: BaseException) -> str:
    """What an error says, in one line."""
    if isinstance(error, ModelError):
        return " ".join(str(error).split())[:MOST_MESSAGE]
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:MOST_MESSAGE]


def _place(error: BaseException) -> str:
    """Where an error was raised, without the path of anybody's machine."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.replace(chr(92), '/').rpartition('/')[2]}:{last.lineno}"
