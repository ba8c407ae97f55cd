"""Files that are there whole or not at all: written under a temporary name, synced, renamed."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import netCDF4
import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest

from .names import part_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 120
ORIGINAL = "name_in_the_model"  # attribute of a variable whose name NetCDF does not take
DIVISION_SLASH = "\u2215"  # NetCDF reads "/" in a name as a group


def check_target(path: Path, endings: Iterable[str]) -> None:
    """InvalidRequest, before long work, for a file that could not be written afterwards."""
    if path.is_dir():
        raise InvalidRequest(Fault("is a folder.", file=str(path), advice="Name a file."))
    if path.suffix.lower() not in endings:
        advice = f"Give it one of the endings {', '.join(endings)}."
        raise InvalidRequest(Fault(f"files ending in {path.suffix!r} are not written.", file=str(path), advice=advice))
    if not path.parent.is_dir():
        raise InvalidRequest(Fault("its folder does not exist.", file=str(path), advice="Create the folder first."))
    if not os.access(path.parent, os.W_OK):
        raise InvalidRequest(Fault("its folder cannot be written to.", file=str(path), advice="Choose another folder."))


def check_folder(folder: Path) -> None:
    """InvalidRequest, before long work, for a folder that could not be written to afterwards."""
    if folder.exists() and not folder.is_dir():
        raise InvalidRequest(Fault("is a file.", file=str(folder), advice="Name a folder."))
    home = folder if folder.is_dir() else folder.parent
    if not home.is_dir():
        raise InvalidRequest(Fault("its folder does not exist.", file=str(folder), advice="Create the folder first."))
    if not os.access(home, os.W_OK):
        raise InvalidRequest(Fault("cannot be written to.", file=str(folder), advice="Choose another folder."))


def write_whole(path: Path, save: Callable[[Path], object]) -> None:
    """The file that `save` writes, put in place when it is complete; InvalidRequest where that fails."""
    temporary = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        save(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        found = f"cannot be written: {error.strerror or error}."
        raise InvalidRequest(Fault(found, file=str(path), advice="Is there space, and may you write there?")) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Mapping[str, Any]) -> Path:
    """A document as JSON, without numbers that are none; the file."""
    text = json.dumps(document, allow_nan=False, indent=1)
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return path


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A CSV file with a column for each key of the rows, numbers with nine digits, NaN as an empty cell; the file."""

    def save(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else ["empty"], lineterminator="\n")
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)

    write_whole(path, save)
    return path


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "" if math.isnan(value) else f"{value:.9g}"


def write_picture(path: Path, figure: Figure) -> Path:
    """A figure in the format of the file's ending; the file."""
    write_whole(path, lambda temporary: figure.savefig(temporary, dpi=DOTS_PER_INCH))
    return path


def write_run(run: xr.Dataset, path: Path) -> None:
    """A run as NetCDF (`.nc`, with units, documentation and notes) or as CSV, by the ending of the name."""
    save = SAVERS[path.suffix.lower()]
    write_whole(path, lambda temporary: save(run, temporary))


def write_folder_whole(folder: Path, save: Callable[[Path], object]) -> None:
    """The folder that `save` fills, put in place when it is complete; InvalidRequest where that fails.

    Whatever kills the process, there is either no folder of that name or a whole one; what is left behind has a name
    that starts with a dot.
    """
    temporary = folder.with_name(f".{folder.name}-{uuid4().hex}")
    try:
        temporary.mkdir(parents=True)
        save(temporary)
        for path in (*temporary.rglob("*"), temporary):
            _sync(path)
        temporary.replace(folder)
        _sync(folder.parent)
    except OSError as error:
        found = f"cannot be written: {error.strerror or error}."
        raise InvalidRequest(
            Fault(found, file=str(folder), advice="Is there space, and may you write there?")
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_new_folder(folder: Path) -> None:
    """InvalidRequest, before long work, for a folder that could not be written afterwards."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        advice = "Name a new folder; results are never written over."
        raise InvalidRequest(Fault("exists already.", file=str(folder), advice=advice))
    parent = next(path for path in folder.absolute().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InvalidRequest(Fault("cannot be created.", file=str(folder), advice="Choose another folder."))


def _sync(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(labels)
        writer.writerows(np.concatenate(columns, axis=1).tolist())


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
