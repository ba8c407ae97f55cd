"""Kinks stated with integers: the same values as a run, mixed-integer linear programs that a solver settles, and bounds
that hold every run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.kinked import CONTROLS, KINKED
from support.random_models import RandomModel, examples, random_models

import optimize as opt
import sd_models as sd
from optimize.transcription.exact import KINKS, Kinks, RangedArithmetic, Start, range_of
from optimize.transcription.forms import symbol_of
from optimize.transcription.intervals import Interval
from optimize.transcription.symbols import Ranged, Symbol, valued
from optimize.transcription.unrolling import needed
from optimize.transcription.values import Values
from sd_models.errors import InvalidRequest
from sd_models.system.model import FloatArray, System
from sd_models.tape.instructions import Role, Source
from sd_models.tape.running import results
from sd_models.tape.tracing import OUTPUTS, STOCKS, TapedModel, trace

FORMS: tuple[Kinks, ...] = ("integers", "sos2")
SAME = 1e-8
CURVED = ("surcharge",)
FOLDER = Path(__file__).parents[2] / "models"
APART = ("data_bare.mdl", "data_beside.mdl")
FILES = [path for path in sorted(FOLDER.glob("*.mdl")) if path.name not in APART]


def misses(model: pyo.ConcreteModel) -> float:
    """The most by which the start of a model misses a constraint, other than a limit, or a bound."""
    values, worst = Values(), 0.0
    for constraint in model.component_data_objects(pyo.Constraint, active=True):
        if constraint.parent_component() is model.limits:
            continue
        body, (low, high) = values.of(constraint.body), (constraint.lb, constraint.ub)
        worst = max(worst, *(abs(side - body) for side in (low, high) if side is not None and low == high), 0.0)
        worst = max(worst, body - high if high is not None else 0.0, low - body if low is not None else 0.0)
    for variable in model.component_data_objects(pyo.Var):
        low, high = variable.bounds
        size = max(1.0, abs(variable.value))
        worst = max(worst, *((variable.value - high) / size if high is not None else 0.0, 0.0))
        worst = max(worst, (low - variable.value) / size if low is not None else 0.0)
    return worst


def by_highs(path: Path) -> float:
    """The optimum that HiGHS finds from a file."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("mip_rel_gap", 0.0)
    assert solver.readModel(str(path)) == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(solver.getObjectiveValue())


def drawn(problem: opt.Problem, seed: int) -> FloatArray:
    """Levers within their bounds."""
    return np.random.default_rng(seed).uniform(problem.lower, np.minimum(problem.upper, 20.0))


@pytest.mark.parametrize("name", sorted(KINKED))
def test_a_plan_with_kinks_is_solved_as_a_linear_program(name: str, tmp_path: Path) -> None:
    """Runs fulfil both forms, within the bounds that follow from the levers'.

    Written to a file, HiGHS finds the optimum that is known by hand, and with levers fixed the value of their run,
    whatever is wanted of it.
    """
    problem = KINKED[name].problem(tmp_path)
    program, x = opt.assemble(problem), drawn(problem, 3)
    for form in FORMS:
        assert misses(opt.transcribe(problem, x, kinks=form, bounds=True)) <= SAME
    if name in CURVED:
        return
    value = program.sign * program.cost(x, program.evaluate(x).y)
    model: Any = opt.transcribe(problem, x, kinks="integers")
    (path,) = opt.export(model, tmp_path / "free.lp")
    assert by_highs(path) == pytest.approx(KINKED[name].best, rel=1e-6)
    for limit in model.limits.values():
        limit.deactivate()
    for lever, number in zip(model.levers.values(), x.tolist(), strict=True):
        lever.fix(number)
    for sense in (pyo.maximize, pyo.minimize):
        model.objective.sense = sense
        (path,) = opt.export(model, tmp_path / f"fixed_{sense}.lp")
        assert by_highs(path) == pytest.approx(value, rel=SAME, abs=SAME)


def test_mps_holds_it_too(tmp_path: Path) -> None:
    """With integers; the objective is told as it is there, to be minimized if nothing else is said."""
    (path,) = opt.export(opt.transcribe(KINKED["MIN"].problem(tmp_path), kinks="integers"), tmp_path / "case.mps")
    assert abs(by_highs(path)) == pytest.approx(KINKED["MIN"].best)


@pytest.mark.parametrize("form", FORMS)
@examples(15)
@given(random_models(), st.sampled_from([0.0, 0.1, 3.0, math.inf]))
def test_a_random_model_fulfils_the_exact_form(form: Kinks, model: RandomModel, around: float) -> None:
    """A step of it, whatever it is made of, from stocks and constants of which is known that they lie around theirs."""
    assert_step(model.loaded(), form, around)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_feature_fulfils_the_exact_form(path: Path) -> None:
    """Every feature model that needs no files beside it."""
    assert_step(sd.load(path), "integers", 0.5)


def assert_step(system: System, form: Kinks, around: float) -> None:
    """Symbols have the values of the step of numbers and lie in their ranges, and what kinks need is fulfilled."""
    model = trace(system)
    if not model.outputs.size:
        return
    simulator = sd.compile(system)
    run = simulator.trajectories(simulator.inputs())
    at = len(simulator.times) // 2
    holder: Any = pyo.ConcreteModel()
    holder.limits, holder.given = pyo.Constraint(pyo.Any), pyo.Var(range(model.states.size))
    starts: list[tuple[Any, Start]] = []
    symbols = model.states.size if math.isfinite(around) else 0
    work, values = RangedArithmetic(holder, form, starts, symbols=symbols), Values()
    stocks: list[Symbol] = []
    for row, (variable, value) in enumerate(zip(holder.given.values(), run.states[:, at].tolist(), strict=True)):
        variable.set_value(value, skip_validation=True)
        among = Interval(value - around, value + around)
        known = symbol_of(among, row, symbols) if symbols and among.is_finite else None
        stocks.append(Ranged(variable, among, form=known))
    sources = {
        Source.STOCKS: stocks,
        Source.LEVERS: [],
        Source.CONSTANTS: [],
        Source.DATA: model.data_table[:, at].tolist(),
        Source.TIME: [float(simulator.times[at])],
    }
    found = needed(model.step, frozenset(range(model.outputs.size))).results(sources, lambda *told: told[-1], work)
    for variable, start in starts:
        variable.set_value(start(values), skip_validation=True)
    for row, symbol in found[OUTPUTS].items():
        expected = run.outputs[row, at]
        if np.isfinite(expected):
            value = values.of(valued(symbol))
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)
            among = range_of(symbol)
            assert among.low - 1e-9 * abs(value) <= value <= among.high + 1e-9 * abs(value)
    assert_inside(model, simulator, found, run.states[:, at], at, around)
    assert misses(holder) <= SAME or not np.isfinite(run.states[:, at]).all()


def assert_inside(
    model: TapedModel, simulator: sd.Simulator, found: Any, states: FloatArray, at: int, around: float
) -> None:
    """Other stocks within the ranges give outputs and next stocks within theirs."""
    random = np.random.default_rng(0)
    for _ in range(4):
        moved = states + min(around, 100.0) * random.uniform(-1.0, 1.0, len(states))
        given = {
            (Role.VALUE, Source.STOCKS): moved,
            (Role.VALUE, Source.LEVERS): np.zeros(0),
            (Role.VALUE, Source.CONSTANTS): np.zeros(0),
            (Role.VALUE, Source.DATA): model.data_table[:, at],
            (Role.VALUE, Source.TIME): simulator.times[at : at + 1],
        }
        there = results(model.step, given, {STOCKS: model.states.size, OUTPUTS: model.outputs.size})
        for name in (STOCKS, OUTPUTS):
            for row, symbol in found.get(name, {}).items():
                value, among = there[name][row], range_of(symbol)
                near = 1e-9 * max(1.0, abs(value))
                assert not np.isfinite(value) or among.low - near <= value <= among.high + near


UNBOUNDED = (
    """{UTF-8}
u = 1 ~~|
gain = MIN(u, 6 - 2 * u) + bend(u) ~~|
bend((0,0),(2,1),(4,1)) ~~|
"""
    + CONTROLS
)


def test_what_has_no_exact_form_is_told(tmp_path: Path) -> None:
    """A lever without an upper bound: products in place of big-M, a table as before; both stand in the notes."""
    (tmp_path / "case.mdl").write_text(UNBOUNDED, encoding="utf-8")
    plan = {
        "model": "case.mdl",
        "horizon": [0, 3],
        "objective": {"maximize": "gain", "measure": "mean"},
        "lever": [{"variable": "u", "lower": 0}],
    }
    system = sd.load(tmp_path / "case.mdl")
    problem = opt.Problem(system, opt.read_plan(plan))
    model = opt.transcribe(problem, np.full(problem.size, 1.5), kinks="integers")
    assert misses(model) <= SAME
    told = " ".join(model.notes)
    assert "without finite bounds are products" in told
    assert "a table has no form with integers" in told
    budget = {"name": "all", "sum": "u", "at_most": 5.0}
    bounded = opt.Problem(system, opt.read_plan({**plan, "limit": [budget]}))
    told = " ".join(opt.transcribe(bounded, kinks="integers").notes)  # the budget bounds each lever
    assert "products" not in told
    assert "bounds up to" in told


def test_jumps_are_told(tmp_path: Path) -> None:
    """Comparisons are closed: that a run takes one side only stands in the notes."""
    model = opt.transcribe(KINKED["jump"].problem(tmp_path), kinks="integers")
    assert any("no open side" in note for note in model.notes)
    assert opt.transcribe(KINKED["jump"].problem(tmp_path)).notes == []


def test_bounds_decide_kinks(tmp_path: Path) -> None:
    """What no lever can reach is no kink: no integers are needed for it."""
    problem = KINKED["MIN"].problem(tmp_path)
    narrow = problem.plan.model_copy(update={"levers": (problem.plan.levers[0].model_copy(update={"upper": 1.0}),)})
    model = opt.transcribe(opt.Problem(problem.given, narrow), kinks="integers")
    assert len(model.switches) == 0


def test_other_forms_are_refused(tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(InvalidRequest, match="'sos2'"):
        opt.transcribe(KINKED["MIN"].problem(tmp_path), kinks="binary")  # type: ignore[arg-type]
    assert KINKS[0] == "absolute"
