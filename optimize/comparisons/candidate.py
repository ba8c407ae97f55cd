"""One of what is compared: a result, or a policy that somebody wrote into a file, run in the model of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator.simulation import simulate

from ..plans.horizon import horizon_end
from ..problems.problem import Problem
from ..results.folder import load_result
from ..results.recomputation import undecided
from ..results.result import Result
from ..results.verdict import TOLERANCE
from ..results.verification import every_step, named_variables, opened
from ..results.violations import largest, objective_of, violations
from ..runs.policy import lever_paths, read_policy

GIVEN = "given, not searched for"


@dataclass(frozen=True, eq=False)
class Candidate:
    """A result under a label, what it is worth in a word, and what else there is to say of it."""

    label: str
    result: Result
    standing: str
    notes: tuple[str, ...] = ()


def candidates(paths: Sequence[Path]) -> tuple[Candidate, ...]:
    """The results in folders and the policies in CSV files; the latter are run in the model of the first result.

    InvalidRequest where there are fewer than two, where none is a result, and for one that has no policy.
    """
    if len(paths) < 2:
        advice = "Name two or more folders of results, or CSV files of policies."
        raise InvalidRequest(Fault(f"{len(paths)} result to compare.", advice=advice))
    results = {path: load_result(path) for path in dict.fromkeys(paths) if not _is_policy_file(path)}
    if not results:
        advice = "Name the folder of a result first: its model and its plan are those in which policies are run."
        raise InvalidRequest(Fault("none of these is the folder of a result.", advice=advice))
    first = next(iter(results.values()))
    return labelled(
        [of_result(results[path], path.name) if path in results else of_policy(path, first) for path in paths]
    )


def of_result(result: Result, label: str) -> Candidate:
    """A result to be compared; InvalidRequest where it has no policy."""
    if not result.is_policy:
        found = f"has no policy, so there is nothing to compare: {result.status.sentence}"
        raise InvalidRequest(Fault(found, file=label, advice=result.status.advice or "Leave it out."))
    changed = () if result.stored is None else result.stored.changed
    notes = (f"{label}: {', '.join(changed)} is not what was saved (SHA-256).",) if changed else ()
    return Candidate(label, result, result.status.word, notes)


def of_policy(path: Path, reference: Result) -> Candidate:
    """The policy of a CSV file, run in the model of a result and held against its plan."""
    plan = reference.plan
    problem = Problem(opened(reference), plan)
    system = problem.system
    span, end = every_step(system, plan), TimeSpan(stop=horizon_end(plan))
    paths = lever_paths(read_policy(path), system, end)
    policy = {system[name].name: values for name, values in paths.items()}
    doubts = tuple(undecided(problem, policy, problem.vector(policy)))
    names = named_variables(plan, system)
    ours, own = (simulate(system, levers=levers, outputs=names, time=span) for levers in (policy, None))
    checked = violations(plan, system, ours, ours - own, own)
    held = problem.held_policy(problem.vector(policy))
    result = replace(
        reference,
        policy=held,
        trajectories=simulate(system, levers=policy, time=end),
        baseline=simulate(system, time=end),
        violations=checked,
        objective=objective_of(plan, system, ours),
        baseline_objective=objective_of(plan, system, own),
        shadow_prices={},
        alternatives=(),
        verification=None,
        folder=None,
    )
    missed = [item.place for item in checked if item.size > TOLERANCE]
    told = (f"{path.name} misses limits of the plan: {', '.join(missed)}.",) if missed else ()
    standing = GIVEN if largest(checked) <= TOLERANCE else f"{GIVEN}; misses limits"
    return Candidate(path.stem, result, standing, (*told, *(f"{path.name}: {doubt}." for doubt in doubts)))


def labelled(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates with labels that differ."""
    taken: dict[str, int] = {}
    named = []
    for candidate in found:
        taken[candidate.label] = number = taken.get(candidate.label, 0) + 1
        named.append(candidate if number == 1 else replace(candidate, label=f"{candidate.label} ({number})"))
    return tuple(named)


def _is_policy_file(path: Path) -> bool:
    return path.suffix.casefold() == ".csv" and not path.is_dir()
