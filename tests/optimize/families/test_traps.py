"""What is said of each trap is true: optima, infeasibility, growth without end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, milp
from support.solvers import Patient

from optimize.families.instance import Instance, Truth, start_of
from optimize.families.table import instances
from optimize.families.traps import FAMILY, TRAPS, program_of
from optimize.problems.optimality import violation
from optimize.solvers.nonlinear.ipopt import Ipopt
from optimize.solvers.traits import Trait

LINEAR = frozenset({Trait.LIMITS, Trait.EQUALITIES, Trait.INTEGERS})
SCIPY = {0: Truth.SOLVABLE, 2: Truth.INFEASIBLE, 3: Truth.UNBOUNDED}


@pytest.mark.parametrize(
    "instance", [one for one in instances([FAMILY]) if one.traits <= LINEAR], ids=lambda one: one.key
)
def test_linear_traps_are_as_told(instance: Instance) -> None:
    """By SciPy's HiGHS without presolve and without a gap; what is `whole` is rounded and held, so that gates open."""
    program = instance.program()
    whole = np.zeros(len(program.lower))
    whole[program.integers] = 1
    rows = LinearConstraint(program.lever_rows.toarray(), program.row_lower, program.row_upper)
    bounds = np.stack([program.lower, program.upper])
    options = {"presolve": False, "mip_rel_gap": 0.0}
    found = milp(program.lever_cost, integrality=whole, bounds=bounds, constraints=rows, options=options)
    if instance.truth is not Truth.SOLVABLE:
        assert SCIPY.get(found.status, instance.truth) is instance.truth
        assert found.status != 0
        return
    if "trickle" not in instance.key:  # a gate of 1e-7 is one that SciPy takes too
        x = np.where(whole, np.round(found.x), found.x)
        assert violation(program, x, program.evaluate(x).y) <= 1e-9
        assert program.sign * program.cost(x, program.evaluate(x).y) == pytest.approx(instance.known, rel=1e-9)


def test_a_gate_opens_or_nothing_flows() -> None:
    """Closed, no flow obeys; open, the least flow does."""
    program = program_of("trickle", seed=0)
    for gate, obeys in ((0.0, False), (1.0, True)):
        x = np.array([1.0, gate])
        assert (violation(program, x, np.zeros(0)) <= 1e-9) is obeys


def test_half_a_line_ends_where_its_limit_is() -> None:
    """At 1/2, by hand."""
    program = program_of("half-line", seed=0)
    at = program.evaluate(np.array([0.5]))
    assert program.cost(at.x, at.y) == -0.75
    assert program.rows(at.x, at.y)[0] == 0.5


def test_the_start_among_corners_is_no_corner_and_has_no_slope() -> None:
    """Who stops where first order holds, stops at once, at nothing."""
    program = program_of("corners", seed=1)
    at = program.evaluate(start_of(program))
    slope = program.lever_cost + program.pullback(at, program.outcome_cost)
    assert np.abs(slope).max() < 1e-12
    assert abs(program.cost(at.x, at.y)) < 1e-12
    assert (program.lower < at.x).all()
    assert (at.x < program.upper).all()


def test_the_problem_of_the_collection_has_its_published_optimum() -> None:
    """Hock and Schittkowski print seven digits."""
    program = program_of("hs71", seed=0)
    found = Ipopt(tolerance=1e-9).solve(program, program.reference, Patient())
    assert program.cost(found.x, found.y) == pytest.approx(TRAPS["hs71"].known, rel=1e-8)


def test_a_stock_grows_without_end() -> None:
    """Ten times the pace, and a thousand times the stock."""
    program = program_of("no-end", seed=0)
    stocks = [-program.cost(x, program.evaluate(x).y) for x in (np.full(3, 1e3), np.full(3, 1e4))]
    assert stocks[1] > 900 * stocks[0]
    assert np.isinf(program.upper).all()


def test_no_fence_of_that_length_encloses_the_area() -> None:
    """The largest of all rectangles is the square, and it is too small."""
    program = program_of("no-point", seed=0)
    x = np.full(6, 0.75)
    at = program.evaluate(x)
    missed = program.rows(at.x, at.y) - program.row_upper
    assert missed.max() == pytest.approx(1.0 - 0.5625)
