"""Small problems on which solvers were seen wrong, or that invite it, each with its truth.

- `half-line`: minimize x^2 - 2 x where x <= 1/2: -3/4. CasADi's Fatrop QP returns the right x with the objective 0, its
  ProxQP with its own tolerance .491 (seen with CasADi 3.7)
- `hs71`: problem 71 of Hock and Schittkowski (1981): 17.0140173. A solver gave 17.013919, better by breaking a limit
- `stuffed`: 2 x + 3 z with x + z >= 9/2 and z whole: 9. HiGHS 1.14.0 gave 15 (lovasoa/highs-js issue 53)
- `paired`: 2 b + y with 2 b + y >= 10, b binary, y >= 9, ten times: 100. HiGHS 1.14.0 gave more (PyPSA/linopy 651)
- `trickle`: x of 1 flows only where z, binary, opens: x <= 10^7 z. A z of 1e-7 counts as whole for many solvers
- `beale`: a linear program in which the simplex method cycles (Beale 1955, Naval Research Logistics Quarterly 2): -1/20
- `klee-minty`: a cube with 2^n corners on the simplex method's way (Klee and Minty 1972): 5^n
- `knapsack`: worth close to weight (Pisinger 2005, Computers & Operations Research 32): by dynamic programming
- `corners`: a concave quadratic in a box, whose least is in a corner; all corners are looked at. The start is
  a stationary point
- `parity`: even numbers with an odd sum; `gap`: two limits that leave nothing; `no-point`: an area that no fence of
  that length encloses. All infeasible
- `ray`, `whole-ray` and `no-end`: linear, whole and exponential growth without end. All unbounded
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.sparse import csr_array

from ..problems.program import Program
from ..solvers.traits import Trait
from .arrays import Numbers
from .instance import Extent, Instance, Truth
from .stating import kept_problem, stated

FAMILY = "traps"
INF = float(np.inf)


def _numbers(cost: Sequence[float], rows: Sequence[Sequence[float]], lower: object, upper: object) -> Numbers:
    """Minimize a cost of variables that are not negative within rows."""
    matrix = csr_array(np.array(rows, dtype=np.float64).reshape(len(rows), len(cost)))
    sides = [np.array(np.broadcast_to(np.asarray(side, dtype=np.float64), len(rows))) for side in (lower, upper)]
    costs = np.array(cost, dtype=np.float64)
    return Numbers(costs, np.zeros(len(cost)), np.full(len(cost), INF), matrix, row_lower=sides[0], row_upper=sides[1])


# --- optima that are known --------------------------------------------------------------------------------------------


def half_line(_: int) -> tuple[Numbers, float]:
    """Its slope at 1/2 is -1, so that the limit holds it there: 1/4 - 1."""
    found = _numbers([-2.0], [[1.0]], -INF, 0.5)
    return replace(found, curvature=csr_array([[2.0]]), lower=np.array([-INF])), -0.75


def stuffed(seed: int) -> tuple[Numbers, float]:
    """Only the cheaper x is used. Seeds draw what is needed, which is never whole."""
    need = 4.5 + seed % 5
    found = _numbers([2.0, 3.0], [[1.0, 1.0]], need, INF)
    return replace(found, upper=np.full(2, 10.0), integers=np.array([1])), 2.0 * need


def paired(seed: int) -> tuple[Numbers, float]:
    """Each pair brings 10 at least, and y = 10 with b = 0 brings just that."""
    count = 10 + 5 * (seed % 10)
    eye = np.eye(count)
    found = _numbers([2.0] * count + [1.0] * count, np.hstack([2.0 * eye, eye]).tolist(), 10.0, INF)
    lower = np.concatenate([np.zeros(count), np.full(count, 9.0)])
    upper = np.concatenate([np.ones(count), np.full(count, INF)])
    return replace(found, lower=lower, upper=upper, integers=np.arange(count)), 10.0 * count


def trickle(seed: int) -> tuple[Numbers, float]:
    """Something has to flow, so that the one gate has to be open; seeds make the gate wider."""
    found = _numbers([0.0, 1.0], [[1.0, -(10.0 ** (7 + seed % 3))], [1.0, 0.0]], [-INF, 1.0], [0.0, INF])
    return replace(found, upper=np.array([100.0, 1.0]), integers=np.array([1])), 1.0


def beale(_: int) -> tuple[Numbers, float]:
    """Beale (1955), as his example is told by Dantzig (1963), Linear Programming and Extensions, 10-2."""
    rows = [[0.25, -60.0, -0.04, 9.0], [0.5, -90.0, -0.02, 3.0], [0.0, 0.0, 1.0, 0.0]]
    return _numbers([-0.75, 150.0, -0.02, 6.0], rows, -INF, [0.0, 0.0, 1.0]), -0.05


def klee_minty(seed: int) -> tuple[Numbers, float]:
    """Only the last variable is worth using: 5^n, with n of 3 to 10."""
    n = 3 + seed % 8
    rows = [[2.0 ** (row - i + 1) if i < row else float(i == row) for i in range(n)] for row in range(n)]
    found = _numbers([2.0 ** (n - 1 - i) for i in range(n)], rows, -INF, 5.0 ** np.arange(1, n + 1))
    return replace(found, maximize=True), 5.0**n


def knapsack(seed: int) -> tuple[Numbers, float]:
    """Bellman's (1957) recursion over what is left: all weights are whole."""
    draw = np.random.default_rng(seed)
    weights = draw.integers(50, 500, 30)
    worth, room = weights + 50, int(weights.sum() // 3)
    best = np.zeros(room + 1)
    for weight, value in zip(weights.tolist(), worth.tolist(), strict=True):
        best[weight:] = np.maximum(best[weight:], best[: room + 1 - weight] + value)
    found = _numbers(worth.tolist(), [weights.tolist()], -INF, float(room))
    return replace(found, upper=np.ones(30), integers=np.arange(30), maximize=True), float(best[-1])


def corners(seed: int) -> tuple[Numbers, float]:
    """All 1,024 corners, of which one is the least: a concave function has it there."""
    draw = np.random.default_rng(seed)
    root, middle = draw.normal(size=(10, 10)), np.ones(10)
    curvature = -(root @ root.T)
    widths = draw.uniform(0.5, 2.0, (2, 10))
    all_corners = np.array(list(product(*zip(-widths[0], widths[1], strict=True))))
    best = 0.5 * np.einsum("ki,ij,kj->k", all_corners, curvature, all_corners).min()
    return replace(
        _numbers((-curvature @ middle).tolist(), [], -INF, INF),
        curvature=csr_array(curvature),
        lower=middle - widths[0],
        upper=middle + widths[1],
        constant=0.5 * float(middle @ curvature @ middle),
        reference=middle,
    ), float(best)


# --- infeasible and unbounded -----------------------------------------------------------------------------------------


def parity(seed: int) -> tuple[Numbers, float]:
    """A sum of even numbers is even; seeds draw how many there are. Without whole numbers there are answers."""
    n = 3 + 2 * (seed % 5)
    found = _numbers([1.0] * n, [[2.0] * n], 2.0 * n + 1.0, 2.0 * n + 1.0)
    return replace(found, upper=np.full(n, 10.0), integers=np.arange(n)), np.nan


def gap(seed: int) -> tuple[Numbers, float]:
    """A sum is at most 1 and at least 1 and a gap, 10^-1 to 10^-3."""
    n = 5 + seed % 10
    return _numbers([1.0] * n, [[1.0] * n] * 2, [-INF, 1.0 + 10.0 ** -(1 + seed % 3)], [1.0, INF]), np.nan


def ray(seed: int) -> tuple[Numbers, float]:
    """Two variables that grow together without end; the others are held."""
    n = 4 + seed % 10
    rows = [[1.0, -1.0] + [0.0] * (n - 2), [0.0, 0.0] + [1.0] * (n - 2)]
    return replace(_numbers([1.0] * n, rows, [0.0, -INF], [0.0, 5.0]), maximize=True), np.nan


def whole_ray(seed: int) -> tuple[Numbers, float]:
    """The same in whole numbers."""
    found, _ = ray(seed)
    return replace(found, integers=np.arange(len(found.cost))), np.nan


@dataclass(frozen=True)
class Trap:
    """Numbers by seed with the best objective, or a folder of `models/`; what is true of it, and how many seeds."""

    make: Callable[[int], tuple[Numbers, float]] | str
    traits: frozenset[Trait]
    seeds: int = 1
    truth: Truth = Truth.SOLVABLE
    known: float = np.nan
    source: str = "by hand: optimize/families/traps.py"


def _of(*traits: Trait) -> frozenset[Trait]:
    return frozenset(traits)


WHOLE, ROWS, EQUAL = Trait.INTEGERS, Trait.LIMITS, Trait.EQUALITIES
HOCK = "published: Hock and Schittkowski (1981), Test Examples for Nonlinear Programming Codes, problem 71"
PRODUCTS = (Trait.QUADRATIC_ROWS, Trait.NONCONVEX)
TRAPS: Mapping[str, Trap] = {
    "half-line": Trap(half_line, _of(ROWS, Trait.QUADRATIC_OBJECTIVE)),
    "hs71": Trap("hs71", _of(ROWS, EQUAL, Trait.CURVED, *PRODUCTS), known=17.0140173, source=HOCK),
    "stuffed": Trap(stuffed, _of(ROWS, WHOLE), 3),
    "paired": Trap(paired, _of(ROWS, WHOLE), 3),
    "trickle": Trap(trickle, _of(ROWS, WHOLE), 3),
    "beale": Trap(beale, _of(ROWS), source="published: Beale (1955), Naval Research Logistics Quarterly 2"),
    "klee-minty": Trap(klee_minty, _of(ROWS), 4),
    "knapsack": Trap(knapsack, _of(ROWS, WHOLE), 4, source="computed: Bellman's recursion"),
    "corners": Trap(corners, _of(Trait.QUADRATIC_OBJECTIVE, Trait.NONCONVEX), 4, source="computed: all corners"),
    "parity": Trap(parity, _of(ROWS, WHOLE, EQUAL), 3, Truth.INFEASIBLE),
    "gap": Trap(gap, _of(ROWS), 3, Truth.INFEASIBLE),
    "no-point": Trap("no_point", _of(ROWS, *PRODUCTS), 1, Truth.INFEASIBLE),
    "ray": Trap(ray, _of(ROWS, EQUAL), 2, Truth.UNBOUNDED),
    "whole-ray": Trap(whole_ray, _of(ROWS, EQUAL, WHOLE), 2, Truth.UNBOUNDED),
    "no-end": Trap("no_end", _of(*PRODUCTS), 1, Truth.UNBOUNDED),
}


def program_of(name: str, *, seed: int) -> Program:
    """The trap of a seed."""
    make = TRAPS[name].make
    return stated(kept_problem(make), products=True) if isinstance(make, str) else make(seed)[0].program()


def known_of(name: str, seed: int) -> float | None:
    """Its best objective."""
    trap = TRAPS[name]
    found = trap.known if isinstance(trap.make, str) else trap.make(seed)[1]
    return None if np.isnan(found) else found


def traps(extent: Extent, seed: int) -> Iterator[Instance]:
    """All of them; they are small."""
    if extent is not Extent.SMALL:
        return
    for name, trap in TRAPS.items():
        for each in range(seed, seed + trap.seeds):
            known = known_of(name, each)
            yield Instance(
                FAMILY, f"trap-{name}", each, program_of, {"name": name}, trap.traits, known, trap.source, trap.truth
            )
