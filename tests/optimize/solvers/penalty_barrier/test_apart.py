"""What groups do to themselves, with what they do to each other held: exact products of all of them at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from support.forms import of_forms
from support.models import loaded

import optimize as opt
from optimize.problems.optimality import Multipliers
from optimize.problems.program import Program
from optimize.solvers.penalty_barrier.exact import ExactLagrangian
from optimize.solvers.sequential.curvature import Group
from sd_models.system.model import FloatArray

REGIONS = 12
NAMES = ", ".join(f"r{number}" for number in range(REGIONS))
# What regions have together is worth its logarithm.
MODEL = f"""
region: {NAMES} ~~|
spending[region] = 1 ~~|
nation wide = 1 ~~|
stock[region] = INTEG(spending[region] * nation wide, 1) ~~|
own[region] = SQRT(stock[region]) ~~|
together = SUM(own[region!]) ~~|
welfare = LN(together) ~~|
"""
EVERY_REGION = {"variable": "spending", "lower": 0.0, "upper": 9.0, "every": 2}


def program_of(folder: Path, *levers: dict[str, object], text: str = MODEL) -> Program:
    """Welfare at the end by levers."""
    plan = {"horizon": [0, 2], "objective": {"maximize": "welfare", "measure": "final"}, "lever": list(levers)}
    return opt.assemble(opt.Problem(loaded(folder, text), opt.read_plan({"model": "case.mdl", **plan})))


def lagrangian_of(program: Program) -> ExactLagrangian:
    """Without prices, at levers that differ."""
    x = np.random.default_rng(1).uniform(0.5, 2.0, len(program.lower))
    return ExactLagrangian(program, program.evaluate(x), Multipliers.none(program), np.ones(len(x)))


def all_at_once(groups: list[Group]) -> list[FloatArray]:
    """Directions that move a place of every group, one after the other."""
    count = sum(len(group.columns) for group in groups)
    return [
        np.isin(np.arange(count), [group.columns[place] for group in groups]).astype(np.float64)
        for place in range(len(groups[0].columns))
    ]


def groups_of(program: Program) -> list[Group]:
    """A group for each path."""
    return [Group((path,)) for block in program.blocks for path in block.numbers]


def test_each_group_has_its_exact_second_derivative_with_the_sum_held(tmp_path: Path) -> None:
    """-ln s of a sum s has the second derivative -d2s/s + ds ds'/s^2, whose second part is what the sum answers."""
    program = program_of(tmp_path, EVERY_REGION)
    lagrangian, groups = lagrangian_of(program), groups_of(program)
    assert lagrangian.is_parting(groups)
    apart = np.array(replace(lagrangian, is_apart=True).within(all_at_once(groups)))
    whole = np.array(lagrangian.products(np.eye(len(program.lower))))
    (slope,) = program.gradients(lagrangian.at, np.flatnonzero(program.outcome_cost))
    for group in groups:
        own = slope[group.columns]
        expected = whole[np.ix_(group.columns, group.columns)] - np.outer(own, own)
        np.testing.assert_allclose(apart[:, group.columns], expected, rtol=1e-9, atol=1e-14)


def test_what_moves_all_groups_is_no_group_apart(tmp_path: Path) -> None:
    """A lever of the nation acts in every region: products with random signs serve instead."""
    program = program_of(tmp_path, EVERY_REGION, {"variable": "nation wide", "lower": 0.0, "upper": 2.0})
    assert not lagrangian_of(program).is_parting(groups_of(program))


def test_outcomes_that_know_nothing_of_regions_have_no_groups_apart() -> None:
    """Nor do so few groups that their own part of the sums is large."""
    program = of_forms(np.ones(REGIONS).tolist())
    lagrangian = lagrangian_of(program)
    assert program.local_products(lagrangian.at, np.ones(len(program.outcome_cost)), np.eye(REGIONS)) is None
    assert not lagrangian.is_parting([Group((np.arange(1) + number,)) for number in range(REGIONS)])
    assert not lagrangian.is_parting([Group((np.arange(REGIONS),))])


def test_a_region_that_all_others_read_is_not_apart(tmp_path: Path) -> None:
    """Its levers act on the others without a sum between them."""
    text = MODEL.replace("SQRT(stock[region])", "SQRT(stock[region]) * stock[r0]")
    program = program_of(tmp_path, EVERY_REGION, text=text)
    assert not lagrangian_of(program).is_parting(groups_of(program))
