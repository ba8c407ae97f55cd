"""Smooth stand-ins for functions with kinks and jumps, as expressions; each has a width w above zero.

    MIN(a, b)        (a + b - r) / 2                     with d = a - b and r = SQRT(d^2 + w^2)
    MAX(a, b)        (a + b + r) / 2
    ABS(a)           SQRT(a^2 + w^2)
    a > b            (1 + TANH((a - b) / w)) / 2
    VMIN(x)          -w * LN(SUM(EXP(-x / w)))
    a table          base + slope * x + SUM(bend * SQRT((x - c)^2 + w^2) + jump * TANH((x - c) / w)) / 2, c its corners

They tend to the exact function as w falls, those of a kink with w (MIN, MAX and ABS are off by w / 2 at the kink and by
w^2 / (4 d) at a distance d; Chen and Mangasarian 1996, Computational Optimization and Applications 5; the logarithm of
a sum is off by w * LN(n) at most; Nesterov 2005, Mathematical Programming 103), those of a jump everywhere but there.

Why MIN and MAX are written in two ways between which IF THEN ELSE chooses: both are the same function, but far from the
kink one of them is a small number added to the smaller operand, where the other is a difference of large ones.
"""

from __future__ import annotations

from ..system.expression import Call, Expr, Number, Reduce

ZERO, HALF, ONE = Number(0.0), Number(0.5), Number(1.0)


def plus(one: Expr, other: Expr) -> Expr:
    """The sum."""
    return Call("+", (one, other))


def minus(one: Expr, other: Expr) -> Expr:
    """The difference."""
    return Call("-", (one, other))


def times(one: Expr, other: Expr) -> Expr:
    """The product."""
    return Call("*", (one, other))


def over(one: Expr, other: Expr) -> Expr:
    """The ratio."""
    return Call("/", (one, other))


def choice(condition: Expr, one: Expr, other: Expr) -> Expr:
    """`one` where the condition holds, else `other`."""
    return Call("IF THEN ELSE", (condition, one, other))


def root(x: Expr, width: Expr) -> Expr:
    """The hypotenuse of both: ABS made smooth."""
    return Call("SQRT", (plus(times(x, x), times(width, width)),))


def smaller(one: Expr, other: Expr, difference: Expr, distance: Expr, width: Expr) -> Expr:
    """MIN; `difference` is one - other, `distance` its root."""
    below, above = _tails(difference, distance, width)
    return choice(Call("<", (difference, ZERO)), minus(one, below), minus(other, above))


def larger(one: Expr, other: Expr, difference: Expr, distance: Expr, width: Expr) -> Expr:
    """MAX; `difference` is one - other, `distance` its root."""
    below, above = _tails(difference, distance, width)
    return choice(Call("<", (difference, ZERO)), plus(other, below), plus(one, above))


def _tails(difference: Expr, distance: Expr, width: Expr) -> tuple[Expr, Expr]:
    """What MIN is below the exact one where the difference is negative, and where it is positive."""
    part = times(HALF, times(width, width))
    return over(part, minus(distance, difference)), over(part, plus(distance, difference))


def truth(excess: Expr, width: Expr) -> Expr:
    """1 where the excess is positive, 0 where it is negative, to the last bit beyond some twenty widths."""
    return times(HALF, plus(ONE, sign(excess, width)))


def sign(x: Expr, width: Expr) -> Expr:
    """1 where x is positive, -1 where it is negative."""
    return Call("TANH", (over(x, width),))


def blend(part: Expr, one: Expr, other: Expr) -> Expr:
    """part * one + (1 - part) * other; a branch that has no part is not looked at, whatever it is."""
    rest = minus(ONE, part)
    return plus(_share(part, one), _share(rest, other))


def _share(part: Expr, branch: Expr) -> Expr:
    return choice(Call(">", (part, ZERO)), times(part, branch), ZERO)


def smallest(x: Expr, exact: Expr, axes: tuple[str, ...], width: Expr) -> Expr:
    """VMIN over the axes; `exact` is the exact one, on whose value nothing depends but the size of the exponents."""
    return minus(exact, _logarithm(minus(exact, x), axes, width))


def greatest(x: Expr, exact: Expr, axes: tuple[str, ...], width: Expr) -> Expr:
    """VMAX over the axes."""
    return plus(exact, _logarithm(minus(x, exact), axes, width))


def _logarithm(exponent: Expr, axes: tuple[str, ...], width: Expr) -> Expr:
    return times(width, Call("LN", (Reduce("SUM", axes, Call("EXP", (over(exponent, width),))),)))
