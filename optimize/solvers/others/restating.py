"""Pyomo's expressions in those of another library, whose variables know arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyomo.core.expr.numvalue import is_potentially_variable, value


@dataclass(eq=False)
class Restating:
    """Restates expressions; each that has a name is restated once.

    `variables` are the library's by the identity of Pyomo's, `functions` its own by the names that Pyomo has for them;
    all else is arithmetic.
    """

    variables: Mapping[int, Any]
    functions: Mapping[str, Callable[..., Any]]
    known: dict[int, Any] = field(default_factory=dict)

    def of(self, expression: Any) -> Any:
        """The expression in the library's own."""
        if not is_potentially_variable(expression):
            return float(value(expression))
        if expression.is_variable_type():
            return float(expression.value) if expression.fixed else self.variables[id(expression)]
        if expression.is_named_expression_type():
            if id(expression) not in self.known:
                self.known[id(expression)] = self.of(expression.expr)
            return self.known[id(expression)]
        arguments = [self.of(argument) for argument in expression.args]
        function = self.functions.get(expression.getname())
        return function(*arguments) if function is not None else expression._apply_operation(arguments)
