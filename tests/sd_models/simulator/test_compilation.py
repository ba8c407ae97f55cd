"""A system to functions: columns, what is fixed, which inputs fit, and sizes that do not."""

from __future__ import annotations

from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import CONTROLS, faults, loaded

import sd_models as sd
from sd_models.dynamics.preparation import layout
from sd_models.errors import Fault, InvalidRequest
from sd_models.simulator import compilation
from sd_models.simulator.compilation import STEPS_IN_A_ROW, compile_system, exact_arithmetic
from sd_models.system.expression import Number
from sd_models.system.model import Dimension, Equation, Kind, System, Variable

TEXT = """region: north, south ~~|
k[region] = 1, 2 ~~|
double[region] = k[region] * 2 ~~|
late = DELAY1(Time, 2) ~~|
delay = 2 + 1 ~~|
slow = DELAY FIXED(Time, delay, 0) ~~|
s[region] = INTEG(double[region], 0) ~~|
table((0,0),(1,1)) ~~|
prices ~~|
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    folder = tmp_path_factory.mktemp("model")
    (folder / "v.csv").write_text("Time,prices\n0,1\n4,2\n", encoding="utf-8")
    return loaded(folder, TEXT, data=[folder / "v.csv"])


@given(st.lists(st.lists(st.integers(1, 4), max_size=3), max_size=5))
def test_variables_stand_below_each_other_in_a_column(shapes: list[list[int]]) -> None:
    """Rows neither overlap nor leave gaps, in the order given; splitting the column gives the parts back."""
    sizes = sorted({size for shape in shapes for size in shape})
    dimensions = {f"d{n}": Dimension(f"d{n}", tuple(f"e{i}" for i in range(n)), f"d{n}") for n in sizes}
    variables = [
        Variable(f"v{i}", Kind.CONSTANT, tuple(f"d{n}" for n in shape), (Equation((), Number(0.0)),))
        for i, shape in enumerate(shapes)
    ]
    system = System("model", {v.name: v for v in variables}, dimensions)
    names = [v.name for v in reversed(variables)]
    found = layout(system, names)
    assert list(found.rows) == names
    rows = [row for part in found.rows.values() for row in range(part.start, part.stop)]
    assert rows == list(range(found.size))
    parts = found.split(ca.DM(list(range(found.size))))
    for name, shape in zip(reversed(names), shapes, strict=True):
        assert parts[name].numel() == np.prod(shape, dtype=int)
    joined = [value for name in names for value in np.asarray(parts[name]).ravel()]
    assert joined == list(range(found.size))


def test_what_cannot_change_is_no_output_of_a_step(system: System) -> None:
    """It is known once; as an input, or behind one, it can change."""
    model = compile_system(system)
    assert {"k", "double", "delay"} <= set(model.fixed)
    assert model.fixed["double"].tolist() == [2, 4]
    assert {"s", "late", "prices"} <= set(model.outputs.rows)
    with_input = compile_system(system, constants=["k"])
    assert {"k", "double"} <= set(with_input.outputs.rows)


def test_outputs_are_the_modellers_variables(system: System) -> None:
    """Unless others are named."""
    model = compile_system(system)
    assert {*model.outputs.rows, *model.fixed} == set(system.variables) - {"table"}
    named = compile_system(system, outputs=["late: DELAY", "DOUBLE"])
    assert list(named.outputs.rows) == ["late: DELAY"]
    assert list(named.fixed) == ["double"]


def test_states_are_stocks_and_samples(system: System) -> None:
    """Those of delays behind those of the file."""
    states = compile_system(system).states
    assert set(states.rows) == {"s", "late: DELAY", "slow: DELAY FIXED"}
    assert states.size == 2 + 1 + 6


def test_data_is_a_table_over_time(system: System) -> None:
    """A column for each time; a data variable that is a lever has none."""
    assert compile_system(system).data_table.tolist() == [[1, 1.125, 1.25, 1.375, 1.5, 1.625, 1.75, 1.875, 2]]
    assert compile_system(system, levers=["prices"]).data_table.shape == (0, 9)


def test_compiling_twice_gives_equal_functions(system: System) -> None:
    """Whatever the order of sets."""
    one, other = (compile_system(system, constants=["k"]) for _ in range(2))
    assert str(one.step) == str(other.step)
    assert list(one.outputs.rows) == list(other.outputs.rows)
    assert one.step.n_instructions() == other.step.n_instructions()


def test_operations_stay_in_the_order_of_the_equations() -> None:
    """Only there; CasADi would put numbers together."""
    x = ca.SX.sym("x")
    with exact_arithmetic():
        assert str(x * 3 * 7) == "((x*3)*7)"
    assert str(x * 3 * 7) == "(21*x)"


def test_an_error_leaves_casadi_as_it_was() -> None:
    """Its settings are those of the whole process."""

    def fail() -> None:
        with exact_arithmetic():
            raise ZeroDivisionError

    before = ca.GlobalOptions.getSimplificationOnTheFly()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert ca.GlobalOptions.getSimplificationOnTheFly() == before


def test_many_steps_take_little_memory(tmp_path: Path) -> None:
    """Beyond one row of them, steps stand in groups, also where their number is a multiple of nothing."""
    steps = STEPS_IN_A_ROW + 507
    controls = CONTROLS.replace("= 4", f"= {steps}").replace("= 0.5", "= 1")
    simulator = sd.compile(
        loaded(tmp_path, "s = INTEG(r * s, 1) ~~|\nr = 1e-4 ~~|", controls=controls), constants=["r"]
    )
    found = sd.sensitivities(simulator, ["s"])
    assert float(found.values[0]) == pytest.approx((1 + 1e-4) ** steps, rel=1e-11)
    assert float(found.gradients["r"][0]) == pytest.approx(steps * (1 + 1e-4) ** (steps - 1), rel=1e-11)


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "fault"),
    [
        (
            {"levers": ["s"]},
            Fault(
                "'s' is a stock; expected constant or auxiliary or data.",
                file="case",
                advice="Stocks follow from their flows: take a flow as lever, or the initial value as initial.",
            ),
        ),
        (
            {"constants": ["prices"]},
            Fault(
                "'prices' is a data; expected constant or auxiliary.",
                file="case",
                advice="Give a path as levers, an initial value as initial.",
            ),
        ),
        (
            {"initial": ["k"]},
            Fault(
                "'k' is a constant; expected stock or sample.",
                file="case",
                advice="Give a constant as constants, a path over time as levers.",
            ),
        ),
        (
            {"levers": ["k"], "constants": ["K"]},
            Fault(
                "'k' is given as lever and as constant.",
                file="case",
                advice="A lever has a path, a constant one value a run.",
            ),
        ),
        (
            {"constants": ["delay"]},
            Fault(
                "'delay' sets the length of a delay, so it cannot be an input of a compiled model.",
                file="case",
                advice="Give it to sd.simulate as one constant value, or time=TimeSpan(...).",
            ),
        ),
        (
            {"levers": ["FINAL TIME"]},
            Fault(
                "'FINAL TIME' sets the time points of a run, so it cannot be an input of a compiled model.",
                file="case",
                advice="Give it to sd.simulate as one constant value, or time=TimeSpan(...).",
            ),
        ),
        (
            {"outputs": ["table"]},
            Fault(
                "'table' is a table; it has no value of its own in a run.",
                file="case",
                advice="Name the variable that calls it.",
            ),
        ),
        (
            {"outputs": ["doubl"]},
            Fault("there is no variable 'doubl'.", file="case", advice="Did you mean 'double'?"),
        ),
    ],
)
def test_a_name_that_cannot_take_its_role_is_refused(system: System, roles: dict[str, list[str]], fault: Fault) -> None:
    """With what could."""
    assert faults(InvalidRequest, lambda: compile_system(system, **roles)) == (fault,)


def test_a_text_is_one_name(system: System) -> None:
    """Not a list of letters."""
    assert list(compile_system(system, levers="k", outputs="s").levers.rows) == ["k"]


def test_a_result_that_would_not_fit_is_refused(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is computed."""
    monkeypatch.setattr(compilation, "LARGEST_RESULT", 50)
    (fault,) = faults(InvalidRequest, lambda: compile_system(system))
    assert fault.found.endswith("numbers; at most 50 fit into memory.")
    assert fault.advice == "Name the outputs that you need, or take a larger TIME STEP."
