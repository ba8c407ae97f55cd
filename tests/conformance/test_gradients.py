"""Gradients by the adjoint equal central differences: for every feature that has inputs, and for random smooth models.

A step of 1e-6 leaves differences true to about 1e-8 of the values, unless a model is much curved; 1e-5 is asked for.
Differences with twice the step tell how far they can be trusted: a random model may be as good as chaotic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from sd_models.dynamics.timing import control_values
from sd_models.errors import InvalidRequest
from sd_models.system.model import Kind, System

FOLDER = Path(__file__).parents[1] / "models"
CONTROLS = frozenset(("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER"))
STEP, TOLERANCE = 1e-6, 1e-5
SHIFTS = (STEP, -STEP, 2 * STEP, -2 * STEP)
# Differences of numbers of this size are rounded by about this share of it: 1e-16 over the step, and some more.
ROUNDING = 1e-8

COMPARED = """
    active_initial active_initial_of_arrays aliases arithmetic constant_expressions delay_n_into_a_stock delays
    delays_of_any_order direct_by_element direct_xlsx fixed_delays_of_arrays get_time_value get_xls initial macro
    macro_of_arrays mapping_by_position mapping_explicit matrix memory_in_arrays mixed_elements names numeric_ranges
    pulses_of_arrays range_of_one_element ranges reductions sample_if_true smooth_of_whole_numbers smooths stocks
    subranges tables_of_one_element three_dimensions trends units
    runge_kutta/decay runge_kutta/decay_second_order runge_kutta/logistic runge_kutta/oscillator
"""
DIFFERENTIABLE = COMPARED.split()
# Constants at whose values the run stands on a kink, by model; all others of these models are compared too.
ON_A_KINK = {
    ("allocate_by_priority", "request"),
    ("allocate_by_priority", "market supply"),
    ("allocate_by_priority", "market priority"),
    ("conditions", "bound"),
    ("direct_csv", "land"),
    ("elementwise", "v"),
    ("functions_of_time", "starts"),
    ("numbers_in_arrays", "weight"),
    ("tables", "argument"),
    ("tables_by_element", "x"),
    ("vectors", "chosen"),
    ("vectors", "nothing"),
}
# Constants that fix how many stocks or steps there are: nothing can be differentiated by them.
STRUCTURAL = {
    ("control_expressions", "years"),
    ("control_expressions", "steps a year"),
    ("delays_of_any_order", "order"),
    ("fixed_delays", "wait"),
    ("fixed_delays_of_arrays", "wait"),
}


def loaded(name: str) -> System:
    return sd.load(FOLDER / f"{name}.mdl")


def constants(system: System) -> list[str]:
    return [v.name for v in system.of_kind(Kind.CONSTANT) if v.name not in CONTROLS and not v.origin]


def moving(system: System) -> list[str]:
    """The variables that a run may return and that something may change."""
    return [v.name for v in system.of_kind(Kind.STOCK, Kind.AUXILIARY, Kind.SAMPLE) if not v.origin]


def inputs(name: str, system: System) -> list[str]:
    """The constants of a model that can be inputs and do not stand on a kink."""
    left_out = {constant for model, constant in STRUCTURAL | ON_A_KINK if model == name}
    return [constant for constant in constants(system) if constant not in left_out]


def integral(values: xr.DataArray, step: float) -> NDArray[np.float64]:
    """The measure `Measure.INTEGRAL` of a batch: summed over elements and all times but the last."""
    rest = [d for d in values.dims if d != "run"]
    return np.asarray(values.isel(time=slice(0, -1)).sum(rest).to_numpy() * step)


def shifted(value: NDArray[np.float64], dimensions: Iterable[str]) -> xr.DataArray:
    """A batch in which each element in turn is moved by each of `SHIFTS`."""
    steps = np.kron(np.eye(value.size), np.array([SHIFTS]).T)
    return xr.DataArray((value.ravel() + steps).reshape(-1, *value.shape), dims=("run", *dimensions))


def close(found: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Whether a gradient is that of the outcomes of a shifted batch, as far as differences can tell."""
    up, down, far_up, far_down = values.reshape(-1, len(SHIFTS)).T
    near, far = (up - down) / (2 * STEP), (far_up - far_down) / (4 * STEP)
    rounding = ROUNDING * max(10.0, float(np.abs(values).max(initial=0.0)))
    return bool((np.abs(found - near) <= TOLERANCE * np.abs(near) + rounding + np.abs(near - far)).all())


def disagreeing(system: System, names: list[str]) -> list[tuple[str, str]]:
    """The pairs of constant and outcome whose derivative is not the difference quotient."""
    step = control_values(system)["TIME STEP"]
    outputs, own = moving(system), sd.simulate(system, outputs=names)
    simulator = sd.compile(system, constants=names, outputs=outputs, time=sd.TimeSpan(save_every=step))
    outcomes = {output: sd.Outcome(output, sd.Measure.INTEGRAL) for output in outputs}
    gradients = sd.sensitivities(simulator, outcomes, constants=names).gradients
    wrong = []
    for name in names:
        runs = simulator.run(constants={name: shifted(own[name].to_numpy()[0], system[name].dimensions)})
        for output in outputs:
            values = integral(runs[output], step)
            found = gradients[name].sel(outcome=output).to_numpy().ravel()
            if not close(found, values):
                wrong.append((name, output))
    return wrong


@pytest.mark.parametrize("name", sorted({*DIFFERENTIABLE, "direct_csv", "vectors"}))
def test_gradients_to_constants_are_difference_quotients(name: str) -> None:
    """For every constant of a feature model and every variable that a run may change."""
    system = loaded(name)
    assert not disagreeing(system, inputs(name, system))


@pytest.mark.parametrize(("name", "constant"), sorted(ON_A_KINK))
def test_a_kink_is_named(name: str, constant: str) -> None:
    """Where a run stands on a kink, the sensitivities say so."""
    system = loaded(name)
    assert sd.sensitivities(system, moving(system), constants=[constant]).kinks


@pytest.mark.parametrize(("name", "constant"), sorted(STRUCTURAL))
def test_what_fixes_the_structure_is_no_input(name: str, constant: str) -> None:
    """A constant that sets times or the length of a delay is refused, not silently held."""
    with pytest.raises(InvalidRequest, match=constant):
        sd.compile(loaded(name), constants=[constant])


def test_no_model_with_constants_is_left_out() -> None:
    """Every Vensim model of the folder that has constants as inputs stands in one of the tables."""
    listed = {*DIFFERENTIABLE, *(model for model, _ in STRUCTURAL | ON_A_KINK)}
    without_numbers = {"data_bare", "data_beside", "missing"}  # data beside the model, and a constant that is :NA:
    unlisted = {path.stem for path in FOLDER.glob("*.mdl")} - listed - without_numbers
    assert not {name for name in unlisted if constants(loaded(name))}


# --- random models ----------------------------------------------------------------------------------------------------


@examples(20)
@given(random_models(smooth=True))
def test_gradients_of_random_models_to_constants(model: RandomModel) -> None:
    """Every constant, every variable."""
    assert not disagreeing(model.loaded(), list(model.constants))


@examples(20)
@given(random_models(smooth=True))
def test_gradients_of_random_models_to_initial_values(model: RandomModel) -> None:
    """Every stock's first value, every stock's last one."""
    system = model.loaded()
    own = sd.simulate(system, outputs=model.stocks)
    simulator = sd.compile(system, initial=model.stocks, outputs=model.stocks)
    first = {name: own[name].isel(time=0, drop=True) for name in model.stocks}
    gradients = sd.sensitivities(simulator, model.stocks, initial=first).gradients
    for name in model.stocks:
        batch = shifted(own[name].to_numpy()[0], system[name].dimensions)
        runs = simulator.run(initial={**first, name: batch})
        for output in model.stocks:
            last = runs[output].isel(time=-1)
            values = last.sum([d for d in last.dims if d != "run"]).to_numpy()
            found = gradients[f"initial {name}"].sel(outcome=output).to_numpy().ravel()
            assert close(found, values), (name, output)


@examples(20)
@given(random_models(smooth=True), st.data())
def test_gradients_of_random_models_to_paths(model: RandomModel, data: st.DataObject) -> None:
    """Along a random direction of a whole path, the derivative is the sum of gradient times direction."""
    system = model.loaded()
    name = data.draw(st.sampled_from((*model.constants, *model.auxiliaries)))
    step = control_values(system)["TIME STEP"]
    path = sd.simulate(system, outputs=[name], time=sd.TimeSpan(save_every=step))[name].to_numpy()
    direction = np.random.default_rng(data.draw(st.integers(0, 2**16))).uniform(-1, 1, path.shape)
    simulator = sd.compile(system, levers=[name], outputs=model.stocks)
    found = sd.sensitivities(simulator, model.stocks, levers={name: path})
    ends = [simulator.run(levers={name: path + shift * direction}).isel(time=-1) for shift in SHIFTS]
    for stock in model.stocks:
        values = np.array([float(end[stock].sum()) for end in ends])
        along = (found.gradients[name].sel(outcome=stock).to_numpy() * direction).sum()
        assert close(along, values)


# --- measures ---------------------------------------------------------------------------------------------------------

MEASURES: Mapping[str, sd.Outcome] = {
    "last": sd.Outcome("force", sd.Measure.FINAL),
    "last of one": sd.Outcome("force", sd.Measure.FINAL, where={"region": "north", "age": "old"}),
    "sum of two": sd.Outcome("force", sd.Measure.INTEGRAL, where={"sector": ["farms", "shops"]}),
    "mean": sd.Outcome("total", sd.Measure.MEAN),
    "discounted": sd.Outcome("total", sd.Measure.INTEGRAL, discount=0.1),
    "discounted last": sd.Outcome("by sector", sd.Measure.FINAL, discount=0.1),
    "of an input": sd.Outcome("lifetime", sd.Measure.INTEGRAL),
}


def by_hand(run: xr.Dataset, outcome: sd.Outcome) -> float:
    """An outcome computed from a run that saves every step."""
    values = run[outcome.variable].sel({d: np.atleast_1d(e) for d, e in outcome.where.items()})
    values = values.sum([d for d in values.dims if d != "time"])
    times = run["time"].to_numpy()
    present = values.to_numpy() * np.exp(-outcome.discount * (times - times[0]))
    if outcome.measure is sd.Measure.FINAL:
        return float(present[-1])
    total = float(present[:-1].sum() * (times[1] - times[0]))
    return total / float(times[-1] - times[0]) if outcome.measure is sd.Measure.MEAN else total


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_what_it_says(name: str) -> None:
    """The value of each measure follows from the run, and its gradient from two runs."""
    system, outcome = loaded("three_dimensions"), MEASURES[name]
    found = sd.sensitivities(system, {name: outcome}, constants=["lifetime"])
    assert float(found.values.sel(outcome=name)) == pytest.approx(by_hand(sd.simulate(system), outcome), rel=1e-12)
    own = np.array([4.0, 2.0])
    for i, age in enumerate(("young", "old")):
        up, down = (
            by_hand(sd.simulate(system, constants={"lifetime": own + sign * STEP * np.eye(2)[i]}), outcome)
            for sign in (1, -1)
        )
        gradient = float(found.gradients["lifetime"].sel(outcome=name, age=age))
        assert gradient == pytest.approx((up - down) / (2 * STEP), rel=TOLERANCE, abs=1e-6)
