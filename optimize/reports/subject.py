"""What a report is about: a result, its model where that is at hand, and the language in which it is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

import xarray as xr

from sd_models.errors import ModelError
from sd_models.system.model import System

from ..headlines.names import Tile, names
from ..plans.quantities import unit_of_integral
from ..problems.problem import Problem
from ..results.gains import Outcome, Sides, outcomes, sides
from ..results.result import Result
from ..results.tables import telling_dimension
from ..results.uses import decided, lengths_of, traces
from ..results.verdict import Standing
from ..results.verification import opened
from ..results.voice import voice_of
from .words import Speaker


@dataclass(frozen=True, eq=False)
class Subject:
    """A result to report; `missing` says why there is no `system`, in the words of the error."""

    result: Result
    speaker: Speaker
    system: System | None = None
    missing: str = ""

    @property
    def shows_gains(self) -> bool:
        """Whether there is a policy of which something may be said."""
        return self.result.shows_gains

    @property
    def recommends(self) -> bool:
        """Whether it is to be done: nothing is where no lever moves the goal."""
        return self.shows_gains and self.result.status.standing is not Standing.NO_GRADIENT

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The headline outcomes with the policy and without."""
        return outcomes(self.result)

    @cached_property
    def sides(self) -> tuple[Sides, ...]:
        """Who gains and who loses, in the outcomes of which somebody said what is better."""
        return tuple(found for outcome in self.outcomes if (found := sides(outcome)) is not None)

    @cached_property
    def losing(self) -> tuple[Sides, ...]:
        """The outcomes in which somebody loses at some time."""
        return tuple(found for found in self.sides if found.losing)

    @property
    def levers(self) -> tuple[str, ...]:
        """The variables that the plan decides, those that differ from the model's own first."""
        listed = [str(name) for name in self.result.policy.data_vars]
        return tuple(sorted(listed, key=lambda name: not self.changes(name)))

    def changes(self, lever: str) -> bool:
        """Whether the policy differs from what the model itself does; True where that is not kept."""
        own = self.result.baseline.get(lever)
        if own is None:
            return True
        path, own = xr.align(self.result.policy[lever], own, join="inner")
        apart = abs(path.to_numpy() - own.transpose(*path.dims).to_numpy())
        return bool((apart > traces(self.result, lever)).any())

    def is_amount(self, lever: str) -> bool:
        """Whether a lever is a flow, such as money a year, whose sums over time people understand."""
        time = self.result.time_unit
        is_flow = bool(time) and self._unit(lever).lower().endswith(f"/{time}".lower())
        return is_flow and self._total_unit(lever) != "Dmnl"

    def path(self, lever: str) -> xr.DataArray:
        """A lever over the periods of the horizon, in the unit that people say."""
        return decided(self.result, lever) * self.speaker.factor(self._unit(lever))

    def values(self, lever: str) -> xr.DataArray:
        """What there is to share out: the amounts of each period of a flow, else the path."""
        if not self.is_amount(lever):
            return self.path(lever)
        path = decided(self.result, lever)
        lengths = xr.DataArray(lengths_of(self.result), {"time": path["time"]}, ("time",))
        return path * lengths * self.speaker.factor(self._total_unit(lever))

    def unit(self, lever: str) -> str:
        """The unit of a lever's path as people say it."""
        return self.speaker.unit(self._unit(lever))

    def values_unit(self, lever: str) -> str:
        """The unit of `values` as people say it."""
        return self.speaker.unit(self._total_unit(lever)) if self.is_amount(lever) else self.unit(lever)

    def _unit(self, lever: str) -> str:
        return str(self.result.policy[lever].attrs.get("units", ""))

    def _total_unit(self, lever: str) -> str:
        return unit_of_integral(self._unit(lever), self.result.time_unit)

    def telling(self, lever: str) -> str:
        """The dimension of a lever that tells what it is for; empty where it has none."""
        return telling_dimension(self.result, self.dimensions(lever)) or ""

    def dimensions(self, lever: str) -> tuple[str, ...]:
        """The dimensions of a lever without time."""
        return tuple(str(d) for d in self.result.policy[lever].dims if d != "time")

    def region(self, lever: str) -> str:
        """The dimension of a lever along which people live: places on a grid, or those of outcomes; empty if none."""
        dims = self.dimensions(lever)
        known = [d for d in dims if self.tiles(tuple(map(str, self.result.policy[d].to_numpy())))]
        by = Counter(one.headline.by for one in self.outcomes if one.headline.by in dims)
        others = [d for d in dims if d != self.telling(lever)]
        return next(iter((*known, *(name for name, _ in by.most_common()), *others)), "")

    def tiles(self, elements: tuple[str, ...]) -> tuple[Tile, ...]:
        """The grid on which these places stand; empty where none is known."""
        return self.result.names.tiles(elements)


def subject_of(result: Result, language: str) -> Subject:
    """What a report about a result is about; a model that is gone, or has changed, is missing and said to be."""
    speaker = Speaker(voice_of(result, language))
    try:
        system = opened(result)
        problem = Problem(system, result.plan)
        headlines = result.headlines or problem.headlines(result.trajectories)
        called = result.names if result.names.texts else names(system)
    except (ModelError, OSError) as error:
        return Subject(result, speaker, None, " ".join(str(error).split()))
    result = replace(result, opened=system, headlines=headlines, names=called)
    return Subject(result, Speaker(voice_of(result, language)), system)
