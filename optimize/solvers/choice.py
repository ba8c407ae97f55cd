"""The table of solvers, by the names that plans and the command line use: a row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from sd_models.errors import Fault, InvalidRequest, nearest_or_some

from .rows import Limit, NotAccepted, Row, Works, refusal
from .solver import Solver
from .traits import Trait

OPTIONS = ("tolerance", "iterations", "time_limit", "seed")
EVERYTHING = frozenset(Trait)
# What moves on runs takes all but whole numbers; that which has no equations of limits, no equalities.
ON_RUNS = EVERYTHING - {Trait.INTEGERS}
DRAWN = EVERYTHING - {Trait.EQUALITIES}
# What reads equations needs them.
STATED = EVERYTHING - {Trait.BLACK_BOX}
SMOOTH = STATED - {Trait.KINKS, Trait.INTEGERS}
QUADRATIC = SMOOTH - {Trait.CURVED}
CONVEX = QUADRATIC - {Trait.QUADRATIC_ROWS, Trait.NONCONVEX}
LINEAR = CONVEX - {Trait.QUADRATIC_OBJECTIVE}
LGPL = "LGPL-3.0"


def _rows() -> Iterator[Row]:
    yield from _ours()
    yield from _on_runs()
    yield from _by_casadi()
    yield from _by_pyomo()


def _ours() -> Iterator[Row]:
    about = "sequential quadratic programming on runs of the model, with exact derivatives"
    yield Row("sqp", "sequential.sqp", "Sqp", about, Works.ON_LEVERS, ON_RUNS, "MIT")
    about = "IPOPT on the equations of all steps, or on runs"
    needs, licence = ("casadi",), "EPL-2.0"
    yield Row("ipopt", "nonlinear.ipopt", "Ipopt", about, Works.ON_LEVERS, ON_RUNS, licence, "casadi", needs)


def _on_runs() -> Iterator[Row]:
    methods = (
        ("slsqp", "sequential least squares with exact slopes (Kraft 1988)", ON_RUNS, True),
        ("trust-constr", "trust regions and barriers, with exact second derivatives", ON_RUNS, True),
        ("powell", "searches along lines; limits by a penalty", DRAWN - {Trait.INTEGERS}, False),
        ("differential-evolution", "draws and mixes policies; limits by a penalty", DRAWN, False),
    )
    for name, about, takes, is_exact in methods:
        yield Row(
            name,
            "others.by_scipy",
            "ByScipy",
            about,
            Works.ON_LEVERS,
            takes,
            "BSD-3-Clause",
            package="scipy",
            needs=("scipy",),
            settings={"method": name},
            is_exact=is_exact,
        )
    about = "draws policies with a covariance that adapts; limits by a penalty"
    yield Row(
        "cma", "others.by_cma", "ByCma", about, Works.ON_LEVERS, DRAWN, "BSD-3-Clause", "cma", ("cma",), is_exact=False
    )


_NONLINEAR = (
    ("ipopt", "interior point (Waechter and Biegler 2006)", SMOOTH, "EPL-2.0", True),
    ("uno", "sequential quadratic programming by its filterSQP preset", SMOOTH, "MIT", True),
    ("bonmin", "branch and bound over IPOPT; whole numbers", SMOOTH | {Trait.INTEGERS}, "EPL-1.0", True),
    ("fatrop", "interior point for problems in stages; here without stages", SMOOTH, LGPL, True),
    ("sleqp", "sequential linear and equality-constrained quadratic programming", SMOOTH, LGPL, True),
    ("sqpmethod", "sequential quadratic programming over qpOASES", SMOOTH, LGPL, True),
    ("qrsqp", "sequential quadratic programming over a sparse QR factorization", SMOOTH, LGPL, True),
    ("alpaqa", "augmented Lagrangian and proximal gradients, to 1e-5 or so", SMOOTH, LGPL, False),
)


def _by_casadi() -> Iterator[Row]:
    for plugin, about, takes, licence, is_exact in _NONLINEAR:
        yield Row(
            f"casadi-{plugin}",
            "others.by_casadi",
            "ByCasadi",
            about,
            Works.ON_EQUATIONS,
            takes,
            f"{licence}, in CasADi's wheel",
            package="casadi",
            needs=("casadi",),
            settings={"plugin": plugin},
            is_exact=is_exact,
        )


# Sizes were found by trying: gurobipy 13.0, xpress 9.9, cplex 22.2, coptpy 8.0.
BENT = frozenset({Trait.CURVED, Trait.QUADRATIC_ROWS, Trait.QUADRATIC_OBJECTIVE})
GUROBI = Limit(2000, 2000, harder=Limit(200, 2000), of=BENT)
XPRESS = Limit(together=5000, harder=Limit(together=200), of=BENT)
CPLEX = Limit(1000, 1000)


def _by_pyomo() -> Iterator[Row]:
    def row(name: str, about: str, takes: frozenset[Trait], licence: str, package: str, **more: Any) -> Row:
        settings: dict[str, Any] = {key: more.pop(key) for key in ("factory", "brings", "program") if key in more}
        return Row(
            name,
            "others.by_pyomo",
            "ByPyomo",
            about,
            Works.ON_EQUATIONS,
            takes,
            licence,
            package,
            settings=settings,
            **more,
        )

    whole = frozenset({Trait.INTEGERS})
    yield row(
        "scip",
        "branch and bound for nonlinear problems with whole numbers: a global optimum, with its bound",
        SMOOTH | whole,
        "Apache-2.0",
        "pyscipopt",
        needs=("pyscipopt",),
        factory="scip_direct",
        gives_bound=True,
    )
    yield row(
        "pounce",
        "interior point in Rust",
        SMOOTH,
        "EPL-2.0",
        "pyomo-pounce",
        needs=("pyomo_pounce",),
        factory="pounce",
        brings="pyomo_pounce",
    )
    yield row(
        "gurobi",
        "branch and bound for nonlinear problems with whole numbers: a global optimum, with its bound",
        SMOOTH | whole,
        "free below a size",
        "gurobipy",
        needs=("gurobipy",),
        factory="gurobi_direct_minlp",
        gives_bound=True,
        limit=GUROBI,
    )
    yield row(
        "xpress",
        "simplex, interior point, branch and bound",
        (QUADRATIC | whole) - {Trait.NONCONVEX},
        "free below a size",
        "xpress",
        needs=("xpress",),
        factory="xpress_direct",
        gives_bound=True,
        limit=XPRESS,
    )
    yield row(
        "cplex",
        "simplex, interior point, branch and bound",
        (QUADRATIC | whole) - {Trait.NONCONVEX},
        "free below a size",
        "cplex",
        needs=("cplex",),
        factory="cplex_direct",
        gives_bound=True,
        limit=CPLEX,
    )
    yield row(
        "cbc",
        "branch and cut",
        LINEAR | whole,
        "EPL-2.0",
        "cbcbox",
        needs=("cbcbox",),
        factory="cbc",
        program="cbcbox:cbc_bin_path",
        gives_bound=True,
    )
    yield row(
        "highs",
        "HiGHS as it chooses itself",
        CONVEX | whole,
        "MIT",
        "highspy",
        needs=("highspy",),
        factory="highs",
        gives_bound=True,
    )


SOLVERS: Mapping[str, Row] = {row.name: row for row in _rows()}
"""Every solver by its name."""


def row_of(name: str) -> Row:
    """The row of a solver, also of one that only Pyomo knows: `pyomo:NAME`, or the name alone.

    InvalidRequest for an unknown name, and for one whose program is not there.
    """
    if name in SOLVERS:
        return SOLVERS[name]
    known = import_module(".others.known_to_pyomo", __package__)
    if name.startswith(known.PREFIX) or known.is_known(name):
        found: Row = known.row(name.removeprefix(known.PREFIX), STATED)
        return found
    raise InvalidRequest(Fault(f"there is no solver {name!r}.", "solver", advice=nearest_or_some(name, SOLVERS)))


def named_solver(name: str, options: Mapping[str, object]) -> Solver:
    """The solver of a name with those of the options that are its own.

    InvalidRequest for an unknown name, and for a solver that is not installed.
    """
    row = row_of(name)
    reason = refusal(row)
    if reason is not None:
        raise NotAccepted(reason)
    return row.make({option: options[option] for option in OPTIONS if option in options})
