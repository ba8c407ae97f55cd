"""What Pyomo equations ask of a solver, read off these: whole numbers, kinks, degrees, convexity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import (
    AbsExpression,
    DivisionExpression,
    Expr_ifExpression,
    NegationExpression,
    PowExpression,
    ProductExpression,
    SumExpression,
)
from pyomo.repn import generate_standard_repn

from optimize.problems.program import Program
from optimize.solvers.traits import Trait

KINKED = frozenset((AbsExpression, Expr_ifExpression))


def measured(program: Program, model: pyo.ConcreteModel) -> frozenset[Trait]:
    """The traits of a program with its equations."""
    found = set(_parts(model))
    if any(not v.is_continuous() for v in model.component_data_objects(pyo.Var)):
        found.add(Trait.INTEGERS)
    if np.isfinite([program.row_lower, program.row_upper]).any() or program.quadratics:
        found.add(Trait.LIMITS)
    if (program.row_lower == program.row_upper).any():
        found.add(Trait.EQUALITIES)
    return frozenset(found)


def _parts(model: pyo.ConcreteModel) -> Iterator[Trait]:
    degrees = _Degrees()
    for objective in model.component_data_objects(pyo.Objective, active=True):
        least = objective.sense == pyo.minimize
        yield from _of(objective.expr, Trait.QUADRATIC_OBJECTIVE, (least, not least), degrees)
    for row in model.component_data_objects(pyo.Constraint, active=True):
        yield from _of(row.body, Trait.QUADRATIC_ROWS, (row.has_ub(), row.has_lb()), degrees)


def _of(expression: Any, quadratic: Trait, directions: tuple[bool, bool], degrees: _Degrees) -> Iterator[Trait]:
    """What an expression asks for that must be small (the first of the directions), large (the second), or both."""
    degree = degrees.of(expression)
    if degrees.kinked(expression):
        yield Trait.KINKS
    elif degree > 2:
        yield Trait.CURVED
        if all(directions):
            yield Trait.NONCONVEX
    elif degree == 2:
        yield quadratic
        values = np.linalg.eigvalsh(_matrix(generate_standard_repn(expression, quadratic=True)))
        small = 1e-9 * np.abs(values).max()
        if (directions[0] and values.min() < -small) or (directions[1] and values.max() > small):
            yield Trait.NONCONVEX


class _Degrees:
    """The degree of expressions (infinite where it is no polynomial), and whether they have kinks; each part once."""

    def __init__(self) -> None:
        self.kept: dict[int, tuple[float, bool, Any]] = {}

    def of(self, expression: Any) -> float:
        return self._seen(expression)[0]

    def kinked(self, expression: Any) -> bool:
        return self._seen(expression)[1]

    def _seen(self, root: Any) -> tuple[float, bool, Any]:
        stack = [root]
        while stack:
            node = stack[-1]
            if id(node) in self.kept:
                stack.pop()
                continue
            parts = [one for one in _arguments(node) if id(one) not in self.kept]
            if parts:
                stack += parts
                continue
            stack.pop()
            self.kept[id(node)] = (*self._judged(node), node)
        return self.kept[id(root)]

    def _judged(self, node: Any) -> tuple[float, bool]:
        parts = [self.kept[id(one)] for one in _arguments(node)]
        if not parts:
            is_open = getattr(node, "is_variable_type", lambda: False)() and not node.fixed
            return float(is_open), False
        degrees = [part[0] for part in parts]
        if type(node) in KINKED and max(degrees):
            return np.inf, True
        return (_degree(node, degrees) if max(degrees) else 0.0), any(part[1] for part in parts)


def _degree(node: Any, degrees: list[float]) -> float:
    """The degree of an expression whose arguments have these, not all zero."""
    if isinstance(node, SumExpression | NegationExpression) or node.is_named_expression_type():
        return max(degrees)
    if isinstance(node, ProductExpression):
        return sum(degrees)
    if isinstance(node, DivisionExpression):
        return np.inf if degrees[1] else degrees[0]
    if isinstance(node, PowExpression) and not degrees[1]:
        power = float(pyo.value(node.args[1]))
        return degrees[0] * power if power >= 0 and power.is_integer() else np.inf
    return float(np.inf)


def _arguments(node: Any) -> list[Any]:
    is_expression = getattr(node, "is_expression_type", lambda: False)()
    return list(node.args) if is_expression else []


def _matrix(read: Any) -> Any:
    places: dict[int, int] = {}
    for pair in read.quadratic_vars:
        for variable in pair:
            places.setdefault(id(variable), len(places))
    matrix = np.zeros((len(places), len(places)))
    for (one, other), factor in zip(read.quadratic_vars, read.quadratic_coefs, strict=True):
        i, j = places[id(one)], places[id(other)]
        matrix[i, j] += factor / 2
        matrix[j, i] += factor / 2
    return matrix
