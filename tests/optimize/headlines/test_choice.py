"""Headlines of a model that has no table: what moves most in a run, in units of its own spread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from support.tables import Tables

import optimize as opt
import sd_models as sd
from optimize.headlines.choice import MOST, Goal, chosen, headlines_towards, movement
from sd_models.system.model import FloatArray, Kind, System

TIMES = np.linspace(0, 1, 1001)
PULSE = np.where(np.arange(len(TIMES)) == 500, 1.0, 0.0)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (TIMES, 12**-0.5),
        (1 + TIMES, 0.5 * 12**-0.5),
        (1000 * TIMES, 12**-0.5),
        (-TIMES, 12**-0.5),
        (np.sin(2 * np.pi * TIMES), 0.5 * 2**-0.5),
        (np.where(TIMES < 0.5, 0, 1), 0.5),
        (PULSE, 0),
        (1 - PULSE, 0),
        (1e6 + TIMES, 0),
        (0 * TIMES, 0),
        (np.where(TIMES < 0.5, 0, np.nan), 0),
        (np.where(TIMES < 0.5, 0, np.inf), 0),
    ],
)
def test_how_far_a_path_moves(path: FloatArray, expected: float) -> None:
    """A line, a swing, a switch; pulses, levels that hardly change and what is no number do not move."""
    assert movement(np.array(path)[:, None]) == pytest.approx(expected, abs=0.04 if expected == 0 else 1e-3)


def test_the_largest_element_sets_the_spread() -> None:
    """So the sum of parts that differ in size moves more than they do."""
    parts = TIMES[:, None] * [1, 10]
    assert movement(parts) < movement(parts.sum(axis=1, keepdims=True))


def of(system: System, run: xr.Dataset, **options: int) -> list[str]:
    """The variables of the chosen headlines."""
    return [headline.variable for headline in chosen(system, run, **options)]


def test_what_moves_most_comes_first(tables: Tables) -> None:
    """Not constants, tables, controls, what has two dimensions, and no second path of the same shape."""
    system = tables()
    found = of(system, sd.simulate(system))
    assert set(found) == {"人口", '"say \\"</script>\\""', "income", "people", "all people"}
    assert found[0] == '"say \\"</script>\\""'


def test_they_keep_the_models_names_and_units(tables: Tables) -> None:
    """And nobody said what is better."""
    system = tables()
    found = {headline.variable: headline for headline in chosen(system, sd.simulate(system))}
    people = found["people"]
    assert (people.unit, people.factor, people.english, people.better, people.by) == (
        "million people",
        1.0,
        "people",
        "",
        "region",
    )


def test_what_stands_still_is_none() -> None:
    """Rounding does not count."""
    system = sd.load("urbanization")
    run = sd.simulate(system)
    still = run["population"].isel(time=0, drop=True).broadcast_like(run["population"])
    noise = 1 + 1e-14 * np.sin(np.arange(run.sizes["time"]))
    assert "population" not in of(system, run.assign(population=still * xr.DataArray(noise, dims="time")), most=100)


def test_what_was_added_is_none() -> None:
    """Names that no modeller wrote."""
    system = sd.load("urbanization")
    run = sd.simulate(system)
    first = of(system, run)[0]
    variables = {**system.variables, first: replace(system[first], origin="population")}
    assert first not in of(replace(system, variables=variables), run)


@pytest.mark.parametrize("model", sd.library())
def test_a_choice_is_short_and_the_same_again(model: str) -> None:
    """Whatever the order in which a run holds its variables."""
    system = sd.load(model)
    run = sd.simulate(system)
    backwards = run[list(run)[::-1]]
    assert of(system, run) == of(system, backwards)
    assert len(of(system, run)) == MOST
    assert of(system, run, most=3) == of(system, run)[:3]
    computed = (Kind.STOCK, Kind.AUXILIARY)
    assert all(system[name].kind in computed and len(system[name].dimensions) < 2 for name in of(system, run))


def test_a_run_that_holds_little_is_enough() -> None:
    """Only what is in it can be chosen."""
    system = sd.load("urbanization")
    run = sd.simulate(system)[["urban share", "openness"]]
    assert of(system, run) == ["urban share"]


def test_the_public_function_simulates_where_it_has_to(tables: Tables) -> None:
    """A model without a table shows what moves in its own run, or in the given one."""
    system = tables()
    assert opt.headline_outcomes(system) == chosen(system, sd.simulate(system))
    run = sd.simulate(system)[["income"]]
    assert [headline.variable for headline in opt.headline_outcomes(system, run)] == ["income"]


TABLE = """variable,unit,factor,en,zh,better,by
income,thousand yuan a person and year,1,Income,收入,more,
all people,million people,1,People,人口总数,,
"""


def towards(system: System, goal: Goal) -> list[tuple[str, str]]:
    """What is looked at first for a goal, each with what is better."""
    return [(headline.variable, headline.better) for headline in headlines_towards(goal, system)]


def test_the_goal_comes_first_then_what_limits_hold(tables: Tables) -> None:
    """Without a table; a lever and a limited constant are no outcomes, and nothing comes twice."""
    goal = Goal("All People", is_more_better=False, limited=("income", "births", "income", "share"), levers=("births",))
    found = towards(tables(), goal)
    assert found[:3] == [("all people", "less"), ("people", "less"), ("income", "")]
    assert len({name for name, _ in found}) == len(found)
    assert "births" not in dict(found)


def test_the_table_keeps_its_order(tables: Tables) -> None:
    """What limits hold comes before it, and a goal that was left out of it last."""
    found = towards(tables(headlines=TABLE), Goal("people", is_more_better=True, limited=("income", "births")))
    assert found == [("births", ""), ("income", "more"), ("all people", ""), ("people", "more")]
    assert towards(tables(headlines=TABLE), Goal("all people", is_more_better=True))[0] == ("all people", "more")
