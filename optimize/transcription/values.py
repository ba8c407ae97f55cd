"""Values of Pyomo expressions, each name computed once: `pyomo.environ.value` goes through trees again and again."""

from __future__ import annotations

import math
from typing import Any

from pyomo.core.expr import Expr_ifExpression
from pyomo.core.expr.numvalue import is_potentially_variable, value


class Values:
    """Evaluates expressions at the values of their variables; named expressions are remembered."""

    def __init__(self) -> None:
        self.known: dict[int, float] = {}

    def of(self, expression: Any) -> float:
        """The value; NaN where it is no number."""
        if not is_potentially_variable(expression) or expression.is_variable_type():
            return float(value(expression))
        if expression.is_named_expression_type():
            found = self.known.get(id(expression))
            if found is None:
                found = self.known[id(expression)] = self.of(expression.expr)
            return found
        if isinstance(expression, Expr_ifExpression):
            condition, one, other = expression.args
            return self.of(one if self.holds(condition) else other)
        try:
            found = expression._apply_operation([self.of(argument) for argument in expression.args])
        except (ArithmeticError, ValueError):
            return math.nan
        return math.nan if isinstance(found, complex) else float(found)

    def holds(self, relation: Any) -> bool:
        """Whether a relation holds."""
        return bool(relation._apply_operation([self.of(argument) for argument in relation.args]))
