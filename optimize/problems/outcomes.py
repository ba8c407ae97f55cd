"""Outcomes of a policy and their exact derivatives, by runs of the compiled model over the horizon.

The run up to the first decision is the same for every policy, so it is done once; what is differentiated is the run
from there on. Every value comes from a whole simulated run: what a solver sees obeys the model's equations exactly.
Kernels compute them; where the model has none, CasADi does (`HorizonRun` and its two kinds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import casadi as ca
import numpy as np
from scipy.sparse import coo_array, csr_array

from sd_models.simulator.concurrency import concurrently
from sd_models.simulator.simulation import Simulator
from sd_models.system.model import FloatArray, IndexArray
from sd_models.tape.instructions import Source
from sd_models.targets.casadi.buffers import call
from sd_models.targets.native import model as native
from sd_models.targets.native.model import NativeModel

from ..plans.horizon import Horizon
from ..plans.levers import LeverMap
from ..plans.quantities import Quantities
from .program import NO_NUMBERS, Evaluation

# Outcomes or directions that one sweep takes side by side; more take more memory and no less time.
SEEDS = 4
# Directions whose products are taken together, and outcomes whose gradients are: as many as have so many numbers of
# levers, and so many at least. With 2,844 regions, 32 directions at once took 8 GB more.
MOST_NUMBERS, LEAST_AT_ONCE, LEAST_SWEEPS = 4_000_000, 4, 16


@dataclass(frozen=True, eq=False)
class HorizonRun:
    """The run over the horizon and its derivatives, of levers (rows, points) and constants (rows).

    `before` holds the stocks at the start of the horizon where that lies after the start of the run, by default those
    of the model's own run.
    """

    simulator: Simulator
    horizon: Horizon
    before: FloatArray | None = None

    @cached_property
    def first_stocks(self) -> FloatArray:
        """The stocks of the model's own run at the start of the horizon, a column."""
        return self.simulator.trajectories(self.simulator.inputs()).states[:, [self.horizon.first]]

    @cached_property
    def way(self) -> NativeHorizon | CasadiHorizon:
        """What computes it."""
        kernels = self.simulator.model.native
        return CasadiHorizon(self) if kernels is None else NativeHorizon(self, kernels)

    @property
    def stocks_before(self) -> FloatArray | None:
        """The stocks at the start of the horizon; None where that is the start of the run: the first levers may set
        them."""
        if not self.horizon.first:
            return None
        return self.first_stocks if self.before is None else self.before


@dataclass(frozen=True, eq=False)
class NativeHorizon:
    """The run over the horizon by kernels."""

    run: HorizonRun
    kernels: NativeModel
    _last: dict[bytes, native.Run] = field(default_factory=dict)
    _last_weighed: dict[bytes, native.Weighed] = field(default_factory=dict)

    def outputs(self, paths: FloatArray, constants: FloatArray) -> FloatArray:
        """The outputs (rows, points)."""
        return self.kernels.outputs(self._run(paths, constants))

    def gradients(self, paths: FloatArray, constants: FloatArray, seeds: Sequence[FloatArray]) -> FloatArray:
        """The gradients (seeds, rows of levers, points) of sums of outputs by weights (rows, points)."""
        run = self._run(paths, constants)
        return self.kernels.gradients(run, np.stack(seeds), each=concurrently)[Source.LEVERS]

    def products(
        self, paths: FloatArray, constants: FloatArray, seed: FloatArray, moves: Iterable[FloatArray]
    ) -> FloatArray:
        """The derivatives of the gradient along each of `moves`, (moves, rows of levers, points)."""
        weighed = self._weighed(self._run(paths, constants), seed)
        return self.kernels.products(weighed, np.stack(list(moves)), each=concurrently)

    def local_products(
        self, paths: FloatArray, constants: FloatArray, seed: FloatArray, moves: Iterable[FloatArray]
    ) -> FloatArray:
        """The same with what regions, or whatever rows are along, do to each other held."""
        weighed = self._weighed(self._run(paths, constants), seed)
        return self.kernels.products(weighed, np.stack(list(moves)), each=concurrently, local=True)

    def _weighed(self, run: native.Run, seed: FloatArray) -> native.Weighed:
        """The run with these weights; the last one is kept, since many products are asked for, one after the other."""
        key = seed.tobytes()
        found = self._last_weighed.get(key)
        if found is None or found.run is not run:
            found = self.kernels.weighed(run, seed)
            self._last_weighed.clear()
            self._last_weighed[key] = found
        return found

    def _run(self, paths: FloatArray, constants: FloatArray) -> native.Run:
        """The run; the last one is kept, since derivatives follow on values."""
        key = paths.tobytes() + constants.tobytes()
        found = self._last.get(key)
        if found is None:
            before = self.run.stocks_before
            first = None if before is None else before[:, 0]
            given = native.RunInputs(paths, constants, NO_NUMBERS, self.run.horizon.first, first)
            found = self.kernels.run(given)
            self._last.clear()
            self._last[key] = found
        return found


@dataclass(frozen=True, eq=False)
class CasadiHorizon:
    """The run over the horizon by CasADi functions, each built once."""

    run: HorizonRun

    def outputs(self, paths: FloatArray, constants: FloatArray) -> FloatArray:
        """The outputs (rows, points)."""
        (found,) = call(self.forward, paths, constants[:, np.newaxis])
        return found

    def gradients(self, paths: FloatArray, constants: FloatArray, seeds: Sequence[FloatArray]) -> FloatArray:
        """The gradients (seeds, rows of levers, points) of sums of outputs by weights (rows, points)."""
        groups = [seeds[i : i + SEEDS] for i in range(0, len(seeds), SEEDS)]
        for count in {len(group) for group in groups}:
            self.reverse(count)
        # A sweep does not look at the value of what it differentiates.
        outputs, column = np.zeros_like(seeds[0]), constants[:, np.newaxis]
        found = concurrently(
            lambda group: call(self.reverse(len(group)), paths, column, outputs, np.concatenate(group, axis=1))[0],
            groups,
        )
        return np.concatenate([_apart(each, len(group)) for each, group in zip(found, groups, strict=True)])

    def products(
        self, paths: FloatArray, constants: FloatArray, seed: FloatArray, moves: Iterable[FloatArray]
    ) -> FloatArray:
        """The derivatives of the gradient along each of `moves`, (moves, rows of levers, points)."""
        listed = list(moves)
        groups = [listed[i : i + SEEDS] for i in range(0, len(listed), SEEDS)]
        for count in {len(group) for group in groups}:
            self.tangent(count)
        found = concurrently(lambda group: self._bent(paths, constants[:, np.newaxis], seed, group), groups)
        return np.concatenate([_apart(each, len(group)) for each, group in zip(found, groups, strict=True)])

    def _bent(self, paths: FloatArray, column: FloatArray, seed: FloatArray, moves: list[FloatArray]) -> FloatArray:
        """Products by one tangent of the reverse sweep, side by side; constants do not move."""
        count = len(moves)
        still = np.zeros((len(seed), count * seed.shape[1]))
        slopes = np.zeros_like(paths), np.zeros_like(column)
        fixed = np.tile(slopes[1], (1, count))
        along = np.concatenate(moves, axis=1)
        return call(self.tangent(count), paths, column, np.zeros_like(seed), seed, *slopes, along, fixed, still, still)[
            0
        ]

    @cached_property
    def forward(self) -> ca.Function:
        """Inputs over the horizon, (rows of levers, points), and constants to outputs (rows, points)."""
        model, first, points = self.run.simulator.model, self.run.horizon.first, self.run.horizon.points
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
        model, before = self.run.simulator.model, self.run.stocks_before
        if before is not None:
            return before
        return model.start(levers[:, 0], constants, model.data_table[:, 0], ca.DM(0, 1), self.run.horizon.points[0])

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


def _apart(found: FloatArray, count: int) -> FloatArray:
    """What stands side by side, (rows, count * points), as (count, rows, points)."""
    return np.moveaxis(found.reshape(len(found), count, -1), 1, 0)


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
        outputs = self.run.way.outputs(self.levers.paths(x), self.constants)
        return Evaluation(x, self._measured(outputs), outputs)

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """The gradients (chosen outcomes, levers) at a policy.

        A sweep begins at the last time that counts for one of its outcomes: those with the same go together.
        """
        found = np.empty((len(chosen), len(at.x)))
        order, count = np.argsort(self._latest[chosen], kind="stable"), self._at_once(LEAST_SWEEPS)
        for first in range(0, len(chosen), count):
            part = order[first : first + count]
            seeds = [self._seed_of(int(outcome), at) for outcome in chosen[part]]
            found[part] = self._by_lever(self._gradient(at, seeds))
        return found

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The gradient (levers) of the sum of all outcomes times their weights (outcomes), in one sweep."""
        return self.levers.adjoint(self._gradient(at, [self._seed(weights)])[0])

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """The second derivative of the sum of all outcomes times their weights, times each direction (k, levers): the
        tangent of the reverse sweep, several directions in one."""
        return self._products(self.run.way.products, at, weights, directions)

    def local_products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray | None:
        """The same with what elements of the long dimension do to each other held; None where that is not known."""
        way = self.run.way
        if not isinstance(way, NativeHorizon):
            return None
        return self._products(way.local_products, at, weights, directions)

    def _products(
        self, products: Callable[..., FloatArray], at: Evaluation, weights: FloatArray, directions: FloatArray
    ) -> FloatArray:
        paths, seed = self.levers.paths(at.x), self._seed(weights)
        parts = [np.zeros((0, len(at.x)))]
        count = self._at_once(LEAST_AT_ONCE)
        for first in range(0, len(directions), count):  # each goes with a path of every lever, and of every stock
            moves = self.levers.directions(directions[first : first + count])
            parts.append(self._by_lever(products(paths, self.constants, seed, moves)))
        return np.concatenate(parts)

    def _at_once(self, least: int) -> int:
        """How many sweeps may be taken together, at least so many."""
        return max(least, MOST_NUMBERS // self.levers.own.size)

    # --- measures -------------------------------------------------------------------------------------------------

    @cached_property
    def places(self) -> tuple[IndexArray, FloatArray]:
        """The row of outputs of each outcome, and the weights of its window (outcomes, points)."""
        quantities, layout = self.quantities, self.simulator.model.outputs
        rows = np.array([layout.rows[name].start + element for name, element in quantities.elements], dtype=np.int64)
        return rows, quantities.weights[quantities.windows]

    @cached_property
    def _latest(self) -> IndexArray:
        """The number of the last point that counts for each outcome."""
        points = np.arange(self.quantities.weights.shape[1])
        last = np.where(self.quantities.weights != 0, points, 0).max(axis=1, initial=0)
        return np.asarray(last[self.quantities.windows])

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

    def _seed_of(self, outcome: int, at: Evaluation) -> FloatArray:
        """The weights of outputs (rows, points) that one outcome is made of."""
        rows, weights = self.places
        seed = np.zeros_like(at.outputs)
        seed[rows[outcome]] = weights[outcome]
        return seed

    def _gradient(self, at: Evaluation, seeds: Sequence[FloatArray]) -> FloatArray:
        """The gradients to the inputs over the horizon."""
        return self.run.way.gradients(self.levers.paths(at.x), self.constants, seeds)

    def _by_lever(self, found: FloatArray) -> FloatArray:
        """Gradients (count, levers) from those to the inputs (count, rows, points)."""
        return np.stack([self.levers.adjoint(each) for each in found])
