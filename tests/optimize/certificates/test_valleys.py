"""No optimum is claimed in a narrow valley unless no point of its floor is better; and the best of one is claimed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.narrow import SIDE, Quiet, Valley

from optimize.certificates.certificate import certify
from optimize.problems.program import Program
from optimize.solvers.penalty_barrier.ipm import Ipm
from optimize.solvers.sequential.sqp import Sqp

# What a claim may miss, of what pulls at the levers and what policies on the floor differ by.
MISSED = 1e-5
stiffness = st.floats(2.0, 10.0).map(lambda power: 10.0**power)
power = st.floats(-8.0, 8.0).map(lambda power: 10.0**power)
angle = st.floats(-1.4, 1.4).filter(lambda angle: abs(angle) > 0.1)
inner = st.floats(1.0, 9.0)


@st.composite
def valleys(draw: st.DrawFn) -> Valley:
    """Of any stiffness, direction and units; what pulls along it is a line or a parabola."""
    bend = draw(st.sampled_from([0.0, 0.0, 1.0, 2.0]))
    pull = (draw(st.floats(-2.0, 2.0)), draw(st.floats(-2.0, 2.0)))
    return Valley(
        draw(stiffness),
        draw(angle),
        (draw(inner), draw(inner)),
        pull,
        bend,
        draw(inner),
        (draw(power), draw(power)),
        draw(power),
    )


def is_claimed(program: Program, x: np.ndarray, told: Any = None) -> bool:
    """Whether a policy is called an optimum."""
    return certify(program, program.evaluate(x), told).is_local_optimum


def misses(valley: Valley, x: np.ndarray) -> float:
    """By how much a policy is worse than the best of the floor, in units of what a claim may miss; across the floor it
    may miss its place by a millionth, which is dust beside what the walls are."""
    place = x / valley.units
    floor = valley.floor(float(valley.along @ (place - valley.middle)))
    wall = valley.stiffness * SIDE**2 * valley.scale
    pulls = SIDE * valley.scale * sum(map(abs, valley.pull))
    allowed = MISSED * (valley.stake + pulls) + 64 * np.finfo(float).eps * wall
    return (min(valley.value(place), valley.value(floor)) - valley.value(valley.best)) / allowed


@settings(max_examples=60, deadline=None)
@given(valley=valleys(), place=st.floats(0.0, 1.0))
def test_a_place_on_the_floor_is_claimed_only_where_none_is_better(valley: Valley, place: float) -> None:
    """Where the walls are balanced, and what pulls along the floor is nothing beside them."""
    low, high = valley.ends
    x = np.clip(valley.floor(low + place * (high - low)), 0.0, SIDE) * valley.units
    if is_claimed(valley.program, x):
        assert misses(valley, x) <= 1.0


@settings(max_examples=60, deadline=None)
@given(
    valley=valleys(), start=st.tuples(st.floats(0.0, SIDE), st.floats(0.0, SIDE)), one=st.sampled_from([Sqp(), Ipm()])
)
def test_what_a_solver_finds_is_claimed_only_where_none_is_better(
    valley: Valley, start: tuple[float, float], one: Sqp | Ipm
) -> None:
    """From any start, by either solver."""
    found = one.solve(valley.program, np.array(start) * valley.units, Quiet())
    if is_claimed(valley.program, found.x):
        assert misses(valley, found.x) <= 1.0


@pytest.mark.parametrize("power", [0, 2, 4, 6, 8, 10])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_the_best_of_a_floor_is_claimed(power: int, scale: float) -> None:
    """However narrow the valley is; and no other place on it, in whatever units."""
    valley = Valley(10.0**power, np.pi / 4, pull=(0.0, 0.0), bend=2.0, scale=scale, units=(scale, 1 / scale))
    assert is_claimed(valley.program, np.array([7.0, 7.0]) * valley.units)
    for x in ([5.0, 5.0], [6.9, 6.9], [7.1, 7.1]):
        assert not is_claimed(valley.program, np.array(x) * valley.units)
