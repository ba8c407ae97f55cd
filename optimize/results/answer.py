"""A result as one JSON object, for programs: what `prosperity optimize --json` prints.

Its first part is `summary`, which `result.json` keeps too. Then, as far as the verdict is about a policy: who gets how
much for what (`policy`), what people gain (`outcomes`), where each limit is nearest to its amount (`limits`), and what
is the largest price of each (`prices`). null stands for what is no finite number. Keys are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr

from sd_models.system.model import FloatArray

from ..files.names import part_label
from ..files.storage import finite
from ..plans.horizon import horizon_end
from ..solvers.solver import Ending
from .document import plain
from .folder import summary
from .gains import Outcome, outcomes, said, sides, times_of
from .moments import MOST_TIMES, is_in_years, round_times
from .prices import current, kind_of
from .result import Result
from .verdict import TOLERANCE, reached
from .violations import Violation

STEP = 5.0  # years between the times of outcomes
COUNTS = ("of", "losing", "losing_at_end", "gaining_at_end", "first", "last")  # of `Sides`
EXTREMES = ("loss", "loss_at_end", "gain_at_end")


def answer(result: Result) -> dict[str, Any]:
    """All that programs read of a result; nothing is said to be gained where no policy was found.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> found = answer(result)
    >>> found["outcomes"][0]["name"], found["outcomes"][0]["said"][-1]
    ('Urban share', 'end of 2040')
    """
    first, last = result.plan.horizon
    gains = result.is_policy and result.findings.ending is not Ending.INTERRUPTED
    document: dict[str, Any] = finite(
        {
            **summary(result),
            "horizon": {"first": first, "last": last, "end": horizon_end(result.plan)},
            "time_unit": result.time_unit,
            "assumptions": plain(result.assumptions),
            "policy": [_lever(result, str(name)) for name in result.policy.data_vars] if result.is_policy else [],
            "outcomes": list(_outcomes(result)) if gains else [],
            "limits": [_limit(result, item) for item in result.violations],
            "prices": list(_prices(result)) if gains else [],
            "provenance": plain(result.provenance),
        }
    )
    return document


# --- who gets how much for what ---------------------------------------------------------------------------------------


def _lever(result: Result, name: str) -> dict[str, Any]:
    """A lever's totals over the horizon: of all, over time, by the elements and the named groups of each dimension."""
    amounts = result.amounts(name)
    dimensions = [str(d) for d in amounts.dims if d != "time"]
    by = {d: amounts.sum([other for other in amounts.dims if other != d]) for d in dimensions}
    over_time = amounts.sum(dimensions)
    return {
        "variable": name,
        "unit": str(result.allocation[name].attrs.get("units", "")),
        "total_unit": str(amounts.attrs.get("units", "")),
        "total": float(over_time.sum()),
        "periods": {"begin": over_time["time"].to_numpy().tolist(), "total": over_time.to_numpy().tolist()},
        "by": {d: _totals(totals) for d, totals in by.items()},
        "by_group": {d: _groups(totals, result.groups[d]) for d, totals in by.items() if d in result.groups},
    }


def _totals(totals: xr.DataArray) -> dict[str, float]:
    """Totals by element."""
    elements = totals[totals.dims[0]].to_numpy()
    return {str(element): float(value) for element, value in zip(elements, totals.to_numpy(), strict=True)}


def _groups(totals: xr.DataArray, groups: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Totals by named group of elements; a lever may leave some of these out."""
    known = _totals(totals)
    return {name: sum(known.get(member, 0.0) for member in members) for name, members in groups.items()}


# --- what people gain -------------------------------------------------------------------------------------------------


def _outcomes(result: Result) -> Iterator[dict[str, Any]]:
    chosen = _times(result)
    for outcome in outcomes(result):
        headline = outcome.headline
        without, policy = (values.isel(time=chosen) for values in (outcome.without, outcome.policy))
        times = without["time"].to_numpy().tolist()
        yield {
            "variable": headline.variable,
            "name": headline.english,
            "name_zh": headline.chinese,
            "unit": headline.unit,
            "better": headline.better or None,
            "time": times,
            "said": [said(result, time) for time in times],
            "dimensions": [str(d) for d in without.dims],
            "elements": {str(d): [str(e) for e in without[d].to_numpy()] for d in without.dims if d != "time"},
            "without": without.to_numpy().tolist(),
            "with": policy.to_numpy().tolist(),
            "sides": _sides(outcome),
        }


def _times(result: Result) -> list[int]:
    """The places of the start, of every fifth year (or as many round times of another unit), and of the end."""
    times = times_of(result)
    length = float(times[-1] - times[0])
    most = max(MOST_TIMES, int(np.ceil(length / STEP)) + 1) if is_in_years(result.time_unit) else MOST_TIMES
    return round_times(times, most)


def _sides(outcome: Outcome) -> dict[str, Any] | None:
    """Who gains and who loses; None where nobody said what is better."""
    found = sides(outcome)
    if found is None:
        return None
    counts = {name: getattr(found, name) for name in COUNTS}
    extremes = {name: getattr(found, name) for name in EXTREMES}
    return {**counts, **{name: None if item is None else asdict(item) for name, item in extremes.items()}}


# --- limits and prices ------------------------------------------------------------------------------------------------


def _limit(result: Result, item: Violation) -> dict[str, Any]:
    """A limit where it is nearest to its amount."""
    state = "missed" if item.size > TOLERANCE else "reached" if reached(item) else "kept"
    return {
        "limit": item.limit,
        "place": item.place,
        "state": state,
        "time": item.time,
        "said": said(result, item.time),
        "value": item.value,
        "amount": item.amount,
        "violation": item.size,
        "room": item.room,
        "unit": item.unit,
    }


def _prices(result: Result) -> Iterator[dict[str, Any]]:
    """The largest price of each limit, those of zero too: nobody needs to argue about these."""
    for name, price in result.shadow_prices.items():
        if price.size:
            yield _price(result, name, price)


def _price(result: Result, name: str, price: xr.DataArray) -> dict[str, Any]:
    values: FloatArray = price.to_numpy()
    at = np.unravel_index(int(np.nan_to_num(np.abs(values)).argmax()), values.shape)
    largest = price[tuple(at)]
    elements = {str(d): str(largest[d].item()) for d in price.dims if d != "time"}
    time = float(largest["time"])
    return {
        "limit": name,
        "kind": str(kind_of(price)),
        "place": part_label(name, list(elements.values())),
        "elements": elements,
        "time": time,
        "said": said(result, time),
        "price": float(largest),
        "current": float(current(price)[tuple(at)]),
        "unit": str(price.attrs.get("units", "")),
        "limit_unit": str(price.attrs.get("limit_unit", "")),
        "not_zero": int((values != 0).sum()),
        "of": int(values.size),
    }
