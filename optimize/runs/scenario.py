"""A scenario: a model with other constants, other paths of levers and another time span, and its run on an engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import Fault, InvalidModel, InvalidRequest
from sd_models.reading.library import load
from sd_models.reference.replay import replay
from sd_models.rewrites.folding import unchanging
from sd_models.rewrites.substitution import substitute
from sd_models.simulator.engines import Engine as Compiler
from sd_models.simulator.simulation import compile, simulate
from sd_models.system.model import FloatArray, Kind, System, Variable

from ..files.names import Part, axes_of, positions, ranges_of
from .engine import Engine
from .policy import Policy, lever_paths, policy_notes, read_policy

Constants: TypeAlias = dict[str, float | xr.DataArray]


@dataclass(frozen=True, slots=True)
class Setting:
    """Another value for a constant or for some of its elements."""

    part: Part
    value: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A model (library name or file), what is set otherwise in it, its data files and the folder of its regions."""

    model: str
    settings: tuple[Setting, ...] = ()
    policy: Policy | None = None
    time: TimeSpan = field(default_factory=TimeSpan)
    data: tuple[Path, ...] = ()
    regions: str | None = None


def read_scenario(
    model: str,
    *,
    settings: Sequence[str] = (),
    policy: Path | None = None,
    time: TimeSpan | None = None,
    data: Sequence[Path] = (),
    regions: str | None = None,
) -> Scenario:
    """The scenario that texts (`NAME=VALUE`) and files describe; InvalidRequest for what cannot be read."""
    read = tuple(setting(text) for text in settings)
    path = read_policy(policy) if policy else None
    return Scenario(model, read, path, time or TimeSpan(), data_files(data), regions)


def data_files(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """The paths; InvalidRequest for those that are no files, which a model might never come to miss."""
    files = tuple(Path(path) for path in paths)
    missing = [
        Fault("there is no such file.", file=str(file), advice="Check the path.")
        for file in files
        if not file.is_file()
    ]
    if missing:
        raise InvalidRequest(missing)
    return files


def setting(text: str) -> Setting:
    """What `NAME=VALUE` or `NAME[element]=VALUE` sets.

    >>> setting("cost[CN-BJ] = 3")
    Setting(part=Part(name='cost', elements=('CN-BJ',)), value=3.0)
    """
    name, equals, value = text.rpartition("=")
    if not equals or not name.strip():
        advice = "Write NAME=VALUE, in quotes if the name has blanks: --set 'birth rate=0.02'."
        raise InvalidRequest(Fault(f"{text!r} sets nothing.", advice=advice))
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        advice = "Write it like 0.02 or 1e6."
        raise InvalidRequest(Fault(f"{value.strip()!r} is not a number.", name.strip(), advice=advice))
    return Setting(Part.of(name), number)


COMPILERS = {Engine.NATIVE: None, Engine.CASADI: Compiler.CASADI}
"""What each engine but PySD is to the simulator, which takes CasADi, with a note, where there is no native one."""


def open_model(scenario: Scenario, engine: Engine) -> System | None:
    """The system of the scenario's model; None where PySD alone can read it and nothing in the scenario needs more."""
    try:
        return load(scenario.model, data=scenario.data, regions=scenario.regions)
    except InvalidModel:
        if engine is not Engine.PYSD or scenario.policy or any(setting.part.elements for setting in scenario.settings):
            raise
        return None


def run_scenario(
    scenario: Scenario, engine: Engine, system: System | None, *, outputs: Iterable[str] | None = None
) -> xr.Dataset:
    """The trajectories of a scenario; `system` is the one that `open_model` found."""
    constants = _constants(scenario, system)
    levers = _levers(scenario, system, constants)
    if engine is not Engine.PYSD and system is not None:
        run = simulate(
            system,
            levers=levers,
            constants=constants,
            outputs=outputs,
            time=scenario.time,
            engine=COMPILERS[engine],
        )
    else:
        model, regions = (scenario.model, scenario.regions) if system is None else (system, None)
        run = replay(
            model,
            constants=constants,
            levers=levers,
            time=scenario.time,
            outputs=outputs,
            data=scenario.data,
            regions=regions,
        )
    run.attrs["notes"] = [*run.attrs.get("notes", ()), *_notes(scenario, system, run["time"].to_numpy())]
    return run


def _notes(scenario: Scenario, system: System | None, times: FloatArray) -> Iterator[str]:
    """What somebody who asked for this scenario may not expect."""
    for part, value in ((setting.part, setting.value) for setting in scenario.settings):
        outside = "" if system is None else system[part.name].outside(value)
        if outside:
            yield f"{part} = {value:.6g} is outside the range that the model gives it: {outside}."
    if len(times) == 1:
        yield f"The run has one time only, {times[0]:.10g}: FINAL TIME is not after INITIAL TIME."
    if scenario.policy:
        yield from policy_notes(scenario.policy, times)


def _constants(scenario: Scenario, system: System | None) -> Constants:
    """The constants that are set; where single elements are, the others keep the model's own values."""
    if system is None:
        return {setting.part.name: setting.value for setting in scenario.settings}
    values: Constants = {}
    for part, value in ((setting.part, setting.value) for setting in scenario.settings):
        variable = _settable(system, part)
        if not part.elements:
            values[variable.name] = value
            continue
        own = values[variable.name] if variable.name in values else _own_values(system, variable)
        array = np.array(np.broadcast_to(own, system.shape(variable)))
        array[np.ix_(*positions(part, axes_of(system, variable), ranges_of(system)))] = value
        values[variable.name] = xr.DataArray(array, axes_of(system, variable), variable.dimensions)
    return values


def _settable(system: System, part: Part) -> Variable:
    """The variable of a part; InvalidRequest where another value makes no sense."""
    variable = system[part.name]
    if variable.kind not in (Kind.CONSTANT, Kind.AUXILIARY):
        found = f"{variable.name!r} is a {variable.kind}, and a run has no one value of it."
        raise InvalidRequest(Fault(found, file=system.name, advice=_ADVICE.get(variable.kind, "")))
    if part.elements and variable.name not in unchanging(system):
        found = f"{variable.name!r} changes during the run, so its elements cannot be set one by one."
        advice = "Set all of it, or give its path with --policy."
        raise InvalidRequest(Fault(found, file=system.name, advice=advice))
    return variable


_ADVICE: Mapping[Kind, str] = {
    Kind.STOCK: "Set the constants of its flows or of its initial value.",
    Kind.DATA: "Give its path with --policy.",
    Kind.TABLE: "Change its points in the model file.",
}


def _own_values(system: System, variable: Variable) -> FloatArray:
    """The model's own values of something that does not change in a run."""
    simulator = compile(system, constants=[variable.name], outputs=[variable.name])
    return np.array(simulator.defaults[variable.name][:, 0]).reshape(system.shape(variable))


def _levers(scenario: Scenario, system: System | None, constants: Constants) -> dict[str, xr.DataArray]:
    """The paths of the policy's levers in a model with these constants."""
    if scenario.policy is None or system is None:
        return {}
    changed = substitute(system, {name: np.asarray(value) for name, value in constants.items()})
    return lever_paths(scenario.policy, changed, scenario.time)
