"""Each operation of a tape in machine code, on numbers and on several positions at once.

Conditions are numbers, as everywhere: what is not 0 is true, NaN too. Truths are 1 and 0. Nothing is rounded otherwise
than the operation itself: no contraction of products and sums, no reordering.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llvmlite import ir

from ...dynamics.functions import Operation
from ...tape.instructions import Movement
from .mathematics import FORMULAS, at_each, function
from .words import NUMBER, Value, constant, declared, vector, width_of

Emit = Callable[..., Value]
LARGEST_PRODUCT = 16
"""The largest exponent of a power of rows that becomes products: its error is below 8 units in the last place, and it
takes a tenth of the time of a power."""


def _truth(builder: ir.IRBuilder, flag: Value, width: int) -> Value:
    return builder.uitofp(flag, vector(NUMBER, width))


def _holds(builder: ir.IRBuilder, value: Value) -> Value:
    return builder.fcmp_unordered("!=", value, constant(0.0, width_of(value)))


def _compared(sign: str, *, unordered: bool = False) -> Emit:
    def emit(builder: ir.IRBuilder, one: Value, other: Value) -> Value:
        compare = builder.fcmp_unordered if unordered else builder.fcmp_ordered
        return _truth(builder, compare(sign, one, other), width_of(one))

    return emit


def _and(builder: ir.IRBuilder, one: Value, other: Value) -> Value:
    return _truth(builder, builder.and_(_holds(builder, one), _holds(builder, other)), width_of(one))


def _or(builder: ir.IRBuilder, one: Value, other: Value) -> Value:
    return _truth(builder, builder.or_(_holds(builder, one), _holds(builder, other)), width_of(one))


def _not(builder: ir.IRBuilder, x: Value) -> Value:
    return _truth(builder, builder.fcmp_ordered("==", x, constant(0.0, width_of(x))), width_of(x))


def _choose(builder: ir.IRBuilder, condition: Value, one: Value, other: Value) -> Value:
    return builder.select(_holds(builder, condition), one, other)


def _extreme(sign: str) -> Emit:
    """C's fmin and fmax: of a number and NaN the number, of equals the first."""

    def emit(builder: ir.IRBuilder, one: Value, other: Value) -> Value:
        first = builder.or_(builder.fcmp_ordered(sign, one, other), builder.fcmp_unordered("uno", other, other))
        return builder.select(first, one, other)

    return emit


def _intrinsic(name: str) -> Emit:
    def emit(builder: ir.IRBuilder, x: Value) -> Value:
        suffix = f"v{width_of(x)}f64" if width_of(x) > 1 else "f64"
        called = declared(builder.module, f"llvm.{name}.{suffix}", ir.FunctionType(x.type, [x.type]))
        return builder.call(called, [x])

    return emit


def _library(operation: Operation) -> Emit:
    """A function of our own for several positions at once where there is one, else the C library's."""

    def emit(builder: ir.IRBuilder, *arguments: Value) -> Value:
        width = width_of(arguments[0])
        if width > 1 and operation in FORMULAS:
            return builder.call(function(builder.module, operation, width), arguments)
        return at_each(builder, operation, arguments)

    return emit


def _power(builder: ir.IRBuilder, base: Value, exponent: Value) -> Value:
    """Squares and reciprocals are the same to the last bit; of rows, powers with small whole exponents are products."""
    wide = width_of(base)
    if exponent == constant(-1.0, wide):
        return builder.fdiv(constant(1.0, wide), base)
    whole = range(2, (LARGEST_PRODUCT if wide > 1 else 2) + 1)
    found = next((number for number in whole if exponent == constant(number, wide)), None)
    return _library(Operation.POWER)(builder, base, exponent) if found is None else _product(builder, base, found)


def _product(builder: ir.IRBuilder, base: Value, exponent: int) -> Value:
    """A power with a whole exponent by squares (Knuth 1969, 4.6.3)."""
    if exponent == 1:
        return base
    half = _product(builder, base, exponent // 2)
    square = builder.fmul(half, half)
    return builder.fmul(square, base) if exponent % 2 else square


OPERATIONS: Mapping[Operation, Emit] = {
    Operation.ADD: ir.IRBuilder.fadd,
    Operation.SUBTRACT: ir.IRBuilder.fsub,
    Operation.MULTIPLY: ir.IRBuilder.fmul,
    Operation.DIVIDE: ir.IRBuilder.fdiv,
    Operation.NEGATE: ir.IRBuilder.fneg,
    Operation.POWER: _power,
    Operation.LESS: _compared("<"),
    Operation.LESS_EQUAL: _compared("<="),
    Operation.EQUAL: _compared("=="),
    Operation.UNEQUAL: _compared("!=", unordered=True),
    Operation.AND: _and,
    Operation.OR: _or,
    Operation.NOT: _not,
    Operation.CHOOSE: _choose,
    Operation.MINIMUM: _extreme("<="),
    Operation.MAXIMUM: _extreme(">="),
    Operation.ABSOLUTE: _intrinsic("fabs"),
    Operation.FLOOR: _intrinsic("floor"),
    Operation.CEILING: _intrinsic("ceil"),
    Operation.SQRT: _intrinsic("sqrt"),
    **{
        operation: _library(operation)
        for operation in (
            Operation.REMAINDER,
            Operation.EXP,
            Operation.LOG,
            Operation.SIN,
            Operation.COS,
            Operation.TAN,
            Operation.ARCSIN,
            Operation.ARCCOS,
            Operation.ARCTAN,
            Operation.SINH,
            Operation.COSH,
            Operation.TANH,
        )
    },
}
"""The code of each operation from its arguments, all of one width."""

NEUTRAL: Mapping[Movement, float] = {
    Movement.SUM: 0.0,
    Movement.PRODUCT: 1.0,
    Movement.LEAST: float("nan"),
    Movement.LARGEST: float("nan"),
}
"""Where each reduction begins, and what a position that does not count adds."""

STEPS: Mapping[Movement, Operation] = {
    Movement.SUM: Operation.ADD,
    Movement.PRODUCT: Operation.MULTIPLY,
    Movement.LEAST: Operation.MINIMUM,
    Movement.LARGEST: Operation.MAXIMUM,
}
"""How each reduction goes on."""


def apply(builder: ir.IRBuilder, operation: Operation, arguments: Sequence[Value]) -> Value:
    """An operation on arguments of one width."""
    return OPERATIONS[operation](builder, *arguments)
