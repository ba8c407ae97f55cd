"""One more unit of a stock is worth what a run with that unit brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.explanation.costates import costates, swept
from optimize.explanation.target import question_of, target_of
from sd_models.dynamics.timing import TimeSpan
from sd_models.system.model import FloatArray, Method


@pytest.mark.parametrize("method", [Method.EULER, Method.RK4])
def test_costates_equal_differences_of_restarted_runs(tmp_path: Path, method: Method) -> None:
    """At every time, of every stock: a run that starts there with a little more of it."""
    text = """{UTF-8}
fish = INTEG(0.4 * fish * (1 - fish / 10) - catch, 3) ~ t ~|
catch = effort * fish * 0.1 ~ t/Year ~|
fleet = INTEG(0.5 * catch - fleet / 8, 1) ~ boats ~|
effort = SQRT(1 + fleet) ~ 1 ~|
good = LN(1 + catch) ~ 1 ~|
"""
    system = replace(loaded(tmp_path, text), method=method)
    simulator = sd.compile(system, outputs=["good"], initial=["fish", "fleet"])
    weights = np.linspace(1.0, 2.0, len(simulator.times))[np.newaxis]
    inputs = simulator.inputs()
    found, _, _ = swept(simulator, inputs, weights)
    states = simulator.trajectories(inputs).states
    for k in (0, 3, len(simulator.times) - 1):
        later = sd.compile(
            system, outputs=["good"], initial=["fish", "fleet"], time=TimeSpan(start=float(simulator.times[k]))
        )

        def value(more: FloatArray, later: sd.Simulator = later, k: int = k) -> float:
            start = states[:, k] + more
            run = later.run(initial={"fish": start[0], "fleet": start[1]})
            return float(np.asarray(run["good"]) @ weights[0, k:])

        for i in range(2):
            step = 1e-5 * np.eye(2)[i]
            assert found[i, k] == pytest.approx((value(step) - value(-step)) / 2e-5, rel=1e-6, abs=1e-9)


def test_worth_has_names_dimensions_and_units(islands_result: opt.Result) -> None:
    """A unit of capital at the end is worth nothing to a sum over the years before; earlier it is worth more."""
    question, result = question_of(islands_result), islands_result
    worth = costates(question, target_of(question)).worth["capital"]
    assert worth.dims == ("time", "island", "good")
    assert worth.attrs["units"] == "Year / (money)"
    assert worth["time"].to_numpy()[[0, -1]].tolist() == [2.0, 6.0]
    assert (worth.isel(time=-1) == 0).all()
    assert (np.diff(worth.to_numpy(), axis=0) < 0).all()
    found = costates(question, target_of(question))
    levels = found.levels["capital"]
    assert levels.attrs["units"] == "money"
    assert levels.sel(time=6).to_numpy() == pytest.approx(result.trajectories["capital"].sel(time=6).to_numpy())
    assert found.of_a_part(0.01)["capital"].sel(time=2).item() == pytest.approx(0.01 * float((worth * levels)[0].sum()))


def test_a_run_on_a_corner_says_so(tmp_path: Path) -> None:
    """The derivative is that of the active side."""
    text = "x = INTEG(0, 2) ~ 1 ~|\ny = MAX(x, 2) ~ 1 ~|"
    simulator = sd.compile(loaded(tmp_path, text), outputs=["y"])
    _, _, kinks = swept(simulator, simulator.inputs(), np.ones((1, len(simulator.times))))
    assert kinks == ("y: MAX",)
