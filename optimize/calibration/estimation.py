"""`calibrate`: a model and a calibration file in, estimates and what they are worth out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from sd_models.dynamics.timing import SAME_DECIMALS, TOLERANCE, TimeSpan, control_values
from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.reading.library import load, model_path
from sd_models.simulator.simulation import compile
from sd_models.system.expression import references
from sd_models.system.model import FloatArray, Series, System, Values, Variable, key

from ..files.documents import document_of, read_document
from ..files.gathering import kept
from ..files.names import part_mask, part_of
from .accuracy import Rated, rated, rated_holdout
from .fitting import Ending, Fit, Watcher, fit
from .identification import Identification, identify
from .misfit import Misfit, Target, latest, target_of
from .observations import Observed, Table, observed, read_table
from .parameters import Parameters, parameters_of, where_mask
from .specification import Calibration, ObservedSeries, Total

FILE = "calibration.toml"
JUST_AFTER = 10 * SAME_DECIMALS  # later than the last time that a fit has seen


@dataclass(frozen=True)
class SourceFiles:
    """Where things are: the model file, the calibration file, the data folder, and the tables that were read."""

    model: Path | None
    calibration: Path | None
    folders: tuple[Path, ...]
    tables: tuple[Path, ...] = ()

    def find(self, name: str) -> Path:
        """The file of that name in the first folder that has it; the first folder's name for it if none has."""
        candidates = [folder / name for folder in self.folders]
        return next((path for path in candidates if path.is_file()), candidates[0])


@dataclass(frozen=True, eq=False)
class Score:
    """A fit seen from its targets: simulated values of each (times, elements), and how good they are."""

    fit: Fit
    targets: tuple[Target, ...]
    simulated: tuple[FloatArray, ...]
    rated: tuple[Rated, ...]


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """What a calibration found. `holdout` is None without one, or where an interruption came first.

    >>> import optimize as opt
    >>> found = opt.calibrate("urbanization")
    >>> str(found.ending), found.holdout is None
    ('converged', False)
    >>> {name: round(float(value), 3) for name, value in found.constants.items()}
    {'spreading speed': 0.073, 'income elasticity of migration': 0.39}
    """

    system: System
    calibration: Calibration
    places: SourceFiles
    parameters: Parameters
    score: Score
    identification: Identification
    holdout: Score | None
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def fit(self) -> Fit:
        """The fit to the whole window."""
        return self.score.fit

    @property
    def ending(self) -> Ending:
        """How the fit ended; that of the hold-out where only it was interrupted."""
        endings = [self.fit.ending, *([self.holdout.fit.ending] if self.holdout else [])]
        return Ending.INTERRUPTED if Ending.INTERRUPTED in endings else endings[0]

    @cached_property
    def constants(self) -> dict[str, FloatArray]:
        """The estimated constants, as `sd.simulate(system, constants=...)` takes them."""
        return self.parameters.arrays(self.system, self.fit.values)


def calibrate(
    model: System | str | Path,
    calibration: Calibration | Mapping[str, Any] | str | Path | None = None,
    *,
    regions: str | Path | None = None,
    starts: int | None = None,
    seed: int | None = None,
    holdout: bool = True,
    prepare: Callable[[System, Parameters, SourceFiles], None] | None = None,
    watch: Watcher | None = None,
) -> CalibrationResult:
    """The parameters of a model with which its runs come closest to observations.

    `calibration` is a TOML file or its content (see `specification.py`); a library model has one beside it. `regions`
    is the data folder, in place of the file's; `starts` and `seed` go before the file's; without `holdout` there is no
    second fit. Data files are looked for in the data folder, then beside the calibration file. The same seed gives the
    same result. Ctrl-C ends the search and keeps the best values. `prepare` is called before the search, and may
    refuse; `watch` is told how far it is.

    Raises InvalidRequest with everything that is wrong with the file, and SimulationError where the run with the
    starting values is no number.

    >>> import optimize as opt
    >>> import sd_models as sd
    >>> found = opt.calibrate("urbanization", holdout=False)
    >>> fitted = sd.simulate(found.system, constants=found.constants, outputs=["national urban share"])
    >>> round(float(fitted["national urban share"].sel(time=2020)), 3)
    0.635
    """
    began = perf_counter()
    chosen = {name: value for name, value in {"starts": starts, "seed": seed}.items() if value is not None}
    problem = _problem(model, calibration, regions, {**chosen, **({} if holdout else {"holdout": None})})
    if prepare:
        prepare(problem.system, problem.parameters, problem.places)
    loaded = perf_counter()
    return _solved(problem, watch, {"load": loaded - began})


def misfit_of(
    model: System | str | Path,
    calibration: Calibration | Mapping[str, Any] | str | Path | None = None,
    *,
    regions: str | Path | None = None,
) -> Misfit:
    """What `calibrate` minimizes, residuals and exact Jacobian, for those who bring a method of their own."""
    problem = _problem(model, calibration, regions, {})
    return _misfit(problem, _in_window(problem))


# --- what is asked for ------------------------------------------------------------------------------------------------


def _asked(
    model: System | str | Path, calibration: Calibration | Mapping[str, Any] | str | Path | None
) -> tuple[SourceFiles, Calibration]:
    path = model.path if isinstance(model, System) else model_path(model)
    match calibration:
        case Calibration():
            return SourceFiles(path, None, (Path(),)), calibration
        case Mapping():
            return SourceFiles(path, None, (Path(),)), document_of(calibration, Calibration)
        case None:
            file = path.parent / FILE if path else Path(FILE)
            if not file.is_file():
                advice = f"Write one that names parameters and series: prosperity calibrate MODEL {FILE}."
                raise InvalidRequest(
                    Fault("there is no calibration file beside the model.", file=str(file), advice=advice)
                )
        case _:
            file = Path(calibration)
    return SourceFiles(path, file, (file.parent,)), read_document(file, Calibration)


def _changed(asked: Calibration, changes: Mapping[str, Any]) -> Calibration:
    """The calibration with other entries, which are held against the same rules."""
    return document_of({**asked.model_dump(mode="json", by_alias=True), **changes}, Calibration) if changes else asked


def _system(
    model: System | str | Path, asked: Calibration, places: SourceFiles, regions: str | Path | None
) -> tuple[System, SourceFiles]:
    """The loaded model, and where its data are."""
    if isinstance(model, System):
        if regions is not None:
            found = "the system was loaded with its regions; a calibration cannot have others."
            raise InvalidRequest(Fault(found, file=model.name, advice="Load it with sd.load(..., regions=...)."))
        system = model
    else:
        system = load(model, regions=regions if regions is not None else asked.regions)
    folder = system.regions if system.regions else _beside(places, asked.regions)
    return system, replace(places, folders=(*([folder] if folder else []), *places.folders))


def _beside(places: SourceFiles, regions: str | None) -> Path | None:
    """The data folder beside the model of a system that was loaded without naming one."""
    folder = places.model.parent / regions if places.model and regions else None
    return folder if folder and folder.is_dir() else None


@dataclass(frozen=True, eq=False)
class _Problem:
    """Everything that a fit needs."""

    system: System
    asked: Calibration
    places: SourceFiles
    parameters: Parameters
    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    weight_variables: tuple[str, ...]


def _problem(
    model: System | str | Path,
    calibration: Calibration | Mapping[str, Any] | str | Path | None,
    regions: str | Path | None,
    changes: Mapping[str, Any],
) -> _Problem:
    """Everything that is asked for, read and held against each other."""
    places, asked = _asked(model, calibration)
    asked = _changed(asked, changes)
    system, places = _system(model, asked, places, regions)
    return _bound(system, asked, places)


def _bound(system: System, asked: Calibration, places: SourceFiles) -> _Problem:
    """Parameters and targets in the model; InvalidRequest with every fault of both."""
    faults: list[Fault] = []
    reader = _Reader(system, asked, places)
    parameters = kept(faults, lambda: parameters_of(system, asked.parameter))
    found = [kept(faults, lambda item=item: reader.target(item)) for item in asked.series]  # type: ignore[misc]
    titles = [item.title for item in asked.series]
    repeated = sorted({title for title in titles if titles.count(title) > 1})
    faults += [Fault("two entries [[series]] have this name.", title, advice="Give one a name.") for title in repeated]
    if faults or parameters is None:
        raise InvalidRequest(dict.fromkeys(_named(faults, places)))
    targets = tuple(target for target in found if target is not None)
    faults = list(_holdout_faults(asked, targets))
    if faults:
        raise InvalidRequest(_named(faults, places))
    weights = tuple(target.weights for target in targets if isinstance(target.weights, str))
    return _Problem(
        system, asked, replace(places, tables=tuple(reader.tables)), parameters, targets, tuple(reader.notes), weights
    )


def _holdout_faults(asked: Calibration, targets: Iterable[Target]) -> Iterator[Fault]:
    """Faults, before long work, for a hold-out that has nothing to fit to or to judge by."""
    if asked.holdout is None:
        return
    listed, past, future = list(targets), _seen(asked), _unseen(asked)
    for target in listed:
        if np.isnan(target.between(*past).values).all():
            yield Fault(f"there is no observation of it up to fit_to = {past[1]:g}.", target.asked.title)
    if all(np.isnan(target.between(*future).values).all() for target in listed):
        yield Fault(f"there is no observation after fit_to = {past[1]:g} to judge by.", "holdout")


def _counted(asked: Calibration) -> tuple[float, float]:
    """The first and the last time of the window."""
    first, last = asked.window.first, asked.window.last
    return -np.inf if first is None else first, np.inf if last is None else last


def _seen(asked: Calibration) -> tuple[float, float]:
    """The times to which the hold-out fits."""
    assert asked.holdout is not None
    return _counted(asked)[0], asked.holdout.fit_to


def _unseen(asked: Calibration) -> tuple[float, float]:
    """The times by which the hold-out is judged."""
    held = asked.holdout
    assert held is not None
    first = held.fit_to + JUST_AFTER if held.first is None else held.first
    return first, _counted(asked)[1] if held.last is None else held.last


def _named(faults: Iterable[Fault], places: SourceFiles) -> Iterator[Fault]:
    """The faults with the calibration file as their place where they have none."""
    file = places.calibration.name if places.calibration else ""
    return (replace(fault, file=fault.file or file) for fault in faults)


class _Reader:
    """Reads each table once, and makes targets of it."""

    def __init__(self, system: System, asked: Calibration, places: SourceFiles) -> None:
        self.system, self.asked, self.places = system, asked, places
        self.tables: dict[Path, Table] = {}
        self.notes: list[str] = []
        control = control_values(system)
        self.start, self.stop = control["INITIAL TIME"], control["FINAL TIME"]

    def target(self, asked: ObservedSeries) -> Target:
        """The observations of a series that the model and the window reach."""
        part, table = part_of(self.system, asked.variable), self._table(asked)
        variable = self.system[part.name]
        found = observed(table, asked.column or variable.name, self.system, variable, asked.rows, part)
        self.notes += found.notes
        chosen = where_mask(self.system, variable, asked.where) & part_mask(self.system, part)
        whole = target_of(self.system, asked, found, chosen)
        reached = whole.between(self.start, self.stop)
        if len(reached.times) < len(whole.times):
            left = len(whole.times) - len(reached.times)
            self.notes.append(
                f"{asked.title}: {left} times outside the model's {self.start:g} to {self.stop:g} left out."
            )
        window = self.asked.window
        first = self.start if window.first is None else window.first
        last = self.stop if window.last is None else window.last
        counted = reached if self.asked.holdout else reached.between(first, last)
        if np.isnan(reached.between(first, last).values).all():
            found_text = f"there is no observation of it from {first:g} to {last:g}."
            raise InvalidRequest(Fault(found_text, asked.title, table.file))
        return replace(counted, weights=self._weights(asked, table, counted))

    def _table(self, asked: ObservedSeries) -> Table:
        name = asked.file or self.asked.data
        if name is None:
            raise InvalidRequest(Fault("no table holds its observations.", asked.title, advice="Give data = '...csv'."))
        path = self.places.find(name)
        if not path.exists():
            raise InvalidRequest(self._no_table(name))
        if path not in self.tables:
            self.tables[path] = read_table(path)
        return self.tables[path]

    def _no_table(self, name: str) -> Fault:
        """Where a table that is not there was looked for, and what it is to hold."""
        asked = [item for item in self.asked.series if (item.file or self.asked.data) == name]
        columns = list(dict.fromkeys(item.column or part_of(self.system, item.variable).name for item in asked))
        known = (part_of(self.system, item.variable).name for item in asked)
        over = dict.fromkeys(d for v in known if v in self.system for d in self.system[v].dimensions)
        folders = " or ".join(dict.fromkeys(str(folder) for folder in self.places.folders))
        advice = f"Put it into {folders}, with the columns {', '.join(('time', *over, *columns))}."
        return Fault("there is no such file, which is to hold observations.", file=name, advice=advice)

    def _weights(self, asked: ObservedSeries, table: Table, target: Target) -> FloatArray | str | None:
        """Observed weights where the table has them, else the model variable that weighs."""
        name = asked.total_weights
        if name is None:
            return None
        part = part_of(self.system, asked.variable)
        try:
            found = observed(table, name, self.system, self.system[part.name], asked.rows, part)
        except InvalidRequest as error:
            if name in self.system:
                return self._weighing(name, target)
            advice = nearest(name, self.system.variables) or "Name a column of the data or a model variable."
            wrong = f"{name!r} weighs its mean, and is neither in the table nor in the model."
            raise InvalidRequest(Fault(wrong, asked.title, table.file, advice=advice)) from error
        return _aligned(found, target, asked.shift)

    def _weighing(self, name: str, target: Target) -> str:
        weigher, variable = self.system[name], self.system[target.variable]
        if weigher.dimensions != variable.dimensions:
            wrong = f"{weigher.name!r} weighs its mean; expected the dimensions {', '.join(variable.dimensions)}."
            raise InvalidRequest(Fault(wrong, target.asked.title))
        return weigher.name


def _aligned(found: Observed, target: Target, shift: float) -> FloatArray:
    """Observations at the times of a target; NaN where there are none."""
    known = {round(time + shift, 9): row for time, row in zip(found.times, found.values, strict=True)}
    nothing = np.full(target.values.shape[1], np.nan)
    return np.array([known.get(round(time, 9), nothing) for time in target.times])


# --- fits -------------------------------------------------------------------------------------------------------------


def _solved(problem: _Problem, watch: Watcher | None, seconds: dict[str, float]) -> CalibrationResult:
    asked, began = problem.asked, perf_counter()
    whole = _misfit(problem, _in_window(problem))
    seconds["compile"] = perf_counter() - began
    score = _score(whole, asked, watch)
    seconds["fit"] = score.fit.seconds
    identification = identify(problem.parameters, score.fit)
    held = None
    if asked.holdout and score.fit.ending is not Ending.INTERRUPTED:
        began = perf_counter()
        held = _holdout(problem, watch)
        seconds["holdout"] = perf_counter() - began
    return CalibrationResult(
        problem.system,
        asked,
        problem.places,
        problem.parameters,
        score,
        identification,
        held,
        tuple(dict.fromkeys((*problem.system.notes, *problem.parameters.notes, *problem.notes))),
        seconds,
    )


def _in_window(problem: _Problem) -> list[Target]:
    """The targets with the observations of the window."""
    return [target.between(*_counted(problem.asked)) for target in problem.targets]


def _misfit(problem: _Problem, targets: list[Target], until: float | None = None) -> Misfit:
    """The misfit of these targets, by runs that end with the last of them, or at `until`."""
    simulator = compile(
        problem.system,
        constants=problem.parameters.variables,
        outputs=dict.fromkeys((*(target.variable for target in targets), *problem.weight_variables)),
        time=TimeSpan(stop=_stop(problem.system, latest(targets) if until is None else until)),
    )
    return Misfit(simulator, problem.parameters, targets)


def _stop(system: System, last: float) -> float:
    """The end of runs that reach a time; the model's own where equations know of its end."""
    control = control_values(system)
    start, step, end = control["INITIAL TIME"], control["TIME STEP"], control["FINAL TIME"]
    if any(key(name) == "final time" for variable in system for name in _references(variable)):
        return end
    return min(end, start + step * float(np.ceil((last - start) / step - TOLERANCE)))


def _references(variable: Variable) -> Iterator[str]:
    """The names in the equations of a variable."""
    for equation in variable.equations:
        for side in (equation.definition, equation.initial):
            if side is not None and not isinstance(side, Values | Series):
                yield from references(side)


def _fitted(misfit: Misfit, asked: Calibration, watch: Watcher | None) -> Fit:
    return fit(
        misfit,
        starts=asked.starts,
        seed=asked.seed,
        tolerance=asked.tolerance,
        most_evaluations=asked.most_evaluations,
        watch=watch,
    )


def _score(misfit: Misfit, asked: Calibration, watch: Watcher | None) -> Score:
    """The fit to all targets, and how good it is in each."""
    found = _fitted(misfit, asked, watch)
    simulated = tuple(misfit.simulated(found.values, target) for target in misfit.targets)
    pairs = zip(misfit.targets, simulated, strict=True)
    answers = [item for target, s in pairs for item in rated(target, s, _weights(misfit, found.values, target))]
    return Score(found, misfit.targets, simulated, tuple(answers))


def _holdout(problem: _Problem, watch: Watcher | None) -> Score:
    """The fit to early observations, judged by later ones."""
    seen = [target.between(*_seen(problem.asked)) for target in problem.targets]
    unseen = tuple(target.between(*_unseen(problem.asked)) for target in problem.targets)
    judged = [target for target in unseen if not np.isnan(target.values).all()]
    misfit = _misfit(problem, seen, until=max(latest(judged), latest(seen)))
    found = _fitted(misfit, problem.asked, watch)
    simulated = tuple(misfit.simulated(found.values, target) for target in unseen)
    answers = [
        item
        for before, after, s in zip(seen, unseen, simulated, strict=True)
        if not np.isnan(after.values).all()
        for item in rated_holdout(
            before, after, s, (_weights(misfit, found.values, before), _weights(misfit, found.values, after))
        )
    ]
    return Score(found, unseen, simulated, tuple(answers))


def _weights(misfit: Misfit, values: FloatArray, target: Target) -> FloatArray | None:
    """The weight of each element in the total of a series, (times, elements); None where it has no total."""
    if target.asked.total is None or target.values.shape[1] < 2:
        return None
    ones = np.ones(target.values.shape)
    if target.asked.total is Total.SUM:
        return ones
    given = target.weights
    weights = ones if given is None else misfit.at(values, given, target.times) if isinstance(given, str) else given
    counted = np.where(np.isfinite(target.values), weights, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counted / counted.sum(axis=1, keepdims=True))
