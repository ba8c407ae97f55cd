"""Exponentials, logarithms and powers of several numbers at once.

Each is computed for all positions by the same line of code where their arguments are ordinary numbers; a position at
which they are not (zero, negative, subnormal, infinite, no number, a result that leaves the numbers) has what the C
library gives. Errors, measured against eighty bits by the tests: `EXP` and `LOG` below 1 unit in the last place,
`POWER` below 1.

- exponential: reduced by multiples of ln 2 in two parts (Cody and Waite 1980), Taylor's series to degree 13
- logarithm: the mantissa between the roots of 1/2 and 2; s = f / (2 + f); the series of the inverse hyperbolic tangent
  with the coefficients of fdlibm's `e_log.c` (Sun Microsystems 1993)
- power: that series in two numbers whose sum counts (Dekker 1971), times the exponent, and its exponential

Why not `exp(y ln x)` in plain numbers: its relative error grows with the size of y ln x, to a hundred units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import factorial

from llvmlite import ir

from ...dynamics.functions import Operation
from .words import NUMBER, SHORT, Value, Word, constant, declared, vector, whole, width_of

LARGEST_ARGUMENT = 708.0  # of exp: beyond, results leave the normal numbers
SMALLEST, INFINITE = 0x0010000000000000, 0x7FF0000000000000  # bits of the least normal number and of infinity
ROOT_HALF = 0x3FE6A09E667F3BCD  # bits of the root of 1/2
MANTISSA = 52
ROUNDING = 6755399441055744.0  # 1.5 * 2^52: what is added to it becomes a whole number in its last bits
PER_LN2 = 1.4426950408889634
# ln 2 in two parts; the first has 21 zero bits at its end, so that its product with an exponent is exact (fdlibm).
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
EXPONENTIAL = tuple(1.0 / factorial(k) for k in range(2, 14))
LOGARITHM = (
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
)
THIRD_HIGH, THIRD_LOW = 1.0 / 3.0, 1.850371707708594e-17
HYPERBOLIC = tuple(1.0 / k for k in range(5, 25, 2))  # of the inverse tangent, from the fifth power on


@dataclass(frozen=True, slots=True)
class Pair:
    """A number as the sum of two, the second less than a rounding error of the first."""

    high: Word
    low: Word


def function(module: ir.Module, operation: Operation, width: int) -> ir.Function:
    """The function of several numbers at once; made where the module does not have it yet."""
    name = f"{operation}.{width}"
    found = module.globals.get(name)
    return found if found is not None else _defined(module, operation, name, width)


def library(module: ir.Module, operation: Operation) -> ir.Function:
    """The C library's function of one number."""
    name = LIBRARY[operation]
    count = 2 if operation in (Operation.POWER, Operation.REMAINDER) else 1
    return declared(module, name, ir.FunctionType(NUMBER, [NUMBER] * count))


LIBRARY: Mapping[Operation, str] = {
    Operation.POWER: "pow",
    Operation.REMAINDER: "fmod",
    Operation.EXP: "exp",
    Operation.LOG: "log",
    Operation.SIN: "sin",
    Operation.COS: "cos",
    Operation.TAN: "tan",
    Operation.ARCSIN: "asin",
    Operation.ARCCOS: "acos",
    Operation.ARCTAN: "atan",
    Operation.SINH: "sinh",
    Operation.COSH: "cosh",
    Operation.TANH: "tanh",
}
"""Names in the C library."""


def at_each(builder: ir.IRBuilder, operation: Operation, arguments: Sequence[Value]) -> Value:
    """The C library's function at each position."""
    width, called = width_of(arguments[0]), library(builder.module, operation)
    if width == 1:
        return builder.call(called, arguments)
    result = ir.Constant(arguments[0].type, ir.Undefined)
    for lane in range(width):
        parts = [builder.extract_element(argument, whole(lane, kind=SHORT)) for argument in arguments]
        result = builder.insert_element(result, builder.call(called, parts), whole(lane, kind=SHORT))
    return result


def _defined(module: ir.Module, operation: Operation, name: str, width: int) -> ir.Function:
    formula = FORMULAS[operation]
    kind, count = vector(NUMBER, width), 2 if operation is Operation.POWER else 1
    made = ir.Function(module, ir.FunctionType(kind, [kind] * count), name)
    made.linkage = "internal"
    made.attributes.add("noinline")
    builder = ir.IRBuilder(made.append_basic_block("entry"))
    result, ordinary = formula(*(Word(builder, argument) for argument in made.args))
    slow, done = made.append_basic_block("slow"), made.append_basic_block("done")
    builder.cbranch(_all(builder, ordinary, width), done, slow)
    fast = builder.block
    builder.position_at_end(slow)
    exact = at_each(builder, operation, made.args)
    mended = builder.select(ordinary, result.value, exact)
    builder.branch(done)
    builder.position_at_end(done)
    chosen = builder.phi(kind)
    chosen.add_incoming(result.value, fast)
    chosen.add_incoming(mended, slow)
    builder.ret(chosen)
    return made


def _all(builder: ir.IRBuilder, flags: Value, width: int) -> Value:
    bits = builder.bitcast(flags, ir.IntType(width))
    return builder.icmp_unsigned("==", bits, ir.Constant(bits.type, 2**width - 1))


def _exponential(x: Word) -> tuple[Word, Value]:
    return _exponential_of(Pair(x, x.of(constant(0.0, width_of(x.value))))), _within(x)


def _within(x: Word) -> Value:
    """Where the exponential is a normal number."""
    builder, width = x.builder, width_of(x.value)
    limit = constant(LARGEST_ARGUMENT, width)
    below = builder.fcmp_ordered("<", x.value, limit)
    return builder.and_(below, builder.fcmp_ordered(">", x.value, constant(-LARGEST_ARGUMENT, width)))


def _exponential_of(x: Pair) -> Word:
    builder, width = x.high.builder, width_of(x.high.value)
    shifted = (x.high * PER_LN2) + ROUNDING
    times = shifted - ROUNDING
    first = x.high.plus_product(-times, LN2_HIGH)
    rest = first + x.low.plus_product(-times, LN2_LOW)
    power = builder.shl(shifted.bits(), whole(MANTISSA, width))
    one_more = rest.plus_product(rest * rest, _series(rest, EXPONENTIAL)) + 1.0
    return one_more.from_bits(builder.add(one_more.bits(), power))


def _series(x: Word, coefficients: Sequence[float]) -> Word:
    """The polynomial with these coefficients, the lowest first."""
    total = x.of(constant(coefficients[-1], width_of(x.value)))
    for coefficient in reversed(coefficients[:-1]):
        total = x.of(constant(coefficient, width_of(x.value))).plus_product(total, x)
    return total


def _parted(x: Word) -> tuple[Word, Word, Value]:
    """The exponent, the mantissa less 1, and where the number is normal and above zero."""
    builder, width = x.builder, width_of(x.value)
    bits = x.bits()
    above = builder.icmp_signed(">=", bits, whole(SMALLEST, width))
    normal = builder.and_(above, builder.icmp_signed("<", bits, whole(INFINITE, width)))
    exponent = builder.ashr(builder.sub(bits, whole(ROOT_HALF, width)), whole(MANTISSA, width))
    mantissa = x.from_bits(builder.sub(bits, builder.shl(exponent, whole(MANTISSA, width))))
    return x.of(builder.sitofp(exponent, vector(NUMBER, width))), mantissa - 1.0, normal


def _logarithm(x: Word) -> tuple[Word, Value]:
    exponent, f, normal = _parted(x)
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    inner = s * (half_square + z * _series(z, LOGARITHM))
    low = inner.plus_product(exponent, LN2_LOW)
    return exponent * LN2_HIGH - ((half_square - low) - f), normal


def _power(x: Word, y: Word) -> tuple[Word, Value]:
    builder = x.builder
    exponent, f, normal = _parted(x)
    logarithm = _with_exponent(exponent, _logarithm_of(f))
    high = y * logarithm.high
    low = (-high).plus_product(y, logarithm.high).plus_product(y, logarithm.low)
    return _exponential_of(Pair(high, low)), builder.and_(normal, _within(high))


def _logarithm_of(f: Word) -> Pair:
    """ln(1 + f) = 2 (s + s^3 / 3 + s^5 / 5 + ...) with s = f / (2 + f), in two numbers."""
    divisor = f + 2.0
    left = f - (divisor - 2.0)
    inverse = f.of(constant(1.0, width_of(f.value))) / divisor
    s = f * inverse
    s_low = (f.plus_product(-s, divisor) - s * left) * inverse
    z = s * s
    z_low = (-z).plus_product(s, s) + s * s_low * 2.0
    third = z * THIRD_HIGH
    third_low = (-third).plus_product(z, THIRD_HIGH) + (z * THIRD_LOW + z_low * THIRD_HIGH)
    rest = z * z * _series(z, HYPERBOLIC)
    factor = third + rest
    factor_low = (third - factor) + rest + third_low
    more = s * factor
    more_low = (-more).plus_product(s, factor) + (s * factor_low + s_low * factor + s_low)
    high = s + more
    low = (s - high) + more + more_low
    return Pair(high * 2.0, low * 2.0)


def _with_exponent(exponent: Word, mantissa: Pair) -> Pair:
    """The logarithm of a mantissa and that of a power of two, summed without loss (Knuth 1969)."""
    one, other = exponent * LN2_HIGH, mantissa.high
    total = one + other
    back = total - one
    lost = (one - (total - back)) + (other - back)
    low = (mantissa.low + lost).plus_product(exponent, LN2_LOW)
    high = total + low
    return Pair(high, (total - high) + low)


FORMULAS: Mapping[Operation, Callable[..., tuple[Word, Value]]] = {
    Operation.EXP: _exponential,
    Operation.LOG: _logarithm,
    Operation.POWER: _power,
}
"""The results at all positions, and where they hold."""
