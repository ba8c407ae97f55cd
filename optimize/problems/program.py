"""A program: a problem as any solver sees it, arrays and what only a run can tell.

    minimize    c'x + d'y + e
    subject to  lower <= x <= upper
                row_lower <= A x + B y <= row_upper
                1/2 z'Q z + a'z <= b   with z = (x, y), for each convex quadratic constraint
                y = y(x), the outcomes of x

x are the levers, n numbers; y the outcomes, m numbers, which an `Outcomes` computes with their derivatives: a compiled
model, or anybody's functions. A program knows no model and no plan. Maximization has its signs turned, so that every
solver minimizes.

A program written by hand, two levers whose product is to be as large as possible while they add up to 4 at most:

>>> import numpy as np
>>> from scipy.sparse import csr_array
>>> from optimize.problems.program import Evaluation, Program
>>> class Product:
...     def evaluate(self, x):
...         return Evaluation(x, np.array([x[0] * x[1]]))
...     def gradients(self, at, chosen):
...         return np.array([[at.x[1], at.x[0]]])[chosen]
...     def pullback(self, at, weights):
...         return weights @ self.gradients(at, np.arange(1))
...     def products(self, at, weights, directions):
...         return weights[0] * directions[:, ::-1]
>>> program = Program(
...     outcomes=Product(),
...     sign=-1.0,
...     lever_cost=np.zeros(2),
...     outcome_cost=np.array([-1.0]),
...     lower=np.zeros(2),
...     upper=np.full(2, 10.0),
...     lever_rows=csr_array(np.ones((1, 2))),
...     outcome_rows=csr_array((1, 1)),
...     row_lower=np.array([-np.inf]),
...     row_upper=np.array([4.0]),
... )
>>> at = program.evaluate(np.array([1.0, 3.0]))
>>> float(program.cost(at.x, at.y)), program.rows(at.x, at.y).tolist()
(-3.0, [4.0])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy.sparse import csr_array

from sd_models.system.model import FloatArray, IndexArray

NO_NUMBERS: FloatArray = np.zeros(0)
NO_PLACES: IndexArray = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The outcomes y (m) of levers x (n); `outputs` is what the `Outcomes` keep of the run behind them.

    >>> import numpy as np
    >>> import optimize as opt
    >>> opt.Evaluation(x=np.zeros(2), y=np.array([np.nan])).is_finite
    False
    """

    x: FloatArray
    y: FloatArray
    outputs: FloatArray = field(default_factory=lambda: NO_NUMBERS)

    @property
    def is_finite(self) -> bool:
        """Whether the run stayed among the numbers."""
        return bool(np.isfinite(self.y).all())


class Outcomes(Protocol):
    """The outcomes y(x) of levers and their exact derivatives, in the units of levers and outcomes.

    The square of one lever:

    >>> import numpy as np
    >>> import optimize as opt
    >>> class Square:
    ...     def evaluate(self, x):
    ...         return opt.Evaluation(x, x**2)
    ...     def gradients(self, at, chosen):
    ...         return np.diag(2 * at.x)[chosen]
    ...     def pullback(self, at, weights):
    ...         return 2 * at.x * weights
    ...     def products(self, at, weights, directions):
    ...         return 2 * weights * directions
    >>> outcomes: opt.Outcomes = Square()
    >>> outcomes.pullback(outcomes.evaluate(np.array([3.0])), np.array([1.0])).tolist()
    [6.0]
    """

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The outcomes (m) of levers (n); NaN or infinite where there are none. Raises nothing."""

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """The gradients (chosen outcomes, n) at an evaluation."""

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The gradient (n) of the sum of all outcomes times their weights (m)."""

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """The second derivative of the sum of all outcomes times their weights (m), times each direction (k, n)."""


@runtime_checkable
class LocalOutcomes(Protocol):
    """Outcomes that also know what elements of a dimension, such as regions, do to themselves alone."""

    def local_products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray | None:
        """Second derivatives times directions as `products`, with what elements do to each other held; or None."""


@dataclass(frozen=True, eq=False)
class Block:
    """Levers that are decided together: `numbers` (paths, periods) are their places in x.

    A path is one lever over time; `places` gives the position of each path along dimensions by name: regions, say.

    >>> import numpy as np
    >>> import optimize as opt
    >>> opt.Block("catch", numbers=np.arange(6).reshape(2, 3), places={"sea": np.array([0, 1])}).columns.tolist()
    [0, 1, 2, 3, 4, 5]
    """

    name: str
    numbers: IndexArray
    places: Mapping[str, IndexArray] = field(default_factory=dict)

    @cached_property
    def columns(self) -> IndexArray:
        """The places of all its levers in x."""
        return self.numbers.ravel()


@dataclass(frozen=True, eq=False)
class Quadratic:
    """A constraint 1/2 z'Q z + a'z <= b with z = (x, y): `matrix` is Q, symmetric and positive semidefinite.

    >>> import numpy as np
    >>> import optimize as opt
    >>> from scipy.sparse import csr_array
    >>> circle = opt.Quadratic("circle", matrix=csr_array(2 * np.eye(2)), vector=np.zeros(2), bound=1.0)
    >>> circle.excess(np.array([1.0, 2.0]))
    4.0
    """

    name: str
    matrix: csr_array
    vector: FloatArray
    bound: float

    def slope(self, z: FloatArray) -> FloatArray:
        """The gradient of the left side."""
        return np.asarray(self.matrix @ z + self.vector)

    def excess(self, z: FloatArray) -> float:
        """By how much the left side is above the bound."""
        return float(0.5 * z @ (self.matrix @ z) + self.vector @ z) - self.bound


@dataclass
class Counts:
    """How often outcomes were evaluated, how many gradients and products of second derivatives were taken."""

    simulations: int = 0
    gradients: int = 0
    products: int = 0


def _nobody(_: Evaluation) -> None:
    """Nobody looks on."""


def _unknown(_: FloatArray) -> str:
    return "an outcome is no number."


@dataclass(frozen=True, eq=False)
class Program:
    """Costs, bounds and rows (shapes with n levers, m outcomes, r rows), and what computes the outcomes.

    `lever_cost` is c (n), `outcome_cost` d (m), `constant` e; `lever_rows` A (r, n), `outcome_rows` B (r, m); sides
    that are not there are infinite. `sign` is -1 where what people see is maximized: sign * cost is in their direction.
    `row_names` has a name for each row.

    What is measured, and where a search begins, leans on four more: `reference` (n), levers that changes are counted
    from; `amounts` (r), the size of what each row is held to; `peaks` (m), a size of each outcome where its own value
    is none; `blocks`, levers that are of one kind. All have defaults: zeros within the bounds, the sizes of the sides,
    zeros, and one block.

    `equations` gives the same program with all that a run computes as equations: a Pyomo model that is started at the
    levers it is called with (n), whose `levers` are x in their order, and whose one objective is in the direction that
    people see. None where nobody can state them. `integers` are the places of the levers that have to be whole
    numbers; few solvers know such.

    `pulls` (n) are given where the outcomes are smooth stand-ins for kinked ones: what pulls at each lever in the exact
    program. Slopes are held against these, since the curvature of a stand-in says how narrow it is, and nothing else.

    Every evaluation passes through the program, which counts it and tells it to `notice`. `complaint` says in words why
    levers have no outcomes.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> own = program.evaluate(program.reference)  # the run of the model as it is
    >>> program.rows(own.x, own.y).tolist()  # nothing is spent of the budget
    [0.0, 0.0]
    """

    outcomes: Outcomes
    lever_cost: FloatArray
    outcome_cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    lever_rows: csr_array
    outcome_rows: csr_array
    row_lower: FloatArray
    row_upper: FloatArray
    constant: float = 0.0
    sign: float = 1.0
    quadratics: tuple[Quadratic, ...] = ()
    row_names: tuple[str, ...] = ()
    reference: FloatArray = field(default_factory=lambda: NO_NUMBERS)
    amounts: FloatArray = field(default_factory=lambda: NO_NUMBERS)
    peaks: FloatArray = field(default_factory=lambda: NO_NUMBERS)
    blocks: tuple[Block, ...] = ()
    pulls: FloatArray = field(default_factory=lambda: NO_NUMBERS)
    equations: Callable[[FloatArray], Any] | None = None
    integers: IndexArray = field(default_factory=lambda: NO_PLACES)
    notice: Callable[[Evaluation], None] = _nobody
    complaint: Callable[[FloatArray], str] = _unknown
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        n, m, r = len(self.lever_cost), len(self.outcome_cost), len(self.row_lower)
        self._check(n, m, r)
        defaults: dict[str, Any] = {
            "row_names": tuple(f"row {i + 1}" for i in range(r)),
            "reference": np.clip(np.zeros(n), self.lower, self.upper),
            "amounts": self._sides(),
            "peaks": np.zeros(m),
            "blocks": (Block("levers", np.arange(n)[:, np.newaxis]),),
        }
        for name, value in defaults.items():
            if not len(getattr(self, name)):
                object.__setattr__(self, name, value)

    def _check(self, n: int, m: int, r: int) -> None:
        """ValueError where an array has another shape than the others ask for."""
        expected: dict[str, tuple[int, ...]] = {
            **{"lower": (n,), "upper": (n,), "row_upper": (r,), "lever_rows": (r, n), "outcome_rows": (r, m)},
            **({"reference": (n,)} if len(self.reference) else {}),
            **({"amounts": (r,)} if len(self.amounts) else {}),
            **({"peaks": (m,)} if len(self.peaks) else {}),
        }
        wrong = [
            f"{name} has the shape {getattr(self, name).shape}, expected {shape}"
            for name, shape in expected.items()
            if getattr(self, name).shape != shape
        ]
        if wrong:
            raise ValueError(f"{n} levers, {m} outcomes and {r} rows: {'; '.join(wrong)}.")

    def _sides(self) -> FloatArray:
        """The larger of the finite sides of each row."""
        sides = np.abs([self.row_lower, self.row_upper])
        return np.asarray(np.where(np.isfinite(sides), sides, 0.0).max(axis=0, initial=0.0))

    # --- values ---------------------------------------------------------------------------------------------------

    def cost(self, x: FloatArray, y: FloatArray) -> float:
        """What is minimized."""
        with np.errstate(invalid="ignore"):
            return float(self.lever_cost @ x + self.outcome_cost @ y) + self.constant

    def rows(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The values of the rows."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.lever_rows @ x + self.outcome_rows @ y)

    @cached_property
    def absolute_rows(self) -> tuple[csr_array, csr_array]:
        """A and B without signs, which every point's violation is measured by."""
        return abs(self.lever_rows), abs(self.outcome_rows)

    @cached_property
    def origin(self) -> Evaluation:
        """The reference levers and their outcomes; nobody is told of it."""
        self.counts.simulations += 1
        return self.outcomes.evaluate(self.reference)

    # --- outcomes -------------------------------------------------------------------------------------------------

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The outcomes of levers, some NaN or infinite where the run leaves the numbers."""
        self.counts.simulations += 1
        found = self.outcomes.evaluate(x)
        if found.is_finite:
            self.notice(found)
        return found

    def gradients(self, at: Evaluation, chosen: IndexArray) -> FloatArray:
        """The gradients (chosen outcomes, n)."""
        self.counts.gradients += len(chosen)
        return self.outcomes.gradients(at, chosen) if len(chosen) else np.zeros((0, len(at.x)))

    def pullback(self, at: Evaluation, weights: FloatArray) -> FloatArray:
        """The gradient (n) of the sum of all outcomes times their weights (m)."""
        if not weights.any():
            return np.zeros(len(at.x))
        self.counts.gradients += 1
        return self.outcomes.pullback(at, weights)

    def products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray:
        """The second derivative of the sum of all outcomes times their weights (m), times each direction (k, n)."""
        if not weights.any() or not len(directions):
            return np.zeros(directions.shape)
        self.counts.products += len(directions)
        return self.outcomes.products(at, weights, directions)

    def local_products(self, at: Evaluation, weights: FloatArray, directions: FloatArray) -> FloatArray | None:
        """The same with what elements of a dimension do to each other held, so that a direction tells of all of them
        at once; None where that is not known."""
        if not isinstance(self.outcomes, LocalOutcomes) or self.quadratics:
            return None
        if not weights.any() or not len(directions):
            return np.zeros(directions.shape)
        self.counts.products += len(directions)
        return self.outcomes.local_products(at, weights, directions)
