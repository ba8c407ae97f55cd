"""Solvers side by side: `python -m optimize.benchmarks.solvers [--sizes 24,400,3100] [--seconds 120]`.

One plan in three sizes: the flagship's welfare, one measure of each pillar (of two pillars in the smallest), a quarter
of the budget that grows with the economy, a tenth of that for each measure at least. Every solver works on the same
bounds and limits from the same start, an even split, in a process of its own and one after the other, with the same
limit of time:

- `sqp` (our default) and `ipopt`
- SciPy's `slsqp`, with our exact gradients of objective and limits
- SciPy's `powell` and `differential evolution`, and `cma` (CMA-ES), which know no limits: what violates them pays a
  penalty, in their favour steep enough that their best policies obey
- `... on PySD`: the same with PySD's own run in place of the compiled one, SLSQP with difference quotients

Whatever a solver evaluates is checked by one recorder: a policy counts if it obeys all limits to 1e-6. Written are the
best objective by then against simulations and seconds (CSV, PNG). A gradient counts as what it is, a sweep of about
four simulations' time. `--regions 4,31,333,2844` adds growth with regions for our default: time and memory.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import sd_models as sd
from sd_models.system.model import FloatArray

from ..plans.plan import Plan, read_plan
from ..problems.assembly import assemble
from ..problems.optimality import violation
from ..problems.outcomes import SimulatedOutcomes
from ..problems.problem import Problem
from ..problems.program import Counts, Evaluation, Program
from ..solvers.nonlinear.ipopt import Ipopt
from ..solvers.sequential.sqp import Sqp
from ..solvers.solver import Ending, Iteration, Solver
from .history import add_history_options, append
from .machine import peak_memory

MEASURES = ("basic services", "transport networks", "green production", "rural revitalization")
FIRST = 2026
HOLDS = 1e-6  # relative violation up to which a policy obeys its limits
PENALTY = 100.0  # objective paid for a relative violation of 1: welfare gains are below 5
GRACE = 10.0  # seconds after the limit that a solver gets to end by itself
WIDTH = 150
SLSQP_OPTIONS: Any = {"maxiter": 10_000, "ftol": 1e-12}


@dataclass(frozen=True)
class Case:
    """A size of the plan."""

    levers: int
    regions: str
    measures: int
    every: int
    years: int


CASES = {
    24: Case(24, "macro", 2, 8, 24),
    400: Case(400, "macro", 4, 1, 25),
    3100: Case(3100, "provinces", 4, 1, 25),
}


def plan_of(case: Case, upper: float = 1e3) -> Plan:
    """The plan of a size, levers up to `upper` trillion yuan a year."""
    chosen = list(MEASURES[: case.measures])
    quarter = {"variable": "public investment budget", "factor": -0.25}
    spent = {"variable": "public investment", "over": ["province", "measure"]}
    floors = [
        {
            "name": f"floor of {measure}",
            "terms": [{**spent, "where": {"measure": measure}}, {**quarter, "factor": -0.025}],
            "at_least": 0.0,
        }
        for measure in chosen
    ]
    lever = {"variable": "public investment", "where": {"measure": chosen}, "every": case.every}
    return read_plan(
        {
            "model": "common_prosperity",
            "horizon": [FIRST, FIRST + case.years - case.every],
            "objective": {"maximize": "welfare rate", "discount": 0.04, "final_weight": 10.0},
            "lever": [{**lever, "lower": 0.0, "upper": upper}],
            "limit": [{"name": "budget", "terms": [spent, quarter], "at_most": 0.0}, *floors],
        }
    )


def problem_of(case: Case, folder: Path | None = None) -> tuple[Problem, FloatArray]:
    """The plan bound to the flagship, each lever up to ten times an even split; and a start, most of an even split."""
    system = sd.load("common_prosperity", regions=folder or case.regions)
    free = Problem(system, plan_of(case))
    (block,) = free.bound.blocks
    budget = free.own_paths["public investment budget"][0]
    by_period = np.array([budget[block.period == period].mean() for period in range(block.shape[1])])
    split = 0.25 * by_period / block.shape[0]
    problem = Problem(system, plan_of(case, upper=10.0 * float(split.max())))
    return problem, np.tile(0.9 * split, block.shape[0])


# --- what is recorded -------------------------------------------------------------------------------------------------


class TimeUp(Exception):
    """The time of a solver is over."""


@dataclass(frozen=True)
class Point:
    """The best policy by then that obeys all limits."""

    seconds: float
    simulations: int
    gradients: int
    objective: float


@dataclass(eq=False)
class Recorder:
    """Judges every policy that a solver evaluates, and sends each that is better than all before."""

    limit: float
    send: Callable[[Point], None]
    began: float = field(default_factory=time.perf_counter)
    best: float = -np.inf

    def saw(self, given: Program, at: Evaluation) -> None:
        """Judge a policy that was run."""
        seconds = time.perf_counter() - self.began
        if at.is_finite and violation(given, at.x, at.y) <= HOLDS:
            objective = given.sign * given.cost(at.x, at.y)
            if objective > self.best:
                self.best = objective
                counts = given.counts
                self.send(Point(seconds, counts.simulations, counts.gradients, objective))

    def check(self) -> None:
        """TimeUp where it is."""
        if time.perf_counter() - self.began > self.limit:
            raise TimeUp


@dataclass(frozen=True, eq=False)
class OnPysd(SimulatedOutcomes):
    """Outcomes by PySD's own run of the model file."""

    problem: Problem = field(kw_only=True)

    @classmethod
    def of(cls, problem: Problem) -> OnPysd:
        """Those of a problem."""
        found = problem.outcomes
        return cls(found.run, found.levers, found.quantities, problem=problem)

    def evaluate(self, x: FloatArray) -> Evaluation:
        """The outcomes of a policy by a replay."""
        problem, layout = self.problem, self.problem.simulator.model.outputs.rows
        span = sd.TimeSpan(stop=float(problem.horizon.points[-1]), save_every=problem.horizon.time_step)
        run = sd.replay(problem.system, levers=problem.policy(x), time=span, outputs=list(layout))
        outputs = np.concatenate([run[name].to_numpy().reshape(run.sizes["time"], -1).T for name in layout])
        outputs = outputs[:, problem.horizon.first :]
        return Evaluation(x, self._measured(outputs), outputs)


@dataclass(frozen=True)
class Watching:
    """Asks a solver of ours to stop when its time is over."""

    recorder: Recorder

    def iteration(self, iteration: Iteration) -> None:
        """Nothing: the recorder sees every run."""

    def ending(self) -> Ending | None:
        """The time limit, where it is reached."""
        over = time.perf_counter() - self.recorder.began > self.recorder.limit
        return Ending.TIME_LIMIT if over else None


# --- solvers ----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Functions:
    """Objective and limits as functions of x, in levers' ranges from 0 to 1, the last run kept."""

    given: Program
    recorder: Recorder
    exact: bool
    kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = self.given
        self.width = given.upper - given.lower
        self.size = float(np.abs(given.row_upper[np.isfinite(given.row_upper)]).max(initial=0.0)) or 1.0
        self.used = np.union1d(np.flatnonzero(given.outcome_cost), given.outcome_rows.indices)

    def x(self, z: FloatArray) -> FloatArray:
        """Levers from their parts of the ranges."""
        return np.asarray(self.given.lower + np.clip(z, 0.0, 1.0) * self.width)

    def z(self, x: FloatArray) -> FloatArray:
        """And back."""
        return np.asarray((x - self.given.lower) / self.width)

    def at(self, z: FloatArray) -> Evaluation:
        """The run of a policy; TimeUp where the time is over."""
        self.recorder.check()
        if "z" not in self.kept or not np.array_equal(self.kept["z"], z):
            self.kept = {"z": z.copy(), "at": self.given.evaluate(self.x(z))}
        found: Evaluation = self.kept["at"]
        return found

    def slopes(self, z: FloatArray) -> FloatArray:
        """The derivatives of all outcomes that objective and limits use."""
        at = self.at(z)
        if "slopes" not in self.kept:
            whole = np.zeros((len(self.given.outcome_cost), len(z)))
            whole[self.used] = self.given.gradients(at, self.used) * self.width
            self.kept["slopes"] = whole
        found: FloatArray = self.kept["slopes"]
        return found

    def cost(self, z: FloatArray) -> float:
        """What is minimized."""
        at = self.at(z)
        return self.given.cost(at.x, at.y) if at.is_finite else 1e6

    def cost_slopes(self, z: FloatArray) -> FloatArray:
        """Its gradient."""
        return np.asarray(self.given.lever_cost * self.width + self.given.outcome_cost @ self.slopes(z))

    def room(self, z: FloatArray) -> FloatArray:
        """What is left of each limit, negative where it is violated."""
        at, given = self.at(z), self.given
        values = given.rows(at.x, at.y)
        sides = [given.row_upper - values, values - given.row_lower]
        return np.concatenate([side[np.isfinite(side)] for side in sides])

    def room_slopes(self, z: FloatArray) -> FloatArray:
        """Its derivatives."""
        given = self.given
        each = given.lever_rows.toarray() * self.width + given.outcome_rows @ self.slopes(z)
        return np.concatenate([-each[np.isfinite(given.row_upper)], each[np.isfinite(given.row_lower)]])

    def penalized(self, z: FloatArray) -> float:
        """The cost and a penalty for what is violated, beyond bounds too."""
        at = self.at(z)
        if not at.is_finite:
            return 1e6
        outside = float(np.abs(z - np.clip(z, 0.0, 1.0)).sum())
        return self.given.cost(at.x, at.y) + PENALTY * (violation(self.given, at.x, at.y) + outside)


def slsqp(functions: Functions, start: FloatArray) -> None:
    """SciPy's sequential least squares, with our gradients or with difference quotients."""
    from scipy.optimize import minimize

    exact = functions.exact
    limits: Any = {"type": "ineq", "fun": functions.room, **({"jac": functions.room_slopes} if exact else {})}
    minimize(
        functions.cost,
        functions.z(start),
        jac=functions.cost_slopes if exact else None,
        bounds=[(0.0, 1.0)] * len(start),
        constraints=[limits],
        method="SLSQP",
        options=SLSQP_OPTIONS,
    )


def powell(functions: Functions, start: FloatArray) -> None:
    """SciPy's search along lines, on objective and penalty."""
    from scipy.optimize import minimize

    options: Any = {"maxiter": 10**6, "maxfev": 10**9, "xtol": 1e-8, "ftol": 1e-12}
    minimize(
        functions.penalized, functions.z(start), bounds=[(0.0, 1.0)] * len(start), method="Powell", options=options
    )


def differential_evolution(functions: Functions, start: FloatArray) -> None:
    """SciPy's population, on objective and penalty."""
    from scipy.optimize import Bounds
    from scipy.optimize import differential_evolution as search

    bounds = Bounds(np.zeros(len(start)), np.ones(len(start)))
    search(functions.penalized, bounds, x0=functions.z(start), maxiter=10**6, tol=1e-12, rng=1, polish=False, popsize=5)


def cma(functions: Functions, start: FloatArray) -> None:
    """Evolution with an adapted covariance, on objective and penalty."""
    import cma as package

    options = {"bounds": [0.0, 1.0], "verbose": -9, "seed": 1, "maxiter": 10**6, "tolfun": 1e-12}
    package.fmin2(functions.penalized, functions.z(start), 0.05, options)


OURS: Mapping[str, Solver] = {"sqp": Sqp(), "ipopt": Ipopt()}
OTHERS: Mapping[str, Callable[[Functions, FloatArray], None]] = {
    "slsqp": slsqp,
    "powell": powell,
    "differential evolution": differential_evolution,
    "cma": cma,
}
ON_PYSD = ("slsqp", "powell", "differential evolution")


@dataclass(frozen=True)
class End:
    """How a solver ended."""

    how: str
    seconds: float
    simulations: int
    gradients: int
    memory: float


def work(connection: Connection, name: str, case: Case, limit: float, folder: str) -> None:
    """A solver at work, in a process of its own."""
    warnings.simplefilter("ignore")
    problem, start = problem_of(case, Path(folder) if folder else None)
    recorder = Recorder(limit, connection.send)
    on_pysd = name.endswith(" on PySD")
    plain = assemble(problem)
    plain = replace(plain, outcomes=OnPysd.of(problem)) if on_pysd else plain
    begun = plain.evaluate(start)  # compiled by now, so that the clock starts with the search
    given = replace(plain, counts=Counts(), notice=lambda at: recorder.saw(given, at))
    recorder.began = time.perf_counter()
    recorder.saw(given, begun)
    try:
        how = _search(name.removesuffix(" on PySD"), given, recorder, start, exact=not on_pysd)
    except TimeUp:
        how = "time limit"
    counts, seconds = given.counts, time.perf_counter() - recorder.began
    connection.send(End(how, seconds, counts.simulations, counts.gradients, peak_memory() / 2**30))


def _search(name: str, given: Program, recorder: Recorder, start: FloatArray, *, exact: bool) -> str:
    if name in OURS:
        return str(OURS[name].solve(given, start, Watching(recorder)).ending)
    OTHERS[name](Functions(given, recorder, exact), start)
    return "ended"


# --- runs -------------------------------------------------------------------------------------------------------------


def run(name: str, case: Case, limit: float, folder: str = "") -> tuple[list[Point], End | None]:
    """What a solver reached, and how it ended; None where it had to be killed."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(there, name, case, limit, folder))
    process.start()
    there.close()
    points: list[Point] = []
    end: End | None = None
    deadline = None
    try:
        while end is None and (deadline is None or time.perf_counter() < deadline):
            if here.poll(1.0):
                found = here.recv()
                if isinstance(found, End):
                    end = found
                else:
                    points.append(found)
                    deadline = deadline or time.perf_counter() - found.seconds + limit + GRACE
            elif not process.is_alive():
                break
    except EOFError:
        pass
    process.kill()
    process.join()
    return points, end


def names_for(case: Case, chosen: Sequence[str]) -> Iterator[str]:
    """The chosen solvers that a size is given to: those on PySD get the smallest only."""
    for name in (*OURS, *OTHERS):
        if name in chosen:
            yield name
    if case.levers < 100:
        yield from (f"{name} on PySD" for name in ON_PYSD if f"{name} on PySD" in chosen)


def shown(console: Console, case: Case, found: Mapping[str, tuple[list[Point], End | None]]) -> None:
    """A table: where everyone got, and how long it took to get near the best of all."""
    best = max((points[-1].objective for points, _ in found.values() if points), default=np.nan)
    first = max((points[0].objective for points, _ in found.values() if points), default=np.nan)
    table = Table(title=f"{case.levers} levers ({case.regions}); the best objective is {best:.8f}", width=WIDTH)
    for column in ("solver", "objective", "gap of the gain", "s to 1e-3", "s to 1e-5", "s", "simulations", "gradients"):
        table.add_column(column, justify="left" if column == "solver" else "right")
    table.add_column("ended by")
    for name, (points, end) in found.items():
        if not points:
            table.add_row(name, "none that obeys", *[""] * 6, end.how if end else "killed")
            continue
        gain = best - first or 1.0
        when = [
            next((f"{p.seconds:.1f}" for p in points if best - p.objective <= part * gain), "-")
            for part in (1e-3, 1e-5)
        ]
        last = end or End("killed", points[-1].seconds, points[-1].simulations, points[-1].gradients, np.nan)
        gap = (best - points[-1].objective) / gain
        counts = str(last.simulations), str(last.gradients)
        table.add_row(
            name, f"{points[-1].objective:.8f}", f"{gap:.1e}", *when, f"{last.seconds:.1f}", *counts, last.how
        )
    console.print(table)


def seconds_of(point: Point) -> float:
    """When it was found."""
    return point.seconds


def effort(point: Point) -> float:
    """Simulations, a gradient counted as four."""
    return max(point.simulations + 4.0 * point.gradients, 1.0)


AXES: Sequence[tuple[Callable[[Point], float], str]] = ((seconds_of, "seconds"), (effort, "simulations' time"))


def drawn(path: Path, results: Mapping[int, Mapping[str, tuple[list[Point], End | None]]]) -> None:
    """Gap to the best gain against seconds and against simulations, a column for each size."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, len(results), figsize=(5.5 * len(results), 8), squeeze=False, sharey=True)
    colors = {name: f"C{i}" for i, name in enumerate((*OURS, *OTHERS))}
    for column, (levers, found) in enumerate(results.items()):
        best = max((points[-1].objective for points, _ in found.values() if points), default=np.nan)
        first = max((points[0].objective for points, _ in found.values() if points), default=np.nan)
        for row, (axis, label) in enumerate(AXES):
            plot = axes[row, column]
            for name, (points, _) in found.items():
                gaps = [max((best - point.objective) / (best - first or 1.0), 1e-9) for point in points]
                style = ":" if name.endswith("on PySD") else "-"
                color = colors[name.removesuffix(" on PySD")]
                plot.step([max(axis(p), 1e-2) for p in points], gaps, style, where="post", color=color, label=name)
            plot.set(xscale="log", yscale="log", xlabel=label)
            plot.grid(alpha=0.3)
        axes[0, column].set_title(f"{levers} levers")
    axes[0, 0].set_ylabel("gap to the best gain")
    axes[1, 0].set_ylabel("gap to the best gain")
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def written(path: Path, results: Mapping[int, Mapping[str, tuple[list[Point], End | None]]]) -> None:
    """Every point of every search, as a table."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("levers", "solver", "seconds", "simulations", "gradients", "objective"))
        for levers, found in results.items():
            for name, (points, _) in found.items():
                rows.writerows((levers, name, p.seconds, p.simulations, p.gradients, p.objective) for p in points)


def figures(results: Mapping[int, Mapping[str, tuple[list[Point], End | None]]]) -> dict[str, float]:
    """What the history keeps of a run: the objective that each solver reached, and the seconds until then."""
    reached = {
        f"{levers} levers, {name}": points[-1]
        for levers, found in results.items()
        for name, (points, _) in found.items()
        if points
    }
    objectives = {f"{place}, objective": point.objective for place, point in reached.items()}
    return {**objectives, **{f"{place}, s": point.seconds for place, point in reached.items()}}


# --- growth with regions ----------------------------------------------------------------------------------------------


def grown(console: Console, regions: Sequence[int], limit: float) -> dict[str, float]:
    """Our default with more and more regions, two measures, decided every five years: time and memory, printed too."""
    from sd_models.common_prosperity.splitting import split_folder

    table = Table(title="sqp, two measures, decided every five years", width=WIDTH)
    for column in ("regions", "levers", "objective", "s", "simulations", "gradients", "GiB", "ended by"):
        table.add_column(column, justify="right")
    kept: dict[str, float] = {}
    provinces = Path(sd.load("common_prosperity").path or "").parent / "provinces"
    for count in regions:
        case = Case(count * 2 * 5, "macro" if count == 4 else "provinces", 2, 5, 25)
        with tempfile.TemporaryDirectory() as scratch:
            folder = ""
            if count not in (4, 31):
                folder = str(Path(scratch) / "fine")
                split_folder(provinces, count, Path(folder))
            points, end = run("sqp", case, limit, folder)
        reached = f"{points[-1].objective:.6f}" if points else "-"
        if end is None:
            table.add_row(str(count), str(case.levers), reached, *["-"] * 4, "killed")
        else:
            counts = str(end.simulations), str(end.gradients)
            kept |= {f"{count} regions, sqp, s": end.seconds, f"{count} regions, sqp, GiB": end.memory}
            table.add_row(
                str(count), str(case.levers), reached, f"{end.seconds:.1f}", *counts, f"{end.memory:.2f}", end.how
            )
    if regions:
        console.print(table)
    return kept


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everyone = (*OURS, *OTHERS, *(f"{name} on PySD" for name in ON_PYSD))
    made.add_argument("--sizes", default="24,400,3100", help="numbers of levers: 24, 400, 3100")
    made.add_argument("--seconds", type=float, default=120.0, help="limit of time for each solver and size")
    made.add_argument("--solvers", default=",".join(everyone), help="some of: %(default)s")
    made.add_argument("--regions", default="", help="numbers of regions for the growth of our default")
    made.add_argument("--out", type=Path, default=Path("runs"), help="folder for solvers.csv and solvers.png")
    add_history_options(made, "solvers")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    given = parser().parse_args(arguments)
    console = Console(width=WIDTH)
    results: dict[int, dict[str, tuple[list[Point], End | None]]] = {}
    given.out.mkdir(parents=True, exist_ok=True)
    for size in (int(part) for part in given.sizes.split(",") if part):
        case = CASES[size]
        results[size] = {}
        for name in names_for(case, given.solvers.split(",")):
            results[size][name] = run(name, case, given.seconds)
        shown(console, case, results[size])
        written(given.out / "solvers.csv", results)
        drawn(given.out / "solvers.png", results)
    growth = grown(console, [int(part) for part in given.regions.split(",") if part], given.seconds)
    if given.history:
        append(given.history, {**figures(results), **growth})


if __name__ == "__main__":
    main()
