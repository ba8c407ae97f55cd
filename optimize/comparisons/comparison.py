"""Results and policies side by side: outcomes, money, limits, and who gains and who loses from the first to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray

from ..headlines.headline import Headline
from ..plans.horizon import horizon_end
from ..results.gains import Outcome, Sides, outcomes, said, sides
from ..results.result import Result
from ..results.violations import Violation
from .candidate import Candidate, candidates, labelled, of_result
from .differences import differences

RUN = "run"
DIGITS = 9  # of a time: rounding
SAME = 1e-9  # of the largest value: what baselines may differ by and still be one


@dataclass(frozen=True, eq=False)
class Compared:
    """A headline outcome of all candidates, with their policies and without, each `(run, time, *by)`, in its unit."""

    headline: Headline
    policy: xr.DataArray
    without: xr.DataArray

    def between(self, one: str, other: str) -> Outcome:
        """What changes from the policy of one to that of the other."""
        return Outcome(self.headline, *(self.policy.sel({RUN: name}, drop=True) for name in (one, other)))

    @cached_property
    def baseline_gap(self) -> float:
        """The largest difference between the runs without policies, as a part of the largest value."""
        size = float(abs(self.without).max())
        gap = float((self.without.max(RUN) - self.without.min(RUN)).max())
        return gap / size if size else 0.0


@dataclass(frozen=True)
class HeldLimit:
    """A limit by the labels of the candidates whose plans have it: where it is nearest to its amount, and its largest
    price with the time from which that holds (none where no search told prices)."""

    name: str
    held: Mapping[str, Violation]
    prices: Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two or more candidates side by side; `outcomes` are those that all of them have, at the times that all have.

    `allocations` are the levers that all decide, each `(run, time, *dimensions)` with the sums of each period, in
    units of amounts. `assumed` says in what each of the others differs from the first before anything was decided.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> opt.compare([result, result]).moved("public investment in citizenization", "result 2")
    0.0
    """

    candidates: tuple[Candidate, ...]
    outcomes: tuple[Compared, ...]
    allocations: xr.Dataset
    limits: tuple[HeldLimit, ...]
    assumed: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the candidates are called."""
        return tuple(candidate.label for candidate in self.candidates)

    @property
    def first(self) -> Result:
        """The result that the others are held against."""
        return self.candidates[0].result

    @property
    def has_one_baseline(self) -> bool:
        """Whether all start from the same run without a policy, as far as headline outcomes tell."""
        return all(compared.baseline_gap <= SAME for compared in self.outcomes)

    @property
    def has_one_goal(self) -> bool:
        """Whether all were to maximize (or minimize) the same over the same horizon."""
        goals = [(one.result.plan.objective, one.result.plan.horizon, one.result.plan.every) for one in self.candidates]
        return all(goal == goals[0] for goal in goals)

    def sides(self, label: str) -> tuple[Sides, ...]:
        """Who gains and who loses from the first to another, by outcome."""
        found = (sides(compared.between(self.labels[0], label)) for compared in self.outcomes)
        return tuple(side for side in found if side is not None)

    def moved(self, lever: str, label: str) -> float:
        """Which part of a lever's whole amount is spent otherwise than in the first: elsewhere, on something else, in
        another year; what is only added or taken away counts half."""
        one, other = (self.allocations[lever].sel({RUN: name}) for name in (self.labels[0], label))
        whole = float(abs(one).sum() + abs(other).sum())
        return float(abs(one - other).sum()) / whole if whole else 0.0

    def said(self, time: float) -> str:
        """A time in words; the end is that of the first, where all of them end there."""
        return said(self.first, time)


def compare(runs: Sequence[Result | str | Path], labels: Sequence[str] | None = None) -> Comparison:
    """Results, folders of results and CSV files of policies side by side; the first is what others are held against.

    What can be compared is: outcomes that all have, in the same unit and for the same regions, at the times that all
    have, levers that all decide. InvalidRequest for one without a policy, for labels that are not as many, and where
    nothing can be compared.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> plan = opt.load_plan("urbanization")
    >>> tight = plan.model_copy(update={"limits": (plan.limits[0].model_copy(update={"at_most": 300.0}),)})
    >>> system = sd.load("urbanization")
    >>> found = opt.compare([opt.solve(opt.Problem(system, each)) for each in (plan, tight)], ["wide", "tight"])
    >>> found.has_one_baseline, found.assumed["tight"]
    (True, ('limit budget: at most 300 instead of 600',))
    >>> share = found.outcomes[0].policy.isel(time=-1)
    >>> bool(share.sel(run="wide") > share.sel(run="tight"))
    True
    """
    found = _candidates(runs, labels)
    paths = [_outcomes(candidate) for candidate in found]
    compared, notes = _compared(found, paths)
    if not compared:
        raise InvalidRequest(Fault(f"{' and '.join(_models(found))} have no headline outcome in common.", advice=WHAT))
    others = found[1:]
    assumed = {one.label: tuple(differences(found[0].result, one.result)) for one in others}
    allocations, left = _allocations(found)
    notes = (*(note for one in found for note in one.notes), *notes, *left, *_horizons(found))
    return Comparison(found, compared, allocations, _limits(found), assumed, tuple(dict.fromkeys(notes)))


WHAT = "Compare results of one model, or of models with headlines of the same names and units."


def _candidates(runs: Sequence[Result | str | Path], labels: Sequence[str] | None) -> tuple[Candidate, ...]:
    if labels is not None and len(labels) != len(runs):
        raise InvalidRequest(Fault(f"{len(labels)} labels for {len(runs)} results."))
    if any(isinstance(run, Result) for run in runs):
        named = labels or [f"result {number}" for number in range(1, len(runs) + 1)]
        results = [run for run in runs if isinstance(run, Result)]
        if len(results) < max(len(runs), 2):
            advice = "Give two results or more, or two paths or more."
            raise InvalidRequest(Fault(f"{len(results)} of {len(runs)} are results.", advice=advice))
        return labelled([of_result(run, label) for run, label in zip(results, named, strict=True)])
    found = candidates([Path(str(run)) for run in runs])
    if labels is None:
        return found
    return labelled(
        [Candidate(name, one.result, one.standing, one.notes) for name, one in zip(labels, found, strict=True)]
    )


def _models(found: Sequence[Candidate]) -> list[str]:
    return [f"{one.label} ({one.result.provenance['model']})" for one in found]


# --- outcomes ---------------------------------------------------------------------------------------------------------


def _outcomes(candidate: Candidate) -> dict[str, Outcome]:
    """The headline outcomes of a candidate by variable, at rounded times."""
    return {outcome.headline.variable: _rounded(outcome) for outcome in outcomes(candidate.result)}


def _rounded(outcome: Outcome) -> Outcome:
    runs = (run.assign_coords(time=np.round(run["time"], DIGITS)) for run in (outcome.without, outcome.policy))
    return Outcome(outcome.headline, *runs)


def _compared(
    found: Sequence[Candidate], paths: Sequence[Mapping[str, Outcome]]
) -> tuple[tuple[Compared, ...], tuple[str, ...]]:
    """The outcomes that all have, in the order of the first, and what is left out."""
    labels = [one.label for one in found]
    kept, notes = [], []
    for name in paths[0]:
        ours = [path[name] for path in paths if name in path]
        why = _apart(ours) if len(ours) == len(paths) else "not in all"
        if why:
            notes.append(f"{ours[0].headline.english} is not compared: {why}.")
            continue
        times = _common([one.policy["time"].to_numpy() for one in ours])
        axis = xr.Variable(RUN, labels)
        joined = (xr.concat([run.sel(time=times) for run in runs], axis) for runs in _pairs(ours))
        kept.append(Compared(ours[0].headline, *joined))
    return tuple(kept), tuple(notes)


def _pairs(ours: Sequence[Outcome]) -> tuple[list[xr.DataArray], list[xr.DataArray]]:
    return [one.policy for one in ours], [one.without for one in ours]


def _apart(ours: Sequence[Outcome]) -> str:
    """Why outcomes of one name cannot be held against each other; nothing where they can."""
    first = ours[0]
    if any(one.headline.unit != first.headline.unit for one in ours):
        return f"in units {', '.join(dict.fromkeys(one.headline.unit or 'none' for one in ours))}"
    for one in ours:
        if one.policy.dims != first.policy.dims:
            return "by other dimensions"
        for d in one.policy.dims:
            if d != "time" and one.policy[d].to_numpy().tolist() != first.policy[d].to_numpy().tolist():
                return f"another {d} in each"
    if len(_common([one.policy["time"].to_numpy() for one in ours])) == 0:
        return "no time in common"
    return ""


def _common(times: Sequence[FloatArray]) -> FloatArray:
    found = times[0]
    for other in times[1:]:
        found = np.intersect1d(found, other)
    return found


def _horizons(found: Sequence[Candidate]) -> Iterator[str]:
    spans = {one.label: (one.result.plan.horizon[0], horizon_end(one.result.plan)) for one in found}
    if len(set(spans.values())) > 1:
        told = ", ".join(f"{label} {first:g} to {end:g}" for label, (first, end) in spans.items())
        yield f"Horizons differ ({told}): outcomes are compared at the times that all have."


# --- money ------------------------------------------------------------------------------------------------------------


def _allocations(found: Sequence[Candidate]) -> tuple[xr.Dataset, tuple[str, ...]]:
    """The amounts of levers that all decide by period, with zeros in periods that are not all of theirs."""
    kept, notes = {}, []
    for lever in map(str, found[0].result.policy):
        amounts = [one.result.amounts(lever) for one in found if lever in one.result.policy]
        amounts = [each.assign_coords(time=np.round(each["time"], DIGITS)) for each in amounts]
        if len(amounts) < len(found) or not all(_is_alike(each, amounts[0]) for each in amounts):
            notes.append(f"{lever} is not compared: it is not decided in all, or by other elements or periods.")
            continue
        joined = xr.concat(amounts, xr.Variable(RUN, [one.label for one in found]))
        kept[lever] = joined.assign_attrs(amounts[0].attrs)
    return xr.Dataset(kept), tuple(notes)


def _is_alike(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Whether dimensions, elements, periods and units are the same."""
    places = all(one[d].to_numpy().tolist() == other[d].to_numpy().tolist() for d in one.dims if d in other.dims)
    return one.dims == other.dims and places and one.attrs.get("units") == other.attrs.get("units")


# --- limits -----------------------------------------------------------------------------------------------------------


def _limits(found: Sequence[Candidate]) -> tuple[HeldLimit, ...]:
    names = dict.fromkeys(item.limit for one in found for item in one.result.violations)
    limits = []
    for name in names:
        held = {one.label: item for one in found for item in one.result.violations if item.limit == name}
        prices = {
            one.label: _dearest(one.result.shadow_prices[name]) for one in found if name in one.result.shadow_prices
        }
        limits.append(HeldLimit(name, held, prices))
    return tuple(limits)


def _dearest(price: xr.DataArray) -> tuple[float, float, str]:
    """The price that is largest in size, the time from which it holds, and its unit."""
    values = price.to_numpy()
    place = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    one = price[tuple(place)]
    return float(one), float(one["time"]), str(price.attrs["units"])
