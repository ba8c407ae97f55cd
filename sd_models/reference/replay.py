"""The reference: PySD's own run of the untouched model file, safely.

`replay` answers what PySD, which knows nothing of our equations, computes for the same file and the same inputs. How a
file becomes a PySD model without harm stands in `pysd_model`.

Why a stepping loop of our own: PySD's `run` sets no bound to the number of steps and returns a table of objects. Its
stepper takes the same steps, and lets us take every value as it is.

Why arrays with the same elements first: PySD computes with xarray, which lays the elements of both sides of every
operation over each other, and copies both even where they are the same; that takes a quarter of a run (4 of 16 s for
the flagship). Asked for an exact match it copies nothing, and fails where elements differ. Such a file, of which we
know none, is run again in xarray's own way.
"""

from __future__ import annotations

import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ..dynamics.timing import SAME_TIME, TimeSpan
from ..errors import Fault, InvalidRequest, ModelError, SimulationError, UnreadableModel, UnsafeModel, nearest_or_some
from ..reading.cells import reading_data
from ..reading.guard import STEPS, check_count, check_steps
from ..reading.library import load, model_path
from ..rewrites.outflows import taken
from ..system.model import FloatArray, Kind, Method, System, key

if TYPE_CHECKING:
    from pysd.py_backend.model import Model

    from .pysd_model import Patch

Given: TypeAlias = Mapping[str, "npt.ArrayLike | xr.DataArray | pd.Series[float]"]
_Path: TypeAlias = tuple[FloatArray, list[Any]]
"""The times from which on each value holds, and the values as PySD takes them."""
CONTROLS = {"start": "initial time", "stop": "final time", "step": "time step", "save_every": "saveper"}
VALUES = 100_000_000  # numbers that a run may return: 0.8 GB


@dataclass(frozen=True)
class Later:
    """Levers that are handed in once the run has come to a time: until then those that it was begun with hold.

    `wait` gives them; it is called once.
    """

    since: float
    wait: Callable[[], Given]


_turn = threading.RLock()  # PySD keeps what it reads from data files in its classes: one run at a time


def replay(
    model: System | str | Path,
    *,
    constants: Given | None = None,
    levers: Given | None = None,
    time: TimeSpan | None = None,
    outputs: Iterable[str] | None = None,
    data: Iterable[str | Path] = (),
    regions: str | Path | None = None,
    watch: Callable[[str], None] | None = None,
    later: Later | None = None,
) -> xr.Dataset:
    """PySD's run of a model file, laid out like `simulate`'s: names, dimensions, saved times, units, documentation.

    `model` is a library name, a file, or a system, whose file is run. `constants` and `levers` are given as to
    `simulate`: a path holds each value until the next one. `data` are files with the values of data variables that the
    model only names, `regions` a folder of data in place of the file's own, as in `load`; a system comes with the one
    that it was loaded with. `watch` is told what PySD begins to do. `later` hands in other paths of the levers once
    the run has come to a time (see `ahead`). What PySD warned of, and where its run cannot be what the file asks for,
    stands in `attrs["notes"]`; where our reader refuses the file, names and dimensions are PySD's.

    Raises UnsafeModel for a file that would do harm, UnreadableModel where PySD cannot read it, SimulationError where
    it fails in the run, InvalidRequest for inputs that do not fit.

    >>> import sd_models as sd
    >>> run = sd.replay("urbanization", time=sd.TimeSpan(stop=2011), outputs=["national urban share"])
    >>> run.attrs["engine"]
    'PySD'
    """
    files = tuple(Path(file) for file in data)
    system, notes = _system(model, files, regions)
    path, used = _path(model), system.regions if system else regions

    def ran(join: Literal["exact", "inner"]) -> xr.Dataset:
        recorded = warnings.catch_warnings(record=True)
        with _turn, tempfile.TemporaryDirectory() as folder, recorded as caught, reading_data():
            warnings.simplefilter("default")  # each remark once
            run = _Run(path, Path(folder), system, used, watch or _unwatched)
            try:
                with xr.set_options(arithmetic_join=join):  # type: ignore[no-untyped-call]
                    found = run.dataset(constants or {}, levers or {}, time, outputs, files, later)
            finally:
                run.private.forget()
            remarks = (run.told(str(warning.message)) for warning in caught)
            told = (*notes, *run.private.notes, *(remark for remark in remarks if not remark.startswith("Replacing ")))
            return found.assign_attrs(notes=list(dict.fromkeys(told)))

    try:
        return ran("exact")
    except ModelError as error:
        if not isinstance(error.__cause__, xr.AlignmentError):
            raise
    return ran("inner")


def _unwatched(_doing: str) -> None:
    """Nobody wants to know."""


def _path(model: System | str | Path) -> Path:
    """The file of a library name, a path or a system."""
    if not isinstance(model, System):
        return model_path(model)
    if model.path is None:
        found = "the system was not read from a file, so PySD has none to run."
        raise InvalidRequest(Fault(found, file=model.name, advice="Load it with sd.load."))
    return model.path


def _system(
    model: System | str | Path, data: Sequence[Path], regions: str | Path | None
) -> tuple[System | None, list[str]]:
    """The system whose layout the result gets, None where it cannot be loaded, and what to say about it."""
    if isinstance(model, System) and regions is not None:
        found = "the system was loaded with its regions; a replay cannot have others."
        raise InvalidRequest(Fault(found, file=model.name, advice="Load it with sd.load(..., regions=...)."))
    try:
        system = model if isinstance(model, System) else load(model, data=data, regions=regions)
    except (UnsafeModel, InvalidRequest):
        raise
    except ModelError as error:
        return None, [f"Names and dimensions are PySD's, since the file cannot be loaded: {error.faults[0]}"]
    if system.method is Method.EULER:
        return system, []
    return system, [f"The file asks for {system.method.upper()}; PySD knows Euler's method only."]


@dataclass(frozen=True)
class _Frame:
    """The dimensions of a variable, each with its elements."""

    dimensions: tuple[str, ...]
    elements: tuple[tuple[str, ...], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(part) for part in self.elements)


@dataclass
class _Recorder:
    """Takes the values of the captured variables at each saved time; PySD calls it as its output object."""

    times: list[float] = field(default_factory=list)
    values: dict[str, list[Any]] = field(default_factory=dict)
    frames: dict[str, _Frame] = field(default_factory=dict)
    moving: Sequence[str] = ()
    fixed: Sequence[str] = ()

    def set_capture_elements(self, elements: Mapping[str, Sequence[str]]) -> None:
        """The Python names of variables that move in a run, and of those that do not."""
        self.moving, self.fixed = elements["step"], elements["run"]

    def initialize(self, model: Model) -> None:
        """Take what does not move."""
        for name in self.fixed:
            self.values[name] = [self._value(model, name)]

    def update(self, model: Model) -> None:
        """Take what moves."""
        self.times.append(float(model.time.round()))
        for name in self.moving:
            self.values.setdefault(name, []).append(self._value(model, name))

    def _value(self, model: Model, name: str) -> FloatArray | float:
        value = getattr(model.components, name)()
        if not isinstance(value, xr.DataArray):
            return float(value)
        dimensions = tuple(str(name) for name in value.dims)
        elements = tuple(tuple(str(e) for e in value.coords[d].values) for d in dimensions)
        frame = self.frames.setdefault(name, _Frame(dimensions, elements))
        return np.array(value.transpose(*frame.dimensions).values, dtype=np.float64)

    def array(self, name: str) -> FloatArray:
        """The values of a variable, the saved times first."""
        values = np.asarray(self.values[name], dtype=np.float64)
        return np.broadcast_to(values, (len(self.times), *values.shape[1:])) if name in self.fixed else values

    @property
    def size(self) -> int:
        """The number of values taken so far."""
        return sum(len(values) * np.size(values[0]) for values in self.values.values())


class _Run:
    """One run of PySD's model of a file in a private folder."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        system: System | None,
        regions: str | Path | None,
        watch: Callable[[str], None],
    ) -> None:
        from .pysd_model import PrivateModel

        self.path = path
        self.watch = watch
        self.system = system
        self.private = PrivateModel(path, folder, regions)
        if system is None:  # neither can the compiled engine
            self.private.advice = "Rewrite what cannot be read: `prosperity check` lists it."
        self.model: Model = None
        self.fixed: frozenset[str] = frozenset()  # keys of the constants that are given

    def told(self, message: str) -> str:
        """A message of PySD's as people may read it."""
        return self.private.told(message)

    def dataset(
        self,
        constants: Given,
        levers: Given,
        time: TimeSpan | None,
        outputs: Iterable[str] | None,
        data: Sequence[Path],
        later: Later | None = None,
    ) -> xr.Dataset:
        """The whole run."""
        controls = _controls(constants, time)
        self.watch("PySD reads and translates the file")
        with self.private.telling(UnreadableModel, "read"):
            self.fixed = frozenset(map(key, constants))
            self.model = self.private.load(data, controls, self._patch(constants, levers))
        with self.private.telling(SimulationError, "run"):
            names = self._wanted(outputs)
            given = {name: value for name, value in constants.items() if key(name) not in controls}
            self.watch("PySD runs its translation")
            recorder = self._recorded(names, {**self._constants(given), **self._levers(levers, later)})
            return self._laid_out(recorder, names)

    # --- names and dimensions ---------------------------------------------------------------------------------------

    @cached_property
    def _names(self) -> dict[str, str]:
        """Key of a variable's name to its name in Python; the current time is no variable."""
        return {key(name): python for name, python in self.model.namespace.items() if python != "time"}

    def _python(self, name: str) -> str:
        if key(name) not in self._names:
            known = [v.name for v in self.system] if self.system else list(self.model.namespace)
            advice = nearest_or_some(name, known)
            raise InvalidRequest(Fault(f"PySD finds no variable {name!r}.", advice=advice))
        return self._names[key(name)]

    def _shown(self, name: str) -> str:
        """The name in Python of what is shown for a variable: of a flow that is a constant, what flows."""
        return self._names.get(key(taken(name)) if key(name) in self.fixed else "", self._python(name))

    def _patch(self, constants: Given, levers: Given) -> Patch:
        """What PySD's model gets where PySD departs."""
        from .patches import patched

        given = frozenset(map(key, (*constants, *levers)))
        return lambda sections: patched(sections, self.system, given)

    def _function(self, name: str) -> Callable[[], Any]:
        return getattr(self.model.components, self._python(name))  # type: ignore[no-any-return]

    def _wanted(self, outputs: Iterable[str] | None) -> tuple[str, ...]:
        """The modeller's names of the variables to return: by default all of the file that are no tables."""
        if outputs is not None:
            return tuple(dict.fromkeys(self.system[name].name if self.system else name for name in outputs))
        if self.system is not None:
            return self._known([v.name for v in self.system if v.kind is not Kind.TABLE and not v.origin])
        names = (name for name, python in self.model.namespace.items() if python != "time")
        return tuple(name for name in names if not self.model.get_args(self._function(name)))

    def _known(self, names: Sequence[str]) -> tuple[str, ...]:
        """The names, all of which PySD must have found in the file as well."""
        lost = [name for name in names if key(name) not in self._names]
        if lost:
            found = f"PySD overlooks variables of the file: {', '.join(lost[:5])}{', ...' if len(lost) > 5 else ''}."
            advice = "Simulate it with the compiled engine, or name the outputs that PySD knows."
            raise UnreadableModel(Fault(found, advice=advice))
        return tuple(names)

    def _own(self, name: str) -> _Frame:
        """The dimensions of a variable in PySD."""
        coordinates, dimensions = self.model.get_coords(self._function(name)) or ({}, [])
        return _Frame(tuple(dimensions), tuple(tuple(coordinates[d]) for d in dimensions))

    def _frame(self, name: str, own: _Frame) -> _Frame:
        """The dimensions of a variable in the result."""
        if self.system is None:
            return own
        dimensions = self.system[name].dimensions
        return _Frame(dimensions, tuple(self.system.dimensions[d].elements for d in dimensions))

    def _label(self, dimension: str) -> str:
        """The dimension's name in the result; a variable of the same name goes before it."""
        taken = dimension in (self.system.variables if self.system else self.model.namespace)
        return f"{dimension} (subscript)" if taken else dimension

    # --- inputs -----------------------------------------------------------------------------------------------------

    def _constants(self, given: Given) -> dict[str, Any]:
        """Values as PySD takes them, by PySD's names."""
        return {self._python(name): self._value(name, value) for name, value in given.items()}

    def _levers(self, given: Given, later: Later | None) -> dict[str, Any]:
        """Paths as functions of PySD's current time; data variables take a series with a value for every step."""
        paths: dict[str, Any] = {}

        @cache
        def handed_in() -> dict[str, _Path]:
            assert later is not None
            return {name: self._path(name, value) for name, value in later.wait().items()}

        def path_at(name: str, own: _Path) -> Callable[[float], _Path]:
            return lambda now: own if later is None or now < later.since else handed_in()[name]

        for name, value in given.items():
            own = self._path(name, value)
            if later is not None and self._is_data(name):
                raise InvalidRequest(Fault(f"{name!r} is data, whose whole path PySD wants before a run."))
            paths[self._python(name)] = self._series(*own) if self._is_data(name) else self._held(path_at(name, own))
        return paths

    def _is_data(self, name: str) -> bool:
        return getattr(self._function(name), "type", None) == "Data"

    def _path(self, name: str, value: Any) -> _Path:
        """The times from which on each value holds, and the values as PySD takes them."""
        if isinstance(value, pd.Series):
            value = xr.DataArray(value.to_numpy(), {"time": value.index.to_numpy(dtype=np.float64)}, ["time"])
        if isinstance(value, xr.DataArray) and "time" in value.dims:
            starts = value["time"].to_numpy().astype(np.float64)
            rows: list[Any] = [value.isel(time=i, drop=True) for i in range(len(starts))]
        else:
            array = np.asarray(value, dtype=np.float64)
            over_time = array.ndim > len(self._own(name).dimensions)
            rows = list(array) if over_time else [array]
            starts = self._grid(len(rows))
        if not len(starts) or not (np.diff(starts) > 0).all() or starts[0] > self._first + SAME_TIME * self._step:
            found = f"the path of {name!r} has no ascending times from {self._first:g} on."
            raise InvalidRequest(Fault(found, advice="Give it a value from the first time of the run on."))
        return starts, [self._value(name, row) for row in rows]

    def _value(self, name: str, value: npt.ArrayLike | xr.DataArray) -> Any:
        """One value of a variable over PySD's dimensions."""
        own = self._own(name)
        frame = self._frame(name, own)
        plain = self._plain(name, value, frame)
        if not np.isfinite(plain).all():
            raise InvalidRequest(Fault(f"the value for {name!r} holds NaN or infinity."))
        if not frame.dimensions:
            return float(plain)
        array = _aligned(plain, frame, own, name)
        return xr.DataArray(array, dict(zip(own.dimensions, map(list, own.elements), strict=True)), own.dimensions)

    def _plain(self, name: str, value: npt.ArrayLike | xr.DataArray, frame: _Frame) -> FloatArray:
        """The value as an array in the order of the result's dimensions; one number stands for every element."""
        if isinstance(value, xr.DataArray):
            value = value.rename({self._label(d): d for d in frame.dimensions if d not in value.dims})
            named = zip(frame.dimensions, frame.elements, strict=True)
            value = value.sel({d: list(elements) for d, elements in named if d in value.coords})
            value = value.transpose(*frame.dimensions).to_numpy()
        array = np.asarray(value, dtype=np.float64)
        if array.shape not in ((), frame.shape):
            found = f"the value for {name!r} has shape {array.shape}; expected {frame.shape} over {frame.dimensions}."
            raise InvalidRequest(Fault(found))
        return np.broadcast_to(array, frame.shape)

    def _held(self, path_at: Callable[[float], _Path]) -> Callable[[], Any]:
        """The value that holds at PySD's current time, of the path that counts then."""

        def held() -> Any:
            now = self.model.time() + SAME_TIME * self._step
            starts, values = path_at(now)
            return values[max(0, int(np.searchsorted(starts, now, side="right")) - 1)]

        return held

    def _series(self, starts: FloatArray, values: Sequence[Any]) -> pd.Series[Any]:
        """The values at every step, at the very times that PySD will ask for."""
        times = self._grid(check_steps(self._first, self._last, self._step) + 2)
        places = np.maximum(0, np.searchsorted(starts, times + SAME_TIME * self._step, side="right") - 1)
        objects = np.empty(len(times), dtype=object)
        for i, place in enumerate(places):
            objects[i] = values[place]
        return pd.Series(objects, index=times)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def _first(self) -> float:
        return float(self.model.time.initial_time())

    @property
    def _last(self) -> float:
        return float(self.model.time.final_time())

    @property
    def _step(self) -> float:
        return float(self.model.time.time_step())

    def _grid(self, count: int) -> FloatArray:
        """The first times of the run, summed up as PySD does."""
        return np.concatenate(([self._first], np.full(count - 1, self._step))).cumsum()

    # --- run and result ---------------------------------------------------------------------------------------------

    def _recorded(self, names: Sequence[str], params: Mapping[str, Any]) -> _Recorder:
        """The values of the variables at all saved times."""
        recorder = _Recorder()
        self.model.initialize_external_data()
        if self.private.is_vensim:
            self.private.fill_raw_data(self.model.components)
        self.model.set_stepper(recorder, params=dict(params), return_columns=[self._shown(name) for name in names])
        steps = check_steps(self._first, self._last, self._step)
        saves = steps * self._step / max(float(self.model.time.saveper()), self._step)
        check_count("values in the result", int(saves * recorder.size), VALUES, "Save less often (SAVEPER).")
        for _ in range(STEPS):
            if not self.model.time.in_bounds():
                break
            self.model.step()
        return recorder

    def _laid_out(self, recorder: _Recorder, names: Sequence[str]) -> xr.Dataset:
        """The result: dimensions and elements as in the system."""
        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {"time": recorder.times}
        for name in names:
            own = recorder.frames.get(self._shown(name), _Frame((), ()))
            frame = self._frame(name, own)
            array = _aligned(recorder.array(self._shown(name)), own, frame, name, leading=1)
            unit, text = self.private.descriptions.get(key(name), ("", ""))
            dimensions = [self._label(d) for d in frame.dimensions]
            coordinates.update(zip(dimensions, map(list, frame.elements), strict=True))
            variables[name] = (("time", *dimensions), array, {"units": unit, "long_name": text})
        title = self.system.name if self.system else self.path.stem
        return xr.Dataset(variables, coordinates, {"model": title, "engine": "PySD", "method": str(Method.EULER)})


def _controls(constants: Given, time: TimeSpan | None) -> dict[str, float]:
    """The control variables that get another value, by the key of their name."""
    given = {control: getattr(time, part) for part, control in CONTROLS.items()} if time is not None else {}
    given |= {key(name): value for name, value in constants.items() if key(name) in CONTROLS.values()}
    return {name: float(np.asarray(value)) for name, value in given.items() if value is not None}


def _aligned(array: FloatArray, source: _Frame, target: _Frame, name: str, *, leading: int = 0) -> FloatArray:
    """The array with the elements of each axis as in the target; NaN where the source has no such element."""
    if len(source.dimensions) != len(target.dimensions):
        message = f"PySD gives {name!r} the dimensions {source.dimensions}, the model {target.dimensions}."
        raise SimulationError(Fault(message))
    for axis, (given, wanted) in enumerate(zip(source.elements, target.elements, strict=True), start=leading):
        if given != wanted:
            places = {key(element): place for place, element in enumerate(given)}
            found = [places.get(key(element), -1) for element in wanted]
            moved = np.moveaxis(array.take(found, axis=axis), axis, 0)
            moved[np.array(found) < 0] = np.nan
            array = np.moveaxis(moved, 0, axis)
    return array
