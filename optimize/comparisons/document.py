"""A comparison as JSON; null stands for no finite number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from ..files.storage import finite
from ..results.gains import Extreme, Sides
from .comparison import RUN, Compared, Comparison, HeldLimit
from .robustness import Draws, Robustness


def document(found: Comparison, robust: Robustness | None = None) -> dict[str, Any]:
    """All of a comparison as one object; lists of values are in the order of `runs`."""
    content: dict[str, Any] = finite(
        {
            "runs": [_candidate(found, place) for place in range(len(found.candidates))],
            "has_one_baseline": found.has_one_baseline,
            "has_one_goal": found.has_one_goal,
            "differences": {label: list(assumed) for label, assumed in found.assumed.items()},
            "outcomes": [_outcome(compared) for compared in found.outcomes],
            "losses": {label: [_side(side) for side in found.sides(label)] for label in found.labels[1:]},
            "levers": {str(name): _lever(amounts) for name, amounts in found.allocations.items()},
            "limits": [_limit(limit) for limit in found.limits],
            "robustness": None if robust is None else _robustness(robust, found.labels),
            "notes": [*found.notes, *(() if robust is None else robust.notes)],
        }
    )
    return content


def _candidate(found: Comparison, place: int) -> dict[str, Any]:
    one = found.candidates[place]
    return {
        "label": one.label,
        "standing": one.standing,
        "model": one.result.provenance["model"],
        "objective": one.result.objective,
        "baseline_objective": one.result.baseline_objective,
        "objective_unit": one.result.objective_unit,
        "goal": one.result.plan.objective.variable,
        "horizon": list(one.result.plan.horizon),
    }


def _outcome(compared: Compared) -> dict[str, Any]:
    headline, policy = compared.headline, compared.policy
    return {
        "variable": headline.variable,
        "name": headline.english,
        "unit": headline.unit,
        "better": headline.better or None,
        "time": policy["time"].to_numpy().tolist(),
        "dimensions": {str(d): policy[d].to_numpy().tolist() for d in policy.dims if d not in (RUN, "time")},
        "with_policy": policy.to_numpy().tolist(),
        "without_policy": compared.without.to_numpy().tolist(),
    }


def _side(side: Sides) -> dict[str, Any]:
    return {
        "variable": side.outcome.headline.variable,
        "of": side.of,
        "losing": side.losing,
        "losing_at_end": side.losing_at_end,
        "gaining_at_end": side.gaining_at_end,
        "from": side.first,
        "to": side.last,
        "loss": _extreme(side.loss),
        "gain_at_end": _extreme(side.gain_at_end),
    }


def _extreme(found: Extreme | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"element": found.element, "time": found.time, "change": found.change, "relative": found.relative}


def _lever(amounts: xr.DataArray) -> dict[str, Any]:
    """The sums over the horizon, in all and along each dimension."""
    own = [d for d in amounts.dims if d != RUN]
    sums = {}
    for d in own:
        along = amounts.sum([each for each in own if each != d]).transpose(RUN, d)
        labels = [str(e) if d != "time" else float(e) for e in along[d].to_numpy()]
        sums[str(d)] = {"labels": labels, "amounts": along.to_numpy().tolist()}
    whole = np.asarray(amounts.sum(own)).tolist()
    return {"unit": str(amounts.attrs.get("units", "")), "total": whole, "by": sums}


def _limit(limit: HeldLimit) -> dict[str, Any]:
    held = {
        label: {"value": item.value, "amount": item.amount, "time": item.time, "missed": item.size, "room": item.room}
        for label, item in limit.held.items()
    }
    prices = {label: {"price": price[0], "time": price[1], "unit": price[2]} for label, price in limit.prices.items()}
    return {"name": limit.name, "held": held, "prices": prices}


def _robustness(robust: Robustness, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "ranges": robust.file,
        "draws": robust.draws,
        "outcomes": [_draws(draws, labels) for draws in robust.outcomes],
    }


def _draws(draws: Draws, labels: Sequence[str]) -> dict[str, Any]:
    """Lowest, median and highest by run, and in how many draws the others do better and worse than the first."""
    spans = {label: dict(zip(("lowest", "median", "highest"), draws.span(label), strict=True)) for label in labels}
    against = {label: dict(zip(("better", "worse", "of"), draws.better(label), strict=True)) for label in labels[1:]}
    return {
        "variable": draws.headline.variable,
        "unit": draws.headline.unit,
        "runs": spans,
        "against_the_first": against,
    }
