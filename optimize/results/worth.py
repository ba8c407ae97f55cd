"""What limits are worth, in words: what a small change of each would bring, as a part of what the whole policy brings.

All of it is first order, from the prices at hand: the price of a limit times an amount that people deal with, the
power of ten that is nearest to a hundredth of the limit's size. Limits are told in the order of what a hundredth more
of each, everywhere and at all times, would bring; bounds and ramps of levers, which are thousands, in one line each.

A price is a promise about the best policy near this one, so none is said of a policy that is no local optimum. A price
of zero frees a limit only where something is left up to its amount: one that is reached may cost when it is tightened.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..files.names import part_label
from ..headlines.scales import PURE, SIZES
from ..headlines.scales import said as unit_said
from ..plans.kinds import RowKind
from .gains import said
from .moments import YEARS
from .prices import SIZE, kind_of
from .result import Result
from .verdict import Standing
from .voice import Voice, voice_of

PRICED = (Standing.PROVED, Standing.BOUNDED, Standing.LOCAL, Standing.UNVERIFIED)
PART = 0.01  # of a limit's size
FREE = 0.01  # of its size is left at least where nobody needs to argue about a limit
MOST = 12  # limits that are told
MOST_NAMES = 8
NOTHING = 1e-12  # of the objective: rounding
DUST = 1e-9  # of what the policy brings: what a search leaves over in a price
WORDS = ("trillion", "billion", "million")
RAMPS = (RowKind.RAMP, RowKind.RISE, RowKind.FALL)
BOUNDS = (RowKind.LOWER_BOUND, RowKind.UPPER_BOUND, RowKind.FIXED_VALUES)
_SIZED = re.compile(rf"({'|'.join(SIZES)})\b\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a limit is worth: where and when it is dearest, and what an amount more there would bring.

    `amount` is in the limit's unit, above zero where more of it helps, and `part` how much of the limit that is (NaN
    where nobody knows its size); `gain` is what the amount brings to first order, in the objective's unit, and
    `everywhere` what a hundredth of the limit's size at all of its places and times brings. `binding` of its `places`
    have a price.
    """

    limit: str
    kind: RowKind
    place: str
    time: float
    price: float
    amount: float
    part: float
    gain: float
    everywhere: float
    binding: int
    places: int


def worths(result: Result) -> tuple[Worth, ...]:
    """The limits that cost something, the one first of which a hundredth more brings most; none of a policy that is no
    local optimum.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> first = worths(result)[0]
    >>> first.limit, first.amount, round(first.part, 4), first.binding
    ('budget', 10.0, 0.0167, 2)
    """
    if result.status.standing not in PRICED:
        return ()
    least, whole = _rounding(result), brought(result)
    least = least if math.isnan(whole) else max(least, DUST * whole)
    found = (_worth(result, name, price) for name, price in result.shadow_prices.items())
    told = (one for one in found if one is not None and max(one.gain, one.everywhere) > least)
    return tuple(sorted(told, key=lambda one: -one.everywhere))


def sayings(result: Result) -> list[str]:
    """What the limits are worth, in sentences: what the policy brings, what costs most, and what costs nothing.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> print(opt.sayings(result)[1].partition(";")[0])
    Budget: 1% more of it at all times would bring 0.75% of that (1.6e-05)
    """
    if result.status.standing not in PRICED:
        return [f"What limits are worth is not said: the policy is no local optimum ({result.status.standing})."]
    found = worths(result)
    limits = [one for one in found if one.kind is RowKind.LIMIT]
    more = [f"... and {len(limits) - MOST} more in shadow_prices.csv."] if len(limits) > MOST else []
    told = [_sentence(result, one) for one in limits[:MOST]]
    levers = [text for kinds in (RAMPS, BOUNDS) for text in _of_levers(result, found, kinds)]
    priced = [brought_words(result), *told, *more, *levers] if found else []
    return [*priced, *_costing_nothing(result, {one.limit for one in limits})]


# --- amounts ----------------------------------------------------------------------------------------------------------


def _worth(result: Result, name: str, price: xr.DataArray) -> Worth | None:
    values = price.to_numpy()
    sizes = _sizes(result, name, price)
    if not values.size or not values.any():
        return None
    weighed = np.abs(values) * np.where(np.isfinite(sizes) & (sizes > 0), sizes, 0.0)
    dearest = weighed if weighed.any() else np.abs(values)
    at = np.unravel_index(int(dearest.argmax()), values.shape)
    value, size = float(values[at]), float(sizes[at])
    amount = round_amount(PART * size) if math.isfinite(size) and size > 0 else 1.0
    elements = [str(price[d].to_numpy()[i]) for d, i in zip(price.dims, at, strict=True) if d != "time"]
    helps = math.copysign(1.0, value) * result.plan.objective.sign
    return Worth(
        name,
        kind_of(price),
        part_label(name, elements),
        float(price["time"].to_numpy()[at[price.dims.index("time")]]),
        value,
        helps * amount,
        amount / size if size > 0 else math.nan,
        abs(value) * amount,
        PART * float(weighed.sum()),
        int((values != 0).sum()),
        values.size,
    )


def _sizes(result: Result, name: str, price: xr.DataArray) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The size of a limit at all of its places, in folders of earlier versions that of its amount where it is nearest;
    of what a plan says of a lever the lever's mean value."""
    kind = kind_of(price)
    if SIZE in price.coords and kind is RowKind.LIMIT:
        return np.asarray(price.coords[SIZE].to_numpy(), dtype=np.float64)
    if kind is RowKind.LIMIT:
        amount = next((abs(item.amount) for item in result.violations if item.limit == name), math.nan)
        return np.full(price.shape, amount or math.nan)
    levers = [lever for lever in map(str, result.policy) if name.startswith(kind.named(lever))]
    size = float(abs(result.allocation[max(levers, key=len)]).mean()) if levers else math.nan
    return np.full(price.shape, size)


def round_amount(amount: float) -> float:
    """The power of ten that is nearest, as people see it.

    >>> round_amount(0.0686)
    0.1
    """
    return float(f"1e{round(math.log10(amount))}")


def amount_words(amount: float, unit: str) -> str:
    """An amount with the word of size that people use.

    >>> amount_words(0.1, "trillion yuan"), amount_words(5.0, "thousand tonnes"), amount_words(0.01, "Dmnl")
    ('100 billion yuan', '5,000 tonnes', '0.01')
    >>> amount_words(10.0, "Billion yuan/Year")
    '10 billion yuan a year'
    """
    people = unit_said(unit)
    amount, unit = people.factor * amount, people.english
    while (found := _SIZED.match(unit)) is not None:
        amount, unit = amount * SIZES[found[1].lower()], unit[found.end() :]
    size, word = next(((SIZES[word], word) for word in WORDS if abs(amount) >= SIZES[word]), (1.0, ""))
    number = f"{amount / size:,.6g}" if abs(amount) >= 1e-3 else f"{amount:.3g}"
    return " ".join(part for part in (number, word, "" if unit in PURE else unit) if part)


def unit_of_amount(price: xr.DataArray, time_unit: str) -> str:
    """The unit of a limit's amount; a rate that holds for one unit of time is an amount: of a year's budget one more
    yuan a year is one more yuan."""
    unit = str(price.attrs["limit_unit"])
    if not time_unit or not math.isclose(price.attrs.get("period", 1.0), 1.0):
        return unit
    return unit.removesuffix(f"/{time_unit}").removesuffix(f"/{time_unit.lower()}")


# --- sentences --------------------------------------------------------------------------------------------------------


def brought(result: Result) -> float:
    """What the policy brings, in the plan's direction; NaN where that is nothing to measure others by."""
    whole = (result.objective - result.baseline_objective) * result.plan.objective.sign
    return whole if math.isfinite(whole) and whole > _rounding(result) else math.nan


def _rounding(result: Result) -> float:
    """What is nothing beside the objective."""
    return NOTHING * max(abs(result.objective), abs(result.baseline_objective))


def objective_words(result: Result) -> str:
    """The objective as people say it: the discounted sum of welfare."""
    goal = result.plan.objective
    words = {"integral": "sum of", "mean": "mean of", "final": "final"}[str(goal.measure)]
    voice = voice_of(result)
    return voice.with_end(f"{'discounted ' if goal.discount else ''}{words} {voice.inline(goal.variable)}", goal)


def _objective_amount(result: Result, value: float, digits: int) -> str:
    """A value of the objective with so many digits, in the unit of people."""
    unit = voice_of(result).unit(result.objective_unit)
    return Voice.amount(f"{unit.factor * value:.{digits}g}", unit.english)


def brought_words(result: Result) -> str:
    """What all is measured by."""
    whole, goal = brought(result), result.plan.objective
    if math.isnan(whole):
        return f"Small changes, to first order, of the {objective_words(result)}:"
    does = "raises" if goal.sign > 0 else "lowers"
    told = f"The policy {does} the {objective_words(result)} by {_objective_amount(result, whole, 4)}"
    return f"{told}; small changes, to first order, beside that:"


def gain_words(result: Result, gain: float, whole_words: str = "that") -> str:
    """A gain as a part of what the policy brings, and in the objective's unit."""
    whole = brought(result)
    plain = _objective_amount(result, gain, 2)
    return plain if math.isnan(whole) else f"{share_words(gain / whole)} of {whole_words} ({plain})"


def share_words(share: float) -> str:
    """A share in per cent with two digits.

    >>> [share_words(0.0151), share_words(0.1234), share_words(0.0000123)]
    ['1.5%', '12%', '0.0012%']
    """
    return f"{float(f'{100 * share:.2g}'):.10g}%"


def _change(result: Result, one: Worth) -> str:
    """The amount that helps: more allowed of what has a ceiling, less asked for of what has a floor."""
    amount = amount_words(abs(one.amount), unit_of_amount(result.shadow_prices[one.limit], result.time_unit))
    fixed = one.kind is RowKind.FIXED_VALUES or any(
        limit.name == one.limit and limit.equals is not None for limit in result.plan.limits
    )
    ways = ("higher", "lower") if fixed else ("more allowed", "less asked for")
    part = "" if math.isnan(one.part) or one.kind is not RowKind.LIMIT else f" ({share_words(one.part)} of it)"
    return f"{amount} {ways[0] if one.amount > 0 else ways[1]} {_when(result, one)}{part}"


def _when(result: Result, one: Worth) -> str:
    price = result.shadow_prices[one.limit]
    time = said(result, one.time)
    if price.attrs.get("is_total"):
        return f"in the total from {time}"
    if time.startswith(("end of", "the end")):
        return f"at {'the ' if time.startswith('end') else ''}{time}"
    return f"in {time}" if one.time >= YEARS else f"at time {time}"


def _sentence(result: Result, one: Worth) -> str:
    """What a limit is worth, all over and where it is dearest."""
    here = f"{_change(result, one)} would bring {gain_words(result, one.gain)}"
    named = voice_of(result).name(one.limit)
    if one.places == 1 or not one.everywhere:
        return f"{named}{one.place.removeprefix(one.limit)}: {here}."
    way = "more" if one.amount > 0 else "less"
    elements = one.place.removeprefix(one.limit)
    where = "everywhere and at all times" if elements else "at all times"
    all_over = f"1% {way} of it {where} would bring {gain_words(result, one.everywhere)}"
    most = f"most {'where' if not elements else f'of {elements[1:-1]}, where'} {here}"
    return f"{named}: {all_over}; {most}."


def _of_levers(result: Result, found: Sequence[Worth], kinds: Sequence[RowKind]) -> Iterator[str]:
    """Ramps or bounds of levers in one line."""
    those = [one for one in found if one.kind in kinds]
    if not those:
        return
    dearest = max(those, key=lambda one: one.gain)
    what = "Ramps" if kinds is RAMPS else "Bounds"
    counts = ", ".join(f"{one.binding:,} of {one.places:,} ({one.limit})" for one in those)
    here = f"{dearest.place}: {_change(result, dearest)} would bring {gain_words(result, dearest.gain)}"
    yield f"{what} of levers bind at {counts}; the dearest is {here}."


def unpriced(result: Result, costing: set[str]) -> tuple[list[str], list[str], list[str]]:
    """The limits that are not among those that cost something: those that are far, those that are reached without a
    price, and those that are reached and have one that is next to nothing."""
    rooms = {item.limit: item.room for item in result.violations}
    kinds = {name: kind_of(price) for name, price in result.shadow_prices.items()}
    without = [name for name, kind in kinds.items() if kind is RowKind.LIMIT and name in rooms and name not in costing]
    reached = [name for name in without if rooms[name] < FREE]
    priced = [name for name in reached if result.shadow_prices[name].to_numpy().any()]
    far = [name for name in without if rooms[name] >= FREE]
    return far, [name for name in reached if name not in priced], priced


def _costing_nothing(result: Result, costing: set[str]) -> Iterator[str]:
    """The limits that cost nothing or next to it: those that are far, and those that are reached all the same."""
    free, reached, slight = unpriced(result, costing)
    if free:
        they = "it costs" if len(free) == 1 else "they cost"
        yield f"Nobody needs to argue about: {_listed(result, free)}: {they} nothing here."
    if reached:
        yield f"At a price of zero, but reached or nearly so: {_listed(result, reached)}; tighter, they may cost."
    if slight:
        yield f"Reached or nearly so, though a little more would bring next to nothing: {_listed(result, slight)}."


def _listed(result: Result, names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(map(voice_of(result).inline, names[:MOST_NAMES]))}{more}"
