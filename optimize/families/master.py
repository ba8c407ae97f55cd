"""One master problem of the flagship: the plan linearized at a policy by exact gradients, inside a trust region.

    maximize    f(x0) + g'(x - x0) [+ 1/2 (x - x0)'H (x - x0)]
    subject to  A x + B (y(x0) + J (x - x0)) within its sides, |x - x0| <= radius * size of the block, bounds

x0 is the even split at which every search of the plan begins, so that it obeys all rows. H are the blocks of the
objective's exact second derivative by region, without what is convex (Higham 1988, the nearest negative semidefinite
matrix), so that the quadratic problem is concave. Seeds are those of the policy family.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray, IndexArray

from ..problems.optimality import block_sizes
from ..problems.program import Evaluation, Program
from ..solvers.traits import Trait
from .arrays import Numbers
from .instance import Extent, Instance, start_of
from .policy import Draw, Shape, problem_of
from .stating import stated

FAMILY = "master"
RADIUS = 0.5
SHAPES: Mapping[Extent, tuple[tuple[Shape, bool, int], ...]] = {  # quadratic or not; with the number of seeds
    Extent.SMALL: (
        *((Shape(4, measures, 5), quadratic, 3) for measures in (1, 4) for quadratic in (False, True)),
        *((Shape(4, 4, 10), quadratic, 3) for quadratic in (False, True)),
    ),
    Extent.MEDIUM: (
        *((Shape(4, 4, 25), quadratic, 2) for quadratic in (False, True)),
        *((Shape(31, 1, 10), quadratic, 2) for quadratic in (False, True)),
        (Shape(31, 4, 25), False, 2),
    ),
    Extent.LARGE: ((Shape(4, 16, 25), True, 1), (Shape(31, 16, 25), False, 1)),
}


@lru_cache(maxsize=8)
def linearized(shape: Shape, seed: int) -> tuple[Program, Evaluation, FloatArray]:
    """A policy's program, where it is linearized, and the gradients of all outcomes there."""
    program = stated(problem_of(shape, Draw.of(seed)))
    at = program.evaluate(start_of(program))
    used = np.union1d(np.flatnonzero(program.outcome_cost), program.outcome_rows.indices).astype(np.int64)
    slopes = np.zeros((len(program.outcome_cost), len(at.x)))
    slopes[used] = program.gradients(at, used)
    return program, at, slopes


def numbers_of(shape: Shape, seed: int, *, quadratic: bool) -> Numbers:
    """The master problem."""
    program, at, slopes = linearized(shape, seed)
    x, sign = at.x, program.sign
    gradient = sign * (program.lever_cost + program.outcome_cost @ slopes)
    room = RADIUS * block_sizes(program, x)
    matrix = csr_array(program.lever_rows + csr_array(program.outcome_rows @ slopes))
    shift = program.rows(x, at.y) - matrix @ x
    curvature = concave(program, at) if quadratic else None
    constant = sign * program.cost(x, at.y) - float(gradient @ x)
    if curvature is not None:
        constant += 0.5 * float(x @ (curvature @ x))
        gradient = gradient - curvature @ x
    return Numbers(
        cost=gradient,
        lower=np.maximum(program.lower, x - room),
        upper=np.minimum(program.upper, x + room),
        matrix=matrix,
        row_lower=program.row_lower - shift,
        row_upper=program.row_upper - shift,
        curvature=curvature,
        constant=constant,
        maximize=sign < 0,
        row_names=program.row_names,
        reference=x,
    )


def concave(program: Program, at: Evaluation) -> csr_array:
    """The second derivative of what is maximized, of each region by itself, its positive eigenvalues left out."""
    n = len(at.x)
    whole = program.sign * program.products(at, program.outcome_cost, np.eye(n))
    found = np.zeros((n, n))
    for columns in _regions(program):
        block = whole[np.ix_(columns, columns)]
        values, vectors = np.linalg.eigh((block + block.T) / 2)
        found[np.ix_(columns, columns)] = (vectors * np.minimum(values, 0.0)) @ vectors.T
    return csr_array((found + found.T) / 2)


def _regions(program: Program) -> Iterator[IndexArray]:
    """The places of the levers of each region."""
    (block,) = program.blocks
    places = block.places["province"]
    for region in np.unique(places):
        yield block.numbers[places == region].ravel()


def program_of(shape: Shape, quadratic: bool, *, seed: int) -> Program:
    """The master problem as every solver sees it."""
    return numbers_of(shape, seed, quadratic=quadratic).program()


def masters(extent: Extent, seed: int) -> Iterator[Instance]:
    """All sizes, linear and quadratic, with their seeds."""
    for shape, quadratic, count in SHAPES[extent]:
        traits = frozenset({Trait.LIMITS, *([Trait.QUADRATIC_OBJECTIVE] if quadratic else [])})
        for each in range(seed, seed + count):
            name = f"master-{'qp' if quadratic else 'lp'}-{shape.name}"
            yield Instance(FAMILY, name, each, program_of, {"shape": shape, "quadratic": quadratic}, traits)
