"""A user's own plan as a family: the plan's problem with its equations, known by what its files say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sd_models as sd

from ...families.instance import Instance
from ...families.stating import stated
from ...files.placement import shortened
from ...files.provenance import digest_of, files_of
from ...plans.plan import load_plan
from ...problems.problem import Problem
from ...problems.program import Program
from ...solvers.traits import Trait

FAMILY = "own plan"
# Whether it is linear or convex nobody knows; kinks and equalities are seen by those whom they disturb.
TRAITS = frozenset({Trait.CURVED, Trait.NONCONVEX, Trait.LIMITS})
MARK = 8  # digits of the sum over the plan's files
NAME = 60  # bytes of the plan's name


def plan_instance(path: str | Path) -> Instance:
    """The instance of a plan's file; InvalidRequest where it cannot be read, or does not fit its model."""
    place = Path(path).absolute()
    problem = _problem(place)
    mark = digest_of(b"".join(_contents(place, problem)))[:MARK]
    called = place.parent.name if place.stem == "plan" else place.stem
    name = f"{shortened(called, NAME)}-{mark}"
    return Instance(FAMILY, name, 0, _program, {"plan": str(place)}, TRAITS)


def _problem(path: Path) -> Problem:
    plan = load_plan(path)
    return Problem(sd.load(plan.model, data=plan.data, regions=plan.regions), plan, path.name)


def _contents(path: Path, problem: Problem) -> Iterator[bytes]:
    """What the plan depends on."""
    for each in (path, *files_of(problem.system)):
        yield each.read_bytes()


def _program(plan: str, *, seed: int) -> Program:  # noqa: ARG001 - a plan has no seed
    return stated(_problem(Path(plan)))
