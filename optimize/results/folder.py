"""A result as one folder of plain files, which is there whole or not at all.

- `result.json`: everything that is no array: what was asked, what came out, how it was reached
- `policy.nc`, `trajectories.nc`, `baseline.nc`, `alternative_1.nc` ...: NetCDF with names, dimensions and units
- `shadow_prices.nc`: a group for each limit
- `policy.csv`: the policy as `prosperity simulate --policy` reads it
- `trajectories.csv`: what has at most one dimension, with the policy; `baseline.csv` the same without
- `shadow_prices.csv`: a row for each limit, element and time

The arrays are written once; `result.json` is replaced as a whole when the result is verified.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import netCDF4
import xarray as xr

from sd_models.errors import Fault, InvalidRequest

from ..files.placement import check_new_folder, write_folder_whole, write_whole
from ..files.rows import save_rows
from ..files.storage import from_netcdf, put, read_netcdf, save_csv, save_netcdf
from ..plans.kinds import RowKind
from ..plans.plan import read_plan
from ..runs.comparison import Gap
from ..solvers.solver import Ending, Iteration
from .prices import current
from .result import Alternative, Result, Work
from .verdict import Findings, Verification
from .violations import Violation

LAYOUT = 1  # of the folder; another number is another way to read it
JSON = "result.json"
PRICE_HEADERS = ["limit", "elements", "time", "price", "price at its own time", "unit"]


def save_result(result: Result, folder: str | Path) -> Path:
    """Writes a result as a new folder, whole or not at all; InvalidRequest where that cannot be.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> with TemporaryDirectory() as home:
    ...     folder = opt.save_result(result, Path(home) / "result")
    ...     (folder / "result.json").is_file()
    True
    """
    folder = Path(folder)
    check_new_folder(folder)
    write_folder_whole(folder, lambda path: _fill(result, path))
    return folder


def save_verification(result: Result, folder: Path) -> None:
    """Puts the verification of a result into its folder."""
    write_whole(folder / JSON, lambda path: _write_json(result, path))


def load_result(folder: str | Path) -> Result:
    """The result in a folder; InvalidRequest for a folder that holds none.

    The model is opened when it is needed (`opt.verify`), from where it was.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import optimize as opt
    >>> import sd_models as sd
    >>> result = opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
    >>> with TemporaryDirectory() as home:
    ...     opt.load_result(opt.save_result(result, Path(home) / "result")).objective == result.objective
    True
    """
    folder = Path(folder)
    known = _read_json(folder)
    try:
        return _result(known, folder)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = f"does not hold what a result has: {error}."
        raise InvalidRequest(Fault(found, file=str(folder / JSON), advice="Was it changed by hand?")) from error


def _fill(result: Result, folder: Path) -> None:
    for name in ("policy", "trajectories", "baseline"):
        save_netcdf(getattr(result, name), folder / f"{name}.nc")
    for number, alternative in enumerate(result.alternatives, start=1):
        save_netcdf(alternative.policy, folder / f"alternative_{number}.nc")
    _save_prices(result.shadow_prices, folder)
    save_csv(result.policy, folder / "policy.csv")
    for name in ("trajectories", "baseline"):
        save_csv(_narrow(getattr(result, name)), folder / f"{name}.csv")
    _write_json(result, folder / JSON)


def _narrow(run: xr.Dataset) -> xr.Dataset:
    return run[[name for name in run.data_vars if run.variables[name].ndim <= 2]]


# --- shadow prices ----------------------------------------------------------------------------------------------------


def _save_prices(prices: Mapping[str, xr.DataArray], folder: Path) -> None:
    with netCDF4.Dataset(folder / "shadow_prices.nc", "w") as file:
        for number, (name, price) in enumerate(prices.items()):
            put(price.to_dataset(name="price").assign_attrs(limit=name), file.createGroup(f"limit_{number}"))
    rows = (row for name, price in prices.items() for row in _price_rows(name, price))
    save_rows(folder / "shadow_prices.csv", [PRICE_HEADERS, *rows])


def _price_rows(name: str, price: xr.DataArray) -> Iterator[list[Any]]:
    axes = [price[d].to_numpy().tolist() for d in price.dims]
    values, undiscounted = price.to_numpy().ravel(), current(price).to_numpy().ravel()
    for (*elements, time), value, own in zip(product(*axes), values, undiscounted, strict=True):
        yield [name, ", ".join(elements), time, float(value), float(own), price.attrs["units"]]


def _read_prices(folder: Path) -> dict[str, xr.DataArray]:
    path = folder / "shadow_prices.nc"
    try:
        with netCDF4.Dataset(path) as file:
            groups = list(file.groups)
        datasets = [xr.load_dataset(path, group=group, engine="netcdf4", decode_times=False) for group in groups]
    except OSError as error:
        raise InvalidRequest(Fault("is not a NetCDF file that can be read.", file=str(path))) from error
    named = {str(dataset.attrs["limit"]): from_netcdf(dataset)["price"].rename(None) for dataset in datasets}
    return {name: price.assign_attrs({"kind": _told_kind(name), **price.attrs}) for name, price in named.items()}


def _told_kind(name: str) -> str:
    """What a price is about by its name, which alone told it in the folders of earlier versions."""
    kinds = (kind for kind in RowKind if kind is not RowKind.LIMIT and name.startswith(kind.named("")))
    return str(next(kinds, RowKind.LIMIT))


# --- what is no array -------------------------------------------------------------------------------------------------


def summary(result: Result) -> dict[str, Any]:
    """What programs ask for first, as `prosperity optimize --json` prints it; null stands for no finite number."""
    verification = result.verification
    return {
        "status": str(result.status.standing),
        "sentence": result.status.sentence,
        "advice": result.status.advice,
        "objective": _finite(result.objective),
        "baseline_objective": _finite(result.baseline_objective),
        "objective_unit": result.objective_unit,
        "kkt_residual": _finite(result.kkt_residual),
        "largest_limit_violation": _finite(result.largest_limit_violation),
        "iterations": len(result.iterations),
        "simulations": result.work.simulations,
        "gradients": result.work.gradients,
        "levers": result.work.levers,
        "seconds": {name: round(value, 3) for name, value in result.seconds.items()},
        "replay_gap": None if verification is None else _finite(verification.gap.size),
        "run": None if result.folder is None else str(result.folder),
        "notes": list(result.notes),
        "conflict": list(result.conflict),
        "alternatives": [{"objective": item.objective, "distance": item.distance} for item in result.alternatives],
    }


def _document(result: Result) -> dict[str, Any]:
    verification = result.verification
    return {
        "layout": LAYOUT,
        "summary": {**summary(result), "run": None},
        "plan": result.plan.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True),
        "findings": _plain(asdict(result.findings)),
        "violations": [_plain(asdict(item)) for item in result.violations],
        "iterations": [_plain(asdict(item)) for item in result.iterations],
        "work": _plain(asdict(result.work)),
        "provenance": dict(result.provenance),
        "time_unit": result.time_unit,
        "groups": {name: {part: list(e) for part, e in parts.items()} for name, parts in result.groups.items()},
        "verification": None if verification is None else _plain(asdict(verification)),
    }


def _write_json(result: Result, path: Path) -> None:
    path.write_text(json.dumps(_document(result), indent=1, allow_nan=False), encoding="utf-8")


def _read_json(folder: Path) -> dict[str, Any]:
    path = folder / JSON
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        advice = "Name the folder that `prosperity optimize` wrote."
        raise InvalidRequest(Fault("is not the folder of a result.", file=str(folder), advice=advice)) from error
    except ValueError as error:
        raise InvalidRequest(Fault(f"is not a JSON file: {error}.", file=str(path))) from error
    if not isinstance(known, dict) or known.get("layout") != LAYOUT:
        advice = "It was written by another version of this program; optimize again."
        raise InvalidRequest(Fault("has a layout that is not known.", file=str(path), advice=advice))
    return known


def _result(known: Mapping[str, Any], folder: Path) -> Result:
    told = known["summary"]
    findings = {**known["findings"], "ending": Ending(known["findings"]["ending"])}
    result = Result(
        plan=read_plan(known["plan"], file=JSON),
        findings=Findings(**_infinite(findings)),
        policy=read_netcdf(folder / "policy.nc"),
        trajectories=read_netcdf(folder / "trajectories.nc"),
        baseline=read_netcdf(folder / "baseline.nc"),
        shadow_prices=_read_prices(folder),
        objective=_number(told["objective"]),
        baseline_objective=_number(told["baseline_objective"]),
        objective_unit=told["objective_unit"],
        violations=tuple(Violation(**_infinite(item)) for item in known["violations"]),
        iterations=tuple(Iteration(**_infinite(item)) for item in known["iterations"]),
        work=Work(**known["work"]),
        provenance=_provenance(known["provenance"]),
        time_unit=known["time_unit"],
        groups={name: {p: tuple(e) for p, e in parts.items()} for name, parts in known["groups"].items()},
        notes=tuple(told["notes"]),
        conflict=tuple(told["conflict"]),
        alternatives=tuple(
            Alternative(**item, policy=read_netcdf(folder / f"alternative_{number}.nc"))
            for number, item in enumerate(told["alternatives"], start=1)
        ),
        folder=folder,
    )
    return replace(result, verification=_verification(known["verification"]))


def _provenance(known: Mapping[str, Any]) -> dict[str, Any]:
    """Where a result comes from, with what is needed to open its model again."""
    return {**known, **{name: known[name] for name in ("model", "model_path")}, "files": dict(known["files"])}


def _verification(known: Mapping[str, Any] | None) -> Verification | None:
    if known is None:
        return None
    return Verification(
        gap=Gap(**_infinite(known["gap"])),
        objective=_number(known["objective"]),
        violations=tuple(Violation(**_infinite(item)) for item in known["violations"]),
        seconds=known["seconds"],
        notes=tuple(known["notes"]),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.inf if value is None else float(value)


def _plain(content: Any) -> Any:
    """The content with what JSON has no word for as null."""
    match content:
        case dict():
            return {key: _plain(value) for key, value in content.items()}
        case list() | tuple():
            return [_plain(value) for value in content]
        case float():
            return _finite(content)
    return content


def _infinite(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with null read as infinity, for what was too large or no number."""
    return {key: math.inf if value is None else value for key, value in content.items()}
