"""What a page is about: a model, the plan that says what can be decided in it, and the result that it starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.library import library
from sd_models.system.model import FloatArray, System

from ..files.documents import toml_text
from ..files.provenance import digest, digest_of, files_of
from ..plans.candidates import Candidate, Survey
from ..plans.draft import starting_plan
from ..plans.plan import Plan, load_plan, plan_path, read_plan
from ..problems.assembly import assemble
from ..problems.problem import Problem
from ..problems.program import Program
from ..results.recomputation import policy_of
from ..results.result import Result
from ..results.verification import opened
from .amounts import Amounts, amounts_of

MOST_LEVERS = 6  # variables that a page without a plan offers as levers
MOST_VALUES = 20_000  # elements times periods of these


@dataclass(frozen=True)
class Subject:
    """A problem to look at, by hand; `text` is the plan as people keep it (without its constants, to which a page adds
    those that are changed in it), `result` what a search found for it.

    `offered` are the further inputs of a model without a plan of its own, and how far each of them may go.
    """

    problem: Problem
    result: Result | None = None
    text: str = ""
    offered: tuple[Candidate, ...] = field(default=())

    @property
    def system(self) -> System:
        """The model."""
        return self.problem.system

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.problem.plan

    @cached_property
    def amounts(self) -> Amounts:
        """What limits take from the run without the policy."""
        return amounts_of(self.problem)

    @cached_property
    def program(self) -> Program:
        """The plan as arrays."""
        return assemble(self.problem)

    @cached_property
    def optimum(self) -> FloatArray | None:
        """The levers of the result, where it has a policy."""
        if self.result is None or not self.result.is_policy:
            return None
        return self.problem.vector(policy_of(self.result.policy))

    @cached_property
    def hash(self) -> str:
        """What tells this model with this plan from others: scenarios of another one do not fit."""
        files = "".join(digest(path) for path in files_of(self.system) if path.is_file())
        levers = [lever.model_dump_json() for lever in self.plan.levers]
        assumed = "".join(f"{name}={value}" for name, value in sorted(self.plan.constants.items()))
        return digest_of(f"{self.system.name}{files}{self.plan.horizon}{''.join(levers)}{assumed}".encode())


def subject_of(model: System | Result, plan: Plan | None = None, *, text: str = "", file: str = "") -> Subject:
    """What a page about a model or a result is about; InvalidRequest for a plan that does not fit.

    Without a plan it is the one beside a library model, else one to start from, with further inputs of the model.
    `text` is the plan as people wrote it, in a `file` of that name.
    """
    if plan is not None and "constants" in plan.model_fields_set:
        text = ""
    if isinstance(model, Result):
        if plan is not None:
            advice = "Give the plan with a model, or the result alone."
            raise InvalidRequest(Fault("a result has a plan of its own.", advice=advice))
        return Subject(Problem(opened(model), model.plan), model, text or plan_text(model.plan))
    if plan is not None:
        return Subject(Problem(model, plan, file), None, text or plan_text(plan))
    beside = own_plan(model)
    if beside is not None:
        changes = {"regions": str(model.regions)} if model.regions else {}
        found = load_plan(beside).model_copy(update=changes)
        return Subject(Problem(model, found, beside.name), None, beside.read_text(encoding="utf-8"))
    return _first_look(model)


def plan_text(plan: Plan) -> str:
    """A plan without its constants as the text of its file; it names a model file without its folder, which is nobody
    else's business."""
    content = plan.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True, exclude={"constants"})
    seen = {"model": Path(plan.model).name, **({"data": [Path(file).name for file in plan.data]} if plan.data else {})}
    return f"{toml_text({**content, **seen})}\n"


def own_plan(system: System) -> Path | None:
    """The plan that lies beside a library model."""
    folder = None if system.path is None else system.path.resolve().parent
    if folder is None or folder.name not in library():
        return None
    path = plan_path(folder.name)
    return path if path.is_file() and path.resolve().parent == folder else None


def _first_look(system: System) -> Subject:
    """A model without a plan: one to start from, and what else its modeller calls something to decide as levers."""
    draft = starting_plan(system, folder=None if system.path is None else system.path.parent)
    survey = Survey(system)
    first = draft.content["lever"][0]
    live = [one for one in survey.candidates if not one.is_dead and one.variable.name != first["variable"]]
    levers, values = [first], _values(survey, first["variable"])
    for one in (one for one in live if one.is_named):
        values += _values(survey, one.variable.name)
        if len(levers) < MOST_LEVERS and values <= MOST_VALUES:
            levers.append(_lever(one, first["every"]))
    plan = read_plan({**draft.content, "lever": levers})
    taken = {lever["variable"] for lever in levers}
    return Subject(
        Problem(system, plan), None, plan_text(plan), tuple(one for one in live if one.variable.name not in taken)
    )


def _values(survey: Survey, name: str) -> int:
    """The lever values that a variable takes."""
    return survey.system.size(survey.system[name]) * max(1, round(survey.span.length / survey.span.every))


def _lever(candidate: Candidate, every: float) -> Mapping[str, Any]:
    return {
        "variable": candidate.variable.name,
        "every": every,
        "lower": candidate.lower.value,
        "upper": candidate.upper.value,
    }
