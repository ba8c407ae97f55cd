"""The limits that hold at a policy, their multipliers, and the directions that keep them, against values by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.forms import INFINITY, ball, of_forms

from optimize.certificates.face import Face, face_of
from optimize.problems.optimality import Multipliers
from optimize.problems.program import Block, Program, Quadratic
from sd_models.system.model import FloatArray


def face_at(program: Program, *x: float) -> Face:
    """The face of a policy."""
    return face_of(program, program.evaluate(np.array(x)))


def held(*rows: float, curved: tuple[float, ...] = ()) -> Multipliers:
    """Multipliers of rows and quadratic constraints."""
    return Multipliers(np.array(rows), np.array(curved))


# --- what holds -------------------------------------------------------------------------------------------------------

SQUARE = np.diag([0.0, 2.0, 0.0])  # of the second lever


def three_levers(**changes: Any) -> Program:
    """At (1, 2, 3) an upper side, a lower side, an equation and two quadratic constraints hold, and two bounds."""
    sum_of_squares = Quadratic("outcome", csr_array(np.diag([0.0, 0.0, 0.0, 0.0, 2.0])), np.eye(5)[2], 3.0 + 16.0)
    given: dict[str, Any] = {
        "rows": [[1, 1, 0], [1, 0, 0, 0, 2], [0, 1, 0], [0, 0, 1], [1, 0, 1]],
        "row_lower": [-INFINITY, 9.0, 2.0, -INFINITY, 3.0],
        "row_upper": [3.0, INFINITY, 2.0, 10.0, 5.0],
        "lower": [1.0, 0.0, 0.0],
        "upper": [10.0, 2.0, 10.0],
        "quadratics": (ball(3, 2, 14.0), ball(3, 2, 20.0), sum_of_squares),
        **changes,
    }
    return of_forms([0, 0, 0], np.zeros((3, 3)), SQUARE, **given)


def test_a_face_is_what_holds_as_an_equation() -> None:
    """Rows and quadratic constraints with their sides and gradients, bounds, and the sizes of levers."""
    face = face_at(three_levers(), 1.0, 2.0, 3.0)
    assert face.rows.tolist() == [0, 1, 2]
    assert face.curved.tolist() == [0, 2]
    assert face.sides.tolist() == [1, -1, 0, 1, 1]
    assert face.normals.toarray().tolist() == [[1, 1, 0], [1, 8, 0], [0, 1, 0], [2, 4, 6], [0, 32, 1]]
    assert face.at_lower.tolist() == [True, False, False]
    assert face.at_upper.tolist() == [False, True, False]
    assert face.sizes.tolist() == [1, 2, 3]
    assert face.free.tolist() == [2]


@pytest.mark.parametrize(("share", "holds"), [(0.9e-6, True), (1.1e-6, False), (-1.0, True)])
def test_a_limit_holds_within_a_millionth_of_its_size(share: float, holds: bool) -> None:
    """One that is exceeded holds too."""
    for changes, number in (
        ({"row_upper": [3 / (1 - share), INFINITY, 2.0, 10.0, 5.0]}, 0),
        ({"row_lower": [-INFINITY, 9 / (1 + share) if share > 0 else 10.0, 2.0, -INFINITY, 3.0]}, 1),
    ):
        assert (number in face_at(three_levers(**changes), 1.0, 2.0, 3.0).rows) == holds
    constraint = ball(3, 2, 14.0 / (1 - share))
    assert face_at(three_levers(quadratics=(constraint,)), 1.0, 2.0, 3.0).curved.tolist() == ([0] if holds else [])


@pytest.mark.parametrize(
    ("lower", "upper", "near"),
    [(0.0, 100.0, 3e-7), (0.0, INFINITY, 3e-7), (0.0, 0.5, 0.5e-7), (-0.5, 0.0, 0.5e-7), (0.0, 0.0, 3e-7)],
)
def test_a_lever_stands_on_a_bound_within_a_share_of_its_block(lower: float, upper: float, near: float) -> None:
    """Of its largest value, 3, or of its range, where that is less; one that is fixed stands on both."""
    for share, holds in ((0.99, True), (1.01, False)):
        below = of_forms([0, 0], lower=[lower, -INFINITY], upper=[upper, INFINITY])
        assert face_at(below, lower + share * near, 3.0).at_lower.tolist() == [holds, False]
        if upper < 3.0:
            assert face_at(below, upper - share * near, 3.0).at_upper.tolist() == [holds, False]
    blocks = (Block("one", np.array([0])), Block("other", np.array([1])))
    apart = of_forms([0, 0], lower=[0.0, 0.0], upper=[INFINITY, INFINITY], blocks=blocks)
    assert face_at(apart, 2e-7, 3.0).at_lower.tolist() == [False, False]


def test_outcomes_that_a_quadratic_constraint_alone_names_count() -> None:
    """The second outcome is x1^2, at 2 with the slope 4; the first one is none of it."""
    constraint = Quadratic("outcome", csr_array((5, 5)), np.eye(5)[4], 4.0)
    program = of_forms([0, 0, 0], np.eye(3), SQUARE, quadratics=(constraint,))
    assert face_at(program, 1, 2, 3).normals.toarray().tolist() == [[0, 4, 0]]


def test_nothing_holds_where_there_is_nothing() -> None:
    """All levers are free."""
    face = face_at(of_forms([0, 0]), 1.0, 2.0)
    assert face.rows.tolist() == face.curved.tolist() == face.sides.tolist() == []
    assert face.normals.shape == (0, 2)
    assert face.free.tolist() == [0, 1]


# --- multipliers ------------------------------------------------------------------------------------------------------


def nearest(*goal: float, **changes: Any) -> Program:
    """Half the square of the distance from a goal: the slope at x is x - goal."""
    return of_forms([-each for each in goal], np.eye(len(goal)), **changes)


def test_the_multiplier_of_a_limit_is_what_its_levers_leave() -> None:
    """At (2, 1) the slopes are -2 both."""
    upper = nearest(4, 3, rows=[[1, 1]], row_upper=[3.0])
    assert face_at(upper, 2, 1).multipliers().rows == pytest.approx([2.0])
    lower = nearest(4, 3, rows=[[1, 1]], row_lower=[3.0])
    assert face_at(lower, 2, 1).multipliers().rows == pytest.approx([0.0])  # of the wrong sign
    turned = nearest(4, 3, rows=[[-5, -5]], row_lower=[-15.0])
    assert face_at(turned, 2, 1).multipliers().rows == pytest.approx([-0.4])
    for goal, expected in ((4, 2.0), (0, -2.0)):
        equation = nearest(goal, goal - 1, rows=[[1, 1]], row_lower=[3.0], row_upper=[3.0])
        assert face_at(equation, 2, 1).multipliers().rows == pytest.approx([expected])
    away = nearest(0, -1, rows=[[1, 1]], row_upper=[3.0])
    assert face_at(away, 2, 1).multipliers().rows == pytest.approx([0.0])


def test_a_bound_takes_what_its_side_can_hold() -> None:
    """The limit has the multiplier that the free levers ask for, as if the others were not there."""
    bounded = nearest(4, 3, -5, 9, rows=[[1, 1, 1, 1]], row_upper=[4.0])
    bounded = replace(bounded, lower=np.zeros(4), upper=np.array([5.0, 5.0, 5.0, 1.0]))
    assert face_at(bounded, 2, 1, 0, 1).multipliers().rows == pytest.approx([2.0], rel=1e-13)


def test_multipliers_stand_where_their_limits_do() -> None:
    """A slack limit, one that holds, a quadratic constraint that does not, and one that does."""
    program = nearest(
        4,
        3,
        1,
        rows=[[1, 0, 0], [1, 1, 0]],
        row_upper=[3.0, 3.0],
        quadratics=(ball(3, 1, 100.0), Quadratic("third", csr_array((4, 4)), np.eye(4)[2], -1.0)),
    )
    found = face_at(program, 2, 1, -1).multipliers()
    assert found.rows == pytest.approx([0.0, 2.0])
    assert found.quadratics == pytest.approx([0.0, 2.0])


def test_a_quadratic_constraint_pushes_outwards_only() -> None:
    """At (1, 0) on the circle, whose slope there is 2."""
    for slope, expected in ((-1.0, 0.5), (1.0, 0.0)):
        program = of_forms([slope, 0.0], quadratics=(ball(2, 1, 1.0),))
        assert face_at(program, 1, 0).multipliers().quadratics == pytest.approx([expected])


def test_a_limit_that_no_lever_moves_has_no_multiplier() -> None:
    """And no number that is none."""
    flat = nearest(4, 3, rows=[[0, 0], [1, 1]], row_upper=[0.0, 3.0], amounts=[1.0, 3.0])
    assert face_at(flat, 2, 1).multipliers().rows.tolist() == pytest.approx([0.0, 2.0])
    assert face_at(nearest(4, 3), 2, 1).multipliers().rows.tolist() == []


def test_levers_of_other_sizes_and_slopes_count_alike() -> None:
    """A lever that moves by millions and one by millionths: by which share each one's slope is missed, is what counts.

    With the multiplier m the shares are 1 - m and 1 - m / 2: least squares give m = 1.2.
    """
    program = of_forms([-1e-6, -2e6], rows=[[1e-6, 1e6]], row_upper=[2.0])
    assert face_at(program, 1e6, 1e-6).multipliers().rows == pytest.approx([1.2])
    for unit in (1e-12, 1e12):  # of the objective
        other = of_forms([-1.0 * unit, -2.0 * unit], rows=[[1.0, 1.0]], row_upper=[2.0])
        assert face_at(other, 1, 1).multipliers().rows == pytest.approx([1.2 * unit], rel=1e-9, abs=0)


def test_told_multipliers_stand_where_they_leave_little() -> None:
    """They are taken as they are, up to a millionth of residual; else those that leave least."""
    face = face_at(nearest(4, 3, rows=[[1, 1]], row_upper=[3.0]), 2, 1)
    good, bad = held(2.0 * (1 + 1e-7)), held(2.0 * (1 + 1e-4))
    assert face.multipliers(good) is good
    assert face.multipliers(bad).rows == pytest.approx([2.0], rel=1e-9)


def many(count: int = 301, **changes: Any) -> Program:
    """More levers than multipliers are found anew for: at 1 their slopes are -2 of one limit, and 0 of others."""
    one = [1.0] * count
    given: dict[str, Any] = {
        "rows": [one, [1.0] + [0.0] * (count - 1), one, one],
        "row_lower": [-INFINITY, -INFINITY, float(count), -INFINITY],
        "row_upper": [float(count), 5.0, INFINITY, INFINITY],
        "quadratics": (ball(count, 1, float(count)), ball(count, 1, 2.0 * count)),
        **changes,
    }
    return of_forms([-3.0] * count, np.eye(count), **given)


def test_told_multipliers_of_many_levers_are_kept_where_their_limits_hold() -> None:
    """On the side of their sign: what is told of slack limits, and of the wrong sign, is left out."""
    face = face_at(many(), *np.ones(301))
    found = face.multipliers(held(2.0, 0.5, 0.3, 0.0, curved=(-0.4, 0.3)))
    assert found.rows.tolist() == [2.0, 0.0, 0.0, 0.0]
    assert found.quadratics.tolist() == [0.0, 0.0]
    shared = face.multipliers(held(1.4, 0.5, -0.4, 0.0, curved=(0.5, 0.3)))
    assert shared.rows.tolist() == [1.4, 0.0, -0.4, 0.0]
    assert shared.quadratics.tolist() == [0.5, 0.0]


def test_multipliers_of_equations_have_any_sign() -> None:
    """Of many levers too."""
    both = many(row_lower=[301.0, -INFINITY, 301.0, -INFINITY], row_upper=[301.0, 5.0, 301.0, INFINITY])
    found = face_at(both, *np.ones(301)).multipliers(held(-1.0, 0.5, 3.0, 0.0, curved=(0.0, 0.0)))
    assert found.rows.tolist() == [-1.0, 0.0, 3.0, 0.0]


def test_multipliers_of_many_levers_are_found_anew_only_where_none_are_told() -> None:
    """What is told wrongly stays wrong, and shows as a residual."""
    face = face_at(many(quadratics=()), *np.ones(301))
    upper, slack, lower, none = face.multipliers().rows
    assert upper + lower == pytest.approx(2.0)  # of the same sum
    assert slack == none == 0.0
    assert face.multipliers(held(1.0, 0.0, 0.0, 0.0)).rows.tolist() == [1.0, 0.0, 0.0, 0.0]
    few = face_at(many(300, quadratics=()), *np.ones(300))
    assert few.multipliers(held(1.0, 0.0, 0.0, 0.0)).rows.sum() == pytest.approx(2.0)


@pytest.mark.parametrize(("count", "total"), [(600, 2.0), (601, 0.0)])
def test_multipliers_of_many_limits_are_those_that_are_told(count: int, total: float) -> None:
    """As many times the same limit."""
    program = nearest(4, 3, rows=[[1, 1]] * count, row_upper=[3.0] * count)
    found = face_at(program, 2, 1).multipliers(held(*[0.0] * count))
    assert found.rows.sum() == pytest.approx(total)


# --- directions -------------------------------------------------------------------------------------------------------


def five_levers(**changes: Any) -> Program:
    """At (2, 1, 0, 0, 7): x0 + x1 <= 3, x0 <= 2 and x0 - x3 = 2 hold, two levers are at a bound, the last is fixed."""
    given: dict[str, Any] = {
        "rows": [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, -1, 0]],
        "row_lower": [-INFINITY, -INFINITY, 2.0],
        "row_upper": [3.0, 2.0, 2.0],
        "lower": [-INFINITY, -INFINITY, 0.0, 0.0, 7.0],
        "upper": [INFINITY, INFINITY, INFINITY, INFINITY, 7.0],
        **changes,
    }
    return of_forms([-2, -2, 1, 0, 0], **given)


PULLING = held(2.0, 0.0, 0.0)


def test_directions_keep_what_pulls() -> None:
    """Limits with a multiplier, equations, and bounds that a lever is held at; others may be left to one side."""
    found = face_at(five_levers(), 2, 1, 0, 0, 7).tangent(PULLING)
    assert found.kept.tolist() == [0, 2]
    assert found.weak.tolist() == [1]
    assert found.moving.tolist() == [0, 1, 3]
    upper = five_levers(lower=[-INFINITY] * 4 + [7.0], upper=[INFINITY, INFINITY, 0.0, 0.0, 7.0])
    assert face_at(upper, 2, 1, 0, 0, 7).tangent(PULLING).moving.tolist() == [0, 1, 3]
    free = five_levers(lower=[-INFINITY] * 4 + [7.0])
    assert face_at(free, 2, 1, 0, 0, 7).tangent(PULLING).moving.tolist() == [0, 1, 2, 3]


def test_directions_are_in_the_sizes_of_levers() -> None:
    """2, 1 and 1 of those that move: 2 a + b = 0 and 2 a - c = 0 leave (1, -2, 2) / 3."""
    found = face_at(five_levers(), 2, 1, 0, 0, 7).tangent(PULLING)
    assert found.basis.shape == (3, 1)
    way = found.basis[:, 0] * np.sign(found.basis[0, 0])
    assert way == pytest.approx(np.array([1.0, -2.0, 2.0]) / 3)
    assert found.projected(np.array([3.0, 0.0, 0.0])) == pytest.approx(np.array([1.0, -2.0, 2.0]) / 3)
    assert found.whole(np.array([1.0, -2.0, 2.0])).tolist() == [2.0, -2.0, 0.0, 2.0, 0.0]


def test_without_limits_every_direction_keeps_them() -> None:
    """Few levers or many."""
    for count in (2, 301):
        found = face_at(of_forms([0.0] * count), *np.ones(count)).tangent(held())
        assert found.basis.tolist() == np.eye(count).tolist()
        way = np.arange(float(count))
        assert found.projected(way) == pytest.approx(way)


def test_a_limit_that_is_stated_twice_takes_one_direction() -> None:
    """And one that no lever moves takes none."""
    program = of_forms([-1, -1, 0], rows=[[1, 1, 0], [2, 2, 0], [0, 0, 0]], row_lower=[2, 4, 0], row_upper=[2, 4, 0])
    program = replace(program, row_lower=np.array([2.0, 4, 0]), row_upper=np.array([2.0, 4, 0]), amounts=np.ones(3))
    found = face_at(program, 1, 1, 1).tangent(held(1.0, 0.0, 0.0))
    assert found.kept.tolist() == [0, 1, 2]
    assert found.basis.shape == (3, 2)
    assert found.projected(np.array([1.0, 0.0, 5.0])) == pytest.approx([0.5, -0.5, 5.0])


def test_directions_of_many_levers_are_projected_without_a_basis() -> None:
    """A sum that is kept takes the mean away; in levers of size 2."""
    count = 301
    for times in (1, 2):
        rows = [[1.0] * count] * times
        program = of_forms([-1.0] * count, rows=rows, row_upper=[2.0 * count] * times)
        found = face_at(program, *np.full(count, 2.0)).tangent(held(*[1.0 / times] * times))
        way = np.arange(float(count)) ** 2
        assert found.projected(way) == pytest.approx(way - way.mean(), rel=1e-9, abs=1e-6)
        assert "basis" not in vars(found)


@pytest.mark.parametrize(("share", "counts"), [(0.9e-7, False), (1.1e-7, True)])
def test_a_limit_pulls_from_a_ten_millionth_of_what_pulls_at_a_lever(share: float, counts: bool) -> None:
    """At any one of its levers; a bound likewise."""
    for unit in (1.0, 0.1, 10.0):  # of the objective
        slopes = [-8 * unit, -2 * unit, 4 * unit]
        program = of_forms(slopes, rows=[[1, 1, 0]], row_upper=[2.0], lower=[-INFINITY, -INFINITY, 1.0])
        tangent = face_at(program, 1, 1, 1).tangent(held(2.0 * unit * share))
        assert tangent.kept.tolist() == ([0] if counts else [])
        assert tangent.weak.tolist() == ([] if counts else [0])
        held_back = of_forms([-4 * unit, 0], rows=[[1, 0]], row_upper=[1.0], lower=[1.0, -INFINITY])
        # The slope of the Lagrangian is so little of 4 and of the price 4.
        tangent = face_at(held_back, 1, 1).tangent(held((4.0 + 8.0 * share) * unit))
        assert tangent.moving.tolist() == ([1] if counts else [0, 1])


def test_levers_that_nothing_pulls_at_move() -> None:
    """And limits without multipliers are weak."""
    program = of_forms([0, 0], rows=[[1, 1]], row_upper=[2.0], lower=[1.0, -INFINITY])
    tangent = face_at(program, 1, 1).tangent(held(0.0))
    assert tangent.moving.tolist() == [0, 1]
    assert tangent.weak.tolist() == [0]


@pytest.mark.parametrize(
    ("direction", "signs"),
    [
        ([0, 1, 0, 0, 0], (1.0, -1.0)),
        ([1, 0, 0, 0, 0], (-1.0,)),  # beyond x0 <= 2
        ([-1, 0, 0, 0, 0], (1.0,)),
        ([1e-10, 0, 0, 0, 0], (1.0, -1.0)),  # not by anything that counts
        ([1.5e-9, 0, 0, 0, 0], (1.0, -1.0)),
        ([2.5e-9, 0, 0, 0, 0], (-1.0,)),
        ([0, 0, 0, 1, 0], (1.0,)),  # below x3 = 0
        ([0, 0, 0, -1, 0], (-1.0,)),
        ([1, 0, 0, 1, 0], ()),
    ],
)
def test_a_direction_goes_to_the_sides_that_limits_leave(direction: list[float], signs: tuple[float, ...]) -> None:
    """Past no bound, and past no limit that holds without a pull."""
    way: FloatArray = np.array(direction, dtype=float)
    assert face_at(five_levers(), 2, 1, 0, 0, 7).tangent(PULLING).sides(way) == signs
    lower = five_levers(row_lower=[-INFINITY, 2.0, 2.0], row_upper=[3.0, INFINITY, 2.0])
    if not way[3]:
        assert face_at(lower, 2, 1, 0, 0, 7).tangent(PULLING).sides(-way) == signs
    upper = five_levers(lower=[-INFINITY] * 4 + [7.0], upper=[INFINITY, INFINITY, 0.0, 0.0, 7.0])
    if not way[0]:
        assert face_at(upper, 2, 1, 0, 0, 7).tangent(PULLING).sides(-way) == signs
