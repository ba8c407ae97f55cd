"""A program as one sparse nonlinear program: levers, the stocks at every step, and outcomes are all variables.

    variables    x (levers), s_1 ... s_K (stocks after each step), q_0 ... q_K (sums), y (the outcomes that rows name)
    constraints  F(s_k, q_k, u_k) - s_k+1 = 0 for every step, G(s_k, q_k, u_k) - q_k = 0 for every point,
                 W O(s, q, u) - y = 0 for every such outcome, the rows, the quadratic constraints

F, G and O are the compiled step of the model, u its levers, q its sums over many elements: written out, these would
tie every region to every other one (31 provinces, 930 levers, 120 steps: 3.6 million entries and 130 s an iteration;
with the sums as variables 0.6 million and 3 s). Derivatives are exact: the Jacobian and the Hessian of one step
are CasADi expressions, evaluated for all steps by one map; where their entries stand in the whole matrices is sparse
linear algebra done once. Everything is scaled by magnitudes along the run at the start, so that units do not matter.

Why the matrices are put together here: CasADi can derive them from the mapped step, but colours the whole matrix anew,
which takes longer than solving. What would change our mind: nlpsol knowing about chains of steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import casadi as ca
import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, diags_array, eye_array, hstack, kron, vstack

from sd_models.dynamics.preparation import Layout
from sd_models.rewrites import name_sums
from sd_models.simulator.compilation import CompiledModel
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, IndexArray, System

from ...problems.optimality import Multipliers
from ...problems.outcomes import SimulatedOutcomes
from ...problems.program import Program
from ...problems.scales import Scales, named_outcomes
from .nonlinear import NonlinearProgram

# A stock below this share of its variable's largest element is measured by that.
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class _Step:
    """One step of the model: functions of (v, other levers, data, time) for v, the stocks and the decided levers.

    `values` gives the stocks after the step and the outputs that are needed; `jacobian` the entries of its Jacobian at
    `jacobian_places` (rows, columns), `hessian` those of the upper triangle of the Hessian of their sum, weighted by
    one more argument.
    """

    values: ca.Function
    jacobian: ca.Function
    hessian: ca.Function
    jacobian_places: tuple[IndexArray, IndexArray]
    hessian_places: tuple[IndexArray, IndexArray]


def step_of(step: ca.Function, moving: IndexArray, outputs: IndexArray) -> _Step:
    """The step with its derivatives; `moving` are the rows of its levers that vary, `outputs` those of its outputs."""
    stocks, levers, constants, data, time = (ca.SX.sym(step.name_in(i), step.sparsity_in(i)) for i in range(5))
    moved = ca.SX.sym("moved", len(moving))
    given = ca.SX(levers)
    given[moving.tolist()] = moved
    after, found = step(stocks, given, constants, data, time)
    v = ca.vertcat(stocks, moved)
    values = ca.vertcat(after, found[outputs.tolist()])
    weights = ca.SX.sym("weights", values.numel())
    jacobian = ca.jacobian(values, v)
    hessian = ca.triu(ca.hessian(ca.dot(weights, values), v)[0])
    arguments = [v, levers, data, time]
    return _Step(
        ca.Function("values", arguments, [values]),
        ca.Function("jacobian", arguments, [jacobian.nz[:]]),
        ca.Function("hessian", [*arguments, weights], [hessian.nz[:]]),
        _places(jacobian.sparsity()),
        _places(hessian.sparsity()),
    )


def _places(sparsity: ca.Sparsity) -> tuple[IndexArray, IndexArray]:
    rows, columns = sparsity.get_triplet()
    return np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Transcription(NonlinearProgram):
    """The nonlinear program of a program whose outcomes a compiled model gives, from a start.

    `scales` are magnitudes of levers, rows and cost.
    """

    program: Program
    outcomes: SimulatedOutcomes
    start: FloatArray
    scales: Scales

    # --- the model with its sums as inputs ------------------------------------------------------------------------

    @cached_property
    def _named(self) -> tuple[System, Simulator, Mapping[str, str]]:
        """The model with large sums as variables of their own, its runs, and what each sum follows from."""
        system, twins = name_sums(self.outcomes.simulator.model.expanded, keep=self.outcomes.levers.rows)
        return system, compile(system, levers=self.outcomes.levers.rows, outputs=twins.values()), twins

    @cached_property
    def _lifted(self) -> tuple[System, Mapping[str, str]]:
        """The model with large sums as variables of their own, and what each of those follows from that can move.

        A sum may turn out to be a number, as the entropy of a single region is, whatever its score.
        """
        system, runs, twins = self._named
        return system, {name: twin for name, twin in twins.items() if twin in runs.model.outputs.rows}

    @cached_property
    def model(self) -> CompiledModel:
        """The compiled model with the plan's levers and the sums as levers."""
        system, twins = self._lifted
        own = self.outcomes.simulator.model.outputs.rows
        return compile(system, levers=(*self.outcomes.levers.rows, *twins), outputs=(*own, *twins.values())).model

    @cached_property
    def _moving(self) -> tuple[IndexArray, IndexArray]:
        """Rows of the model's levers: those that are decided, and the sums."""
        layout, blocks = self.model.levers, self.outcomes.levers.blocks
        decided = np.concatenate([layout.rows[block.variable].start + block.elements for block in blocks])
        return decided.astype(np.int64), self._rows(layout, self._lifted[1])

    @cached_property
    def _outputs(self) -> tuple[IndexArray, IndexArray]:
        """Rows of the model's outputs: of the outcomes, and of what the sums follow from."""
        layout, quantities = self.model.outputs, self.outcomes.quantities
        rows = [layout.rows[name].start + element for name, element in quantities.elements]
        return np.array(rows, dtype=np.int64), self._rows(layout, self._lifted[1].values())

    @staticmethod
    def _rows(layout: Layout, names: Iterable[str]) -> IndexArray:
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *(np.arange(layout.rows[name].start, layout.rows[name].stop) for name in names)])

    @cached_property
    def step(self) -> _Step:
        """One step with its derivatives: of stocks, decided levers and sums to stocks, sums and outcomes' variables."""
        outcomes, sums = self._outputs
        return step_of(self.model.step, np.concatenate(self._moving), np.concatenate([sums, np.unique(outcomes)]))

    @property
    def begins_with_levers(self) -> bool:
        """Whether levers set the stocks at the start of the horizon, which are given numbers here."""
        return self.outcomes.horizon.first == 0 and self.outcomes.simulator.model.start.jac_sparsity(0, 0).nnz() > 0

    @cached_property
    def most_entries(self) -> int:
        """How many entries the Hessian has at most: every step has its own block."""
        return len(self.step.hessian_places[0]) * self.points

    # --- the run at the start -------------------------------------------------------------------------------------

    @cached_property
    def _given(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The model's levers, data and times at all points."""
        horizon, own = self.outcomes.horizon, self.outcomes.levers.rows
        levers = np.zeros((self.model.levers.size, self.points))
        paths = self.outcomes.levers.paths(self.start)
        for name, rows in own.items():
            levers[self.model.levers.rows[name]] = paths[rows]
        return levers, self.model.data_table[:, horizon.first :], horizon.points[np.newaxis, :]

    @cached_property
    def path(self) -> tuple[FloatArray, FloatArray]:
        """The stocks and the sums at all points (each: numbers, points) of the run at the start."""
        first, (_, simulator, _) = self.outcomes.horizon.first, self._named
        inputs = simulator.inputs()
        levers, paths = inputs.levers.copy(), self.outcomes.levers.paths(self.start)
        for name, rows in self.outcomes.levers.rows.items():
            levers[simulator.model.levers.rows[name], first:] = paths[rows]
        found = simulator.trajectories(replace(inputs, levers=levers))
        order = self._rows(simulator.model.outputs, self._lifted[1].values())
        return found.states[:, first:], found.outputs[order, first:]

    # --- the sizes of everything ----------------------------------------------------------------------------------

    @cached_property
    def points(self) -> int:
        """The points of the horizon; there is one step fewer."""
        return len(self.outcomes.horizon.points)

    @cached_property
    def named(self) -> IndexArray:
        """The outcomes that rows name: variables of the nonlinear program."""
        return named_outcomes(self.program)

    @cached_property
    def parts(self) -> tuple[int, int, int, int]:
        """How many variables are levers, stocks after each step, sums at each point, and outcomes."""
        stocks, sums = self.path
        return len(self.start), stocks[:, 1:].size, sums.size, len(self.named)

    @cached_property
    def size(self) -> int:
        """The number of variables."""
        return sum(self.parts)

    # --- from variables to steps and from steps to rows -----------------------------------------------------------

    @cached_property
    def begin(self) -> FloatArray:
        """The variables at the start: levers, the stocks and sums of their run, outcomes."""
        found, (stocks, sums) = self.program.evaluate(self.start), self.path
        return np.concatenate([self.start, stocks[:, 1:].T.ravel(), sums.T.ravel(), found.y[self.named]])

    @cached_property
    def _sizes(self) -> tuple[FloatArray, FloatArray]:
        """The magnitudes of stocks and of sums: the largest along the run; that of the variable where it is tiny."""
        stocks, sums = (np.abs(path).max(axis=1, initial=0.0) for path in self.path)
        for rows in self.model.states.rows.values():
            largest = stocks[rows].max(initial=0.0)
            stocks[rows] = np.where(stocks[rows] > TINY * largest, stocks[rows], largest)
        return np.where(stocks == 0.0, 1.0, stocks), np.where(sums == 0.0, 1.0, sums)

    @cached_property
    def magnitudes(self) -> FloatArray:
        """What each variable is measured in."""
        stocks, sums = self._sizes
        along = np.tile(stocks, self.points - 1), np.tile(sums, self.points)
        return np.concatenate([self.scales.levers, *along, self.scales.outcomes[self.named]])

    @cached_property
    def _behind(self) -> IndexArray:
        """The variable behind each of v (stocks, decided levers, sums) at each point; -1 for the first stocks."""
        n, later, held, _ = self.parts
        stocks = n + np.arange(later).reshape(self.points - 1, -1).T
        first = np.full((stocks.shape[0], 1), -1)
        sums = n + later + np.arange(held).reshape(self.points, -1).T
        blocks = self.outcomes.levers.blocks
        levers = np.concatenate([block.numbers[:, block.period] for block in blocks])
        return np.concatenate([np.concatenate([first, stocks], axis=1), levers, sums]).astype(np.int64)

    @cached_property
    def _gather(self) -> tuple[csr_array, FloatArray]:
        """The matrix and vector that give v at all points, point by point, from the scaled variables."""
        places = self._behind.T.ravel()
        rows = np.flatnonzero(places >= 0)
        values = self.magnitudes[places[rows]]
        constant = np.zeros(len(places))
        first = self.path[0][:, 0]
        constant[: len(first)] = first
        return csr_array(coo_array((values, (rows, places[rows])), shape=(len(places), self.size))), constant

    @cached_property
    def _weights(self) -> csr_array:
        """The weight of each value of each step (point by point) in each outcome."""
        quantities, (rows, sums) = self.outcomes.quantities, self._outputs
        once, back = np.unique(rows, return_inverse=True)
        weights = quantities.weights[quantities.windows]
        outcome, point = np.nonzero(weights)
        first = len(self.path[0]) + len(sums)
        width = first + len(once)
        columns = point * width + first + back[outcome]
        shape = (len(weights), width * self.points)
        return csr_array(coo_array((weights[outcome, point], (outcome, columns)), shape=shape))

    @cached_property
    def _linear(self) -> tuple[csr_array, csr_array]:
        """Constraints but the quadratic ones as matrices on the values of all steps and on the scaled variables.

        Their rows: the steps, the sums, the outcomes, the rows of the program, each in its scale.
        """
        program, (n, later, held, m) = self.program, self.parts
        stocks, sums = (1.0 / sizes for sizes in self._sizes)
        width, count = self._weights.shape[1] // self.points, len(stocks)
        moved = coo_array((stocks, (np.arange(count), np.arange(count))), shape=(count, width))
        found = coo_array((sums, (np.arange(len(sums)), count + np.arange(len(sums)))), shape=(len(sums), width))
        steps = hstack([kron(eye_array(self.points - 1), moved), coo_array((later, width))])
        outcomes = diags_array(1.0 / self.scales.outcomes[self.named]) @ self._weights[self.named]
        on_values = vstack(
            [steps, kron(eye_array(self.points), found), outcomes, coo_array((len(program.row_lower), steps.shape[1]))]
        )
        rows = diags_array(1.0 / self.scales.rows)
        on_levers = rows @ program.lever_rows @ diags_array(self.scales.levers)
        on_outcomes = rows @ program.outcome_rows[:, self.named] @ diags_array(self.scales.outcomes[self.named])
        minus = -eye_array(later + held + m)
        between = coo_array((len(program.row_lower), later + held))
        on_variables = vstack(
            [hstack([coo_array((later + held + m, n)), minus]), hstack([on_levers, between, on_outcomes])]
        )
        return csr_array(on_values), csr_array(on_variables)

    @cached_property
    def _cost(self) -> tuple[FloatArray, FloatArray]:
        """The weights of the values of all steps and of the scaled variables in the scaled cost."""
        program, n = self.program, len(self.start)
        direct = program.outcome_cost.copy()
        direct[self.named] = 0.0
        on_variables = np.zeros(self.size)
        on_variables[:n] = program.lever_cost
        on_variables[self.size - len(self.named) :] = program.outcome_cost[self.named]
        return (self._weights.T @ direct) / self.scales.cost, on_variables * self.magnitudes / self.scales.cost

    @cached_property
    def _quadratics(self) -> tuple[tuple[csr_array, FloatArray, float], ...]:
        """Quadratic constraints on the scaled variables: matrix, vector and bound, each divided by its scale."""
        n, whole = len(self.start), len(self.start) + len(self.program.outcome_cost)
        used = np.concatenate([np.arange(n), n + self.named])
        places = np.concatenate([np.arange(n), self.size - len(self.named) + np.arange(len(self.named))])
        spread = csr_array(coo_array((self.magnitudes[places], (used, places)), shape=(whole, self.size)))
        return tuple(
            (csr_array(spread.T @ each.matrix @ spread) / scale, (spread.T @ each.vector) / scale, each.bound / scale)
            for each, scale in zip(self.program.quadratics, self.scales.quadratics, strict=True)
        )

    # --- functions ------------------------------------------------------------------------------------------------

    def _at_steps(self, function: ca.Function, z: ca.MX, *more: ca.MX) -> ca.MX:
        """A function of one step at all points, its results below each other."""
        matrix, constant = self._gather
        v = ca.reshape(ca.mtimes(_sparse(matrix), z) + constant, -1, self.points)
        return ca.vec(function.map(self.points)(v, *self._given, *more))

    @cached_property
    def functions(self) -> tuple[ca.Function, dict[str, ca.Function]]:
        """The nonlinear program as nlpsol takes it, and its derivatives."""
        z, p = ca.MX.sym("x", self.size), ca.MX.sym("p", 0)
        values = self._at_steps(self.step.values, z)
        on_values, on_variables = self._linear
        by_value, by_variable = self._cost
        cost = ca.dot(_dense(by_value), values) + ca.dot(_dense(by_variable), z)
        parts = [ca.mtimes(_sparse(on_values), values) + ca.mtimes(_sparse(on_variables), z)]
        for matrix, vector, _ in self._quadratics:
            parts.append(0.5 * ca.dot(z, ca.mtimes(_sparse(matrix), z)) + ca.dot(_dense(vector), z))
        nlp = ca.Function("nlp", [z, p], [cost, ca.densify(ca.vertcat(*parts))], ["x", "p"], ["f", "g"])
        return nlp, {"jac_g": self._jacobian(z, p, nlp), "hess_lag": self._hessian(z, p)}

    def _jacobian(self, z: ca.MX, p: ca.MX, nlp: ca.Function) -> ca.Function:
        entries = self._at_steps(self.step.jacobian, z)
        on_values, on_variables = self._linear
        source, rows, columns, factors = _spread(self.step.jacobian_places, on_values, self._behind, self.magnitudes)
        moving, still = (rows, columns, source, factors), on_variables.tocoo()
        first = on_values.shape[0]
        shape = (first + len(self._quadratics), self.size)
        bending = list(self._quadratic_entries(first))
        pattern = _Pattern(
            shape,
            np.concatenate([moving[0], still.row, *(row for row, *_ in bending)]),
            np.concatenate([moving[1], still.col, *(column for _, column, *_ in bending)]),
        )
        total = len(self.step.jacobian_places[0]) * self.points
        parts = ca.mtimes(pattern.matrix(0, source, factors, total), entries)
        offset = len(rows)
        parts += pattern.matrix(offset, np.zeros(len(still.data), dtype=np.int64), still.data, 1)
        offset += len(still.data)
        for row, _, matrix, vector in bending:
            there = np.arange(len(row))
            slopes = ca.mtimes(_sparse(matrix), z) + _dense(vector)
            parts += ca.mtimes(pattern.matrix(offset, there, np.ones(len(row)), len(row)), slopes)
            offset += len(row)
        g = nlp(z, p)[1]
        return ca.Function("jac_g", [z, p], [g, pattern.filled(parts)], ["x", "p"], ["g", "jac_g_x"])

    def _quadratic_entries(self, first: int) -> Iterator[tuple[IndexArray, IndexArray, csr_array, FloatArray]]:
        """Of each quadratic constraint: rows and columns of its gradient, and the matrix and vector that give it."""
        for i, (matrix, vector, _) in enumerate(self._quadratics):
            columns = np.flatnonzero((abs(matrix).sum(axis=1) > 0) | (vector != 0))
            yield np.full(len(columns), first + i), columns, csr_array(matrix[columns]), vector[columns]

    def _hessian(self, z: ca.MX, p: ca.MX) -> ca.Function:
        on_values, _ = self._linear
        by_value, _ = self._cost
        sigma, weights = ca.MX.sym("lam_f"), ca.MX.sym("lam_g", on_values.shape[0] + len(self._quadratics))
        pull = ca.mtimes(_sparse(csr_array(on_values.T)), weights[: on_values.shape[0]]) + sigma * _dense(by_value)
        entries = self._at_steps(self.step.hessian, z, ca.reshape(pull, -1, self.points))
        a, b = self._behind[self.step.hessian_places[0]].T.ravel(), self._behind[self.step.hessian_places[1]].T.ravel()
        kept = np.flatnonzero((a >= 0) & (b >= 0))
        a, b = a[kept], b[kept]
        bending = [matrix.tocoo() for matrix, _, _ in self._quadratics]
        upper = [(m.row[m.row <= m.col], m.col[m.row <= m.col], m.data[m.row <= m.col]) for m in bending]
        pattern = _Pattern(
            (self.size, self.size),
            np.concatenate([np.minimum(a, b), *(row for row, _, _ in upper)]),
            np.concatenate([np.maximum(a, b), *(column for _, column, _ in upper)]),
        )
        total = len(self.step.hessian_places[0]) * self.points
        parts = ca.mtimes(pattern.matrix(0, kept, self.magnitudes[a] * self.magnitudes[b], total), entries)
        offset = len(kept)
        for i, (row, _, data) in enumerate(upper):
            fixed = pattern.matrix(offset, np.zeros(len(row), dtype=np.int64), data, 1)
            parts += fixed * weights[on_values.shape[0] + i]
            offset += len(row)
        names = ["x", "p", "lam_f", "lam_g"], ["triu_hess_gamma_x_x"]
        return ca.Function("hess_lag", [z, p, sigma, weights], [pattern.filled(parts)], *names)

    # --- bounds and the way back ----------------------------------------------------------------------------------

    @cached_property
    def begin_scaled(self) -> FloatArray:
        """The variables at the start."""
        return self.begin / self.magnitudes

    @cached_property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each variable."""
        free = np.full(self.size - len(self.program.lower), np.inf)
        lower, upper = self.program.lower / self.scales.levers, self.program.upper / self.scales.levers
        return np.concatenate([lower, -free]), np.concatenate([upper, free])

    @cached_property
    def constraint_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each constraint."""
        program = self.program
        still = np.zeros(sum(self.parts[1:]))
        bounds = np.array([bound for _, _, bound in self._quadratics])
        lower = [still, program.row_lower / self.scales.rows, np.full(len(bounds), -np.inf)]
        return np.concatenate(lower), np.concatenate([still, program.row_upper / self.scales.rows, bounds])

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers among the variables."""
        n = len(self.program.lower)
        return z[:n] * self.scales.levers

    def multipliers(self, weights: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints."""
        first, rows = sum(self.parts[1:]), len(self.program.row_lower)
        return self.scales.unscaled(weights[first : first + rows], weights[first + rows :])


@dataclass(frozen=True, eq=False)
class _Pattern:
    """A sparse matrix whose entries are sums of parts: part i belongs at (`rows`[i], `columns`[i])."""

    shape: tuple[int, int]
    rows: IndexArray
    columns: IndexArray

    @cached_property
    def _order(self) -> tuple[IndexArray, IndexArray]:
        """The distinct places, in CasADi's order (by column), and the place of each part."""
        order = self.columns.astype(np.int64) * self.shape[0] + self.rows
        once, back = np.unique(order, return_inverse=True)
        return once, back.astype(np.int64)

    @cached_property
    def sparsity(self) -> ca.Sparsity:
        """Where the entries are."""
        columns, rows = np.divmod(self._order[0], self.shape[0])
        starts = np.searchsorted(columns, np.arange(self.shape[1] + 1))
        return ca.Sparsity(*self.shape, starts.tolist(), rows.tolist())

    def matrix(self, offset: int, source: IndexArray, factors: FloatArray, width: int) -> ca.DM:
        """The matrix that adds `source` times `factors` to the entries of the parts from `offset` on."""
        places = self._order[1][offset : offset + len(source)]
        return _sparse(csr_array(coo_array((factors, (places, source)), shape=(len(self._order[0]), width))))

    def filled(self, entries: ca.MX) -> ca.MX:
        """The matrix with these entries."""
        return ca.MX(self.sparsity, ca.densify(entries))


def _spread(
    places: tuple[IndexArray, IndexArray], on_values: csr_array, behind: IndexArray, magnitudes: FloatArray
) -> tuple[IndexArray, IndexArray, IndexArray, FloatArray]:
    """Where the entries of the Jacobians of all steps go: number of the entry, row, column, factor.

    An entry goes to every constraint that its value is part of.
    """
    points = behind.shape[1]
    width = on_values.shape[1] // points
    per_step = len(places[0])
    value = (np.arange(points)[:, np.newaxis] * width + places[0]).ravel()
    column = behind[places[1]].T.ravel()
    by_value = csc_array(on_values)
    times = np.where(column >= 0, np.diff(by_value.indptr)[value], 0)
    source = np.repeat(np.arange(per_step * points), times)
    within = np.arange(len(source)) - np.repeat(np.cumsum(times) - times, times)
    entry = by_value.indptr[value[source]] + within
    factors = by_value.data[entry] * magnitudes[column[source]]
    return source, by_value.indices[entry].astype(np.int64), column[source], factors


def _sparse(matrix: csr_array) -> ca.DM:
    """A sparse matrix for CasADi."""
    found = csc_array(matrix)
    found.sum_duplicates()
    found.sort_indices()
    return ca.DM(ca.Sparsity(*found.shape, found.indptr.tolist(), found.indices.tolist()), found.data)


def _dense(values: FloatArray) -> ca.DM:
    return ca.DM(values)
