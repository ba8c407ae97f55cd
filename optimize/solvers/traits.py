"""What a problem asks of a solver, and what a solver takes, as values that are compared before anything is built."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..problems.program import Program


class Trait(StrEnum):
    """One thing that a problem asks of a solver; its value says what it is in a sentence that begins "It has".

    >>> Trait("kinks")
    <Trait.KINKS: 'kinks'>
    """

    INTEGERS = "whole numbers to decide"
    KINKS = "kinks"  # not differentiable everywhere
    CHOICES = "choices between expressions (if, else)"
    CURVED = "functions that are neither linear nor quadratic"
    QUADRATIC_ROWS = "quadratic equations or limits"
    QUADRATIC_OBJECTIVE = "a quadratic objective"
    NONCONVEX = "equations, limits or an objective that are not convex"
    LIMITS = "limits beside bounds"
    EQUALITIES = "equalities"
    BLACK_BOX = "outcomes that a run alone tells, without equations"


@dataclass(frozen=True, slots=True)
class Size:
    """How many variables, constraints and whole numbers the problem has as a solver sees it."""

    variables: int = 0
    rows: int = 0
    integers: int = 0


def traits_of(program: Program) -> frozenset[Trait]:
    """What can be told of a program before its equations are stated."""
    sides = program.row_lower, program.row_upper
    found = {
        Trait.INTEGERS: len(program.integers) > 0,
        Trait.LIMITS: bool(np.isfinite(sides).any() or program.quadratics),
        Trait.EQUALITIES: bool((sides[0] == sides[1]).any()),
        Trait.QUADRATIC_ROWS: bool(program.quadratics),
    }
    return frozenset(trait for trait, is_there in found.items() if is_there)
