"""What `prosperity bound` does once its arguments are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sd_models.errors import Fault, InvalidRequest, ModelError

from ..bounds.bound import bound, checked
from ..files.placement import check_new_folder
from ..problems.problem import Problem
from ..results.bounded import Bound, save_bound
from ..results.document import plain
from ..results.folder import load_result, save_result
from ..results.result import Result
from ..results.verification import opened, verify
from ..solving.solve import solve
from . import console
from .asked import asked_for
from .optimizing import run_folder
from .progress import working
from .requests import BoundRequest, Status

AGAIN = "The solver's own policy is better than the one before; the search went on from there."


def answer_bound(request: BoundRequest) -> Status:
    """Finds a policy where none is given, a bound, a better policy where the solver saw one; prints what is proved."""
    checked(request.solver, request.time_limit, request.gap)
    if request.asked.out is not None:
        check_new_folder(request.asked.out)
    with working("Reading model and plan") as watch:
        problem, result = _subject(request, watch)
        watch("Bounding all policies")
        found = bound(problem, result, time_limit=request.time_limit, gap=request.gap, solver=request.solver)
        if found.better:
            watch("Searching on from the solver's policy")
            again = solve(problem, start=np.array(found.better))
            if again.is_policy and (again.objective > result.objective) == found.maximize:
                result, found = _verified(again), replace(found, notes=(AGAIN, *found.notes))
        result = _kept(request, replace(result, bound=found))
    _tell(result, found, json=request.asked.json)
    proof = found.proof(result.objective)
    return Status.DONE if proof is not None and result.is_policy and proof.share <= request.gap else Status.NO


def _subject(request: BoundRequest, watch: Callable[[str], None]) -> tuple[Problem, Result]:
    """The problem and a policy for it: that of a folder, or what a search finds for a plan."""
    if request.run is not None:
        if request.asked.regions is not None or request.asked.settings or request.asked.out is not None:
            advice = "A result has its own; name the plan in place of its folder."
            raise InvalidRequest(Fault("--regions, --set and --out belong to a plan.", str(request.run), advice=advice))
        result = load_result(request.run)
        return Problem(opened(result), result.plan), result
    asked = asked_for(request.asked)
    problem = Problem(asked.system, asked.plan, asked.file)
    watch("Solving")
    return problem, _verified(solve(problem))


def _verified(result: Result) -> Result:
    """The result as PySD replays it; one that it cannot run keeps a note."""
    if not result.is_policy:
        return result
    try:
        return verify(result)
    except ModelError as error:
        told = (f"PySD could not replay it: {fault}" for fault in error.faults)
        return replace(result, notes=(*result.notes, *told))


def _kept(request: BoundRequest, result: Result) -> Result:
    """The result with its folder: the bound beside it, or a new one with all of it."""
    if result.folder is not None and result.folder == request.run and result.bound is not None:
        save_bound(result.bound, result.folder)
        return result
    folder = request.asked.out or run_folder(result.provenance["model"])
    save_result(result, folder)
    return replace(result, folder=folder)


def _tell(result: Result, found: Bound, *, json: bool) -> None:
    console.tell_notes(dict.fromkeys((*result.notes, *found.notes)))
    if json:
        console.print_json(_document(result, found))
        return
    parts = [found.contradiction, found.sentence, str(result.status)]
    numbers = f"Best known {found.objective:.7g}, by intervals alone {found.interval:.7g}, {found.seconds:.1f} seconds."
    console.print_text("\n".join([*filter(None, parts), numbers, f"Written: {result.folder}"]))


def _document(result: Result, found: Bound) -> dict[str, Any]:
    document: dict[str, Any] = plain(found)
    proof = found.proof(result.objective)
    return {
        **document,
        "status": str(result.status.standing),
        "solver_status": found.status,
        "share": None if proof is None else proof.share,
        "sentence": found.sentence,
        "run": str(result.folder),
        "notes": list(dict.fromkeys((*result.notes, *found.notes))),
    }
