"""The rows of the table of solvers that are others'.

Licences are those of the packages; sizes that free licences take were found by trying: gurobipy 13.0, xpress 9.9,
cplex 22.2, coptpy 8.0. What a solver is said to take is what it takes through the way that is gone here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..rows import Limit, Row, Works
from ..traits import Trait

EVERYTHING = frozenset(Trait)
# What moves on runs takes all but whole numbers; that which has no equations of limits, no equalities.
ON_RUNS = EVERYTHING - {Trait.INTEGERS}
DRAWN = EVERYTHING - {Trait.EQUALITIES}
# What reads equations needs them.
STATED = EVERYTHING - {Trait.BLACK_BOX}
CHOOSING = STATED - {Trait.KINKS, Trait.INTEGERS}
SMOOTH = CHOOSING - {Trait.CHOICES}
QUADRATIC = SMOOTH - {Trait.CURVED}
CONVEX = QUADRATIC - {Trait.QUADRATIC_ROWS, Trait.NONCONVEX}
LINEAR = CONVEX - {Trait.QUADRATIC_OBJECTIVE}
LGPL = "LGPL-3.0"


def rows() -> Iterator[Row]:
    """All of them: on runs, on equations, on matrices."""
    yield from _on_runs()
    yield from _by_casadi()
    yield from _by_pyomo()
    yield from _on_their_own()
    yield from _by_highs()
    yield from _by_conic()


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


BENT = frozenset({Trait.CURVED, Trait.QUADRATIC_ROWS, Trait.QUADRATIC_OBJECTIVE})
GUROBI = Limit(2000, 2000, harder=Limit(200, 2000), of=BENT)
XPRESS = Limit(together=5000, harder=Limit(together=200), of=BENT)
CPLEX = Limit(1000, 1000)
COPT = Limit(10000, 10000, harder=Limit(2000, 2000), of=BENT | {Trait.INTEGERS})


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
        CHOOSING,
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


def _on_their_own() -> Iterator[Row]:
    about, licence = "simplex, interior point, branch and bound", "free below a size"
    whole = {Trait.INTEGERS}
    yield Row(
        "xpress",
        "others.by_xpress",
        "ByXpress",
        f"{about}, also nonlinear",
        Works.ON_EQUATIONS,
        SMOOTH | whole,
        licence,
        package="xpress",
        needs=("xpress",),
        limit=XPRESS,
        gives_bound=True,
    )
    kind = ("others.by_copt", "ByCopt", about, Works.ON_MATRICES, CONVEX | whole, licence)
    yield Row("copt", *kind, package="coptpy", needs=("coptpy",), limit=COPT)


def _by_highs() -> Iterator[Row]:
    methods = (
        ("simplex", "HiGHS: dual simplex", LINEAR, True),
        ("ipm", "HiGHS: interior point with crossover", LINEAR, True),
        ("hipo", "HiGHS: interior point by direct factorizations, also quadratic", CONVEX, True),
        ("pdlp", "HiGHS: primal-dual gradients", LINEAR, True),
    )
    for method, about, takes, is_exact in methods:
        needs = ("highspy", "highspy_extras") if method == "hipo" else ("highspy",)
        package = "highspy[extras]" if method == "hipo" else "highspy"
        yield Row(
            f"highs-{method}",
            "others.by_highs",
            "ByHighs",
            about,
            Works.ON_MATRICES,
            takes,
            "MIT",
            package=package,
            needs=needs,
            settings={"method": method},
            is_exact=is_exact,
        )


_CONIC = (
    ("osqp", "operator splitting, to 1e-3 or so", CONVEX, "Apache-2.0", False),
    ("proxqp", "proximal augmented Lagrangian, to 1e-3 or so", CONVEX, "BSD-2-Clause", False),
    ("qpoases", "dense active set", CONVEX, "LGPL-2.1", True),
    ("daqp", "dual active set, strictly convex", CONVEX, "MIT", True),
    ("piqp", "proximal interior point", CONVEX, "BSD-2-Clause", True),
    ("qrqp", "sparse active set by QR factorizations", CONVEX, LGPL, True),
    ("fatrop", "interior point for problems in stages; tells 0 as the objective", CONVEX, LGPL, True),
    ("superscs", "splitting on cones", CONVEX, "MIT", False),
    ("clp", "simplex", LINEAR, "EPL-2.0", True),
)


def _by_conic() -> Iterator[Row]:
    for plugin, about, takes, licence, is_exact in _CONIC:
        name = "casadi-fatrop-qp" if plugin == "fatrop" else f"casadi-{plugin}"
        yield Row(
            name,
            "others.by_conic",
            "ByConic",
            about,
            Works.ON_MATRICES,
            takes,
            f"{licence}, in CasADi's wheel",
            package="casadi",
            needs=("casadi",),
            settings={"plugin": plugin},
            is_exact=is_exact,
        )
