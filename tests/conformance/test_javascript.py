"""The tape, and the JavaScript made of it, give the numbers of the simulator: every function, feature, and model."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.agreement import RELATIVE, gap
from support.javascript import both, javascript_gaps
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from optimize.benchmarks.embedded import Engine
from sd_models.dynamics.functions import Operation
from sd_models.system.expression import Call, Expr, Number, Ref, Subscript
from sd_models.system.functions import FUNCTIONS, REDUCTIONS
from sd_models.system.model import Dimension, Equation, Interpolation, Kind, Series, System, Values, Variable
from sd_models.tape.instructions import Movement
from sd_models.tape.running import run
from sd_models.tape.tracing import trace
from sd_models.targets.javascript import operations
from sd_models.targets.javascript.program import KINDS, javascript

FOLDER = Path(__file__).parents[1] / "models"
FILES = sorted(path for ending in ("mdl", "xmile") for path in FOLDER.rglob(f"*.{ending}"))
SIZE = 400
ODD = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-6, -1e-6, 9e-7, 1e300, -1e300, 1e-300, np.inf, -np.inf, np.nan)
ELEMENTWISE = sorted(
    name for name, f in FUNCTIONS.items() if f.compiled and name not in {*REDUCTIONS, "LOOKUP", "INVERT MATRIX"}
)
TIMES = {
    name: Variable(name, Kind.CONSTANT, (), (Equation((), Number(value)),))
    for name, value in {"INITIAL TIME": 0.0, "FINAL TIME": 3.0, "TIME STEP": 0.5}.items()
}


def loaded(path: Path) -> System:
    beside = path.name in ("data_bare.mdl", "data_beside.mdl")
    return sd.load(path, data=[FOLDER / "beside.csv"] if beside else ())


def disagreeing(system: System, **roles: list[str]) -> dict[str, float]:
    """The variables in which V8 and the simulator differ, with inputs as the model has them."""
    found = javascript_gaps(sd.compile(system, **roles), Engine(javascript(system, **roles)))
    return {name: value for name, value in found.items() if value > RELATIVE}


# --- features ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_feature_runs_alike(path: Path) -> None:
    """Every variable, element and time of every feature model, Runge-Kutta's included."""
    assert not disagreeing(loaded(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_tape_runs_alike(path: Path) -> None:
    """NumPy's run of the tape: the ground of all targets that are made of it."""
    system = loaded(path)
    simulator, model = sd.compile(system), trace(system)
    outputs, _ = run(model, np.zeros((0, len(simulator.times))), np.zeros(0), np.zeros(0))
    reference = simulator.trajectories(simulator.inputs()).outputs
    assert all(gap(outputs[rows], reference[rows]) <= RELATIVE for rows in model.outputs.rows.values())


@pytest.mark.parametrize(
    ("name", "levers", "constants"),
    [
        ("urbanization", (), ("mobility",)),
        ("common_prosperity", ("public investment",), ()),
        ("common_prosperity", (), ("cost of basic services",)),
    ],
)
def test_a_library_model_runs_alike(name: str, levers: tuple[str, ...], constants: tuple[str, ...]) -> None:
    """With its own inputs, and with others: every variable of all provinces at every time."""
    system = sd.load(name)
    simulator = sd.compile(system, levers=levers, constants=constants)
    engine = Engine(javascript(system, levers=levers, constants=constants))
    draw = np.random.default_rng(1)
    size = (len(simulator.times), simulator.model.levers.size)
    paths = {v: draw.uniform(0, 0.05, (size[0], *system.shape(system[v]))) for v in levers}
    others = {v: np.ravel(simulator.defaults[v][:, 0]) * draw.uniform(0.8, 1.2) for v in constants}
    given = {v: values.reshape(system.shape(system[v])) for v, values in others.items()}
    for inputs in ({}, {"levers": paths, "constants": given}):
        worst = javascript_gaps(simulator, engine, **inputs)
        assert max(worst.values()) <= RELATIVE, max(worst, key=worst.__getitem__)


@examples(50)
@given(random_models())
def test_a_random_model_runs_alike(model: RandomModel) -> None:
    """Dimensions, subranges, delays and tables as they come."""
    assert not disagreeing(model.loaded())


@examples(25)
@given(random_models(), st.integers(0, 2**16))
def test_inputs_of_a_random_model_act_alike(model: RandomModel, seed: int) -> None:
    """Constants, first stocks and levers at drawn values."""
    system = model.loaded()
    draw = np.random.default_rng(seed)
    constants, initial, levers = list(model.constants), list(model.stocks), list(model.auxiliaries)[:1]
    simulator = sd.compile(system, levers=levers, constants=constants, initial=initial)
    engine = Engine(javascript(system, levers=levers, constants=constants, initial=initial))

    def drawn(names: list[str]) -> dict[str, np.ndarray]:
        return {name: draw.uniform(-4, 4, system.shape(system[name])) for name in names}

    paths = {name: draw.uniform(-4, 4, (len(simulator.times), *system.shape(system[name]))) for name in levers}
    worst = javascript_gaps(simulator, engine, levers=paths, constants=drawn(constants), initial=drawn(initial))
    assert max(worst.values()) <= RELATIVE, worst


# --- functions --------------------------------------------------------------------------------------------------------


def test_every_operation_has_its_text() -> None:
    """Of elements and of rows; every way to read a table has its number."""
    assert set(operations.OPERATIONS) == set(Operation)
    assert set(operations.REDUCTIONS) == {Movement.SUM, Movement.PRODUCT, Movement.LEAST, Movement.LARGEST}
    assert set(KINDS) == set(Interpolation) - {Interpolation.RAW}


def assert_same(system: System, constants: list[str]) -> None:
    """Number by number to a few units of the last place, without regard to how large others are."""
    simulator = sd.compile(system, constants=constants)
    ours, reference = both(simulator, Engine(javascript(system, constants=constants)))
    np.testing.assert_allclose(ours, reference, rtol=1e-13)


def along(name: str, *axes: str) -> Ref:
    return Ref(name, tuple(Subscript(axis, axis) for axis in axes))


def odd_model(expr: Expr, columns: np.ndarray, **more: Variable) -> System:
    """A model that computes an expression of constants p0, p1, ... which are inputs, so that nothing is folded."""
    dimensions = {"k": Dimension("k", tuple(f"k{i}" for i in range(SIZE)), "k")}
    given = {
        f"p{i}": Variable(f"p{i}", Kind.CONSTANT, ("k",), (Equation(("k",), Values(column)),))
        for i, column in enumerate(columns.T)
    }
    x = Variable("x", Kind.AUXILIARY, ("k",), (Equation(("k",), expr),))
    return System("model", {**TIMES, **given, **more, "x": x}, dimensions)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_function_of_odd_numbers_runs_alike(name: str) -> None:
    """Of zeros, infinities, NaN and what counts as zero, in every pair; at several times.

    Exponentials and sines of V8 are its own: they may differ in the last digit. The sign of a zero that is raised to a
    power is left out: CasADi's step loses it in the choice that keeps the derivative finite.
    """
    for count in sorted(set(FUNCTIONS[name].arguments)):
        columns = np.ones((SIZE, max(count, 1)))
        pairs = list(product(ODD, ODD))
        for i in range(count):
            columns[: len(pairs), i] = [pair[i % 2] for pair in pairs]
        columns[len(pairs) :] = np.random.default_rng(count).normal(size=(SIZE - len(pairs), max(count, 1))) * 10
        if name in ("^", "POWER"):
            columns[:, 0] += 0.0
        expr = Call(name, tuple(along(f"p{i}", "k") for i in range(count)))
        system = odd_model(expr, columns)
        assert_same(system, [f"p{i}" for i in range(count)])


@pytest.mark.parametrize(
    "exponent", [-65.0, -3.0, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 2.0, 3.0, 7.0, 64.0, 65.0, np.inf, np.nan]
)
def test_a_power_with_a_known_exponent_runs_alike(exponent: float) -> None:
    """As products, as a root, as an exponential: of every base."""
    columns = np.concatenate([ODD, np.random.default_rng(0).normal(size=SIZE - len(ODD)) * 5])[:, np.newaxis]
    assert_same(odd_model(Call("^", (along("p0", "k"), Number(exponent))), columns), ["p0"])


@pytest.mark.parametrize("kind", [kind for kind in Interpolation if kind is not Interpolation.RAW])
@pytest.mark.parametrize("x", [[0.0, 1.0, 1.0, 4.5], [2.0], [-1.0, 0.3], [0.0, 2.0, 2.0], [-1.0, -1.0, 3.0]])
def test_a_table_is_read_alike(kind: Interpolation, x: list[float]) -> None:
    """On, between and beyond its points, at jumps, at what is not a number; one for all and one for each element."""
    draw = np.random.default_rng(len(x))
    columns = np.concatenate([ODD, x, draw.normal(size=SIZE - len(ODD) - len(x)) * 3])[:, np.newaxis]
    one = Variable("t", Kind.TABLE, (), (Equation((), Series(np.array(x), draw.normal(size=len(x)), kind)),))
    each = Series(np.array(x), draw.normal(size=(len(x), SIZE)), kind)
    several = Variable("t", Kind.TABLE, ("k",), (Equation(("k",), each),))
    for table in (one, several):
        expr = Call("LOOKUP", (along("t", *table.dimensions), along("p0", "k")))
        assert_same(odd_model(expr, columns, t=table), ["p0"])
