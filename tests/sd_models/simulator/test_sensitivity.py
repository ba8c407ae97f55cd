"""Exact derivatives: equal to central differences, finite where an unused branch is not, with the kinks touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from support.models import CONTROLS, faults, loaded

import sd_models as sd
from sd_models.errors import Fault, InvalidRequest, SimulationError
from sd_models.simulator.measures import Measure, Outcome
from sd_models.simulator.sensitivity import KinkTouch, adjoint
from sd_models.system.model import System

RANGES = "region: north, south, west ~~|\nsector: farms, mills ~~|\n"
MODEL = f"""{RANGES}
policy[region, sector] = 0.11, 0.2; 0.3, 0.4; 0.5, 0.6; ~~|
k[region] = 1.1, 2, 3 ~~|
power = 1.7 ~~|
table((0,0),(1.03,2),(5.07,3)) ~~|
smooth = SMOOTH3(SUM(policy[region!, farms]), 2) ~~|
late[region] = DELAY1(policy[region, mills], k[region]) ~~|
s[region] = INTEG(late[region] * k[region] - s[region] / 10 + MIN(policy[region, farms], 0.35) + smooth / 100, 1.21) ~~|
w[region, sector] = s[region] * policy[region, sector] + table(s[region]) + IF THEN ELSE(s[region] > 2.01, s[region] ^
 power, LN(s[region])) ~~|
total = SUM(w[region!, sector!]) + LOG(power, 3) ~~|
fixed[region] = 1, 2, 3 ~~|
"""
INPUTS: Mapping[str, tuple[str, ...]] = {
    "levers": ("policy",),
    "constants": ("k", "power"),
    "initial": ("s", "late: DELAY"),
}
OUTCOMES = {
    "end": Outcome("total"),
    "integral": Outcome("total", Measure.INTEGRAL),
    "worth": Outcome("total", Measure.INTEGRAL, discount=0.2),
    "end worth": Outcome("total", Measure.FINAL, discount=0.2),
    "mean": Outcome("w", Measure.MEAN, {"region": "north", "sector": ["farms", "mills"]}),
    "two": Outcome("w", Measure.MEAN, {"region": ["west", "north"]}, discount=-0.1),
    "stock": Outcome("s", where={"region": "south"}),
    "fixed": Outcome("fixed", Measure.INTEGRAL, {"region": ["west"]}),
}
STEP = 1e-6


def measured(run: xr.Dataset, outcome: Outcome) -> float:
    """An outcome by its definition, from a dataset that has all times."""
    values = run[outcome.variable].sel({d: np.atleast_1d(e) for d, e in outcome.where.items()})
    values = values.sum([d for d in values.dims if d != "time"])
    times = run["time"].to_numpy()
    worth = values.to_numpy() * np.exp(-outcome.discount * (times - times[0]))
    if outcome.measure is Measure.FINAL:
        return float(worth[-1])
    integral = float((worth[:-1] * np.diff(times)).sum())
    return integral / (times[-1] - times[0]) if outcome.measure is Measure.MEAN else integral


def differences(simulator: sd.Simulator, outcome: Outcome, role: str, name: str) -> NDArray[np.float64]:
    """Central differences of an outcome to every number of one input."""
    layouts = {
        "levers": simulator.model.levers,
        "constants": simulator.model.constants,
        "initial": simulator.model.initials,
    }
    own = simulator.inputs()
    columns = {"levers": own.levers, "constants": own.constants, "initial": own.initials}[role]
    block = columns[layouts[role].rows[name]].T if role == "levers" else columns[layouts[role].rows[name], 0]
    shape = simulator.model.expanded.shape(simulator.model.expanded[name])
    base = block.reshape((*block.shape[:-1], *shape)) if role == "levers" else block.reshape(shape)

    def value(at: NDArray[np.float64]) -> float:
        return measured(simulator.run(**{role: {name: at}}), outcome)

    found = np.empty(base.shape)
    for place in np.ndindex(*base.shape):
        shift = np.zeros(base.shape)
        shift[place] = STEP
        found[place] = (value(base + shift) - value(base - shift)) / (2 * STEP)
    return found


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    return loaded(tmp_path_factory.mktemp("model"), MODEL, controls=CONTROLS.replace("TIME = 4", "TIME = 3"))


@pytest.fixture(scope="module")
def simulator(system: System) -> sd.Simulator:
    return sd.compile(system, **INPUTS)


@pytest.fixture(scope="module")
def found(simulator: sd.Simulator) -> sd.Sensitivities:
    return sd.sensitivities(simulator, OUTCOMES)


# --- values and gradients ---------------------------------------------------------------------------------------------


def test_values_follow_from_the_run(simulator: sd.Simulator, found: sd.Sensitivities) -> None:
    """Measure, elements and discount by their definition; of several outcomes at once."""
    run = simulator.run()
    expected = [measured(run, outcome) for outcome in OUTCOMES.values()]
    np.testing.assert_allclose(found.values, expected, rtol=1e-13)
    assert found.values["outcome"].values.tolist() == list(OUTCOMES)


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize(
    ("role", "variable"), [(role, variable) for role, names in INPUTS.items() for variable in names]
)
def test_gradients_are_central_differences(
    simulator: sd.Simulator, found: sd.Sensitivities, name: str, role: str, variable: str
) -> None:
    """To levers at every time, to constants and to initial values; the model stands on no kink."""
    key = f"initial {variable}" if role == "initial" else variable
    gradient = found.gradients[key].sel(outcome=name)
    expected = differences(simulator, OUTCOMES[name], role, variable)
    np.testing.assert_allclose(gradient, expected, rtol=2e-7, atol=1e-8 * max(1.0, np.abs(expected).max()))


def test_gradients_have_the_dimensions_of_their_inputs(found: sd.Sensitivities) -> None:
    """Outcomes first, for levers then all times of the run, with their names."""
    gradients = found.gradients
    assert gradients["policy"].dims == ("outcome", "time", "region", "sector")
    assert gradients["k"].dims == ("outcome", "region")
    assert gradients["power"].dims == ("outcome",)
    assert gradients["initial s"].dims == ("outcome", "region")
    assert gradients["sector"].values.tolist() == ["farms", "mills"]
    assert gradients["time"].values[-1] == 3


def test_one_outcome_alone_is_the_same(simulator: sd.Simulator, found: sd.Sensitivities) -> None:
    """By itself, by its name, and from the system without a simulator."""
    alone = sd.sensitivities(simulator, {"end": OUTCOMES["end"]})
    listed = sd.sensitivities(simulator, ["total"])
    direct = sd.sensitivities(simulator.system, "total", **INPUTS)
    for other in (alone.gradients, listed.gradients, direct.gradients):
        for name in found.gradients:
            np.testing.assert_allclose(
                other[name].isel(outcome=0), found.gradients[name].sel(outcome="end"), rtol=1e-12
            )
    assert listed.values["outcome"].values.tolist() == ["total"]


def test_derivatives_are_taken_where_the_inputs_are(simulator: sd.Simulator) -> None:
    """Given values move the point."""
    at = sd.sensitivities(simulator, {"end": OUTCOMES["end"]}, constants={"power": 2.5})
    run = {p: float(simulator.run(constants={"power": p})["total"][-1]) for p in (2.5 - STEP, 2.5, 2.5 + STEP)}
    assert float(at.values[0]) == pytest.approx(run[2.5], rel=1e-13)
    assert float(at.gradients["power"][0]) == pytest.approx((run[2.5 + STEP] - run[2.5 - STEP]) / (2 * STEP), rel=1e-7)


def test_a_fixed_outcome_has_gradient_zero(system: System) -> None:
    """Alone and with inputs that it has nothing to do with."""
    found = sd.sensitivities(system, ["fixed"], levers=["policy"], constants=["k"], initial=["s"])
    assert float(found.values[0]) == 6
    assert all((found.gradients[name] == 0).all() for name in found.gradients)


def test_without_inputs_there_are_values_only(system: System) -> None:
    """And no gradients."""
    found = sd.sensitivities(system, ["total"])
    assert list(found.gradients) == []
    assert float(found.values[0]) == pytest.approx(float(sd.simulate(system)["total"][-1]), rel=1e-14)


def test_a_run_without_steps_has_a_mean(system: System) -> None:
    """The value itself; nothing to integrate."""
    span = sd.TimeSpan(stop=0)
    outcomes = {measure: Outcome("total", measure) for measure in Measure}
    found = sd.sensitivities(system, outcomes, constants=["power"], time=span)
    final, integral, mean = found.values.values
    assert final == mean
    assert integral == 0


def test_measures_may_be_named_by_text() -> None:
    """As plan files have them."""
    assert Outcome("x", "integral").measure is Measure.INTEGRAL  # type: ignore[arg-type]


# --- where a derivative is not finite ---------------------------------------------------------------------------------

UNUSED = {
    "root": "IF THEN ELSE(a > 0, SQRT(a), 0)",
    "root below": "IF THEN ELSE(a <= 0, 0, SQRT(a))",
    "division": "IF THEN ELSE(a > 0, 1 / a, 0)",
    "division and root": "IF THEN ELSE(a > 0, 1 / SQRT(a), 0)",
    "logarithm": "IF THEN ELSE(a > 0, LN(a) + LOG(a, 10) + LOG(2, a), 0)",
    "power": "IF THEN ELSE(a > 0, a ^ 0.5 + a ^ (-1), 0)",
    "not": "IF THEN ELSE(:NOT: a = 0, 1 / a, 0)",
    "and": "IF THEN ELSE(a > 0 :AND: b > 0, 1 / a + 1 / b, 0)",
    "nested": "IF THEN ELSE(a > 0, IF THEN ELSE(b > 0, SQRT(a), 1 / b), 0)",
    "nested else": "IF THEN ELSE(b > 0, 0, IF THEN ELSE(a > 0, 1 / a, 0))",
    "condition": "IF THEN ELSE(IF THEN ELSE(a > 0, 1 / a, 0) > 1, 2, 0)",
    "arcs": "IF THEN ELSE(a < 0, ARCSIN(a + 1) + ARCCOS(a - 1), 0)",
    "table": "IF THEN ELSE(a > 0, WITH LOOKUP(1 / a, ((0,0),(1,1))), 0)",
    "overflow": "IF THEN ELSE(a > 0, EXP(1 / a), 0)",
    "safe": "ZIDZ(1, a) + XIDZ(b, a, 0)",
    "other variable": "IF THEN ELSE(a > 0, root, 0)",
    "sum": "IF THEN ELSE(a > 0, SUM(1 / zeros[region!]), 0)",
    "number along an array": "SUM(IF THEN ELSE(zeros[region!] > 0, 1 / a, 0))",
    "array along an array": (
        "SUM(IF THEN ELSE(zeros[region!] > 0 :AND: few[sector!] > 0, 1 / zeros[region!] + 1 / few[sector!], 0))"
    ),
    "sum in a sum": "SUM(IF THEN ELSE(zeros[region!] > 0, SUM(1 / zeros[region!]), 0))",
}


@pytest.mark.parametrize("case", UNUSED)
def test_an_unused_branch_does_not_spoil_the_gradient(tmp_path: Path, case: str) -> None:
    """However far its derivative is from finite, the gradient is that of the branch in use."""
    text = (
        f"{RANGES}a = 0 ~~|\nb = 0 ~~|\nzeros[region] = 0 ~~|\nfew[sector] = 0, 1 ~~|\nroot = SQRT(a) ~~|"
        f"\nr = {UNUSED[case]} ~~|\ns = INTEG(r + 3 * a, 1) ~~|"
    )
    found = sd.sensitivities(loaded(tmp_path, text), ["s"], levers=["a"], constants=["b", "zeros", "few"])
    assert found.gradients["a"].values[0].tolist() == [1.5] * 8 + [0]
    for name in ("b", "zeros", "few"):
        assert (found.gradients[name] == 0).all()


def test_used_elements_keep_their_derivative_beside_unused_ones(tmp_path: Path) -> None:
    """The guard of a branch is that of its element."""
    text = f"{RANGES}k[region] = 0, 1, 2 ~~|\nr[region] = IF THEN ELSE(k[region] > 0, 1 / k[region], 0) ~~|"
    found = sd.sensitivities(loaded(tmp_path, text), [Outcome("r")], constants=["k"])
    assert found.gradients["k"].values[0].tolist() == [0, -1, -0.25]


def test_zero_to_a_power_has_a_derivative(tmp_path: Path) -> None:
    """To the base and to the exponent, where the exponent is above 1."""
    text = f"{RANGES}k[region] = 0, 2, 3 ~~|\nn = 2 ~~|\nr = SUM(k[region!] ^ n) ~~|"
    system = loaded(tmp_path, text)
    both = sd.sensitivities(system, ["r"], constants=["k", "n"]).gradients
    alone = sd.sensitivities(system, ["r"], constants=["n"]).gradients
    np.testing.assert_allclose(both["k"][0], [0, 4, 6], rtol=1e-14)
    for gradients in (both, alone):
        assert float(gradients["n"][0]) == pytest.approx(4 * np.log(2) + 9 * np.log(3), rel=1e-14)


@pytest.mark.parametrize("count", [1, 3, 7, 8, 9, 20])
def test_outcomes_are_the_same_together_and_alone(tmp_path: Path, count: int) -> None:
    """However many sweeps they take, in their order."""
    text = f"{RANGES}k[region] = 1, 2, 3 ~~|\ns[region] = INTEG(k[region] * s[region] * a, 1) ~~|\na = 0.1 ~~|"
    simulator = sd.compile(loaded(tmp_path, text), levers=["a"], constants=["k"], outputs=["s"])
    inputs = simulator.inputs()
    shape = simulator.trajectories(inputs).outputs.shape
    weights = np.random.default_rng(0).normal(size=(count, *shape))
    _, together = adjoint(simulator, inputs, weights)
    alone = [adjoint(simulator, inputs, weight[np.newaxis])[1] for weight in weights]
    for index, part in enumerate(together):
        np.testing.assert_allclose(part, np.concatenate([parts[index] for parts in alone]), rtol=1e-12)


# --- kinks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equation", "function", "times"),
    [
        ("MIN(s, 2)", "MIN", [2]),
        ("MAX(2, s)", "MAX", [2]),
        ("ABS(s - 1)", "ABS", [1]),
        ("IF THEN ELSE(s > 2, 1, 0)", ">", [2]),
        ("IF THEN ELSE(s = 3, 1, 0)", "=", [3]),
        ("INTEGER(s)", "INTEGER", [0, 1, 2, 3, 4]),
        ("table(s)", "LOOKUP", [0, 1, 3]),
        ("ZIDZ(1, s - 2 + 1e-6)", "XIDZ", [2]),
    ],
)
def test_kinks_that_a_run_touches_are_listed(tmp_path: Path, equation: str, function: str, times: list[float]) -> None:
    """With variable, function and time."""
    text = f"s = INTEG(a, 0) ~~|\na = 1 ~~|\ntable((0,0),(1,1),(3,9)) ~~|\nr = {equation} ~~|"
    found = sd.sensitivities(loaded(tmp_path, text), ["r"], levers=["a"])
    assert found.kinks == tuple(KinkTouch("r", function, time) for time in times)


def test_kinks_of_arrays_name_the_variable_once_a_time(tmp_path: Path) -> None:
    """Whichever element stands on it; a reduction has those of its pairs."""
    text = f"{RANGES}k[region] = 1, 2, 2 ~~|\nr[region] = MIN(k[region], 2) ~~|\nhigh = VMAX(k[region!]) ~~|"
    found = sd.sensitivities(loaded(tmp_path, text), ["r", "high"], constants=["k"], time=sd.TimeSpan(stop=0.5))
    assert {str(kink) for kink in found.kinks} == {
        "r: MIN at time 0",
        "r: MIN at time 0.5",
        "high: MAX at time 0",
        "high: MAX at time 0.5",
    }


def test_a_kink_may_stand_in_the_flow_of_a_stock(tmp_path: Path) -> None:
    """Whether the flow has a name of its own or not."""
    text = "s = INTEG(a, 0) ~~|\na = 1 ~~|\nr = INTEG(MIN(s, 2), 0) ~~|"
    found = sd.sensitivities(loaded(tmp_path, text), ["r"], levers=["a"])
    assert found.kinks == (KinkTouch("r", "MIN", 2.0),)


def test_kinks_of_an_unused_branch_are_none(tmp_path: Path) -> None:
    """Also inside a reduction, a table, or a branch of a branch."""
    unused = "MIN(a, 1) + table(a) + VMAX(k[region!]) + IF THEN ELSE(a > 1, 2, 3)"
    text = (
        f"{RANGES}k[region] = a ~~|\na = 1 ~~|\ntable((0,0),(1,1),(2,0)) ~~|\n"
        f"r = IF THEN ELSE(a > 0.5, a, {unused}) ~~|\nq = IF THEN ELSE(a > 2, 5, {unused}) ~~|"
    )
    system = loaded(tmp_path, text)
    assert sd.sensitivities(system, ["r"], constants=["a"]).kinks == ()
    assert {kink.function for kink in sd.sensitivities(system, ["q"], constants=["a"]).kinks} == {
        "MIN",
        "LOOKUP",
        "MAX",
        ">",
    }


@pytest.mark.parametrize("method", ["Euler", "RK4"])
@pytest.mark.parametrize(("rate", "times"), [("1", [1.0]), ("0.5", [3.0]), ("3", []), ("0", [])])
def test_a_stock_that_just_reaches_zero_stands_on_a_kink(
    tmp_path: Path, method: str, rate: str, times: list[float]
) -> None:
    """Where the outflow asks for just what there is, not where it asks for more."""
    text = f"""<?xml version="1.0" encoding="utf-8"?>
    <xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
    <header><vendor>x</vendor><product version="1">y</product></header>
    <sim_specs method="{method}"><start>0</start><stop>4</stop><dt>1</dt></sim_specs>
    <model><variables>
    <stock name="level"><eqn>2</eqn><outflow>loss</outflow><non_negative/></stock>
    <flow name="loss"><eqn>rate</eqn></flow><aux name="rate"><eqn>{rate}</eqn></aux>
    </variables></model></xmile>"""
    path = tmp_path / "case.xmile"
    path.write_text(text.strip(), encoding="utf-8")
    found = sd.sensitivities(sd.load(path), ["level"], constants=["rate"])
    assert found.kinks == tuple(KinkTouch("loss", "MIN", time) for time in times)


@pytest.mark.parametrize(
    ("supply", "functions"), [(20, set()), (4, set()), (2, {"MAX"}), (10, {">="}), (0, {">"}), (-1, set())]
)
def test_an_allocation_has_its_own_kinks_alone(tmp_path: Path, supply: float, functions: set[str]) -> None:
    """Where the price stands at the priority of a target, and where supply is all that is asked for, or nothing."""
    text = (
        f"{RANGES}ask[region] = 3, 5, 2 ~~|\npriority[region] = 3, 2, 1 ~~|\nsupply = {supply} ~~|\n"
        "r[region] = ALLOCATE BY PRIORITY(ask[region], priority[region], 3, 1.5, supply) ~~|"
    )
    found = sd.sensitivities(loaded(tmp_path, text), ["r"], constants=["ask", "priority", "supply"])
    assert {kink.function for kink in found.kinks} == functions
    assert {kink.variable for kink in found.kinks} <= {"r"}


@pytest.mark.parametrize(("values", "functions"), [("3, 1, 2", set()), ("3, 2, 2", {">", "="})])
def test_a_rank_has_a_kink_at_ties_alone(tmp_path: Path, values: str, functions: set[str]) -> None:
    """No element ties with itself."""
    text = f"{RANGES}k[region] = {values} ~~|\nr[region] = VECTOR RANK(k[region], 0) ~~|"
    found = sd.sensitivities(loaded(tmp_path, text), ["r"], constants=["k"])
    assert {kink.function for kink in found.kinks} <= functions
    assert bool(found.kinks) == bool(functions)


def test_kinks_that_only_time_or_numbers_move_are_none(tmp_path: Path) -> None:
    """Nothing that could be changed moves them."""
    text = "r = a * (MIN(Time, 2) + MAX(3, 3) + STEP(1, 2) + IF THEN ELSE(Time > 2, 1, 0)) ~~|\na = 1 ~~|"
    assert sd.sensitivities(loaded(tmp_path, text), ["r"], levers=["a"]).kinks == ()


def test_at_a_kink_the_derivative_is_that_of_the_active_branch(tmp_path: Path) -> None:
    """A step to the side decides."""
    text = "r = IF THEN ELSE(a > 0, 5 * a, 2 * a) + IF THEN ELSE(a >= 0, 30 * a, 10 * a) ~~|\na = 0 ~~|"
    found = sd.sensitivities(loaded(tmp_path, text), ["r"], constants=["a"])
    assert float(found.gradients["a"][0]) == 32
    assert {kink.function for kink in found.kinks} == {">", ">="}


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        (["totl"], "there is no variable 'totl'."),
        (["table"], "'table' is a table; it has no value of its own in a run."),
        ([], "there is no outcome."),
        ({}, "there is no outcome."),
        ([Outcome("w"), Outcome("w", Measure.MEAN)], "two outcomes are called after the same variable."),
        ([Outcome("w", where={"zone": "x"})], "'w' has no dimension 'zone'; it has: region, sector."),
        ([Outcome("total", where={"region": "x"})], "'total' has no dimension 'region'; it has: none."),
        ([Outcome("w", where={"region": ["north", "nort"]})], "'region' has no element 'nort'."),
    ],
)
def test_an_outcome_that_does_not_fit_is_refused(system: System, outcomes: list[Outcome], found: str) -> None:
    """Unknown variables, dimensions and elements, and none at all."""
    (fault,) = faults(InvalidRequest, lambda: sd.sensitivities(system, outcomes, levers=["policy"]))
    assert fault.found == found


def test_an_unknown_measure_is_refused() -> None:
    """Not taken for another."""
    expected = Fault("'maximum' is no measure; expected final or integral or mean.", "x")
    assert faults(InvalidRequest, lambda: Outcome("x", "maximum")) == (expected,)  # type: ignore[arg-type]


def test_a_simulator_must_return_the_outcomes_variable(system: System) -> None:
    """The advice can be copied."""
    simulator = sd.compile(system, levers=["policy"], outputs=["total"])
    (fault,) = faults(InvalidRequest, lambda: sd.sensitivities(simulator, ["s"]))
    assert fault.found == "'s' is not among the outputs."
    assert fault.advice == "Name it: sd.compile(system, outputs=['s'])."


def test_a_batch_has_no_sensitivities(system: System) -> None:
    """One point at a time."""
    power = xr.DataArray([1.0, 2.0], dims="run")
    (fault,) = faults(InvalidRequest, lambda: sd.sensitivities(system, ["total"], constants={"power": power}))
    assert fault.found == "sensitivities take one run, not a batch."


def test_an_end_that_moves_has_no_sensitivities(tmp_path: Path) -> None:
    """The time at which an outcome is measured would move with it."""
    controls = CONTROLS.replace("FINAL TIME = 4", "FINAL TIME = 4 - x")
    system = loaded(tmp_path, "x = INTEG(a, 0) ~~|\na = 1 ~~|", controls=controls)
    (fault,) = faults(InvalidRequest, lambda: sd.sensitivities(system, ["x"], constants=["a"]))
    assert fault.found == "FINAL TIME follows from the run."
    assert sd.sensitivities(system, ["x"], constants=["a"], time=sd.TimeSpan(stop=2)).values[0] == 2


def test_a_run_that_fails_has_no_sensitivities(tmp_path: Path) -> None:
    """It says why."""
    system = loaded(tmp_path, "x = 1 / (a - Time) ~~|\na = 2 ~~|")
    (fault,) = faults(SimulationError, lambda: sd.sensitivities(system, ["x"], constants=["a"]))
    assert fault.found == "x is infinite at time 2."
