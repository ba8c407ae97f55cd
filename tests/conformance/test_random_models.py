"""Random models: runs equal PySD's, and what must not matter does not matter.

Examples are the same in every run of the suite; PROSPERITY_EXAMPLES in the environment asks for more, and new ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from support.agreement import disagreeing, gap, gaps, runs
from support.random_models import RandomModel, examples, random_models

import sd_models as sd
from sd_models.dynamics.timing import control_values
from sd_models.rewrites import expand_stateful, fold_constants
from sd_models.system.model import Kind, System


def worst(one: xr.Dataset, other: xr.Dataset) -> float:
    return max(gaps(one, other).values())


@examples(50)
@given(random_models())
def test_a_run_equals_pysd_s_run(model: RandomModel) -> None:
    """Every variable, element and saved time to 1e-9."""
    with tempfile.TemporaryDirectory() as folder:
        assert not disagreeing(*runs(model.written(folder)))


@examples(25)
@given(random_models())
def test_a_system_without_memory_runs_as_before(model: RandomModel) -> None:
    """Delays, smooths and samples as stocks change no number of a run."""
    system = model.loaded()
    control = control_values(system)
    expanded = expand_stateful(system, initial_time=control["INITIAL TIME"], time_step=control["TIME STEP"])
    names = [name for name in system.variables if system[name].kind is not Kind.TABLE]
    assert worst(sd.simulate(expanded, outputs=names), sd.simulate(system, outputs=names)) == 0


@examples(25)
@given(random_models())
def test_folded_constants_change_no_run(model: RandomModel) -> None:
    """What follows from constants may be computed once."""
    system = model.loaded()
    control = control_values(system)
    expanded = expand_stateful(system, initial_time=control["INITIAL TIME"], time_step=control["TIME STEP"])
    assert worst(sd.simulate(fold_constants(expanded)), sd.simulate(system)) == 0


@examples(25)
@given(random_models(), st.integers(0, 2**16))
def test_a_batch_is_its_single_runs(model: RandomModel, seed: int) -> None:
    """Three runs in one call, each with other constants, are three calls."""
    system = model.loaded()
    drawn = np.random.default_rng(seed)
    batch = {name: _batch(system, name, drawn) for name in model.constants}
    together = sd.simulate(system, constants=batch)
    for i in range(3):
        alone = sd.simulate(system, constants={name: values.isel(run=i) for name, values in batch.items()})
        assert worst(together.isel(run=i), alone) == 0


def _batch(system: System, name: str, drawn: np.random.Generator) -> xr.DataArray:
    values = drawn.uniform(-4, 4, (3, *system.shape(system[name])))
    return xr.DataArray(values, dims=("run", *system[name].dimensions))


@examples(25)
@given(random_models(), st.data())
def test_a_lever_on_its_own_path_changes_nothing(model: RandomModel, data: st.DataObject) -> None:
    """A variable that is given the values it has anyway leaves every other one as it is."""
    system = model.loaded()
    step = control_values(system)["TIME STEP"]
    run = sd.simulate(system, time=sd.TimeSpan(save_every=step))
    name = data.draw(st.sampled_from((*model.auxiliaries, *model.constants)))
    again = sd.simulate(system, levers={name: run[name].to_numpy()}, time=sd.TimeSpan(save_every=step))
    assert worst(again, run) == 0


@examples(25)
@given(random_models())
def test_a_constant_at_its_own_value_changes_nothing(model: RandomModel) -> None:
    """Constants and initial values as inputs, at the values of the file, give the run of the file."""
    system = model.loaded()
    run = sd.simulate(system)
    own = {name: run[name].isel(time=0, drop=True) for name in (*model.constants, *model.stocks)}
    constants: Mapping[str, xr.DataArray] = {name: own[name] for name in model.constants}
    initial: Mapping[str, xr.DataArray] = {name: own[name] for name in model.stocks}
    simulator = sd.compile(system, constants=constants, initial=initial)
    assert worst(simulator.run(constants=constants, initial=initial), run) == 0
    assert worst(simulator.run(), run) == 0


@examples(25)
@given(random_models(), st.integers(0, 2**16))
def test_the_order_of_the_file_does_not_matter(model: RandomModel, seed: int) -> None:
    """Equations in another order make the same model."""
    head, *entries = model.text.split("~~|\n")
    head, entries = "~~|\n".join((head, *entries[:4])), entries[4:-1]
    shuffled = np.random.default_rng(seed).permutation(np.array(entries, dtype=object))
    other = replace(model, text="~~|\n".join((head, *shuffled, "")))
    assert worst(sd.simulate(other.loaded()), sd.simulate(model.loaded())) == 0


@examples(25)
@given(random_models(), st.data())
def test_what_is_returned_does_not_matter(model: RandomModel, data: st.DataObject) -> None:
    """A run that returns some variables, or saves less often, or ends earlier, has the values of the whole run."""
    system = model.loaded()
    step = control_values(system)["TIME STEP"]
    whole = sd.simulate(system, time=sd.TimeSpan(save_every=step))
    names = data.draw(st.lists(st.sampled_from((*model.auxiliaries, *model.stocks)), min_size=1, unique=True))
    part = sd.simulate(system, outputs=names, time=sd.TimeSpan(stop=1.0, save_every=0.5))
    assert set(part.data_vars) == set(names)
    assert len(part["time"]) == 3
    for name in names:
        assert gap(part[name].to_numpy(), whole[name].sel(time=part["time"], method="nearest").to_numpy()) == 0


@examples(25)
@given(random_models())
def test_stocks_follow_their_flows(model: RandomModel) -> None:
    """By Euler's method a stock moves by TIME STEP times the net flow that its equation gives at the time."""
    system = model.loaded()
    step = control_values(system)["TIME STEP"]
    flows = {f"flow of {name}": name for name in model.stocks}
    variables = dict(system.variables)
    for flow, name in flows.items():
        stock = system[name]
        equations = tuple(replace(equation, initial=None) for equation in stock.equations)
        variables[flow] = replace(stock, name=flow, kind=Kind.AUXILIARY, equations=equations)
    run = sd.simulate(replace(system, variables=variables), time=sd.TimeSpan(save_every=step))
    for flow, name in flows.items():
        moved = run[name].to_numpy()[:-1] + run[flow].to_numpy()[:-1] * step
        assert gap(run[name].to_numpy()[1:], moved) == 0
