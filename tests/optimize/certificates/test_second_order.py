"""The least curvature along directions that keep what holds, against matrices whose spectrum is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.forms import INFINITY, ball, of_forms

from optimize.certificates.face import Tangent, face_of
from optimize.certificates.second_order import SecondOrder, least_curvature
from optimize.problems.optimality import Multipliers
from optimize.problems.program import Program


def tangent_at(program: Program, x: Any, *rows: float, curved: tuple[float, ...] = ()) -> tuple[Tangent, Multipliers]:
    """The directions at a policy with these multipliers."""
    multipliers = Multipliers(np.array(rows), np.array(curved))
    return face_of(program, program.evaluate(np.array(x, dtype=float))).tangent(multipliers), multipliers


def found_at(program: Program, x: Any, *rows: float, worth: float = 1.0, curved: tuple[float, ...] = ()) -> SecondOrder:
    """The findings there."""
    tangent, multipliers = tangent_at(program, x, *rows, curved=curved)
    return least_curvature(tangent, multipliers, worth)


def test_curvatures_are_in_the_sizes_of_levers() -> None:
    """Of diag(2, -1) at (1, 2): 2 along the first, -4 along the second, whose direction is 2."""
    program = of_forms([0, 0], np.diag([2.0, -1.0]))
    found = found_at(program, [1, 2])
    assert found.least == pytest.approx(-4.0)
    assert np.abs(found.direction) == pytest.approx([0.0, 2.0])
    assert (found.dimensions, found.flat, found.complete) == (2, 0, True)
    assert len(found.negative) == 1
    assert np.abs(found.negative[0]) == pytest.approx([0.0, 2.0])


@pytest.mark.parametrize(
    ("worth", "negative", "flat"), [(1.9e7, 1, 0), (2.1e7, 1, 1), (3.9e7, 1, 1), (4.1e7, 0, 2), (0.0, 1, 0)]
)
def test_what_counts_is_a_share_of_what_levers_are_worth(worth: float, negative: int, flat: int) -> None:
    """A ten-millionth: the curvatures are 2 and -4."""
    found = found_at(of_forms([0, 0], np.diag([2.0, -1.0])), [1, 2], worth=worth)
    assert (len(found.negative), found.flat) == (negative, flat)


def test_all_directions_of_negative_curvature_are_told_the_least_first() -> None:
    """And rounding of the largest one counts for nothing, where no lever is worth anything."""
    found = found_at(of_forms([0] * 4, np.diag([-1.0, -3.0, -1e-17, 4.0])), np.ones(4), worth=0.0)
    assert found.least == pytest.approx(-3.0)
    assert np.abs(found.negative) == pytest.approx(np.array([[0, 1, 0, 0], [1, 0, 0, 0]]))
    assert found.flat == 1
    near = found_at(of_forms([0] * 2, np.diag([-5e-16, 1.0])), np.ones(2), worth=0.0)
    assert len(near.negative) == 1


def test_directions_keep_limits_and_bounds() -> None:
    """Of -x0^2 + 3 x1^2 - x2^2 along x0 + x1 = const, at (1, 1, 0), with x2 held at 0: (1, -1) is left, with 2."""
    program = of_forms(
        [-4, -12, 1],
        np.diag([-2.0, 6.0, -2.0]),
        rows=[[1, 1, 0]],
        row_upper=[2.0],
        lower=[-INFINITY, -INFINITY, 0.0],
    )
    found = found_at(program, [1, 1, 0], 6.0)
    assert found.least == pytest.approx(0.5 * (-2 + 6))
    assert found.direction * np.sign(found.direction[0]) == pytest.approx(np.array([1, -1, 0]) / np.sqrt(2))
    assert found.dimensions == 1
    assert found.negative == ()


def test_limits_curve_by_their_multipliers() -> None:
    """On the circle at (1, 0): of -2 x0 - x1^2 / 2, with the multiplier 1 of x0^2 + x1^2, along x1: 2 - 1."""
    program = of_forms([-2, 0], np.diag([0.0, -1.0]), quadratics=(ball(2, 1, 1.0),))
    found = found_at(program, [1, 0], curved=(1.0,))
    assert found.least == pytest.approx(1.0)
    assert found.dimensions == 1


def test_where_no_direction_is_left_there_is_no_curvature() -> None:
    """All levers are held, or limits leave none."""
    fixed = of_forms([0, 0], -np.eye(2), lower=[1.0, 2.0], upper=[1.0, 2.0])
    limited = of_forms([-1, -1], -np.eye(2), rows=[[1, 1], [1, -1]], row_lower=[3.0, -1.0], row_upper=[3.0, -1.0])
    for found in (found_at(fixed, [1, 2]), found_at(limited, [1, 2], 1.0, 0.0)):
        assert (found.least, found.dimensions, found.flat, found.complete) == (INFINITY, 0, 0, True)
        assert found.direction.tolist() == [0.0, 0.0]
        assert found.negative == ()


def test_a_curvature_that_is_no_number_is_not_known() -> None:
    """Few levers or many."""
    for count in (2, 301):
        matrix = np.eye(count)
        matrix[0, 0] = np.nan
        program = of_forms([0] * count, matrix, amounts=[])
        found = found_at(program, np.ones(count))
        assert np.isnan(found.least)
        assert not found.complete
        assert (found.dimensions, found.flat, found.negative) == (count, 0, ())
        assert found.direction.tolist() == [0.0] * count


# --- many levers ------------------------------------------------------------------------------------------------------

COUNT = 301


def many(worth: float = 1.0, **changes: Any) -> SecondOrder:
    """Of levers of size 2 that add up to a number, with curvatures from 1 to 2 and one of -5, before sizes."""
    diagonal = np.linspace(1.0, 2.0, COUNT)
    diagonal[7] = -5.0
    program = of_forms([-1.0] * COUNT, np.diag(diagonal), rows=[[1.0] * COUNT], row_upper=[2.0 * COUNT], **changes)
    return found_at(program, np.full(COUNT, 2.0), 3.0, worth=worth)


def test_the_least_curvature_of_many_levers_is_searched() -> None:
    """Four times -5 in sizes, less what the limit leaves of it: one part in the number of levers, about."""
    found = many()
    assert found.least == pytest.approx(-20.0, rel=0.01)
    assert found.least > -20.0
    assert np.abs(found.direction).argmax() == 7
    assert np.linalg.norm(found.direction) == pytest.approx(2.0)
    assert found.direction.sum() == pytest.approx(0.0, abs=1e-9)
    assert (found.dimensions, found.flat, found.complete) == (COUNT - 1, 0, True)
    assert len(found.negative) == 1
    assert found.negative[0].tolist() == found.direction.tolist() == many().direction.tolist()


def test_little_curvature_of_many_levers_does_not_count() -> None:
    """20 of a worth of 2e8."""
    assert len(many(worth=1.9e8).negative) == 1
    assert many(worth=2.1e8).negative == ()


def test_levers_that_are_held_do_not_move() -> None:
    """The one with the negative curvature among them. All others are from 4 to 8: a search that left the limits,
    in whose direction there is none, would find less."""
    lower, upper = np.zeros(COUNT), np.full(COUNT, 9.0)
    lower[7] = upper[7] = 2.0
    found = many(lower=lower, upper=upper)
    assert found.least == pytest.approx(4.0, rel=0.05)
    assert found.direction[7] == 0.0
    assert found.negative == ()


def test_a_search_ends_where_nothing_new_is_found() -> None:
    """All curvatures are the same: one product tells."""
    program = of_forms([0.0] * COUNT, 3.0 * np.eye(COUNT))
    found = found_at(program, np.ones(COUNT))
    assert found.least == pytest.approx(3.0)
    assert found.complete
    assert program.counts.products == 1


def test_where_limits_leave_many_levers_no_direction_there_is_no_curvature() -> None:
    """Though rounding leaves a little of each; one direction is enough for one."""
    for count, least, dimensions in ((COUNT, INFINITY, 0), (COUNT - 1, -1.0, 1)):
        program = of_forms([-1.0] * COUNT, -np.eye(COUNT), rows=np.eye(COUNT)[:count], row_lower=[1.0] * count)
        program = replace(program, row_upper=np.ones(count))
        found = found_at(program, np.ones(COUNT), *[0.0] * count)
        assert found.least == pytest.approx(least)
        assert (found.dimensions, found.flat, found.complete) == (dimensions, 0, True)
        assert len(found.negative) == dimensions
        assert found.direction[:count] == pytest.approx(np.zeros(count), abs=1e-9)


def test_a_search_can_be_stopped() -> None:
    """At once nothing is known; later what was found so far, which is not all."""
    diagonal = np.linspace(1.0, 2.0, COUNT)
    program = of_forms([0.0] * COUNT, np.diag(diagonal))
    tangent, multipliers = tangent_at(program, np.ones(COUNT))
    found = least_curvature(tangent, multipliers, 1.0, stop=lambda: True)
    assert np.isnan(found.least)
    assert not found.complete
    assert (found.dimensions, found.flat) == (COUNT, 0)
    assert found.direction.tolist() == [0.0] * COUNT
    for most in (3, 24):
        before = program.counts.products
        found = least_curvature(
            tangent, multipliers, 1.0, stop=lambda most=most, before=before: program.counts.products - before >= most
        )
        assert found.complete == (most == 24)
        assert program.counts.products - before == most
    assert found.least == pytest.approx(1.0, rel=1e-2)
    before = program.counts.products
    least_curvature(tangent, multipliers, 1.0)
    assert program.counts.products - before == 24


def test_few_levers_have_the_whole_matrix() -> None:
    """Up to 300, one product each."""
    program = of_forms([0.0] * 300, np.diag(np.arange(1.0, 301.0)))
    found = found_at(program, np.ones(300))
    assert found.least == pytest.approx(1.0, rel=1e-9)
    assert found.dimensions == 300
    assert program.counts.products == 300
