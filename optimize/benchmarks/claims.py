"""What our solvers claim, held against brute force: `python -m optimize.benchmarks.claims --count 300 --seed 1`.

Small plans are drawn at random (`drawing.py`), each is solved, and what its verdict says is judged (`brute_force.py`):

- an *optimum* must keep the limits to 1e-6 of their amounts or of what the levers move of them; no policy that a climb
  in steps of a thousandth of the levers' natural sizes reaches near it may be better by a millionth of the objective's
  unit (the least weight of a part of it) and of what the levers that move are worth; a proved one must be as good as
  the best policy that is known
- a *stationary point* must not be left by such a climb within a thousandth
- *no gradient* is false where the objective changes within a millionth
- *unbounded* and *infeasible* must be so by construction

One such claim that is false is one too many. How good the search is, is told by two shares: of plans with a known best
policy, those where it is reached, everywhere and in the basin of the start (as far as climbs in small steps come from
the start and from around it), both to a millionth of the objective or its unit.

Plan number 17 is the same at every call: `--only 17 --out FOLDER` writes its files and says all about it. What brute
force found, which takes most of the time, `--known FILE` keeps for the next call.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import sd_models as sd
from sd_models.errors import ModelError
from sd_models.simulator.concurrency import concurrently
from sd_models.system.model import FloatArray

from ..plans.plan import load_plan
from ..problems.problem import Problem
from ..results.result import Result
from ..solving.solve import solve
from .brute_force import HOLDS, Judge, Known
from .drawing import FAMILIES, draw
from .drawn_plan import DrawnPlan, Truth
from .history import add_history_options, append

PROVED = "proved optimum"
OPTIMA = (PROVED, "local optimum", "local optimum, not replayed yet")
SEARCHED = (Truth.BOUNDED,)  # what has a best policy that can be known
SECONDS = 120
# Plans that are solved before any of them is told.
AT_A_TIME = 16
# What every plan's process needs. This module is not among it: where it is the program, each process runs it anew.
PRELOADED = (
    "optimize.benchmarks.brute_force",
    "optimize.benchmarks.drawing",
    "optimize.solving.solve",
    "rich.console",
    "rich.table",
    "casadi",
    "highspy",
    "pyomo.environ",
    "scipy.optimize",
    "scipy.stats",
)
WIDTH = 150


@dataclass(frozen=True)
class Judged:
    """What became of one plan.

    `false` names what is wrong with the claim, empty where nothing is found; `best` and `basin` are what brute force
    found, `gain` what the answer brings, in the objective's unit and without its constant; `better` is by how much a
    policy near is better. `policy` is in natural sizes, in the order of the drawn model.
    """

    number: int
    family: str
    truth: str
    standing: str
    false: str = ""
    found_best: bool | None = None
    found_basin: bool | None = None
    gain: float = float("nan")
    best: float = float("nan")
    basin: float = float("nan")
    better: float = float("nan")
    seconds: float = 0.0
    sentence: str = ""
    policy: tuple[float, ...] = ()


def judged(plan: DrawnPlan, solver: str, known: Known | None = None) -> Judged:
    """One plan solved and judged; what brute force knows of it may be given."""
    began = time.perf_counter()
    blank = Judged(plan.number, plan.family, plan.truth, "")
    try:
        result = solved(plan, solver)
    except ModelError as error:
        return replace(blank, standing="refused", sentence=str(error))
    except Exception as error:  # whatever a solver ends with is what is counted here
        return replace(blank, standing="error", false="traceback", sentence=f"{type(error).__name__}: {error}")
    standing = PROVED if result.findings.is_global and result.status.standing in OPTIMA else result.status.standing
    blank = replace(blank, standing=str(standing), sentence=str(result.status))
    return _held(replace(blank, seconds=time.perf_counter() - began), plan, result, known or what_is_known(plan))


def guarded(plan: DrawnPlan, families: Sequence[str], solver: str, known: Known) -> Judged:
    """One plan solved and judged in a process of its own: a library that ends the process ends no other plan."""
    context = multiprocessing.get_context("forkserver")  # what is imported is so once
    context.set_forkserver_preload(list(PRELOADED))
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(plan.number, families, solver, known, there))
    process.start()
    there.close()
    try:
        found: Judged = here.recv() if here.poll(SECONDS) else _lost(plan, "took too long")
    except EOFError:
        process.join()
        found = _lost(plan, f"crash: the process ended with {process.exitcode}")
    process.kill()
    process.join()
    return found


def _work(number: int, families: Sequence[str], solver: str, known: Known, there: Connection) -> None:
    there.send(judged(draw(number, families), solver, known))


def _lost(plan: DrawnPlan, why: str) -> Judged:
    return Judged(plan.number, plan.family, plan.truth, "error", false=why)


def solved(plan: DrawnPlan, solver: str) -> Result:
    """The result of a plan by way of its files, as people give it."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan.write(Path(folder))
        stated = load_plan(Path(folder) / "plan.toml")
        return solve(Problem(sd.load(stated.model), stated), solver=solver)


def what_is_known(plan: DrawnPlan) -> Known:
    """The best policies, where there are any to be known."""
    return Judge(plan).known() if plan.truth in SEARCHED else Known(float("nan"), float("nan"))


def policy_of(plan: DrawnPlan, result: Result) -> FloatArray:
    """The levers of a result in their natural sizes, in the order of the drawn model."""
    parts = []
    for lever in plan.model.levers:
        path = result.policy[lever.name].sel(time=np.arange(plan.model.periods), method="ffill")
        values = path.transpose("time", ...).to_numpy().reshape(plan.model.periods, lever.count)
        parts.append(values.T.ravel() / lever.scale)
    return np.concatenate(parts)


def _held(blank: Judged, plan: DrawnPlan, result: Result, known: Known) -> Judged:
    """A verdict held against what is known."""
    judge, x = Judge(plan), policy_of(plan, result)
    gain, unit, enough = float(plan.gains(x[np.newaxis])[0]), plan.unit, judge.threshold(x)
    holds = bool((judge.violations(x[np.newaxis]) <= HOLDS + judge.rounding).all())
    better = judge.better_near(x) if blank.standing in OPTIMA and holds else float("nan")
    numbers = replace(
        blank,
        gain=gain / unit,
        best=known.best / unit,
        basin=known.basin / unit,
        better=better / unit,
        policy=tuple(map(float, x)),
    )
    found = replace(numbers, false=_false(judge, x, blank.standing, holds, better, known))
    if plan.truth not in SEARCHED:
        return found
    near = [max(enough, HOLDS * abs(one)) for one in (known.best, known.basin)]
    goals = zip((known.best, known.basin), near, strict=True)
    reached = [None if np.isnan(one) else holds and gain >= one - most for one, most in goals]
    return replace(found, found_best=reached[0], found_basin=reached[1])


def _false(judge: Judge, x: FloatArray, standing: str, holds: bool, better: float, known: Known) -> str:
    """What is wrong with a claim."""
    truth, enough = judge.plan.truth, judge.threshold(x)
    if standing in (Truth.UNBOUNDED, Truth.INFEASIBLE):
        right = standing == truth or (standing, truth) == (Truth.UNBOUNDED, Truth.POLE)
        return "" if right else f"{standing}, but it is {truth}"
    if standing in OPTIMA and truth in (Truth.UNBOUNDED, Truth.INFEASIBLE):
        return f"optimum, but it is {truth}"
    if standing in OPTIMA and not holds:
        return "optimum, but a limit is missed"
    if standing in OPTIMA and better > 0.0:
        return "optimum, but better near"
    if standing == PROVED and judge.plan.gains(x[np.newaxis])[0] < known.best - enough:
        return "proved, but better elsewhere"
    if standing == "stationary point" and judge.slope_near(x) > 0.0:
        return "stationary, but better near"
    if standing == "no gradient" and judge.moves(x):
        return "no gradient, but it moves"
    return ""


# --- the report -------------------------------------------------------------------------------------------------------


def figures(found: Sequence[Judged]) -> dict[str, float]:
    """What the history keeps of a run: plans, false claims, the shares found, seconds."""
    best = [one.found_best for one in found if one.found_best is not None]
    basin = [one.found_basin for one in found if one.found_basin is not None]
    return {
        "plans": len(found),
        "false claims": sum(bool(one.false) for one in found),
        "optima claimed": sum(one.standing in OPTIMA for one in found),
        "best of the basin found": float(np.mean(basin)) if basin else float("nan"),
        "best found": float(np.mean(best)) if best else float("nan"),
        "verdict right": share_right(found),
        "seconds": sum(one.seconds for one in found),
    }


def share_right(found: Sequence[Judged]) -> float:
    """Of unbounded and infeasible plans, the share that is called so."""
    known = [one.standing == one.truth for one in found if one.truth in (Truth.UNBOUNDED, Truth.INFEASIBLE)]
    return float(np.mean(known)) if known else float("nan")


def table(found: Sequence[Judged]) -> Table:
    """A line for each family, and one for all."""
    made = Table("family", *figures([]))
    groups = {family: [one for one in found if one.family == family] for family in FAMILIES}
    for name, group in {**{name: group for name, group in groups.items() if group}, "all": list(found)}.items():
        made.add_row(name, *(_cell(name, value) for name, value in figures(group).items()))
    return made


def _cell(name: str, value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.0%}" if name.endswith(("found", "right")) else f"{value:.0f}"


def show(found: Sequence[Judged], console: Console) -> None:
    """The table, the verdicts, and every false claim."""
    console.print(table(found))
    console.print("verdicts:", dict(Counter(one.standing for one in found)))
    console.print("false claims:", dict(Counter(one.false for one in found if one.false)))
    for one in found:
        if one.false:
            numbers = f"gain {one.gain:.9g}, best {one.best:.9g}, better near by {one.better:.2g}"
            console.print(f"{one.number} ({one.family}): {one.standing}: {one.false}; {numbers}")
    missed = [one.number for one in found if one.found_basin is False]
    console.print("best of the basin not reached:", *missed)


def in_turn(numbers: Sequence[int], families: Sequence[str], solver: str, known: Path | None) -> Iterator[Judged]:
    """Every plan judged, some at a time; what brute force finds is kept in a file if there is one."""
    kept = _kept(known)

    def one(number: int) -> Judged:
        plan = draw(number, families)
        key = f"{number} {plan.digest}"
        if key not in kept:
            kept[key] = what_is_known(plan)
            _keep(known, key, kept[key])
        return guarded(plan, families, solver, kept[key])

    for first in range(0, len(numbers), AT_A_TIME):
        yield from concurrently(one, numbers[first : first + AT_A_TIME])


def _keep(path: Path | None, key: str, found: Known) -> None:
    """A line more of what is known, so that an end on the way costs nothing."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            print(key, repr(found.best), repr(found.basin), file=file)


def _kept(path: Path | None) -> dict[str, Known]:
    """What an earlier call found."""
    if path is None or not path.is_file():
        return {}
    lines = [line.split() for line in path.read_text("utf-8").splitlines()]
    return {f"{number} {digest}": Known(float(best), float(basin)) for number, digest, best, basin in lines}


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--count", type=int, default=300, help="how many plans (default: %(default)s)")
    made.add_argument("--seed", type=int, default=1, help="the number of the first plan (default: %(default)s)")
    made.add_argument("--solver", default="sqp", help="sqp, ipopt or another (default: %(default)s)")
    made.add_argument("--families", default=",".join(FAMILIES), help="some of %(default)s; other numbers, other plans")
    made.add_argument("--only", type=int, metavar="NUMBER", help="one plan")
    made.add_argument("--out", type=Path, metavar="FOLDER", help="write model.mdl and plan.toml of `--only` here")
    made.add_argument("--known", type=Path, metavar="FILE", help="keep here what brute force finds")
    made.add_argument("--json", type=Path, metavar="FILE", help="a line of JSON for each judgement, as they come")
    add_history_options(made, "claims")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, solve, judge, show."""
    options = parser().parse_args(arguments)
    families = options.families.split(",")
    numbers = range(options.seed, options.seed + options.count) if options.only is None else [options.only]
    console = Console(width=WIDTH)
    if options.only is not None and options.out is not None:
        draw(options.only, families).write(options.out)
    found = []
    for one in in_turn(numbers, families, options.solver, options.known):
        found.append(one)
        if options.json:
            with options.json.open("a", encoding="utf-8") as file:
                print(json.dumps(asdict(one)), file=file)
        if options.only is not None:
            console.print(asdict(one))
    show(found, console)
    if options.history and options.only is None:
        append(options.history, {f"{options.solver}, {name}": value for name, value in figures(found).items()})


if __name__ == "__main__":
    main()
