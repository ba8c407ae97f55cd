"""What defines the objective, put into it, where that leaves a quadratic objective in place of quadratic equations.

    maximize g,  g = s - u^2    becomes    maximize s - u^2

An equation that defines what nothing names is left out as well.

Why: a solver of convex quadratic programs takes the second only, and so do readers of files. It is done for those; all
others are given the equations as they are, with a name for each outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from pyomo.core.expr.numvalue import is_potentially_variable
from pyomo.repn.quadratic import QuadraticRepnVisitor
from pyomo.repn.util import OrderedVarRecorder

DEFINING = ("ties", "totals", "definitions")  # components whose every equation is "variable == what it is"


def substitute(model: Any) -> tuple[Any, ...]:
    """Puts what defines the objective into it; the equations that are needed no more, none where nothing is gained.

    Something is gained where one of them is quadratic, and no other equation or limit names what they define.
    """
    (goal,) = model.component_data_objects(pyo.Objective, active=True)
    defined = _defined(model)
    found = _Substitution(defined).of(goal.expr)
    if found is None:
        return ()
    gone = {id(equation) for equation in found.equations}
    left = [each for each in model.component_data_objects(pyo.Constraint, active=True) if id(each) not in gone]
    names = _Names()
    if any(names.of(equation.body) & found.replaced for equation in left):
        return ()
    unnamed = tuple(_unnamed(left, found.expression, defined, names))
    if found.equations:
        goal.set_value(found.expression)
    for equation in (*found.equations, *unnamed):
        equation.deactivate()
    return (*found.equations, *unnamed)


def _unnamed(left: Sequence[Any], goal: Any, defined: Mapping[int, Any], names: _Names) -> Iterator[Any]:
    """The equations among those left that define what nothing names, but for such equations."""
    defines = {id(equation): x for x, equation in defined.items()}
    named = {id(each): names.of(each.expr.args[1] if id(each) in defines else each.body) for each in left}
    counts = Counter(chain(names.of(goal), *named.values()))
    waiting = [each for each in left if id(each) in defines and not counts[defines[id(each)]]]
    while waiting:
        equation = waiting.pop()
        yield equation
        counts.subtract(named[id(equation)])
        waiting += [defined[x] for x in named[id(equation)] if x in defined and not counts[x]]


@contextmanager
def substituted(model: Any) -> Iterator[None]:
    """The model with it, and as it was afterwards."""
    (goal,) = model.component_data_objects(pyo.Objective, active=True)
    before, equations = goal.expr, substitute(model)
    try:
        yield
    finally:
        goal.set_value(before)
        for equation in equations:
            equation.activate()


def quadratic_rows(model: Any) -> int:
    """How many equations and limits are quadratic."""
    visitor = QuadraticRepnVisitor({}, var_recorder=OrderedVarRecorder({}, {}, None))
    rows = model.component_data_objects(pyo.Constraint, active=True)
    return sum(bool(visitor.walk_expression(row.body).quadratic) for row in rows)


def _defined(model: Any) -> Mapping[int, Any]:
    """The equations that define variables, which nothing else bounds, by the variable."""
    parts = (model.component(name) for name in DEFINING)
    equations = chain.from_iterable(part.values() for part in parts if part is not None)
    each = ((equation.expr.args[0], equation) for equation in equations if equation.active)
    return {
        id(x): equation for x, equation in each if x.is_variable_type() and not x.fixed and x.bounds == (None, None)
    }


@dataclass(eq=False)
class _Quadratic:
    """A constant, factors of variables and of pairs of them; `equations` define the variables `replaced` by it."""

    constant: float
    linear: dict[int, float]
    pairs: dict[tuple[int, int], float]
    variables: Mapping[int, Any]
    equations: tuple[Any, ...] = ()
    replaced: frozenset[int] = frozenset()

    @property
    def expression(self) -> Any:
        """As Pyomo knows it."""
        known = self.variables
        chosen = [known[x] for x in self.linear]
        linear = LinearExpression(constant=self.constant, linear_coefs=[*self.linear.values()], linear_vars=chosen)
        return linear + sum(factor * known[one] * known[other] for (one, other), factor in self.pairs.items())


@dataclass(eq=False)
class _Substitution:
    """Reads expressions as quadratic ones; `defined` are equations by the variable that each defines."""

    defined: Mapping[int, Any]
    variables: dict[int, Any] = field(default_factory=dict)
    _read: dict[int, Any] = field(default_factory=dict)
    _leading: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._visitor = QuadraticRepnVisitor({}, var_recorder=OrderedVarRecorder(self.variables, {}, None))

    def of(self, expression: Any) -> _Quadratic | None:
        """The expression with all in it that leads to something quadratic; None where that is more than quadratic."""
        read = self._visitor.walk_expression(expression)
        if read.nonlinear is not None:
            return None
        found = _Quadratic(float(read.constant), dict(read.linear), dict(read.quadratic or {}), self.variables)
        while leading := [x for x in found.linear if self._leads(x)]:
            for x in leading:
                self._put(found, x)
        whole = {x for pair in found.pairs for x in pair}
        return None if whole & found.replaced else found

    def _definition(self, x: int) -> Any:
        """What a variable is; None where no equation defines it, or as something that is not quadratic."""
        if x not in self._read:
            equation = self.defined.get(x)
            read = None if equation is None else self._visitor.walk_expression(equation.expr.args[1])
            self._read[x] = None if read is None or read.nonlinear is not None else read
        return self._read[x]

    def _leads(self, x: int) -> bool:
        """Whether a variable is something quadratic, or a sum of what is."""
        if x not in self._leading:
            read = self._definition(x)
            self._leading[x] = read is not None and (bool(read.quadratic) or any(map(self._leads, read.linear)))
        return self._leading[x]

    def _put(self, found: _Quadratic, x: int) -> None:
        """What a variable is, in place of it."""
        read, factor = self._definition(x), found.linear.pop(x)
        found.constant += factor * read.constant
        for one, value in read.linear.items():
            found.linear[one] = found.linear.get(one, 0.0) + factor * value
        for pair, value in (read.quadratic or {}).items():
            found.pairs[pair] = found.pairs.get(pair, 0.0) + factor * value
        if x not in found.replaced:
            found.equations = (*found.equations, self.defined[x])
            found.replaced |= {x}


@dataclass(eq=False)
class _Names:
    """The variables of expressions, each named one looked at once."""

    known: dict[int, frozenset[int]] = field(default_factory=dict)

    def of(self, expression: Any) -> frozenset[int]:
        """The variables, by their identity."""
        if not is_potentially_variable(expression):
            return frozenset()
        if expression.is_variable_type():
            return frozenset({id(expression)})
        if not expression.is_named_expression_type():
            return frozenset().union(*map(self.of, expression.args))
        if id(expression) not in self.known:
            self.known[id(expression)] = self.of(expression.expr)
        return self.known[id(expression)]
