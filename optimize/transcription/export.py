"""A problem with all its dynamics as a file that other programs read.

`.nl` (AMPL's, for most nonlinear solvers), `.lp` and `.mps` (for problems that are linear or quadratic), `.gms` (GAMS).
Names stand beside the numbers: `.row` and `.col` beside `.nl`. `write_script` writes a Python script that states the
problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pprint import pformat
from textwrap import indent
from typing import Any

import pyomo.environ as pyo
from pyomo.opt import WriterFactory
from pyomo.repn.plugins.nl_writer import NLWriter

from sd_models.errors import Fault, InvalidRequest

from ..files.placement import check_target, write_whole
from ..plans.plan import Plan
from .substitution import quadratic_rows, substituted

LINEAR = ("lp", "mps")
SCRIPT = '''"""A problem stated in Pyomo with all its dynamics: `model`."""

import optimize as opt
import sd_models as sd

plan = opt.read_plan(
    {plan}
)
system = sd.load(plan.model, data=plan.data, regions=plan.regions)
model = opt.transcribe(opt.Problem(system, plan){options})

if __name__ == "__main__":
    print(model.nvariables(), "variables,", model.nconstraints(), "constraints")
'''


def export(model: pyo.ConcreteModel, path: str | Path) -> tuple[Path, ...]:
    """Writes a transcribed problem in the format of the file's ending; the files that were written.

    InvalidRequest for an ending that is not known, and for a format that cannot hold the problem, such as `.lp` for a
    nonlinear one. In `.lp` and `.mps` the objective is written out where that makes it quadratic in place of equations.
    The scale of variables and equations goes into `.nl` as the suffix that IPOPT reads.

    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> model = opt.transcribe(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> with TemporaryDirectory() as home:
    ...     [file.name for file in export(model, Path(home) / "towns.nl")]
    ['towns.nl', 'towns.row', 'towns.col']
    """
    path = Path(path)
    check_target(path, WRITERS)
    return WRITERS[path.suffix.casefold()](model, path)


def remarks(model: pyo.ConcreteModel, path: Path) -> tuple[str, ...]:
    """What is to be known of a file that was written, of who does not read it."""
    if path.suffix.casefold().removeprefix(".") not in LINEAR:
        return ()
    with substituted(model):
        count = quadratic_rows(model)
    if not count:
        return ()
    told = (
        f"{count:,} equations or limits in it are quadratic" if count > 1 else "An equation or limit in it is quadratic"
    )
    return (f"{told}, which HiGHS does not read; Gurobi, CPLEX, Xpress and COPT do, and SCIP from .mps.",)


def write_script(plan: Plan, path: Path, options: Mapping[str, object]) -> tuple[Path, ...]:
    """Writes the script that states the problem of a plan in Pyomo, with these options of `transcribe`."""
    content = plan.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    told = "".join(f", {name}={value!r}" for name, value in options.items())
    text = SCRIPT.format(plan=indent(pformat(content, width=100, sort_dicts=False), "    ").strip(), options=told)
    write_whole(path, lambda target: target.write_text(text, encoding="utf-8"))
    return (path,)


def _nl(model: pyo.ConcreteModel, path: Path) -> tuple[Path, ...]:
    """The problem, and the names of its rows and columns in their order beside it.

    Names inside the file, as comments, are not understood by every program that reads it.
    """
    told: list[Any] = []

    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8", newline="\n") as stream:
            told.append(NLWriter().write(model, stream, linear_presolve=False))

    write_whole(path, write)
    (info,) = told
    rows, columns = path.with_suffix(".row"), path.with_suffix(".col")
    _write_names(rows, (*info.constraints, *info.objectives))
    _write_names(columns, info.variables)
    return path, rows, columns


def _write_names(path: Path, parts: Iterable[Any]) -> None:
    text = "".join(f"{part.name}\n" for part in parts)
    write_whole(path, lambda target: target.write_text(text, encoding="utf-8"))


def _by_pyomo(form: str) -> Callable[[pyo.ConcreteModel, Path], tuple[Path, ...]]:
    def write(model: pyo.ConcreteModel, path: Path) -> tuple[Path, ...]:
        options = {"symbolic_solver_labels": True}

        def keep(target: Path) -> None:
            try:
                with _without_scale(model), substituted(model):
                    WriterFactory(form)(model, str(target), lambda _: True, options)
            except (RuntimeError, ValueError, TypeError, AttributeError, KeyError) as error:
                raise InvalidRequest(_refusal(form, error)) from error

        write_whole(path, keep)
        return (path,)

    return write


@contextmanager
def _without_scale(model: pyo.ConcreteModel) -> Iterator[None]:
    """The model without the suffix that only `.nl` can hold."""
    model.scaling_factor.deactivate()
    try:
        yield
    finally:
        model.scaling_factor.activate()


def _refusal(form: str, error: Exception) -> Fault:
    reason = " ".join(str(error).split())[:200]
    advice = "The problem is nonlinear: write .nl, or .gms." if form in LINEAR else "Write .nl, which holds all of it."
    return Fault(f"the format {form} cannot hold this problem ({reason}).", advice=advice)


WRITERS: Mapping[str, Callable[[pyo.ConcreteModel, Path], tuple[Path, ...]]] = {
    ".nl": _nl,
    ".lp": _by_pyomo("lp"),
    ".mps": _by_pyomo("mps"),
    ".gms": _by_pyomo("gams"),
}
"""Every ending, and what writes such a file."""
