"""The functions of XMILE, and the structure that each becomes.

Names of calls are those that PySD's XMILE translator hands on, so that both readings meet in one catalogue. A function
that stands nowhere here stays a call of its own name, for flattening to know or to report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from pysd.translators.structures.abstract_expressions import (
    AbstractSyntax,
    ArithmeticStructure,
    CallStructure,
    DelayFixedStructure,
    DelayNStructure,
    DelayStructure,
    ForecastStructure,
    InitialStructure,
    LogicStructure,
    ReferenceStructure,
    SmoothNStructure,
    SmoothStructure,
    TrendStructure,
)

from ...errors import Fault, UnreadableModel

Syntax: TypeAlias = AbstractSyntax | float
Form: TypeAlias = Callable[..., Syntax]

# What stands alone, without arguments.
CONSTANTS: Mapping[str, Syntax] = {
    "time": ReferenceStructure("time"),
    "dt": ReferenceStructure("time_step"),
    "starttime": ReferenceStructure("initial_time"),
    "stoptime": ReferenceStructure("final_time"),
    "pi": math.pi,
    "inf": math.inf,
    "nan": math.nan,
}

# With one argument, these make one value of an array.
REDUCTIONS = frozenset(("sum", "prod", "mean", "stddev", "size", "min", "max"))


def called(name: str, *arguments: Syntax) -> Syntax:
    """A call of a function by the name that PySD's translators give it."""
    return CallStructure(ReferenceStructure(name), arguments)


def apply(name: str, arguments: tuple[Syntax, ...]) -> Syntax:
    """The function on its arguments; `UnreadableModel` where it does not take so many."""
    if name in ("min", "max"):
        return _extreme(name, arguments)
    if name == "mean" and len(arguments) > 1:
        return ArithmeticStructure(
            ["/"], (ArithmeticStructure(["+"] * (len(arguments) - 1), arguments), float(len(arguments)))
        )
    forms = FORMS.get(name)
    if forms is None:
        return called(name, *arguments)
    if len(arguments) not in forms:
        counts = " or ".join(str(count) for count in forms)
        found = f"{name.upper()} takes {counts} arguments, but {len(arguments)} are given."
        raise UnreadableModel(Fault(found, advice="Commas part arguments; is one missing or too many?"))
    return forms[len(arguments)](*arguments)


def _extreme(name: str, arguments: tuple[Syntax, ...]) -> Syntax:
    """The extreme of one array, or of several values; an array slice among those stands for its own extreme."""
    if not arguments:
        raise UnreadableModel(Fault(f"{name.upper()} has no arguments.", advice="Give an array or several values."))
    if len(arguments) == 1:
        return called(f"v{name}_xmile", *arguments)
    values = [called(f"v{name}_xmile", value) if _is_slice(value) else value for value in arguments]
    return _paired(name, values)


def _paired(name: str, values: list[Syntax]) -> Syntax:
    """A function of two arguments on many, in halves: a tree of that depth can be read by recursion."""
    half = len(values) // 2
    return values[0] if not half else called(name, _paired(name, values[:half]), _paired(name, values[half:]))


def _is_slice(value: Syntax) -> bool:
    given = value.subscripts if isinstance(value, ReferenceStructure) else None
    return given is not None and any(text.endswith(("*", "!")) for text in given.subscripts)


def _plain(name: str, *counts: int) -> dict[int, Form]:
    """The function under that name with any of these counts of arguments."""
    return dict.fromkeys(counts, lambda *arguments: called(name, *arguments))


def _rounded(x: Syntax) -> Syntax:
    """The nearest whole number, halves away from zero."""
    halves = (ArithmeticStructure([sign], (x, 0.5)) for sign in "+-")
    up, down = (called("quantum", half, 1.0) for half in halves)
    return called("if_then_else", LogicStructure([">="], (x, 0.0)), up, down)


def _wave(function: str, size: Syntax, period: Syntax) -> Syntax:
    """A wave over time of that size and period."""
    angle = ArithmeticStructure(["*", "/"], (2.0 * math.pi, CONSTANTS["time"], period))
    return ArithmeticStructure(["*"], (size, called(function, angle)))


FORMS: Mapping[str, Mapping[int, Form]] = {
    **{
        name: _plain(name, 1)
        for name in ("abs", "arccos", "arcsin", "arctan", "cos", "exp", "ln", "log10", "sin", "sqrt", "tan")
    },
    **{name: _plain(name, 1) for name in ("cosh", "sinh", "tanh", "sum", "prod", "mean", "stddev", "size")},
    "int": _plain("integer", 1),
    "mod": _plain("modulo", 2),
    "round": {1: lambda x: _rounded(x)},
    "sinwave": {2: lambda size, period: _wave("sin", size, period)},
    "coswave": {2: lambda size, period: _wave("cos", size, period)},
    "percent": {1: lambda x: ArithmeticStructure(["*"], (x, 100.0))},
    "safediv": {2: lambda x, y: called("zidz", x, y), 3: lambda x, y, z: called("xidz", x, y, z)},
    "if_then_else": _plain("if_then_else", 3),
    # input, time[, initial value]
    "delay": {2: lambda x, t: DelayFixedStructure(x, t, x), 3: DelayFixedStructure},
    "delay1": {2: lambda x, t: DelayStructure(x, t, x, 1), 3: lambda x, t, i: DelayStructure(x, t, i, 1)},
    "delay3": {2: lambda x, t: DelayStructure(x, t, x, 3), 3: lambda x, t, i: DelayStructure(x, t, i, 3)},
    "delayn": {3: lambda x, t, n: DelayNStructure(x, t, x, n), 4: lambda x, t, n, i: DelayNStructure(x, t, i, n)},
    "smth1": {2: lambda x, t: SmoothStructure(x, t, x, 1), 3: lambda x, t, i: SmoothStructure(x, t, i, 1)},
    "smth3": {2: lambda x, t: SmoothStructure(x, t, x, 3), 3: lambda x, t, i: SmoothStructure(x, t, i, 3)},
    "smthn": {3: lambda x, t, n: SmoothNStructure(x, t, x, n), 4: lambda x, t, n, i: SmoothNStructure(x, t, i, n)},
    "trend": {2: lambda x, t: TrendStructure(x, t, 0.0), 3: TrendStructure},
    "forcst": {3: lambda x, t, horizon: ForecastStructure(x, t, horizon, 0.0), 4: ForecastStructure},
    "init": {1: InitialStructure},
    "previous": _plain("previous", 2),
    "step": _plain("step", 2),
    "ramp": {2: lambda slope, start: called("Xramp", slope, start), 3: lambda *given: called("ramp", *given)},
    "pulse": {
        2: lambda magnitude, start: called("Xpulse", start, magnitude),
        3: lambda magnitude, start, interval: called("Xpulse_train", start, interval, magnitude),
    },
    "random": {0: lambda: called("random_0_1"), **_plain("random_uniform", 2, 3)},
    "uniform": _plain("random_uniform", 2, 3),
    "normal": _plain("random_normal", 2, 3),
    "exprnd": _plain("random_exponential", 1, 2),
    "lognormal": _plain("lognormal", 2, 3),
    "poisson": _plain("poisson", 1, 2, 3),
}
