"""Optima in closed form: the levers bring what is known, within all limits, of drawn numbers and long horizons too."""

from __future__ import annotations

import numpy as np
import pytest

from optimize.families.instance import Extent, Instance
from optimize.families.known_optima import FAMILY, optimum_of
from optimize.families.table import instances
from optimize.problems.optimality import Multipliers, slopes, violation

CASES = [one for size in (Extent.SMALL, Extent.MEDIUM) for one in instances([FAMILY], size=size) if one.seed < 2]


@pytest.mark.parametrize("instance", CASES, ids=lambda one: one.key)
def test_the_levers_bring_what_is_known(instance: Instance) -> None:
    """As the simulator runs the model with the drawn numbers."""
    program = instance.program()
    levers = optimum_of(**{"name": "", **instance.parameters}, seed=instance.seed).levers
    at = program.evaluate(levers)
    assert program.sign * program.cost(at.x, at.y) == pytest.approx(instance.known, rel=1e-9, abs=1e-9)
    assert violation(program, at.x, at.y) <= 1e-9


@pytest.mark.parametrize("name", ["growth", "regulator", "pollution_tax"])
def test_no_slope_is_left_where_no_limit_holds(name: str) -> None:
    """Every seed of those that have no limits; a closed form of other numbers than the model's would leave some."""
    for one in instances([FAMILY]):
        if one.parameters["name"] == name:
            program = one.program()
            at = program.evaluate(optimum_of(name, one.seed).levers)
            slope, _ = slopes(program, at, Multipliers.none(program))
            assert np.abs(slope).max() <= 1e-9 * max(1.0, abs(one.known or 0.0))
