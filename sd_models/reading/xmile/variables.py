"""Stocks, flows, auxiliaries and tables of XMILE to the elements of PySD's abstract model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from pysd.translators.structures.abstract_expressions import ArithmeticStructure, InlineLookupsStructure, IntegStructure
from pysd.translators.structures.abstract_model import AbstractComponent, AbstractElement, AbstractLookup

from ...errors import Fault, UnreadableModel
from ...system.model import key
from ..source import Flows
from .document import Faults, Tag, placed
from .equations import parse_equation, referred
from .functions import Syntax, called
from .names import Declared, EquationPlace, Names, has_points, without_comments
from .tables import ABSENT, limits, numbers, points
from .words import unquoted

Built: TypeAlias = tuple[AbstractElement, list[int]]
"""An element, and the line of each of its components."""

Value: TypeAlias = "Syntax | npt.NDArray[np.float64]"

# Stocks whose content has an order, flows from them, flows in other units at their end, and Vensim's sums of flows.
NO_EQUATIONS = frozenset(("conveyor", "queue", "oven", "leak", "overflow", "multiplier", "netflow"))
NUMBER_LIST = re.compile(r"[\d\s.eE+-]*[,;][\d\s.eE+,;-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Behavior:
    """Whether stocks and flows stay above zero where they do not say so themselves."""

    stock: bool = False
    flow: bool = False

    def of(self, container: Tag) -> Behavior:
        """The behavior in a file, model or macro: its own where it has one."""
        tag = container.first("behavior") or ABSENT
        everything = {name: _non_negative(tag, getattr(self, name)) for name in ("stock", "flow")}
        return Behavior(*(_non_negative(tag.first(name) or ABSENT, value) for name, value in everything.items()))


@dataclass(frozen=True, slots=True)
class Equation:
    """The part of a variable that one equation defines: all of it, or one element of an array."""

    subscripts: tuple[str, ...]
    tag: Tag
    elements: Mapping[str, str] = field(default_factory=dict)


def build(declared: Declared, names: Names, behavior: Behavior, faults: Faults) -> Built:
    """The element of a variable."""
    element, lines = _empty(declared), list[int]()
    for equation in _equations(declared, names):
        with faults.collecting(equation.tag, declared.name):
            element.components.append(_component(declared, equation, names, behavior))
            lines.append(equation.tag.line)
    return element, lines


def build_alias(declared: Declared, source: Declared) -> Built:
    """The element of a variable that a module connects to another one."""
    element, subscripts = _empty(declared), source.dimensions
    element.components.append(AbstractComponent((list(subscripts), []), referred(source.name, subscripts)))
    return element, [declared.tag.line]


def build_table(declared: Declared, name: str, names: Names, faults: Faults) -> Built:
    """The table through which a variable is computed, as an element of that name."""
    element, lines = AbstractElement(name=name, components=[]), list[int]()
    for equation in _equations(declared, names):
        with faults.collecting(equation.tag, declared.name):
            table = points(_table(declared, equation) or ABSENT)
            element.components.append(AbstractLookup((list(equation.subscripts), []), table))
            lines.append(equation.tag.line)
    return element, lines


def _empty(declared: Declared) -> AbstractElement:
    tag = declared.shared
    return AbstractElement(
        name=declared.name,
        components=[],
        units=tag.content("units"),
        limits=limits(tag.first("yscale" if tag.name == "gf" else "range") or ABSENT),
        documentation=tag.content("doc").replace("\\n", "\n"),
    )


def _equations(declared: Declared, names: Names) -> list[Equation]:
    """The parts of a variable: by element where it lists them, or an equation for each in turn."""
    tags, equations = declared.elements, declared.shared.all("eqn")
    listed = len(equations) == 1 and not _is_plain(declared.shared) and _is_list(equations[0], declared)
    if not tags and (listed or len(equations) > 1):
        return _in_turn(declared, _split(equations[0]) if listed else equations, names)
    if not tags:
        return [Equation(declared.dimensions, declared.shared)]
    found = [_element(declared, tag) for tag in tags]
    seen: set[tuple[str, ...]] = set()
    for equation in found:
        place = tuple(key(text) for text in equation.subscripts)
        if place in seen:
            wrong = f"the element [{', '.join(equation.subscripts)}] is defined twice."
            raise UnreadableModel(Fault(wrong, line=equation.tag.line, advice="Keep one of the two."))
        seen.add(place)
    return found


def _is_plain(tag: Tag) -> bool:
    """Whether the value of a variable is its equation and nothing else, so that it may be an array of numbers."""
    return tag.name == "aux" and tag.first("gf") is None and tag.first("init_eqn") is None


def _is_list(equation: Tag, declared: Declared) -> bool:
    return bool(declared.dimensions and NUMBER_LIST.fullmatch(equation.text))


def _split(equation: Tag) -> tuple[Tag, ...]:
    """An equation for each number of a list."""
    parts = [part for part in re.split("[,;]", equation.text) if part.strip()]
    return tuple(replace(equation, text=part) for part in parts)


def _in_turn(declared: Declared, equations: tuple[Tag, ...], names: Names) -> list[Equation]:
    """Equations without subscripts: one for each element of the array, the last dimension first."""
    dimensions = declared.dimensions
    places = list(islice(product(*names.elements(dimensions)), len(equations) + 1))
    if len(places) != len(equations):
        found = f"has {len(equations)} equations, but not as many elements."
        raise UnreadableModel(Fault(found, line=equations[-1].line, advice="Put each in an <element> of its own."))
    others = tuple(tag for tag in declared.shared.children if tag.name != "eqn")
    bound = [dict(zip(map(key, dimensions), place, strict=True)) for place in places]
    return [
        Equation(place, replace(declared.shared, line=tag.line, children=(*others, tag)), elements)
        for place, tag, elements in zip(places, equations, bound, strict=True)
    ]


def _element(declared: Declared, tag: Tag) -> Equation:
    subscripts = tuple(unquoted(text.strip()) for text in tag.get("subscript").split(","))
    dimensions = declared.dimensions
    if not all(subscripts) or (dimensions and len(dimensions) != len(subscripts)):
        found = f"<element subscript={tag.get('subscript')!r}> does not fit the dimensions {', '.join(dimensions)}."
        raise UnreadableModel(Fault(found, declared.name, line=tag.line, advice="Name one element for each dimension."))
    keys = [key(name) for name in dimensions]
    bound = dict(zip(keys, subscripts, strict=True)) if len(set(keys)) == len(subscripts) else {}
    return Equation(subscripts, tag, bound)


def _component(declared: Declared, equation: Equation, names: Names, behavior: Behavior) -> AbstractComponent:
    """The component of one equation, by the kind of its variable."""
    subscripts = (list(equation.subscripts), list[list[str]]())
    table = _table(declared, equation)
    if declared.tag.name == "gf":
        return AbstractLookup(subscripts, points(table or declared.shared))
    for tag in (declared.shared, equation.tag):
        _refuse_transport(tag)
    place = EquationPlace(names, declared, equation.elements)
    value = _value(declared, equation, place)
    if declared.tag.name == "stock":
        return AbstractComponent(subscripts, _stock(declared, value, place, behavior))
    if table is not None and value is None:
        return AbstractLookup(subscripts, points(table))
    tree = _initially(equation, _through(table, _required(value), place), place)
    if declared.tag.name == "flow" and is_non_negative(declared, behavior):
        tree = called("max", tree, 0.0)
    return AbstractComponent(subscripts, tree)


def _table(declared: Declared, equation: Equation) -> Tag | None:
    """The graphical function of one equation: its own, or that of the whole variable."""
    own = equation.tag if has_points(equation.tag) else equation.tag.first("gf")
    return own or declared.shared.first("gf")


def _refuse_transport(tag: Tag) -> None:
    for child in tag.children:
        if child.name in NO_EQUATIONS or (tag.name == "stock" and child.name == "gf"):
            advice = "Write it with stocks, flows and delays, or simulate the model in the program that made it."
            raise UnreadableModel(Fault(f"<{child.name}> cannot be compiled.", line=child.line, advice=advice))


def _value(declared: Declared, equation: Equation, place: EquationPlace) -> Value | None:
    """The equation's tree, or the numbers of a whole array; None where nothing but comments is written."""
    tag = equation.tag.first("eqn") or declared.shared.first("eqn")
    if tag is None or not without_comments(tag.text):
        return None
    with placed(tag):
        if equation.tag is declared.shared and _is_list(tag, declared):
            return _array(tag.text, declared, place)
        return parse_equation(tag.text, place)


def _initially(equation: Equation, value: Value, place: EquationPlace) -> Value:
    """The value with another one while stocks initialize, which Vensim writes as `<init_eqn>`."""
    tag = equation.tag.first("init_eqn")
    if tag is None:
        return value
    with placed(tag):
        return called("active_initial", value, parse_equation(tag.text, place))


def _array(text: str, declared: Declared, place: EquationPlace) -> npt.NDArray[np.float64]:
    """Numbers of an array, row by row, in the shape of its dimensions."""
    values = numbers(text, "[,;]")
    shape = tuple(map(len, place.names.elements(declared.dimensions)))
    if len(values) != int(np.prod(shape)):
        found = f"{len(values)} numbers are given for {int(np.prod(shape))} elements."
        raise UnreadableModel(Fault(found, advice="Give one number for each element, the last dimension first."))
    return np.array(values).reshape(shape)


def _required(value: Value | None) -> Value:
    if value is None:
        raise UnreadableModel(Fault("has no equation.", advice="Write one, or delete the variable."))
    return value


def _stock(declared: Declared, value: Value | None, place: EquationPlace, behavior: Behavior) -> IntegStructure:
    inflows, outflows = ([_flow(tag, place) for tag in declared.shared.all(way)] for way in ("inflow", "outflow"))
    return IntegStructure(_net(inflows, outflows), _required(value), is_non_negative(declared, behavior))


def is_non_negative(declared: Declared, behavior: Behavior) -> bool:
    """Whether a stock or flow stays above zero."""
    kinds = {"stock": behavior.stock, "flow": behavior.flow}
    kind = declared.tag.name
    return kind in kinds and _non_negative(declared.shared, kinds[kind])


def flows(declared: Declared, names: Names) -> Flows:
    """The flows of a stock as it lists them; one that a module connects to another variable is that variable."""

    def named(way: str) -> tuple[str, ...]:
        found = tuple(_flow_name(tag, declared, names) for tag in declared.shared.all(way))
        if len(set(map(key, found))) < len(found):
            advice = "Name it once."
            raise UnreadableModel(Fault(f"a stock that cannot be negative names an {way} twice.", advice=advice))
        return found

    return Flows(named("inflow"), named("outflow"))


def _flow_name(tag: Tag, declared: Declared, names: Names) -> str:
    found = names.find((unquoted(tag.text.strip()),), declared.model)
    origin = names.origin(found.name) if found is not None else None
    if origin is None:
        advice = "Name a flow of the model."
        raise UnreadableModel(Fault(f"{tag.text.strip()!r} is no flow.", line=tag.line, advice=advice))
    return origin.name


def _flow(tag: Tag, place: EquationPlace) -> Syntax:
    """The flow that a stock names, in quotation marks or not."""
    name = (unquoted(tag.text.strip()),)
    return place.reference(name, ()) if place.knows(name) else parse_equation(tag.text, place)


def _net(inflows: list[Syntax], outflows: list[Syntax]) -> Syntax:
    if not inflows and not outflows:
        return 0.0
    if not inflows:
        outflows = [ArithmeticStructure(["negative"], (outflows[0],)), *outflows[1:]]
    signs = ["+"] * len(inflows) + ["-"] * len(outflows)
    flows = (*inflows, *outflows)
    return ArithmeticStructure(signs[1:], flows) if len(flows) > 1 else flows[0]


def _non_negative(tag: Tag, otherwise: bool) -> bool:
    own = tag.first("non_negative")
    return otherwise if own is None else "false" not in own.text.lower()


def _through(table: Tag | None, value: Value, place: EquationPlace) -> Value:
    """The value put through a table where there is one: the variable's own, or one that it names."""
    if table is None:
        return value
    if has_points(table) or not table.get("name"):
        return InlineLookupsStructure(value, points(table))
    name = unquoted(table.get("name"))
    return place.call((name,), (), (value,)) or called(referred(name).reference, value)
