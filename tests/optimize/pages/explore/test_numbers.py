"""The numbers on a page are Python's: outcomes, limits, objective, of presets and of what people change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from support import islands
from support.models import loaded
from support.whatif import opened, outcomes, policy, session

import optimize as opt
import sd_models as sd
from optimize.pages.page import written_page
from optimize.pages.payload import Payload
from optimize.pages.subject import Subject, subject_of
from sd_models.simulator.datasets import label
from sd_models.system.model import System

CLOSE = 1e-9  # relative to the largest value of a variable


def run(subject: Subject, x: Any, constants: dict[str, float] | None = None) -> dict[str, Any]:
    """The run of a policy in Python, by variable (times, elements)."""
    problem = subject.problem
    stop = sd.TimeSpan(stop=float(problem.horizon.points[-1]))
    found = sd.simulate(subject.system, levers=problem.policy(x), constants=constants or {}, time=stop)
    return {str(name): values for name, values in found.data_vars.items()}


def check(page: Page, subject: Subject, constants: dict[str, float] | None = None) -> None:
    """That all outcomes of the scenario on the page are those of its policy in Python."""
    expected = run(subject, policy(page), constants)
    times = np.array(session(page, "Array.from(session.view.times)"))
    found = outcomes(page)
    assert found
    for name, values in found.items():
        named = [label(subject.system, d) for d in subject.system[name].dimensions]
        ours = expected[name].transpose("time", *named).sel(time=times, method="nearest").to_numpy()
        ours = ours.reshape(len(times), -1)
        assert np.abs(values - ours).max() <= CLOSE * max(np.abs(ours).max(), 1e-300), name


@pytest.fixture(scope="module")
def flagship() -> Payload:
    """The flagship with its four regions."""
    return Payload(subject_of(sd.load("common_prosperity", regions="macro")))


def test_outcomes_of_the_flagship_are_those_of_python(page: Page, tmp_path: Path, flagship: Payload) -> None:
    """To nine digits: an even split, what a slider makes of it, and with another assumption."""
    opened(page, tmp_path, written_page(flagship.subject).html)
    check(page, flagship.subject)
    page.get_by_role("slider", name="Basic services, all years", exact=True).fill("1.5")
    check(page, flagship.subject)
    page.evaluate("whatIf.setScenario({...whatIf.scenario(), constants: {'initial migrant services': 0.4}})")
    check(page, flagship.subject, {"initial migrant services": 0.4})


def test_limits_and_objective_are_those_of_the_program(page: Page, tmp_path: Path, subject: Subject) -> None:
    """Also where a limit is broken."""
    opened(page, tmp_path, written_page(subject).html)
    for value in ("0.3", "2"):
        page.get_by_role("slider", name="rice, all years", exact=True).fill(value)
        program = subject.program
        at = program.evaluate(policy(page))
        goal = program.sign * program.cost(at.x, at.y)
        assert session(page, "session.mine.objective") == pytest.approx(goal, rel=1e-9)
        rows = program.rows(at.x, at.y)
        slack = np.minimum(program.row_upper - rows, rows - program.row_lower)
        for limit in session(page, "session.payload.limits.map(({name}, i) => ({name, ...session.mine.limits[i]}))"):
            own = [value for name, value in zip(program.row_names, slack, strict=True) if name == limit["name"]]
            assert limit["slack"] == pytest.approx(own[limit["row"]], rel=1e-9, abs=1e-12)
            assert (limit["state"] == "broken") == (min(own) < -1e-6)


def test_limits_against_the_run_without_the_policy_follow_assumptions(
    page: Page, tmp_path: Path, system: System
) -> None:
    """And a ramp that counts from the start: with other constants they are those of a plan with these."""
    held = {
        "name": "held",
        "variable": "income",
        "at_least": {"variable": "income", "baseline": True, "factor": 1.2},
        "when": {"from": 3, "every": 2},
    }
    ramp = {"relative": 0.5, "absolute": "people", "from_start": True}
    lever = {"variable": "spending", "upper": 2.0, "ramp": ramp}
    plan = opt.read_plan(islands.small_plan(lever=[lever], limit=[islands.BUDGET, held]))
    opened(page, tmp_path, written_page(subject_of(system, plan)).html)
    constant = next(one for one in session(page, "session.payload.constants") if "capital" in one["name"])
    for constants in ({}, {constant["name"]: 1.5 * constant["value"]}):
        page.evaluate(f"whatIf.setScenario({{...whatIf.scenario(), constants: {constants}}})")
        program = subject_of(system, plan.model_copy(update={"constants": constants})).program
        at = program.evaluate(policy(page))
        rows = program.rows(at.x, at.y)
        slack = np.minimum(program.row_upper - rows, rows - program.row_lower)
        own = {name: [s for n, s in zip(program.row_names, slack, strict=True) if n == name] for name in {"held"}}
        limit = session(page, "session.mine.limits[1]")
        assert limit["slack"] == pytest.approx(own["held"][limit["row"]], rel=1e-9, abs=1e-12)
        assert (limit["state"] == "broken") == (min(own["held"]) < -1e-6)
        moves = [s for name, s in zip(program.row_names, slack, strict=True) if name.startswith("largest")]
        found = session(page, "session.mine.ramps[0]")
        assert np.abs(np.array(moves) - found["slack"]).min() <= 1e-12
        assert (found["state"] == "broken") == (min(moves) < -1e-6)


def test_a_model_of_ones_own_with_tables_and_delays(page: Page, tmp_path: Path) -> None:
    """What most models hold that people bring."""
    model = """
    stock = INTEG(public investment * effect(stock / 100) - MIN(stock / life, 5), 20) ~~|
    public investment = 3 ~~|
    effect((0, 1), (1, 0.5), (2, 0)) ~~|
    life = 8 ~~|
    welfare = SMOOTH3(stock, 2) ~~|
    """
    subject = subject_of(loaded(tmp_path, model))
    opened(page, tmp_path, written_page(subject).html)
    check(page, subject)
    page.get_by_role("slider", name="public investment, all years", exact=True).fill("5")
    check(page, subject)


def test_a_run_folder_starts_from_its_optimum(page: Page, tmp_path: Path, urbanization_result: opt.Result) -> None:
    """With the objective that the folder tells."""
    result = urbanization_result
    subject = subject_of(opt.load_result(opt.save_result(result, tmp_path / "run")))
    opened(page, tmp_path, written_page(subject).html)
    assert session(page, "session.scenario.base") == "optimum"
    assert session(page, "session.mine.objective") == pytest.approx(result.objective, rel=1e-9)
    assert "This is the best policy found" in page.locator(".summary .told").inner_text()
    check(page, subject)
