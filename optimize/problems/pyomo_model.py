"""The problem as a Pyomo model, which people may extend, and back to the arrays of a program.

The Pyomo model holds everything but the run: `levers`, `outcomes`, `limits` and `objective`, each component with the
words of the plan as its index. Somebody's function may add linear and convex quadratic constraints on them, tighten or
fix variables (`tightened`); `program` reads all of that back, and limits that were deactivated or changed too.

Why Pyomo holds the statement and not the linearized problem of each iteration: Pyomo states 12,400 levers and 25,000
limits in 1.2 s and reads them back in 0.5 s (on a busy machine), once a solve. The linearization has up to a million
coefficients that are new in every iteration; as Pyomo expressions they take seconds, as arrays to HiGHS milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from pyomo.repn.quadratic import QuadraticRepnVisitor
from pyomo.repn.util import OrderedVarRecorder
from scipy.linalg import eigvalsh
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray

from ..files.gathering import Faults
from ..plans.affine import Affine, stacked
from ..plans.limits import Rows
from .outcomes import Evaluator
from .problem import Problem
from .program import Program, Quadratic

Index: TypeAlias = tuple[Any, ...]
Extension: TypeAlias = Callable[[pyo.ConcreteModel], None]

# An eigenvalue below zero by this share of the largest one is taken for a rounding error of a convex constraint.
CONVEX_TOLERANCE = 1e-9
# Matrices up to this order have their eigenvalues computed as dense ones.
DENSE_ORDER = 1000


# --- to Pyomo ---------------------------------------------------------------------------------------------------------


def state(problem: Problem, extension: Extension | None = None) -> pyo.ConcreteModel:
    """The problem in Pyomo, with what the extension adds to it.

    `model.levers[variable, *elements, time]` are the levers, by the time at which their period begins;
    `model.outcomes[variable, *elements, window]` the outcomes, where the window is the time at which a period begins
    (the mean over it), "final", "objective" or (from, to) for a total; `model.limits[limit, *elements, time]` the rows.
    The outcomes are tied to the levers by the run of the model alone, which no Pyomo constraint states.
    """
    model = pyo.ConcreteModel(name=problem.plan.model)
    lower, upper = problem.lower, problem.upper
    keys = list(lever_keys(problem))
    columns = dict(zip(keys, range(len(keys)), strict=True))
    model.levers = pyo.Var(
        pyo.Set(initialize=keys, dimen=None),
        bounds=lambda _, *key: _sides(lower[columns[key]], upper[columns[key]]),
    )
    model.outcomes = pyo.Var(pyo.Set(initialize=list(outcome_keys(problem)), dimen=None))
    variables = list(model.levers.values()), list(model.outcomes.values())
    _state_limits(model, problem, variables)
    (goal,) = _expressions(problem.bound.objective, variables)
    sense = pyo.maximize if problem.plan.objective.sign > 0 else pyo.minimize
    model.objective = pyo.Objective(expr=goal, sense=sense)
    if extension is not None:
        extension(model)
    return model


def tightened(problem: Problem, extension: Extension) -> pyo.ConcreteModel:
    """The problem in Pyomo with what the extension adds to it; InvalidRequest where it takes something away.

    A result is checked against the words of the plan. What is to be looser stands in the plan.
    """
    model = state(problem)
    parts = [model.levers, model.outcomes, model.limits, model.objective]
    limits = [(limit, limit.expr) for limit in model.limits.values()]
    goal, sense = model.objective.expr, model.objective.sense
    extension(model)
    found = [
        f"the limit {limit.index()[0]!r} is changed or taken away."
        for limit, said in limits
        if not limit.active or limit.expr is not said
    ]
    if any(model.component(part.local_name) is not part for part in parts):
        found.append("levers, outcomes, limits or the objective are replaced.")
    goals = list(model.component_data_objects(pyo.Objective, active=True))
    if [id(one) for one in goals] != [id(parts[-1])] or goals[0].expr is not goal or goals[0].sense != sense:
        found.append("the objective is not the plan's.")
    sides = np.array([_variable_sides(lever) for lever in parts[0].values()]).reshape(-1, 2)
    if np.isnan(sides).any():
        found.append("a lever is fixed at no number.")
    if (sides[:, 0] < problem.lower).any() or (sides[:, 1] > problem.upper).any():
        found.append("a lever may go beyond its bounds in the plan.")
    if found:
        advice = "Constraints add to a plan; what is to be looser or other, change in the plan."
        raise InvalidRequest([Fault(text, "constraints", problem.file, advice=advice) for text in dict.fromkeys(found)])
    return model


def lever_keys(problem: Problem) -> Iterator[Index]:
    """(variable, *elements, time) of each column of x."""
    for block in problem.bound.blocks:
        names = list(_element_names(problem, block.variable))
        for element, start in product(block.elements, block.starts):
            yield (block.variable, *names[int(element)], float(start))


def outcome_keys(problem: Problem) -> Iterator[Index]:
    """(variable, *elements, window) of each number of y."""
    quantities = problem.bound.quantities
    windows = [_window(problem, weights) for weights in quantities.weights]
    names: dict[str, list[tuple[str, ...]]] = {}
    for (variable, element), window in zip(quantities.elements, quantities.windows, strict=True):
        if variable not in names:
            names[variable] = list(_element_names(problem, variable))
        yield (variable, *names[variable][element], windows[int(window)])


def limit_keys(problem: Problem) -> Iterator[Index]:
    """(limit, *elements, time) of each row, in the order of the rows; a second limit of one name is numbered."""
    seen: dict[str, int] = {}
    for rows in problem.bound.rows:
        seen[rows.name] = seen.get(rows.name, 0) + 1
        name = rows.name if seen[rows.name] == 1 else f"{rows.name} ({seen[rows.name]})"
        for *elements, time in product(*rows.axes.values(), rows.times):
            yield (name, *elements, float(time))


def _element_names(problem: Problem, variable: str) -> Iterator[tuple[str, ...]]:
    system = problem.system
    return product(*(system.dimensions[d].elements for d in system[variable].dimensions))


def _window(problem: Problem, weights: FloatArray) -> Any:
    """The name of a window: the start of its period, "final", "objective", or (from, to) of a total."""
    horizon = problem.horizon
    means = np.flatnonzero((horizon.always.weights == weights).all(axis=1))
    if len(means):
        return float(horizon.starts[means[0]])
    if (horizon.final.weights[0] == weights).all():
        return "final"
    inside = np.flatnonzero(weights)
    if len(inside) and (weights[inside] == horizon.time_step).all() and inside[-1] + 1 < len(weights):
        return float(horizon.points[inside[0]]), float(horizon.points[inside[-1] + 1])
    return "objective"


def _sides(lower: float, upper: float) -> tuple[float | None, float | None]:
    return (float(lower) if np.isfinite(lower) else None, float(upper) if np.isfinite(upper) else None)


def _state_limits(model: pyo.ConcreteModel, problem: Problem, variables: tuple[list[Any], list[Any]]) -> None:
    """The rows of all limits as Pyomo constraints; a row without variables keeps its place by one of factor zero."""
    keys = list(limit_keys(problem))
    rows = problem.bound.rows
    bodies = _expressions(stacked(each.expression for each in rows), variables)
    stated = dict(zip(keys, zip(_all(rows, "lower"), bodies, _all(rows, "upper"), strict=True), strict=True))

    def rule(_: Any, *key: Any) -> Any:
        lower, body, upper = stated[key]
        low, high = _sides(lower, upper)
        return (low, body, high) if low is None or low != high else (body, high)

    model.limits = pyo.Constraint(pyo.Set(initialize=keys, dimen=None), rule=rule)


def _all(rows: tuple[Rows, ...], side: str) -> FloatArray:
    return np.concatenate([np.zeros(0), *(getattr(each, side) for each in rows)])


def _expressions(affine: Affine, variables: tuple[list[Any], list[Any]]) -> Iterator[Any]:
    """Each row as a Pyomo expression."""
    levers, outcomes = variables
    parts = [
        (part.matrix((len(affine), len(known))), known)
        for part, known in ((affine.levers, levers), (affine.outcomes, outcomes))
    ]
    for row in range(len(affine)):
        coefficients: list[float] = []
        chosen: list[Any] = []
        for matrix, known in parts:
            inside = slice(matrix.indptr[row], matrix.indptr[row + 1])
            coefficients += matrix.data[inside].tolist()
            chosen += [known[i] for i in matrix.indices[inside]]
        if not chosen:
            coefficients, chosen = [0.0], [(levers or outcomes)[0]]
        constant = float(affine.constant[row])
        yield LinearExpression(constant=constant, linear_coefs=coefficients, linear_vars=chosen)


# --- back to arrays ---------------------------------------------------------------------------------------------------


def program(model: pyo.ConcreteModel, problem: Problem, evaluator: Evaluator) -> Program:
    """The arrays of a stated problem, with what was added to it; InvalidRequest for what no solver here can take.

    The first rows are the plan's, in their order; a limit that was deactivated keeps its row, without bounds.
    """
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
        evaluator=evaluator,
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
        added=tuple(row.name for row in linear[len(plan) :]),
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
        found = self.visitor.walk_expression(expression)
        if found.nonlinear is not None:
            advice = "Add the expression to the model as a variable, and limit that."
            raise InvalidRequest(Fault(f"it is neither linear nor quadratic: {found.nonlinear}.", advice=advice))
        linear = {self._number(key): float(value) for key, value in found.linear.items()}
        pairs = (found.quadratic or {}).items()
        quadratic = {(self._number(a), self._number(b)): float(value) for (a, b), value in pairs}
        return linear, {pair: value for pair, value in quadratic.items() if value}, float(found.constant)

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
        sides = np.array([_variable_sides(variable) for variable in levers]).reshape(-1, 2)
        crossed = np.flatnonzero(sides[:, 0] > sides[:, 1])
        if len(crossed):
            name = levers[int(crossed[0])].name
            raise InvalidRequest(Fault(f"the lower bound of {name!r} is above its upper bound."))
        return sides[:, 0], sides[:, 1]

    def outcome_bounds(self) -> Iterator[_Row]:
        """Rows for bounds that were set on outcomes."""
        for number in range(self.size, self.known):
            variable = self.variables[number]
            lower, upper = _variable_sides(variable)
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


def _variable_sides(variable: Any) -> tuple[float, float]:
    if variable.fixed:
        value = np.nan if variable.value is None else float(variable.value)
        return value, value
    lower, upper = variable.bounds
    return (-np.inf if lower is None else float(lower), np.inf if upper is None else float(upper))


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
