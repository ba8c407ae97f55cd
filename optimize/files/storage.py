"""Documents, tables, runs and pictures as files: JSON, CSV, NetCDF."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import netCDF4
import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest

from .names import part_labels
from .placement import write_whole
from .rows import save_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 120
DIGITS = 9  # of numbers in tables for people
ORIGINAL = "name_in_the_model"  # attribute of a variable whose name NetCDF does not take
DIVISION_SLASH = "\u2215"  # NetCDF reads "/" in a name as a group


def write_json(path: Path, document: Mapping[str, Any]) -> Path:
    """A document as JSON, without numbers that are none; the file."""
    text = json.dumps(document, allow_nan=False, indent=1)
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return path


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A CSV file with a column for each key of the rows, numbers with nine digits, NaN as an empty cell; the file."""
    names = list(rows[0]) if rows else ["empty"]
    lines = [names, *([row[name] for name in names] for row in rows)]
    write_whole(path, lambda temporary: save_rows(temporary, lines, digits=DIGITS))
    return path


def write_picture(path: Path, figure: Figure) -> Path:
    """A figure in the format of the file's ending; the file."""
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=DOTS_PER_INCH))
    return path


def write_run(run: xr.Dataset, path: Path) -> None:
    """A run as NetCDF (`.nc`, with units, documentation and notes) or as CSV, by the ending of the name."""
    save = SAVERS[path.suffix.lower()]
    write_whole(path, lambda temporary: save(run, temporary))


def save_netcdf(run: xr.Dataset, path: Path) -> None:
    """A dataset as NetCDF; notes become lines of one attribute."""
    attributes = {**run.attrs, "notes": "\n".join(run.attrs.get("notes", ()))}
    with netCDF4.Dataset(path, "w") as file:
        put(run.assign_attrs(attributes), file)


def put(run: xr.Dataset, group: netCDF4.Dataset) -> None:
    """Puts a dataset of numbers and texts into an open NetCDF file, or a group of it.

    Why not by xarray's `to_netcdf`: it defines a variable, writes it, and goes on to the next, where NetCDF closes the
    definitions each time. All definitions first take a quarter of the time (0.1 s in place of 0.4 s for the 383
    variables of 31 provinces), which somebody who presses Ctrl-C waits for.
    """
    found = for_netcdf(run)
    for name, size in found.sizes.items():
        group.createDimension(str(name), size)
    group.setncatts(found.attrs)
    defined = [(_defined(group, str(name), variable), variable) for name, variable in found.variables.items()]
    for place, variable in defined:
        place[...] = variable.to_numpy().astype(place.dtype)


def _defined(group: netCDF4.Dataset, name: str, variable: xr.Variable) -> netCDF4.Variable[Any]:
    """The variable of a NetCDF file, without its values."""
    kind = variable.dtype if variable.dtype.kind in "fi" else str
    place = group.createVariable(name, kind, tuple(map(str, variable.dims)))
    place.setncatts(variable.attrs)
    return place


def for_netcdf(run: xr.Dataset) -> xr.Dataset:
    """The dataset with names that NetCDF takes; what has another name there keeps its own as an attribute."""
    names = [str(name) for name in (*run.data_vars, *run.dims)]
    changed: dict[str, str] = {}
    for name in names:
        safe = "".join(letter if letter.isprintable() else "_" for letter in name.replace("/", DIVISION_SLASH)).rstrip()
        if not (safe[:1].isalnum() or safe[:1] == "_"):  # a quotation mark, which a name of Vensim may start with
            safe = f"_{safe}"
        while safe != name and safe in (*names, *changed.values()):
            safe = f"{safe}_"
        if safe != name:
            changed[name] = safe
    found = run.rename(changed)
    for name, safe in changed.items():
        found[safe].attrs[ORIGINAL] = name
    return found


def read_netcdf(path: Path) -> xr.Dataset:
    """What `save_netcdf` wrote; InvalidRequest for a file that is none."""
    try:
        found = xr.load_dataset(path, engine="netcdf4", decode_times=False)
    except (OSError, ValueError) as error:
        raise InvalidRequest(Fault("is not a NetCDF file that can be read.", file=str(path))) from error
    return from_netcdf(found).assign_attrs(notes=str(found.attrs.get("notes", "")).splitlines())


def from_netcdf(found: xr.Dataset) -> xr.Dataset:
    """The dataset with the names that it had before `for_netcdf`."""
    names = {name: values.attrs.pop(ORIGINAL) for name, values in found.variables.items() if ORIGINAL in values.attrs}
    return found.rename(names)


def save_csv(run: xr.Dataset, path: Path) -> None:
    """A row for each time, a column for each element of each variable: the layout that `--policy` reads."""
    labels, columns = ["time"], [run["time"].to_numpy().reshape(-1, 1)]
    elements = {d: run[d].to_numpy().tolist() for d in run.dims}
    for name in run.data_vars:
        ordered = run.variables[name].transpose("time", ...)
        labels.extend(part_labels(str(name), [elements[d] for d in ordered.dims[1:]]))
        columns.append(ordered.to_numpy().reshape(len(columns[0]), -1))
    save_rows(path, [labels, *np.concatenate(columns, axis=1).tolist()])


SAVERS: Mapping[str, Callable[[xr.Dataset, Path], None]] = {".nc": save_netcdf, ".csv": save_csv}


def run_document(run: xr.Dataset) -> dict[str, Any]:
    """A run as one JSON object; numbers that are not finite are null."""
    dimensions = {str(name): run[name].values.tolist() for name in run.dims if name != "time"}
    variables = {str(name): _variable_document(values) for name, values in run.data_vars.items()}
    attributes = {key: run.attrs[key] for key in ("model", "method")}
    return {**attributes, "time": run["time"].values.tolist(), "dimensions": dimensions, "variables": variables}


def _variable_document(values: xr.DataArray) -> dict[str, Any]:
    ordered = values.transpose("time", ...)
    numbers = ordered.to_numpy().astype(object)
    numbers[~np.isfinite(ordered.to_numpy())] = None
    dimensions = [str(d) for d in ordered.dims]
    return {"unit": values.attrs.get("units", ""), "dimensions": dimensions, "values": numbers.tolist()}


def finite(value: Any) -> Any:
    """The same with None for numbers that are not finite, which JSON does not know.

    >>> finite({"a": [1.0, float("nan")]})
    {'a': [1.0, None]}
    """
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {name: finite(item) for name, item in value.items()}
        case list() | tuple():
            return [finite(item) for item in value]
    return value
