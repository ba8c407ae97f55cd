"""The climate and the economy of the world: how much of the emissions to avoid, how much to save.

`models/dice2016` states the equations and numbers of DICE-2016R: Nordhaus (2017), "Revisiting the social cost of
carbon", PNAS 114(7), and his program DICE2016R-091916ap.gms. A step is one period of five years, so that the program's
difference equations are Euler's; where it reads the forcing of the next period, the model has it as an auxiliary. The
saving rate is at most .9, where the program holds consumption above 2 instead; neither binds.

The optimum at the published numbers is 4517.3146811528 by the tests of DICE.jl (github.com/Libbum/DICE.jl, 2016R beta,
optimal price), and 4517.3146811 by the same equations stated apart from us in CasADi and solved by IPOPT to 1e-12; the
figure 4517.314683 that is quoted too is 4e-10 more, within the tolerances of a solver.

`models/dice2023` states DICE-2023: Barrage and Nordhaus (2024), PNAS 121(13), and their program DICE2023-b-4-3-10.gms
with its climate FAIR, whose speed of decay is the solution of an equation: here a lever that a limit holds to it. Its
optimum was computed by the same equations stated apart from us in CasADi; its emissions and control rates are those of
the manual to all digits that are printed there.

Seeds draw tastes, sensitivity and damages; shorter horizons of DICE-2016R save at the long run's rate in their last ten
periods. Of these nothing is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..problems.problem import Problem
from ..problems.program import Program
from ..solvers.traits import Trait
from .instance import Extent, Instance
from .stating import drawn, kept_problem, stated

FAMILY = "climate"
WHOLE, WHOLE_2023 = 100, 81  # periods of the published models
PUBLISHED, COMPUTED = 4517.3146811528, 6659.4768364
TRAITS = frozenset({Trait.CURVED, Trait.NONCONVEX, Trait.LIMITS})


@dataclass(frozen=True)
class Kind:
    """A folder of `models/`: its horizons with their numbers of seeds, what these draw, and what is known of the whole.

    `last` is the constant that says how many periods there are, where the model has one.
    """

    whole: int
    periods: Mapping[Extent, tuple[tuple[int, int], ...]]
    ranges: Mapping[str, tuple[float, float]]
    traits: frozenset[Trait]
    known: float
    source: str
    last: str = ""


KINDS: Mapping[str, Kind] = {
    "dice2016": Kind(
        WHOLE,
        {Extent.SMALL: ((20, 4), (40, 4), (WHOLE, 3)), Extent.MEDIUM: ((WHOLE, 10),), Extent.LARGE: ()},
        {
            "time preference": (0.005, 0.03),
            "elasticity of marginal utility": (1.1, 2.0),
            "climate sensitivity": (2.0, 4.5),
            "damage coefficient": (0.001, 0.008),
        },
        TRAITS,
        PUBLISHED,
        "published: tests of DICE.jl (github.com/Libbum/DICE.jl), 2016R beta, optimal price",
        "number of periods",
    ),
    "dice2023": Kind(
        WHOLE_2023,
        {Extent.SMALL: ((20, 3), (WHOLE_2023, 1)), Extent.MEDIUM: ((WHOLE_2023, 6),), Extent.LARGE: ()},
        {
            "time preference": (0.0005, 0.02),
            "elasticity of marginal utility": (1.1, 1.8),
            "damage coefficient": (0.002, 0.01),
        },
        TRAITS | {Trait.EQUALITIES},
        COMPUTED,
        "computed: the published equations stated apart in CasADi, solved by IPOPT to 1e-11",
    ),
}


def problem_of(name: str, periods: int, seed: int) -> Problem:
    """A model and its plan with so many periods and the numbers of a seed."""
    kind = KINDS[name]
    constants = {**drawn(kind.ranges, seed), **({kind.last: float(periods)} if kind.last else {})}
    return kept_problem(name, constants=constants, periods=periods)


def program_of(name: str, periods: int, *, seed: int) -> Program:
    """The same as a program."""
    return stated(problem_of(name, periods, seed))


def climates(extent: Extent, seed: int) -> Iterator[Instance]:
    """Both models, horizons with their seeds."""
    for name, kind in KINDS.items():
        for periods, count in kind.periods[extent]:
            for each in range(seed, seed + count):
                is_known = periods == kind.whole and not each
                yield Instance(
                    FAMILY,
                    f"{name}-{periods}",
                    each,
                    program_of,
                    {"name": name, "periods": periods},
                    kind.traits,
                    known=kind.known if is_known else None,
                    source=kind.source if is_known else "",
                )
