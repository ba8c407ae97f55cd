"""A small Vensim model whose equations NumPy runs too, for many policies at once.

The text of an equation is written once. It stands in the `.mdl` file as it is, and is read as Python for the runs:
`r` is the only subscript range, an element is its place, a table is a function. So a run here shares nothing with the
road from the model file to the simulator, and can judge it.

Levers are counted in their own natural sizes: lever `i` of the file is `scale` times number `i` here, and what happens
in the model happens between numbers of the order of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any, TypeAlias

import numpy as np

from sd_models.system.model import FloatArray

ELEMENTS = ("a", "b", "c", "d")
SMALL = 1e-6  # what XIDZ and ZIDZ take for zero
Points: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class DrawnLever:
    """A lever: its subscripts, the size of one, its bounds and its own values (by element) in that size.

    `lower` and `upper` may be infinite; `near` bounds the part of its range in which anything happens.
    """

    name: str
    elements: int  # 0 for a lever without subscripts
    scale: float
    lower: float
    upper: float
    near: tuple[float, float]
    own: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """Values in each period."""
        return max(self.elements, 1)

    @property
    def subscripted(self) -> str:
        """The name with all elements."""
        return self.name + "[r]" * bool(self.elements)

    @property
    def parts(self) -> tuple[str, ...]:
        """The suffix of each element."""
        return tuple(f"[{element}]" for element in ELEMENTS[: self.elements]) or ("",)


@dataclass(frozen=True)
class Stock:
    """A stock, subscripted like the names on its left side."""

    name: str
    rate: str
    initial: float


@dataclass(frozen=True)
class DrawnModel:
    """Levers, equations in the order in which they can be computed, stocks and tables; a period is one unit of time."""

    levers: tuple[DrawnLever, ...]
    periods: int
    steps: int  # in a period
    equations: tuple[tuple[str, str], ...]
    stocks: tuple[Stock, ...] = ()
    tables: Mapping[str, Points] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Values that are decided: levers, their elements, and periods, the last running fastest."""
        return self.periods * sum(lever.count for lever in self.levers)

    def each(self, numbers: Callable[[DrawnLever], Any]) -> FloatArray:
        """A number of each lever for each value that is decided."""
        return np.concatenate([np.repeat(numbers(lever), lever.count * self.periods) for lever in self.levers])

    @cached_property
    def lower(self) -> FloatArray:
        """The least of each value."""
        return self.each(lambda lever: lever.lower)

    @cached_property
    def upper(self) -> FloatArray:
        """The most of each value."""
        return self.each(lambda lever: lever.upper)

    @cached_property
    def own(self) -> FloatArray:
        """The model's own values."""
        return np.concatenate([np.repeat(lever.own, self.periods) for lever in self.levers])

    # --- the file -------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The model file."""
        times = {"INITIAL TIME": 0, "FINAL TIME": self.periods, "TIME STEP": 1 / self.steps, "SAVEPER": 1 / self.steps}
        lines = [*self._inputs(), *self._tables(), *self._stocks()]
        lines += [f"{name} = {text}" for name, text in (*self.equations, *((k, f"{v:.10g}") for k, v in times.items()))]
        return "{UTF-8}\n" + "".join(f"{line} ~~|\n" for line in lines)

    def _inputs(self) -> Iterator[str]:
        if any(lever.elements for lever in self.levers):
            yield f"r: {', '.join(ELEMENTS[: max(lever.elements for lever in self.levers)])}"
        for lever in self.levers:
            yield f"{lever.subscripted} = {', '.join(repr(float(value * lever.scale)) for value in lever.own)}"

    def _tables(self) -> Iterator[str]:
        for name, points in self.tables.items():
            yield f"{name}({', '.join(f'({x:.10g},{y:.10g})' for x, y in points)})"

    def _stocks(self) -> Iterator[str]:
        return (f"{stock.name} = INTEG({stock.rate}, {stock.initial:.10g})" for stock in self.stocks)

    # --- runs -----------------------------------------------------------------------------------------------------

    def paths(self, x: FloatArray, wanted: tuple[str, ...]) -> list[FloatArray]:
        """The paths (points of time, policies) of some expressions, for policies (policies, values)."""
        found: list[list[FloatArray]] = [[] for _ in wanted]
        levels = {stock.name: self._initial(stock, len(x)) for stock in self.stocks}
        with np.errstate(all="ignore"):
            for step in range(self.periods * self.steps + 1):
                names = self._names(x, step, levels)
                for path, text in zip(found, wanted, strict=True):
                    path.append(np.broadcast_to(eval(_code(text), names), len(x)))  # noqa: S307 - our own words
                levels = {stock.name: levels[stock.name] + self._rate(stock, names) for stock in self.stocks}
        return [np.array(path, dtype=np.float64) for path in found]

    def _initial(self, stock: Stock, policies: int) -> FloatArray:
        shape = (self._elements, policies) if "[" in stock.name else (policies,)
        return np.full(shape, stock.initial)

    def _rate(self, stock: Stock, names: dict[str, Any]) -> FloatArray:
        return np.asarray(eval(_code(stock.rate), names)) / self.steps  # noqa: S307 - our own words

    @property
    def _elements(self) -> int:
        return max(lever.elements for lever in self.levers)

    def _names(self, x: FloatArray, step: int, levels: Mapping[str, FloatArray]) -> dict[str, Any]:
        """Everything that equations can name at a step."""
        names: dict[str, Any] = {**FUNCTIONS, **self._lookups, "Time": step / self.steps}
        names |= self._decided(x, min(step // self.steps, self.periods - 1))
        names |= {name.removesuffix("[r]"): level for name, level in levels.items()}
        for name, text in self.equations:
            names[name.removesuffix("[r]")] = eval(_code(text), names)  # noqa: S307 - our own words
        return names

    def _decided(self, x: FloatArray, period: int) -> Iterator[tuple[str, FloatArray]]:
        """The levers in a period, in the unit of the file."""
        first = 0
        for lever in self.levers:
            last = first + lever.count * self.periods
            values = x[:, first:last].T[period :: self.periods] * lever.scale
            yield lever.name, values if lever.elements else values[0]
            first = last

    @cached_property
    def _lookups(self) -> dict[str, Callable[[FloatArray], FloatArray]]:
        return {name: _lookup(points) for name, points in self.tables.items()}


def _lookup(points: Points) -> Callable[[FloatArray], FloatArray]:
    x, y = np.array(points).T
    return lambda at: np.asarray(np.interp(at, x, y))


def _ratio(one: Any, other: Any, otherwise: Any = 0.0) -> FloatArray:
    vanishes = np.abs(other) < SMALL
    return np.asarray(np.where(vanishes, otherwise, one / np.where(vanishes, 1.0, other)))


FUNCTIONS: dict[str, Any] = {
    **{element: place for place, element in enumerate(ELEMENTS)},
    "r": slice(None),
    "MIN": np.minimum,
    "MAX": np.maximum,
    "ABS": np.abs,
    "EXP": np.exp,
    "LN": np.log,
    "SQRT": np.sqrt,
    "SIN": np.sin,
    "COS": np.cos,
    "INTEGER": np.trunc,
    "CHOICE": np.where,
    "XIDZ": _ratio,
    "ZIDZ": _ratio,
    "SUM": lambda values: np.sum(values, axis=0),
    "__builtins__": {},
}


@lru_cache(maxsize=256)
def _code(text: str) -> CodeType:
    """An equation as Python reads it."""
    return compile(text.replace("^", "**").replace("IF THEN ELSE", "CHOICE").replace("r!", "r"), text, "eval")
