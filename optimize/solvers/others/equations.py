"""The equations that a solver is given: a Pyomo model, what it asks of a solver, and how large it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr import RelationalExpression
from pyomo.core.expr.numvalue import is_potentially_variable, value
from pyomo.repn.quadratic import QuadraticRepnVisitor
from pyomo.repn.util import OrderedVarRecorder
from scipy.sparse import coo_array, csr_array

from sd_models.system.model import FloatArray

from ...problems.program import Program
from ...problems.pyomo_reader import is_convex
from ...transcription.substitution import substitute
from ..rows import Row, accept
from ..traits import Size, Trait

# Functions of Pyomo that are not differentiable everywhere.
KINKED = ("abs", "floor", "ceil")
CHOICE = "Expr_if"
ADDING = ("sum", "linear", "neg")
CURVED = 3  # the degree that stands for all above 2


@dataclass(frozen=True, eq=False)
class Equations:
    """A Pyomo model with its `levers` in the order of x, and what it asks of a solver."""

    model: Any
    traits: frozenset[Trait]
    size: Size

    @property
    def sign(self) -> float:
        """-1 where the objective is maximized, else 1."""
        (goal,) = self.model.component_data_objects(pyo.Objective, active=True)
        return 1.0 if goal.sense == pyo.minimize else -1.0

    @property
    def levers(self) -> FloatArray:
        """The values of the levers in the model; NaN where there is none."""
        values = (lever.value for lever in self.model.levers.values())
        return np.array([np.nan if found is None else found for found in values], dtype=np.float64)


def equations(program: Program, start: FloatArray, row: Row) -> Equations:
    """The equations of a program, started at levers; NotAccepted where the solver of the row does not take them."""
    accept(row, frozenset() if program.equations is not None else frozenset({Trait.BLACK_BOX}))
    assert program.equations is not None
    with PauseGC():
        model: Any = program.equations(start)
    suffix = model.component("scaling_factor")
    if suffix is not None:
        model.del_component(suffix)  # none but IPOPT's own .nl reader knows it
    if not {Trait.QUADRATIC_ROWS, Trait.NONCONVEX} <= row.takes:
        substitute(model)
    traits = _traits(model, row)
    if Trait.CHOICES in traits and not len(program.pulls):  # smooth stand-ins choose between branches that meet
        traits |= {Trait.KINKS}
    found = Equations(model, traits, size_of(model))
    accept(row, found.traits, found.size)
    return found


def size_of(model: Any) -> Size:
    """Variables that are not fixed, constraints, and whole numbers among the variables."""
    free = [each for each in model.component_data_objects(pyo.Var, active=True) if not each.fixed]
    rows = sum(1 for _ in model.component_data_objects(pyo.Constraint, active=True))
    return Size(len(free), rows, sum(not each.is_continuous() for each in free))


def _traits(model: Any, row: Row) -> frozenset[Trait]:
    look, found = _Look(), set[Trait]()
    (goal,) = model.component_data_objects(pyo.Objective, active=True)
    limits = list(model.component_data_objects(pyo.Constraint, active=True))
    degree = look.degree(goal.expr)
    degrees = [look.degree(limit.body) for limit in limits]
    highest = max(degrees, default=0)
    found |= {Trait.CURVED} if max(degree, highest) >= CURVED else set()
    found |= {Trait.QUADRATIC_OBJECTIVE} if degree == 2 else set()
    found |= {Trait.QUADRATIC_ROWS} if 2 in degrees else set()
    found |= {Trait.KINKS} if look.kinked else set()
    found |= {Trait.CHOICES} if look.chooses else set()
    found |= {Trait.INTEGERS} if size_of(model).integers or _has_sets(model) else set()
    found |= {Trait.LIMITS} if limits else set()
    if Trait.NONCONVEX not in row.takes and max(degree, highest) == 2:
        bent = [limit for limit, found_degree in zip(limits, degrees, strict=True) if found_degree == 2]
        found |= {Trait.NONCONVEX} if not _is_convex(goal, bent) else set()
    return frozenset(found)


def _has_sets(model: Any) -> bool:
    """Whether there are sets of which only neighbours may be above zero (SOS)."""
    return any(True for _ in model.component_data_objects(pyo.SOSConstraint, active=True))


@dataclass(eq=False)
class _Look:
    """Degrees of expressions, each named one looked at once, and whether any has a kink or is a choice."""

    known: dict[int, int] = field(default_factory=dict)
    kinked: bool = False
    chooses: bool = False

    def degree(self, expression: Any) -> int:
        """0 for a number, 1 linear, 2 quadratic, 3 all else."""
        if not is_potentially_variable(expression):
            return 0
        if expression.is_variable_type():
            return 0 if expression.fixed else 1
        if expression.is_named_expression_type():
            if id(expression) not in self.known:
                self.known[id(expression)] = self.degree(expression.expr)
            return self.known[id(expression)]
        return min(CURVED, self._operation(expression))

    def _operation(self, expression: Any) -> int:
        name = "" if isinstance(expression, RelationalExpression) else expression.getname()
        degrees = [self.degree(argument) for argument in expression.args]
        if not any(degrees):
            return 0
        if name in KINKED or name == CHOICE:
            self.kinked, self.chooses = self.kinked or name != CHOICE, self.chooses or name == CHOICE
            return CURVED
        if name in ADDING:
            return max(degrees)
        if name in ("prod", "mon"):
            return sum(degrees)
        if name == "div":
            return CURVED if degrees[1] else degrees[0]
        if name == "pow" and not degrees[1]:
            power = float(value(expression.args[1]))
            return int(power) * degrees[0] if power in (0.0, 1.0, 2.0) else CURVED
        return CURVED


def _is_convex(goal: Any, limits: Iterable[Any]) -> bool:
    """Whether a quadratic objective and quadratic limits are convex; an equality is not."""
    if not is_convex(quadratic_part(goal.expr, 1.0 if goal.sense == pyo.minimize else -1.0)):
        return False
    for limit in limits:
        lower, body, upper = limit.to_bounded_expression(evaluate_bounds=True)
        if lower is not None and upper is not None:
            return False
        if not is_convex(quadratic_part(body, 1.0 if upper is not None else -1.0)):
            return False
    return True


def quadratic_part(expression: Any, sign: float) -> csr_array:
    """The symmetric matrix of second derivatives of a quadratic expression, in variables as they come."""
    recorder = OrderedVarRecorder({}, {}, None)
    terms = QuadraticRepnVisitor({}, var_recorder=recorder).walk_expression(expression).quadratic or {}
    order = {number: place for place, number in enumerate({each for pair in terms for each in pair})}
    pairs = np.array([(order[one], order[other]) for one, other in terms], dtype=np.int64).reshape(-1, 2)
    half = coo_array((sign * np.array(list(terms.values())), pairs.T), shape=(len(order), len(order)))
    return csr_array(half + half.T)
