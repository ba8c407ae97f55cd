"""Random functions whose draws have no spread: a number, and no chance is left.

What says so may be a constant of the model. Where a run gives it another value, the draw would be chance again, so the
expression is infinite then, which stops the run.
"""

from __future__ import annotations

from collections.abc import Callable

from ..system.expression import Call, Expr, Number

Constant = Callable[[Expr], float | None]


def without_chance(function: str, arguments: tuple[Expr, ...], constant: Constant) -> Expr | None:
    """The only value that the draw can take; None where there are several.

    `constant` gives the number of an expression that is one. Vensim's functions begin with a least and a largest value;
    RANDOM NORMAL goes on with mean and standard deviation, RANDOM EXPONENTIAL with shift and stretch. XMILE's NORMAL
    has mean and deviation alone, its EXPRND a mean, and a seed may follow.
    """
    if len(arguments) == 5:
        least, largest, middle, spread, _ = arguments
        between = _between(constant(least), constant(middle), constant(largest))
        return _if_equal(least, largest, least, constant) or (
            _if_equal(spread, Number(0.0), middle, constant) if between else None
        )
    if function == "RANDOM UNIFORM":
        return _if_equal(arguments[0], arguments[1], arguments[0], constant)
    if function == "RANDOM NORMAL":
        return _if_equal(arguments[1], Number(0.0), arguments[0], constant)
    return _if_equal(arguments[0], Number(0.0), Number(0.0), constant)


def _between(least: float | None, middle: float | None, largest: float | None) -> bool:
    """Whether a mean is known to lie between its bounds; what is outside of them is drawn again."""
    return least is not None and middle is not None and largest is not None and least <= middle <= largest


def _if_equal(one: Expr, other: Expr, value: Expr, constant: Constant) -> Expr | None:
    """The value, for as long as two constants are equal; None where they are not."""
    if constant(one) is None or constant(one) != constant(other):
        return None
    if isinstance(one, Number) and isinstance(other, Number):
        return value
    return Call("IF THEN ELSE", (Call("=", (one, other)), value, Number(float("inf"))))
