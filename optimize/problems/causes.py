"""Why the run of the model's own levers is no run: an own value of a lever, or what the plan assumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sd_models.errors import SimulationError
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray

from ..plans.assumptions import Assumption, sentence
from ..plans.levers import LeverBlock


def explained(
    error: SimulationError, simulator: Simulator, blocks: Sequence[LeverBlock], first: int
) -> SimulationError:
    """The error, with the levers whose own values lead to it where other values between their bounds do not.

    `first` is the point of the run at which the blocks begin.
    """
    own = inner = simulator.inputs()
    rows = simulator.model.levers.rows
    for block in blocks:
        inner = _moved(inner, rows[block.variable], block, first)
    if not _runs(simulator, inner):
        return error
    alone = [block for block in blocks if not _runs(simulator, _restored(inner, own, rows[block.variable]))]
    told = " and ".join(
        f"{block.variable!r} ({_range(_values(own, rows, block, first))}; with "
        f"{_range(_values(inner, rows, block, first))} there is a run)"
        for block in alone or blocks
    )
    advice = f"The cause is the model's own value, where the search starts, of the lever {told}."
    return SimulationError(replace(fault, advice=f"{advice} Change it in the model.") for fault in error.faults)


def assuming(error: SimulationError, assumptions: Sequence[Assumption]) -> SimulationError:
    """The error of a model that runs with its own constants, with what the plan assumes instead."""
    advice = f"With the model's own constants there is a run. {sentence(assumptions)} Take other values."
    return SimulationError(replace(fault, advice=advice) for fault in error.faults)


def _restored(inner: Inputs, own: Inputs, rows: slice) -> Inputs:
    """The inner inputs with the own values in some rows."""
    levers = inner.levers.copy()
    levers[rows] = own.levers[rows]
    return replace(inner, levers=levers)


def _values(inputs: Inputs, rows: Mapping[str, slice], block: LeverBlock, first: int) -> FloatArray:
    """The values of a block over the horizon."""
    return np.asarray(inputs.levers[rows[block.variable].start + block.elements, first:])


def _moved(inputs: Inputs, rows: slice, block: LeverBlock, first: int) -> Inputs:
    """The inputs with a lever halfway between its bounds, or a step from the one that it has."""
    levers = inputs.levers.copy()
    own = levers[rows][block.elements, first:]
    lower, upper = (bound[:, block.period] for bound in (block.lower, block.upper))
    lower = np.where(np.isfinite(lower), lower, np.where(np.isfinite(upper), upper, own) - 1.0 - np.abs(own))
    upper = np.where(np.isfinite(upper), upper, np.maximum(lower, own) + 1.0 + np.abs(own))
    levers[rows.start + block.elements, first:] = 0.5 * (lower + upper)
    return replace(inputs, levers=levers)


def _runs(simulator: Simulator, inputs: Inputs) -> bool:
    try:
        simulator.check(inputs, simulator.trajectories(inputs))
    except SimulationError:
        return False
    return True


def _range(values: FloatArray) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
