"""Pyomo expressions made of a tape have the values of the tape: every operation, table, feature and model."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.agreement import RELATIVE, gap
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from optimize.transcription.symbols import Symbol, apply, look_up, valued
from optimize.transcription.unrolling import Part, needed
from optimize.transcription.values import Values
from sd_models.dynamics.functions import Operation
from sd_models.numbers.tables import read
from sd_models.system.model import FloatArray, Interpolation, Series, System
from sd_models.tape.arithmetic import calculate
from sd_models.tape.instructions import Role, Source
from sd_models.tape.running import results
from sd_models.tape.tracing import OUTPUTS, STOCKS, TapedModel, trace

FOLDER = Path(__file__).parents[1] / "models"
FILES = sorted(path for ending in ("mdl", "xmile") for path in FOLDER.rglob(f"*.{ending}"))
ORDINARY = (0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-3, -7.25)
ARGUMENTS = {
    **dict.fromkeys(Operation, 2),
    **dict.fromkeys(
        (
            *(Operation.NEGATE, Operation.NOT, Operation.ABSOLUTE, Operation.FLOOR, Operation.CEILING, Operation.EXP),
            *(Operation.LOG, Operation.SQRT, Operation.SIN, Operation.COS, Operation.TAN, Operation.ARCSIN),
            *(Operation.ARCCOS, Operation.ARCTAN, Operation.SINH, Operation.COSH, Operation.TANH),
        ),
        1,
    ),
    Operation.CHOOSE: 3,
}


def variables(values: FloatArray | list[float]) -> list[Symbol]:
    """Pyomo variables with these values."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(len(values)))
    for variable, value in zip(model.x.values(), values, strict=True):
        variable.set_value(float(value), skip_validation=True)
    return [model.x[i] for i in range(len(values))]


@pytest.mark.parametrize("operation", list(Operation))
def test_an_operation_has_its_value(operation: Operation) -> None:
    """On all ordinary arguments, as variables, and with each of them a number."""
    count = ARGUMENTS[operation]
    ordinary = [x for x in ORDINARY if operation is not Operation.REMAINDER or x != 1e-3]
    checked = 0
    for values in product(ordinary, repeat=count):
        expected = float(calculate(operation, *values))
        if not np.isfinite(expected):
            continue
        for number in range(-1, count if count > 1 else 0):
            symbols = [v if i == number else x for i, (v, x) in enumerate(zip(values, variables(values), strict=True))]
            assert Values().of(valued(apply(operation, *symbols))) == pytest.approx(expected, rel=1e-12, abs=1e-14)
            checked += 1
    assert checked > 3


@pytest.mark.parametrize("operation", [Operation.MINIMUM, Operation.MAXIMUM])
@pytest.mark.parametrize("bound", [np.inf, -np.inf, 1e30, -1e30, np.nan])
def test_a_bound_that_is_none_costs_no_digits(operation: Operation, bound: float) -> None:
    """Infinity and immense numbers stand for no limit in many models."""
    for value in (0.1, -3.7):
        (x,) = variables([value])
        expected = float(calculate(operation, value, bound))
        found = apply(operation, x, bound)
        assert (Values().of(valued(found)) if not isinstance(found, float) else found) == expected


@pytest.mark.parametrize("interpolation", list(Interpolation))
@given(st.data())
def test_a_table_has_its_values(interpolation: Interpolation, data: st.DataObject) -> None:
    """Between its points, on them, beyond them, where it jumps."""
    count = data.draw(st.integers(1, 5))
    steps = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=count - 1, max_size=count - 1))
    xs = np.cumsum([-1.0, *steps])
    ys = np.array(data.draw(st.lists(st.floats(-10, 10), min_size=count, max_size=count)))
    table = Series(xs, ys, interpolation)
    at = data.draw(st.sampled_from([-5.0, 9.0, *xs, *(xs[:-1] + np.diff(xs) / 3)]))
    (x,) = variables([at])
    found = look_up(table, ys, x)
    expected = float(read(table, np.array(at), np.array(0)))
    assert (found if isinstance(found, float) else Values().of(found)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


# --- models -----------------------------------------------------------------------------------------------------------


def assert_steps(system: System, **roles: list[str]) -> None:
    """At three times of its own run a step of symbols gives the outputs and the stocks of the step of numbers."""
    model = trace(system, **roles)
    simulator = sd.compile(system, **roles)
    inputs = simulator.inputs()
    run = simulator.trajectories(inputs)
    part = needed(model.step, frozenset(range(model.outputs.size)))
    for at in sorted({0, len(simulator.times) // 2, len(simulator.times) - 1}):
        stocks, levers = run.states[:, at], inputs.levers[:, at]
        expected = results(
            model.step,
            {
                (Role.VALUE, Source.STOCKS): stocks,
                (Role.VALUE, Source.LEVERS): levers,
                (Role.VALUE, Source.CONSTANTS): inputs.constants[:, 0],
                (Role.VALUE, Source.DATA): model.data_table[:, at],
                (Role.VALUE, Source.TIME): simulator.times[at : at + 1],
            },
            {STOCKS: model.states.size, OUTPUTS: model.outputs.size},
        )
        _assert_alike(part, model, at, (stocks, levers, inputs.constants[:, 0]), expected)


def _assert_alike(
    part: Part, model: TapedModel, at: int, given: tuple[FloatArray, ...], expected: dict[str, FloatArray]
) -> None:
    stocks, levers, constants = (variables(column) for column in given)
    sources = {
        Source.STOCKS: stocks,
        Source.LEVERS: levers,
        Source.CONSTANTS: constants,
        Source.DATA: model.data_table[:, at].tolist(),
        Source.TIME: [float(model.grid.times[at])],
    }
    holder = pyo.ConcreteModel()
    holder.shared = pyo.Expression(pyo.Any)

    def keep(number: int, place: int, expression: Symbol) -> Symbol:
        holder.shared[number, place] = valued(expression)
        return holder.shared[number, place]

    values = Values()
    assert part.placed[OUTPUTS]
    for name, found in part.results(sources, keep).items():
        mine = np.array([values.of(valued(one)) for one in found.values()])
        theirs = expected[name][list(found)]
        known = np.isfinite(theirs)  # Python's arithmetic has no infinity where C's has one
        assert gap(mine[known], theirs[known]) <= RELATIVE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_feature_has_its_values(path: Path) -> None:
    """Every feature model."""
    beside = path.name in ("data_bare.mdl", "data_beside.mdl")
    system = sd.load(path, data=[FOLDER / "beside.csv"] if beside else ())
    if trace(system).outputs.size:
        assert_steps(system)


@pytest.mark.parametrize(
    ("name", "regions", "lever"),
    [
        ("urbanization", None, "public investment in citizenization"),
        ("common_prosperity", "macro", "public investment"),
    ],
)
def test_a_library_model_has_its_values(name: str, regions: str | None, lever: str) -> None:
    """With its levers as variables."""
    assert_steps(sd.load(name, regions=regions), levers=[lever])


@examples(60)
@given(random_models())
def test_a_random_model_has_its_values(model: RandomModel) -> None:
    """Whatever it is made of."""
    assert_steps(model.loaded())
