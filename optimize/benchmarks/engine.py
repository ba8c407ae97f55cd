"""Engines side by side: `python -m optimize.benchmarks.engine [--regions 4,31,1000,2844] [--json FILE]`.

Every engine runs the generated model in a process of its own; the processes take turns, so that a busy moment of the
machine hits all of them. Timed are the import of the engine, opening (from the file to a model that is ready), the
first run and the first gradient (what is lazy happens there), then the median run and the median gradient of a scalar
outcome with respect to all inputs: a lever over all steps and regions, and all constants. Memory is the peak resident
set of the process.

A new engine is a class with `run` and `gradient`, and a row of `ENGINES`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from sd_models.simulator.concurrency import processors

from .generated_model import LEVER, OUTCOME, write_model
from .history import add_history_options, append, versions
from .machine import peak_memory
from .pysd_itself import PysdSession
from .targets import Target, judged

STEPS = 100
PART_OF_PYSIMLIN = {4: 0.4, 31: 0.2, 1000: 0.1}  # of its time for a run, by regions
TURN = 0.1  # seconds an engine repeats a task before the next one has its turn; one repetition at least
WIDTH = 150  # columns of the printed tables, wherever they are printed
CONTROL = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")


# --- engines ----------------------------------------------------------------------------------------------------------


class Session(Protocol):
    """A model that is open in an engine."""

    def run(self) -> float:
        """One run; the last value of the outcome."""

    def gradient(self) -> float:
        """The number of derivatives of the outcome, after computing them all; 0 for an engine that has none."""


class Compiled:
    """This project, numbers in and numbers out: all constants and the lever are inputs of the compiled model."""

    engine = "native"

    def __init__(self, model: Path) -> None:
        import numpy as np

        import sd_models as sd
        from sd_models.simulator.engines import Engine as Compiler
        from sd_models.simulator.sensitivity import weighted
        from sd_models.system.model import Kind

        system = sd.load(model)
        names = [variable.name for variable in system.of_kind(Kind.CONSTANT)]
        self.constants = [name for name in names if name not in (*CONTROL, LEVER)]
        self.simulator = sd.compile(
            system, levers=[LEVER], constants=self.constants, outputs=[OUTCOME], engine=Compiler(self.engine)
        )
        own = np.full((len(self.simulator.times), *system.shape(system[LEVER])), 0.04)
        self.levers = {LEVER: own}
        self.inputs = self.simulator.inputs(levers=self.levers)
        self.outcome = sd.Outcome(OUTCOME, sd.Measure.INTEGRAL)
        self.weights = weighted(self.simulator, self.outcome)[np.newaxis]

    def run(self) -> float:
        """A run with a given path of the lever."""
        return float(self.simulator.trajectories(self.inputs).outputs[-1, -1])

    def gradient(self) -> float:
        """The adjoint of the outcome's integral, to the lever at all times and to all constants."""
        from sd_models.simulator.sensitivity import adjoint

        _, parts = adjoint(self.simulator, self.inputs, self.weights)
        return float(sum(part.size for part in parts))


class Symbolic(Compiled):
    """The same by CasADi's virtual machine."""

    engine = "casadi"


class Labelled(Compiled):
    """This project as people call it: names and values in, datasets with names, coordinates and units out."""

    def run(self) -> float:
        """A run with a given path of the lever."""
        return float(self.simulator.run(levers=self.levers)[OUTCOME][-1])

    def gradient(self) -> float:
        """The adjoint of the outcome's integral."""
        import sd_models as sd

        found = sd.sensitivities(self.simulator, [self.outcome], levers=self.levers, constants=self.constants)
        return float(sum(gradient.size for gradient in found.gradients.values()))


class Simlin:
    """pysimlin: a Rust engine that saves all variables; constants stand in the model file."""

    def __init__(self, model: Path) -> None:
        import simlin

        self.simulation = simlin.load(model).simulate()

    def run(self) -> float:
        """A run with the file's own values; it leaves the simulation at its start."""
        self.simulation.run_to_end()
        last = float(self.simulation.get_series(OUTCOME)[-1])
        self.simulation.reset()
        return last

    def gradient(self) -> float:
        """It has none."""
        return 0.0


def open_in_pysd(model: Path) -> PysdSession:
    """PySD: generated Python on xarray."""
    return PysdSession(model, OUTCOME)


@dataclass(frozen=True)
class Engine:
    """A row of the benchmark: what it imports, how it opens a model; the rest bounds the time that slow ones take.

    `inline` is for engines that read no file beside the model.
    """

    name: str
    modules: tuple[str, ...]
    open: Callable[[Path], Session]
    inline: bool = False
    turns: int = 15
    most_regions: int = 10**9


MODULES = ("sd_models", "sd_models.reading.flattening", "sd_models.reading.files")
OURS = Engine("sd_models", MODULES, Compiled)
SYMBOLIC = Engine("sd_models, casadi", MODULES, Symbolic)
LABELLED = Engine("sd_models, datasets", MODULES, Labelled)
SIMLIN = Engine("pysimlin", ("simlin", "numpy"), Simlin, inline=True)
PYSD = Engine("pysd", ("pysd",), open_in_pysd, turns=2, most_regions=31)
ENGINES = (OURS, SYMBOLIC, LABELLED, SIMLIN, PYSD)


# --- processes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """Seconds of each repetition of a task, its last value, or why it failed."""

    seconds: tuple[float, ...] = ()
    value: float = 0.0
    fault: str = ""


def serve(engine: Engine, model: Path, connection: Connection) -> None:
    """Open the model, then do one task after the other until the connection closes."""
    warnings.simplefilter("ignore")  # of pandas and chardet, about PySD's use of them
    opened: list[Session] = []

    def open_model() -> float:
        opened.append(engine.open(model))
        return 0.0

    def import_modules() -> float:
        return float(len([importlib.import_module(name) for name in engine.modules]))

    tasks: Mapping[str, Callable[[], float]] = {
        "import": import_modules,
        "open": open_model,
        "run": lambda: opened[0].run(),
        "gradient": lambda: opened[0].gradient(),
        "memory": lambda: peak_memory() / 1e6,
    }
    while (request := connection.recv()) is not None:
        task, turn = request
        connection.send(attempt(tasks[task], turn))


def attempt(task: Callable[[], float], turn: float) -> Reply:
    """The task, repeated for a turn."""
    seconds: list[float] = []
    try:
        while sum(seconds) < turn or not seconds:
            begin = time.perf_counter()
            value = task()
            seconds.append(time.perf_counter() - begin)
    except Exception as error:  # an engine may raise anything; the others go on
        return Reply(fault=f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    return Reply(tuple(seconds), value)


@contextmanager
def process(engine: Engine, model: Path) -> Iterator[Callable[[str, float], Reply]]:
    """A process with the engine; the function that comes out gives it a task and waits for the reply."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=serve, args=(engine, model, there))
    worker.start()
    there.close()

    def ask(task: str, turn: float) -> Reply:
        try:
            here.send((task, turn))
            reply: Reply = here.recv()
        except (EOFError, OSError):
            return Reply(fault=f"the process ended at {task!r}")
        return reply

    try:
        yield ask
    finally:
        if worker.is_alive():
            here.send(None)
        worker.join()


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measurement:
    """What one engine took on one model: seconds, and MB of memory; NaN where there is nothing to measure."""

    engine: str
    regions: int
    imports: float = float("nan")
    open: float = float("nan")
    first_run: float = float("nan")
    run: float = float("nan")
    first_gradient: float = float("nan")
    gradient: float = float("nan")
    inputs: int = 0
    outcome: float = float("nan")
    memory: float = float("nan")
    fault: str = ""

    @property
    def ready(self) -> float:
        """Seconds from the file to the first run and, where there is one, the first gradient; without imports."""
        return self.open + self.first_run + (self.first_gradient if self.inputs else 0.0)


def measure(regions: int, chosen: Sequence[Engine]) -> list[Measurement]:
    """The engines on the model with that many regions, in turns."""
    engines = [engine for engine in chosen if regions <= engine.most_regions]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        models = {inline: write_model(folder, regions, steps=STEPS, inline=inline) for inline in (False, True)}
        asks = [stack.enter_context(process(engine, models[engine.inline])) for engine in engines]
        started = [start(engine, regions, ask) for engine, ask in zip(engines, asks, strict=True)]
        runs, gradients = take_turns(engines, asks, started)
        return [
            replace(one, run=median(runs[i]), gradient=median(gradients[i]), memory=asks[i]("memory", 0.0).value)
            for i, one in enumerate(started)
        ]


def start(engine: Engine, regions: int, ask: Callable[[str, float], Reply]) -> Measurement:
    """Import, open, run once, differentiate once."""
    replies: list[Reply] = []
    for task in ("import", "open", "run", "gradient"):
        replies.append(ask(task, 0.0))
        if replies[-1].fault:
            return Measurement(engine.name, regions, fault=f"{task}: {replies[-1].fault}")
    imports, opened, run, gradient = (reply.seconds[0] for reply in replies)
    inputs = int(replies[3].value)
    first = gradient if inputs else float("nan")
    return Measurement(
        engine.name, regions, imports, opened, run, first_gradient=first, inputs=inputs, outcome=replies[2].value
    )


def take_turns(
    engines: Sequence[Engine], asks: Sequence[Callable[[str, float], Reply]], started: Sequence[Measurement]
) -> tuple[list[list[float]], list[list[float]]]:
    """Seconds of runs and of gradients of each engine, turn by turn."""
    runs: list[list[float]] = [[] for _ in engines]
    gradients: list[list[float]] = [[] for _ in engines]
    for turn in range(max(engine.turns for engine in engines)):
        for i, engine in enumerate(engines):
            if turn >= engine.turns or started[i].fault:
                continue
            runs[i].extend(asks[i]("run", TURN).seconds)
            if started[i].inputs:
                gradients[i].extend(asks[i]("gradient", TURN).seconds)
    return runs, gradients


def median(seconds: Sequence[float]) -> float:
    """NaN of nothing."""
    return statistics.median(seconds) if seconds else float("nan")


# --- targets ----------------------------------------------------------------------------------------------------------


class Results:
    """The measurements, looked up by engine and regions; what was not measured is NaN and meets no target."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self.by_place = {(one.engine, one.regions): one for one in measurements}
        self.regions = sorted({one.regions for one in measurements})

    def __call__(self, engine: Engine, regions: int) -> Measurement:
        """What one engine took on the model with that many regions."""
        return self.by_place.get((engine.name, regions), Measurement(engine.name, regions, fault="not measured"))


def targets(results: Results) -> list[Target]:
    """The targets of the engine, judged."""
    ours = {regions: results(OURS, regions) for regions in (4, *results.regions)}
    found = [Target("times PySD, 4 regions", results(PYSD, 4).run / ours[4].run, 1000, at_least=True)]
    for regions in results.regions:
        place = f"{regions} regions"
        peer = results(SIMLIN, regions).run
        found += [
            Target(f"run over pysimlin's, {place}", ours[regions].run / peer, PART_OF_PYSIMLIN.get(regions, 1)),
            Target(f"gradient over run, {place}", ours[regions].gradient / ours[regions].run, 6),
            Target(f"outcome's gap to PySD, {place}", gap(ours[regions], results(PYSD, regions)), 1e-9),
        ]
    found += [
        Target("seconds to be ready, 31 regions", results(OURS, 31).ready, 1),
        Target("seconds to be ready, 2844 regions", results(OURS, 2844).ready, 60),
    ]
    return [target for target in (*found, *linearity(results)) if target.verdict != "not measured"]


def gap(one: Measurement, other: Measurement) -> float:
    """The relative difference of two outcomes."""
    return abs(one.outcome - other.outcome) / abs(other.outcome)


def linearity(results: Results) -> list[Target]:
    """Growth from the second largest to the largest model over the growth of regions; 1.5 leaves room for the caches.

    Memory is counted beyond that of the smallest model, which is the interpreter and its libraries.
    """
    if len(results.regions) < 3:
        return []
    smallest, (middle, largest) = results.regions[0], results.regions[-2:]
    base, before, after = (results(OURS, regions) for regions in (smallest, middle, largest))
    factor = largest / middle
    memory = (after.memory - base.memory) / (before.memory - base.memory)
    place = f"{middle} to {largest} regions, over linear growth"
    return [
        Target(f"run, {place}", after.run / before.run / factor, 1.5),
        Target(f"gradient, {place}", after.gradient / before.gradient / factor, 1.5),
        Target(f"seconds to be ready, {place}", after.ready / before.ready / factor, 1.5),
        Target(f"memory, {place}", memory / ((largest - smallest) / (middle - smallest)), 1.5),
    ]


# --- what people read -------------------------------------------------------------------------------------------------


COLUMNS = (
    *("regions", "engine", "import s", "open s", "first run s", "first gradient s", "run ms", "gradient ms"),
    *("inputs", "peak MB", "open", "run", "memory"),
)


def show(results: Results, console: Console) -> None:
    """Two tables: times and memory, then targets."""
    times = Table(title=f"{STEPS} steps; the last columns over this project's value")
    for column in COLUMNS:
        times.add_column(column, justify="left" if column == "engine" else "right")
    for (_, regions), one in results.by_place.items():
        times.add_row(*cells(one, results(OURS, regions)))
    console.print(times)
    for one in results.by_place.values():
        if one.fault:
            console.print(f"{one.engine}, {one.regions} regions: {one.fault}", soft_wrap=True)
    console.print(judged(targets(results)))


def cells(one: Measurement, ours: Measurement) -> list[str]:
    """A row of the table of times."""
    seconds = (one.imports, one.open, one.first_run, one.first_gradient, one.run * 1e3, one.gradient * 1e3)
    ratios = (one.open / ours.open, one.run / ours.run, one.memory / ours.memory)
    numbers = [figure(value) for value in (*seconds, one.inputs or float("nan"), one.memory, *ratios)]
    return [str(one.regions), one.engine, *numbers]


def figure(value: float) -> str:
    """Three digits; nothing for NaN."""
    if value != value:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def document(results: Results) -> str:
    """Measurements, targets and the machine as JSON."""
    return json.dumps(
        {
            "measurements": [asdict(one) for one in results.by_place.values()],
            "targets": [{**asdict(target), "verdict": target.verdict} for target in targets(results)],
            "versions": versions(("casadi", "pysd", "pysimlin", "numpy", "xarray")),
            "platform": platform.platform(),
            "processors": processors(),
        },
        indent=2,
    )


def figures(results: Results) -> dict[str, float]:
    """What the history keeps of a run."""
    return {
        f"{one.engine}, {one.regions} regions, {name}": value
        for one in results.by_place.values()
        for name, value in (
            ("ready s", one.ready),
            ("run ms", one.run * 1e3),
            ("gradient ms", one.gradient * 1e3),
            ("peak MB", one.memory),
        )
        if value == value
    }


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--regions", default="4,31,1000,2844", help="numbers of regions, with commas between")
    everyone = [engine.name for engine in ENGINES]
    made.add_argument("--engines", nargs="+", choices=everyone, default=everyone, help="some of the engines")
    made.add_argument("--json", type=Path, help="file for the figures")
    add_history_options(made, "engine")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show, and write what was asked for."""
    options = parser().parse_args(arguments)
    chosen = [engine for engine in ENGINES if engine.name in options.engines]
    results = Results([one for regions in options.regions.split(",") for one in measure(int(regions), chosen)])
    show(results, Console(width=WIDTH))
    if options.json:
        options.json.write_text(document(results), "utf-8")
    if options.history:
        append(options.history, figures(results))


if __name__ == "__main__":
    main()
