"""A verified result written by hand: the small plan of the islands, with numbers that nobody had to solve for."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import optimize as opt
from optimize.results.result import Work
from optimize.results.verdict import Curvature, Findings, Looked, Verification
from optimize.results.violations import Violation
from optimize.runs.comparison import Gap
from optimize.solvers.solver import Ending, Iteration

from . import islands

ISLANDS = {"island": list(islands.ISLANDS)}
GOODS = {"good": list(islands.GOODS)}
PERIODS = [2.0, 3.0, 4.0, 5.0]
LATER = {"name": "later", "variable": "welfare", "at_least": 1.0, "when": {"from": 3.0, "to": 5.0}}
PLAN = islands.small_plan(limit=[islands.BUDGET, islands.FLOOR, LATER])


def counted(coordinates: dict[str, Any], unit: str, first: float = 0.0) -> xr.DataArray:
    """An array of first, first + 1, first + 2 and so on, each divided by 8."""
    shape = tuple(len(places) for places in coordinates.values())
    numbers = first + np.arange(float(np.prod(shape)))
    return xr.DataArray(numbers.reshape(shape) / 8, coordinates, tuple(coordinates), attrs={"units": unit})


def run(first: float) -> xr.Dataset:
    """A run with variables of no, one and two dimensions."""
    time = {"time": np.arange(7.0)}
    return xr.Dataset(
        {
            "total income": counted(time, "money/Year", first),
            "income": counted({**time, **ISLANDS}, "money/Year", first),
            "capital": counted({**time, **ISLANDS, **GOODS}, "money", first),
        },
        attrs={"model": "islands", "method": "euler", "notes": ["a note of the run", "两"]},
    )


def price(kind: str, coordinates: dict[str, Any], first: float = 0.0) -> xr.DataArray:
    """The price of a limit over four years."""
    return counted({**coordinates, "time": PERIODS}, "", first).assign_attrs(
        kind=kind,
        units="Year/(money/Year)",
        limit_unit="money/Year",
        objective="welfare",
        objective_unit="Year",
        discount=0.04,
        period=1.0,
        **{"from": 2.0},
    )


def verified(**changes: Any) -> opt.Result:
    """A local optimum that PySD has replayed."""
    checked = (
        Violation("annual budget", 0.0, "annual budget", 3.0, 4.5, 4.75, 0.25),
        Violation("floor", 1e-9, "floor[north]", 2.0, 0.5, 0.5, -1e-9),
    )
    looked = Looked(Curvature.HOLDS, 0.5, 23, 0, 1296, 0.0, 14.0)
    given: dict[str, Any] = {
        "plan": opt.read_plan(PLAN),
        "findings": Findings(Ending.OPTIMAL, 1e-8, 1e-9, "floor[north]", looked=looked),
        "policy": xr.Dataset({"spending": counted({"time": [0.0, *PERIODS], **ISLANDS, **GOODS}, "money/Year", 1.0)}),
        "trajectories": run(1.0),
        "baseline": run(0.0),
        "shadow_prices": {
            "annual budget": price("limit", {}, 1.0),
            "floor": price("limit", ISLANDS, -3.0),
            "lower bound of spending": price("lower bound", {**ISLANDS, **GOODS}),
        },
        "objective": 46.5,
        "baseline_objective": 44.25,
        "objective_unit": "Year",
        "violations": checked,
        "iterations": (Iteration(0, 45.0, 0.9, 0.25, 2.0, 0.125), Iteration(1, 46.5, 1e-8, 1e-9, 4.0, 0.25)),
        "work": Work(36, 1337, 882, {"compile": 0.0625, "solve": 1.5}),
        "provenance": {
            **{"model": "islands", "model_path": "islands.mdl", "regions_path": None, "plan": "mine.toml"},
            **{"plan_hash": "c380", "solver": "sqp", "options": {"tolerance": "1e-06"}, "seed": 0},
            **{"files": {"islands.mdl": "c74d"}, "versions": {"numpy": "2"}, "python": "3.11", "platform": "any"},
        },
        "time_unit": "Year",
        "groups": {"island": {"warm": ("south", "east")}},
        "notes": ("a note",),
        "verification": Verification(Gap(1e-12, "income", 4.0, 3), 46.5, checked, 0.375, ("seen",)),
        "multipliers": np.arange(16.0) / 4,
        "widths": np.array([0.5, 0.25]),
    }
    return opt.Result(**{**given, **changes})
