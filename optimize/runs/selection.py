"""What of a run is shown: the parts that somebody names, or the variables that tell most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import xarray as xr

from sd_models.dynamics.timing import CONTROLS
from sd_models.errors import Fault, InvalidRequest, nearest
from sd_models.system.expression import Expr, functions, references
from sd_models.system.functions import REDUCTIONS
from sd_models.system.model import FloatArray, Kind, Series, System, Values, Variable, key

from ..files.names import Part, part_label, part_labels, positions

MOST_ROWS = 12  # of a table about the whole model
MOST_ELEMENTS = 3  # of a variable in such a table, one row each; more become lowest, median and highest
MOST_CHOSEN_ELEMENTS = 12  # of a variable that somebody named


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A line of a table: what it is, its unit, and its value at each time."""

    label: str
    unit: str
    values: FloatArray


def selected(run: xr.Dataset, parts: Sequence[Part]) -> list[xr.DataArray]:
    """The named parts of a run, each under the text that names it; InvalidRequest for what is not there."""
    return [_part(run[_spelt(run, part.name)], part) for part in parts]


def _spelt(run: xr.Dataset, name: str) -> str:
    """The modeller's spelling of a variable's name."""
    names = {key(str(known)): str(known) for known in run.data_vars}
    if key(name) not in names:
        raise InvalidRequest(Fault(f"there is no variable {name!r}.", advice=nearest(name, names.values())))
    return names[key(name)]


def _part(values: xr.DataArray, part: Part) -> xr.DataArray:
    """The elements that a part names."""
    name = str(values.name)
    axes = {str(d): [str(element) for element in values[d].values] for d in values.dims if d != "time"}
    chosen = dict(zip(axes, positions(part, axes), strict=True))
    return values.isel(chosen).rename(part_label(name, part.elements)).assign_attrs(variable=name)


# --- what tells most --------------------------------------------------------------------------------------------------


def telling(system: System | None, run: xr.Dataset) -> list[str]:
    """The variables that tell most of a run: moving stocks, outcomes and totals first, as many as fill a table."""
    controls = {key(name) for name in CONTROLS}
    names = [str(name) for name in run.data_vars if key(str(name)) not in controls]
    moving = [name for name in names if _moves(run[name])] or names
    if system is not None:
        used = frozenset[str]().union(*(references(side) for variable in system for side in _sides(variable)))
        moving.sort(key=lambda name: _rank(system[name], used))
    lines = accumulate(len(list(_labels(run[name], MOST_ELEMENTS))) for name in moving)
    return [name for name, count in zip(moving, lines, strict=True) if count <= MOST_ROWS] or moving[:1]


def _moves(values: xr.DataArray) -> bool:
    array = values.to_numpy()
    return bool((array != array[:1]).any() and np.isfinite(array).any())


def _rank(variable: Variable, used: Iterable[str]) -> int:
    """Smaller is more telling: what stands for the whole model goes before what has elements."""
    if variable.kind is Kind.STOCK:
        return 2 if variable.dimensions else 0
    outcome = variable.name not in used
    if not variable.dimensions:
        return 1 if outcome or _is_total(variable) else 3
    return 4 if outcome else 5


def _is_total(variable: Variable) -> bool:
    return any(functions(side) & REDUCTIONS for side in _sides(variable))


def _sides(variable: Variable) -> Iterator[Expr]:
    for equation in variable.equations:
        for side in (equation.definition, equation.initial):
            if side is not None and not isinstance(side, Values | Series):
                yield side


# --- rows -------------------------------------------------------------------------------------------------------------


def rows(shown: Iterable[xr.DataArray], most_elements: int = MOST_CHOSEN_ELEMENTS) -> list[Row]:
    """The lines of a table; what has many elements gets three: lowest, median and highest at each time."""
    return [row for values in shown for row in _rows(values, most_elements)]


def _rows(values: xr.DataArray, most_elements: int) -> Iterator[Row]:
    unit = str(values.attrs.get("units", ""))
    table = values.transpose("time", ...).to_numpy().astype(np.float64).reshape(values.sizes["time"], -1)
    if table.shape[1] > most_elements:
        table = np.percentile(table, (0, 50, 100), axis=1).T
    for label, column in zip(_labels(values, most_elements), table.T, strict=True):
        yield Row(label, unit, column)


def _labels(values: xr.DataArray, most_elements: int) -> Iterator[str]:
    """The texts of the lines that stand for a variable or a part of it."""
    label, dimensions = str(values.name), [str(d) for d in values.dims if d != "time"]
    name = str(values.attrs.get("variable", label))
    if values.size > most_elements * values.sizes["time"]:
        whole = part_label(name, dimensions) if label == name else label
        yield from (f"{whole}, {which}" for which in ("lowest", "median", "highest"))
    else:
        yield from part_labels(name, [values[d].values.tolist() for d in dimensions])


def shown_times(times: FloatArray, most: int) -> list[int]:
    """The positions of at most so many times, evenly spread, the first and the last among them.

    >>> shown_times(np.arange(2010.0, 2051.0), 5)
    [0, 10, 20, 30, 40]
    """
    return sorted({round(place) for place in np.linspace(0, len(times) - 1, min(most, len(times)))})
