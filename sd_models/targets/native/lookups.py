"""Tables read between their points, by a search for the piece on which the argument lies.

The numbers are those of `numbers.tables.read`: a piece's own arithmetic, y[i] + (x - x[i]) * slope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from llvmlite import ir

from ...system.model import FloatArray, Interpolation, Series
from .words import NUMBER, SHORT, WHOLE, Value, constant, table, whole, width_of

KINDS: Mapping[Interpolation, int] = {
    Interpolation.LINEAR: 0,
    Interpolation.EXTRAPOLATE: 1,
    Interpolation.BACKWARD: 2,
    Interpolation.FORWARD: 3,
    Interpolation.RAW: 0,
}
"""How each interpolation is told to the code; what is asked of raw series is known before the run."""


def lookup(builder: ir.IRBuilder, tables: Sequence[Series], x: Value, numbers: Value) -> Value:
    """Tables read at x; `numbers` says which, at each position one of its own."""
    width = width_of(x)
    if not tables:
        return constant(float("nan"), width)
    read = _reader(builder.module, tables)
    if width == 1:
        return builder.call(read, [x, numbers])
    result = ir.Constant(x.type, ir.Undefined)
    for lane in range(width):
        at = whole(lane, kind=SHORT)
        part = builder.call(read, [builder.extract_element(x, at), builder.extract_element(numbers, at)])
        result = builder.insert_element(result, part, at)
    return result


def _reader(module: ir.Module, tables: Sequence[Series]) -> ir.Function:
    """The function of an argument and the number of a table, which is -1 for one without points."""
    found = module.globals.get("lookup")
    if found is not None:
        return found
    made = ir.Function(module, ir.FunctionType(NUMBER, [NUMBER, WHOLE]), "lookup")
    made.linkage = "internal"
    made.attributes.add("noinline")
    _Reading(ir.IRBuilder(made.append_basic_block("entry")), tables, *made.args).emit()
    return made


class _Reading:
    """The code of one reading."""

    def __init__(self, builder: ir.IRBuilder, tables: Sequence[Series], x: Value, number: Value) -> None:
        self.builder, self.tables, self.x, self.number = builder, tables, x, number

    def emit(self) -> None:
        """Nothing where the table has no points, else by its kind."""
        builder = self.builder
        with builder.if_then(builder.icmp_signed("<", self.number, whole(0))):
            builder.ret(constant(float("nan")))
        self.first = self._whole("start", self.number)
        after = self._whole("start", builder.add(self.number, whole(1)))
        self.last = builder.sub(builder.sub(after, self.first), whole(1))
        kind, reached = self._whole("kind", self.number), self._search()
        before = builder.icmp_signed("<", reached, whole(0))
        held = self._number("y", builder.select(before, whole(0), reached))
        alone = builder.icmp_signed("==", self.last, whole(0))
        backward = builder.icmp_signed("==", kind, whole(KINDS[Interpolation.BACKWARD]))
        with builder.if_then(builder.or_(alone, backward)):
            builder.ret(held)
        with builder.if_then(builder.icmp_signed("==", kind, whole(KINDS[Interpolation.FORWARD]))):
            builder.ret(self._forward(reached, before, held))
        outside = builder.or_(before, builder.icmp_signed(">=", reached, self.last))
        inside_only = builder.icmp_signed("==", kind, whole(KINDS[Interpolation.LINEAR]))
        with builder.if_then(builder.and_(outside, inside_only)):
            builder.ret(held)
        builder.ret(self._straight(reached, before))

    def _search(self) -> Value:
        """The last point that x has reached, -1 before the first and for no number."""
        builder, start = self.builder, self.builder.block
        head, body, done = (builder.append_basic_block(name) for name in ("search", "halve", "found"))
        behind = builder.add(self.last, whole(1))
        builder.branch(head)
        builder.position_at_end(head)
        low, high = builder.phi(WHOLE), builder.phi(WHOLE)
        wide = builder.icmp_signed(">", builder.sub(high, low), whole(1))
        builder.cbranch(wide, body, done)
        builder.position_at_end(body)
        middle = builder.ashr(builder.add(low, high), whole(1))
        passed = builder.fcmp_ordered(">=", self.x, self._number("x", middle))
        for phi, value, begin in (
            (low, builder.select(passed, middle, low), whole(-1)),
            (high, builder.select(passed, high, middle), behind),
        ):
            phi.add_incoming(value, body)
            phi.add_incoming(begin, start)
        builder.branch(head)
        builder.position_at_end(done)
        return low

    def _forward(self, reached: Value, before: Value, held: Value) -> Value:
        builder = self.builder
        behind = builder.fcmp_ordered(">", self.x, self._number("x", builder.select(before, whole(0), reached)))
        one_on = builder.add(reached, whole(1))
        at_end = builder.icmp_signed(">", one_on, self.last)
        following = self._number("y", builder.select(at_end, self.last, one_on))
        return builder.select(builder.and_(builder.not_(before), behind), following, held)

    def _straight(self, reached: Value, before: Value) -> Value:
        builder = self.builder
        last_piece = builder.sub(self.last, whole(1))
        piece = builder.select(builder.icmp_signed(">", reached, last_piece), last_piece, reached)
        piece = builder.select(before, whole(0), piece)
        start = builder.select(builder.icmp_signed("==", reached, self.last), self.last, piece)
        along = builder.fsub(self.x, self._number("x", start))
        return builder.fadd(self._number("y", start), builder.fmul(along, self._number("slope", piece)))

    def _number(self, name: str, place: Value) -> Value:
        values: dict[str, FloatArray] = {
            "x": np.concatenate([series.x for series in self.tables]),
            "y": np.concatenate([series.y.ravel() for series in self.tables]),
            "slope": np.concatenate([_slopes(series) for series in self.tables]),
        }
        array = table(self.builder.module, f"table.{name}", NUMBER, values[name])
        at = self.builder.gep(array, [self.builder.add(self.first, place)], source_etype=NUMBER)
        return self.builder.load(at, typ=NUMBER)

    def _whole(self, name: str, place: Value) -> Value:
        counts = [len(series.x) for series in self.tables]
        values = {
            "start": np.concatenate([[0], np.cumsum(counts)]),
            "kind": np.array([KINDS[series.interpolation] for series in self.tables]),
        }
        array = table(self.builder.module, f"table.{name}", WHOLE, values[name])
        return self.builder.load(self.builder.gep(array, [place], source_etype=WHOLE), typ=WHOLE)


def _slopes(series: Series) -> FloatArray:
    """The slope of each piece, with one more number at the end."""
    with np.errstate(all="ignore"):  # points may lie at infinity
        rise, width = np.diff(series.y.ravel()), np.diff(series.x)
        inner = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
    return np.concatenate([inner, [0.0]])
