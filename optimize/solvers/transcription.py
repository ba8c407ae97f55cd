"""A program as one sparse nonlinear program: levers, the stocks at every step, and outcomes are all variables.

    variables    x (levers), s_1 ... s_K (stocks after each step), y (the outcomes that rows name)
    constraints  F(s_k, u_k) - s_k+1 = 0 for every step, W O(s, u) - y = 0 for every such outcome, rows, quadratics

F and O are the compiled step of the model, u its levers. Derivatives are exact: the Jacobian and the Hessian of one step
are CasADi expressions, evaluated for all steps by one map; where their entries stand in the whole matrices is sparse
linear algebra done once. Everything is scaled by magnitudes along the run at the start, so that units do not matter.

Why the matrices are put together here: CasADi can derive them from the mapped step, but colours the whole matrix anew,
which takes longer than solving. What would change our mind: nlpsol knowing about chains of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np
from scipy.sparse import block_diag, coo_array, csc_array, csr_array, diags_array, eye_array, hstack, vstack

from sd_models.buffers import call
from sd_models.system import FloatArray

from ..affine import Index
from ..program import Program
from .nonlinear import Multipliers, NonlinearProgram, Scales


@dataclass(frozen=True, eq=False)
class _Step:
    """One step of the model: functions of (v, other levers, data, time) for v, the stocks and the decided levers.

    `values` gives the stocks after the step and the outputs that outcomes need; `jacobian` the entries of its Jacobian
    at (`jacobian_rows`, `jacobian_columns`), `hessian` those of the upper triangle of the Hessian of their sum, weighted
    by one more argument.
    """

    values: ca.Function
    jacobian: ca.Function
    hessian: ca.Function
    jacobian_places: tuple[Index, Index]
    hessian_places: tuple[Index, Index]


def step_of(step: ca.Function, decided: Index, outputs: Index) -> _Step:
    """The step with its derivatives; `decided` are rows of its levers, `outputs` of its outputs."""
    stocks, levers, constants, data, time = (ca.SX.sym(step.name_in(i), step.sparsity_in(i)) for i in range(5))
    moved = ca.SX.sym("moved", len(decided))
    given = ca.SX(levers)
    given[decided.tolist()] = moved
    after, found = step(stocks, given, constants, data, time)
    v = ca.vertcat(stocks, moved)
    values = ca.vertcat(after, found[outputs.tolist()])
    weights = ca.SX.sym("weights", values.numel())
    jacobian = ca.jacobian(values, v)
    hessian = ca.triu(ca.hessian(ca.dot(weights, values), v)[0])
    arguments = [v, levers, data, time]
    return _Step(
        ca.Function("values", arguments, [values], {"cse": True}),
        ca.Function("jacobian", arguments, [ca.vertcat(*jacobian.nonzeros())], {"cse": True}),
        ca.Function("hessian", [*arguments, weights], [ca.vertcat(*hessian.nonzeros())], {"cse": True}),
        _places(jacobian.sparsity()),
        _places(hessian.sparsity()),
    )


def _places(sparsity: ca.Sparsity) -> tuple[Index, Index]:
    rows, columns = sparsity.get_triplet()
    return np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Transcription(NonlinearProgram):
    """The nonlinear program of a program from a start; `scales` are magnitudes of levers, rows and cost."""

    program: Program
    start: FloatArray
    scales: Scales

    # --- the sizes of everything ----------------------------------------------------------------------------------

    @cached_property
    def points(self) -> int:
        """The points of the horizon; there is one step fewer."""
        return len(self.program.evaluator.problem.horizon.points)

    @cached_property
    def stocks(self) -> int:
        """How many stocks the model has."""
        return self.program.evaluator.problem.simulator.model.states.size

    @cached_property
    def named(self) -> Index:
        """The outcomes that rows name: variables of the nonlinear program."""
        program = self.program
        n = len(program.lower)
        inside = [program.outcome_rows.tocoo().col]
        for quadratic in program.quadratics:
            columns = np.concatenate([quadratic.matrix.tocoo().col, np.flatnonzero(quadratic.vector)])
            inside.append(columns[columns >= n] - n)
        return np.unique(np.concatenate(inside)).astype(np.int64)

    @cached_property
    def size(self) -> int:
        """The number of variables."""
        return len(self.program.lower) + self.stocks * (self.points - 1) + len(self.named)

    @cached_property
    def most_entries(self) -> int:
        """How many entries the Hessian has at most: every step has its own block."""
        return len(self.step.hessian_places[0]) * self.points

    # --- one step -------------------------------------------------------------------------------------------------

    @cached_property
    def _decided(self) -> tuple[Index, Index]:
        """The rows of the model's levers that are decided, and the column of x of each (rows, points)."""
        problem = self.program.evaluator.problem
        layout = problem.simulator.model.levers
        rows = [layout.rows[block.variable].start + block.elements for block in problem.bound.blocks]
        columns = [block.numbers[:, block.period] for block in problem.bound.blocks]
        return np.concatenate(rows), np.concatenate(columns)

    @cached_property
    def _outputs(self) -> tuple[Index, Index]:
        """The rows of the model's outputs that outcomes need, and which of these each outcome is."""
        once, back = np.unique(self._places[0], return_inverse=True)
        return once.astype(np.int64), back.astype(np.int64)

    @cached_property
    def _places(self) -> tuple[Index, FloatArray]:
        """The row of the model's outputs of each outcome, and its weights (outcomes, points)."""
        problem = self.program.evaluator.problem
        quantities, layout = problem.bound.quantities, problem.simulator.model.outputs
        rows = np.array([layout.rows[name].start + element for name, element in quantities.elements], dtype=np.int64)
        return rows, quantities.weights[quantities.windows]

    @cached_property
    def step(self) -> _Step:
        """One step with its derivatives."""
        model = self.program.evaluator.problem.simulator.model
        return step_of(model.step, self._decided[0], self._outputs[0])

    @cached_property
    def _given(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The model's levers, data and times at all points."""
        problem = self.program.evaluator.problem
        data = problem.simulator.model.data_table[:, problem.horizon.first :]
        return problem.lever_columns(self.start), data, problem.horizon.points[np.newaxis, :]

    # --- from variables to steps and from steps to rows -----------------------------------------------------------

    @cached_property
    def path(self) -> FloatArray:
        """The stocks at all points (stocks, points) of the run at the start."""
        problem, count = self.program.evaluator.problem, self.points
        simulator, first = problem.simulator, problem.horizon.first
        begin = simulator.trajectories(simulator.inputs()).states[:, [first]]
        levers, data, times = self._given
        run = simulator.model.step.mapaccum("stocks", count, {"base": count + 1})
        after, _ = call(run, begin, levers, np.zeros((0, count)), data, times)
        return np.concatenate([begin, after[:, :-1]], axis=1)

    @cached_property
    def begin(self) -> FloatArray:
        """The variables at the start, unscaled: levers, the stocks of their run, outcomes."""
        found = self.program.evaluator.evaluate(self.start)
        return np.concatenate([self.start, self.path[:, 1:].T.ravel(), found.y[self.named]])

    @cached_property
    def magnitudes(self) -> FloatArray:
        """What each variable is measured in."""
        path = np.abs(self.path).max(axis=1)
        for rows in self.program.evaluator.problem.simulator.model.states.rows.values():
            largest = path[rows].max(initial=0.0)
            path[rows] = np.where(path[rows] > 1e-6 * largest, path[rows], largest)
        path[path == 0.0] = 1.0
        outcomes = self.scales.outcomes[self.named]
        return np.concatenate([self.scales.levers, np.tile(path, self.points - 1), outcomes])

    @cached_property
    def _global(self) -> Index:
        """The variable behind each of v at each point (stocks and decided levers, points); -1 for the first stocks."""
        n, count = len(self.program.lower), self.points
        later = n + np.arange(self.stocks * (count - 1)).reshape(count - 1, self.stocks).T
        stocks = np.concatenate([np.full((self.stocks, 1), -1), later], axis=1)
        return np.concatenate([stocks, self._decided[1]]).astype(np.int64)

    @cached_property
    def _gather(self) -> tuple[csr_array, FloatArray]:
        """The matrix and vector that give v at all points, point by point, from the scaled variables."""
        places = self._global.T.ravel()
        rows = np.flatnonzero(places >= 0)
        values = self.magnitudes[places[rows]]
        constant = np.zeros(len(places))
        constant[: self.stocks] = self.path[:, 0]
        return csr_array(coo_array((values, (rows, places[rows])), shape=(len(places), self.size))), constant

    @cached_property
    def _weights(self) -> csr_array:
        """The weight of each value of each step (point by point) in each outcome."""
        rows, back = self._outputs
        weights = self._places[1]
        outcome, point = np.nonzero(weights)
        width = self.stocks + len(rows)
        columns = point * width + self.stocks + back[outcome]
        shape = (len(weights), width * self.points)
        return csr_array(coo_array((weights[outcome, point], (outcome, columns)), shape=shape))

    @cached_property
    def _stock_scale(self) -> FloatArray:
        n = len(self.program.lower)
        return self.magnitudes[n : n + self.stocks]

    @cached_property
    def _linear(self) -> tuple[csr_array, csr_array]:
        """Constraints but the quadratic ones as matrices on the values of all steps and on the scaled variables.

        Their rows: the steps, the outcomes, the rows of the program, each in its scale.
        """
        program, n, m = self.program, len(self.program.lower), len(self.named)
        steps, width = self.points - 1, self.stocks + len(self._outputs[0])
        scale = diags_array(1.0 / self._stock_scale)
        one = hstack([scale, csr_array((self.stocks, width - self.stocks))])
        values = hstack([block_diag([one] * steps), csr_array((self.stocks * steps, width))])
        outcomes = diags_array(1.0 / self.scales.outcomes[self.named]) @ self._weights[self.named]
        rows = diags_array(1.0 / self.scales.rows)
        on_values = vstack([values, outcomes, csr_array((len(program.row_lower), values.shape[1]))])
        moved = self.stocks * steps
        on_variables = vstack(
            [
                hstack([csr_array((moved, n)), -eye_array(moved), csr_array((moved, m))]),
                hstack([csr_array((m, n + moved)), -eye_array(m)]),
                rows
                @ hstack(
                    [
                        program.lever_rows @ diags_array(self.scales.levers),
                        csr_array((len(program.row_lower), moved)),
                        program.outcome_rows[:, self.named] @ diags_array(self.scales.outcomes[self.named]),
                    ]
                ),
            ]
        )
        return csr_array(on_values), csr_array(on_variables)

    @cached_property
    def _cost(self) -> tuple[FloatArray, FloatArray]:
        """The weights of the values of all steps and of the scaled variables in the scaled cost."""
        program, n = self.program, len(self.program.lower)
        direct = program.outcome_cost.copy()
        direct[self.named] = 0.0
        on_variables = np.zeros(self.size)
        on_variables[:n] = program.lever_cost
        on_variables[self.size - len(self.named) :] = program.outcome_cost[self.named]
        return (self._weights.T @ direct) / self.scales.cost, on_variables * self.magnitudes / self.scales.cost

    @cached_property
    def _quadratics(self) -> tuple[tuple[csr_array, FloatArray, float], ...]:
        """Quadratic constraints on the scaled variables: matrix, vector and bound, each divided by its scale."""
        found = []
        n, whole = len(self.program.lower), len(self.program.lower) + len(self.program.outcome_cost)
        places = np.full(whole, -1)
        places[:n] = np.arange(n)
        places[n + self.named] = self.size - len(self.named) + np.arange(len(self.named))
        used = np.flatnonzero(places >= 0)
        shape = (whole, self.size)
        spread = csr_array(coo_array((self.magnitudes[places[used]], (used, places[used])), shape=shape))
        for quadratic, scale in zip(self.program.quadratics, self.scales.quadratics, strict=True):
            matrix = csr_array(spread.T @ quadratic.matrix @ spread) / scale
            found.append((csr_array(matrix), (spread.T @ quadratic.vector) / scale, quadratic.bound / scale))
        return tuple(found)

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
        nlp = ca.Function("nlp", [z, p], [cost, ca.vertcat(*parts)], ["x", "p"], ["f", "g"])
        return nlp, {"jac_g": self._jacobian(z, p, nlp), "hess_lag": self._hessian(z, p)}

    def _jacobian(self, z: ca.MX, p: ca.MX, nlp: ca.Function) -> ca.Function:
        entries = self._at_steps(self.step.jacobian, z)
        on_values, on_variables = self._linear
        source, rows, columns, factors = _spread(self.step.jacobian_places, on_values, self._global, self.magnitudes)
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

    def _quadratic_entries(self, first: int) -> Iterator[tuple[Index, Index, csr_array, FloatArray]]:
        """Of each quadratic constraint: rows and columns of its gradient, and the matrix and vector that give it."""
        for i, (matrix, vector, _) in enumerate(self._quadratics):
            columns = np.flatnonzero((np.abs(matrix).sum(axis=1) > 0) | (vector != 0))
            yield np.full(len(columns), first + i), columns, csr_array(matrix[columns]), vector[columns]

    def _hessian(self, z: ca.MX, p: ca.MX) -> ca.Function:
        on_values, _ = self._linear
        by_value, _ = self._cost
        sigma, weights = ca.MX.sym("lam_f"), ca.MX.sym("lam_g", on_values.shape[0] + len(self._quadratics))
        pull = ca.mtimes(_sparse(csr_array(on_values.T)), weights[: on_values.shape[0]]) + sigma * _dense(by_value)
        entries = self._at_steps(self.step.hessian, z, ca.reshape(pull, -1, self.points))
        a, b = self._global[self.step.hessian_places[0]].T.ravel(), self._global[self.step.hessian_places[1]].T.ravel()
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
        still = np.zeros(self.stocks * (self.points - 1) + len(self.named))
        bounds = np.array([bound for _, _, bound in self._quadratics])
        lower = [still, program.row_lower / self.scales.rows, np.full(len(bounds), -np.inf)]
        return np.concatenate(lower), np.concatenate([still, program.row_upper / self.scales.rows, bounds])

    def levers(self, z: FloatArray) -> FloatArray:
        """The levers among the variables."""
        n = len(self.program.lower)
        return z[:n] * self.scales.levers

    def multipliers(self, constraints: FloatArray, bounds: FloatArray) -> Multipliers:
        """The multipliers of the program from those of the constraints and of the variables' bounds."""
        first, rows = self.stocks * (self.points - 1) + len(self.named), len(self.program.row_lower)
        weights = constraints[first : first + rows], constraints[first + rows :]
        return self.scales.unscaled(*weights, bounds[: len(self.program.lower)])


@dataclass(frozen=True, eq=False)
class _Pattern:
    """A sparse matrix whose entries are sums of parts: part i belongs at (`rows`[i], `columns`[i])."""

    shape: tuple[int, int]
    rows: Index
    columns: Index

    @cached_property
    def _order(self) -> tuple[Index, Index]:
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

    def matrix(self, offset: int, source: Index, factors: FloatArray, width: int) -> ca.DM:
        """The matrix that adds `source` times `factors` to the entries of the parts from `offset` on."""
        places = self._order[1][offset : offset + len(source)]
        return _sparse(csr_array(coo_array((factors, (places, source)), shape=(len(self._order[0]), width))))

    def filled(self, entries: ca.MX) -> ca.MX:
        """The matrix with these entries."""
        return ca.MX(self.sparsity, ca.densify(entries))


def _spread(
    places: tuple[Index, Index], on_values: csr_array, behind: Index, magnitudes: FloatArray
) -> tuple[Index, Index, Index, FloatArray]:
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
