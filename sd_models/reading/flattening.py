"""PySD's abstract model to a `System`: dimensions, macros expanded, equations translated, numbers read from files.

Every fault of the model is collected, grouped by variable, and raised once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from pysd.translators.structures import abstract_expressions as ast
from pysd.translators.structures.abstract_model import (
    AbstractComponent,
    AbstractData,
    AbstractElement,
    AbstractLookup,
    AbstractSection,
)

from ..errors import Fault, InvalidModel, ModelError, UnreadableModel, UnsafeModel, UnsupportedFunction, nearest
from ..recursion import deep
from ..system.expression import Expr, Number, Ref, Subscript, free_axes, range_of, rename_axes
from ..system.model import (
    Definition,
    Dimension,
    Equation,
    Interpolation,
    Kind,
    Place,
    Series,
    System,
    Values,
    Variable,
    key,
)
from ..system.subscripts import LARGEST_VARIABLE, Ranges, build_ranges
from .data_folder import data_folder
from .external import KEYWORDS, ExternalFiles, references
from .source import Flows, Source
from .translation import Translation


def flatten(source: Source, *, data: Iterable[Path] = (), regions: str | Path | None = None) -> System:
    """The system of a parsed file; `data` are files with the values of data variables that the model only names.

    The folder `regions` stands in for the one to which the file refers (see `data_folder`).
    """
    folder = data_folder(source.path, references(source.model), regions)
    flattener = _Flattener(source, ExternalFiles(folder, tuple(data)))
    try:
        with deep():
            return flattener.system()
    finally:
        flattener.files.close()


@dataclass
class _Scope:
    """A section being flattened: the main model, or one copy of a macro with the axes of its call."""

    section: AbstractSection
    prefix: str = ""
    origin: str = ""
    axes: tuple[str, ...] = ()
    shapes: dict[str, tuple[str, tuple[str, ...], Kind]] = field(default_factory=dict)

    def full_name(self, name: str) -> str:
        return f"{self.prefix}{name}" if self.prefix else name


@dataclass
class _Flattener:
    source: Source
    files: ExternalFiles
    ranges: Ranges = field(init=False)
    variables: dict[str, Variable] = field(default_factory=dict)
    faults: list[tuple[type[ModelError], Fault]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    scopes: list[_Scope] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)  # names of variables and of copies of macros
    read_otherwise: dict[str, tuple[str, Interpolation]] = field(default_factory=dict)  # copies of tables, by name

    @cached_property
    def macros(self) -> dict[str, AbstractSection]:
        """The sections of the macros by the key of their names."""
        return {key(section.name): section for section in self.source.model.sections[1:]}

    # --- the stages -------------------------------------------------------------------------------------------------

    def system(self) -> System:
        """All stages; raises InvalidModel with every fault."""
        main, *_ = self.source.model.sections
        with self._collecting("", 0):
            self.ranges = self._ranges(main)
        self._raise()
        self._scope(_Scope(main))
        self._add_tables()
        if {kind for kind, _ in self.faults} == {UnsupportedFunction}:
            raise UnsupportedFunction((fault for _, fault in self.faults), self._built())
        self._raise()
        return self._built()

    def _add_tables(self) -> None:
        """Tables that are read in another way than their own, next to them."""
        for name, (source, interpolation) in self.read_otherwise.items():
            table = self.variables.get(source)
            if table is not None:
                equations = tuple(_read_as(equation, interpolation) for equation in table.equations)
                self.variables[name] = replace(table, name=name, equations=equations, origin=source)

    def _built(self) -> System:
        """What there is so far."""
        notes = dict.fromkeys((*self.source.notes, *self.files.notes, *self.notes))
        return System(
            name=_model_name(self.source.path),
            variables=self.variables,
            dimensions=self.ranges.dimensions,
            method=self.source.method,
            path=self.source.path,
            notes=tuple(notes),
            unit_synonyms=self.source.unit_synonyms,
            regions=self.files.folder.regions,
            files=tuple(self.files.read),
        )

    def _raise(self) -> None:
        """One error with all faults; its class is what the gravest of them is."""
        if self.faults:
            classes = {kind for kind, _ in self.faults}
            gravest = next((kind for kind in _GRAVITY if kind in classes), InvalidModel)
            raise gravest(fault for _, fault in self.faults)

    def _ranges(self, section: AbstractSection) -> Ranges:
        given: dict[str, Sequence[str] | str] = {}
        taken: set[str] = set()
        for subscript in section.subscripts:
            definition = subscript.subscripts
            with self._collecting(subscript.name, 0):
                if key(subscript.name) in taken:
                    raise InvalidModel(Fault("another subscript range has this name.", advice="Rename one of them."))
                read = self.files.subscripts(definition) if isinstance(definition, dict) else definition
                given[subscript.name] = read
                taken.add(key(subscript.name))
        return build_ranges(given, self.source.mappings, self.source.path.name)

    def _scope(self, scope: _Scope) -> None:
        """All elements of a section: their dimensions first, then their equations."""
        self.scopes.append(scope)
        declared = []
        for element in scope.section.elements:
            with self._collecting(element.name, self._line(scope, element, 0)):
                self._declare(scope, element)
                declared.append(element)
        for element in declared:
            self._define(scope, element)
        self.scopes.pop()

    def _line(self, scope: _Scope, element: AbstractElement, index: int) -> int:
        lines = self.source.lines.get((scope.section.name, element.name), ())
        return lines[index] if index < len(lines) else 0

    @contextmanager
    def _collecting(self, variable: str, line: int) -> Iterator[None]:
        """Keep the faults of one equation, with its place, and go on with the next."""
        try:
            yield
        except RecursionError:
            found = "its equation, with the macros that it calls, has too many parts in one another."
            advice = "Name parts of it in variables of their own."
            self.faults.append((InvalidModel, Fault(found, variable, self.source.path.name, line, advice)))
        except ModelError as error:
            file = self.source.path.name
            for fault in error.faults:
                found = fault.found if fault.file in ("", file) else f"{fault.file}: {fault.found}"
                placed = replace(fault, found=found, variable=fault.variable or variable, file=file)
                known = fault.line or line or self.source.range_lines.get(placed.variable, 0)
                self.faults.append((type(error), replace(placed, line=known)))

    # --- dimensions and kinds ---------------------------------------------------------------------------------------

    def _declare(self, scope: _Scope, element: AbstractElement) -> None:
        """Name, dimensions and kind of an element, so that equations can refer to it before it is defined."""
        if key(element.name) == "time" and not scope.prefix:
            raise InvalidModel(Fault("Time is the time of the run; it has no equation.", advice="Take another name."))
        if key(element.name) in scope.shapes:
            raise InvalidModel(Fault("it is an input of the macro; it has no equation.", advice="Take another name."))
        counts = {len(component.subscripts[0]) for component in element.components}
        if len(counts) != 1:
            raise InvalidModel(Fault("its equations have different numbers of subscripts.", element.name))
        dimensions: list[str] = []
        for index in range(counts.pop()):
            parts = [component.subscripts[0][index] for component in element.components]
            dimensions.append(self._home(parts, dimensions))
        size = int(np.prod([len(self.ranges.dimensions[name].elements) for name in dimensions], dtype=np.int64))
        if size > LARGEST_VARIABLE:
            found = f"it has {size} elements; at most {LARGEST_VARIABLE} are allowed."
            raise InvalidModel(Fault(found, element.name, advice="Use fewer or smaller dimensions."))
        name = scope.full_name(element.name)
        kinds = {_kind(component) for component in element.components}
        kind = kinds.pop() if len(kinds) == 1 else Kind.AUXILIARY
        scope.shapes[key(element.name)] = (name, (*scope.axes, *dimensions), kind)
        self.taken.add(name)

    def _home(self, parts: Sequence[str], taken: Sequence[str]) -> str:
        """The dimension of one subscript; a dimension that is already taken gets a copy."""
        for part in parts:
            if not self.ranges.elements(part):
                elements = (e for d in self.ranges.dimensions.values() for e in d.elements)
                advice = self.nearest(part, chain(self.ranges.dimensions, elements))
                raise InvalidModel(Fault(f"there is no subscript {part!r}.", advice=advice))
        found = self.ranges.home(parts, taken)
        if found is not None:
            return found
        again = self.ranges.home(parts, ())
        if again is None:
            raise InvalidModel(Fault(f"no subscript range holds all of {', '.join(parts)}."))
        copy = f"{again} {1 + sum(name.startswith(f'{again} ') for name in self.ranges.dimensions)}"
        self._add_dimension(replace(self.ranges.dimensions[again], name=copy))
        return copy

    def _add_dimension(self, dimension: Dimension) -> None:
        self.ranges = Ranges({**self.ranges.dimensions, dimension.name: dimension})

    # --- equations --------------------------------------------------------------------------------------------------

    def _define(self, scope: _Scope, element: AbstractElement) -> None:
        name, dimensions, kind = scope.shapes[key(element.name)]
        equations: list[Equation] = []
        non_negative = False
        for index, component in enumerate(element.components):
            line = self._line(scope, element, index)
            with self._collecting(element.name, line):
                place = Place(self.source.path.name, line) if line else None
                equations.append(self._equation(scope, name, dimensions, kind, component, place))
                non_negative |= isinstance(component.ast, ast.IntegStructure) and bool(component.ast.non_negative)
        with self._collecting(element.name, 0):
            self._check_once(dimensions, equations)
        flows = Flows()
        with self._collecting(element.name, self._line(scope, element, 0)):
            flows = self._flows(scope, element)
        self.variables[name] = Variable(
            name=name,
            kind=kind,
            dimensions=dimensions,
            equations=tuple(equations),
            unit=element.units.strip(),
            limits=(element.limits[0], element.limits[1]) if element.limits else (None, None),
            documentation=element.documentation.strip(),
            place=equations[0].place if equations else None,
            origin=scope.origin,
            non_negative=non_negative or (scope.section.name, element.name) in self.source.uniflows,
            inflows=flows.inflows,
            outflows=flows.outflows,
            group=self.source.groups.get((scope.section.name, element.name), ""),
        )

    def _flows(self, scope: _Scope, element: AbstractElement) -> Flows:
        """The flows of a stock that cannot be negative, by the names of their variables."""
        given = self.source.flows.get((scope.section.name, element.name), Flows())
        _, dimensions, _ = scope.shapes[key(element.name)]
        sides = (given.inflows, given.outflows)
        return Flows(*(tuple(self._flow(scope, flow, dimensions) for flow in side) for side in sides))

    def _flow(self, scope: _Scope, flow: str, dimensions: tuple[str, ...]) -> str:
        name, own, kind = scope.shapes.get(key(flow), (flow, (), Kind.TABLE))
        if kind not in (Kind.AUXILIARY, Kind.CONSTANT, Kind.DATA):
            advice = "Name a flow, or let the stock be negative."
            raise InvalidModel(Fault(f"it cannot be negative, and {flow!r} is no flow of it.", advice=advice))
        if set(own) != set(dimensions):
            found = f"it cannot be negative, and its flow {name!r} has other dimensions."
            raise InvalidModel(Fault(found, advice="Give stock and flow the same dimensions."))
        return name

    def _equation(
        self,
        scope: _Scope,
        name: str,
        dimensions: tuple[str, ...],
        kind: Kind,
        component: AbstractComponent,
        place: Place | None,
    ) -> Equation:
        """The equation of one component."""
        own = dimensions[len(scope.axes) :]
        if {len(group) for group in component.subscripts[1]} - {len(own)}:
            raise InvalidModel(Fault(f":EXCEPT: lists groups of other than {len(own)} subscripts.", name))
        subscripts = tuple(self._left(text, d) for text, d in zip(component.subscripts[0], own, strict=True))
        excluded = tuple(
            (*scope.axes, *(self._left(text, d) for text, d in zip(group, own, strict=True)))
            for group in component.subscripts[1]
        )
        block = {d: self._block(s) for s, d in zip(subscripts, own, strict=True)}
        axes = tuple(name for name in subscripts if name in self.ranges.dimensions)
        if len(set(axes)) < len(axes):
            advice = "Take a second range with the same elements for one of the places."
            raise InvalidModel(Fault(f"one range stands twice in [{', '.join(subscripts)}].", name, advice=advice))
        definition, initial = self._definition(scope, name, axes, block, component)
        part_kind = _kind(component)
        if kind is Kind.AUXILIARY and part_kind in (Kind.STOCK, Kind.DATA, Kind.TABLE):
            definition, initial = self._part(name, axes, subscripts, part_kind, definition, initial), None
        return Equation((*scope.axes, *subscripts), definition, initial, excluded, place)

    def _check_once(self, dimensions: tuple[str, ...], equations: Sequence[Equation]) -> None:
        """InvalidModel for an element with two equations."""
        twice = self.ranges.defined_twice(dimensions, equations)
        if twice is not None:
            first, second = (equation.place.line if equation.place else 0 for equation in twice)
            found = f"another equation{f', on line {first},' if first else ''} defines the same."
            advice = "Remove one of them, or leave elements out with :EXCEPT:."
            raise InvalidModel(Fault(found, line=second, advice=advice))

    def _left(self, text: str, dimension: str) -> str:
        """A subscript on a left-hand side in its own spelling: a range, or an element of the dimension."""
        elements = self.ranges.dimensions[dimension].elements
        found = self.ranges.range_name(text)
        if found is not None and set(self.ranges.dimensions[found].elements) <= set(elements):
            return found
        element = {key(element): element for element in elements}.get(key(text))
        if element is None:
            raise InvalidModel(Fault(f"{text!r} is no part of {dimension!r}.", advice=self.nearest(text, elements)))
        return element

    def _block(self, subscript: str) -> tuple[str, ...]:
        return self.ranges.elements(subscript) if subscript in self.ranges.dimensions else (subscript,)

    def _part(
        self,
        name: str,
        axes: tuple[str, ...],
        subscripts: tuple[str, ...],
        kind: Kind,
        definition: Definition,
        initial: Expr | None,
    ) -> Expr:
        """A block that is a stock or data inside a variable that is not: a variable of its own, and a reference."""
        part = self._unused(f"{name}: {kind} {', '.join(subscripts)}")
        if isinstance(definition, Series):  # fixed elements are dimensions of length one in the block
            keep = [len(self.ranges.elements(axis)) for axis in axes]
            definition = replace(definition, y=definition.y.reshape((len(definition.x), *keep)))
        self.variables[part] = Variable(part, kind, axes, (Equation(axes, definition, initial),), origin=name)
        return Ref(part, tuple(Subscript(axis, axis) for axis in axes))

    def _definition(
        self,
        scope: _Scope,
        name: str,
        axes: tuple[str, ...],
        block: Mapping[str, Sequence[str]],
        component: AbstractComponent,
    ) -> tuple[Definition, Expr | None]:
        """The right-hand side, and the initial value where there is one."""
        tree = component.ast
        shape = tuple(len(elements) for elements in block.values())
        match tree:
            case np.ndarray():
                return _array(tree, shape, name), None
            case ast.GetConstantsStructure():
                return self.files.constants(tree, block, name), None
            case ast.GetDataStructure():
                return self.files.series(tree, block, _keyword(component), name), None
            case ast.GetLookupsStructure():
                return self.files.table(tree, block, name), None
            case ast.DataStructure():
                return self._named_data(name, block, component), None
            case ast.LookupsStructure():
                return _table(tree, shape), None
        translation = Translation(_Context(self, scope), name, axes, scope.axes)
        if isinstance(tree, ast.IntegStructure):
            return translation.equation(tree.flow), translation.equation(tree.initial)
        if _is_call(tree, "active_initial"):
            translation.check_count("ACTIVE INITIAL", len(tree.arguments), tree.function.reference)
            return translation.equation(tree.arguments[0]), translation.equation(tree.arguments[1])
        return translation.equation(tree), None

    def _named_data(self, name: str, block: Mapping[str, Sequence[str]], component: AbstractComponent) -> Series:
        found = self.files.named_data(name, block, _keyword(component))
        if found is None:
            advice = "Give a CSV or TAB file that has it: sd.load(..., data=['values.csv'])."
            raise InvalidModel(
                Fault("the values of this data variable are not in the model file.", name, advice=advice)
            )
        return found

    # --- what is added on the way -----------------------------------------------------------------------------------

    def _unused(self, name: str) -> str:
        count, candidate = 1, name
        while candidate in self.taken:
            count += 1
            candidate = f"{name} {count}"
        self.taken.add(candidate)
        return candidate

    def nearest(self, name: str, known: Iterable[str]) -> str:
        """Advice with the nearest names, as long as there are not so many faults that looking would take minutes."""
        return nearest(name, islice(known, _MOST_NAMES)) if len(self.faults) < _MOST_ADVISED else ""


_MOST_ADVISED = 100  # faults for which the nearest names are looked up
_MOST_NAMES = 5_000  # names that are looked at for each
_GRAVITY = (UnsafeModel, UnreadableModel, InvalidModel, UnsupportedFunction)


@dataclass(frozen=True)
class _Context:
    """What a translation sees of the model: the section at hand, behind it the ranges, tables and macros."""

    flattener: _Flattener
    scope: _Scope

    @property
    def ranges(self) -> Ranges:
        return self.flattener.ranges

    @property
    def reduces_bare_ranges(self) -> bool:
        """Whether the file is XMILE."""
        return self.flattener.source.path.suffix.lower() != ".mdl"

    def variable(self, name: str) -> tuple[str, tuple[str, ...], Kind] | None:
        """The variable of the section at hand; macros also see the main section's: control variables, and `name$`."""
        found = self.scope.shapes.get(key(name))
        if found is None and self.scope.prefix and (name.endswith("$") or key(name) in _SEEN_FROM_MACROS):
            return self.flattener.scopes[0].shapes.get(key(name.removesuffix("$")))
        return found

    def nearest(self, name: str, known: Iterable[str] | None = None) -> str:
        """Advice with the nearest of the known names: by default of variables in the section at hand, and of macros."""
        sections = self.flattener.macros.values()
        names = chain((e.name for e in self.scope.section.elements), (section.name for section in sections))
        return self.flattener.nearest(name, names if known is None else known)

    def add(self, owner: str, label: str, expr: Expr, initial: Expr | None = None, *, kinked: bool = True) -> Ref:
        """A new auxiliary over the free axes of the expression, and the reference that stands for it."""
        axes = tuple(dict.fromkeys((*free_axes(expr), *(free_axes(initial) if initial is not None else ()))))
        names = {axis: range_of(axis) for axis in axes}
        if len(set(names.values())) < len(axes):
            raise InvalidModel(Fault(f"the ranges {', '.join(axes)} meet in one {label}.", owner))
        new = self.flattener._unused(f"{owner}: {label}")
        left = tuple(names.values())
        equation = Equation(left, rename_axes(expr, names), None if initial is None else rename_axes(initial, names))
        variable = Variable(new, Kind.AUXILIARY, left, (equation,), origin=owner, kinked=kinked)
        self.flattener.variables[new] = variable
        return Ref(new, tuple(Subscript(names[axis], axis) for axis in axes))

    def add_table(self, owner: str, points: ast.LookupsStructure) -> Ref:
        """A new table without dimensions."""
        new = self.flattener._unused(f"{owner}: table")
        equation = Equation((), _table(points, ()))
        self.flattener.variables[new] = Variable(new, Kind.TABLE, (), (equation,), origin=owner)
        return Ref(new)

    def table_read(self, name: str, interpolation: Interpolation) -> str:
        """The name of a copy of a table with that interpolation."""
        new = f"{name}: {interpolation}"
        self.flattener.read_otherwise[new] = name, interpolation
        self.flattener.taken.add(new)
        return new

    def position(self, name: str, *, own: bool = False) -> str:
        """The constant with the positions of the elements of a range."""
        new = f"{name}: {'index' if own else 'position'}"
        elements = self.ranges.dimensions[name].elements
        numbers = [float(i if own else self.ranges.number(e)) for i, e in enumerate(elements, start=1)]
        equation = Equation((name,), Values(np.array(numbers)))
        self.flattener.variables[new] = Variable(new, Kind.CONSTANT, (name,), (equation,), unit="Dmnl", origin=name)
        return new

    def constant(self, expr: Expr) -> float | None:
        """The number of an expression that is one, or names a constant that is one."""
        if isinstance(expr, Number):
            return expr.value
        if not isinstance(expr, Ref) or expr.subscripts:
            return None
        for element in self.scope.section.elements:
            if self.scope.full_name(element.name) == expr.name:
                tree = element.components[0].ast
                return float(tree) if isinstance(tree, int | float) else None
        return None

    def is_macro(self, name: str) -> bool:
        """Whether a macro has that name."""
        return key(name) in self.flattener.macros

    def macro(self, name: str, owner: str, arguments: Sequence[Expr]) -> Ref:
        """The first output of a new copy of a macro, over the free axes of the arguments."""
        section = self.flattener.macros[key(name)]
        if any(scope.section is section for scope in self.flattener.scopes):
            raise InvalidModel(Fault(f"the macro {section.name!r} calls itself.", owner))
        if len(self.flattener.scopes) > _MOST_MACROS or len(owner) > _LONGEST_NAME:
            found = f"more than {_MOST_MACROS} macros call each other, or their names are too long."
            raise InvalidModel(Fault(found, owner.partition(": ")[0], advice="Write their equations in the model."))
        if len(self.flattener.variables) > _MOST_VARIABLES:
            found = f"the calls of macros in each other make more than {_MOST_VARIABLES} variables."
            raise InvalidModel(Fault(found, owner.partition(": ")[0], advice="Call macros from fewer equations."))
        axes = tuple(dict.fromkeys(axis for argument in arguments for axis in free_axes(argument)))
        names = {axis: range_of(axis) for axis in axes}
        ranges = tuple(names.values())
        if len(set(ranges)) < len(axes):
            raise InvalidModel(Fault(f"the ranges {', '.join(axes)} meet in one call of {section.name!r}.", owner))
        copy = self.flattener._unused(f"{owner}: {section.name}")
        scope = _Scope(section, f"{copy}: ", owner, ranges)
        if len(arguments) != len(section.params):
            found = f"the macro {section.name!r} takes {len(section.params)} arguments, but {len(arguments)} are given."
            raise InvalidModel(Fault(found, owner))
        for parameter, argument in zip(section.params, arguments, strict=True):
            full = scope.full_name(parameter)
            scope.shapes[key(parameter)] = (full, ranges, Kind.AUXILIARY)
            equation = Equation(ranges, rename_axes(argument, names))
            self.flattener.variables[full] = Variable(full, Kind.AUXILIARY, ranges, (equation,), origin=owner)
            self.flattener.taken.add(full)
        self.flattener._scope(scope)
        output = scope.shapes.get(key(section.name))
        if output is None:
            raise InvalidModel(Fault(f"the macro {section.name!r} has no equation for its own name.", owner))
        return Ref(output[0], tuple(Subscript(names[axis], axis) for axis in axes))

    def note(self, text: str) -> None:
        """Keep a remark."""
        self.flattener.notes.append(text)


_SEEN_FROM_MACROS = frozenset(("time step", "initial time", "final time", "saveper"))
_MOST_VARIABLES = 50_000
_MOST_MACROS = 100  # in one another
_LONGEST_NAME = 4_000  # of a variable in macros: it has the names of all of them


def _model_name(path: Path) -> str:
    """The name of the file, or of its folder where all models are called the same."""
    return path.stem if path.stem != "model" else path.resolve().parent.name


def _kind(component: AbstractComponent) -> Kind:
    """The kind that one component makes of its element."""
    if isinstance(component, AbstractLookup):
        return Kind.TABLE
    if isinstance(component, AbstractData):
        return Kind.DATA
    match component.ast:
        case ast.IntegStructure():
            return Kind.STOCK
        case int() | float() | np.ndarray() | ast.GetConstantsStructure():
            return Kind.CONSTANT
        case ast.GetDataStructure():  # `=` before it, where Vensim's own files have `:=`
            return Kind.DATA
        case ast.GetLookupsStructure():
            return Kind.TABLE
        case ast.ArithmeticStructure() if component.ast.operators == ["negative"]:
            return Kind.CONSTANT if isinstance(component.ast.arguments[0], int | float) else Kind.AUXILIARY
    return Kind.AUXILIARY


def _read_as(equation: Equation, interpolation: Interpolation) -> Equation:
    """The points of a table with another interpolation."""
    points = equation.definition
    return (
        replace(equation, definition=replace(points, interpolation=interpolation))
        if isinstance(points, Series)
        else equation
    )


def _is_call(tree: object, name: str) -> bool:
    return isinstance(tree, ast.CallStructure) and tree.function.reference == name


def _keyword(component: AbstractComponent) -> str | None:
    keyword = getattr(component, "keyword", None)
    return keyword if keyword in KEYWORDS else None


def _array(values: np.ndarray[Any, Any], shape: tuple[int, ...], name: str) -> Values:
    if values.size != int(np.prod(shape)):
        found = f"{values.size} numbers are given for {int(np.prod(shape))} elements."
        raise InvalidModel(Fault(found, name, advice="Give one number for each element, rows ended by ';'."))
    return Values(np.asarray(values, dtype=np.float64).reshape(shape))


def _table(points: ast.LookupsStructure, shape: tuple[int, ...]) -> Series:
    """The points of a table, the same for all elements of a block of that shape."""
    x, y = np.asarray(points.x, dtype=np.float64), np.asarray(points.y, dtype=np.float64)
    if len(x) != len(y) or not len(x):
        raise InvalidModel(Fault(f"the table has {len(x)} points along x, but {len(y)} values."))
    column = y.reshape((len(y), *(1 for _ in shape)))
    return Series(x, np.broadcast_to(column, (len(y), *shape)), _INTERPOLATIONS[points.type])


_INTERPOLATIONS = {
    "interpolate": Interpolation.LINEAR,
    "extrapolate": Interpolation.EXTRAPOLATE,
    "hold_backward": Interpolation.BACKWARD,
}
