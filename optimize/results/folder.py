"""A result as one folder of plain files, which is there whole or not at all.

- `result.json`: everything that is no array: what was asked, what came out, how it was reached
- `policy.nc`, `trajectories.nc`, `baseline.nc`, `alternative_1.nc` ...: NetCDF with names, dimensions and units
- `shadow_prices.nc`: a group for each limit, and the multipliers of all rows that they were made of
- `policy.csv`: the policy as `prosperity simulate --policy` reads it, without what a search leaves over
- `summary.csv`: headline outcomes without the policy and with it, at the start, in steps of some years and at the end
- `outcomes.csv`: the same at all times, a row for each variable, region, year and policy
- `bound.json`, where one was asked for: what no policy can be better than
- `shadow_prices.csv`: a row for each limit, element and time

The arrays are written once; `result.json`, which has the SHA-256 of each of them, is replaced as a whole when the
result is verified. A folder may come from anybody, so nothing in it is loaded before it is known how much that takes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from itertools import chain, product
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from sd_models.errors import Fault, InvalidRequest
from sd_models.system.model import FloatArray

from ..files.placement import check_new_folder, write_folder_whole, write_whole
from ..files.rows import save_rows
from ..files.storage import DIGITS, from_netcdf, put, read_netcdf, save_csv, save_netcdf
from ..files.untrusted import ARRAY_BYTES, check_arrays, check_regular, sha256
from ..plans.kinds import RowKind
from .bounded import read_bound, save_bound
from .document import JSON, LAYOUT, StoredResult, plain, plan_hash, read_result
from .prices import SIZE, current
from .result import Alternative, Result, Stored
from .tidy import OUTCOMES, SUMMARY, headers, outcome_rows, summary_rows, tidied
from .verdict import CALLED_BEFORE
from .voice import voice_of

PRICE_HEADERS = ["limit", "elements", "time", "price", "price at its own time", "unit"]
PRICES = "shadow_prices"
RUNS = ("policy", "trajectories", "baseline")
MULTIPLIERS, WIDTHS = "multipliers", "widths"
PRICE_WORDS = ("units", "limit_unit", "objective", "objective_unit")  # attributes of a price
PRICE_NUMBERS = ("discount", "from")
SAME = (
    "findings",
    "violations",
    "iterations",
    "work",
    "provenance",
    "time_unit",
    "groups",
    "headlines",
    "names",
    "has_dust",
    "verification",
    "assumptions",
)
PLAN = "plan"  # the name of the plan among the hashes
UNHASHED = "It was saved before results carried hashes: whether its arrays are those that were saved cannot be told."


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
    """Puts the verification of a result into its folder; the hashes stay those of what was saved."""
    hashes = read_result(folder).hashes
    write_whole(folder / JSON, lambda path: _write_json(result, hashes, path))


def load_result(folder: str | Path) -> Result:
    """The result in a folder; InvalidRequest for a folder that holds none.

    What the folder says is read and not believed: `opt.verify` computes it anew, with the model from where it was.
    A replay that does not belong to the arrays, since these were changed, is left out.

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
    known = read_result(folder)
    names = [*RUNS, *(f"alternative_{number + 1}" for number in range(len(known.summary.alternatives)))]
    files = {name: folder / f"{name}.nc" for name in (*names, PRICES)}
    check_arrays(list(files.values()))
    try:
        return _result(known, folder, files)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        found = f"does not hold what a result has: {error}."
        raise InvalidRequest(Fault(found, file=str(folder), advice="Was it changed by hand?")) from error


def _fill(result: Result, folder: Path) -> None:
    for name in RUNS:
        save_netcdf(getattr(result, name), folder / f"{name}.nc")
    for number, alternative in enumerate(result.alternatives, start=1):
        save_netcdf(alternative.policy, folder / f"alternative_{number}.nc")
    _save_prices(result, folder)
    decided = tidied(result.policy, result.plan.horizon[0]) if result.has_dust else result.policy
    save_csv(decided, folder / "policy.csv")
    summary_table = [headers(result, SUMMARY), *summary_rows(result, voice_of(result))]
    save_rows(folder / "summary.csv", summary_table, digits=DIGITS)
    save_rows(folder / "outcomes.csv", chain([headers(result, OUTCOMES)], outcome_rows(result)), digits=DIGITS)
    hashes = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    _write_json(result, {**hashes, PLAN: plan_hash(_plan(result))}, folder / JSON)
    if result.bound is not None:
        save_bound(result.bound, folder)


# --- shadow prices ----------------------------------------------------------------------------------------------------


def _save_prices(result: Result, folder: Path) -> None:
    prices = result.shadow_prices
    with netCDF4.Dataset(folder / f"{PRICES}.nc", "w") as file:
        put(xr.Dataset({MULTIPLIERS: ("row", result.multipliers), WIDTHS: ("kink", result.widths)}), file)
        for number, (name, price) in enumerate(prices.items()):
            put(price.to_dataset(name="price").assign_attrs(limit=name), file.createGroup(f"limit_{number}"))
    rows = (row for name, price in prices.items() for row in _price_rows(name, price))
    save_rows(folder / f"{PRICES}.csv", [PRICE_HEADERS, *rows])


def _price_rows(name: str, price: xr.DataArray) -> Iterator[list[Any]]:
    axes = [price[d].to_numpy().tolist() for d in price.dims]
    values, undiscounted = price.to_numpy().ravel(), current(price).to_numpy().ravel()
    for (*elements, time), value, own in zip(product(*axes), values, undiscounted, strict=True):
        yield [name, ", ".join(elements), time, float(value), float(own), price.attrs["units"]]


def _read_prices(path: Path) -> dict[str, xr.DataArray]:
    try:
        with netCDF4.Dataset(path) as file:
            groups = list(file.groups)
        datasets = [xr.load_dataset(path, group=group, engine="netcdf4", decode_times=False) for group in groups]
    except (OSError, RuntimeError) as error:
        raise InvalidRequest(Fault("is not a NetCDF file that can be read.", file=str(path))) from error
    named = {str(dataset.attrs["limit"]): _with_size(from_netcdf(dataset)) for dataset in datasets}
    return {name: _price(name, price) for name, price in named.items()}


def _with_size(dataset: xr.Dataset) -> xr.DataArray:
    """A price, with the size of its limit where that was kept."""
    price = dataset["price"].rename(None)
    return price.assign_coords({SIZE: dataset[SIZE].variable}) if SIZE in dataset else price


def _read_row(path: Path, name: str) -> FloatArray:
    """The multipliers that prices were made of, or the widths of stand-ins; none in folders of earlier versions."""
    found = xr.load_dataset(path, engine="netcdf4", decode_times=False)
    values = found[name].to_numpy() if name in found else np.zeros(0)
    if values.ndim != 1 or values.dtype.kind != "f":
        raise ValueError(f"the {name} are no row of numbers")
    return values


def _price(name: str, price: xr.DataArray) -> xr.DataArray:
    """A price with all that is asked of it; ValueError where something is missing."""
    found = price.assign_attrs({"kind": _told_kind(name), **price.attrs})
    RowKind(found.attrs["kind"])
    words = all(isinstance(found.attrs[word], str) for word in PRICE_WORDS)
    if SIZE in found.coords and (found[SIZE].dims != found.dims or found[SIZE].dtype.kind != "f"):
        raise ValueError(f"the sizes of {name!r} are none")
    numbers = all(math.isfinite(float(found.attrs[number])) for number in PRICE_NUMBERS)
    if not (words and numbers and found.dims[-1:] == ("time",) and _is_numeric(found)):
        raise ValueError(f"the price of {name!r} is none")
    return found


def _read_run(path: Path) -> xr.Dataset:
    """A run with times and numbers; ValueError where it has something else."""
    run = read_netcdf(path)
    strange = [str(name) for name, values in run.data_vars.items() if not _is_numeric(values)]
    if strange or "time" not in run.coords or not (np.diff(run["time"].to_numpy()) > 0).all():
        raise ValueError(f"{path.name} is no run{f': {strange[0]!r}' if strange else ''}")
    return run


def _is_numeric(values: xr.DataArray) -> bool:
    """Whether an array holds numbers, over times and elements that have names."""
    if "time" not in values.dims or "time" not in values.coords:
        return False
    kinds = {values.dtype.kind, values["time"].dtype.kind}
    return kinds <= {"f", "i", "u"} and all(dimension in values.coords for dimension in values.dims)


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
        "iterations": result.iteration_count,
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


def _plan(result: Result) -> dict[str, Any]:
    return result.plan.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def _write_json(result: Result, hashes: Mapping[str, str], path: Path) -> None:
    document = {
        "layout": LAYOUT,
        "summary": {**summary(result), "run": None},
        "plan": _plan(result),
        **{name: plain(getattr(result, name)) for name in SAME},
        "hashes": dict(hashes),
    }
    path.write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")


def _result(known: StoredResult, folder: Path, files: Mapping[str, Path]) -> Result:
    told = known.summary
    changed = _changed(known, folder)
    return Result(
        plan=known.read_plan(),
        policy=_read_run(files["policy"]),
        trajectories=_read_run(files["trajectories"]),
        baseline=_read_run(files["baseline"]),
        shadow_prices=_read_prices(files[PRICES]),
        multipliers=_read_row(files[PRICES], MULTIPLIERS),
        widths=_read_row(files[PRICES], WIDTHS),
        objective=told.objective,
        baseline_objective=told.baseline_objective,
        objective_unit=told.objective_unit,
        findings=known.findings,
        violations=known.violations,
        iterations=known.iterations,
        work=known.work,
        provenance=known.provenance.model_dump(),
        time_unit=known.time_unit,
        groups=known.groups,
        headlines=known.headlines,
        assumptions=known.assumptions,
        names=known.names,
        has_dust=known.has_dust,
        verification=None if changed else known.verification,
        notes=tuple(dict.fromkeys((*told.notes, *(() if known.hashes else (UNHASHED,))))),
        conflict=told.conflict,
        alternatives=tuple(
            Alternative(item.objective, item.distance, _read_run(files[f"alternative_{number}"]))
            for number, item in enumerate(told.alternatives, start=1)
        ),
        folder=folder,
        bound=None if changed else read_bound(folder),
        stored=Stored(str(CALLED_BEFORE.get(told.status, told.status)), changed),
    )


def _changed(known: StoredResult, folder: Path) -> tuple[str, ...]:
    """The files (or the plan) that are not those that were saved, as far as there are hashes."""
    if not known.hashes:
        return ()
    found = {PLAN: plan_hash(known.plan)}
    for path in sorted(folder.iterdir()):
        if path.name in known.hashes:
            check_regular(path, ARRAY_BYTES)
            found[path.name] = sha256(path)
    return tuple(name for name, known_hash in known.hashes.items() if found.get(name) != known_hash)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
