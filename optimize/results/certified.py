"""What a certificate found, as values that a verdict rests on and a folder can hold."""

from __future__ import annotations

import numpy as np

from sd_models.system.elements import element_names
from sd_models.system.model import IndexArray

from ..certificates.certificate import Certificate
from ..problems.assembly import assemble
from ..problems.presolve import presolve
from ..problems.problem import Problem
from .verdict import TOLERANCE, Curvature, Looked


def looked(problem: Problem, found: Certificate, kinks: tuple[str, ...] = ()) -> Looked:
    """What was looked at and found; `kinks` are those that the policy stands on, in words."""
    second, probes = found.second, found.probes
    return Looked(
        curvature=_curvature(found),
        least_curvature=second.least if second is not None else np.nan,
        directions=second.dimensions if second is not None else 0,
        flat_directions=second.flat if second is not None else 0,
        probes=probes.count if probes is not None else 0,
        better=probes.gain if probes is not None else 0.0,
        worth=found.worth,
        idle=lever_words(problem, found.idle),
        is_idle=found.is_idle,
        kinks=kinks,
        is_only=second is not None and not second.dimensions and _is_only(problem),
        promised=_promised(found),
    )


def _is_only(problem: Problem) -> bool:
    """Whether bounds and limits on levers leave each lever one value."""
    program = presolve(assemble(problem)).program
    return bool((program.lower == program.upper).all())


def _promised(found: Certificate) -> float:
    """The gain that is still promised, where it is more than an optimum may miss."""
    promise = found.optimality.promise
    return promise.gain if promise is not None and promise.share > TOLERANCE else 0.0


def _curvature(found: Certificate) -> Curvature:
    if found.is_second_order:
        return Curvature.HOLDS
    is_negative = found.second is not None and len(found.second.negative) > 0
    return Curvature.NEGATIVE if is_negative else Curvature.UNKNOWN


def lever_words(problem: Problem, levers: IndexArray) -> tuple[str, ...]:
    """What levers are called: the variable, its element unless all are meant, and how many of its periods."""
    words: list[str] = []
    blocks = problem.bound.blocks
    whole = {block.variable for block in blocks} - {
        block.variable for block in blocks if not np.isin(block.numbers, levers).all()
    }
    for block in blocks:
        mine = np.isin(block.numbers, levers)
        if block.variable in whole:
            words += [block.variable] if block.variable not in words else []
            continue
        every = element_names(problem.system, problem.system[block.variable])
        names = [every[int(element)] for element in block.elements]
        for name, periods in zip(names, mine, strict=True):
            part = "" if periods.all() else f" in {int(periods.sum())} of {len(periods)} periods"
            words += [f"{name}{part}"] if periods.any() else []
    return tuple(words)
