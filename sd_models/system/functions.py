"""The catalogue: every function that PySD's Vensim and XMILE front ends know, and what becomes of it here.

A function is compiled directly (`targets.table` lists who implements it), goes away in a stage before compiling
(`rewritten` says which), or has a reason for having no target. The conformance test walks this table.

Why names are Vensim's: a modeller reads them in errors and in printed equations; XMILE's names are translated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a function does with its arguments."""

    ARITHMETIC = "arithmetic"
    COMPARISON = "comparison"
    LOGIC = "logic"
    ELEMENTWISE = "elementwise"
    TIME = "time"
    REDUCTION = "reduction"
    ARRAY = "array"
    STATEFUL = "stateful"
    TABLE = "table"
    RANDOM = "random"
    EXTERNAL = "external"
    ALLOCATION = "allocation"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the modelling languages.

    `arguments` is the least and the largest count. `smooth` is false where the derivative jumps. `rewritten` names the
    stage that replaces the function by others; `reason` says why it cannot be compiled. `names` are the names under
    which PySD's front ends hand it on, where they differ from the lower-case `name` with underscores.
    """

    name: str
    group: Group
    arguments: tuple[int, int]
    smooth: bool = True
    rewritten: str = ""
    reason: str = ""
    names: tuple[str, ...] = ()

    @property
    def compiled(self) -> bool:
        """Whether a target implements the function itself."""
        return not self.rewritten and not self.reason


def _rows(group: Group, counts: tuple[int, int], names: Iterable[str], *, smooth: bool = True) -> tuple[Function, ...]:
    return tuple(Function(name, group, counts, smooth) for name in names)


_FLATTENING, _STATEFUL = "flattening", "rewrites.stateful"
_NOISE = "draws of PySD, Vensim and Stella differ from each other, so no run could be compared with them."
_ALLOCATION = "the allocation searches for a market price inside each step, which is no expression."

_TABLE: tuple[Function, ...] = (
    *_rows(Group.ARITHMETIC, (2, 2), ("+", "*", "/", "^")),
    Function("-", Group.ARITHMETIC, (1, 2), names=("negative",)),
    Function("POWER", Group.ARITHMETIC, (2, 2)),
    *_rows(Group.COMPARISON, (2, 2), ("=", "<>", "<", "<=", ">", ">="), smooth=False),
    *_rows(Group.LOGIC, (2, 2), ("AND", "OR"), smooth=False),
    Function("NOT", Group.LOGIC, (1, 1), smooth=False),
    Function("IF THEN ELSE", Group.LOGIC, (3, 3), smooth=False),
    *_rows(Group.ELEMENTWISE, (1, 1), ("EXP", "LN", "SQRT", "SIN", "COS", "TAN", "ARCSIN", "ARCCOS", "ARCTAN")),
    *_rows(Group.ELEMENTWISE, (1, 1), ("SINH", "COSH", "TANH")),
    Function("LOG", Group.ELEMENTWISE, (2, 2)),
    Function("LOG10", Group.ELEMENTWISE, (1, 1), rewritten=_FLATTENING),
    Function("PI", Group.ELEMENTWISE, (0, 0), rewritten=_FLATTENING),
    *_rows(Group.ELEMENTWISE, (2, 2), ("MIN", "MAX", "QUANTUM", "MODULO"), smooth=False),
    Function("ABS", Group.ELEMENTWISE, (1, 1), smooth=False),
    Function("INTEGER", Group.ELEMENTWISE, (1, 1), smooth=False, names=("int",)),
    Function("XIDZ", Group.ELEMENTWISE, (3, 3), smooth=False),
    Function("ZIDZ", Group.ELEMENTWISE, (2, 2), smooth=False),
    Function("STEP", Group.TIME, (2, 2), smooth=False),
    Function("PULSE", Group.TIME, (2, 2), smooth=False),
    Function("PULSE TRAIN", Group.TIME, (4, 4), smooth=False),
    Function("RAMP", Group.TIME, (2, 3), smooth=False, names=("ramp", "Xramp")),
    Function("PULSE MAGNITUDE", Group.TIME, (2, 3), smooth=False, names=("Xpulse", "Xpulse_train")),
    Function("GET TIME VALUE", Group.TIME, (3, 3), rewritten=_FLATTENING),
    *_rows(Group.REDUCTION, (1, 1), ("SUM", "PROD")),
    Function("VMIN", Group.REDUCTION, (1, 1), smooth=False, names=("vmin", "vmin_xmile")),
    Function("VMAX", Group.REDUCTION, (1, 1), smooth=False, names=("vmax", "vmax_xmile")),
    Function("MEAN", Group.REDUCTION, (1, 1), rewritten=_FLATTENING),
    Function("ELMCOUNT", Group.ARRAY, (1, 1), rewritten=_FLATTENING, names=("elmcount", "size")),
    Function("VECTOR SELECT", Group.ARRAY, (5, 5), rewritten=_FLATTENING),
    Function("VECTOR SORT ORDER", Group.ARRAY, (2, 2), smooth=False, rewritten=_FLATTENING),
    Function("VECTOR RANK", Group.ARRAY, (2, 2), smooth=False, rewritten=_FLATTENING),
    Function("VECTOR REORDER", Group.ARRAY, (2, 2), smooth=False, rewritten=_FLATTENING),
    Function("INVERT MATRIX", Group.ARRAY, (1, 2)),
    Function("LOOKUP", Group.TABLE, (2, 2), smooth=False, names=()),
    Function("WITH LOOKUP", Group.TABLE, (2, 2), rewritten=_FLATTENING),
    Function("LOOKUP EXTRAPOLATE", Group.TABLE, (2, 2), rewritten=_FLATTENING),
    Function("LOOKUP BACKWARD", Group.TABLE, (2, 2), rewritten=_FLATTENING),
    Function("LOOKUP FORWARD", Group.TABLE, (2, 2), rewritten=_FLATTENING),
    Function("INTEG", Group.STATEFUL, (2, 2), rewritten=_STATEFUL, names=("integ", "stock")),
    Function("DELAY", Group.STATEFUL, (4, 4), rewritten=_STATEFUL, names=("delay1", "delay1i", "delay3", "delay3i")),
    Function("DELAY N", Group.STATEFUL, (4, 4), rewritten=_STATEFUL, names=("delay_n", "delayn")),
    Function("DELAY FIXED", Group.STATEFUL, (3, 3), rewritten=_STATEFUL, names=("delay_fixed", "delay")),
    Function("SMOOTH", Group.STATEFUL, (4, 4), rewritten=_STATEFUL, names=("smooth", "smoothi", "smooth3", "smooth3i")),
    Function("SMOOTH N", Group.STATEFUL, (4, 4), rewritten=_STATEFUL, names=("smooth_n", "smthn", "smth1", "smth3")),
    Function("TREND", Group.STATEFUL, (3, 3), rewritten=_STATEFUL),
    Function("FORECAST", Group.STATEFUL, (4, 4), rewritten=_STATEFUL, names=("forecast", "forcst")),
    Function("SAMPLE IF TRUE", Group.STATEFUL, (3, 3), rewritten=_STATEFUL),
    Function("PREVIOUS", Group.STATEFUL, (2, 2), rewritten=_STATEFUL),
    Function("INITIAL", Group.STATEFUL, (1, 1), rewritten=_STATEFUL, names=("initial", "init")),
    Function("ACTIVE INITIAL", Group.STATEFUL, (2, 2), rewritten=_STATEFUL),
    Function("GAME", Group.ELEMENTWISE, (1, 1), rewritten=_FLATTENING),
    *(
        Function(name, Group.EXTERNAL, (3, 5), rewritten=_FLATTENING, names=(name.lower().replace(" ", "_"),))
        for way in ("XLS", "DIRECT")
        for name in (f"GET {way} CONSTANTS", f"GET {way} DATA", f"GET {way} LOOKUPS", f"GET {way} SUBSCRIPT")
    ),
    Function("SAFEDIV", Group.ELEMENTWISE, (2, 3), rewritten=_FLATTENING),
    Function("RANDOM 0 1", Group.RANDOM, (0, 0), reason=_NOISE),
    Function("RANDOM UNIFORM", Group.RANDOM, (2, 3), reason=_NOISE),
    Function("RANDOM NORMAL", Group.RANDOM, (2, 5), reason=_NOISE),
    Function("RANDOM EXPONENTIAL", Group.RANDOM, (1, 5), reason=_NOISE),
    Function("ALLOCATE AVAILABLE", Group.ALLOCATION, (3, 3), reason=_ALLOCATION),
    Function("ALLOCATE BY PRIORITY", Group.ALLOCATION, (5, 5), smooth=False, rewritten=_FLATTENING),
    Function("A FUNCTION OF", Group.EXTERNAL, (0, 99), reason="the variable has no equation yet."),
)

FUNCTIONS: dict[str, Function] = {function.name: function for function in _TABLE}
"""Every function under its name in expressions."""

SMALL = 1e-6  # what Vensim counts as zero, in divisions as in times

REDUCTIONS = frozenset(("SUM", "PROD", "VMIN", "VMAX"))
STATEFUL = frozenset(name for name, function in FUNCTIONS.items() if function.group is Group.STATEFUL)

_BY_SOURCE_NAME: dict[str, str] = {
    source: function.name
    for function in _TABLE
    for source in (function.name.lower().replace(" ", "_"), *function.names)
}


def canonical(source_name: str) -> str | None:
    """The name in the catalogue of a function as PySD's front ends call it; None for an unknown function."""
    return _BY_SOURCE_NAME.get(source_name, _BY_SOURCE_NAME.get(source_name.lower()))


def _known(names: str, advice: str) -> dict[str, str]:
    return dict.fromkeys((name.strip() for name in names.split(",")), advice)


_SERIES = "Make the series a table and read that at the time, as in table(Time + 1)."
_STOCKS = "Write it with stocks, flows and samples."
_DRAWS = "Put the mean in its place, or a series of draws in a file of data."
ELSEWHERE: dict[str, str] = {
    **_known(
        "GET DATA BETWEEN TIMES, GET DATA AT TIME, GET DATA MEAN, GET DATA STDV, GET DATA MEDIAN, GET DATA MAXIMUM, "
        "GET DATA MINIMUM, GET DATA FIRST TIME, GET DATA LAST TIME, GET DATA TOTAL POINTS",
        _SERIES,
    ),
    **_known("LOOKUP AREA, LOOKUP INVERT, LOOKUP SLOPE, VECTOR LOOKUP", "Give it a table of its own."),
    **_known(
        "DELAY CONVEYOR, DELAY BATCH, DELAY MATERIAL, DELAY INFORMATION, DELAY PROFILE, DELAYP, SAMPLE UNTIL, "
        "SHIFT IF TRUE, QUEUE FIFO, QUEUE AGE AVERAGE, QUEUE AGE IN RANGE, QUEUE AGE OLDEST, CYCLE TIME, THROUGHPUT, "
        "CAPACITY, ARRIVE, QELEM, CTMEAN, CTMAX, CTMIN, CTSTDDEV, CTFLOW, CFLOW, ENDVAL, HISTORY, DERIVN, SMTHN 1",
        _STOCKS,
    ),
    **_known(
        "ALLOC P, FIND MARKET PRICE, DEMAND AT PRICE, SUPPLY AT PRICE, FIND ZERO, SIMULTANEOUS, PROBE, MESSAGE",
        "Write what it finds as equations, or give it as a constant.",
    ),
    **_known(
        "RANDOM BETA, RANDOM BINOMIAL, RANDOM GAMMA, RANDOM LOOKUP, RANDOM NEGATIVE BINOMIAL, RANDOM PINK NOISE, "
        "RANDOM POISSON, RANDOM TRIANGULAR, RANDOM WEIBULL, BETA, BINOMIAL, GAMMA, GEOMETRIC, LOGISTIC, LOGNORMAL, "
        "MONTECARLO, NEGBINOMIAL, PARETO, POISSON, TRIANGULAR, WEIBULL",
        _DRAWS,
    ),
    **_known("COUNTER", "Write it with MOD: first + (TIME - STARTTIME) MOD (last - first)."),
    **_known("CGROWTH", "Write the growth as an equation: (1 + rate) ^ (DT / period) - 1."),
    **_known("ROOTN", "Write it as a power: x ^ (1 / n)."),
    **_known("FV, IRR, NPV, NPVE, PMT, PV, INTERNAL RATE OF RETURN", "Write the discounted sum with a stock."),
    **_known(
        "COMBINATIONS, FACTORIAL, GAMMALN, GAMMA LN, INVNORM, NORMALCDF, PERMUTATIONS, INTERPOLATE, LOOKUPAREA, "
        "LOOKUPINV, LOOKUPMEAN, LOOKUPXY, RANK, RUNCOUNT, SWITCH, TABBED",
        "Write it as an equation or a table.",
    ),
}
"""Functions of Vensim and Stella that neither we nor PySD have, by name, and what to write instead."""
