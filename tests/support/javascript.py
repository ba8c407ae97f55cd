"""Compares generated JavaScript, run in an embedded V8, with the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optimize.benchmarks.embedded import Engine
from sd_models.simulator.compilation import CompiledModel
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray
from sd_models.tape.tracing import TapedModel
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
    model, theirs = engine.program.model, simulator.model
    assert {*model.outputs.rows, *model.fixed} == {*theirs.outputs.rows, *theirs.fixed}
    return {
        name: gap(*np.broadcast_arrays(_values(model, ours, name), _values(theirs, reference, name)))
        for name in (*model.outputs.rows, *model.fixed)
    }


def _values(model: TapedModel | CompiledModel, moving: FloatArray, name: str) -> FloatArray:
    """The values of an output at all times, or of one that cannot move: a tape knows of more that cannot."""
    return moving[model.outputs.rows[name]] if name in model.outputs.rows else model.fixed[name][:, np.newaxis]
