"""The interior-point method, held against HiGHS and against dense algebra, and the mending by exact curvature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from optimize.solvers import highs
from optimize.solvers.interior_point import interior, joint
from optimize.solvers.interior_point.border import Bordered
from optimize.solvers.interior_point.elastic import ElasticProgram
from optimize.solvers.interior_point.triangular import solve_columns, solve_vector
from optimize.solvers.sequential.newton import Exact


def random_program(seed: int, *, equations: int = 1, price: float = 5.0) -> ElasticProgram:
    """Three groups of levers in shuffled columns, rows of all kinds, some levers free on a side, one fixed."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 7, 3)
    levers, outcomes, rows = int(sizes.sum()), int(random.integers(0, 4)), int(random.integers(3, 12))
    groups = tuple(np.split(random.permutation(levers), np.cumsum(sizes)[:-1]))
    blocks = []
    for group in groups:
        root = random.normal(size=(len(group), len(group)))
        blocks.append(root @ root.T / len(group) + 0.01 * np.eye(len(group)))
    by_lever = random.normal(size=(rows, levers)) * (random.random((rows, levers)) < 0.3)
    own = groups[int(np.argmax(sizes))]
    by_lever[0] = 0.0
    by_lever[0, own[:2]] = 1.0  # a row of one group without outcomes
    by_outcome = random.normal(size=(rows, outcomes)) * (random.random((rows, outcomes)) < 0.5)
    by_outcome[0] = 0.0
    ties = random.normal(size=(outcomes, levers))
    inside = random.uniform(-0.5, 0.5, levers)
    values = by_lever @ inside + by_outcome @ (ties @ inside)
    lower, upper = values - random.uniform(0.0, 1.0, rows), values + random.uniform(0.0, 1.0, rows)
    lower[random.random(rows) < 0.3] = -np.inf
    upper[(random.random(rows) < 0.3) & np.isfinite(lower)] = np.inf
    lower[1 : 1 + equations] = upper[1 : 1 + equations] = values[1 : 1 + equations]
    least, most = np.full(levers, -1.0), np.full(levers, 1.0)
    least[0] = most[0] = inside[0]
    most[-1] = np.inf
    prices = np.where(random.random(rows) < 0.5, price, np.inf)
    return ElasticProgram(
        random.normal(size=levers), groups, tuple(blocks), least, most, ties,
        csr_array(by_lever), csr_array(by_outcome), lower, upper, prices,
    )  # fmt: skip


def value(program: ElasticProgram, v: np.ndarray) -> float:
    """The objective, prices included."""
    elastic = np.isfinite(program.prices)
    excess = np.abs(program.excess(v))[elastic]
    return float(program.cost @ v + 0.5 * v @ program.curved(v) + program.prices[elastic] @ excess)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_it_finds_the_optimum_that_highs_finds(seed: int) -> None:
    """By the same KKT residual, with the same objective, and never a better one than there is."""
    program = random_program(seed)
    found = interior.solve(program, accuracy=1e-10)
    assert found.residual < 1e-6
    flat = program.flat()
    answer = highs.solve(flat, stop=lambda: False)
    levers = len(program.cost)
    assert answer.is_good
    assert value(program, found.values) == pytest.approx(value(program, answer.values[:levers]), abs=1e-4)
    assert program.residual(answer.values[:levers], answer.multipliers[: len(program.prices)]) < 1e-3


def test_correctors_save_iterations() -> None:
    """Each costs a solution and no factors. Without them it takes 436 iterations, with one corrector 401."""
    taken = [interior.solve(random_program(seed), accuracy=1e-10).iterations for seed in range(40)]
    assert sum(taken) <= 415


def test_rows_may_have_any_price() -> None:
    """Also one that is beyond the numbers beside a multiplier of nothing."""
    program = random_program(3)
    dear = replace(program, prices=np.full(len(program.prices), 1e12))
    assert np.isfinite(interior.solve(dear, accuracy=1e-8).values).all()


def test_elastic_rows_give_way_at_their_price() -> None:
    """Rows that contradict each other: the dearer one holds, the multiplier of the other is its price."""
    program = ElasticProgram(
        np.zeros(1), (np.arange(1),), (np.eye(1),), np.array([-10.0]), np.array([10.0]), np.zeros((0, 1)),
        csr_array([[1.0], [1.0]]), csr_array((2, 0)), np.array([2.0, -np.inf]), np.array([np.inf, 1.0]),
        np.array([50.0, 8.0]),
    )  # fmt: skip
    found = interior.solve(program, accuracy=1e-12)
    assert found.values == pytest.approx([2.0], abs=1e-6)
    assert found.multipliers == pytest.approx([-10.0, 8.0], abs=1e-4)


def test_what_has_no_feasible_point_has_no_good_residual() -> None:
    """So that it is asked elsewhere."""
    program = ElasticProgram(
        np.zeros(1), (np.arange(1),), (np.eye(1),), np.zeros(1), np.ones(1), np.zeros((0, 1)),
        csr_array([[1.0]]), csr_array((1, 0)), np.array([2.0]), np.array([3.0]), np.array([np.inf]),
    )  # fmt: skip
    assert interior.solve(program, accuracy=1e-8).residual > highs.LARGEST_RESIDUAL
    assert highs.solve(program.flat(), stop=lambda: False).infeasible


def test_nothing_to_gain_takes_no_iteration() -> None:
    """Without costs, bounds and rows, the answer stays where it began, and has no factors."""
    free = np.full(2, np.inf)
    none = csr_array((0, 2))
    program = ElasticProgram(
        np.zeros(2), (np.arange(2),), (np.eye(2),), -free, free, np.zeros((0, 2)),
        none, csr_array((0, 0)), np.zeros(0), np.zeros(0), np.zeros(0),
    )  # fmt: skip
    found = interior.solve(program, accuracy=1e-8)
    assert found.values.tolist() == [0.0, 0.0]
    assert not found.has_factors


@pytest.mark.parametrize("rows_for_an_outcome", [0, 2, 1000])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_border_solves_what_dense_algebra_solves(rows_for_an_outcome: int, seed: int) -> None:
    """For weights as different as those of limits that hold and of those that do not, by rows and by outcomes."""
    program = replace(random_program(seed), prices=np.full(len(random_program(seed).prices), np.inf))
    random = np.random.default_rng(seed)
    levers, rows = len(program.cost), len(program.prices)
    barrier, weights = 10.0 ** random.uniform(-6, 3, levers), 10.0 ** random.uniform(-6, 3, rows)
    linear = Bordered.of(program)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(joint, "ROWS_FOR_AN_OUTCOME", rows_for_an_outcome)
        assert linear.factored(barrier, weights)
    dense = program.by_lever.toarray() + program.by_outcome.toarray() @ program.ties
    whole = np.diag(barrier) + dense.T @ (weights[:, np.newaxis] * dense)
    for group, block in zip(program.groups, program.blocks, strict=True):
        whole[np.ix_(group, group)] += block
    right = random.normal(size=levers)
    assert whole @ linear.solved(right) == pytest.approx(right, abs=1e-5)


def test_triangular_systems_are_solved_in_place() -> None:
    """Columns, a vector, and with the transpose; nothing of size nothing."""
    random = np.random.default_rng(2)
    lower = np.asfortranarray(np.tril(random.normal(size=(5, 5))) + 5 * np.eye(5))
    columns = np.asfortranarray(random.normal(size=(5, 3)))
    found = columns.copy(order="F")
    solve_columns(lower, found)
    assert lower @ found == pytest.approx(columns)
    vector = columns[:, 0].copy()
    solve_vector(lower, vector, transposed=True)
    assert lower.T @ vector == pytest.approx(columns[:, 0])
    solve_vector(np.zeros((0, 0), order="F"), np.zeros(0))
    solve_columns(lower, np.zeros((5, 0), order="F"))


def mended(seed: int) -> tuple[float, float]:
    """By how much a mended optimum and the first one miss the best, with curvature between groups that is unknown."""
    program = random_program(seed, equations=0)
    levers = len(program.cost)
    program = replace(program, lower=np.full(levers, -1.0), upper=np.full(levers, 1.0))
    vector = np.random.default_rng(seed + 1).normal(size=levers)
    exact = 0.1 * np.outer(vector, vector)
    for group, block in zip(program.groups, program.blocks, strict=True):
        exact[np.ix_(group, group)] += block
    whole = replace(program, groups=(np.arange(levers),), blocks=(exact,))
    best = interior.solve(whole, accuracy=1e-12)
    first = interior.solve(program, accuracy=1e-10)
    mending = Exact(program, lambda v: exact @ v, lambda: None)
    found = mending.finished(mending.on_face(first), 1e-10).optimum
    after, before = (value(whole, optimum.values) - value(whole, best.values) for optimum in (found, first))
    return after, before


def test_exact_curvature_mends_the_optimum() -> None:
    """Never for the worse, and mostly to the last digit, also where other limits come to hold."""
    gaps = [mended(seed) for seed in range(30)]
    assert all(-1e-6 <= after <= before + 1e-6 for after, before in gaps)
    assert sum(after < 1e-6 < before for after, before in gaps) > 15


@pytest.mark.parametrize("price", [1e2, 1e4, 1e6])
def test_contradictions_may_be_as_dear_as_one_likes(price: float) -> None:
    """Rows that cannot hold together are missed as little as may be, at any price, in a few iterations."""
    program = random_program(0)
    apart = np.abs(program.by_lever).sum(axis=1) + 10.0
    elastic = np.isfinite(program.prices)
    program = replace(
        program,
        prices=np.where(elastic, price, np.inf),
        row_lower=np.where(elastic, apart, program.row_lower),
        row_upper=np.where(elastic, np.inf, program.row_upper),
    )
    found = interior.solve(program, accuracy=1e-6)
    assert found.residual <= 1e-4
    assert found.iterations <= 40


@pytest.mark.parametrize("end", [1e3, 1e13, 1e16])
def test_a_row_may_be_missed_by_any_distance(end: float) -> None:
    """A bound so far out that rounding leaves no room beside it is missed like any other, and nothing is no number."""
    program = random_program(0)
    prices = np.full(len(program.prices), 5.0)
    program = replace(
        program, prices=prices, row_lower=np.full(len(prices), -np.inf), row_upper=np.full(len(prices), -end)
    )
    found = interior.solve(program, accuracy=1e-6)
    assert np.isfinite(found.values).all()
    assert np.isfinite(found.multipliers).all()
