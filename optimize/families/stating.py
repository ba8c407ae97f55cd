"""Models and plans as programs with their equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyomo.environ as pyo

import sd_models as sd
from sd_models.system.model import FloatArray, System

from ..files.documents import read_toml
from ..plans.plan import read_plan
from ..problems.problem import Problem
from ..problems.program import Program
from ..problems.pyomo_model import Constraints, state
from ..problems.pyomo_reader import program
from ..transcription.exact import Kinks
from ..transcription.transcription import Auxiliaries, transcribe

FOLDER = Path(__file__).parent / "models"


def stated(
    problem: Problem,
    constraints: Constraints | None = None,
    *,
    products: bool = False,
    kinks: Kinks = "absolute",
) -> Program:
    """The program of a problem with its equations, and with what a person adds to its Pyomo model.

    `products` states each auxiliary as a variable, so that a product of three is two products of two; `kinks` is as in
    `transcribe`.
    """
    auxiliaries: Auxiliaries = "variables" if products else "expressions"

    def equations(x: FloatArray) -> pyo.ConcreteModel:
        return transcribe(problem, x, auxiliaries=auxiliaries, kinks=kinks, constraints=constraints)

    return replace(program(state(problem, constraints), problem), equations=equations)


def kept_problem(
    name: str,
    *,
    constants: Mapping[str, float] | None = None,
    discount: float | None = None,
    periods: int | None = None,
) -> Problem:
    """The model and the plan of a folder of `models/`, with other constants, another discount or more periods."""
    content = dict(read_toml(FOLDER / name / "plan.toml"))
    path = FOLDER / name / str(content["model"])
    if discount is not None:
        content["objective"] = {**content["objective"], "discount": discount}
    if periods is not None:
        first, every = content["horizon"][0], min(lever.get("every", 1.0) for lever in content["lever"])
        content["horizon"] = [first, first + (periods - 1) * every]
    return Problem(loaded(path), read_plan({**content, "model": str(path), "constants": dict(constants or {})}))


@cache
def loaded(model: str | Path, regions: str | Path | None = None) -> System:
    """The system of a model, read once."""
    return sd.load(model, regions=regions)


def drawn(ranges: Mapping[str, tuple[float, float]], seed: int) -> dict[str, float]:
    """Constants of a seed with three digits; none for seed 0, which is the file as it stands."""
    if not seed:
        return {}
    draw = np.random.default_rng(seed)
    return {name: float(f"{draw.uniform(*each):.3g}") for name, each in ranges.items()}
