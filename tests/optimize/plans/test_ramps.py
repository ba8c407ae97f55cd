"""What a ramp says is what its rows hold: each step against its share and its amount, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import islands
from support.islands import OWN_SPENDING, PEOPLE
from support.limits import slacks
from support.models import loaded

import optimize as opt
from optimize.plans.kinds import RowKind
from optimize.plans.plan import read_plan
from optimize.problems.problem import Problem
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


@given(
    relative=st.sampled_from([0.0, 0.25, "price"]),
    absolute=st.sampled_from([0.1, "people", {"variable": "total income", "baseline": True, "factor": 0.1}]),
    from_start=st.booleans(),
    every=st.sampled_from([1.0, 2.0, 4.0]),
    seed=st.integers(0, 5),
)
def test_any_ramp_bounds_rise_and_fall(
    islands_system: System, relative: Any, absolute: Any, from_start: bool, every: float, seed: int
) -> None:
    """By element where its amount is one, in the first year too where it counts from the start."""
    ramp = {"relative": relative, "absolute": absolute, "from_start": from_start}
    lever = {"variable": "spending", "every": every, "ramp": ramp}
    problem = Problem(islands_system, read_plan(islands.plan(horizon=[2, 6 - every], lever=[lever])))
    x = np.random.default_rng(seed).uniform(0.0, 3.0, problem.size)
    starts = problem.horizon.starts
    share, most = (_by_hand(problem, part, starts, every) for part in (relative, absolute))
    path = np.concatenate([OWN_SPENDING.reshape(9, 1), x.reshape(9, -1)], axis=1)[:, 0 if from_start else 1 :]
    into = slice(0 if from_start else 1, None)
    change, allowed = np.diff(path), every * (share[:, into] * path[:, :-1] + most[:, into])
    found = {rows.kind: slacks(problem, rows, x) for rows in problem.bound.rows}
    if not change.size:
        assert not found
        return
    rise, fall = (found.get(kind, found.get(RowKind.RAMP)) for kind in (RowKind.RISE, RowKind.FALL))
    assert rise is not None
    assert fall is not None
    np.testing.assert_allclose(rise[1].reshape(9, -1), change - allowed, atol=1e-12)
    np.testing.assert_allclose(fall[0].reshape(9, -1), change + allowed, atol=1e-12)


def _by_hand(problem: Problem, part: Any, starts: Any, every: float) -> Any:
    """A share or an amount for each island and good, and each period."""
    if part == "people":
        return np.repeat(PEOPLE, 3)[:, np.newaxis] * np.ones(len(starts))
    if part == "price":
        return np.tile(1 + 0.1 * (starts + every / 2 - 0.25), (9, 1))
    if isinstance(part, dict):
        inner = problem.own_paths["total income"][0, :-1].reshape(len(starts), -1)
        return np.tile(part["factor"] * inner.mean(axis=1), (9, 1))
    return np.full((9, len(starts)), part)


def test_a_ramp_from_the_start_holds_what_begins(islands_system: System) -> None:
    """More is always better here: each lever rises by its people a year from what it is in the model, up to nine."""
    lever = {"variable": "spending", "ramp": {"absolute": "people", "from_start": True}}
    result = opt.solve(Problem(islands_system, read_plan(islands.plan(lever=[lever]))))
    spent = result.policy["spending"].sel(time=[2, 3, 4, 5]).to_numpy()
    years = np.arange(1, 5)[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(spent, np.minimum(9.0, OWN_SPENDING + years * PEOPLE[:, np.newaxis]), atol=1e-5)
    assert result.status.standing != "infeasible"
    checked = {item.limit: item for item in result.violations}
    assert checked["largest rise of spending"].size < 1e-6


def test_a_plan_from_the_start_of_the_run_rises_from_its_first_value(islands_system: System) -> None:
    """There is nothing before it."""
    lever = {"variable": "tax rate", "ramp": {"absolute": 0.01, "from_start": True}}
    problem = Problem(islands_system, read_plan(islands.plan(horizon=[0, 1], lever=[lever])))
    (rows,) = problem.bound.rows
    assert (rows.lower + rows.own).tolist() == pytest.approx([-0.01, -0.01])
    assert rows.own.tolist() == [-0.2, 0.0]
    assert rows.times.tolist() == [0, 1]


def test_a_ramp_below_zero_is_a_fault(tmp_path: Any) -> None:
    """Wherever it is least."""
    system = loaded(tmp_path, "u = 1 ~~|\nroom = 1 - Time ~~|\ngain = u ~~|")
    content = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "gain"},
        "lever": [{"variable": "u", "lower": 0, "ramp": {"absolute": "room"}}],
    }
    with pytest.raises(InvalidRequest, match=r"lever 'u'.*its absolute part is -2.25 where it is least.*'room'"):
        _ = Problem(system, read_plan(content)).bound


BEGINNERS = """
    place: north, south ~~|
    u[place] = 0, 2 ~~|
    v = 0 ~~|
    stock = INTEG(SUM(u[place!]) + v, 0) ~~|
    gain = stock ~~|
"""


def _beginners(tmp_path: Any, *levers: dict[str, Any]) -> Problem:
    content = {"model": "case.mdl", "horizon": [0, 3], "objective": {"maximize": "gain"}, "lever": list(levers)}
    return Problem(loaded(tmp_path, BEGINNERS), read_plan(content))


SHARE = {"relative": 0.25, "from_start": True}


def test_what_begins_at_nothing_and_may_rise_by_a_share_is_told(tmp_path: Any) -> None:
    """It stays there for good; what begins with something does not, and what has an absolute part neither."""
    lever = {"variable": "u", "lower": 0, "upper": 9}
    problem = _beginners(tmp_path, {**lever, "ramp": SHARE}, {"variable": "v", "lower": 0, "upper": 1})
    (found,) = problem.bound.held
    assert (found.variable, found.names, found.count) == ("u", ("u[north]",), 2)
    result = opt.solve(problem)
    assert (result.policy["u"].sel(place="north") == 0).all()
    (note,) = [note for note in result.notes if "ramp" in note]
    assert "The ramp of u keeps 1 of 2 elements where they begin, at 0, in all periods (u[north])" in note
    assert "absolute part" in note
    assert not _beginners(tmp_path, {**lever, "ramp": {**SHARE, "absolute": 1e-9}}).bound.held


@pytest.mark.parametrize(
    ("lever", "why"),
    [
        ({"variable": "v", "ramp": SHARE}, "a share of a lever that begins at 0 is 0"),
        ({"variable": "v", "ramp": {"from_start": True}}, "it allows neither a share nor an amount"),
        ({"variable": "u", "ramp": {"from_start": True}}, "it allows neither a share nor an amount"),
        (
            {"variable": "v", "upper": [[0, 0], [1, 5]], "ramp": {"relative": 1}},
            "a share of a lever that begins at 0 is 0",
        ),
    ],
)
def test_a_plan_in_which_ramps_let_nothing_move_is_refused(tmp_path: Any, lever: dict[str, Any], why: str) -> None:
    """From the start, or from a first period in which bounds leave nothing; values beside it that are fixed decide
    nothing either."""
    fixed = {"variable": "v" if lever["variable"] == "u" else "u", "fixed": 1.0}
    told = rf"lever '{lever['variable']}'.*so that nothing is: {why}.*absolute part"
    with pytest.raises(InvalidRequest, match=told):
        opt.solve(_beginners(tmp_path, {"lower": 0, "upper": 9, **lever}, fixed))


def test_a_first_period_that_is_free_holds_nothing(tmp_path: Any) -> None:
    """The lever may begin with anything."""
    assert not _beginners(tmp_path, {"variable": "v", "lower": 0, "ramp": {"relative": 0.25}}).bound.held
