"""Kernels give the numbers of CasADi, and of NumPy on the same tape: every operation, feature, and model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.agreement import RELATIVE, gap
from support.kernels import computing, largest_gap
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from sd_models.dynamics.functions import Operation
from sd_models.dynamics.preparation import prepare
from sd_models.errors import InvalidRequest
from sd_models.simulator.engines import Engine
from sd_models.simulator.sensitivity import adjoint, tangents
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import Interpolation, Kind, Series, System
from sd_models.tape.instructions import REDUCTIONS, Movement, Placed, Source
from sd_models.tape.recording import Recorder
from sd_models.targets.native import operations

FOLDER = Path(__file__).parents[1] / "models"
FILES = sorted(path for ending in ("mdl", "xmile") for path in FOLDER.rglob(f"*.{ending}"))
ODD = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-6, -1e-6, 9e-7, 1e300, -1e300, 1e-300, 5e-324, np.inf, -np.inf, np.nan)
LENGTHS = (0, 2, 3, 5, 8, 9, 31)
ARGUMENTS: Mapping[Operation, int] = {
    **dict.fromkeys(Operation, 1),
    **dict.fromkeys(
        (
            Operation.ADD,
            Operation.SUBTRACT,
            Operation.MULTIPLY,
            Operation.DIVIDE,
            Operation.POWER,
            Operation.LESS,
            Operation.LESS_EQUAL,
            Operation.EQUAL,
            Operation.UNEQUAL,
            Operation.AND,
            Operation.OR,
            Operation.MINIMUM,
            Operation.MAXIMUM,
            Operation.REMAINDER,
        ),
        2,
    ),
    Operation.CHOOSE: 3,
}


def drawn(seed: int, size: int) -> np.ndarray:
    """Numbers of every size and sign, whole and broken, among them odd ones."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=size) * 10.0 ** draw.integers(-4, 4, size=size)
    values = np.where(draw.random(size) < 0.3, np.round(values), values)
    return np.where(draw.random(size) < 0.3, draw.choice(ODD, size=size), values)


# --- operations -------------------------------------------------------------------------------------------------------


def test_every_operation_has_code() -> None:
    """What a tape can hold, machine code can do."""
    assert set(operations.OPERATIONS) == set(Operation)
    assert set(operations.STEPS) == set(operations.NEUTRAL) == set(REDUCTIONS)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("operation", Operation)
def test_an_operation_gives_the_numbers_of_numpy(operation: Operation, length: int) -> None:
    """On single numbers, and on rows of every length beside whole vectors; also of a row and a single number."""
    count = ARGUMENTS[operation]
    places = max(length, 1)
    recorder = Recorder()
    rows = [recorder.load(Source.STOCKS, np.arange(places) + i * places) for i in range(count)]
    alone = recorder.load(Source.CONSTANTS, np.zeros(1, dtype=np.int64))
    values = [recorder.apply(operation, *rows), recorder.apply(operation, *rows[:-1], alone)]
    results = {"outputs": [Placed(value, np.arange(places) + i * places) for i, value in enumerate(values)]}
    tape = recorder.tape(results)
    given = [{Source.STOCKS: drawn(s, count * places), Source.CONSTANTS: drawn(s + 100, 1)} for s in range(12)]
    assert largest_gap(tape, given) <= 1e-14


@pytest.mark.parametrize("exponent", [*range(-3, 20), 0.0625, 0.5, 1.5, -0.5])
def test_a_power_with_a_known_exponent_gives_the_numbers_of_numpy(exponent: float) -> None:
    """Products where they are whole and small, with special numbers too."""
    recorder = Recorder()
    row = recorder.load(Source.STOCKS, np.arange(31))
    power = recorder.apply(Operation.POWER, row, recorder.constant(float(exponent)))
    tape = recorder.tape({"outputs": [Placed(power, np.arange(31))]})
    assert largest_gap(tape, [{Source.STOCKS: drawn(seed, 31)} for seed in range(12)]) <= 8 * 2.0**-52


@pytest.mark.parametrize("length", [n for n in LENGTHS if n])
@pytest.mark.parametrize("movement", [*sorted(REDUCTIONS), Movement.PICK, Movement.TAKE, Movement.MERGE])
def test_a_movement_gives_the_numbers_of_numpy(movement: Movement, length: int) -> None:
    """Sums count what fills up no vector; parts and orders of rows come out as they are."""
    recorder = Recorder()
    row = recorder.apply(Operation.ADD, recorder.load(Source.STOCKS, np.arange(length)), recorder.constant(1.0))
    one = recorder.apply(Operation.NEGATE, recorder.load(Source.CONSTANTS, np.zeros(1, dtype=np.int64)))
    order = np.random.default_rng(length).permutation(length)
    match movement:
        case Movement.PICK:
            found, places = recorder.pick(row, length - 1), 1
        case Movement.TAKE:
            found, places = recorder.take(row, order), length
        case Movement.MERGE:
            found, places = recorder.merge(np.where(order % 2, row, one), order), length
        case _:
            found, places = recorder.reduce(movement, row, length), 1
    again = recorder.apply(Operation.MULTIPLY, found, row)
    results = [Placed(found, np.arange(places)), Placed(again, places + np.arange(length))]
    tape = recorder.tape({"outputs": results})
    given = []
    for seed in range(6):
        stocks = np.random.default_rng(seed).normal(size=length)
        stocks[seed % length] = np.nan if movement in (Movement.LEAST, Movement.LARGEST) else 3.0
        given.append({Source.STOCKS: stocks, Source.CONSTANTS: np.array([2.5])})
    assert largest_gap(tape, given) <= 1e-13


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("points", [1, 2, 5])
@pytest.mark.parametrize("interpolation", [kind for kind in Interpolation if kind is not Interpolation.RAW])
def test_a_table_gives_the_numbers_of_numpy(interpolation: Interpolation, points: int, length: int) -> None:
    """At its points, between and beyond them, at infinity and no number; of rows, a table for each position."""
    recorder, places = Recorder(), max(length, 1)
    x = recorder.load(Source.STOCKS, np.arange(places))
    draw = np.random.default_rng(points)
    at = np.sort(draw.normal(size=points))
    numbers = [recorder.table(Series(at, y, interpolation), y) for y in draw.normal(size=(places, points))]
    tape = recorder.tape({"outputs": [Placed(recorder.lookup(x, np.array(numbers)), np.arange(places))]})
    given = [{Source.STOCKS: np.append(drawn(seed, places - 1), at[seed % points])} for seed in range(12)]
    assert largest_gap(tape, given) <= 1e-14


def test_values_that_meet_at_an_element_add_up() -> None:
    """Several results at one element are their sum, rows that meet themselves too; what fills a vector adds nothing."""
    recorder = Recorder()
    row = recorder.apply(Operation.NEGATE, recorder.load(Source.STOCKS, np.arange(5)))
    results = [Placed(row, np.arange(5)), Placed(row, np.array([1, 1, 4, 1, 0])), Placed(row, np.arange(5))]
    tape = recorder.tape({"outputs": results})
    stocks = np.array([1.0, 10.0, 100.0, 1e3, 1e4])
    found = computing(tape, {Source.STOCKS: 5}, {"outputs": 6})({Source.STOCKS: stocks})["outputs"]
    assert found.tolist() == [-1e4 - 2, -1031, -200, -2e3, -20100, 0]


# --- models -----------------------------------------------------------------------------------------------------------


def loaded(path: Path) -> System:
    beside = path.name in ("data_bare.mdl", "data_beside.mdl")
    return sd.load(path, data=[FOLDER / "beside.csv"] if beside else ())


def assert_alike(system: System, seed: int = 0, **roles: list[str]) -> None:
    """Runs, gradients of sums of outputs to all inputs, and derivatives along directions, a little off the model's own
    inputs."""
    native = sd.compile(system, engine=Engine.NATIVE, **roles)
    symbolic = Simulator(replace(native.model, native=None))
    draw = np.random.default_rng(seed)
    inputs = native.inputs()
    inputs = replace(
        inputs,
        levers=shaken(inputs.levers, draw),
        constants=shaken(inputs.constants, draw),
        initials=shaken(inputs.initials, draw),
    )
    ours, theirs = native.trajectories(inputs), symbolic.trajectories(inputs)
    for rows in native.model.outputs.rows.values():
        assert gap(ours.outputs[rows], theirs.outputs[rows]) <= RELATIVE
    assert gap(ours.states, theirs.states) <= RELATIVE
    weights = draw.normal(size=(3, *ours.outputs.shape))
    for found, wanted in zip(adjoint(native, inputs, weights)[1], adjoint(symbolic, inputs, weights)[1], strict=True):
        assert_close(found, wanted)
    directions = draw.normal(size=(native.model.constants.size, 2))
    assert_close(tangents(native, inputs, ours, directions), tangents(symbolic, inputs, theirs, directions))


def shaken(values: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Values a little off, none equal by chance: on a kink each engine has the derivative of a side of its own."""
    return np.asarray(values * (1 + 0.01 * draw.random(values.shape)) + 1e-3 * draw.random(values.shape))


def assert_close(found: np.ndarray, wanted: np.ndarray) -> None:
    """To 1e-9 of the largest; where CasADi has no number, nothing is asked."""
    known = np.isfinite(wanted)
    scale = np.abs(wanted[known]).max(initial=0.0)
    np.testing.assert_allclose(found[known], wanted[known], rtol=1e-9, atol=1e-9 * scale)


def constants_of(system: System) -> list[str]:
    """Constants that may be inputs."""
    names = [variable.name for variable in system.of_kind(Kind.CONSTANT) if not variable.origin]
    while True:
        try:
            prepare(system, constants=names)
        except InvalidRequest as error:
            names = [name for name in names if repr(name) not in str(error)]
        else:
            return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_feature_runs_alike(path: Path) -> None:
    """Every variable, element and time, Runge-Kutta's included, and its derivatives to all constants."""
    system = loaded(path)
    assert_alike(system, constants=constants_of(system))


@pytest.mark.parametrize(
    ("name", "regions", "roles"),
    [
        ("urbanization", None, {"constants": ["mobility"]}),
        ("common_prosperity", "macro", {"levers": ["public investment"]}),
        ("common_prosperity", "macro", {"constants": ["cost of basic services"]}),
        ("common_prosperity", "provinces", {"levers": ["public investment"]}),
    ],
)
def test_a_library_model_runs_alike(name: str, regions: str | None, roles: dict[str, list[str]]) -> None:
    """Every variable at every time, and derivatives to levers and constants."""
    assert_alike(sd.load(name, regions=regions), **roles)


@examples(50)
@given(random_models(), st.integers(0, 2**16))
def test_a_random_model_runs_alike(model: RandomModel, seed: int) -> None:
    """Dimensions, subranges, delays and tables as they come, with all inputs."""
    levers = list(model.auxiliaries)[:1]
    assert_alike(model.loaded(), seed, levers=levers, constants=list(model.constants), initial=list(model.stocks))


def test_runs_repeat_bit_for_bit() -> None:
    """Again, alone or in a batch, in one thread or in several."""
    system = sd.load("common_prosperity", regions="macro")
    simulator = sd.compile(system, levers=["public investment"], engine=Engine.NATIVE)
    inputs = simulator.inputs()
    batch = replace(
        inputs,
        levers=np.tile(inputs.levers, (1, 3)),
        constants=np.tile(inputs.constants, (1, 3)),
        initials=np.tile(inputs.initials, (1, 3)),
        runs=3,
    )
    once = simulator.trajectories(inputs).outputs
    assert np.array_equal(once, simulator.trajectories(inputs).outputs)
    assert np.array_equal(np.tile(once, (1, 3)), simulator.trajectories(batch).outputs)
    weights = np.random.default_rng(0).normal(size=(20, *once.shape))
    first, second = (adjoint(simulator, inputs, weights)[1] for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
