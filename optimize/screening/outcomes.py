"""`NAME:MEASURE`, how the command line names a number made of a run.

MEASURE is `final`, `integral`, `mean`, or a time: the value then. NAME may be an element, `name[element]`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sd_models.dynamics.timing import slack
from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.simulator.measures import Measure
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray, System

from ..files.names import part_mask, part_of
from ..plans.quantities import time_unit, unit_of_integral


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number made of a run: an element of a variable (its place, flat), and a measure of it, or a time."""

    label: str
    variable: str
    place: int
    measure: Measure | float
    unit: str


def wanted(system: System, text: str) -> Wanted:
    """The outcome that a text names; InvalidRequest with the nearest names where there is none.

    >>> import sd_models as sd
    >>> wanted(sd.load("urbanization"), "national urban share:2030").measure
    2030.0
    """
    name, colon, measure = text.rpartition(":")
    if not colon or text in system:
        name, measure = text, str(Measure.FINAL)
    part = part_of(system, name)
    variable = system[part.name]
    places = np.flatnonzero(part_mask(system, part))
    if len(places) > 1:
        advice = f"Name one, {variable.name}[element], or a total."
        raise InvalidRequest(
            Fault("it has many elements; expected one number at a time.", variable.name, advice=advice)
        )
    found = _measure(measure.strip(), text)
    unit = unit_of_integral(variable.unit, time_unit(system)) if found is Measure.INTEGRAL else variable.unit
    return Wanted(text.strip(), variable.name, int(places[0]), found, unit)


def _measure(word: str, text: str) -> Measure | float:
    if word in tuple(Measure):
        return Measure(word)
    try:
        time = float(word)
    except ValueError:
        time = math.nan
    if math.isfinite(time):
        return time
    advice = (
        nearest(word, [str(measure) for measure in Measure]) or f"Write NAME:{' or NAME:'.join(Measure)} or NAME:2050."
    )
    raise InvalidRequest(Fault(f"{word!r} is no measure.", text, advice=advice))


def weights(simulator: Simulator, outcome: Wanted, first: float | None) -> FloatArray:
    """The weight of each time in an outcome, from the time `first` on; InvalidRequest for a time outside the run."""
    times, step = simulator.times, simulator.model.grid.step
    if isinstance(outcome.measure, float):
        at = np.abs(times - outcome.measure)
        if at.min() > step / 2 + slack(times):
            found = f"time {outcome.measure:g} is not in the run, {times[0]:g} to {times[-1]:g}."
            raise InvalidRequest(Fault(found, outcome.label))
        return np.asarray(np.arange(len(times)) == at.argmin(), dtype=np.float64)
    if outcome.measure is Measure.FINAL:
        return np.asarray(np.arange(len(times)) == len(times) - 1, dtype=np.float64)
    begin = times[0] if first is None else first
    counted = (times >= begin - slack(times)) & (np.arange(len(times)) < len(times) - 1)
    if not counted.any():
        raise InvalidRequest(Fault(f"there is no time from {first:g} on in the run.", outcome.label))
    return np.asarray(counted * (step if outcome.measure is Measure.INTEGRAL else 1 / counted.sum()))
