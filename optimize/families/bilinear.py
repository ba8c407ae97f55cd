"""Plans whose dynamics are sums and products of two, and nothing else: quadratic programs that are not convex.

- `epidemic`: susceptible and infected people (Kermack and McKendrick 1927, Proceedings of the Royal Society A 115), how
  far to keep a distance, at a cost that grows with its square, while beds last
- `two_fish`: hunters and prey that are both fished (Clark 1976, Mathematical Bioeconomics, chapter 9), by effort
- `pooled_regions`: regions that pay into a pool and are helped by it, each in its own part: products of shares, as in
  the pooling problem (Haverly 1978, ACM SIGMAP Bulletin 25)

Seeds draw constants; horizons grow with size. Of none of them an optimum is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..problems.program import Program
from ..solvers.traits import Trait
from .instance import Extent, Instance
from .stating import drawn, kept_problem, stated

FAMILY = "bilinear"
TRAITS = frozenset({Trait.QUADRATIC_ROWS, Trait.NONCONVEX, Trait.LIMITS})
SEEDS = {Extent.SMALL: 8, Extent.MEDIUM: 4, Extent.LARGE: 2}


@dataclass(frozen=True)
class Kind:
    """A folder of `models/`: periods by size, and what seeds draw."""

    periods: Mapping[Extent, int]
    ranges: Mapping[str, tuple[float, float]]


KINDS: Mapping[str, Kind] = {
    "epidemic": Kind(
        {Extent.SMALL: 20, Extent.MEDIUM: 100, Extent.LARGE: 1000},
        {
            "transmission": (1.0, 2.0),
            "recovery": (0.3, 0.6),
            "first infected": (0.002, 0.02),
            "cost of distance": (0.01, 0.2),
        },
    ),
    "two_fish": Kind(
        {Extent.SMALL: 10, Extent.MEDIUM: 50, Extent.LARGE: 500},
        {
            "growth rate": (0.6, 1.0),
            "appetite": (0.06, 0.14),
            "hunter loss": (0.1, 0.25),
            "price of hunters": (1.0, 6.0),
            "cost of boats": (0.2, 2.0),
        },
    ),
    "pooled_regions": Kind(
        {Extent.SMALL: 5, Extent.MEDIUM: 15, Extent.LARGE: 40},
        {
            "wear": (0.05, 0.12),
            "yield[East]": (0.3, 0.6),
            "yield[Central]": (0.3, 0.6),
            "yield[West]": (0.4, 0.7),
            "efficiency[West]": (0.8, 1.4),
        },
    ),
}


def program_of(name: str, periods: int, *, seed: int) -> Program:
    """The program of a seed."""
    return stated(kept_problem(name, constants=drawn(KINDS[name].ranges, seed), periods=periods), products=True)


def bilinear_plans(extent: Extent, seed: int) -> Iterator[Instance]:
    """Each kind with its seeds."""
    for name, kind in KINDS.items():
        periods = kind.periods[extent]
        for each in range(seed, seed + SEEDS[extent]):
            called = f"{name.replace('_', '-')}-{periods}"
            yield Instance(FAMILY, called, each, program_of, {"name": name, "periods": periods}, TRAITS)
