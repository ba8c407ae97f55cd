"""No scale loosens a claim: in other units of a lever, a limit or the objective, policy and verdict are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.kinked import CONTROLS
from support.models import loaded

import optimize as opt

CERTIFIED = ("proved optimum", "local optimum", "local optimum, not replayed yet")
SCALES = st.integers(-8, 8).map(lambda power: 10.0**power)
# What is decided each year, in natural units, by hand: the slopes 1 / (1 + x), 2 / (1 + y) are the same under the
# budget 5 of x + y, and z is where its own slope is none.
BEST = {"x": 4 / 3, "y": 11 / 3, "z": 2.0}


def solved(folder: Path, levers: dict[str, float], limit: float, objective: float, solver: str) -> opt.Result:
    """The plan with each lever, the limit and the objective in units of their own."""
    own = "".join(f"{name} = {scale:.17g} ~~|\n" for name, scale in levers.items())
    x, y, z = (f"({name} / {scale:.17g})" for name, scale in levers.items())
    gain = f"{objective:.17g} * (LN(1 + {x}) + 2 * LN(1 + {y}) + {z} - {z} * {z} / 4)"
    text = f"{own}gain = {gain} ~~|\nspend = {limit:.17g} * ({x} + {y}) ~~|\n"
    content = {
        "model": "case.mdl",
        "horizon": [0, 1],
        "objective": {"maximize": "gain", "measure": "mean"},
        "lever": [{"variable": name, "lower": 0, "upper": 9 * scale} for name, scale in levers.items()],
        "limit": [{"name": "budget", "variable": "spend", "at_most": 5 * limit}],
    }
    return opt.solve(opt.Problem(loaded(folder, text, controls=CONTROLS), opt.read_plan(content)), solver=solver)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sqp", "ipopt"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scales=st.tuples(SCALES, SCALES, SCALES), limit=SCALES, objective=SCALES)
def test_scales_leave_policy_and_verdict(
    solver: str, scales: tuple[float, float, float], limit: float, objective: float, tmp_path: Path
) -> None:
    """From a hundred-millionth to a hundred million, all at once."""
    levers = dict(zip("xyz", scales, strict=True))
    result = solved(tmp_path, levers, limit, objective, solver)
    assert result.status.standing in CERTIFIED or solver == "ipopt", result.status
    if result.status.standing not in CERTIFIED:
        return
    for name, scale in levers.items():
        np.testing.assert_allclose(result.policy[name].to_numpy() / scale, BEST[name], rtol=1e-3)
    assert result.objective / objective == pytest.approx(np.log(7 / 3) + 2 * np.log(14 / 3) + 1, rel=1e-7)
