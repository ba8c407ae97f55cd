"""Outcomes of a policy and their exact gradients, by runs of the compiled model over the horizon.

The run up to the first decision is the same for every policy, so it is done once; what is differentiated is the run
from there on. Every value comes from a whole simulated run: what a solver sees obeys the model's equations exactly.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import casadi as ca
import numpy as np
from scipy.sparse import coo_array, csr_array

from sd_models.errors import SimulationError
from sd_models.system.model import FloatArray
from sd_models.targets.casadi.buffers import call

from ..plans.affine import Index
from .problem import Problem

T = TypeVar("T")

# Outcomes whose gradients one sweep takes side by side; more take more memory and no less time.
SEEDS = 4
# Runs and sweeps at a time; more than a few only fight for memory.
WORKERS = min(os.cpu_count() or 1, 4)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The outcomes y of a policy x, and the run behind them: outputs (rows, points of the horizon)."""

    x: FloatArray
    y: FloatArray
    outputs: FloatArray

    @property
    def is_finite(self) -> bool:
        """Whether the run stayed among the numbers."""
        return bool(np.isfinite(self.y).all())


@dataclass
class Counts:
    """How often the model was run, and how many gradients were taken."""

    simulations: int = 0
    gradients: int = 0


@dataclass(frozen=True, eq=False)
class Evaluator:
    """The outcomes y(x) of a problem and their gradients."""

    problem: Problem
    counts: Counts = field(default_factory=Counts)

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The outcomes of a policy; some are NaN or infinite where the run leaves the numbers."""
        self.counts.simulations += 1
        (outputs,) = call(self._forward, self.problem.lever_columns(x))
        return Evaluation(x, self._measured(outputs), outputs)

    @cached_property
    def own(self) -> Evaluation:
        """The model's own levers and their outcomes."""
        return self.evaluate(self.problem.own)

    @cached_property
    def peaks(self) -> FloatArray:
        """What each outcome would be if its element kept its largest absolute value along the run of the own levers."""
        paths, quantities = self.problem.own_paths, self.problem.bound.quantities
        largest = [np.abs(paths[name][element]).max() for name, element in quantities.elements]
        return np.asarray(np.array(largest) * np.abs(quantities.weights).sum(axis=1)[quantities.windows])

    def gradients(self, at: Evaluation, chosen: Index) -> FloatArray:
        """The gradients (chosen outcomes, levers) at a policy."""
        self.counts.gradients += len(chosen)
        columns = self.problem.lever_columns(at.x)
        groups = [chosen[i : i + SEEDS] for i in range(0, len(chosen), SEEDS)]
        for count in {len(group) for group in groups}:
            self._reverse(count)
        parts = self.together(lambda group: self._swept(columns, at, group), groups)
        return np.concatenate(parts) if parts else np.zeros((0, self.problem.size))

    def together(self, function: Callable[[T], FloatArray], arguments: Sequence[T]) -> list[FloatArray]:
        """The values of a function, on all processors: runs and sweeps let go of Python's lock."""
        if len(arguments) < 2:
            return [function(argument) for argument in arguments]
        with ThreadPoolExecutor(min(WORKERS, len(arguments))) as pool:
            return list(pool.map(function, arguments))

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The gradient (levers) of the sum of all outcomes times their weights (outcomes), in one sweep."""
        if not weights.any():
            return np.zeros(self.problem.size)
        self.counts.gradients += 1
        by_window = self._gathering @ (weights[:, np.newaxis] * self._windows)
        seed = by_window @ self.problem.bound.quantities.weights
        (found,) = call(self._reverse(1), self.problem.lever_columns(at.x), at.outputs, seed)
        return self._by_lever(found)

    def complaint(self, x: FloatArray) -> str:
        """What is wrong with the run of a policy: the variable, element and time at which it leaves the numbers."""
        simulator = self.problem.simulator
        inputs = simulator.inputs(levers=self.problem.policy(x))
        try:
            simulator.check(inputs, simulator.trajectories(inputs))
        except SimulationError as error:
            return str(error)
        return "an outcome is no number."

    @cached_property
    def _forward(self) -> ca.Function:
        """Inputs over the horizon, (rows of levers, points), to outputs (rows, points)."""
        problem = self.problem
        model, first = problem.simulator.model, problem.horizon.first
        count = len(problem.horizon.points)
        levers = ca.MX.sym("levers", model.levers.size, count)
        run = model.step.mapaccum("horizon", count, {"base": count + 1})
        constants = np.zeros((0, count))
        data, times = model.data_table[:, first:], problem.horizon.points[np.newaxis, :]
        _, outputs = run(self._begin(levers), levers, constants, data, times)
        return ca.Function("forward", [levers], [outputs])

    def _begin(self, levers: ca.MX) -> ca.MX | FloatArray:
        """The stocks at the start of the horizon; where that is the start of the run, the first levers may set them."""
        problem, model = self.problem, self.problem.simulator.model
        if problem.horizon.first:
            return self._start
        none = ca.DM(0, 1)
        return model.start(levers[:, 0], none, model.data_table[:, 0], none, problem.horizon.points[0])

    @cached_property
    def _start(self) -> FloatArray:
        """The stocks at the start of the horizon."""
        problem = self.problem
        states = problem.simulator.trajectories(problem.simulator.inputs()).states
        return states[:, [problem.horizon.first]]

    @cached_property
    def _places(self) -> tuple[Index, FloatArray]:
        """The row of outputs of each outcome, and the weights of its window (outcomes, points)."""
        quantities, layout = self.problem.bound.quantities, self.problem.simulator.model.outputs
        rows = np.array([layout.rows[name].start + element for name, element in quantities.elements], dtype=np.int64)
        return rows, quantities.weights[quantities.windows]

    @cached_property
    def _gathering(self) -> csr_array:
        """1 where an outcome (column) is made of a row of outputs."""
        rows, _ = self._places
        layout, count = self.problem.simulator.model.outputs, len(rows)
        return csr_array(coo_array((np.ones(count), (rows, np.arange(count))), shape=(layout.size, count)))

    @cached_property
    def _windows(self) -> FloatArray:
        """1 where an outcome (row) has a window (column)."""
        quantities = self.problem.bound.quantities
        return np.asarray(quantities.windows[:, np.newaxis] == np.arange(len(quantities.weights)), dtype=np.float64)

    def _measured(self, outputs: FloatArray) -> FloatArray:
        quantities, (rows, _) = self.problem.bound.quantities, self._places
        with np.errstate(invalid="ignore"):  # a run that leaves the numbers has outcomes that are none
            each = outputs @ quantities.weights.T
        return np.asarray(each[rows, quantities.windows])

    def _swept(self, columns: FloatArray, at: Evaluation, chosen: Index) -> FloatArray:
        """Gradients by one reverse sweep for several outcomes, whose seeds stand side by side."""
        rows, weights = self._places
        count = len(self.problem.horizon.points)
        seeds = np.zeros((len(at.outputs), len(chosen) * count))
        for i, outcome in enumerate(chosen):
            seeds[rows[outcome], i * count : (i + 1) * count] = weights[outcome]
        (found,) = call(self._reverse(len(chosen)), columns, at.outputs, seeds)
        each = found.reshape(len(found), len(chosen), count)
        return np.stack([self._by_lever(each[:, i]) for i in range(len(chosen))])

    def _by_lever(self, columns: FloatArray) -> FloatArray:
        """The gradient to x from that to the inputs over the horizon (rows of levers, points)."""
        layout = self.problem.simulator.model.levers
        return np.concatenate(
            [
                (columns[layout.rows[block.variable].start + block.elements] @ block.spread.T).ravel()
                for block in self.problem.bound.blocks
            ]
        )

    def _reverse(self, count: int) -> ca.Function:
        if count not in self._built:
            self._built[count] = self._forward.reverse(count)
        return self._built[count]

    @cached_property
    def _built(self) -> dict[int, ca.Function]:
        return {}
