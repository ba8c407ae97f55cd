"""A Pyomo model that `pyomo_model.py` stated, and people may have extended, back to the arrays of a program.

What was added is read: linear and convex quadratic constraints, tighter bounds, fixed levers, limits that were
deactivated or changed. Anything else is refused, so that nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr import LinearExpression, MonomialTermExpression
from pyomo.repn.quadratic import QuadraticRepnVisitor
from pyomo.repn.util import OrderedVarRecorder
from scipy.linalg import eigvalsh
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray

from ..files.gathering import Faults
from .assembly import plan_amounts, plan_names, surroundings
from .problem import Problem
from .program import Program, Quadratic
from .pyomo_model import variable_sides

# An eigenvalue below zero by this share of the largest one is taken for a rounding error of a convex constraint.
CONVEX_TOLERANCE = 1e-9
# Matrices up to this order have their eigenvalues computed as dense ones.
DENSE_ORDER = 1000


def program(model: pyo.ConcreteModel, problem: Problem) -> Program:
    """The arrays of a stated problem, with what was added to it; InvalidRequest for what no solver here can take.

    The first rows are the plan's, in their order; a limit that was deactivated keeps its row, without bounds.
    """
    with PauseGC():
        return _read(model, problem)


def _read(model: pyo.ConcreteModel, problem: Problem) -> Program:
    faults = Faults(problem.file)
    reader = _Reader(model, problem)
    with faults.at("Pyomo model"):
        _check_components(model)
    plan = list(reader.rows(model.limits.values(), faults))
    added = list(reader.rows(_added(model), faults))
    bounds = list(reader.outcome_bounds())
    quadratics = [row for row in added if row.is_quadratic]
    linear = [*plan, *(row for row in added if not row.is_quadratic), *bounds]
    with faults.at("objective"):
        cost, constant, sign = reader.objective()
    convex: list[Quadratic] = []
    for row in quadratics:
        with faults.at(f"constraint {row.name!r}"):
            convex.append(reader.convex(row))
    with faults.at("levers"):
        lower, upper = reader.bounds()
    faults.raise_all()
    matrix = reader.matrix([row.linear for row in linear])
    size = problem.size
    return Program(
        outcomes=problem.outcomes,
        sign=sign,
        lever_cost=cost[:size],
        outcome_cost=cost[size:],
        constant=constant,
        lower=lower,
        upper=upper,
        lever_rows=csr_array(matrix[:, :size]),
        outcome_rows=csr_array(matrix[:, size:]),
        row_lower=np.array([row.lower for row in linear], dtype=np.float64),
        row_upper=np.array([row.upper for row in linear], dtype=np.float64),
        quadratics=tuple(convex),
        row_names=(*plan_names(problem), *(row.name for row in linear[len(plan) :])),
        amounts=np.concatenate([plan_amounts(problem), [row.amount for row in linear[len(plan) :]]]),
        **surroundings(problem),
    )


@dataclass(frozen=True)
class _Row:
    """A constraint as numbers: `linear` and `quadratic` by the numbers of levers and, after them, outcomes.

    `words` say what it is of the Pyomo component. Pyomo takes longer to name 25,000 components than to read them, so
    only names that are asked for are made.
    """

    component: Any
    linear: dict[int, float]
    lower: float
    upper: float
    quadratic: dict[tuple[int, int], float] = field(default_factory=dict)
    words: str = ""

    @property
    def name(self) -> str:
        """Its name in sentences."""
        return f"{self.words}{self.component.name}"

    @property
    def amount(self) -> float:
        """The larger of its finite sides."""
        return max((abs(side) for side in (self.lower, self.upper) if np.isfinite(side)), default=0.0)

    @property
    def is_quadratic(self) -> bool:
        """Whether it has terms of second order."""
        return bool(self.quadratic)


class _Reader:
    """Reads the components of a Pyomo model as numbers."""

    def __init__(self, model: pyo.ConcreteModel, problem: Problem) -> None:
        self.model = model
        self.variables = [*model.levers.values(), *model.outcomes.values()]
        self.numbers = {id(variable): i for i, variable in enumerate(self.variables)}
        self.size, self.known = problem.size, len(self.variables)
        self.recorder = OrderedVarRecorder({}, {}, None)
        self.visitor = QuadraticRepnVisitor({}, var_recorder=self.recorder)

    def rows(self, constraints: Any, faults: Faults) -> Iterator[_Row]:
        """The constraints; one that is not active has no bounds."""
        for constraint in constraints:
            with faults.at(partial(_constraint_name, constraint)):
                yield self._row(constraint)

    def _row(self, constraint: Any) -> _Row:
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        linear, quadratic, constant = self._terms(body)
        low = -np.inf if lower is None or not constraint.active else lower - constant
        high = np.inf if upper is None or not constraint.active else upper - constant
        return _Row(constraint, linear, low, high, quadratic)

    def _terms(self, expression: Any) -> tuple[dict[int, float], dict[tuple[int, int], float], float]:
        """Linear terms, quadratic terms and the constant; InvalidRequest for anything else."""
        plain = self._plain_terms(expression)
        if plain is not None:
            return plain
        found = self.visitor.walk_expression(expression)
        if found.nonlinear is not None:
            advice = "Add the expression to the model as a variable, and limit that."
            raise InvalidRequest(Fault(f"it is neither linear nor quadratic: {found.nonlinear}.", advice=advice))
        linear = {self._number(key): float(value) for key, value in found.linear.items()}
        pairs = (found.quadratic or {}).items()
        quadratic = {(self._number(a), self._number(b)): float(value) for (a, b), value in pairs}
        return linear, {pair: value for pair, value in quadratic.items() if value}, float(found.constant)

    def _plain_terms(self, expression: Any) -> tuple[dict[int, float], dict[tuple[int, int], float], float] | None:
        """The terms of numbers times variables that are free and known, each once; None for any other expression."""
        if expression.__class__ is not LinearExpression:
            return None
        linear: dict[int, float] = {}
        constant = 0.0
        for term in expression.args:
            if term.__class__ is float:
                constant += term
                continue
            factor, variable = term.args if term.__class__ is MonomialTermExpression else (None, None)
            number = self.numbers.get(id(variable))
            if factor.__class__ is not float or number is None or number in linear or self.variables[number].fixed:
                return None
            linear[number] = factor
        return linear, {}, constant

    def _number(self, key: int) -> int:
        if key not in self.numbers:
            name = self.recorder.var_map[key].name
            advice = "Write the constraint with model.levers and model.outcomes."
            raise InvalidRequest(Fault(f"{name!r} is neither a lever nor an outcome of the plan.", advice=advice))
        return self.numbers[key]

    def objective(self) -> tuple[FloatArray, float, float]:
        """Costs of all variables, the constant, and the sign that turns them into a minimization."""
        goals = list(self.model.component_data_objects(pyo.Objective, active=True))
        if len(goals) != 1:
            raise InvalidRequest(Fault(f"the model has {len(goals)} active objectives; expected one."))
        linear, quadratic, constant = self._terms(goals[0].expr)
        if quadratic:
            advice = "Add the square to the model as a variable, and let the plan count that."
            raise InvalidRequest(Fault("the objective is quadratic; expected a linear one.", advice=advice))
        sign = -1.0 if goals[0].sense == pyo.maximize else 1.0
        cost = np.zeros(self.known)
        for number, value in linear.items():
            cost[number] = sign * value
        return cost, sign * constant, sign

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The bounds of the levers; equal where one is fixed."""
        levers = self.variables[: self.size]
        discrete = [variable.name for variable in levers if not variable.is_continuous()]
        if discrete:
            advice = "Leave its domain real; a fixed value is given by `fix`."
            raise InvalidRequest(Fault(f"{discrete[0]!r} is to be a whole number.", advice=advice))
        sides = np.array([variable_sides(variable) for variable in levers]).reshape(-1, 2)
        crossed = np.flatnonzero(sides[:, 0] > sides[:, 1])
        if len(crossed):
            name = levers[int(crossed[0])].name
            raise InvalidRequest(Fault(f"the lower bound of {name!r} is above its upper bound."))
        return sides[:, 0], sides[:, 1]

    def outcome_bounds(self) -> Iterator[_Row]:
        """Rows for bounds that were set on outcomes."""
        for number in range(self.size, self.known):
            variable = self.variables[number]
            lower, upper = variable_sides(variable)
            if np.isfinite(lower) or np.isfinite(upper):
                yield _Row(variable, {number: 1.0}, lower, upper, words="bounds of ")

    def convex(self, row: _Row) -> Quadratic:
        """A quadratic constraint as `1/2 z'Qz + a'z <= b`; InvalidRequest unless it bounds a convex set."""
        two_sided = np.isfinite(row.lower) and np.isfinite(row.upper)
        sign, bound = (1.0, row.upper) if np.isfinite(row.upper) else (-1.0, -row.lower)
        pairs = np.array(list(row.quadratic), dtype=np.int64)
        values = sign * np.array(list(row.quadratic.values()))
        half = coo_array((values, (pairs[:, 0], pairs[:, 1])), shape=(self.known, self.known))
        matrix = csr_array(half + half.T)
        if two_sided or not is_convex(matrix):
            side = "an equality or has two sides" if two_sided else "not convex"
            advice = "Write it as a sum of squares that is at most a number."
            raise InvalidRequest(Fault(f"the quadratic constraint is {side}.", advice=advice))
        return Quadratic(row.name, matrix, sign * self.matrix([row.linear]).toarray()[0], bound)

    def matrix(self, rows: list[dict[int, float]]) -> csr_array:
        """Rows of coefficients as a sparse matrix, without zeros."""
        counts = [len(row) for row in rows]
        columns = np.array([number for row in rows for number in row], dtype=np.int64)
        values = np.array([value for row in rows for value in row.values()], dtype=np.float64)
        places = np.repeat(np.arange(len(rows)), counts)
        found = csr_array(coo_array((values, (places, columns)), shape=(len(rows), self.known)))
        found.eliminate_zeros()
        return found


def is_convex(matrix: csr_array) -> bool:
    """Whether a symmetric matrix has no negative eigenvalue, rounding errors aside."""
    used = np.unique(matrix.nonzero()[0])
    part = matrix[used][:, used]
    if not len(used):
        return True
    if len(used) <= DENSE_ORDER:
        values = eigvalsh(part.toarray())
        return bool(values[0] >= -CONVEX_TOLERANCE * max(abs(values[-1]), abs(values[0])))
    largest = float(eigsh(part, k=1, which="LM", return_eigenvectors=False)[0])
    try:
        smallest = float(eigsh(part, k=1, which="SA", return_eigenvectors=False)[0])
    except ArpackNoConvergence as error:
        smallest = float(min(error.eigenvalues, default=0.0))
    return smallest >= -CONVEX_TOLERANCE * abs(largest)


def _constraint_name(constraint: Any) -> str:
    return f"constraint {constraint.name!r}"


def _added(model: pyo.ConcreteModel) -> Iterator[Any]:
    """The active constraints that are not the plan's."""
    for constraint in model.component_data_objects(pyo.Constraint, active=True):
        if constraint.parent_component() is not model.limits:
            yield constraint


_TAKEN = (pyo.Var, pyo.Constraint, pyo.Objective, pyo.Block, pyo.Set, pyo.RangeSet, pyo.Param, pyo.Expression)


def _check_components(model: pyo.ConcreteModel) -> None:
    """InvalidRequest for active components that would be passed over in silence."""
    for component in model.component_objects(active=True):
        if component.ctype not in _TAKEN:
            found = f"{component.name!r} is a {component.ctype.__name__}; expected Constraint, Var, Param, Expression."
            raise InvalidRequest(Fault(found, advice="Write it as a linear or convex quadratic Constraint."))
