"""An evaluator in the words of others: SciPy's `minimize`, and a user-defined problem of pygmo. Neither is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.system.model import FloatArray, IndexArray

from .evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class _Takes:
    """What a method of SciPy takes: slopes, products of the second derivative, and constraints."""

    slopes: bool = True
    products: bool = False
    constraints: bool = False


METHODS: Mapping[str, _Takes] = {
    "trust-constr": _Takes(products=True, constraints=True),
    "SLSQP": _Takes(constraints=True),
    "COBYLA": _Takes(slopes=False, constraints=True),
    "COBYQA": _Takes(slopes=False, constraints=True),
    "L-BFGS-B": _Takes(),
    "TNC": _Takes(),
    "Powell": _Takes(slopes=False),
    "Nelder-Mead": _Takes(slopes=False),
}


def scipy_problem(evaluator: Evaluator, method: str = "trust-constr") -> dict[str, Any]:
    """What `scipy.optimize.minimize` is called with: function, start, slopes, bounds, constraints, and the method.

    Only what the method takes: `trust-constr` gets sparse slopes and products of second derivatives, SLSQP dense
    slopes, COBYLA and COBYQA values; methods without constraints are for programs without any. Rows of levers alone
    are a `LinearConstraint`, the others a `NonlinearConstraint`, in this order, of what there is.

    SLSQP stops by absolute changes of the objective, so give it an evaluator in magnitudes (`Evaluator.near`).

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> from scipy.optimize import minimize
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> evaluator = opt.Evaluator.near(program, program.reference + 10.0)
    >>> found = minimize(**opt.scipy_problem(evaluator, "SLSQP"), options={"maxiter": 200, "ftol": 1e-12})
    >>> round(evaluator.shown(found.x), 6)  # the urban share, as people see it
    0.801414
    """
    if method not in METHODS:
        advice = nearest(method, METHODS) or f"There are: {', '.join(METHODS)}."
        raise InvalidRequest(Fault(f"there is no method {method!r} here.", "method", advice=advice))
    takes, limits = METHODS[method], len(evaluator.linear_upper) + len(evaluator.constraint_upper)
    if limits and not takes.constraints:
        able = ", ".join(name for name, each in METHODS.items() if each.constraints)
        advice = f"These keep them: {able}."
        raise InvalidRequest(Fault(f"{method} keeps bounds only, and there are {limits} limits.", advice=advice))
    if len(evaluator.program.integers):
        raise InvalidRequest(Fault(f"{method} knows no whole numbers, and some levers have to be such."))
    return {
        "fun": evaluator.objective,
        "x0": evaluator.start,
        "method": method,
        "bounds": np.column_stack([evaluator.lower, evaluator.upper]),
        **({"constraints": _scipy_constraints(evaluator, takes)} if limits else {}),
        **({"jac": evaluator.gradient} if takes.slopes else {}),
        **({"hessp": evaluator.product} if takes.products else {}),
    }


def _scipy_constraints(evaluator: Evaluator, takes: _Takes) -> list[Any]:
    """The rows of levers alone, and the other constraints, as far as there are any."""
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    matrix = evaluator.linear_matrix if takes.products else evaluator.linear_matrix.toarray()
    linear = LinearConstraint(matrix, evaluator.linear_lower, evaluator.linear_upper)
    sides = evaluator.constraint_lower, evaluator.constraint_upper
    bent = NonlinearConstraint(evaluator.constraints, *sides, **_scipy_slopes(evaluator, takes))
    return [*([linear] if len(linear.lb) else []), *([bent] if len(bent.lb) else [])]


def _scipy_slopes(evaluator: Evaluator, takes: _Takes) -> dict[str, Any]:
    """The derivatives of the constraints in the form that a method takes."""
    if takes.products:
        return {"jac": evaluator.jacobian, "hess": lambda z, weights: _hessian(evaluator, z, weights)}
    return {"jac": lambda z: evaluator.jacobian(z).toarray()} if takes.slopes else {}


def _hessian(evaluator: Evaluator, z: FloatArray, weights: FloatArray) -> Any:
    """The second derivative of weighted constraints as something that is multiplied with."""
    from scipy.sparse.linalg import LinearOperator

    at, held = np.array(z), np.array(weights)

    def product(direction: FloatArray) -> FloatArray:
        return evaluator.product(at, np.ravel(direction), held, share=0.0)

    return LinearOperator((evaluator.size, evaluator.size), matvec=product, rmatvec=product, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PygmoProblem:
    """A user-defined problem for `pygmo.problem`, with exact gradients.

    Its fitness is the objective, then each equality as its distance from zero, then each finite side of the others as
    what must not be above zero; rows of levers alone first. Slopes are sparse in the order of `gradient_sparsity`.
    pygmo copies problems; copies share the runs that are kept.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> own = opt.PygmoProblem(opt.Evaluator(program))
    >>> own.fitness(program.reference + 10.0).round(3).tolist(), own.get_nec(), own.get_nic()  # 290 of 600 are left
    ([-0.8, -290.0, -290.0], 0, 2)
    """

    evaluator: Evaluator

    def __post_init__(self) -> None:
        own, whole = self.evaluator, self.get_nix()
        if sorted(own.program.integers.tolist()) != list(range(own.size - whole, own.size)):
            raise InvalidRequest(Fault("pygmo takes levers that have to be whole numbers as the last ones only."))

    def __deepcopy__(self, memo: dict[int, Any]) -> PygmoProblem:
        return self

    def fitness(self, z: FloatArray) -> FloatArray:
        """The objective, equalities, and inequalities."""
        own = self.evaluator
        values = np.concatenate([own.linear_matrix @ z, own.constraints(z)])
        return np.append(own.objective(z), (values[self._rows] - self._targets) * self._signs)

    def get_bounds(self) -> tuple[FloatArray, FloatArray]:
        """The least and the largest value of each lever."""
        return self.evaluator.lower, self.evaluator.upper

    def get_nec(self) -> int:
        """The number of equalities."""
        return len(self._equal)

    def get_nic(self) -> int:
        """The number of inequalities."""
        return len(self._rows) - len(self._equal)

    def get_nix(self) -> int:
        """The number of levers that have to be whole numbers, the last ones."""
        return len(self.evaluator.program.integers)

    def gradient(self, z: FloatArray) -> FloatArray:
        """The slopes of all of the fitness, where it may have any."""
        found = self._slopes(self.evaluator.jacobian(z))
        entries = found.data * np.repeat(self._signs, np.diff(found.indptr))
        return np.concatenate([self.evaluator.gradient(z), entries])

    def gradient_sparsity(self) -> IndexArray:
        """The place in the fitness and the lever (entries, 2) of each slope."""
        found = self._slopes(self.evaluator.jacobian_places)
        rows = 1 + np.repeat(np.arange(len(self._rows)), np.diff(found.indptr))
        levers = np.arange(self.evaluator.size)
        return np.column_stack(
            [np.concatenate([np.zeros_like(levers), rows]), np.concatenate([levers, found.indices.astype(np.int64)])]
        )

    def get_name(self) -> str:
        """What pygmo prints."""
        return "a program of common-prosperity"

    def _slopes(self, jacobian: csr_array) -> csr_array:
        """The slopes of the rows in the order of the fitness, without signs."""
        return csr_array(vstack([self.evaluator.linear_matrix, jacobian], format="csr")[self._rows])

    @cached_property
    def _sides(self) -> tuple[FloatArray, FloatArray]:
        own = self.evaluator
        lower = np.concatenate([own.linear_lower, own.constraint_lower])
        return lower, np.concatenate([own.linear_upper, own.constraint_upper])

    @cached_property
    def _equal(self) -> IndexArray:
        return np.flatnonzero(self._sides[0] == self._sides[1])

    @cached_property
    def _parts(self) -> tuple[IndexArray, IndexArray]:
        """The rows whose upper side, and those whose lower side, are inequalities."""
        lower, upper = self._sides
        return np.flatnonzero(np.isfinite(upper) & (lower < upper)), np.flatnonzero(
            np.isfinite(lower) & (lower < upper)
        )

    @cached_property
    def _rows(self) -> IndexArray:
        return np.concatenate([self._equal, *self._parts])

    @cached_property
    def _targets(self) -> FloatArray:
        (lower, upper), (above, below) = self._sides, self._parts
        return np.concatenate([upper[self._equal], upper[above], lower[below]])

    @cached_property
    def _signs(self) -> FloatArray:
        """-1 where a row must not be below its side."""
        return np.where(np.arange(len(self._rows)) < len(self._rows) - len(self._parts[1]), 1.0, -1.0)
