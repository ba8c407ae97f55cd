"""How policies compare where assumptions are others: the same draws of a table of ranges for all of them.

Each policy is screened (`opt.screen`) with the same design, so that every draw is a model in which all are run: what
counts is not how far outcomes move, but in how many draws one policy does better than another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import TimeSpan, with_time
from sd_models.errors import Fault, InvalidRequest

from ..headlines.headline import Headline
from ..plans.horizon import horizon_end
from ..results.gains import TOLD
from ..results.verification import opened
from ..screening.screening import Screening, Watcher, screen
from .comparison import RUN, Comparison

DRAW = "draw"


@dataclass(frozen=True, eq=False)
class Draws:
    """An outcome at the end in all draws, `values` (run, draw) in the unit of its headline, NaN where a run failed."""

    headline: Headline
    values: xr.DataArray

    def span(self, label: str) -> tuple[float, float, float]:
        """The lowest, the median and the highest value."""
        known = self.values.sel({RUN: label}).to_numpy()
        known = known[np.isfinite(known)]
        return tuple(np.percentile(known, (0, 50, 100)).tolist()) if len(known) else (np.nan,) * 3

    def better(self, label: str) -> tuple[int, int, int]:
        """In how many draws a policy does better than the first, in how many worse, and how many count; a difference
        of less than a ten-thousandth is none. Nothing counts where nobody said what is better."""
        one, other = (self.values.sel({RUN: name}).to_numpy() for name in (self.values[RUN].to_numpy()[0], label))
        known = np.isfinite(one) & np.isfinite(other)
        sign = {"more": 1.0, "less": -1.0}.get(self.headline.better, 0.0)
        gain = sign * (other - one)[known]
        least = TOLD * np.maximum(abs(one), abs(other))[known]
        return int((gain > least).sum()), int((gain < -least).sum()), int(known.sum()) if sign else 0


@dataclass(frozen=True, eq=False)
class Robustness:
    """Outcomes of all candidates under the same draws of the ranges in a file."""

    file: str
    outcomes: tuple[Draws, ...]
    draws: int
    notes: tuple[str, ...] = ()


def robustness(
    found: Comparison,
    ranges: str | Path,
    *,
    method: str = "morris",
    samples: int | None = None,
    seed: int = 1,
    watch: Watcher | None = None,
) -> Robustness:
    """The headline outcomes at the end of the first's horizon, of all candidates under the same draws.

    `ranges`, `method`, `samples` and `seed` are those of `opt.screen`. InvalidRequest where models differ, since their
    draws would not be the same, and for what does not fit the table.
    """
    ends = {horizon_end(one.result.plan) for one in found.candidates}
    files = [one.result.provenance["files"] for one in found.candidates]
    if len(ends) > 1 or any(each != files[0] for each in files):
        advice = "Compare policies of one model over one horizon, or leave the ranges out."
        raise InvalidRequest(Fault("models or horizons differ, so there are no draws that all share.", advice=advice))
    single = [compared.headline for compared in found.outcomes if compared.policy.ndim == 2]
    if not single:
        raise InvalidRequest(Fault("no headline outcome is one number, so draws cannot be compared."))
    end = ends.pop()
    screened = []
    for one in found.candidates:
        system = with_time(opened(one.result), TimeSpan(stop=end))
        names = [f"{headline.variable}:{end!r}" for headline in single]
        screened.append(
            screen(system, ranges, names, method=method, samples=samples, seed=seed, policy=one.result, watch=watch)
        )
    notes = tuple(dict.fromkeys(note for each in screened for note in each.notes))
    draws = tuple(_draws(found.labels, screened, place, headline) for place, headline in enumerate(single))
    return Robustness(Path(ranges).name, draws, len(screened[0].design), notes)


def _draws(labels: Sequence[str], screened: Sequence[Screening], place: int, headline: Headline) -> Draws:
    values = headline.factor * np.stack([each.values[:, place] for each in screened])
    return Draws(headline, xr.DataArray(values, {RUN: list(labels)}, (RUN, DRAW)))
