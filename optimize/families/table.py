"""The table of problem families, and their instances by name, size and seed.

Adding a family is a module with a function `(extent, seed) -> instances` and a row here; the conformance test walks
the table and says what was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sd_models.errors import Fault, InvalidRequest, nearest

from . import bilinear, climate, known_optima, master, policy, projects, tables, traps
from .instance import Extent, Instance


@dataclass(frozen=True)
class Family:
    """A family: what it is in a sentence, where its formulas come from, and its instances of a size, from a seed on."""

    name: str
    about: str
    sources: str
    make: Callable[[Extent, int], Iterator[Instance]]


ROWS = (
    Family(
        policy.FAMILY,
        "who should get how much, for what, in which year: the flagship and a small library model",
        "sd_models/common_prosperity/README.md, sd_models/urbanization/README.md",
        policy.policies,
    ),
    Family(
        known_optima.FAMILY,
        "small dynamic problems whose optimum is known in closed form for the equations as they are stepped",
        "the docstring of each closed form in optimize/families/known_optima.py",
        known_optima.known_optima,
    ),
    Family(
        climate.FAMILY,
        "DICE-2016R and DICE-2023: how much of the world's emissions to avoid, how much to save",
        "Nordhaus (2017), PNAS 114(7); Barrage and Nordhaus (2024), PNAS 121(13); see optimize/families/climate.py",
        climate.climates,
    ),
    Family(
        master.FAMILY,
        "one linear or concave quadratic master problem of the flagship at a policy, by exact gradients",
        "optimize/families/master.py",
        master.masters,
    ),
    Family(
        projects.FAMILY,
        "measures that have to be begun before they take anything: which, where and when",
        "Balinski (1961), Naval Research Logistics Quarterly 8; see optimize/families/projects.py",
        projects.selections,
    ),
    Family(
        tables.FAMILY,
        "effects that are tables, minima and maxima, all else linear: with kinks, and exactly with whole numbers",
        "Vielma, Ahmed and Nemhauser (2010), Operations Research 58(2); see optimize/families/tables.py",
        tables.tabled,
    ),
    Family(
        bilinear.FAMILY,
        "dynamics of products of two: an epidemic, two species of fish, regions with a pool",
        "Kermack and McKendrick (1927), Clark (1976), Haverly (1978); see optimize/families/bilinear.py",
        bilinear.bilinear_plans,
    ),
    Family(
        traps.FAMILY,
        "small problems on which solvers were seen wrong, infeasible and unbounded ones, their truth known",
        "each in optimize/families/traps.py",
        traps.traps,
    ),
)
FAMILIES: Mapping[str, Family] = {row.name: row for row in ROWS}


def instances(names: Iterable[str] = tuple(FAMILIES), *, size: str = "small", seed: int = 0) -> tuple[Instance, ...]:
    """The instances of families, by default of all, with `size` small, medium or large; nothing is built.

    Seeds count from `seed`; another one gives other instances wherever seeds draw anything. InvalidRequest for a
    family or a size that there is none of.

    >>> small = instances(["policy"])
    >>> small[0].key
    'one-m1-y10-0'
    """
    if size not in list(Extent):
        raise InvalidRequest(Fault(f"there is no size {size!r}.", advice=f"There are: {', '.join(Extent)}."))
    chosen = list(dict.fromkeys(names))
    if unknown := [name for name in chosen if name not in FAMILIES]:
        raise InvalidRequest([_unknown(name) for name in unknown])
    return tuple(one for name in chosen for one in FAMILIES[name].make(Extent(size), seed))


def _unknown(name: str) -> Fault:
    advice = nearest(name, FAMILIES) or f"There are: {', '.join(FAMILIES)}."
    return Fault(f"there is no family {name!r}.", advice=advice)
