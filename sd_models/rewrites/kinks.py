"""Where kinks were: the auxiliaries that a stand-in needs, and the constant that holds its width.

Every kink gets variables of its own, named after the modeller's variable and the function: `NAME: MIN` is the stand-in,
`NAME: MIN switch` what decides between the operands, `NAME: MIN width` the width. All but the width range over what the
call moves along; whatever operand is more than a name is an auxiliary too, so that expressions do not grow by nesting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from ..system.expression import Expr, Number, Reduce, Ref, Subscript, range_of, rename_axes
from ..system.model import Dimension, Equation, FloatArray, Kind, System, Values, Variable
from . import stand_ins
from .corners import Corners
from .stand_ins import HALF, minus, plus, times


@dataclass(frozen=True, slots=True)
class Smoothed:
    """A kink or jump that was made smooth: the modeller's variable and function, and the names of the auxiliaries that
    hold its switch and its stand-in, and of the constant that holds its width, in the unit of the switch."""

    variable: str
    function: str
    switch: str
    value: str
    width: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where a kink stands: its owner, its name, the ranges of its auxiliaries, and their axes at the call."""

    owner: Variable
    function: str
    name: str
    ranges: tuple[str, ...]
    axes: tuple[str, ...]
    excluded: tuple[tuple[str, ...], ...]

    @property
    def modeller(self) -> str:
        """The variable of the file that the kink is part of."""
        return self.owner.origin or self.owner.name

    def inside(self, expr: Expr) -> Expr:
        """An expression of the call in the ranges of the auxiliaries."""
        return rename_axes(expr, dict(zip(self.axes, self.ranges, strict=True)))

    def at_call(self, expr: Expr) -> Expr:
        """An expression in the ranges of the auxiliaries as it stands at the call."""
        return rename_axes(expr, dict(zip(self.ranges, self.axes, strict=True)))


@dataclass
class Growth:
    """A system while it gets variables for its kinks, and the kinks that have some."""

    given: System
    variables: dict[str, Variable] = field(init=False)
    dimensions: dict[str, Dimension] = field(init=False)
    kinks: list[Smoothed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.variables = dict(self.given.variables)
        self.dimensions = dict(self.given.dimensions)

    # --- variables --------------------------------------------------------------------------------------------------

    def site(self, owner: Variable, equation: Equation, function: str, axes: tuple[str, ...]) -> Site:
        """The site of a kink that moves along these axes, no two of which are one range; with a name that is free."""
        ranges = tuple(range_of(axis) for axis in axes)
        count, name = 1, f"{owner.name}: {function}"
        while name in self.variables or f"{name} switch" in self.variables:
            count += 1
            name = f"{owner.name}: {function} {count}"
        return Site(owner, function, name, ranges, axes, equation.excluded if axes == equation.subscripts else ())

    def add(self, site: Site, label: str, definition: Expr) -> Ref:
        """An auxiliary over the ranges of a site, and the reference to it inside them."""
        name, owner = f"{site.name} {label}".rstrip(), site.owner
        equation = Equation(site.ranges, definition, excluded=site.excluded, place=owner.place)
        new = Variable(name, Kind.AUXILIARY, site.ranges, (equation,), origin=site.modeller, kinked=False)
        self.variables[name] = replace(new, place=owner.place, held=owner.held)
        return Ref(name, tuple(Subscript(each, each) for each in site.ranges))

    def named(self, site: Site, label: str, expr: Expr) -> Expr:
        """An expression by its name, unless it is a name or a number already."""
        return expr if isinstance(expr, Number | Ref) else self.add(site, label, expr)

    def value(self, site: Site, definition: Expr) -> Expr:
        """The auxiliary that stands for the kink, as the call refers to it."""
        return site.at_call(self.add(site, "", definition))

    def width(self, site: Site, switch: Ref) -> Ref:
        """The width of a kink, which is kept."""
        name = f"{site.name} width"
        self._constant(name, (), np.ones(()), site.modeller)
        self.kinks.append(Smoothed(site.modeller, site.function, switch.name, site.name, name))
        return Ref(name)

    def _constant(self, name: str, dimensions: tuple[str, ...], values: FloatArray, origin: str) -> None:
        equation = Equation(dimensions, Values(values))
        self.variables[name] = Variable(name, Kind.CONSTANT, dimensions, (equation,), origin=origin)

    # --- stand-ins --------------------------------------------------------------------------------------------------

    def extreme_of_two(self, site: Site, one: Expr, other: Expr, *, made: Callable[..., Expr]) -> Expr:
        """MIN or MAX."""
        one, other = self.named(site, "first", one), self.named(site, "second", other)
        switch = self.add(site, "switch", minus(one, other))
        width = self.width(site, switch)
        distance = self.add(site, "distance", stand_ins.root(switch, width))
        return made(one, other, switch, distance, width)

    def extreme_of_many(self, site: Site, whole: Site, node: Reduce) -> Expr:
        """VMIN or VMAX, as it stands at the call; `whole` is the site over what is reduced too."""
        x = self.named(whole, "of", whole.inside(node.argument))
        of = site.inside(whole.at_call(x))
        exact = self.add(site, "exact", Reduce(node.operator, node.axes, of))
        switch = self.add(whole, "switch", minus(x, exact))
        return REDUCED[node.operator](of, exact, node.axes, self.width(site, switch))

    def absolute(self, site: Site, x: Expr) -> Expr:
        """ABS."""
        switch = self.add(site, "switch", x)
        return stand_ins.root(switch, self.width(site, switch))

    def comparison(self, site: Site, one: Expr, other: Expr, *, above: bool) -> Expr:
        """The share to which a comparison holds."""
        switch = self.add(site, "switch", minus(one, other) if above else minus(other, one))
        return stand_ins.truth(switch, self.width(site, switch))

    def lookup(self, site: Site, table: Ref, x: Expr, corners: Corners) -> Expr:
        """A table as a line, bends and jumps, at the elements that the reference names."""
        self._keep(table.name, corners)
        switch, point = self.add(site, "switch", x), f"{table.name}: point"
        width, here = self.width(site, switch), Subscript(point, f"{point}!")

        def of_table(part: str, *more: Subscript) -> Ref:
            return Ref(f"{table.name}: {part}", (*table.subscripts, *more))

        def over_corners(part: str, made: Callable[[Expr, Expr], Expr]) -> Expr:
            away = minus(switch, of_table("corner", here))
            return Reduce("SUM", (f"{point}!",), times(of_table(part, here), made(away, width)))

        parts = [over_corners("bend", stand_ins.root)] if corners.bends.any() else []
        parts += [over_corners("jump", stand_ins.sign)] if corners.jumps.any() else []
        line = plus(of_table("base"), times(of_table("slope"), switch))
        return plus(line, times(HALF, parts[0] if len(parts) == 1 else plus(*parts)))

    def _keep(self, table: str, corners: Corners) -> None:
        """The corners of a table as constants of the system."""
        variable, point = self.given.variables[table], f"{table}: point"
        shape, count = self.given.shape(variable), corners.at.shape[1]
        self.dimensions[point] = Dimension(point, tuple(f"{point} {i + 1}" for i in range(count)), point)
        for name, values in {"corner": corners.at, "bend": corners.bends, "jump": corners.jumps}.items():
            dimensions = (*variable.dimensions, point)
            self._constant(f"{table}: {name}", dimensions, values.reshape((*shape, count)), table)
        for name, values in {"base": corners.base, "slope": corners.slope}.items():
            self._constant(f"{table}: {name}", variable.dimensions, values.reshape(shape), table)


STAND_INS: Mapping[str, Callable[..., Expr]] = {
    "MIN": partial(Growth.extreme_of_two, made=stand_ins.smaller),
    "MAX": partial(Growth.extreme_of_two, made=stand_ins.larger),
    "ABS": Growth.absolute,
    **dict.fromkeys((">", ">="), partial(Growth.comparison, above=True)),
    **dict.fromkeys(("<", "<="), partial(Growth.comparison, above=False)),
    "LOOKUP": Growth.lookup,
}
"""What makes the stand-in of a call, given its site and arguments."""
REDUCED: Mapping[str, Callable[..., Expr]] = {"VMIN": stand_ins.smallest, "VMAX": stand_ins.greatest}
"""The stand-ins of reductions."""
