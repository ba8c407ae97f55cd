"""What the names in an XMILE file mean: variables of several models, dimensions with their elements, macros.

Models become one: a variable of the model `supply` is called `supply.orders`, which is how other models refer to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pysd.translators.structures.abstract_expressions import (
    CallStructure,
    ReferenceStructure,
    SubscriptsReferenceStructure,
)

from ...errors import Fault, UnreadableModel, nearest
from ...system.model import key
from .document import Tag
from .equations import parse_equation, referred
from .functions import CONSTANTS, REDUCTIONS, Syntax, apply, called
from .words import Name, unquoted

KINDS = ("stock", "flow", "aux", "gf")
# Behind the name of a variable that is computed through a table, this calls the table itself.
TABLE = ": table"
COMMENT = re.compile(r"\{[^}]*(\}|$)")  # to the end of the text where it is not closed


@dataclass(frozen=True)
class Declared:
    """A variable as the file declares it; `name` starts with the name of its model, unless that is the root."""

    name: str
    tag: Tag
    model: str = ""

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """The names of its dimensions, in order."""
        given = self.tag.first("dimensions")
        return tuple(unquoted(dimension.get("name")) for dimension in given.all("dim")) if given else ()

    @cached_property
    def elements(self) -> tuple[Tag, ...]:
        """The elements of the array that are defined each for itself."""
        return self.tag.all("element")

    @cached_property
    def shared(self) -> Tag:
        """What holds for all of its elements."""
        return replace(self.tag, children=tuple(child for child in self.tag.children if child.name != "element"))

    @cached_property
    def has_table(self) -> bool:
        """Whether it is a table, or is computed through one of its own."""
        tables = (tag.first("gf") for tag in (self.shared, *self.elements))
        return self.tag.name == "gf" or any(has_points(table) for table in tables)

    @cached_property
    def has_equation(self) -> bool:
        """Whether an equation is written for it, or for an element of it."""
        equations = (equation for tag in (self.shared, *self.elements) for equation in tag.all("eqn"))
        return any(without_comments(equation.text) for equation in equations)


@dataclass(frozen=True, slots=True)
class Macro:
    """A function that the file defines; `defaults` are the texts of the parameters that may be left out, or empty."""

    name: str
    parameters: tuple[str, ...]
    defaults: tuple[str, ...]
    tag: Tag


@dataclass(frozen=True)
class Names:
    """The names of a file, by their key; a macro sees its own variables and parameters only.

    `connections` gives, for a variable that a module connects to another one, that other one.
    """

    variables: Mapping[str, Declared]
    connections: Mapping[str, Declared] = field(default_factory=dict)
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()

    def elements(self, dimensions: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The elements of each of the dimensions, none for an unknown one."""
        return [self.dimensions.get(key(name), ()) for name in dimensions]

    def origin(self, name: str) -> Declared | None:
        """The variable of that name; for a connected one, the variable at the end of its connections."""
        found = self.variables.get(key(name))
        for _ in self.connections:  # at most that many, even where they go in a circle
            following = self.connections.get(key(found.name)) if found is not None else None
            if following is None:
                break
            found = following
        return found

    @cached_property
    def positions(self) -> dict[str, dict[str, int]]:
        """For each dimension, the position of its elements, from 1."""
        return {name: {key(e): i for i, e in enumerate(items, start=1)} for name, items in self.dimensions.items()}

    def find(self, name: Name, model: str) -> Declared | None:
        """The variable that a name means in a model: one of its own, `.x` of the root, `other.x` of another."""
        owner = model if len(name) == 1 else name[-2]
        return self.variables.get(key(qualified(owner, name[-1])))


def qualified(model: str, name: str) -> str:
    """The name of a variable of a model."""
    return f"{model}.{name}" if model else name


def without_comments(text: str) -> str:
    """An equation without its comments and the blanks around it."""
    return COMMENT.sub(lambda match: "" if match[1] else match[0], text).strip()


def has_points(table: Tag | None) -> bool:
    """Whether there is a table that does not merely name another one."""
    return table is not None and table.first("ypts") is not None


def modules(model: Tag) -> tuple[Tag, ...]:
    """The modules in a model."""
    return tuple(module for group in (model, *model.all("variables")) for module in group.all("module"))


def declared_in(container: Tag, model: str) -> Iterator[Declared]:
    """The variables in a `<model>` or `<macro>`, which old files put there without `<variables>`."""
    tags = (*container.children, *(tag for group in container.all("variables") for tag in group.children))
    for tag in tags:
        if tag.name not in KINDS:
            continue
        name = " ".join(unquoted(tag.get("name")).split())
        yield Declared(qualified(model, name) if name else "", tag, model)
        for table in tag.all("gf"):
            own = unquoted(table.get("name"))
            if own and has_points(table) and key(own) != key(name):
                yield Declared(qualified(model, own), table, model)


def groups(container: Tag, model: str) -> Iterator[tuple[str, str]]:
    """The variables of a model with the group that names each, `model.group`; without one the model is the group."""
    own = (group for part in (container, *container.all("variables")) for group in part.all("group"))
    named = {key(unquoted(member)): unquoted(group.get("name")) for group in own for member in _members(group)}
    for declared in declared_in(container, model):
        group = named.get(key(declared.name.removeprefix(f"{model}.") if model else declared.name), "")
        yield declared.name, " ".join((qualified(model, group) if group else model).split())


def _members(group: Tag) -> Iterator[str]:
    """The names of the variables that a group lists, as the standard has it (`var`) and older files (`entity`)."""
    yield from (member.text.strip() for member in group.all("var"))
    yield from (member.get("name") for member in group.all("entity"))


@dataclass(frozen=True)
class EquationPlace:
    """Where an equation stands: its variable, and for one element of an array the element of each dimension."""

    names: Names
    owner: Declared
    elements: Mapping[str, str] = field(default_factory=dict)

    def knows(self, name: Name) -> bool:
        """Whether a variable or parameter has that name."""
        return self.names.find(name, self.owner.model) is not None or key(name[-1]) in self.names.parameters

    def reference(self, name: Name, subscripts: tuple[str, ...]) -> Syntax:
        """The variable of that name, the own one for SELF, or the position of `dimension.element`."""
        found = self.owner if tuple(map(key, name)) == ("self",) else None
        found = found or self.names.find(name, self.owner.model)
        if found is not None:
            return referred(found.name, self._bound(found, subscripts))
        dimension = key(name[0])
        element = name[1] if len(name) == 2 else self.elements.get(dimension)
        if element is not None and dimension in self.names.dimensions:
            return self._position(name[0], element)
        return referred(".".join(name).removeprefix("."), self._bound(None, subscripts))

    def call(self, name: Name, subscripts: tuple[str, ...], arguments: tuple[Syntax, ...]) -> Syntax | None:
        """The value of a macro, or of a table at an argument."""
        function = key(".".join(name))
        macro = self.names.macros.get(function)
        if macro is not None:
            return _macro_call(macro, arguments)
        if function in REDUCTIONS and len(arguments) == 1:
            return apply(function, (self._reduced(*arguments),))
        if function == "lookup" and len(arguments) == 2:
            return self._looked_up(*arguments)
        found = self.names.find(name, self.owner.model)
        table = self.names.origin(found.name) if found is not None else None
        if table is not None and table.has_table and len(arguments) == 1:
            return self._looked_up(self.reference(name, subscripts), *arguments)
        return None

    def _reduced(self, argument: Syntax) -> Syntax:
        """An array to be reduced: a dimension that the own variable has not is reduced, as if it were `*`."""
        if not isinstance(argument, ReferenceStructure) or argument.subscripts is None:
            return argument
        free = self.names.dimensions.keys() - set(map(key, self.owner.dimensions))
        marked = tuple(f"{text}!" if key(text) in free else text for text in argument.subscripts.subscripts)
        return replace(argument, subscripts=SubscriptsReferenceStructure(marked))

    def _looked_up(self, table: Syntax, argument: Syntax) -> Syntax:
        if not isinstance(table, ReferenceStructure):
            raise UnreadableModel(Fault("LOOKUP takes the name of a table first.", advice="Write LOOKUP(table, x)."))
        found = self.names.origin(table.reference)
        name = found.name if found is not None else table.reference
        if found is not None and found.tag.name != "gf" and found.has_table and found.has_equation:
            name += TABLE
        return CallStructure(ReferenceStructure(referred(name).reference, table.subscripts), (argument,))

    def _bound(self, found: Declared | None, subscripts: tuple[str, ...]) -> tuple[str, ...]:
        """The subscripts with the element at hand in place of its dimension, also where none are written."""
        dimensions = found.dimensions if found is not None else ()
        if not subscripts and dimensions and all(key(name) in self.elements for name in dimensions):
            subscripts = dimensions
        return tuple(self.elements.get(key(text), text) for text in subscripts)

    def _position(self, dimension: str, element: str) -> float:
        found = self.names.positions[key(dimension)].get(key(element))
        if found is None:
            advice = nearest(element, self.names.dimensions[key(dimension)][:1000])
            raise UnreadableModel(Fault(f"{element!r} is no element of the dimension {dimension!r}.", advice=advice))
        return float(found)


def _macro_call(macro: Macro, arguments: tuple[Syntax, ...]) -> Syntax:
    """A call of a macro, with the defaults of the arguments that are left out."""
    missing = macro.defaults[len(arguments) :]
    if len(arguments) > len(macro.parameters) or not all(missing):
        found = f"the macro {macro.name!r} takes {len(macro.parameters)} arguments, but {len(arguments)} are given."
        raise UnreadableModel(Fault(found, advice=f"Its parameters are {', '.join(macro.parameters) or 'none'}."))
    values = dict(zip(map(key, macro.parameters), arguments, strict=False))
    for parameter, text in zip(macro.parameters[len(arguments) :], missing, strict=True):
        values[key(parameter)] = _default(macro, text, values)
    return called(referred(macro.name).reference, *values.values())


def _default(macro: Macro, text: str, values: Mapping[str, Syntax]) -> Syntax:
    """A default: a number, a constant of the language, or a parameter before it."""
    value = values.get(key(text), CONSTANTS.get(key(text)))
    if value is None:
        value = parse_equation(text)
    if not isinstance(value, float) and key(text) not in (*values, *CONSTANTS):
        found = f"the macro {macro.name!r} has the default {text!r}, which cannot be compiled."
        raise UnreadableModel(Fault(found, advice="Use a number or a parameter that stands before it."))
    return value
