"""Every family in the table: keys, what is said of its instances, their equations, and what is known of them."""

from __future__ import annotations

import pickle
import re
import time

import numpy as np
import pyomo.environ as pyo
import pytest
from support.measured import measured

import optimize as opt
import sd_models as sd
from optimize.families.instance import Extent, Instance, Truth, start_of
from optimize.families.policy import default_program
from optimize.families.table import FAMILIES, instances
from optimize.transcription.values import Values
from sd_models.errors import InvalidRequest

EXACT = 1e-8  # relative: what the equations of a run may differ from it by
CHEAP = ("known optima", "climate", "tables", "bilinear", "traps")  # of which every kind is looked at
FIRST = [next(iter(instances([name]))) for name in FAMILIES if name not in CHEAP]
FIRST += list({one.name: one for one in reversed(instances(CHEAP))}.values())


def residual(model: pyo.ConcreteModel) -> float:
    """The largest difference of both sides of an equation, relative to what stands on its side."""
    values, worst = Values(), 0.0
    for row in model.component_data_objects(pyo.Constraint, active=True):
        if row.equality and row.parent_component().local_name != "limits":
            worst = max(worst, abs(values.of(row.body) - float(row.upper)) / max(1.0, abs(float(row.upper))))
    return worst


@pytest.mark.parametrize("size", list(Extent))
def test_keys_are_short_and_tell_instances_apart(size: str) -> None:
    """They name rows of tables and files, on every system."""
    keys = [one.key for one in instances(size=size)]
    assert len(set(map(str.casefold, keys))) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9.-]{3,60}", key) for key in keys)


def test_a_list_of_all_small_instances_builds_nothing() -> None:
    """Hundreds in less than a second; they go to other processes as they are."""
    began = time.process_time()
    found = instances()
    assert time.process_time() - began < 1.0
    assert pickle.loads(pickle.dumps(found))[-1].key == found[-1].key


def test_every_family_says_where_it_comes_from() -> None:
    """And has instances that are called by it, small ones at least, none twice for two seeds."""
    for name, family in FAMILIES.items():
        found = instances([name])
        assert family.about
        assert family.sources
        assert {one.family for one in found} == {name}
        assert {one.key for one in found} != {one.key for one in instances([name], seed=1000)}


def test_the_first_seed_of_a_default_plan_is_the_plan() -> None:
    """With its own discount and weight of the end; others draw them."""
    system, plan = sd.load("common_prosperity", regions="macro"), opt.load_plan("common_prosperity")
    programs = [opt.assemble(opt.Problem(system, plan)), *(default_program("macro", seed=seed) for seed in (0, 1))]
    at = [program.evaluate(programs[0].reference) for program in programs]
    costs = [program.cost(one.x, one.y) for program, one in zip(programs, at, strict=True)]
    assert costs[1] == pytest.approx(costs[0], rel=1e-12)
    assert costs[2] != pytest.approx(costs[0], rel=1e-3)


def test_what_is_known_says_by_whom() -> None:
    """No figure without its source; what has no solution has no optimum."""
    for size in Extent:
        for one in instances(size=size):
            assert bool(one.source) == (one.known is not None or one.truth is not Truth.SOLVABLE), one.key
            assert one.known is None or one.truth is Truth.SOLVABLE


def test_unknown_names_are_told_with_the_nearest() -> None:
    """Families and sizes."""
    with pytest.raises(InvalidRequest, match="Did you mean 'policy'"):
        instances(["polcy"])
    with pytest.raises(InvalidRequest, match="small, medium, large"):
        instances(size="tiny")


@pytest.mark.parametrize("instance", FIRST, ids=lambda one: one.key)
def test_a_program_agrees_with_its_equations(instance: Instance) -> None:
    """At the start: levers in their order, the objective in the direction of people, every equation, every trait."""
    check(instance)


def check(instance: Instance) -> None:
    """The same for any instance."""
    program = instance.program()
    assert program.equations is not None
    x = start_of(program)
    model = program.equations(x)
    np.testing.assert_allclose([lever.value for lever in model.levers.values()], x, rtol=1e-12)
    at = program.evaluate(x)
    assert at.is_finite
    (goal,) = model.component_data_objects(pyo.Objective, active=True)
    assert (goal.sense == pyo.maximize) == (program.sign < 0)
    objective = program.sign * program.cost(at.x, at.y)
    assert Values().of(goal.expr) == pytest.approx(objective, rel=EXACT, abs=EXACT)
    assert residual(model) <= EXACT
    assert measured(program, model) == instance.traits
    whole = [place for place, lever in enumerate(model.levers.values()) if not lever.is_continuous()]
    assert whole == program.integers.tolist()
