"""The parts of an equation that add up: `a + b`, `(a + b + c) / 3`, `SUM(weight[i!] * LN(a[i!] * b[i!]))`.

Sums are followed through products, quotients by one divisor and SUM, and into one variable, where an equation consists
of nothing but it (times something): a weighted mean of an index has the parts of the index. The logarithm of a product
is the sum of logarithms, so that a geometric mean has the parts of its factors; where one of them is not positive that
is not so, and whoever uses the parts looks whether they add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sd_models.rewrites.folding import unchanging
from sd_models.system.description import equation_text
from sd_models.system.expression import Call, Expr, Number, Reduce, Ref, fold, rebuild, references, refs, rename_axes
from sd_models.system.model import Kind, Series, System, Values, Variable

DEEPEST = 3  # variables that are followed into, one in the other
MOST = 12  # parts that people read


def with_terms(system: System, name: str, levers: Iterable[str] = ()) -> tuple[System, Mapping[str, str]]:
    """The system with a variable for each part of a variable's equation, and their names by what people call them.

    Levers are given, so their own equations do not count. No parts where the equation is no sum of named variables,
    where elements have equations of their own, or where there are more than people read.
    """
    variable = system[name]
    given = {system[lever].name for lever in levers}
    free = replace(system, variables={n: one for n, one in system.variables.items() if n not in given})
    still = unchanging(system, keep=given)
    found = () if variable.name in given else _terms_of(free, variable, still)
    if not 1 < len(found) <= MOST:
        return system, {}
    labels = _labels(system, found)
    added = {
        f"{name}: {label}": _added(variable, f"{name}: {label}", term)
        for label, term in zip(labels, found, strict=True)
    }
    if len(added) < len(found) or any(new in system for new in added):
        return system, {}
    grown = replace(system, variables={**system.variables, **added})
    return grown, dict(zip(labels, added, strict=True))


def _added(variable: Variable, name: str, term: Expr) -> Variable:
    equation = replace(variable.equations[0], definition=term, initial=None)
    return Variable(name, Kind.AUXILIARY, variable.dimensions, (equation,), variable.unit, origin=variable.name)


def _definition(variable: Variable) -> Expr | None:
    """The one equation of an auxiliary, where there is just one."""
    if variable.kind is not Kind.AUXILIARY or len(variable.equations) != 1 or variable.equations[0].excluded:
        return None
    definition = variable.equations[0].definition
    return None if isinstance(definition, Values | Series) else definition


def _terms_of(system: System, variable: Variable, still: frozenset[str]) -> tuple[Expr, ...]:
    expr = _definition(variable)
    for _ in range(DEEPEST):
        if expr is None:
            return ()
        found = additive(expr, still)
        if len(found) > 1:
            factors = tuple(part for term in found for part in additive(_with_factors(system, term), still))
            return factors if len(factors) <= MOST else found
        expr = _opened(system, expr, still)
    return ()


def _opened(system: System, expr: Expr, still: frozenset[str]) -> Expr | None:
    """The expression with the one variable in it that is a sum replaced by that; None where there is not just one."""
    sums = {ref.name for ref in refs(expr) if ref.name in system.variables and _is_sum(system, ref, still)}
    if len(sums) != 1:
        return None
    (name,) = sums
    return rebuild(expr, ref=lambda node: _inlined(system, node) if node.name == name else node)


def _with_factors(system: System, expr: Expr) -> Expr:
    """The expression with the logarithm of a variable that is a product as that of the product."""

    def opened(node: Call) -> Expr:
        argument = node.arguments[0] if node.function == "LN" else None
        if not isinstance(argument, Ref) or argument.name not in system.variables:
            return node
        definition = _whole(system, argument)
        return (
            node if definition is None or len(logarithms(definition)) < 2 else Call("LN", (_inlined(system, argument),))
        )

    return rebuild(expr, call=opened)


def _is_sum(system: System, ref: Ref, still: frozenset[str]) -> bool:
    definition = _whole(system, ref)
    return definition is not None and len(additive(definition, still)) > 1


def _whole(system: System, ref: Ref) -> Expr | None:
    """The definition of a variable, where it has just one and the reference takes it along its own ranges."""
    variable = system.variables[ref.name]
    ranges = variable.equations[0].subscripts if variable.equations else ()
    whole = all(one.axis is not None and one.name == own for one, own in zip(ref.subscripts, ranges, strict=False))
    return _definition(variable) if whole else None


def _inlined(system: System, ref: Ref) -> Expr:
    variable = system.variables[ref.name]
    definition = _definition(variable)
    assert definition is not None
    axes = zip(variable.equations[0].subscripts, ref.subscripts, strict=True)
    return rename_axes(definition, {own: one.axis for own, one in axes if one.axis})


def additive(expr: Expr, still: frozenset[str] = frozenset()) -> tuple[Expr, ...]:
    """The parts of an expression that add up to it; the expression alone where there are none.

    What consists of `still` variables alone is one part.

    >>> [equation_text(part) for part in additive(Call("/", (Call("-", (Ref("a"), Ref("b"))), Number(2.0))))]
    ['a / 2', '-b / 2']
    """

    def of_call(node: Call, parts: tuple[tuple[Expr, ...], ...]) -> tuple[Expr, ...]:
        return (node,) if references(node) <= still else _of_call(node, parts)

    return fold(expr, number=lambda node: (node,), ref=lambda node: (node,), call=of_call, reduce=_of_reduction)


def _of_call(node: Call, parts: tuple[tuple[Expr, ...], ...]) -> tuple[Expr, ...]:
    if node.function == "LN":
        return logarithms(node.arguments[0])
    if node.function == "+" and len(parts) == 2:
        return (*parts[0], *parts[1])
    if node.function == "-" and len(parts) == 2:
        return (*parts[0], *map(_negative, parts[1]))
    if node.function == "*" and min(map(len, parts)) == 1:
        (left, right) = parts
        return tuple(Call("*", (one, other)) for one in left for other in right)
    if node.function == "/" and len(parts[1]) == 1:
        return tuple(Call("/", (one, node.arguments[1])) for one in parts[0])
    return (node,)


def logarithms(expr: Expr) -> tuple[Expr, ...]:
    """The parts of the logarithm of an expression.

    >>> product = Call("^", (Call("*", (Ref("a"), Call("EXP", (Ref("b"),)))), Number(0.5)))
    >>> [equation_text(part) for part in logarithms(product)]
    ['0.5 * LN(a)', '0.5 * b']
    """

    def one(node: Number | Ref | Reduce, _: object = None) -> tuple[Expr, ...]:
        return (Call("LN", (node,)),)

    return fold(expr, number=one, ref=one, call=_log_of_call, reduce=one)


def _log_of_call(node: Call, parts: tuple[tuple[Expr, ...], ...]) -> tuple[Expr, ...]:
    if node.function == "*":
        return tuple(part for each in parts for part in each)
    if node.function == "/":
        return (*parts[0], *map(_negative, parts[1]))
    if node.function == "^":
        return tuple(Call("*", (node.arguments[1], part)) for part in parts[0])
    return (node.arguments[0],) if node.function == "EXP" else (Call("LN", (node,)),)


def _negative(expr: Expr) -> Expr:
    return Call("-", (expr,))


def _of_reduction(node: Reduce, parts: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(Reduce(node.operator, node.axes, part) for part in parts) if node.operator == "SUM" else (node,)


def _labels(system: System, terms: tuple[Expr, ...]) -> list[str]:
    """What each part is called: after the variables that no other part has and that can move, else by its text."""
    names = [references(term) & set(system.variables) for term in terms]
    found = []
    for i, term in enumerate(terms):
        others = set[str]().union(*(one for j, one in enumerate(names) if j != i))
        own = [n for n in dict.fromkeys(ref.name for ref in refs(term)) if n in names[i] and n not in others]
        moving = [name for name in own if system.variables[name].kind not in (Kind.CONSTANT, Kind.TABLE)]
        found.append(" and ".join(moving or own) or equation_text(term))
    return found
