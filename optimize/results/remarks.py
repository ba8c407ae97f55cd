"""What there is to say of a plan before anything is solved: units that differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from sd_models.system.model import System

from ..plans.plan import Plan
from ..plans.units import unit_clashes
from .words import WORDS


def unit_remarks(plan: Plan, system: System) -> Iterator[str]:
    """A note for each two parts of a plan whose numbers are held against each other in different units."""
    for clash in unit_clashes(plan, system):
        yield WORDS.say("note_units", **asdict(clash))
