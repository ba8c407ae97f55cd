"""What of a run is shown on the command line: headlines of the model first, as people call them and in their units.

A name that somebody writes is one of the model's or one of a headline, as `optimize` prints it. Spelt exactly it is
what it spells; where only capitals differ the model's own name goes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import xarray as xr

from sd_models.system.model import System, key

from ..files.names import Part, part_label
from ..headlines.headline import Headline, headlines
from ..runs.selection import MOST_ROWS, selected, telling


@dataclass(frozen=True)
class Outlook:
    """The headlines of a model, none of one that is read by PySD alone."""

    system: System | None

    @property
    def headlines(self) -> tuple[Headline, ...]:
        """The headlines."""
        return () if self.system is None else headlines(self.system)

    def part(self, text: str) -> tuple[Part, Headline | None]:
        """What a text names, and the headline by whose name it does."""
        part = Part.of(text)
        known = () if self.system is None or text.strip() in self.system.variables else self.headlines
        for spelt in (str, key):
            own = () if self.system is None else map(spelt, self.system.variables)
            if spelt(part.name) in own:
                return part, None
            told = [one for one in known if spelt(part.name) in (spelt(one.english), spelt(one.chinese))]
            if told:
                found = next((one for one in told if bool(one.by) == bool(part.elements)), told[0])
                return Part(found.variable, part.elements), found
        return part, None

    def asked(self, run: xr.Dataset, texts: Sequence[str]) -> list[xr.DataArray]:
        """The parts of a run that somebody names."""
        return [_told(run, *self.part(text)) for text in texts]

    def first(self, run: xr.Dataset) -> list[xr.DataArray]:
        """The headlines of all together, or of regions where there are no others; without headlines what tells most."""
        here = [one for one in self.headlines if one.variable in run]
        chosen = [one for one in here if not one.by] or here
        if not chosen:
            return selected(run, [Part(name) for name in telling(self.system, run)])
        return [_told(run, Part(one.variable), one) for one in chosen[:MOST_ROWS]]

    def names(self, texts: Sequence[str]) -> Iterator[str]:
        """The variables that texts name."""
        return (self.part(text)[0].name for text in texts)


def _told(run: xr.Dataset, part: Part, headline: Headline | None) -> xr.DataArray:
    """A part of a run; that of a headline with its name, in its unit."""
    (values,) = selected(run, [part])
    if headline is None:
        return values
    told = {**values.attrs, "units": headline.unit, "variable": headline.english}
    return (values * headline.factor).rename(part_label(headline.english, part.elements)).assign_attrs(told)
