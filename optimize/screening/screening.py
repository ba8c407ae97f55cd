"""`screen`: a model, ranges of its parameters and outcomes in; what each parameter does to each outcome out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest
from sd_models.reading.library import load
from sd_models.simulator.concurrency import concurrently, processors
from sd_models.simulator.diagnosis import wrong
from sd_models.simulator.inputs import Inputs
from sd_models.simulator.simulation import Simulator, compile
from sd_models.system.model import FloatArray, Mask, System

from ..files.gathering import Faults
from ..plans.assumptions import assumed, sentence
from ..results.folder import load_result
from ..results.recomputation import policy_of
from ..results.result import Result
from ..runs.policy import lever_paths, read_policy
from .methods import Method, complete, method_of
from .outcomes import Wanted, wanted, weights
from .ranges import Ranges, read_ranges

# Numbers of all runs that stand side by side at once, outputs and stocks: 8 bytes each, and CasADi holds them twice.
MOST_NUMBERS = 8_000_000
MOST_RUNS_AT_ONCE = 32
LEAST_GROUPS = 2
SAMPLES = {"morris": 20, "sobol": 256}

Watcher = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Screening:
    """The answer. `effects` holds for each outcome the columns of the method, with a number for each parameter.

    `values` are the outcomes of all runs, (runs, outcomes), NaN where a run failed or was not made; `own` those of the
    model's own values.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> with TemporaryDirectory() as home:
    ...     table = Path(home) / "ranges.csv"
    ...     _ = table.write_text("name,low,high\\nmobility,0.02,0.03\\nspreading speed,0.06,0.08\\n", encoding="utf-8")
    ...     found = opt.screen("urbanization", table, ["national urban share:final"], samples=4)
    >>> [found.ranges.labels[place] for place in found.ranked("national urban share:final")]
    ['spreading speed', 'mobility']
    """

    system: System
    method: Method
    ranges: Ranges
    outcomes: tuple[Wanted, ...]
    design: FloatArray
    values: FloatArray
    own: FloatArray
    effects: Mapping[str, Mapping[str, FloatArray]]
    seed: int
    samples: int
    interrupted: bool
    seconds: float
    notes: tuple[str, ...]

    def ranked(self, outcome: str) -> list[int]:
        """The parameters, the one with the largest effect first."""
        first = self.effects[outcome][self.method.columns[0]]
        return [int(place) for place in np.argsort(-np.nan_to_num(first, nan=-np.inf), kind="stable")]


def screen(
    model: System | str | Path,
    ranges: str | Path,
    outcomes: Iterable[str],
    *,
    method: str = "morris",
    samples: int | None = None,
    seed: int = 1,
    first: float | None = None,
    chosen: Iterable[str] = (),
    without: Mapping[str, Sequence[str]] | None = None,
    policy: Path | Result | None = None,
    regions: str | Path | None = None,
    watch: Watcher | None = None,
) -> Screening:
    """What each parameter of a table of ranges does to outcomes of a model (`NAME:final`, `NAME:mean`, `NAME:2050`).

    Every parameter moves over its range, independently of the others, all points alike. Integrals and means count from
    `first` on; `chosen` names the rows of the table that count, `without` cells, by column, of those that do not;
    `policy` is a CSV file with paths of levers, or a result (or its folder), whose assumptions hold too. `samples` are
    trajectories (Morris) or base points (Sobol). The same seed gives the same answer. Runs that are no numbers are left
    out with their group, and noted. Ctrl-C keeps the groups that are complete.

    Raises InvalidRequest for what does not fit, and SimulationError where too few runs are numbers.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> with TemporaryDirectory() as home:
    ...     table = Path(home) / "ranges.csv"
    ...     _ = table.write_text("name,low,high\\nmobility,0.02,0.03\\nspreading speed,0.06,0.08\\n", encoding="utf-8")
    ...     found = opt.screen("urbanization", table, ["national urban share:final"], samples=4)
    >>> found.values.shape  # four trajectories of three runs, one outcome
    (12, 1)
    """
    began = perf_counter()
    means = method_of(method)
    system = model if isinstance(model, System) else load(model, regions=regions)
    found = load_result(policy) if isinstance(policy, Path) and policy.is_dir() else policy
    if isinstance(found, Result):
        system = _as_assumed(system, found)
    table = read_ranges(_found(system, ranges), system, chosen, without)
    named = _outcomes(system, outcomes)
    runs = _Runs(system, table, named, first, _paths(system, found))
    count = SAMPLES[means.name] if samples is None else samples
    design = means.design(len(table), count, seed)
    values, interrupted = runs.all(design, watch)
    kept = complete(means.group(len(table)), np.isfinite(values).all(axis=1))
    enough = int(kept.sum()) >= LEAST_GROUPS * means.group(len(table))
    if not enough and not interrupted:
        runs.explain(design[~kept])
    columns = zip(named, values.T, strict=True) if enough else ()
    return Screening(
        system=system,
        method=means,
        ranges=table,
        outcomes=named,
        design=design,
        values=values,
        own=runs.own(),
        effects={item.label: means.analyse(design[kept], column[kept], seed) for item, column in columns},
        seed=seed,
        samples=count,
        interrupted=interrupted,
        seconds=perf_counter() - began,
        notes=tuple(
            dict.fromkeys((*system.notes, *_of_policy(found), *table.notes, *_notes(kept, values, interrupted)))
        ),
    )


def _as_assumed(system: System, result: Result) -> System:
    """The model with the constants of a result's plan; InvalidRequest for a result of another model."""
    if result.provenance["model"] != system.name:
        told = f"its policy is for the model {result.provenance['model']!r}."
        raise InvalidRequest(Fault(told, file=system.name, advice="Name the model of the result."))
    faults = Faults(system.name)
    changed = assumed(system, result.plan, faults)
    faults.raise_all()
    return changed


def _paths(system: System, policy: Path | Result | None) -> Mapping[str, xr.DataArray]:
    """The paths of the levers that are not the model's own."""
    if isinstance(policy, Result):
        return policy_of(policy.policy)
    return lever_paths(read_policy(policy), system) if policy else {}


def _of_policy(policy: Path | Result | None) -> Iterator[str]:
    if isinstance(policy, Result) and policy.assumptions:
        yield sentence(policy.assumptions)


def _found(system: System, ranges: str | Path) -> Path:
    """The table, as a path, or in the data folder, or beside the model."""
    folders = [folder for folder in (system.regions, system.path.parent if system.path else None) if folder]
    candidates = [Path(ranges), *(folder / ranges for folder in folders)]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _outcomes(system: System, texts: Iterable[str]) -> tuple[Wanted, ...]:
    listed = [wanted(system, text) for text in texts]
    if not listed:
        advice = "Name at least one variable, as in --outcome 'NAME:final'."
        raise InvalidRequest(Fault("there is no outcome.", file=system.name, advice=advice))
    return tuple({item.label: item for item in listed}.values())


def _notes(kept: Mask, values: FloatArray, interrupted: bool) -> Iterator[str]:
    failed = int((~np.isfinite(values)).any(axis=1).sum())
    if interrupted:
        yield f"Interrupted: {int(kept.sum())} of {len(values)} runs count."
    elif failed:
        left = len(values) - int(kept.sum())
        yield f"{failed} of {len(values)} runs are no numbers; they and their groups, {left} runs, are left out."


def _padded(points: FloatArray, size: int) -> FloatArray:
    """So many points, the last one repeated where there are fewer."""
    return np.concatenate([points, np.repeat(points[-1:], size - len(points), axis=0)])


class _Runs:
    """Runs of one simulator, chunk by chunk."""

    def __init__(
        self,
        system: System,
        ranges: Ranges,
        outcomes: Sequence[Wanted],
        first: float | None,
        levers: Mapping[str, xr.DataArray],
    ) -> None:
        self.ranges, self.outcomes = ranges, outcomes
        both = sorted(set(levers) & set(ranges.variables))
        if both:
            raise InvalidRequest(Fault("the policy sets its path, and the table its range.", both[0], file=system.name))
        self.simulator = self._compiled(system, levers)
        layout = self.simulator.model.constants.rows
        self.rows = np.array([layout[v].start + p for v, p in zip(ranges.variables, ranges.places, strict=True)])
        self.weights = [weights(self.simulator, outcome, first) for outcome in outcomes]
        self.base = self.simulator.inputs(levers=levers)

    def _compiled(self, system: System, levers: Mapping[str, xr.DataArray]) -> Simulator:
        names = list(dict.fromkeys(outcome.variable for outcome in self.outcomes))
        constants = list(dict.fromkeys(self.ranges.variables))
        return compile(system, levers=levers, constants=constants, outputs=names)

    def all(self, design: FloatArray, watch: Watcher | None) -> tuple[FloatArray, bool]:
        """The outcomes of all runs, (runs, outcomes), and whether somebody ended them before the last one."""
        values = np.full((len(design), len(self.outcomes)), np.nan)
        points = self.ranges.scaled(design)
        size = self._at_once()
        together = size * processors()
        self.simulator.prepare(size)
        try:
            for start in range(0, len(design), together):
                starts = range(start, min(start + together, len(design)), size)
                found = concurrently(self._values, [_padded(points[s : s + size], size) for s in starts])
                stop = min(start + together, len(design))
                values[start:stop] = np.concatenate(found)[: stop - start]
                if watch:
                    watch(stop, len(design))
        except KeyboardInterrupt:
            return values, True
        return values, False

    def _at_once(self) -> int:
        """The number of runs side by side; always the same, so that CasADi builds their function once."""
        model = self.simulator.model
        numbers = (model.states.size + model.outputs.size + model.levers.size) * len(self.simulator.times)
        return max(1, min(MOST_RUNS_AT_ONCE, MOST_NUMBERS // max(1, numbers)))

    def _inputs(self, points: FloatArray) -> Inputs:
        constants = np.repeat(self.base.constants, len(points), axis=1)
        constants[self.rows] = points.T
        initials = np.repeat(self.base.initials, len(points), axis=1)
        return Inputs(np.tile(self.base.levers, (1, len(points))), constants, initials, len(points))

    def _values(self, points: FloatArray) -> FloatArray:
        """The outcomes of runs with these values of the parameters, NaN for one that is no number."""
        model, found = self.simulator.model, self.simulator.trajectories(self._inputs(points))
        outputs = found.outputs.reshape(len(found.outputs), len(points), len(self.simulator.times))
        columns = [self._value(outputs, outcome, w) for outcome, w in zip(self.outcomes, self.weights, strict=True)]
        values = np.column_stack(columns)
        values[wrong(model, found).reshape(len(points), -1).any(axis=1)] = np.nan
        return values

    def _value(self, outputs: FloatArray, outcome: Wanted, weight: FloatArray) -> FloatArray:
        """An outcome of runs, from their outputs, (rows, runs, times)."""
        rows = self.simulator.model.outputs.rows.get(outcome.variable)
        if rows is None:
            return np.full(outputs.shape[1], self.simulator.model.fixed[outcome.variable][outcome.place] * weight.sum())
        used = weight != 0
        return np.asarray(outputs[rows.start + outcome.place][:, used] @ weight[used])

    def own(self) -> FloatArray:
        """The outcomes of the model's own values."""
        return np.asarray(self._values(self.base.constants[self.rows].T)[0])

    def explain(self, design: FloatArray) -> None:
        """SimulationError with variable and time of the first run that is no number."""
        for point in self.ranges.scaled(design):
            inputs = self._inputs(point[np.newaxis])
            self.simulator.check(inputs, self.simulator.trajectories(inputs))
