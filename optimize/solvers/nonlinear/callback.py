"""An evaluator as CasADi's own: a function with derivatives of both orders, and a problem for any `nlpsol`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np
from scipy.sparse import csc_array, csr_array

from sd_models.system.model import FloatArray

from ...problems.evaluator import Evaluator

Values = Callable[..., Sequence[Any]]


class External(ca.Callback):
    """A Python function of columns as a function of CasADi.

    `results` are the sparsities of what `values` gives, each a column or the entries of a matrix by column. Functions
    of CasADi for its Jacobian and its reverse sweep may be added: `jacobian` of all results by all arguments, `reverse`
    from one seed for each result, which calls `inner`. CasADi keeps none of them alive, so they are kept here.
    """

    def __init__(
        self,
        name: str,
        arguments: Mapping[str, int],
        results: Mapping[str, ca.Sparsity],
        values: Values,
        *,
        jacobian: ca.Function | None = None,
        reverse: ca.Function | None = None,
        inner: ca.Function | None = None,
    ) -> None:
        ca.Callback.__init__(self)
        self.arguments, self.results, self.values = arguments, results, values
        self.slopes, self.sweep, self.inner = jacobian, reverse, inner
        self.construct(name, {})

    def get_n_in(self) -> int:
        """As many as there are arguments."""
        return len(self.arguments)

    def get_n_out(self) -> int:
        """As many as there are results."""
        return len(self.results)

    def get_name_in(self, i: int) -> str:
        """The name of an argument."""
        return list(self.arguments)[i]

    def get_name_out(self, i: int) -> str:
        """The name of a result."""
        return list(self.results)[i]

    def get_sparsity_in(self, i: int) -> ca.Sparsity:
        """A column; an argument without entries is one that nobody looks at."""
        return ca.Sparsity.dense(list(self.arguments.values())[i], 1)

    def get_sparsity_out(self, i: int) -> ca.Sparsity:
        """Of a result."""
        return list(self.results.values())[i]

    def eval(self, arguments: Sequence[ca.DM]) -> Sequence[ca.DM]:
        """The results at a point."""
        found = self.values(*(argument.full().ravel() for argument in arguments))
        return [ca.DM(sparsity, value) for sparsity, value in zip(self.results.values(), found, strict=True)]

    def has_jacobian(self) -> bool:
        """Whether there is a function for it."""
        return self.slopes is not None

    def get_jacobian(self, *_: Any, **__: Any) -> ca.Function:
        """The function for it, of the arguments and the results."""
        assert self.slopes is not None
        return self.slopes

    def has_reverse(self, nadj: int) -> bool:
        """Whether there is a function for so many seeds."""
        return self.sweep is not None and nadj == 1

    def get_reverse(self, *_: Any, **__: Any) -> ca.Function:
        """The function for it, of the arguments, the results, and a seed for each result."""
        assert self.sweep is not None
        return self.sweep


@dataclass(frozen=True, eq=False)
class CasadiProblem:
    """A problem as `nlpsol` takes it: `problem` (x, f, g as expressions), and `sides`, what the solver is called with.

    g are the rows of levers alone, then the constraints c. `function` gives (f, c) of the levers, for expressions of
    one's own; `discrete` says of each lever whether it has to be a whole number. Keep it while it is used.
    """

    function: ca.Function
    problem: Mapping[str, ca.MX]
    sides: Mapping[str, FloatArray]
    discrete: Sequence[bool]


def casadi_problem(evaluator: Evaluator) -> CasadiProblem:
    """The evaluator's problem for any `nlpsol` of CasADi, with exact derivatives of the first and second order.

    Rows of levers alone are linear expressions, whose slopes CasADi knows; the rest is a function with derivatives. The
    Hessian of n levers costs some 2 n runs: beyond some hundreds of levers ask for a limited-memory update, for IPOPT
    by the option "ipopt.hessian_approximation": "limited-memory".

    Magnitudes as with every evaluator: `Evaluator.near` for numbers near one.

    >>> import casadi as ca
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> program = opt.assemble(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> evaluator = opt.Evaluator.near(program, program.reference + 10.0)
    >>> own = opt.casadi_problem(evaluator)
    >>> quiet = {"ipopt.print_level": 0, "ipopt.sb": "yes", "print_time": False}
    >>> solver = ca.nlpsol("solver", "ipopt", dict(own.problem), quiet)
    >>> found = solver(**own.sides)
    >>> round(evaluator.shown(found["x"].full().ravel()), 6)  # the urban share, as people see it
    0.801414
    """
    function = _values(evaluator)
    x = ca.MX.sym("x", evaluator.size)
    f, c = function(x)
    matrix = ca.DM(sparsity_of(evaluator.linear_matrix), by_column(evaluator.linear_matrix))
    rows = ca.densify(matrix @ x)  # some may name no lever at all
    sides = {
        "x0": evaluator.start,
        "lbx": evaluator.lower,
        "ubx": evaluator.upper,
        "lbg": np.append(evaluator.linear_lower, evaluator.constraint_lower),
        "ubg": np.append(evaluator.linear_upper, evaluator.constraint_upper),
    }
    whole = np.isin(np.arange(evaluator.size), evaluator.program.integers)
    return CasadiProblem(function, {"x": x, "f": f, "g": ca.vertcat(rows, c)}, sides, whole.tolist())


def _values(evaluator: Evaluator) -> External:
    """x to f and c."""
    n, count = evaluator.size, len(evaluator.constraint_upper)
    one, many, lagrangian = ca.Sparsity.scalar(), ca.Sparsity.dense(count, 1), _lagrangian(evaluator)
    slopes = External(
        "jac_values",
        {"x": n, "out_f": 1, "out_c": count},
        {"jac_f_x": ca.Sparsity.dense(1, n), "jac_c_x": sparsity_of(evaluator.jacobian_places)},
        lambda x, *_: (evaluator.gradient(x), by_column(evaluator.jacobian(x))),
    )
    return External(
        "values",
        {"x": n},
        {"f": one, "c": many},
        lambda x: (evaluator.objective(x), evaluator.constraints(x)),
        jacobian=slopes,
        reverse=_sweep(lagrangian, n, count),
        inner=lagrangian,
    )


def _sweep(lagrangian: External, n: int, count: int) -> ca.Function:
    """The reverse sweep of f and c: the slope of the Lagrangian whose multipliers are the seeds."""
    sizes = {"x": n, "out_f": 1, "out_c": count, "adj_f": 1, "adj_c": count}
    given = {name: ca.MX.sym(name, size) for name, size in sizes.items()}
    found = lagrangian(given["x"], given["adj_f"], given["adj_c"])
    return ca.Function("sweep", list(given.values()), [found], list(given), ["adj_x"])


def _lagrangian(evaluator: Evaluator) -> External:
    """The slope of share * f + multipliers * c, of x, share and multipliers."""
    n, count = evaluator.size, len(evaluator.constraint_upper)
    places = sparsity_of(evaluator.jacobian_places).T
    arguments = {"x": n, "share": 1, "multipliers": count}
    bends = External(
        "jac_lagrangian",
        {**arguments, "out_slope": n},
        {"jac_slope_x": ca.Sparsity.dense(n, n), "jac_slope_share": ca.Sparsity.dense(n, 1), "jac_slope_c": places},
        lambda x, share, multipliers, _: (
            evaluator.product(x, np.eye(n), multipliers, share=float(share[0])).ravel(order="F"),
            evaluator.gradient(x),
            evaluator.jacobian(x).data,  # by row: by column of what is transposed
        ),
    )
    return External(
        "lagrangian",
        arguments,
        {"slope": ca.Sparsity.dense(n, 1)},
        lambda x, share, multipliers: (share[0] * evaluator.gradient(x) + multipliers @ evaluator.jacobian(x),),
        jacobian=bends,
    )


def sparsity_of(matrix: csr_array) -> ca.Sparsity:
    """The places of the entries of a matrix."""
    found = csc_array(matrix)
    return ca.Sparsity(*matrix.shape, found.indptr.tolist(), found.indices.tolist())


def by_column(matrix: csr_array) -> FloatArray:
    """The entries of a matrix, column by column."""
    return np.asarray(csc_array(matrix).data)
