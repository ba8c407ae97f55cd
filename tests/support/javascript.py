"""Compares generated JavaScript, run in an embedded V8, with the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optimize.benchmarks.embedded import Engine
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray
from support.agreement import gap


def both(simulator: Simulator, engine: Engine, **given: Any) -> tuple[FloatArray, FloatArray]:
    """The moving outputs (rows, times) of V8 and of the simulator, from the same inputs."""
    inputs = simulator.inputs(**given)
    ours = engine.run(inputs.levers, inputs.constants[:, 0], inputs.initials[:, 0])
    return ours, simulator.trajectories(inputs).outputs


def javascript_gaps(simulator: Simulator, engine: Engine, **given: Any) -> Mapping[str, float]:
    """The largest relative gap of each output between V8 and the simulator, moving or still.

    Both compute the same system with the same inputs.
    """
    ours, reference = both(simulator, engine, **given)
    model = engine.program.model
    assert model.outputs.rows == simulator.model.outputs.rows
    moving = {name: gap(ours[rows], reference[rows]) for name, rows in model.outputs.rows.items()}
    still = {name: gap(model.fixed[name], values) for name, values in simulator.model.fixed.items()}
    return {**moving, **still}
