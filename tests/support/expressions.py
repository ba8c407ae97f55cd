"""Expressions as tests write them: names and numbers in place of nodes."""

from __future__ import annotations

from sd_models.system.expression import Call, Expr, Number, Ref


def call(function: str, *arguments: Expr | float | str) -> Call:
    """The call, with a reference for each name and a number for each number."""
    return Call(function, tuple(expression(argument) for argument in arguments))


def expression(value: Expr | float | str) -> Expr:
    """A reference for a name, a number for a number, and an expression for itself."""
    if isinstance(value, str):
        return Ref(value)
    return Number(float(value)) if isinstance(value, int | float) else value
