"""An explanation as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..files.storage import finite
from .explanation import Explanation
from .value import WORTH


def document(found: Explanation) -> dict[str, Any]:
    """All of an explanation as one object; loops of each run as `LoopScores.document` tells them."""
    parts, target, every = found.waterfall, found.target, found.result.plan.every
    return {
        "model": found.result.provenance["model"],
        "status": str(found.result.status.standing),
        "outcome": target.label,
        "variable": target.variable,
        "unit": target.unit,
        "before": finite(parts.before),
        "after": finite(parts.after),
        "gain": finite(parts.gain),
        "remainder": finite(parts.remainder),
        "points": parts.points,
        "levers": parts.by_lever(),
        "terms": dict(parts.by_term),
        "parts": {str(name): _by_dimension(values) for name, values in parts.parts.items()},
        "marginals": _marginals(found),
        "crossings": [
            {"variable": one.variable, "function": one.function, "places": one.places} for one in parts.crossings
        ],
        "stocks": {str(name): _stock(found, str(name)) for name in found.costates.worth},
        "through": {name: _through(found, name) for name in found.value.through},
        "links": {str(run): _links(found, str(run)) for run in found.loops.links["run"].to_numpy()},
        "loops_of_worth": found.value.loops.document(WORTH, every),
        "loops": {str(run): found.loops.document(str(run), every) for run in found.loops.shares["run"].to_numpy()},
        "notes": list(found.notes),
    }


def _by_dimension(values: xr.DataArray) -> dict[str, dict[str, float]]:
    """The sums of a lever's parts along each of its dimensions."""
    found = {}
    for dimension in map(str, values.dims):
        sums = values.sum([d for d in values.dims if d != dimension])
        found[dimension] = {
            f"{one}": float(v) for one, v in zip(sums[dimension].to_numpy(), sums.to_numpy(), strict=True)
        }
    return found


def _marginals(found: Explanation) -> dict[str, Any]:
    """What an amount more of each lever brings to each outcome, along each dimension and over time."""
    margin = found.marginals
    return {
        "meaning": "one more, with nothing taken away elsewhere, spread along the others as the policy spreads it",
        "outcomes": [{"label": label, "unit": one.unit} for label, one in margin.targets.items()],
        "parts": list(margin.parts),
        "levers": {
            name: {
                "amount": amount.value,
                "unit": amount.unit,
                "by": {str(d): _along(margin.by(name, str(d))) for d in margin.spent[name].dims},
            }
            for name, amount in margin.amounts.items()
        },
    }


def _along(values: xr.DataArray) -> dict[str, list[float | None]]:
    """For each element the values of all outcomes."""
    dimension = str(values.dims[1])
    lines = values.transpose(dimension, "outcome").to_numpy().tolist()
    return {f"{one}": finite(line) for one, line in zip(values[dimension].to_numpy(), lines, strict=True)}


def _through(found: Explanation, stock: str) -> dict[str, Any]:
    """What one per cent more of a stock, everywhere, is worth at the times of the periods by effect."""
    starts = found.waterfall.parts["time"].to_numpy()
    parts = found.value.of_a_part(stock).sel(time=starts, method="nearest")
    named = zip(map(str, parts["effect"].to_numpy()), parts.to_numpy().tolist(), strict=True)
    return {"time": starts.tolist(), "one_per_cent_more": {name: values for name, values in named if any(values)}}


def _links(found: Explanation, run: str) -> list[dict[str, Any]]:
    """The share of each link in the changes of its effect, in per cent, mean of all elements, by period."""
    starts, shares = found.waterfall.parts["time"].to_numpy(), found.loops.link_shares
    if not shares.size:
        return []
    mean = shares.sel(run=run).mean("element").transpose("link", "time").to_numpy()
    period = np.searchsorted(starts, shares["time"].to_numpy(), side="left") - 1
    told = [100 * mean[:, period == i].mean(axis=1) for i in range(len(starts)) if (period == i).any()]
    begin = [float(start) for i, start in enumerate(starts) if (period == i).any()]
    ends = zip(shares["cause"].to_numpy().tolist(), shares["effect"].to_numpy().tolist(), strict=True)
    rows = np.stack(told, axis=1).tolist()
    return [{"from": a, "to": b, "time": begin, "share": row} for (a, b), row in zip(ends, rows, strict=True)]


def _stock(found: Explanation, name: str) -> dict[str, Any]:
    """The worth of one more unit by element and time of the periods, and of a hundredth more everywhere."""
    starts = found.waterfall.parts["time"].to_numpy()
    worth = found.costates.worth[name].sel(time=starts, method="nearest")
    hundredth = found.costates.of_a_part()[name].sel(time=starts, method="nearest")
    return {
        "unit": worth.attrs["units"],
        "serves": worth.attrs["origin"] or None,
        "time": starts.tolist(),
        "dimensions": {str(d): [str(e) for e in worth[d].to_numpy()] for d in worth.dims if d != "time"},
        "worth": worth.to_numpy().tolist(),
        "one_per_cent_more": hundredth.to_numpy().tolist(),
    }
