"""Nonlinear programming with the solvers in CasADi's wheel: the equations go through a `.nl` file to CasADi.

Why by a file: CasADi reads it in C++ and shares what is written once; from Pyomo's expressions it would take a fold of
our own, and another one for each library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import casadi as ca
import numpy as np
from pyomo.repn.plugins.nl_writer import NLWriter

from ..solver import Ending
from .answers import Answer
from .equations import Equations
from .ways import OnEquations

QUIET: Mapping[str, Any] = {"print_time": False, "error_on_fail": False, "show_eval_warnings": False}
# Each solver's own words for saying nothing on its way, on the quadratic programs inside of it too.
_SQP: Mapping[str, Any] = {"print_header": False, "print_iteration": False}
QP: Mapping[str, Any] = {"error_on_fail": False, "print_time": False}
QRQP: Mapping[str, Any] = {"print_header": False, "print_iter": False, "print_info": False}
SILENT: Mapping[str, Mapping[str, Any]] = {
    "ipopt": {"ipopt.print_level": 0, "ipopt.sb": "yes"},
    "bonmin": {"bonmin.bb_log_level": 0, "bonmin.nlp_log_level": 0, "bonmin.sb": "yes"},
    "uno": {"uno.logger": "SILENT"},
    "fatrop": {"fatrop.print_level": 0},
    "sleqp": {"print_level": 0},
    "sqpmethod": {**_SQP, "print_status": False, "qpsol_options": {**QP, "printLevel": "none"}},
    "qrsqp": {**_SQP, "qpsol_options": {**QP, **QRQP}},
}
# What each calls its limit of time, in seconds; the others know none.
TIMED: Mapping[str, str] = {
    "ipopt": "ipopt.max_wall_time",
    "bonmin": "bonmin.time_limit",
    "sleqp": "max_wall_time",
    "uno": "uno.time_limit",
}
ENDINGS: Mapping[str, Ending] = {
    "SOLVER_RET_SUCCESS": Ending.OPTIMAL,
    "SOLVER_RET_INFEASIBLE": Ending.INFEASIBLE,
    "SOLVER_RET_LIMITED": Ending.ITERATION_LIMIT,
}
# Words of libraries that say more than what CasADi makes of them, which may be a success or a failure.
WORDS: Mapping[str, Ending] = {
    "unbounded": Ending.UNBOUNDED,
    "infeasible": Ending.INFEASIBLE,
    "locally infeasible": Ending.INFEASIBLE,
}


@dataclass(frozen=True, kw_only=True)
class ByCasadi(OnEquations):
    """A solver of CasADi by its `plugin`, with its own default options."""

    plugin: str
    time_limit: float | None = None

    def _answer(self, stated: Equations) -> Answer:
        nlp, places = _read(stated)
        try:
            solver = ca.nlpsol("solver", self.plugin, _functions(nlp), self._options(nlp))
            found = solver(x0=nlp.x_init, lbx=nlp.x_lb, ubx=nlp.x_ub, lbg=nlp.g_lb, ubg=nlp.g_ub)
        except RuntimeError as error:  # CasADi's word for a failure of a library
            return Answer(None, Ending.FAILED, last_sentence(error))
        values = np.asarray(found["x"].full()).ravel()
        x = [values[places[id(v)]] if id(v) in places else v.value for v in stated.model.levers.values()]
        return Answer(np.array(x, dtype=np.float64), *told(solver), stated.sign * float(found["f"]))

    def _options(self, nlp: Any) -> dict[str, Any]:
        options = {**QUIET, **SILENT.get(self.plugin, {})}
        if self.time_limit is not None and self.plugin in TIMED:
            options[TIMED[self.plugin]] = self.time_limit
        if any(nlp.discrete):
            options["discrete"] = nlp.discrete
        return options


def _functions(nlp: Any) -> dict[str, Any]:
    return {"x": ca.vcat(nlp.x), "f": nlp.f, "g": ca.vcat(nlp.g)}


def _read(stated: Equations) -> tuple[Any, Mapping[int, int]]:
    """The nonlinear program, which minimizes, and the place of each Pyomo variable (by identity) in it."""
    with TemporaryDirectory() as home:
        path = Path(home) / "program.nl"
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            info = NLWriter().write(stated.model, stream, linear_presolve=False)
        nlp = ca.NlpBuilder()
        nlp.import_nl(str(path))
    return nlp, {id(variable): place for place, variable in enumerate(info.variables)}


def told(solver: ca.Function) -> tuple[Ending, str]:
    """How a solver ended, and its own words for that."""
    stats = solver.stats()
    kind = str(stats["unified_return_status"])
    status = str(stats.get("return_status") or kind).replace("_", " ").lower()
    return WORDS.get(status) or ENDINGS.get(kind, Ending.FAILED), status


def last_sentence(error: Exception) -> str:
    """The last sentence of an error of CasADi, which begins with where in C++ it was thrown."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[-200:]
