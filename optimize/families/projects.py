"""Project selection: which measures to begin where, and when, if beginning costs something once and for all.

A project is a measure in a region. Begun in a year, it takes a fixed cost then, and from there on between a least and a
most amount a year. What a yuan brings is the exact gradient of the flagship's welfare at the even split, as in the
master problem; all projects of a year share the budget; every measure gets one project at least, which budgets allow
whatever is drawn. With z[p, s] = 1 where project p begins in year s, and x[p, t] what it takes in year t:

    maximize  sum of g[p, t] x[p, t]
    least * sum of z[p, s] to t <= x[p, t] <= most * sum of z[p, s] to t;  sum over s of z[p, s] <= 1
    sum over p of x[p, t] + fixed[p] z[p, t] <= budget[t]

It is the fixed-charge capacity problem (Balinski 1961, Fixed-cost transportation problems, Naval Research Logistics
Quarterly 8) with times to begin. Seeds draw budgets, amounts and fixed costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.sparse import coo_array, csr_array

from sd_models.system.model import FloatArray, IndexArray

from ..problems.program import Program
from ..solvers.traits import Trait
from .arrays import Numbers
from .instance import Extent, Instance
from .master import linearized
from .policy import Shape

FAMILY = "project selection"
SHAPES: Mapping[Extent, tuple[tuple[Shape, int], ...]] = {
    Extent.SMALL: ((Shape(4, 2, 5), 8), (Shape(4, 4, 5), 8), (Shape(4, 4, 10), 4)),
    Extent.MEDIUM: ((Shape(4, 4, 25), 3), (Shape(31, 1, 5), 3), (Shape(31, 4, 5), 2)),
    Extent.LARGE: ((Shape(31, 4, 10), 2),),
}


def numbers_of(shape: Shape, seed: int) -> Numbers:
    """The choice of projects; first all z, then all x, each by project and year."""
    program, at, slopes = linearized(shape, 0)
    (block,) = program.blocks
    projects, years = block.numbers.shape
    worth = (program.sign * (program.lever_cost + program.outcome_cost @ slopes))[block.numbers]
    split = float(at.x[block.numbers].mean())
    draw = np.random.default_rng(seed)
    most = np.asarray(split * draw.uniform(1.0, 3.0, projects))
    least = np.asarray(most * draw.uniform(0.1, 0.3, projects))
    fixed = np.asarray(most * draw.uniform(0.2, 1.0, projects))
    budget = split * projects * draw.uniform(0.6, 1.0) * np.linspace(1.0, draw.uniform(1.0, 2.0), years)
    rows = _Rows(projects, years)
    rows.amounts(least, most)
    for project in range(projects):
        rows.add(rows.begins[project], np.ones(years), 0.0, 1.0, "one beginning")
    for year in range(years):
        columns = np.concatenate([rows.takes[:, year], rows.begins[:, year]])
        rows.add(columns, np.concatenate([np.ones(projects), fixed]), -np.inf, float(budget[year]), "budget")
    measures = block.places["measure"]
    for measure in np.unique(measures):
        columns = rows.begins[measures == measure].ravel()
        rows.add(columns, np.ones(len(columns)), 1.0, np.inf, "one project")
    count = projects * years
    return Numbers(
        cost=np.concatenate([np.zeros(count), worth.ravel()]),
        lower=np.zeros(2 * count),
        upper=np.concatenate([np.ones(count), np.repeat(most, years)]),
        integers=np.arange(count),
        maximize=True,
        names=(*_names("begin", projects, years), *_names("take", projects, years)),
        matrix=rows.matrix,
        row_lower=np.array([lower for lower, _ in rows.sides]),
        row_upper=np.array([upper for _, upper in rows.sides]),
        row_names=tuple(rows.names),
    )


def _names(word: str, projects: int, years: int) -> Iterator[str]:
    return (f"{word} {project + 1} {year + 1}" for project in range(projects) for year in range(years))


class _Rows:
    """Rows of the problem as they are added."""

    def __init__(self, projects: int, years: int) -> None:
        self.begins: IndexArray = np.arange(projects * years, dtype=np.int64).reshape(projects, years)
        self.takes: IndexArray = self.begins + projects * years
        self.parts: list[tuple[IndexArray, FloatArray]] = []
        self.sides: list[tuple[float, float]] = []
        self.names: list[str] = []

    def add(self, columns: IndexArray, values: FloatArray, lower: float, upper: float, name: str) -> None:
        """One more."""
        self.parts.append((columns, values))
        self.sides.append((lower, upper))
        self.names.append(name)

    def amounts(self, least: FloatArray, most: FloatArray) -> None:
        """What a project takes only where it has begun."""
        for project, year in np.ndindex(self.begins.shape):
            columns = np.append(self.begins[project, : year + 1], self.takes[project, year])
            for amount, lower, upper, name in (
                (least[project], 0.0, np.inf, "least amount"),
                (most[project], -np.inf, 0.0, "most amount"),
            ):
                self.add(columns, np.append(np.full(year + 1, -amount), 1.0), lower, upper, name)

    @property
    def matrix(self) -> csr_array:
        """The coefficients."""
        at = np.repeat(np.arange(len(self.parts)), [len(columns) for columns, _ in self.parts])
        columns, values = (np.concatenate(each) for each in zip(*self.parts, strict=True))
        return csr_array(coo_array((values, (at, columns)), shape=(len(self.parts), 2 * self.begins.size)))


def program_of(shape: Shape, *, seed: int) -> Program:
    """The choice as every solver sees it."""
    return numbers_of(shape, seed).program()


def selections(extent: Extent, seed: int) -> Iterator[Instance]:
    """All sizes with their seeds."""
    traits = frozenset({Trait.LIMITS, Trait.INTEGERS})
    for shape, count in SHAPES[extent]:
        for each in range(seed, seed + count):
            yield Instance(FAMILY, f"projects-{shape.name}", each, program_of, {"shape": shape}, traits)
