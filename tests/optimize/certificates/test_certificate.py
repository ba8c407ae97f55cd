"""What is said of a policy, apart from the solver that found it: an optimum, a saddle, an end that nothing moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.forms import of_forms

from optimize.certificates.certificate import Certificate, certify
from optimize.certificates.probes import Probed
from optimize.certificates.second_order import SecondOrder
from optimize.problems.optimality import Multipliers, Optimality
from optimize.problems.program import Evaluation, Program


def at(program: Program, *x: float, told: Multipliers | None = None, **options: Any) -> Certificate:
    """What is found at a policy."""
    return certify(program, program.evaluate(np.array(x, dtype=float)), told, **options)


def bowl(**changes: Any) -> Program:
    """Half the square of the distance from (4, 3), on levers from 0 to 5 that add up to 3 at most: (2, 1) is best."""
    given = {"rows": [[1, 1]], "row_upper": [3.0], "lower": [0, 0], "upper": [5, 5], **changes}
    return of_forms([-4, -3], np.eye(2), **given)


def saddle(**changes: Any) -> Program:
    """Half of x0^2 - x1^2, on levers from -4 to 3."""
    return of_forms([0, 0], np.diag([1.0, -1.0]), **{"lower": [-4, -4], "upper": [3, 3], **changes})


def test_an_optimum_is_certified() -> None:
    """First and second order, and no probe is better."""
    found = at(bowl(), 2, 1)
    assert found.is_local_optimum
    assert found.is_first_order
    assert found.is_second_order
    assert not found.is_idle
    assert found.multipliers.rows == pytest.approx([2.0])
    # Slopes of -2, prices of 2 and curvatures of 1 over the sizes: (2 + 2 + 1 * 2) * 2 + (2 + 2 + 1 * 1) * 1.
    assert found.worth == pytest.approx(6 * 2 + 5 * 1)
    assert found.at.x.tolist() == [2.0, 1.0]
    assert found.second is not None
    assert found.second.dimensions == 1
    # Along (1, -1), which is (1, -2) in sizes: the square of its length over that in sizes.
    assert found.second.least == pytest.approx(2 / (0.25 + 1))
    assert found.probes is not None
    assert found.probes.count > 100
    assert len(found.probes.far) == 48
    assert found.idle.tolist() == []
    assert found.onward == ()


def test_what_misses_first_order_is_not_looked_at_further() -> None:
    """A better policy shows itself all the same."""
    found = at(bowl(), 1, 1)
    assert not found.is_first_order
    assert not found.is_local_optimum
    assert found.second is None
    assert not found.is_second_order
    assert found.probes is not None
    assert found.probes.better is not None
    (onward,) = found.onward
    assert onward.tolist() == found.probes.better.x.tolist()


def test_told_multipliers_are_taken_where_they_are_good() -> None:
    """And others are found anew."""
    good, wrong = Multipliers(np.array([2.0]), np.zeros(0)), Multipliers(np.array([-7.0]), np.zeros(0))
    assert at(bowl(), 2, 1, told=good).multipliers is good
    assert at(bowl(), 2, 1, told=good, smooth=bowl()).multipliers is good
    assert at(bowl(), 2, 1, told=wrong).multipliers.rows == pytest.approx([2.0])


def test_a_saddle_is_left_downwards() -> None:
    """To the best place along the direction, within the bounds, behind the best probe."""
    found = at(saddle(), 0, 0)
    assert found.is_first_order
    assert not found.is_second_order
    assert not found.is_local_optimum
    assert found.second is not None
    assert len(found.second.negative) == 1
    assert found.probes is not None
    assert found.probes.better is not None
    probe, way = found.onward
    assert probe.tolist() == found.probes.better.x.tolist()
    assert way.tolist() == [0.0, -4.0]  # one size, 7, cut off at the bound


def test_of_several_directions_the_best_is_taken() -> None:
    """The least curvature is along x0, whose bounds are near; further away along x1 there is more to gain."""
    program = of_forms([0, 0], np.diag([-90.0, -2.0]), lower=[-1, -9], upper=[1, 3])
    way = at(program, 0, 0).onward[-1]
    assert way.tolist() == [0.0, -9.0]  # 81, and 45 along x0


def ways_tried(program: Program, *x: float) -> Any:
    """The moves along directions of negative curvature: what is evaluated after all else."""
    seen: list[Evaluation] = []
    at(replace(program, notice=seen.append), *x)
    moves = np.array([each.x for each in seen]) - np.array(x, dtype=float)
    return moves[np.flatnonzero(~moves.any(axis=1))[-1] + 1 :]


def test_at_most_four_directions_are_tried() -> None:
    """Those of the least curvature; the fifth is none of them."""
    ways = ways_tried(of_forms([0] * 5, np.diag([-2.0] * 4 + [-1.0]), lower=[-1] * 5, upper=[1] * 5), *[0] * 5)
    assert len(ways) == 4 * 2 * 5
    assert (ways[:, 4] == 0).all()


def test_a_direction_is_tried_at_several_lengths() -> None:
    """Both ways, in the lever's size, 2."""
    ways = ways_tried(of_forms([2], -np.eye(1)), 2)[:, 0]
    assert np.abs(ways) == pytest.approx([2.0, 0.6, 0.2, 0.02, 0.002] * 2)
    assert ways[:5] == pytest.approx(-ways[5:])


def test_a_direction_goes_to_the_side_that_is_left() -> None:
    """x1 stands on its bound, and nothing holds it there: it goes upwards only."""
    ways = ways_tried(saddle(lower=[-4, 0]), 0, 0)
    assert ways[:, 1] == pytest.approx([3.0, 0.9, 0.3, 0.03, 0.003])
    assert at(saddle(lower=[-4, 0]), 0, 0).onward[-1].tolist() == [0.0, 3.0]


def test_where_no_side_is_left_bounds_cut_a_direction_off() -> None:
    """Of -(x0 + x1)^2 / 2 at (0, 0), with x0 at its lower bound and x1 at its upper one: (9, 16) / 5 in units of the
    levers, and back, each without what passes a bound."""
    ways = ways_tried(of_forms([0, 0], -np.ones((2, 2)), lower=[0, -4], upper=[3, 0]), 0, 0)
    lengths = np.array([1.0, 0.3, 0.1, 1e-2, 1e-3])
    up, down = (ways[:5], ways[5:]) if ways[0, 0] > 0 else (ways[5:], ways[:5])
    assert up == pytest.approx(np.outer(lengths, [1.8, 0.0]))
    assert down == pytest.approx(np.outer(lengths, [0.0, -3.2]))


def test_a_way_down_has_to_gain_what_counts() -> None:
    """A ten-millionth of what the levers are worth, 0.5: the curvature -2e-7 is more, what it gains until a bound less.

    In a range of 4 it gains 16 times as much.
    """
    for bound, ways in ((0.5, 0), (2.0, 2)):
        program = of_forms([0, 0], np.diag([0.5, -2e-7]), lower=[-0.5, -bound], upper=[0.5, bound])
        found = at(program, 0, 0)
        assert found.worth == pytest.approx(0.5)
        assert found.second is not None
        assert len(found.second.negative) == 1
        assert len(found.onward) == ways


def test_levers_that_move_nothing_are_idle() -> None:
    """Neither slope nor curvature; one that is fixed is not counted."""
    program = of_forms([-1, 0, 0], np.diag([1.0, 0.0, 0.0]), lower=[0, 0, 2], upper=[5, 5, 2])
    found = at(program, 1, 1, 2)
    assert found.idle.tolist() == [1]
    assert not found.is_idle
    assert found.is_local_optimum
    assert at(of_forms([0], lower=[0], upper=[5]), 1).is_idle
    none = at(of_forms([0, 0], lower=[0, 0], upper=[5, 5]), 1, 1)
    assert none.idle.tolist() == [0, 1]
    assert none.is_idle
    assert none.is_first_order
    assert none.is_second_order
    assert not none.is_local_optimum


class Valley:
    """y = |x0| + x1^2, whose kink has no slope."""

    def evaluate(self, x: Any) -> Evaluation:
        """Its value."""
        return Evaluation(x, np.array([abs(x[0]) + x[1] ** 2]))

    def gradients(self, at: Evaluation, chosen: Any) -> Any:
        """Its slopes."""
        return np.array([[np.sign(at.x[0]), 2 * at.x[1]]])[chosen]

    def pullback(self, at: Evaluation, weights: Any) -> Any:
        """The weighted slope."""
        return weights @ self.gradients(at, [0])

    def products(self, at: Evaluation, weights: Any, directions: Any) -> Any:
        """Of the second lever alone."""
        assert len(at.y) == 1
        return directions * np.array([0.0, 2.0]) * weights[0]


def test_levers_on_a_kink_are_not_idle() -> None:
    """They have no slope and move the objective, so that slopes do not tell all: no optimum is claimed by them.

    A stand-in for the kink has slopes; a search that was stopped does not look.
    """
    valley: Any = Valley()
    program = of_forms([0, 0], outcomes=valley, lower=[-1, -1], upper=[1, 1])
    found = at(program, 0, 0)
    assert found.blind.tolist() == [0]
    assert found.idle.tolist() == []
    assert found.is_first_order
    assert not found.is_second_order
    assert not found.is_local_optimum
    smooth = of_forms([0, 0], np.diag([2.0, 2.0]), lower=[-1, -1], upper=[1, 1])
    certified = at(program, 0, 0, smooth=smooth)
    assert certified.blind.tolist() == certified.idle.tolist() == []
    assert certified.is_local_optimum
    stopped = at(program, 0, 0, stop=lambda: True)
    assert stopped.blind.tolist() == []
    assert stopped.idle.tolist() == [0]
    below = of_forms([0, 0], outcomes=valley, lower=[-1, -1], upper=[1, 1], outcome_cost=[-1.0])
    better = at(below, 0, 0)  # a top: probes are better, so that nothing is claimed anyway
    assert better.blind.tolist() == []
    assert better.onward != ()


def test_a_curvature_below_zero_counts_as_none_for_the_worth() -> None:
    """At a stationary point that is a top: slopes and prices are none there."""
    found = at(saddle(), 0, 0)
    assert found.worth == pytest.approx(7 * 7)  # of x0 alone: its curvature 1 over its size 7, the range, times that


def test_limits_are_those_of_the_program_itself() -> None:
    """First and second order are those of stand-ins: here they know nothing of the limit, and bend elsewhere."""
    exact = bowl(row_upper=[2.0])
    smooth = of_forms([-2, -1], np.eye(2), rows=[[1, 1]], row_upper=[9.0], lower=[0, 0], upper=[5, 5])
    found = at(exact, 2, 1, smooth=smooth)
    assert found.optimality.kkt_residual == pytest.approx(0.0, abs=1e-9)
    assert found.optimality.violation == pytest.approx(0.5)
    assert found.second is None
    within = at(bowl(row_upper=[4.0]), 2, 1, smooth=smooth)
    assert within.is_first_order
    assert within.second is not None
    assert within.second.dimensions == 2
    assert within.second.least == pytest.approx(1.0)
    assert within.at.y.tolist() == [2.5]
    # Probes are of the program itself, for which (2, 1) is not the best.
    assert within.probes is not None
    assert within.probes.better is not None
    assert not within.is_local_optimum


def test_probes_are_drawn_by_the_seed() -> None:
    """The same ones for the same; 0 if none is given."""
    far = [at(bowl(), 2, 1, **options).probes for options in ({}, {"seed": 0}, {"seed": 1})]
    none, zero, one = (np.array(each.far) for each in far if each is not None)
    assert (none == zero).all()
    assert (none != one).any()


def test_certificates_can_be_stopped() -> None:
    """Nothing more is claimed then."""
    found = at(bowl(), 2, 1, stop=lambda: True)
    assert found.is_first_order
    assert found.second is None
    assert found.probes is not None
    assert found.probes.count == 0
    assert not found.is_local_optimum


def test_a_search_of_many_levers_can_be_stopped_within() -> None:
    """What is not complete is no second order, though nothing negative was found."""
    count = 301
    program = of_forms([-1.0] * count, np.diag(np.linspace(1.0, 2.0, count)))
    here = program.evaluate(1.0 / np.linspace(1.0, 2.0, count))
    assert certify(program, here, None).is_local_optimum
    whole = program.counts.products
    found = certify(program, here, None, stop=lambda: program.counts.products >= 2 * whole - 12)
    assert found.is_first_order
    assert found.second is not None
    assert not found.second.complete
    assert found.second.negative == ()
    assert not found.is_local_optimum


@pytest.mark.parametrize(
    ("changes", "is_optimum"),
    [
        ({}, True),
        ({"optimality": Optimality(2e-6, 0.0, 0.0)}, False),
        ({"optimality": Optimality(1e-6, 1e-6, 1e-6)}, True),
        ({"optimality": Optimality(0.0, 0.0, 2e-6)}, False),
        ({"second": None}, False),
        ({"second": SecondOrder(-1.0, np.zeros(2), 2, 0, negative=(np.ones(2),))}, False),
        ({"second": SecondOrder(np.nan, np.zeros(2), 2, 0, complete=False)}, False),
        ({"second": SecondOrder(0.0, np.zeros(2), 2, 2)}, True),
        ({"probes": None}, False),
        ({"probes": Probed(Evaluation(np.ones(2), np.ones(1)), 0.5, 9)}, False),
        ({"idle": np.array([0])}, True),
        ({"idle": np.array([0, 1])}, False),
        ({"idle": np.array([0]), "free": 1}, False),  # the other one is fixed
        ({"blind": np.array([1])}, False),
    ],
)
def test_an_optimum_takes_everything(changes: dict[str, Any], is_optimum: bool) -> None:
    """First order to a millionth, no negative curvature, no better probe, and a lever that moves something."""
    good = Certificate(
        Evaluation(np.zeros(2), np.zeros(1)),
        Multipliers(np.zeros(0), np.zeros(0)),
        Optimality(0.0, 0.0, 0.0),
        1.0,
        SecondOrder(1.0, np.zeros(2), 2, 0),
        Probed(None, 0.0, 9),
        np.zeros(0, dtype=np.int64),
        np.zeros(0, dtype=np.int64),
        2,
    )
    assert replace(good, **changes).is_local_optimum == is_optimum


def test_without_levers_none_is_idle() -> None:
    """There is nothing that could move."""
    nobody = Certificate(
        Evaluation(np.zeros(0), np.zeros(1)),
        Multipliers(np.zeros(0), np.zeros(0)),
        Optimality(0.0, 0.0, 0.0),
        1.0,
        None,
        None,
        np.zeros(0, dtype=np.int64),
        np.zeros(0, dtype=np.int64),
        0,
    )
    assert not nobody.is_idle
