"""Each operation of a tape as JavaScript.

Conditions are numbers, as everywhere: what is not 0 is true, NaN too, which JavaScript's own truth is not. Smallest and
largest of a number and NaN are the number, which those of `Math` are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ...dynamics.functions import Operation
from ...tape.instructions import Movement

_Text = Callable[..., str]


def literal(value: float) -> str:
    """A number as JavaScript reads it back to the last bit."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "(-Infinity)"
    text = repr(value).removesuffix(".0")
    return f"({text})" if text.startswith("-") else text


def smaller(one: str, other: str) -> str:
    """C's fmin of two names or literals."""
    return f"({one}<{other}||{other}!=={other}?{one}:{other})"


def larger(one: str, other: str) -> str:
    """C's fmax of two names or literals."""
    return f"({one}>{other}||{other}!=={other}?{one}:{other})"


def _infix(sign: str) -> _Text:
    return lambda one, other: f"({one}{sign}{other})"


def _compared(sign: str) -> _Text:
    return lambda one, other: f"({one}{sign}{other}?1:0)"


def _function(name: str) -> _Text:
    return lambda *arguments: f"{name}({','.join(arguments)})"


OPERATIONS: Mapping[Operation, _Text] = {
    Operation.ADD: _infix("+"),
    Operation.SUBTRACT: _infix("-"),
    Operation.MULTIPLY: _infix("*"),
    Operation.DIVIDE: _infix("/"),
    Operation.NEGATE: lambda x: f"(-{x})",
    Operation.POWER: _function("power"),
    Operation.LESS: _compared("<"),
    Operation.LESS_EQUAL: _compared("<="),
    Operation.EQUAL: _compared("==="),
    Operation.UNEQUAL: _compared("!=="),
    Operation.AND: lambda one, other: f"({one}!==0&&{other}!==0?1:0)",
    Operation.OR: lambda one, other: f"({one}!==0||{other}!==0?1:0)",
    Operation.NOT: lambda x: f"({x}===0?1:0)",
    Operation.CHOOSE: lambda condition, one, other: f"({condition}!==0?{one}:{other})",
    Operation.MINIMUM: smaller,
    Operation.MAXIMUM: larger,
    Operation.ABSOLUTE: _function("Math.abs"),
    Operation.FLOOR: _function("Math.floor"),
    Operation.CEILING: _function("Math.ceil"),
    Operation.REMAINDER: _infix("%"),
    Operation.EXP: _function("Math.exp"),
    Operation.LOG: _function("Math.log"),
    Operation.SQRT: _function("Math.sqrt"),
    Operation.SIN: _function("Math.sin"),
    Operation.COS: _function("Math.cos"),
    Operation.TAN: _function("Math.tan"),
    Operation.ARCSIN: _function("Math.asin"),
    Operation.ARCCOS: _function("Math.acos"),
    Operation.ARCTAN: _function("Math.atan"),
    Operation.SINH: _function("Math.sinh"),
    Operation.COSH: _function("Math.cosh"),
    Operation.TANH: _function("Math.tanh"),
}
"""The text of each operation from the texts of its arguments."""

TWICE = frozenset((Operation.MINIMUM, Operation.MAXIMUM, Operation.POWER, Movement.LEAST, Movement.LARGEST))
"""Operations whose text names an argument several times, so that it must be a name."""

REDUCTIONS: Mapping[Movement, tuple[str, Callable[[str, str], str]]] = {
    Movement.SUM: ("0", _infix("+")),
    Movement.PRODUCT: ("1", _infix("*")),
    Movement.LEAST: ("NaN", smaller),
    Movement.LARGEST: ("NaN", larger),
}
"""Where a reduction begins, and how it goes on."""

LARGEST_EXPONENT = 64  # of whole numbers whose powers are products

HELPERS = """
function square(x){return x*x}
function power(x,y){
if(x===1||y===0||x===-1&&(y===Infinity||y===-Infinity))return 1;
return x>0&&x<Infinity?Math.exp(y*Math.log(x)):Math.pow(x,y)}
function lookup(x,t){
if(t<0)return NaN;
var a=T.tableStart[t],n=T.tableStart[t+1]-a-1,X=T.tableX,Y=T.tableY,kind=T.tableKind[t],lo=-1,hi=n+1,m,r;
while(hi-lo>1){m=lo+hi>>1;if(x>=X[a+m])lo=m;else hi=m}
r=lo;
if(n===0||kind===2)return Y[a+(r<0?0:r)];
if(kind===3)return r>=0&&x>X[a+r]?Y[a+(r<n?r+1:n)]:Y[a+(r<0?0:r)];
if(kind===0&&(r<0||r>=n))return Y[a+(r<0?0:r)];
m=r<0?0:r>n-1?n-1:r;
lo=r===n?n:m;
return Y[a+lo]+(x-X[a+lo])*T.tableSlope[a+m]
}
"""
"""What the text of operations calls. Powers are exponentials of logarithms, which take half the time of `Math.pow`."""


def whole_power(base: str, exponent: int) -> str:
    """A power with a small whole exponent as products; `base` is a name."""
    if exponent < 0:
        return f"(1/{whole_power(base, -exponent)})"
    if exponent == 1:
        return base
    half = whole_power(base, exponent // 2)
    square = f"({half}*{half})" if exponent < 4 else f"square({half})"
    return f"({square}*{base})" if exponent % 2 else square
