"""Rewrites add variables or change equations; they never rename or drop one, and leave runs as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import Fault, InvalidModel, InvalidRequest
from sd_models.numbers.evaluation import numbers
from sd_models.rewrites import expand_stateful, fold_constants, substitute
from sd_models.rewrites.folding import unchanging
from sd_models.rewrites.stateful import LONGEST_CHAIN, at_beginning
from sd_models.system.expression import Expr, functions
from sd_models.system.functions import STATEFUL
from sd_models.system.model import Kind, Series, System, Values

RANGES = "region: north, south, west ~~|\ncoast: north, west ~~|\nk[region] = 1, 2, 3 ~~|\n"
MEMORY = f"""{RANGES}
average = SMOOTH(Time, 2) ~~|
third[region] = SMOOTH3I(k[region] * Time, 2, 5) ~~|
late = DELAY1(Time + 1, 2) + DELAY3(Time + 2, 2) ~~|
nth = DELAY N(Time, 2, 1, 4) ~~|
fixed[region] = DELAY FIXED(k[region] * Time, k[region], 7) ~~|
trend = TREND(Time + 1, 2, 0.1) * FORECAST(Time + 1, 2, 3) ~~|
held = SAMPLE IF TRUE(Time > 2, Time, 7) ~~|
first = INITIAL(Time + 3) ~~|
inside = 1 + INTEG(2, 3) ~~|
total = SUM(SMOOTH(k[region!] * Time, 2)) ~~|
part[coast] = SMOOTH(k[coast] * Time, 2) ~~|
part[south] = 0 ~~|
left[region] :EXCEPT: [west] = SMOOTH(k[region] * Time, 3) ~~|
left[west] = -1 ~~|
nested = SMOOTH(SMOOTH(DELAY1(Time, 1), 1), INITIAL(Time + 1)) ~~|
"""


def expanded(system: System) -> System:
    """Without memory, for a run from 0 with steps of 0.5."""
    return expand_stateful(system, initial_time=0.0, time_step=0.5)


def sides(system: System) -> list[Expr]:
    """All expressions of a system."""
    parts = (side for v in system for equation in v.equations for side in (equation.definition, equation.initial))
    return [side for side in parts if side is not None and not isinstance(side, Values | Series)]


# --- functions with a memory ------------------------------------------------------------------------------------------


def test_no_function_with_a_memory_is_left(tmp_path: Path) -> None:
    """Only stocks and samples remember."""
    assert any(functions(side) & STATEFUL for side in sides(loaded(tmp_path, MEMORY)))
    assert not any(functions(side) & STATEFUL for side in sides(expanded(loaded(tmp_path, MEMORY))))


def test_first_values_stand_in_for_functions_with_a_memory(tmp_path: Path) -> None:
    """They are those of the run, for every function and every variable."""
    system = loaded(tmp_path, f"{MEMORY}before = PREVIOUS(Time + 3, 8) ~~|\nfifth = SMOOTH N(Time, 2, 6, 5) ~~|")
    called = frozenset[str]().union(*(functions(side) for side in sides(system)))
    assert called & STATEFUL == STATEFUL - {"ACTIVE INITIAL"}  # which is an equation with an initial value
    beginning = at_beginning(system)
    assert not any(functions(side) & STATEFUL for side in sides(beginning))
    run = sd.simulate(system).isel(time=0)
    names = tuple(map(str, run.data_vars))
    for name, value in numbers(beginning, names, 0.0, 0.5).items():
        np.testing.assert_allclose(value, run[name].to_numpy().ravel(), rtol=1e-12)


def test_variables_stay_and_new_ones_say_whom_they_serve(tmp_path: Path) -> None:
    """Names, dimensions and units of the modeller's variables do not change; twice is as good as once."""
    before = loaded(tmp_path, MEMORY)
    after = expanded(before)
    for name, variable in before.variables.items():
        assert after.variables[name].dimensions == variable.dimensions
        assert after.variables[name].kind is variable.kind
    added = [after.variables[name] for name in after.variables if name not in before.variables]
    assert {v.origin for v in added} <= set(before.variables)
    assert {v.kind for v in added} <= {Kind.STOCK, Kind.SAMPLE, Kind.AUXILIARY}
    assert expanded(after).variables == after.variables


def test_a_chain_has_a_dimension_of_stages(tmp_path: Path) -> None:
    """So the number of equations does not depend on the order; one stage needs no dimension."""
    system = expanded(loaded(tmp_path, MEMORY))
    assert system["average: SMOOTH"].dimensions == ()
    assert system["third: SMOOTH"].dimensions == ("third: SMOOTH stage", "region")
    assert system.dimensions["third: SMOOTH stage"].elements == ("1", "2", "3")
    assert len(system["nth: DELAY N"].equations) == 2


def test_calls_in_one_equation_are_numbered(tmp_path: Path) -> None:
    """Each has a memory of its own."""
    system = expanded(loaded(tmp_path, "x = SMOOTH(Time, 2) + SMOOTH(Time, 2) + SMOOTH(2, 3) ~~|"))
    assert [v.name for v in system if v.origin] == ["x: SMOOTH", "x: SMOOTH 2", "x: SMOOTH 3"]


@pytest.mark.parametrize(
    ("equation", "values"),
    [
        ("SMOOTH(Time, 2)", [0, 0, 0.125, 0.34375]),
        ("SMOOTHI(Time, 2, 8)", [8, 6, 4.625, 3.71875]),
        ("DELAY1(Time, 2)", [0, 0, 0.125, 0.34375]),
        ("DELAY1I(Time, 2, 8)", [8, 6, 4.625, 3.71875]),
        ("DELAY FIXED(Time, 1, 7)", [7, 7, 0, 0.5]),
        ("DELAY FIXED(Time, 0, 7)", [7, 0, 0.5, 1]),
        ("DELAY FIXED(Time, 0.7, 7)", [7, 0, 0.5, 1]),
        ("SAMPLE IF TRUE(Time > 0.7, Time, 7)", [7, 7, 1, 1.5]),
        ("INITIAL(Time + 3)", [3, 3, 3, 3]),
        ("1 + INTEG(2, 3)", [4, 5, 6, 7]),
        ("TREND(Time + 1, 2, 0.5)", [0.5, 0.7, 37 / 54]),
        ("FORECAST(Time + 1, 2, 3)", [1, 2.625]),
    ],
)
def test_what_is_remembered(tmp_path: Path, equation: str, values: list[float]) -> None:
    """Worked out by hand for steps of 0.5."""
    run = sd.simulate(loaded(tmp_path, f"x = {equation} ~~|"))
    np.testing.assert_allclose(run["x"].values[: len(values)], values, rtol=1e-12)


def test_elements_may_be_delayed_by_different_times(tmp_path: Path) -> None:
    """Along one dimension of two, too."""
    text = f"{RANGES}sector: farms, mills ~~|\nx[region, sector] = DELAY FIXED(k[region] * Time, k[region], 9) ~~|"
    run = sd.simulate(loaded(tmp_path, text))["x"]
    assert run.sel(time=4, sector="mills").values.tolist() == [3, 4, 3]
    assert run.sel(time=2, sector="farms").values.tolist() == [1, 0, 9]


def test_roundings_are_noted(tmp_path: Path) -> None:
    """A fixed delay of no whole steps, an order that is none, and a delay too short for its order."""
    text = "a = DELAY FIXED(Time, 0.7, 0) ~~|\nb = DELAY N(Time, 2, 1, 2.5) ~~|\nc = DELAY3(Time, 0.5) ~~|"
    assert expanded(loaded(tmp_path, text)).notes == (
        "a: a fixed delay is rounded to 1 steps.",
        "b: the order 2.5 of a delay is cut off to 2.",
        "c: the delay time 0.5 is short for TIME STEP, so its order is 1, not 3.",
    )


@pytest.mark.parametrize(
    ("equation", "found", "advice"),
    [
        ("DELAY N(Time, 2, 1, 0)", "the order of a delay is 0; expected one number from 1.", ""),
        ("DELAY N(Time, 2, 1, k[region])", "the order of a delay is 1, 2, 3; expected one number from 1.", ""),
        (
            "DELAY FIXED(Time, 1e7, 0)",
            f"a delay is 20000000 steps long; at most {LONGEST_CHAIN} are possible.",
            "Shorten the delay, or take a larger TIME STEP.",
        ),
        (
            "DELAY FIXED(Time, 1 / 0, 0)",
            "a delay time or order is inf at the initial time.",
            "Give it a number; ZIDZ divides safely.",
        ),
        (
            "DELAY N(Time, 2, 1, 0 / (k[region] - 1))",
            "a delay time or order is nan at the initial time.",
            "Give it a number; ZIDZ divides safely.",
        ),
        (
            "SUM(SMOOTH(k[region!] * k[region], 2))",
            "SMOOTH moves along region! and region, which are the same range.",
            "Name the function in a variable of its own.",
        ),
    ],
)
def test_a_memory_that_cannot_be_made_is_refused(tmp_path: Path, equation: str, found: str, advice: str) -> None:
    """With the place of its equation."""
    system = loaded(tmp_path, f"{RANGES}x[region] = {equation} ~~|")
    assert faults(InvalidModel, lambda: expanded(system)) == (Fault(found, "x", "case.mdl", 4, advice),)


# --- constants --------------------------------------------------------------------------------------------------------

MIXED = f"""{RANGES}
double[region] = 2 * k[region] ~~|
total = SUM(double[region!]) + LN(1) ~~|
now = total * Time ~~|
later = STEP(1, 2) ~~|
store = INTEG(total, 1) ~~|
level = store + 1 ~~|
start = ACTIVE INITIAL(total, 5) ~~|
table((0,0),(1,total2)) ~~|
"""


def mixed(folder: Path) -> System:
    """Variables that change in a run, and some that do not."""
    return loaded(folder, MIXED.replace("total2", "10") + "read = table(total) ~~|\n")


def test_what_cannot_change_is_known(tmp_path: Path) -> None:
    """Neither by time, a stock or data, nor by an initial equation."""
    fixed = unchanging(mixed(tmp_path))
    assert {"k", "double", "total", "read"} <= fixed
    assert not fixed & {"now", "later", "store", "level", "start"}


def test_what_cannot_change_becomes_numbers(tmp_path: Path) -> None:
    """In the shape of the variable; what changes keeps its equation."""
    system = mixed(tmp_path)
    folded = fold_constants(system)
    (equation,) = folded["double"].equations
    assert isinstance(equation.definition, Values)
    assert equation.definition.array.tolist() == [2, 4, 6]
    assert folded["double"].kind is Kind.CONSTANT
    assert folded["now"] == system["now"]
    assert list(folded.variables) == list(system.variables)


def test_what_follows_from_an_input_is_kept(tmp_path: Path) -> None:
    """So that its value can be given later."""
    system = mixed(tmp_path)
    folded = fold_constants(system, keep=["k"])
    for name in ("k", "double", "total", "read"):
        assert folded.variables[name] == system.variables[name]


@pytest.mark.parametrize(("value", "expected"), [(7, [7, 7, 7]), ([4, 5, 6], [4, 5, 6]), (np.array(2), [2, 2, 2])])
def test_a_value_takes_the_place_of_equations(tmp_path: Path, value: object, expected: list[float]) -> None:
    """One number for every element, or an array in the variable's shape."""
    system = substitute(mixed(tmp_path), {"DOUBLE": value})  # type: ignore[dict-item]
    (equation,) = system["double"].equations
    assert isinstance(equation.definition, Values)
    assert equation.definition.array.tolist() == expected
    assert system["double"].kind is Kind.CONSTANT


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("table", 1, "'table' is a table; a constant value cannot stand for it."),
        ("k", [1, 2], "the value for 'k' has shape (2,); expected one number or an array of shape (3,) over (region)."),
        ("k", [[1, 2, 3]], "the value for 'k' has shape (1, 3); expected one number or an array of shape (3,) over "),
        ("total", [1], "the value for 'total' has shape (1,); expected one number or an array of shape () over ()."),
        ("k", [1, np.nan, 3], "the value for 'k' holds NaN or infinity."),
        ("total", np.inf, "the value for 'total' holds NaN or infinity."),
        ("totl", 1, "there is no variable 'totl'."),
    ],
)
def test_a_value_that_does_not_fit_is_refused(tmp_path: Path, name: str, value: object, found: str) -> None:
    """Wrong shapes, tables, NaN, unknown names."""
    system = mixed(tmp_path)
    (fault,) = faults(InvalidRequest, lambda: substitute(system, {name: value}))  # type: ignore[dict-item]
    assert fault.found.startswith(found)
    assert fault.file == "case"
