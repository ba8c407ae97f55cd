"""Where PySD departs from the language of a file: what its abstract model gets instead, and what is said about it.

Why patch at all: a reference that is wrong cannot refute a run that is wrong in the same way, and would refute one that
is right. All else in PySD's run stays its own: order, delays, integration, arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from pysd.py_backend import functions
from pysd.translators.structures import abstract_expressions as ast
from pysd.translators.structures.abstract_model import AbstractComponent, AbstractElement, AbstractSection

from ..dynamics.timing import control_values
from ..reading.external import parts
from ..reading.shadows import Shadows
from ..rewrites.outflows import Cut, cuts, limited, taken
from ..rewrites.stateful import expand_stateful
from ..system.expression import Expr, Number, Ref, fold
from ..system.model import System, key

Constant: TypeAlias = Callable[[Any], float | None]


def patched(sections: Sequence[AbstractSection], system: System | None, given: Collection[str]) -> tuple[str, ...]:
    """Change the sections where PySD departs; what was changed, or cannot be without a system, as notes.

    `given` are the keys of variables whose values are given for the run.
    """
    called = frozenset(name for section in sections for name in _called(section))
    pulses = (PULSE_NOTE,) if called & {"pulse", "pulse_train"} else ()
    return (*pulses, *_of_logic(sections), *_of_draws(sections, system), *_of_outflows(sections[0], system, given))


def _called(section: AbstractSection) -> Iterator[str]:
    """The functions that the equations of a section call."""
    trees: list[Any] = [component.ast for element in section.elements for component in element.components]
    while trees:
        tree = trees.pop()
        if isinstance(tree, ast.CallStructure):
            yield tree.function.reference
        trees.extend(parts(tree))


# --- functions --------------------------------------------------------------------------------------------------------


def _pulse(
    time: Any, start: Any, repeat_time: Any = 0, width: Any = None, magnitude: Any = None, end: Any = None
) -> Any:
    """PySD's pulses; those of Vensim as its manual has them, in the middle of a step and at the end time as well."""
    if magnitude is not None:
        return _PYSD_PULSE(time, start, repeat_time, width, magnitude, end)
    step, now = time.time_step(), time()
    since = now + step / 2 - start
    if end is None:
        return np.logical_and(since > 0, since < width + (width == 0) * step) * 1.0
    repeats = repeat_time > 0
    within = (since % (repeat_time + (1 - repeats))) * repeats
    length = np.maximum(width, step)
    return np.logical_and(np.logical_and(since > 0, within < length), now - SMALL <= end) * 1.0


PULSE_NOTE = (
    "PySD ends a PULSE TRAIN before its end time; its model was given PULSE and PULSE TRAIN as in Vensim's manual."
)
SMALL = 1e-6  # what Vensim counts as no time
_PYSD_PULSE = functions.pulse
FUNCTIONS = Shadows((("pysd.py_backend.functions", "pulse", _pulse),))
"""PySD's functions as the language has them, for models that are imported in a block of these."""


def _of_logic(sections: Sequence[AbstractSection]) -> tuple[str, ...]:
    """Chains of :AND: and :OR: by their precedence; PySD reads them from the right."""
    changed = False
    for component in (part for section in sections for element in section.elements for part in element.components):
        waiting: list[Any] = [component.ast]
        while waiting:
            tree = waiting.pop()
            if isinstance(tree, ast.LogicStructure) and {":AND:", ":OR:"} <= set(tree.operators):
                tree.operators, tree.arguments = _by_precedence(tree.operators, tree.arguments)
                changed = True
            waiting.extend(parts(tree))
    return ("PySD reads :AND: and :OR: from the right; its model was given :AND: before :OR:.",) if changed else ()


def _by_precedence(operators: Sequence[str], arguments: Sequence[Any]) -> tuple[list[str], tuple[Any, ...]]:
    groups: list[list[Any]] = [[arguments[0]]]
    for operator, argument in zip(operators, arguments[1:], strict=True):
        if operator == ":OR:":
            groups.append([argument])
        else:
            groups[-1].append(argument)
    chains = (ast.LogicStructure([":AND:"] * (len(g) - 1), tuple(g)) if len(g) > 1 else g[0] for g in groups)
    return [":OR:"] * (len(groups) - 1), tuple(chains)


def _of_draws(sections: Sequence[AbstractSection], system: System | None) -> tuple[str, ...]:
    """Draws without spread as the numbers that they are: a system that could be loaded has no others."""
    if system is None:
        return ()
    changed: dict[str, None] = {}
    for element in (element for section in sections for element in section.elements):
        for component in element.components:
            tree = _without_draws(component.ast, system)
            if tree is not component.ast:
                component.ast = tree
                changed[element.name] = None
    names = ", ".join(changed)
    return (f"PySD cannot draw where there is no spread; its model was given the mean: {names}.",) if changed else ()


def _without_draws(tree: Any, system: System) -> Any:
    """The tree with numbers in place of draws; the same one where it has none."""
    if isinstance(tree, ast.CallStructure) and tree.function.reference in _DRAWS:
        return _DRAWS[tree.function.reference](tree.arguments, lambda part: _constant(part, system))
    if isinstance(tree, list | tuple):
        made = type(tree)(_without_draws(part, system) for part in tree)
        return tree if all(a is b for a, b in zip(made, tree, strict=True)) else made
    if is_dataclass(tree) and not isinstance(tree, type):
        parts_of_tree = {part.name: getattr(tree, part.name) for part in fields(tree)}
        new = {name: _without_draws(part, system) for name, part in parts_of_tree.items()}
        return tree if all(new[name] is part for name, part in parts_of_tree.items()) else replace(tree, **new)
    return tree


def _constant(tree: Any, system: System) -> float | None:
    """The number of a tree that is one, or names a constant that is one."""
    if isinstance(tree, int | float):
        return float(tree)
    if isinstance(tree, ast.ArithmeticStructure) and tree.operators == ["negative"]:
        value = _constant(tree.arguments[0], system)
        return None if value is None else -value
    if not isinstance(tree, ast.ReferenceStructure) or tree.reference not in system:
        return None
    definition = system[tree.reference].equations[0].definition
    return definition.value if isinstance(definition, Number) else None


def _draw_between(arguments: Sequence[Any], constant: Constant) -> Any:
    """Least, largest, and for normal and exponential draws what is in their middle."""
    is_one = len(arguments) < 4 or constant(arguments[0]) == constant(arguments[1])
    return arguments[0] if is_one else arguments[2]


_DRAWS: Mapping[str, Callable[[Sequence[Any], Constant], Any]] = {
    "random_uniform": _draw_between,
    "random_normal": _draw_between,
    "random_exponential": lambda given, constant: 0.0 if len(given) < 3 else _draw_between(given, constant),
}


# --- stocks that cannot be negative -----------------------------------------------------------------------------------


def _of_outflows(section: AbstractSection, system: System | None, given: Collection[str]) -> tuple[str, ...]:
    if system is not None:
        return tuple(patch_outflows(section, system, given))
    cut = [element.name for element in section.elements if any(map(_is_cut, element.components))]
    names = ", ".join(cut)
    return (f"PySD makes matter where a stock cannot be negative: {names}.",) if cut else ()


def _is_cut(component: AbstractComponent) -> bool:
    return isinstance(component.ast, ast.IntegStructure) and bool(component.ast.non_negative)


def patch_outflows(section: AbstractSection, system: System, given: Collection[str]) -> Iterator[str]:
    """Cut the outflows of stocks that cannot be negative; PySD cuts off the stocks, so that matter is made.

    Of flows that are `given` for the run (keys of names), what flows stands in an element of its own.
    """
    work = _Cutting(system, _cuts(system), given)
    for component in (component for element in section.elements for component in element.components):
        component.ast = work.redirected(component.ast)
    for element in tuple(section.elements):
        if own := [cut for cut in work.found if key(cut.flow) == key(element.name)]:
            section.elements = (*section.elements, *work.cut(element, own))
    if work.found:
        names = ", ".join(dict.fromkeys(cut.flow for cut in work.found))
        yield f"PySD makes matter where a stock cannot be negative; it was given the cut outflows: {names}."


def _cuts(system: System) -> tuple[Cut, ...]:
    """The cuts of the flows, in the order in which a compiled run makes them."""
    if not limited(system):
        return ()
    control = control_values(system)
    times = {"initial_time": control["INITIAL TIME"], "time_step": control["TIME STEP"]}
    return cuts(expand_stateful(system, **times))[0]


@dataclass(frozen=True)
class _Cutting:
    """The cuts in PySD's structures; flows with given values have an element of their own for what flows."""

    system: System
    found: tuple[Cut, ...]
    given: Collection[str]

    @cached_property
    def names(self) -> dict[str, str]:
        """The flows with given values, by their name in references, and what flows of them."""
        return {spelled(cut.flow): spelled(taken(cut.flow)) for cut in self.found if key(cut.flow) in self.given}

    def cut(self, element: AbstractElement, own: Sequence[Cut]) -> tuple[AbstractElement, ...]:
        """The elements that come with the cuts of one flow."""
        flow, dimensions = own[0].flow, self.system[own[0].flow].dimensions
        if spelled(flow) in self.names:
            itself = ast.ReferenceStructure(spelled(flow), _subscripts(dimensions))
            components = [AbstractComponent((list(dimensions), []), self.bounded(itself, own, dimensions))]
            return (replace(element, name=taken(flow), components=components),)
        for component in element.components:
            component.ast = self.bounded(component.ast, own, component.subscripts[0])
        return ()

    def bounded(self, tree: Any, own: Sequence[Cut], subscripts: Sequence[str]) -> Any:
        """The tree of a flow, at these subscripts, within its bounds."""
        places = dict(zip(self.system[own[0].flow].dimensions, subscripts, strict=True))
        for cut in own:
            bound = self.tree(cut.bound, places)
            if cut.into:
                bound = ast.ArithmeticStructure(["negative"], (bound,))
            tree = ast.CallStructure(ast.ReferenceStructure("max" if cut.into else "min"), (tree, bound))
        return tree

    def tree(self, expr: Expr, places: Mapping[str, str]) -> Any:
        """A bound, which is made of references, quotients, sums and differences, with the subscripts of a place."""

        def referred(node: Ref) -> Any:
            name = self.names.get(spelled(node.name), spelled(node.name))
            return ast.ReferenceStructure(name, _subscripts([places[s.name] for s in node.subscripts]))

        return fold(
            expr,
            number=lambda node: node.value,
            ref=referred,
            call=lambda node, parts: ast.ArithmeticStructure([node.function], parts),
            reduce=lambda _, part: part,
        )

    def redirected(self, tree: Any) -> Any:
        """The tree with what flows in place of given flows."""
        if isinstance(tree, ast.ReferenceStructure) and tree.reference in self.names:
            return replace(tree, reference=self.names[tree.reference])
        if isinstance(tree, list | tuple):
            return type(tree)(self.redirected(part) for part in tree)
        if is_dataclass(tree) and self.names:
            for part in fields(tree):
                setattr(tree, part.name, self.redirected(getattr(tree, part.name)))
        return tree


def _subscripts(names: Sequence[str]) -> ast.SubscriptsReferenceStructure | None:
    return ast.SubscriptsReferenceStructure(list(names)) if names else None


def spelled(name: str) -> str:
    """A name as PySD's translators spell it in references."""
    return "_".join(name.replace("_", " ").split()).lower()
