"""Plans whose effects are piecewise-linear tables, minima and maxima, while all else is linear.

`models/services` spends a budget on three services: one with falling returns, one that has to be whole before it is
worth much, one that is worth nothing beyond its need; too much of all is crowded. Each seed is there twice: `kinks`
states tables, minimum and maximum by absolute values, `integers` with whole numbers, so that it is a mixed-integer
linear program and the same problem exactly (forms: Vielma, Ahmed and Nemhauser 2010, Operations Research 58(2)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..problems.program import Program
from ..solvers.traits import Trait
from ..transcription.exact import Kinks
from .instance import Extent, Instance
from .stating import drawn, kept_problem, stated

FAMILY = "tables"
RANGES: Mapping[str, tuple[float, float]] = {
    "need of schools": (3.0, 6.0),
    "need of roads": (3.0, 6.0),
    "need of clinics": (2.0, 4.0),
    "worth of schools": (0.6, 1.5),
    "worth of roads": (0.8, 2.0),
    "worth of clinics": (0.5, 1.2),
    "room": (8.0, 14.0),
    "cost of crowding": (0.1, 0.5),
}
FORMS: Mapping[str, tuple[Kinks, Trait]] = {
    "kinks": ("absolute", Trait.KINKS),
    "integers": ("integers", Trait.INTEGERS),
}
PERIODS: Mapping[Extent, tuple[tuple[int, int], ...]] = {  # with the number of seeds
    Extent.SMALL: ((3, 6), (5, 6)),
    Extent.MEDIUM: ((8, 6), (12, 4)),
    Extent.LARGE: ((40, 3),),
}


def program_of(periods: int, form: str, *, seed: int) -> Program:
    """The program of a seed, with its equations in a form."""
    problem = kept_problem("services", constants=drawn(RANGES, seed), periods=periods)
    return stated(problem, kinks=FORMS[form][0])


def tabled(extent: Extent, seed: int) -> Iterator[Instance]:
    """Horizons, forms and seeds."""
    for periods, count in PERIODS[extent]:
        for form, (_, trait) in FORMS.items():
            for each in range(seed, seed + count):
                parameters = {"periods": periods, "form": form}
                traits = frozenset({Trait.LIMITS, trait})
                yield Instance(FAMILY, f"services-{form}-{periods}", each, program_of, parameters, traits)
