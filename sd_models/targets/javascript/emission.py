"""Units to functions: the values of a loop are names, what leaves it stands in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ...dynamics.functions import Operation
from ...system.model import IndexArray, Mask
from ...tape.instructions import REDUCTIONS as REDUCING
from ...tape.instructions import Given, Load, Merge, Movement, Placed, Places, Source, Tables, Tape
from .memory import Memory, memory
from .operations import LARGEST_EXPONENT, OPERATIONS, REDUCTIONS, TWICE, literal, whole_power
from .schedule import Part, Shape, Unit, units

PARAMETERS = "S,N,U,u,P,I,D,d,t,M,C,G,O,o"
"""Stocks now and next, levers and where those of the time begin, constants, initials, data and where it begins, the
time, memory, constant rows, indices, outputs and where those of the time begin."""
SOURCES: Mapping[Source, tuple[str, str]] = {
    Source.STOCKS: ("S", ""),
    Source.LEVERS: ("U", "u"),
    Source.CONSTANTS: ("P", ""),
    Source.INITIALS: ("I", ""),
    Source.DATA: ("D", "d"),
}
"""The array and the offset of each source but the time."""


@dataclass(eq=False)
class Pool:
    """Constant rows and indices that the text refers to, each once."""

    rows: list[float] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)

    def row(self, values: Sequence[float]) -> int:
        """Where these numbers begin among the constant rows."""
        return self._place(self.rows, list(values), b"row" + np.asarray(values).tobytes())

    def index(self, positions: IndexArray) -> int:
        """Where these positions begin among the indices."""
        return self._place(self.indices, positions.tolist(), b"index" + positions.tobytes())

    def _place(self, store: list[float] | list[int], values: list[float] | list[int], key: bytes) -> int:
        if key not in self._known:
            self._known[key] = len(store)
            store.extend(values)  # type: ignore[arg-type]
        return self._known[key]

    def at(self, positions: IndexArray) -> str:
        """The text of the position at the place `i` of a loop: a line where it is one, else from the indices."""
        first, steps = int(positions[0]), np.diff(positions)
        if len(positions) == 1 or (steps == 0).all():
            return str(first)
        if (steps == steps[0]).all():
            step = "i" if steps[0] == 1 else f"i*{steps[0]}"
            return f"{first}+{step}" if first else step
        return f"G[{_sum(str(self.index(positions)), 'i')}]"


def _sum(*parts: str) -> str:
    return "+".join(part for part in parts if part not in ("", "0")) or "0"


@dataclass(frozen=True, eq=False)
class Emission:
    """The functions of a tape.

    `results` are where values go, by part; `stock_places` is for each stock of the layout its place in a run.
    """

    tape: Tape
    prefix: str
    units: Sequence[Unit]
    memory: Memory
    results: Mapping[Part, Sequence[Placed]]
    stock_places: IndexArray
    pool: Pool

    @classmethod
    def of(
        cls,
        tape: Tape,
        prefix: str,
        results: Mapping[Part, Sequence[Placed]],
        once: Mask,
        stock_places: IndexArray,
        pool: Pool,
    ) -> Emission:
        """The functions of a tape, with what is marked `once` apart."""
        roots = [(part, [p.number for p in placed]) for part, placed in results.items()]
        found = units(tape, roots, once)
        return cls(tape, prefix, found, memory(tape, found), results, stock_places, pool)

    def placed(self, part: Part, number: int) -> Sequence[Placed]:
        """Where the value of an instruction goes as a result of a part."""
        return self._placed.get((part, number), ())

    @cached_property
    def _placed(self) -> Mapping[tuple[Part, int], Sequence[Placed]]:
        found: dict[tuple[Part, int], list[Placed]] = {}
        for part, results in self.results.items():
            for one in results:
                found.setdefault((part, one.number), []).append(one)
        return found

    @property
    def text(self) -> str:
        """All functions, each named by its place."""
        functions = (
            f"function {self.prefix}{i}({PARAMETERS}){{{_Body(self, unit).text}}}" for i, unit in enumerate(self.units)
        )
        return "\n".join(functions)

    def calls(self, part: Part) -> str:
        """What runs the functions of a part."""
        return "".join(f"{self.prefix}{i}({PARAMETERS});" for i, unit in enumerate(self.units) if unit.part is part)


@dataclass(eq=False)
class _Body:
    """The text of one function."""

    work: Emission
    unit: Unit
    names: dict[int, str] = field(default_factory=dict)
    head: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return {
            Shape.NUMBERS: self._numbers,
            Shape.MERGES: self._merges,
            Shape.LOOP: self._loop,
            Shape.COPIES: self._copies,
        }[self.unit.shape]()

    # --- values -----------------------------------------------------------------------------------------------------

    def number(self, number: int) -> str:
        """A single number as it can be read: a literal, a name, or a place."""
        data = self.work.tape.instructions[number].data
        if isinstance(data, Given):
            return literal(float(data.values[0]))
        if number not in self.names:
            self.names[number] = f"z{number}"
            self.head.append(f"var z{number}={self._kept(number)};")
        return self.names[number]

    def _kept(self, number: int, positions: IndexArray | None = None) -> str:
        """A value that stands in an array: at the place `i` if it is a row, or at the i-th of these positions of it."""
        line, pool = self.work.tape.instructions[number], self.work.pool
        at = np.arange(max(1, line.length)) if positions is None else positions
        match line.data:
            case Load(Source.TIME, _):
                return "t"
            case Load(source, elements):
                array, offset = SOURCES[source]
                where = self.work.stock_places[elements] if source is Source.STOCKS else elements
                return f"{array}[{_sum(offset, pool.at(where[at]))}]"
            case Given(values):
                return f"C[{_sum(str(pool.row(values[at].tolist())), 'i' if len(at) > 1 else '')}]"
            case Places(inner):
                return self._position(line.arguments[0], pool.at(inner[at]))
        return self._position(number, pool.at(at))

    def _position(self, number: int, at: str) -> str:
        return f"M[{_sum(str(self.work.memory.places[number]), at)}]"

    # --- results ----------------------------------------------------------------------------------------------------

    def stores(self, number: int) -> list[str]:
        """The places that take the value of an instruction, at the place `i` if they are those of a row."""
        kept = [self._kept(number)] if number in self.work.memory.places else []
        return [*kept, *self._results(number)]

    def _results(self, number: int) -> list[str]:
        """Those of them that are results of the part."""
        length = max(1, self.work.tape.instructions[number].length)
        placed = self.work.placed(self.unit.part, number)
        return [self._result(self.work.pool.at(self._elements(p))) for p in placed if len(p.elements) == length]

    def _elements(self, placed: Placed) -> IndexArray:
        return self.work.stock_places[placed.elements] if self.unit.part is Part.STEP else placed.elements

    def _result(self, at: str) -> str:
        return f"N[{at}]" if self.unit.part is Part.STEP else f"O[{_sum('o', at)}]"

    def spread_stores(self, number: int, value: str) -> str:
        """A single number into all positions of the rows that it stands for."""
        if self.work.tape.instructions[number].length:
            return ""
        rows = (p for p in self.work.placed(self.unit.part, number) if len(p.elements) > 1)
        targets = ((len(p.elements), self._result(self.work.pool.at(self._elements(p)))) for p in rows)
        return "".join(f"for(var i=0;i<{length};i++){target}={value};" for length, target in targets)

    # --- shapes -----------------------------------------------------------------------------------------------------

    def _numbers(self) -> str:
        lines: list[str] = []
        for number in self.unit.lines:
            line = self.work.tape.instructions[number]
            value = self._operation(number, [self.number(a) for a in line.arguments])
            self.names[number] = f"z{number}"
            lines += [f"var z{number}={value};", *(f"{place}=z{number};" for place in self.stores(number))]
            lines.append(self.spread_stores(number, f"z{number}"))
        return "".join(self.head + lines)

    def _operation(self, number: int, arguments: Sequence[str]) -> str:
        line = self.work.tape.instructions[number]
        if isinstance(line.data, Tables):
            tables = line.data.numbers
            which = str(tables[0]) if len(tables) == 1 else f"G[{_sum(str(self.work.pool.index(tables)), 'i')}]"
            return f"lookup({arguments[0]},{which})"
        assert isinstance(line.operation, Operation)
        if line.operation is Operation.POWER:
            return self._power(line.arguments[1], *arguments)
        return OPERATIONS[line.operation](*arguments)

    def _power(self, exponent: int, base: str, text: str) -> str:
        """A power: products, a square root, or the exponential of a logarithm."""
        data = self.work.tape.instructions[exponent].data
        if not isinstance(data, Given) or len(data.values) > 1:
            return f"power({base},{text})"
        value = float(data.values[0])
        if value == 0.5:
            return f"({base}>=0?Math.sqrt({base}):Math.pow({base},.5))"
        if not np.isfinite(value) or not value:
            return f"power({base},{text})"
        if value == int(value) and abs(value) <= LARGEST_EXPONENT:
            return whole_power(base, int(value))
        return f"({base}>0&&{base}<Infinity?Math.exp({text}*Math.log({base})):Math.pow({base},{text}))"

    def _merges(self) -> str:
        lines: list[str] = []
        for number in self.unit.lines:
            line = self.work.tape.instructions[number]
            assert isinstance(line.data, Merge)
            for place, argument in enumerate(line.arguments):
                here = np.flatnonzero(line.data.argument == place)
                lines.append(self._part_of_row(number, argument, here, line.data.position[here]))
            target = self._position(number, "i")
            lines += [f"for(var i=0;i<{line.length};i++){place}={target};" for place in self._results(number)]
        return "".join(self.head + lines)

    def _part_of_row(self, number: int, argument: int, here: IndexArray, positions: IndexArray) -> str:
        """The positions `here` of a merged row from those of one argument."""
        is_row = self.work.tape.instructions[argument].length > 0
        value = self._kept(argument, positions) if is_row else self.number(argument)
        place = self._position(number, self.work.pool.at(here))
        return f"for(var i=0;i<{len(here)};i++){place}={value};"

    def _copies(self) -> str:
        lines: list[str] = []
        for number in self.unit.lines:
            line = self.work.tape.instructions[number]
            if not line.length:
                value = self.number(number)
                lines += [
                    *(f"{place}={value};" for place in self._results(number)),
                    self.spread_stores(number, value),
                ]
                continue
            lines += [f"for(var i=0;i<{line.length};i++){p}={self._kept(number)};" for p in self._results(number)]
        return "".join(self.head + lines)

    def _loop(self) -> str:
        tape = self.work.tape
        reads = Counter(a for n in self.unit.lines for a in tape.instructions[n].arguments)
        body: list[str] = []
        after: list[str] = []

        def name(number: int, value: str) -> str:
            body.append(f"var v{number}={value};")
            self.names[number] = f"v{number}"
            return f"v{number}"

        def value(number: int) -> str:
            if not tape.instructions[number].length:
                return self.number(number)
            if number in self.names:
                return self.names[number]
            kept = self._kept(number)
            return name(number, kept) if reads[number] > 1 or number in self._named else kept

        for number in self.unit.lines:
            line = tape.instructions[number]
            if line.operation in REDUCING:
                assert isinstance(line.operation, Movement)
                self._reduced(number, value(line.arguments[0]), body, after)
                continue
            text = self._operation(number, [value(a) for a in line.arguments])
            stores = self.stores(number)
            if not stores and reads[number] == 1 and number not in self._named:
                self.names[number] = text
            elif not reads[number] and len(stores) == 1:
                body.append(f"{stores[0]}={text};")
            else:
                kept = name(number, text)
                body += [f"{place}={kept};" for place in stores]
        return "".join([*self.head, f"for(var i=0;i<{self.unit.length};i++){{", *body, "}", *after])

    @cached_property
    def _named(self) -> frozenset[int]:
        """The values that the text of an operation mentions several times, so that they need a name."""
        lines = (self.work.tape.instructions[n] for n in self.unit.lines)
        return frozenset(a for line in lines if line.operation in TWICE for a in line.arguments)

    def _reduced(self, number: int, value: str, body: list[str], after: list[str]) -> None:
        operation = self.work.tape.instructions[number].operation
        assert isinstance(operation, Movement)
        begin, on = REDUCTIONS[operation]
        self.head.append(f"var a{number}={begin};")
        body.append(f"a{number}={on(f'a{number}', value)};")
        after += [f"{place}=a{number};" for place in self.stores(number)]
        after.append(self.spread_stores(number, f"a{number}"))
