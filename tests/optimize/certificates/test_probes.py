"""Policies around a policy and far from it: which are tried, what they are held against, and which is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.forms import INFINITY, ball, of_forms

from optimize.certificates.face import face_of
from optimize.certificates.probes import Merit, Probed, moved, probed
from optimize.problems.optimality import Multipliers
from optimize.problems.program import Evaluation, Program


def held(*rows: float, curved: tuple[float, ...] = ()) -> Multipliers:
    """Multipliers of rows and quadratic constraints."""
    return Multipliers(np.array(rows), np.array(curved))


def limited(**changes: Any) -> Program:
    """x0 + 2 x1 between 2 and 4, and a ball of radius 2."""
    given = {"rows": [[1, 2]], "row_lower": [2.0], "row_upper": [4.0], "quadratics": (ball(2, 1, 4.0),), **changes}
    return of_forms([3.0, 5.0], np.eye(2), **given)


# --- the penalty ------------------------------------------------------------------------------------------------------


def test_prices_are_twice_the_multipliers_and_at_least_the_whole_worth() -> None:
    """For the whole size of a limit, 4 both."""
    program = limited()
    at = program.evaluate(np.array([1.0, 1.0]))
    for multipliers, rows, quadratics in (
        (held(0.0, curved=(0.0,)), 8 / 4, 8 / 4),
        (held(0.9, curved=(0.9,)), 2.0, 2.0),
        (held(1.5, curved=(2.5,)), 3.0, 5.0),
        (held(-1.5, curved=(-9.0,)), 3.0, 2.0),
    ):
        merit = Merit.at(program, at, multipliers, 8.0)
        assert merit.program is program
        assert merit.rows.tolist() == [rows]
        assert merit.quadratics.tolist() == [quadratics]


@pytest.mark.parametrize(
    ("x", "value"),
    [
        ([1.0, 1.0], 3 + 5 + 1),  # keeps all
        ([1.0, 0.0], 3 + 0.5 + 10 * 1),  # 1 below the row
        ([0.0, 2.0], 10 + 2),  # on both
        ([1.0, 2.0], 3 + 10 + 2.5 + 10 * 1 + 100 * 1),  # 1 above the row, 1 out of the ball
        ([2.0, -1.0], 6 - 5 + 2.5 + 10 * 2 + 100 * 1),
        ([np.nan, 0.0], INFINITY),
    ],
)
def test_a_policy_costs_what_it_exceeds_of_limits(x: list[float], value: float) -> None:
    """10 a unit of the row, 100 a unit of the ball; without end where the run leaves the numbers."""
    program = limited()
    merit = Merit(program, np.array([10.0]), np.array([100.0]))
    assert merit(program.evaluate(np.array(x))) == pytest.approx(value)


# --- probes -----------------------------------------------------------------------------------------------------------


def tried(program: Program, *x: float, least: float = 0.0, seed: int = 0, stop: int = 10**9) -> tuple[Probed, Any]:
    """The findings around a policy that nothing pulls at, and the moves of all probes, in the order of their trial."""
    points: list[Evaluation] = []
    at = program.evaluate(np.array(x, dtype=float))
    multipliers = Multipliers.none(program)
    tangent = face_of(program, at).tangent(multipliers)
    merit = Merit.at(program, at, multipliers, 1.0)
    noticed = replace(program, notice=points.append)
    found = probed(noticed, at, tangent, merit, least, seed=seed, stop=lambda: len(points) >= stop)
    return found, np.array([point.x for point in points]).reshape(-1, len(x)) - at.x


def test_nothing_is_better_than_the_least() -> None:
    """A bowl from its bottom."""
    found, moves = tried(of_forms([0, 0], np.eye(2), lower=[-4, -4], upper=[4, 4]), 0, 0)
    assert found.better is None
    assert found.gain == 0.0
    assert found.count == len(moves) > 0
    values = [0.5 * x @ x for x in found.far]
    assert values == sorted(values)
    assert len(found.far) == 48


def test_each_lever_is_moved_by_shares_of_its_size_and_of_its_range() -> None:
    """From a tenth to a ten-millionth, both ways, and to its bounds; one that is fixed is not."""
    _, moves = tried(of_forms([0, 0, 0], lower=[0, 0, 5], upper=[8, 4, 5]), 2, 1, 5)
    near = moves[:-48]
    assert (near[:, 2] == 0).all()
    alone = near[(near[:, 1] == 0) | (near[:, 0] == 0)]
    expected = [sign * step * unit for step in (1e-1, 1e-2, 1e-4, 1e-7) for unit in (2, 8) for sign in (1, -1)]
    assert alone[alone[:, 1] == 0][:, 0] == pytest.approx([*expected, -2, 6])
    expected = [sign * step * unit for step in (1e-1, 1e-2, 1e-4, 1e-7) for unit in (1, 4) for sign in (1, -1)]
    assert alone[alone[:, 0] == 0][:, 1] == pytest.approx([*expected, -1, 3])
    # Two units, both ways, of two levers, and 24 directions both ways, at four steps; and four bounds.
    assert len(near) == 4 * (2 * 2 * 2 + 2 * 24) + 4


def test_without_a_range_there_is_no_share_of_it() -> None:
    """Only sizes are taken, and the bounds that there are."""
    _, moves = tried(of_forms([0, 0], lower=[0, 0], upper=[8, INFINITY]), 2, 1)
    assert len(moves) == 4 * (2 * 2 + 2 * 24) + 3 + 48
    assert moves[-51:-48].tolist() == [[-2, 0], [0, -1], [6, 0]]


def test_probes_stay_within_bounds() -> None:
    """Those that would not move are none."""
    _, moves = tried(of_forms([0.0], lower=[0.0], upper=[8.0]), 0)
    assert (moves[:-48] > 0).all()
    assert len(moves) == 4 * (2 + 24) + 1 + 48
    _, moves = tried(of_forms([0.0], lower=[0.0], upper=[0.5]), 0.5)
    assert (moves[:-48] < 0).all()
    assert (moves >= -0.5).all()
    # Of its size and of its range, which are the same, and by each direction one way.
    assert len(moves) == 4 * (2 + 24) + 1 + 48


def test_directions_keep_what_holds() -> None:
    """An equation of two levers; no move but those along one lever leaves it."""
    program = of_forms([0, 0], rows=[[1, 3]], row_lower=[4.0], row_upper=[4.0])
    _, moves = tried(program, 1, 1)
    near = moves[:-48]
    alone = (near == 0).any(axis=1)
    assert alone.sum() == 4 * 2 * 2
    kept = near[~alone]
    assert kept @ [1, 3] == pytest.approx(0, abs=1e-9)
    pairs = kept[:120]
    # Each exchange moves a unit of the limit: 1 of the first lever's size, a third of the second's.
    assert np.abs(pairs) == pytest.approx(np.tile([0.1, 0.1 / 3], (120, 1)))
    assert {1.0, -1.0} == set(np.sign(pairs[:, 0]))
    assert len(kept) == 4 * (120 + 2 * 24)
    ways = kept[120 : 120 + 2 * 24]
    assert ways[::2] == pytest.approx(-ways[1::2])


def test_exchanges_are_shared_among_limits() -> None:
    """Of each limit that two levers have, at least one, and 120 limits at most; those of one lever have none."""
    rows = [[1, 1, 0], [0, 2, 1], [1, 0, 0]]
    program = of_forms([0, 0, 0], rows=rows, row_lower=[2, 3, 1], row_upper=[2, 3, 1])
    program = replace(program, row_lower=np.array([2.0, 3.0, 1.0]), row_upper=np.array([2.0, 3.0, 1.0]))
    _, moves = tried(program, 1, 1, 1)
    first = moves[6 : 6 + 80]
    changes = {tuple(np.sign(move).astype(int)) for move in first}
    assert changes <= {(1, -1, 0), (-1, 1, 0), (0, 1, -1), (0, -1, 1)}
    assert len(changes) == 4
    assert np.abs(first[first[:, 0] == 0]) == pytest.approx(np.tile([0, 0.05, 0.1], (40, 1)))
    limits = 130
    many = of_forms([0, 0], rows=[[1, 1]] * limits, row_lower=[2.0] * limits, row_upper=[2.0] * limits)
    _, moves = tried(many, 1, 1)
    assert len(moves) == 4 * (2 * 2 + 120 + 2 * 24) + 48


def test_many_levers_are_probed_along_few_directions() -> None:
    """Eight both ways, at two steps, and none far away."""
    for count, tries in ((60, None), (61, 2 * 8 * 2)):
        found, moves = tried(of_forms([0.0] * count, lower=[0] * count, upper=[4] * count), *[1.0] * count)
        assert (len(found.far) == 48) == (tries is None)
        assert tries is None or len(moves) == tries
    lengths = np.linalg.norm(moves, axis=1)
    assert moves[0] == pytest.approx(-moves[1])
    assert lengths[:16].mean() == pytest.approx(0.1 * np.sqrt(61), rel=0.2)
    assert lengths[16:].mean() == pytest.approx(0.01 * np.sqrt(61), rel=0.2)


def test_probes_are_drawn_by_a_seed() -> None:
    """The same ones for the same."""
    program = of_forms([0, 0], lower=[-4, -4], upper=[4, 4])
    one, same, other = (tried(program, 1, 1, seed=seed)[1] for seed in (3, 3, 4))
    assert (one == same).all()
    assert (one[:-48] != other[:-48]).any()
    assert (one[-48:] != other[-48:]).any()


def test_the_best_probe_is_told_with_its_gain() -> None:
    """Of -x^2 / 2 from 0, at an end of the range."""
    program = of_forms([0.0], -np.eye(1), lower=[-4], upper=[3])
    found, moves = tried(program, 0)
    assert found.better is not None
    best = np.abs(moves).max()
    assert best > 3.5
    assert np.abs(found.better.x).tolist() == [best]
    assert found.better.y.tolist() == [-0.5 * best**2]
    assert found.gain == pytest.approx(0.5 * best**2)
    assert found.far[0].tolist() == found.better.x.tolist()


@pytest.mark.parametrize(("least", "is_better"), [(0.0, True), (7.9, True), (8.1, False)])
def test_a_gain_counts_above_the_least(least: float, is_better: bool) -> None:
    """8 is the most there is, at an end of the range."""
    program = of_forms([0.0], -np.eye(1), lower=[-4], upper=[3])
    found, _ = tried(program, 0, least=least)
    assert (found.better is not None) == is_better
    assert (found.gain > 7.9) == is_better


def test_probes_can_be_stopped() -> None:
    """At once, or after some."""
    program = of_forms([0.0], -np.eye(1), lower=[-4], upper=[3])
    found, _ = tried(program, 0, stop=0)
    assert (found.better, found.gain, found.count, found.far) == (None, 0.0, 0, ())
    found, moves = tried(program, 0, stop=5)
    assert found.count == len(moves) == 5
    assert found.better is not None


# --- levers without a slope -------------------------------------------------------------------------------------------


class Steps:
    """y = the whole part of x0, and |x1| from x1 = 5e-5 on: neither has a slope at 0; the third lever has no effect."""

    def evaluate(self, x: Any) -> Evaluation:
        """Its value."""
        return Evaluation(x, np.array([np.floor(x[0]) + max(abs(x[1]) - 5e-5, 0.0)]))


def test_levers_move_something_where_a_little_of_them_does() -> None:
    """A ten-thousandth or a ten-millionth of their size, either way; within their bounds."""
    steps: Any = Steps()
    for lower, upper, expected in (
        ([-1, -1, -1], [1, 1, 1], [0, 1]),
        ([0, -1, -1], [1, 1, 1], [1]),  # down there is no room
        ([0, -0.1, -1], [1, 0.1, 1], []),  # 2e-5 is too little
    ):
        program = of_forms([0, 0, 0], lower=lower, upper=upper, outcomes=steps)
        at = program.evaluate(np.zeros(3))
        merit = Merit.at(program, at, Multipliers.none(program), 1.0)
        sizes = np.array(upper, dtype=float) - lower
        assert moved(merit, at, sizes, np.arange(3)).tolist() == expected
        assert moved(merit, at, sizes, np.array([1, 2])).tolist() == [one for one in expected if one > 0]
        assert moved(merit, at, sizes, np.array([], dtype=np.int64)).tolist() == []


def test_many_levers_are_moved_together() -> None:
    """From 61 on; a limit that holds counts as well."""
    for count, levers in ((60, [0]), (61, list(range(61)))):
        rows = [[1.0] + [0.0] * (count - 1)]
        program = of_forms([0.0] * count, rows=rows, row_upper=[1.0])
        at = program.evaluate(np.ones(count))
        merit = Merit.at(program, at, Multipliers.none(program), 1.0)
        assert moved(merit, at, np.ones(count), np.arange(count)).tolist() == levers
        assert moved(merit, at, np.ones(count), np.arange(1, 60)).tolist() == []


def test_a_far_policy_without_a_run_is_none() -> None:
    """It is counted, and not told."""

    class Failing:
        def evaluate(self, x: Any) -> Evaluation:
            return Evaluation(x, np.array([np.nan if x[0] > 0 else 0.0]))

    program = of_forms([0.0], lower=[-4], upper=[4])
    at = program.evaluate(np.zeros(1))
    tangent = face_of(program, at).tangent(Multipliers.none(program))
    failing: Any = Failing()
    merit = Merit.at(program, at, Multipliers.none(program), 1.0)
    found = probed(replace(program, outcomes=failing), at, tangent, merit, 0.0, seed=0)
    assert found.count > 48
    assert 0 < len(found.far) < 48
    assert all(x[0] <= 0 for x in found.far)
