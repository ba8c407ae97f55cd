"""A plan with what the command line changes in it, its model, and where a search begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import Fault, InvalidRequest, ModelError
from sd_models.reading.library import library, load
from sd_models.system.model import System

from ..plans.assumptions import with_constants
from ..plans.draft import starting_plan
from ..plans.horizon import horizon_end
from ..plans.plan import Plan, load_plan, plan_content, plan_path, read_plan
from ..problems.checking import further_faults
from ..problems.problem import Problem
from ..results.folder import load_result
from ..results.recomputation import policy_of
from ..runs.policy import lever_paths, read_policy
from ..runs.scenario import setting
from .requests import OptimizeRequest

FLAGSHIP = "common_prosperity"


@dataclass(frozen=True)
class Asked:
    """A plan with what the command line changes in it, the file that it stands in, and the model."""

    plan: Plan
    file: str
    system: System
    notes: tuple[str, ...] = ()


def asked_for(request: OptimizeRequest) -> Asked:
    """The plan with the command line's changes, and its model."""
    plan, file, notes = _plan(request)
    changes: dict[str, Any] = {}
    if request.model is not None:
        changes["model"] = request.model
    if request.regions is not None:
        changes["regions"] = request.regions
    options = {"name": request.solver, "starts": request.starts, "time_limit": request.time_limit}
    solver = plan.solver.model_copy(update={key: value for key, value in options.items() if value is not None})
    plan = plan.model_copy(update={**changes, "solver": solver})
    system = load(plan.model, data=plan.data, regions=plan.regions)
    set_here = [setting(text) for text in request.settings]
    plan = with_constants(plan, system, [(str(one.part), one.value) for one in set_here])
    return Asked(plan, file, system, notes)


def _plan(request: OptimizeRequest) -> tuple[Plan, str, tuple[str, ...]]:
    """The plan that is named, the one beside the library's model, or one to start from."""
    if request.plan is not None:
        return _read(request.plan, request), request.plan.name, ()
    model = request.model or FLAGSHIP
    beside = plan_path(model)
    if model in library() and beside.is_file():
        return load_plan(beside), beside.name, ()
    system = load(model, regions=request.regions)
    note = f"There is no plan for {system.name}: solved as `prosperity plan {model}` writes it, to start from."
    return read_plan(starting_plan(system).content), "starting plan", (note,)


def _read(path: Path, request: OptimizeRequest) -> Plan:
    """The plan of a file; InvalidRequest tells what is wrong with its form and, as far as can be seen, all the rest."""
    try:
        return load_plan(path)
    except InvalidRequest as error:
        raise InvalidRequest(dict.fromkeys((*error.faults, *_further(path, request)))) from error


def _further(path: Path, request: OptimizeRequest) -> tuple[Fault, ...]:
    """What is wrong with a plan beyond its form."""
    try:
        content = plan_content(path)
        regions, data = request.regions or content.get("regions"), content.get("data", ())
        system = load(request.model or content.get("model", ""), data=data, regions=regions)
    except (ModelError, TypeError, ValueError):  # no TOML, or keys of which something else is wrong
        return ()
    return further_faults(content, system, file=path.name)


def start_of(path: Path | None, problem: Problem) -> dict[str, xr.DataArray] | None:
    """The policy to search from; InvalidRequest for one that decides nothing of the plan."""
    if path is None:
        return None
    if path.is_dir():
        paths = policy_of(load_result(path).policy)
    else:
        paths = lever_paths(read_policy(path), problem.system, TimeSpan(stop=horizon_end(problem.plan)))
    known = {problem.system[name].name: values for name, values in paths.items() if name in problem.system}
    chosen = {name: values for name, values in known.items() if name in problem.lever_names}
    if not chosen:
        found = f"has no path of a lever of the plan; its levers are: {', '.join(problem.lever_names)}."
        raise InvalidRequest(Fault(found, file=str(path)))
    return chosen
