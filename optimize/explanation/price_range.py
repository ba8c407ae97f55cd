"""How far a price holds: a plan solved again with more of one limit, and with twice as much.

A price is a derivative: true for a small change. Here the amounts of one limit are moved, everywhere and at all times,
in the direction that helps, and the plan is solved again. What that brings stands beside what the
price promised, and the prices of the new solutions tell how much of the old one is left. A solution that is no
certified optimum says so; nothing is made of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from pydantic import Field

from sd_models.errors import Fault, InvalidRequest, ModelError, nearest_or_some
from sd_models.system.model import FloatArray, key

from ..files.documents import document_of
from ..files.storage import write_json
from ..files.untrusted import read_json, sha256
from ..headlines.scales import SIZES
from ..plans.kinds import RowKind
from ..plans.limits import numbers
from ..plans.plan import Limit, Plan
from ..problems.problem import Problem
from ..results.document import Table as Stored
from ..results.document import plain
from ..results.gains import outcomes
from ..results.numbers import signed_column
from ..results.prices import SIZE, kind_of
from ..results.recomputation import policy_of
from ..results.result import Result
from ..results.tables import Table
from ..results.verification import opened
from ..results.worth import PRICED, amount_words, gain_words, share_words, unit_of_amount
from ..solvers.solver import Watch
from ..solving.solve import solve

MORE = "10%"
STEPS = (1, 2)
MOST_TIMES = 1_000_000  # that a file may tell of
NEAR = 0.02  # of a limit: up to here the search begins at the result
WHOLE = "what the policy brings"
FEW = 10  # iterations from the result; a small change takes four or five
HOLDS = 0.9  # of a price is left where it holds
FILE, LAYOUT = "worth.json", 1
_AMOUNT = re.compile(rf"([0-9.][0-9.,]*(?:[eE][-+]?[0-9]+)?)\s*(%|(?:{'|'.join(SIZES)})\b)?\s*(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """The plan with so many times the amount: what it brings beside the result, what the price promised (both above
    zero where it is better), and which part of the price is left there, None where that is no certified optimum.

    `outcomes` are what headline outcomes at the end gain, in their units, by name.
    """

    times: Annotated[int, Field(ge=1, le=MOST_TIMES)]
    gain: float
    promised: float
    left: float | None
    standing: str
    outcomes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PriceRange:
    """How far the price of a limit holds.

    `amount` is how much more of the limit each step asks for, in its `unit`, the mean over its times: above zero where
    more helps; `part` how much of the limit that is, None where nobody knows its size. `now` are the headline outcomes
    at the end of the result, and `units` theirs; `policy` is the SHA-256 of the policy that all of this is about.

    >>> import optimize as opt
    >>> found = opt.PriceRange("budget", 20.0, "billion yuan", 0.03, (Step(1, 0.9, 1.0, 0.8, "local optimum"),))
    >>> found.steps[0].gain / found.steps[0].promised
    0.9
    """

    limit: str
    amount: float
    unit: str
    part: float | None
    steps: tuple[Step, ...]
    now: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    policy: str = ""


class StoredWorth(Stored):
    """What stands in `worth.json`."""

    layout: Literal[1]
    worth: tuple[PriceRange, ...]


def worth(result: Result, limit: str, *, more: float | str = MORE, watch: Watch | None = None) -> PriceRange:
    """What more of a limit brings, and twice as much, in two more solves.

    `more` is an amount in the limit's unit, or a text: `100 billion`, `5%`; it counts in the direction that helps.
    InvalidRequest for a limit that the plan has not, one without a price, and a result that is no local optimum.

    >>> import optimize as opt, sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> found = opt.worth(result, "budget", more="20 billion")
    >>> [step.times for step in found.steps], found.steps[0].gain > 0
    ([1, 2], True)
    """
    price = _price(result, limit)
    shift = _shift(result, price, limit, more)
    promised = float((price * shift).sum()) * result.plan.objective.sign
    way = math.copysign(1.0, promised)
    part = _part(price, float(shift.mean()))
    near = part is not None and part <= NEAR
    start, steps = result, []
    for times in STEPS:
        plan = _shifted(result.plan, limit, price, way * times * shift)
        found = _solved(result, plan, start if near else None, watch)
        steps.append(_step(result, found, limit, way * shift, times, abs(promised)))
        start = found if found.is_policy else start
    ends = {one.headline.english: one for one in _at_end(result)}
    mean = way * float(shift.mean())
    return PriceRange(
        limit,
        mean,
        unit_of_amount(price, result.time_unit),
        part,
        tuple(steps),
        {name: float(one.policy[-1]) for name, one in ends.items()},
        {name: one.headline.unit for name, one in ends.items()},
        _policy_hash(result),
    )


def _solved(result: Result, plan: Plan, start: Result | None, watch: Watch | None) -> Result:
    """The plan solved from a result or, without one and where a few steps from there lead to no certified optimum, from
    where the plan itself is: the old optimum stands on limits that have all moved, which may be the longer way."""
    if start is None:
        return solve(Problem(opened(result), plan), watch=watch)
    few = plan.solver.model_copy(update={"iterations": min(FEW, plan.solver.iterations)})
    quick = plan.model_copy(update={"solver": few})
    near = solve(Problem(opened(result), quick), start=policy_of(start.policy), watch=watch)
    if near.status.standing in PRICED:
        return near
    return solve(Problem(opened(result), plan), watch=watch)


def _price(result: Result, limit: str) -> xr.DataArray:
    """The price of a limit of the plan; InvalidRequest where there is none that could hold."""
    file = str(result.folder or result.provenance["model"])
    if result.status.standing not in PRICED:
        found = f"its policy is no local optimum ({result.status.standing}), so no limit has a price there."
        raise InvalidRequest(Fault(found, file=file))
    names = [one.name for one in result.plan.limits]
    if limit not in names:
        advice = nearest_or_some(limit, names)
        raise InvalidRequest(Fault(f"the plan has no limit {limit!r}.", file=file, advice=advice))
    price = result.shadow_prices.get(limit)
    if price is None or kind_of(price) is not RowKind.LIMIT or not price.to_numpy().any():
        told = f"{limit!r} costs nothing here, so there is no price that could hold."
        raise InvalidRequest(Fault(told, file=file, advice="A tighter one may cost: change its amount in the plan."))
    added = [name for name, one in result.shadow_prices.items() if kind_of(one) is RowKind.LIMIT and name not in names]
    if added:
        told = f"constraints were added in Python ({', '.join(added[:3])}), which another solve would not have."
        raise InvalidRequest(Fault(told, file=file))
    return price


def _shift(result: Result, price: xr.DataArray, limit: str, more: float | str) -> xr.DataArray:
    """How much each of the limit's amounts moves, by time, above zero."""
    ones = xr.ones_like(price["time"], dtype=float).drop_attrs()
    share, amount = _asked(str(price.attrs["limit_unit"]), result.time_unit, limit, more)
    if amount is not None:
        return ones * amount
    if SIZE not in price.coords:
        advice = "Write an amount, as --more 10."
        raise InvalidRequest(Fault(f"nobody kept the size of {limit!r}, of which that would be a part.", advice=advice))
    sizes = _sizes(price)
    return ones * np.where(sizes > 0, sizes, sizes.mean() or 1.0) * share


def _sizes(price: xr.DataArray) -> FloatArray:
    """The size of a limit at each time, the mean over the elements that have a price, where none has over all."""
    sizes = price.coords[SIZE].drop_vars(SIZE, errors="ignore")
    others = [d for d in price.dims if d != "time"]
    return np.asarray(sizes.where(price.to_numpy() != 0).mean(others).fillna(sizes.mean(others)), dtype=np.float64)


def _asked(unit: str, time_unit: str, limit: str, more: float | str) -> tuple[float, float | None]:
    """A share of the limit, or an amount in its unit; InvalidRequest for what is neither."""
    found = _AMOUNT.fullmatch(str(more).strip())
    try:
        value = float(found[1].replace(",", "")) if found else math.nan
    except ValueError:
        value = math.nan
    if found is None or not math.isfinite(value) or value <= 0:
        advice = "Write an amount above zero, as 100 billion or 5%."
        raise InvalidRequest(Fault(f"{str(more)!r} is no amount.", limit, advice=advice))
    word, rest = (found[2] or "").lower(), found[3].strip()
    if word == "%":
        return value / 100, None
    size, base = _sized(unit.removesuffix(f"/{time_unit}") if time_unit else unit)
    if rest and key(rest) not in (key(base), key(unit)):
        advice = f"Its unit is {unit}."
        raise InvalidRequest(Fault(f"{rest!r} is no unit of it.", limit, advice=advice))
    is_plain = not word and (not rest or key(rest) == key(unit))
    return 0.0, value if is_plain else value * SIZES.get(word, 1.0) / size


def _sized(unit: str) -> tuple[float, str]:
    """The number in a unit's words of size, and what is left."""
    words, size = unit.split(), 1.0
    while len(words) > 1 and words[0].lower() in SIZES:
        size *= SIZES[words.pop(0).lower()]
    return size, " ".join(words)


def _shifted(plan: Plan, name: str, price: xr.DataArray, shift: xr.DataArray) -> Plan:
    """The plan with the amounts of a limit moved by so much at each time, beside what they are moved by already."""
    times = price["time"].to_numpy()

    def moved(limit: Limit) -> Limit:
        values = numbers(limit.shift, times) + shift.to_numpy()
        return limit.model_copy(update={"shift": tuple(zip(times.tolist(), values.tolist(), strict=True))})

    limits = tuple(moved(one) if one.name == name else one for one in plan.limits)
    return plan.model_copy(update={"limits": limits})


def _step(result: Result, found: Result, limit: str, shift: xr.DataArray, times: int, promised: float) -> Step:
    sign = result.plan.objective.sign
    gain = sign * (found.objective - result.objective)
    before = {one.headline.english: one for one in _at_end(result)}
    changes = {
        one.headline.english: float(one.policy[-1] - before[one.headline.english].policy[-1])
        for one in _at_end(found)
        if one.headline.english in before
    }
    left = None
    if found.status.standing in PRICED and limit in found.shadow_prices:
        left = sign * float((found.shadow_prices[limit] * shift).sum()) / promised
    return Step(times, gain, times * promised, left, str(found.status.standing), changes)


def _at_end(result: Result) -> list[Any]:
    """The headline outcomes of all regions together."""
    return [one for one in outcomes(result) if not one.headline.by and np.isfinite(float(one.policy[-1]))]


def _part(price: xr.DataArray, amount: float) -> float | None:
    size = float(_sizes(price).mean()) if SIZE in price.coords else 0.0
    return amount / size if size > 0 else None


# --- words ------------------------------------------------------------------------------------------------------------


def sentences(result: Result, found: PriceRange) -> list[str]:
    """How far the price holds, in sentences."""
    amount = amount_words(abs(found.amount), found.unit)
    way = "more" if found.amount > 0 else "less"
    part = f" ({share_words(found.part)} of it)" if found.part is not None else ""
    said = [f"{found.limit}, {amount} {way}{part} everywhere and at all times:"]
    for step in found.steps:
        what = amount if step.times == 1 else f"{step.times} times as much"
        if step.left is None:
            said.append(f"{what}: not solved to a certified optimum ({step.standing}); nothing is made of its numbers.")
            continue
        kept = f"{step.gain / step.promised:.0%} of what the price promised; {step.left:.0%} of the price is left there"
        said.append(f"{what} brings {gain_words(result, step.gain, WHOLE)}, {kept}.")
    return [*said, _verdict(found, amount, way)]


def _verdict(found: PriceRange, amount: str, way: str) -> str:
    """Whether the price holds, or after how much half of it is gone."""
    known = [(step.times, step.left) for step in found.steps if step.left is not None]
    if len(known) < len(found.steps):
        return "How far the price holds is not known."
    half = next((times for times, left in known if left <= 0.5), None)
    if half is not None:
        after = amount if half == 1 else f"{half} times {amount}"
        return f"It does not hold: half of it or less is left after {after} {way}."
    last = known[-1][1]
    return "It holds." if last >= HOLDS else f"It falls, to {last:.0%} after {known[-1][0]} times {amount} {way}."


def tables(found: PriceRange) -> list[Table]:
    """What headline outcomes at the end gain, a column for each step that is certified."""
    steps = [step for step in found.steps if step.left is not None]
    names = [name for name in found.now if all(name in step.outcomes for step in steps)]
    if not steps or not names:
        return []
    lines = [[step.outcomes[name] for step in steps] for name in names]
    rows = tuple(
        (name, found.units.get(name, ""), f"{found.now[name]:.5g}", *signed_column(line))
        for name, line in zip(names, lines, strict=True)
    )
    heads = ["as much more" if step.times == 1 else f"{step.times} times" for step in steps]
    return [Table("What headline outcomes gain at the end", ("", "unit", "now", *heads), rows, 1 + len(heads))]


# --- files ------------------------------------------------------------------------------------------------------------


def save_worth(found: PriceRange, folder: Path) -> Path:
    """Keeps a finding beside the result that it is about, in place of an earlier one of the same limit; the file."""
    others = [one for one in read_worth(folder) if one.limit != found.limit]
    return write_json(folder / FILE, {"layout": LAYOUT, "worth": plain([*others, found])})


def read_worth(folder: Path) -> tuple[PriceRange, ...]:
    """What is kept beside a result and is about its policy; none where nothing is kept.

    It comes from whoever gave the folder: read strictly, and not believed. InvalidRequest for a file that is none.
    """
    return _kept(folder)[0]


def foreign_worth(folder: Path) -> tuple[PriceRange, ...]:
    """What is kept beside a result and is about another policy than its own; read as strictly."""
    return _kept(folder)[1]


def _kept(folder: Path) -> tuple[tuple[PriceRange, ...], tuple[PriceRange, ...]]:
    """What is kept about the policy in a folder, and about others."""
    path = folder / FILE
    if not path.exists() and not path.is_symlink():
        return (), ()
    try:
        kept = document_of(read_json(path), StoredWorth).worth
    except (ModelError, RecursionError, TypeError, ValueError) as error:
        found = f"does not hold what prices are worth: {' '.join(str(error).split())[:500]}"
        raise InvalidRequest(Fault(found, file=str(path), advice="Remove it, or write it anew.")) from error
    policy = sha256(folder / "policy.nc")
    return tuple(one for one in kept if one.policy == policy), tuple(one for one in kept if one.policy != policy)


def _policy_hash(result: Result) -> str:
    """The SHA-256 of the policy's file; nothing of a result that is in no folder."""
    path = None if result.folder is None else result.folder / "policy.nc"
    return sha256(path) if path is not None and path.is_file() else ""
