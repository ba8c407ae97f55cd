"""The climate and the economy of the world: how much of the emissions to avoid, how much to save.

`models/dice2016` states the equations and numbers of DICE-2016R: Nordhaus (2017), "Revisiting the social cost of
carbon", PNAS 114(7), and his program DICE2016R-091916ap.gms. A step is one period of five years, so that the program's
difference equations are Euler's; where it reads the forcing of the next period, the model has it as an auxiliary. The
saving rate is at most .9, where the program holds consumption above 2 instead; neither binds.

The optimum at the published numbers is 4517.3146811528 by the tests of DICE.jl (github.com/Libbum/DICE.jl, 2016R beta,
optimal price), and 4517.3146811 by the same equations stated apart from us in CasADi and solved by IPOPT to 1e-12; the
figure 4517.314683 that is quoted too is 4e-10 more, within the tolerances of a solver. Seeds draw tastes, sensitivity
and damages, and shorter horizons save at the long run's rate in their last ten periods; of these nothing is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..problems.problem import Problem
from ..problems.program import Program
from ..solvers.traits import Trait
from .instance import Extent, Instance
from .stating import drawn, kept_problem, stated

FAMILY = "climate"
WHOLE = 100  # periods of the published model
PUBLISHED = 4517.3146811528
SOURCE = "published: tests of DICE.jl (github.com/Libbum/DICE.jl), 2016R beta, optimal price"
RANGES: Mapping[str, tuple[float, float]] = {
    "time preference": (0.005, 0.03),
    "elasticity of marginal utility": (1.1, 2.0),
    "climate sensitivity": (2.0, 4.5),
    "damage coefficient": (0.001, 0.008),
}
TRAITS = frozenset({Trait.CURVED, Trait.NONCONVEX, Trait.LIMITS})
PERIODS: Mapping[Extent, tuple[tuple[int, int], ...]] = {  # with the number of seeds
    Extent.SMALL: ((20, 4), (40, 4), (WHOLE, 3)),
    Extent.MEDIUM: ((WHOLE, 10),),
    Extent.LARGE: (),
}


def problem_of(periods: int, seed: int) -> Problem:
    """The model and its plan with so many periods and the numbers of a seed."""
    constants = {**drawn(RANGES, seed), "number of periods": float(periods)}
    return kept_problem("dice2016", constants=constants, periods=periods)


def program_of(periods: int, *, seed: int) -> Program:
    """The same as a program."""
    return stated(problem_of(periods, seed))


def climates(extent: Extent, seed: int) -> Iterator[Instance]:
    """Horizons with their seeds."""
    for periods, count in PERIODS[extent]:
        for each in range(seed, seed + count):
            is_published = periods == WHOLE and not each
            yield Instance(
                FAMILY,
                f"dice2016-{periods}",
                each,
                program_of,
                {"periods": periods},
                TRAITS,
                known=PUBLISHED if is_published else None,
                source=SOURCE if is_published else "",
            )
