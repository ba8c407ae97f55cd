"""Calibration by many methods: `python -m optimize.benchmarks.calibration [MODEL] [--regions FOLDER] [--json FILE]`.

The misfit of a library model that has a calibration file, from the same starting point (the model's own values, each
moved at random by a tenth of the distance of its bounds), minimized side by side in one run by

- our fit: SciPy's trust region reflective method with exact Jacobians,
- the same method with difference quotients, which most people use,
- L-BFGS-B with the exact gradient, and Powell's search without derivatives, for a bounded time.

Reported: the misfit reached against runs and seconds, and what one Jacobian costs in runs, forward and by the adjoint.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import least_squares, minimize
from threadpoolctl import threadpool_limits

from ..calibration.estimation import misfit_of
from ..calibration.fitting import fit
from ..calibration.misfit import Misfit
from .history import add_history_options, append

SEED = 1
MOVED = 0.1  # of the distance of the bounds
PATIENCE = 120.0  # seconds for a method that would take far longer
REPEATS = 5
WIDTH = 120


class OutOfTimeError(Exception):
    """A method has used up its seconds."""


@dataclass(frozen=True)
class Row:
    """What a method reached."""

    method: str
    misfit: float
    runs: int
    jacobians: int
    seconds: float
    ended: str


class Counted:
    """The misfit as SciPy's methods take it, in distances of bounds, with what was done and the least value so far."""

    def __init__(self, misfit: Misfit) -> None:
        self.misfit, self.size = misfit, misfit.parameters.size
        self.bounds = misfit.parameters.lower / self.size, misfit.parameters.upper / self.size
        self.start = np.clip(misfit.parameters.start / self.size, *self.bounds)
        self.runs = self.jacobians = 0
        self.least = np.inf
        start = misfit.residuals(misfit.parameters.start)
        self.scale = float(start @ start)
        self.began = time.perf_counter()

    def residuals(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Residuals; OutOfTimeError after the patience."""
        if time.perf_counter() - self.began > PATIENCE:
            raise OutOfTimeError
        found = self.misfit.residuals(
            np.clip(x * self.size, self.misfit.parameters.lower, self.misfit.parameters.upper)
        )
        self.runs += 1
        squares = float(found @ found)
        self.least = min(self.least, squares if np.isfinite(squares) else np.inf)
        return np.nan_to_num(found, nan=1e6, posinf=1e6, neginf=-1e6)

    def cost(self, x: np.ndarray[Any, Any]) -> float:
        """The sum of squares over that of the start: L-BFGS-B gives up at once where numbers are large."""
        found = self.residuals(x)
        return float(found @ found) / self.scale

    def slope(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Its gradient."""
        self.jacobians += 1
        values = x * self.size
        return np.asarray(self.misfit.jacobian(values).T @ self.misfit.residuals(values) * self.size * 2 / self.scale)


def ours(misfit: Misfit) -> Row:
    """Our fit."""
    found = fit(misfit, starts=1, seed=SEED, tolerance=1e-8, most_evaluations=200)
    return Row(
        "exact Jacobians (ours)", found.misfit, found.evaluations, found.jacobians, found.seconds, str(found.ending)
    )


def tried(name: str, misfit: Misfit, action: Callable[[Counted], Any]) -> Row:
    """A method of SciPy, for as long as the patience lasts."""
    counted = Counted(misfit)
    try:
        with threadpool_limits(1):
            found = action(counted)
        ended = "converged" if found.success else str(found.message)
    except OutOfTimeError:
        ended = f"stopped after {PATIENCE:.0f} s"
    return Row(name, counted.least, counted.runs, counted.jacobians, time.perf_counter() - counted.began, ended)


def rows(misfit: Misfit) -> Iterator[Row]:
    """All methods, one after the other."""
    yield ours(misfit)
    yield tried(
        "difference quotients",
        misfit,
        lambda c: least_squares(c.residuals, c.start, bounds=c.bounds, ftol=1e-8, xtol=1e-8, gtol=1e-8),
    )
    box = list(zip(*Counted(misfit).bounds, strict=True))
    options: Any = {"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-12}
    yield tried(
        "L-BFGS-B, exact gradient",
        misfit,
        lambda c: minimize(c.cost, c.start, jac=c.slope, bounds=box, method="L-BFGS-B", options=options),
    )
    yield tried("Powell, no derivatives", misfit, lambda c: minimize(c.cost, c.start, bounds=box, method="Powell"))


def costs(misfit: Misfit) -> dict[str, float]:
    """Seconds of a run, of a Jacobian forward, and of one by the adjoint, medians."""
    values = misfit.parameters.start
    run = misfit.run(values)
    actions: dict[str, Callable[[], object]] = {
        "run": lambda: misfit.simulator.trajectories(misfit.inputs(values)),
        "Jacobian, forward": lambda: misfit._forward(values, run),
        "Jacobian, adjoint": lambda: misfit._backward(values, run),
    }
    return {name: _median(action) for name, action in actions.items()}


def _median(action: Callable[[], object]) -> float:
    action()
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def problem(model: str, regions: str | None) -> Misfit:
    """The misfit of the model's own calibration, whose start is moved apart from the model's own values."""
    misfit = misfit_of(model, regions=regions)
    parameters, random = misfit.parameters, np.random.default_rng(SEED)
    moved = parameters.start + MOVED * parameters.size * random.uniform(-1, 1, len(parameters))
    start = np.clip(moved, parameters.lower, parameters.upper)
    return Misfit(misfit.simulator, replace(parameters, start=start), misfit.targets)


def show(misfit: Misfit, found: list[Row], seconds: dict[str, float], console: Console) -> None:
    """Two tables."""
    console.print(f"{len(misfit.points):,} observations, {len(misfit.parameters)} parameters")
    table = Table("method", "misfit", "runs", "Jacobians or gradients", "seconds", "ended")
    for row in found:
        table.add_row(
            row.method, f"{row.misfit:,.6g}", str(row.runs), str(row.jacobians), f"{row.seconds:.1f}", row.ended
        )
    console.print(table)
    for name, value in seconds.items():
        console.print(f"{name}: {value * 1e3:.3g} ms, {value / seconds['run']:.3g} runs")


def figures(model: str, found: Sequence[Row], seconds: Mapping[str, float]) -> dict[str, float]:
    """What the history keeps of a run."""
    times = {f"{model}, {name}, ms": value * 1e3 for name, value in seconds.items()}
    misfits = {f"{model}, {row.method}, misfit": row.misfit for row in found}
    return {**times, **misfits, **{f"{model}, {row.method}, s": row.seconds for row in found}}


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("model", nargs="?", default="common_prosperity")
    made.add_argument("--regions")
    made.add_argument("--json", type=Path, help="file for the figures")
    add_history_options(made, "calibration")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show, and write what was asked for."""
    options = parser().parse_args(arguments)
    misfit = problem(options.model, options.regions)
    seconds, found = costs(misfit), list(rows(misfit))
    show(misfit, found, seconds, Console(width=WIDTH))
    if options.json:
        text = json.dumps({"seconds": seconds, "methods": [asdict(row) for row in found]}, indent=1)
        options.json.write_text(text, encoding="utf-8")
    if options.history:
        place = f"{options.model} ({options.regions})" if options.regions else options.model
        append(options.history, figures(place, found, seconds))


if __name__ == "__main__":
    main()
