"""The flagship's policy, in many sizes: who should get how much, for what, in which year.

Measures of the four pillars, each with a floor, share a part of the public budget, which grows with the economy: a
sixteenth of it for each measure. Seeds draw that part, the floors, the discount and what the end counts for; seed 0
takes round numbers. `macro-m4-y25` has 400 levers, `provinces-m4-y25` 3,100, and `provinces-m16-y25` 12,400. `default`
is the flagship's own plan, with ramps, limits on carbon, air and what regions absorb, and incomes, output and debt held
against the run without it. Finer regions are the provinces split at random (`common_prosperity/splitting.py`); one
region is all of them together. `urbanization` is the small library model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import sd_models as sd
from sd_models.common_prosperity.grouping import group_folder
from sd_models.common_prosperity.splitting import split_folder
from sd_models.reading.library import FOLDER as LIBRARY
from sd_models.system.model import System

from ..files.documents import read_toml
from ..plans.plan import Plan, read_plan
from ..problems.problem import Problem
from ..problems.program import Program
from ..solvers.traits import Trait
from .instance import Extent, Instance
from .stating import loaded, stated

FAMILY = "policy"
MODEL, FIRST = "common_prosperity", 2026
# One of each pillar, then the second of each, and so on.
MEASURES = (
    *("basic services", "transport networks", "green production", "rural revitalization"),
    *("vocational skills", "regional agglomerations", "ecological restoration", "land rights"),
    *("social insurance", "metropolitan areas", "cultural heritage", "rural enterprise"),
    *("equal employment", "county carriers", "civic quality", "rural public services"),
)
REGIONS = {"one": 1, "macro": 4, "provinces": 31}


@dataclass(frozen=True)
class Shape:
    """A size of the plan: regions (how many), measures, years, and years for which a value holds.

    With `ramps`, levers begin at nothing and grow as those of the flagship's own plan do, and have no floors, which
    would ask for more than that in the first years; the budget is the whole one.
    """

    regions: int
    measures: int
    years: int
    every: int = 1
    ramps: bool = False

    @property
    def name(self) -> str:
        """What it is called in keys."""
        names = {1: "one", 4: "macro", 31: "provinces"}
        every = f"-e{self.every}" if self.every > 1 else ""
        ramps = "-ramps" if self.ramps else ""
        return f"{names.get(self.regions, f'regions{self.regions}')}-m{self.measures}-y{self.years}{every}{ramps}"


SHAPES: Mapping[Extent, tuple[tuple[Shape, int], ...]] = {  # with the number of seeds
    Extent.SMALL: (
        *((Shape(1, measures, years), 2) for measures in (1, 4) for years in (10, 20)),
        *((Shape(4, measures, years), 3) for measures in (1, 4) for years in (5, 10)),
        (Shape(4, 2, 25, 5), 3),
        (Shape(31, 1, 5, 5), 2),
    ),
    Extent.MEDIUM: (
        (Shape(4, 4, 25), 5),
        (Shape(4, 16, 10), 2),
        (Shape(4, 16, 25), 2),
        (Shape(31, 4, 10, 2), 2),
        (Shape(31, 4, 25), 3),
    ),
    Extent.LARGE: (
        (Shape(31, 16, 25), 2),
        (Shape(100, 4, 25), 1),
        (Shape(333, 2, 25, 5), 1),
        (Shape(2844, 2, 25, 5), 1),
    ),
}


@dataclass(frozen=True)
class Draw:
    """What a seed decides of a plan: the part of the budget for a measure, the part of that for floors, and tastes."""

    part: float = 0.0625
    floor: float = 0.4
    discount: float = 0.04
    end: float = 10.0

    @classmethod
    def of(cls, seed: int) -> Draw:
        """What a seed draws; round numbers for seed 0."""
        if not seed:
            return cls()
        draw = np.random.default_rng(seed)
        ranges = ((0.03, 0.09), (0.1, 0.8), (0.01, 0.08), (0.0, 20.0))
        return cls(*(float(f"{draw.uniform(*each):.3g}") for each in ranges))


def plan_of(shape: Shape, draw: Draw, upper: float = 1e3) -> Plan:
    """The plan of a size, levers up to `upper` trillion yuan a year."""
    chosen = list(MEASURES[: shape.measures])
    part = -1.0 if shape.ramps else -draw.part * shape.measures
    budget = {"variable": "public investment budget", "factor": part}
    spent = {"variable": "public investment", "over": ["province", "measure"]}
    least = {**budget, "factor": part * draw.floor / shape.measures}
    floors = [
        {"name": f"floor of {measure}", "terms": [{**spent, "where": {"measure": measure}}, least], "at_least": 0.0}
        for measure in chosen
    ]
    lever = {"variable": "public investment", "where": {"measure": chosen}, "every": shape.every}
    ramp = {"ramp": {"relative": 0.25, "absolute": "first ramp", "from_start": True}} if shape.ramps else {}
    return read_plan(
        {
            "model": MODEL,
            "horizon": [FIRST, FIRST + shape.years - shape.every],
            "objective": {"maximize": "welfare rate", "discount": draw.discount, "final_weight": draw.end},
            "lever": [{**lever, "lower": 0.0, "upper": upper, **ramp}],
            "limit": [{"name": "budget", "terms": [spent, budget], "at_most": 0.0}, *([] if shape.ramps else floors)],
        }
    )


def problem_of(shape: Shape, draw: Draw) -> Problem:
    """The plan bound to the flagship, each lever up to ten times an even split."""
    system = flagship(shape.regions)
    free = Problem(system, plan_of(shape, draw))
    (block,) = free.bound.blocks
    budget = free.own_paths["public investment budget"][0]
    split = draw.part * shape.measures * budget[block.period >= 0].max() / block.shape[0]
    return Problem(system, plan_of(shape, draw, upper=float(f"{10.0 * split:.6g}")))


@cache
def flagship(regions: int) -> System:
    """The flagship with as many regions, its data folder made where there is none."""
    whole = Path(str(loaded(MODEL).path)).parent
    if regions in (4, 31):
        return loaded(MODEL, "macro" if regions == 4 else "provinces")
    with TemporaryDirectory() as scratch:
        target = Path(scratch) / f"regions{regions}"
        if regions == 1:
            names = loaded(MODEL, "macro").dimensions["province"].elements
            group_folder(whole / "macro", dict.fromkeys(names, "Nation"), target)
        else:
            split_folder(whole / "provinces", regions, target)
        return sd.load(MODEL, regions=target)


def program_of(shape: Shape, *, seed: int) -> Program:
    """The program of a size and a seed."""
    return stated(problem_of(shape, Draw.of(seed)))


# --- plans of the library ---------------------------------------------------------------------------------------------


def default_program(regions: str, *, seed: int) -> Program:
    """The flagship's own plan; seeds draw its discount and what the end counts for, seed 0 takes the plan's."""
    content = {**_own_plan(MODEL), "regions": regions}
    if seed:
        draw = Draw.of(seed)
        content["objective"] = {**content["objective"], "discount": draw.discount, "final_weight": draw.end}
    return stated(Problem(loaded(MODEL, regions), read_plan(content)))


def towns_program(*, seed: int) -> Program:
    """The small model's own plan; seeds draw its budget and how much a province can take."""
    content = _own_plan("urbanization")
    draw = np.random.default_rng(seed)
    budget, upper = (600.0, 60.0) if not seed else (round(draw.uniform(200, 1200)), round(draw.uniform(30, 120)))
    plan = {
        **content,
        "lever": [{**content["lever"][0], "upper": float(upper)}],
        "limit": [{**content["limit"][0], "at_most": float(budget)}],
    }
    return stated(Problem(loaded("urbanization"), read_plan(plan)))


def _own_plan(model: str) -> Mapping[str, Any]:
    return read_toml(LIBRARY / model / "plan.toml")


# --- the family -------------------------------------------------------------------------------------------------------

TRAITS = frozenset({Trait.CURVED, Trait.NONCONVEX, Trait.LIMITS})
DEFAULTS: Mapping[Extent, tuple[tuple[str, int], ...]] = {
    Extent.SMALL: (),
    Extent.MEDIUM: (("macro", 2),),
    Extent.LARGE: (("provinces", 2),),
}
TOWNS = {Extent.SMALL: 6, Extent.MEDIUM: 0, Extent.LARGE: 0}


def policies(extent: Extent, seed: int) -> Iterator[Instance]:
    """All sizes with their seeds."""
    for shape, count in SHAPES[extent]:
        for each in range(seed, seed + count):
            yield Instance(FAMILY, shape.name, each, program_of, {"shape": shape}, TRAITS)
    for regions, count in DEFAULTS[extent]:
        for each in range(seed, seed + count):
            yield Instance(FAMILY, f"default-{regions}", each, default_program, {"regions": regions}, TRAITS)
    for each in range(seed, seed + TOWNS[extent]):
        yield Instance(FAMILY, "urbanization", each, towns_program, {}, TRAITS)
