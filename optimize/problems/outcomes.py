"""Outcomes of a policy and their exact derivatives, by runs of the compiled model over the horizon.

The run up to the first decision is the same for every policy, so it is done once; what is differentiated is the run
from there on. Every value comes from a whole simulated run: what a solver sees obeys the model's equations exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import casadi as ca
import numpy as np
from scipy.sparse import coo_array, csr_array

from sd_models.simulator.concurrency import concurrently
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray, IndexArray
from sd_models.targets.casadi.buffers import call

from ..plans.horizon import Horizon
from ..plans.levers import LeverMap
from ..plans.quantities import Quantities
from .program import NO_NUMBERS, Evaluation

# Outcomes or directions that one sweep takes side by side; more take more memory and no less time.
SEEDS = 4


@dataclass(frozen=True, eq=False)
class HorizonRun:
    """The run over the horizon and its derivatives as CasADi functions of levers and constants, each built once.

    `before` holds the stocks at the start of the horizon where that lies after the start of the run, by default those
    of the model's own run.
    """

    simulator: Simulator
    horizon: Horizon
    before: FloatArray | None = None

    @cached_property
    def forward(self) -> ca.Function:
        """Inputs over the horizon, (rows of levers, points), and constants to outputs (rows, points)."""
        model, first, points = self.simulator.model, self.horizon.first, self.horizon.points
        count = len(points)
        levers, constants = (
            ca.MX.sym("levers", model.levers.size, count),
            ca.MX.sym("constants", model.constants.size),
        )
        run = model.step.mapaccum("horizon", count, {"base": count + 1})
        data = model.data_table[:, first:]
        _, outputs = run(
            self._begin(levers, constants), levers, ca.repmat(constants, 1, count), data, points[np.newaxis, :]
        )
        return ca.Function("forward", [levers, constants], [outputs])

    def _begin(self, levers: ca.MX, constants: ca.MX) -> ca.MX | FloatArray:
        """The stocks at the start of the horizon; where that is the start of the run, the first levers may set them."""
        model = self.simulator.model
        if not self.horizon.first:
            return model.start(levers[:, 0], constants, model.data_table[:, 0], ca.DM(0, 1), self.horizon.points[0])
        return self.first_stocks if self.before is None else self.before

    @cached_property
    def first_stocks(self) -> FloatArray:
        """The stocks of the model's own run at the start of the horizon, a column."""
        return self.simulator.trajectories(self.simulator.inputs()).states[:, [self.horizon.first]]

    def reverse(self, count: int) -> ca.Function:
        """The gradients of that many outcomes, whose seeds stand side by side."""
        if count not in self._sweeps:
            self._sweeps[count] = self.forward.reverse(count)
        return self._sweeps[count]

    def tangent(self, count: int) -> ca.Function:
        """The derivatives of a gradient along that many directions, which stand side by side."""
        if count not in self._tangents:
            self._tangents[count] = self.reverse(1).forward(count)
        return self._tangents[count]

    @cached_property
    def _sweeps(self) -> dict[int, ca.Function]:
        return {}

    @cached_property
    def _tangents(self) -> dict[int, ca.Function]:
        return {}


@dataclass(frozen=True, eq=False)
class SimulatedOutcomes:
    """The outcomes of a plan by a compiled model: `levers` maps a policy to the model's inputs over the horizon,
    `quantities` say which weighted sums of its outputs are outcomes. An `Outcomes`; `outputs` of its evaluations are
    (rows of outputs, points of the horizon).

    `constants` has a value for each row of the model's constants that are inputs; outcomes with others
    (`dataclasses.replace`) share the run, and so build nothing.
    """

    run: HorizonRun
    levers: LeverMap
    quantities: Quantities
    constants: FloatArray = field(default_factory=lambda: NO_NUMBERS)

    @property
    def simulator(self) -> Simulator:
        """The compiled model."""
        return self.run.simulator

    @property
    def horizon(self) -> Horizon:
        """The time points that count."""
        return self.run.horizon

    # --- as solvers see it ----------------------------------------------------------------------------------------

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The outcomes of a policy; some are NaN or infinite where the run leaves the numbers."""
        (outputs,) = call(self.run.forward, self.levers.paths(x), self._column)
        return Evaluation(x, self._measured(outputs), outputs)

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """The gradients (chosen outcomes, levers) at a policy."""
        paths = self.levers.paths(at.x)
        groups = [chosen[i : i + SEEDS] for i in range(0, len(chosen), SEEDS)]
        for count in {len(group) for group in groups}:
            self.run.reverse(count)
        return np.concatenate(concurrently(lambda group: self._swept(paths, at, group), groups))

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The gradient (levers) of the sum of all outcomes times their weights (outcomes), in one sweep."""
        found = self._gradient(1, self.levers.paths(at.x), at, self._seed(weights))
        return self.levers.adjoint(found)

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """The second derivative of the sum of all outcomes times their weights, times each direction (k, levers): the
        tangent of the reverse sweep, several directions in one."""
        paths, seed = self.levers.paths(at.x), self._seed(weights)
        groups = [directions[i : i + SEEDS] for i in range(0, len(directions), SEEDS)]
        for count in {len(group) for group in groups}:
            self.run.tangent(count)
        return np.concatenate(concurrently(lambda group: self._bent(paths, at, seed, group), groups))

    # --- measures -------------------------------------------------------------------------------------------------

    @cached_property
    def places(self) -> tuple[IndexArray, FloatArray]:
        """The row of outputs of each outcome, and the weights of its window (outcomes, points)."""
        quantities, layout = self.quantities, self.simulator.model.outputs
        rows = np.array([layout.rows[name].start + element for name, element in quantities.elements], dtype=np.int64)
        return rows, quantities.weights[quantities.windows]

    def _measured(self, outputs: FloatArray) -> FloatArray:
        """The outcomes; no numbers only where a value that counts for them is none (others may be missing)."""
        quantities, (rows, _) = self.quantities, self.places
        good = np.isfinite(outputs)
        each = np.where(good, outputs, 0.0) @ quantities.weights.T
        if not good.all():
            each[(~good).astype(np.float64) @ (quantities.weights != 0).T > 0] = np.nan
        return np.asarray(each[rows, quantities.windows])

    # --- sweeps ---------------------------------------------------------------------------------------------------

    @cached_property
    def _gathering(self) -> csr_array:
        """1 where an outcome (column) is made of a row of outputs."""
        rows, _ = self.places
        layout, count = self.simulator.model.outputs, len(rows)
        return csr_array(coo_array((np.ones(count), (rows, np.arange(count))), shape=(layout.size, count)))

    @cached_property
    def _windows(self) -> FloatArray:
        """1 where an outcome (row) has a window (column)."""
        quantities = self.quantities
        return np.asarray(quantities.windows[:, np.newaxis] == np.arange(len(quantities.weights)), dtype=np.float64)

    def _seed(self, weights: FloatArray) -> FloatArray:
        """The weights of all outcomes as weights of outputs (rows, points)."""
        by_window = self._gathering @ (weights[:, np.newaxis] * self._windows)
        return np.asarray(by_window @ self.quantities.weights)

    def _swept(self, paths: FloatArray, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """Gradients by one reverse sweep for several outcomes, whose seeds stand side by side."""
        rows, weights = self.places
        count = len(self.horizon.points)
        seeds = np.zeros((len(at.outputs), len(chosen) * count))
        for i, outcome in enumerate(chosen):
            seeds[rows[outcome], i * count : (i + 1) * count] = weights[outcome]
        return self._by_lever(self._gradient(len(chosen), paths, at, seeds), len(chosen))

    def _gradient(self, count: int, paths: FloatArray, at: Evaluation, seeds: FloatArray) -> FloatArray:
        """The gradients to the inputs over the horizon, side by side."""
        return call(self.run.reverse(count), paths, self._column, at.outputs, seeds)[0]

    @property
    def _column(self) -> FloatArray:
        return self.constants[:, np.newaxis]

    def _bent(self, paths: FloatArray, at: Evaluation, seed: FloatArray, directions: FloatArray) -> FloatArray:
        """Products by one tangent of the reverse sweep, whose directions stand side by side."""
        count, outputs = len(directions), self.simulator.model.outputs.size
        moves = np.concatenate(list(self.levers.directions(directions)), axis=1)
        still = np.zeros((outputs, count * len(self.horizon.points)))
        # The tangent does not look at the value of what it differentiates, and constants do not move.
        slopes = np.zeros_like(paths), np.zeros_like(self._column)
        fixed = np.tile(slopes[1], (1, count))
        given = paths, self._column, at.outputs, seed, *slopes, moves, fixed, still, still
        return self._by_lever(call(self.run.tangent(count), *given)[0], count)

    def _by_lever(self, found: FloatArray, count: int) -> FloatArray:
        """Gradients (count, levers) from those to the inputs, which stand side by side."""
        each = found.reshape(len(found), count, len(self.horizon.points))
        return np.stack([self.levers.adjoint(each[:, i]) for i in range(count)])
