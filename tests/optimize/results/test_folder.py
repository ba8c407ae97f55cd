"""A result is stored whole or not at all, in plain files, and comes back as it was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import results

import optimize as opt
from optimize.files.rows import read_rows
from optimize.results.folder import JSON, save_verification, summary
from optimize.results.result import Alternative, Stored
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest


@pytest.fixture
def result() -> opt.Result:
    """A verified result, written by hand."""
    return results.verified()


@pytest.fixture
def folder(result: opt.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder."""
    return opt.save_result(result, tmp_path_factory.mktemp("runs") / "mine")


def test_what_a_standing_was_called_before_is_understood(folder: Path) -> None:
    """A folder of an earlier version says no other verdict than one of this."""
    path = folder / "result.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["summary"]["status"] = "optimum, not replayed yet"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert opt.load_result(folder).stored == Stored("local optimum, not replayed yet")


def test_a_result_comes_back_as_it_was(result: opt.Result, folder: Path) -> None:
    """Arrays bit by bit, everything else by value, and what the folder says of itself."""
    again = opt.load_result(folder)
    assert again.folder == folder
    assert again.stored == Stored("local optimum")
    assert again.multipliers.tolist() == result.multipliers.tolist()
    assert again.widths.tolist() == result.widths.tolist()
    assert again.trajectories.attrs["notes"] == result.trajectories.attrs["notes"]
    for name in ("policy", "trajectories", "baseline"):
        stored, kept = getattr(again, name), getattr(result, name)
        assert stored.equals(kept)
        assert [stored[v].attrs["units"] for v in stored] == [kept[v].attrs["units"] for v in kept]
    assert list(again.shadow_prices) == list(result.shadow_prices)
    for name, price in again.shadow_prices.items():
        assert price.equals(result.shadow_prices[name])
        assert price.attrs == result.shadow_prices[name].attrs
    same = ("plan", "findings", "objective", "baseline_objective", "objective_unit", "violations", "iterations")
    more = ("time_unit", "groups", "notes", "conflict", "verification", "status", "kkt_residual")
    for name in (*same, *more):
        assert getattr(again, name) == getattr(result, name), name
    assert again.work.simulations == result.work.simulations
    assert dict(again.provenance) == dict(result.provenance)


def test_what_people_open_is_readable(result: opt.Result, folder: Path) -> None:
    """JSON with the summary that commands print, CSV with names and units."""
    document = json.loads((folder / JSON).read_text(encoding="utf-8"))
    assert document["summary"]["status"] == "local optimum"
    assert document["plan"] == results.PLAN  # in its own words, and nothing that was not said
    policy = (folder / "policy.csv").read_text(encoding="utf-8").splitlines()
    assert policy[0].startswith('time,"spending[north, rice]"')
    prices = (folder / "shadow_prices.csv").read_text(encoding="utf-8").splitlines()
    assert prices[0] == "limit,elements,time,price,price at its own time,unit"
    assert any(line.startswith("floor,north,2.0,") for line in prices)
    summary = (folder / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert summary[0] == "outcome,variable,region,year,when,without,with,change,unit"
    outcomes = (folder / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    assert outcomes[0] == "variable,region,year,policy,value,unit"
    assert len(list(folder.glob("*.csv"))) == 4  # no table with a column for each variable and element


def test_alternatives_are_kept(result: opt.Result, tmp_path: Path) -> None:
    """Each with its policy."""
    other = Alternative(1.5, 0.25, result.policy * 0.5)
    folder = opt.save_result(replace(result, alternatives=(other,)), tmp_path / "two")
    (again,) = opt.load_result(folder).alternatives
    assert (again.objective, again.distance) == (1.5, 0.25)
    assert again.policy.equals(other.policy)


def test_a_verification_is_added_later(result: opt.Result, tmp_path: Path) -> None:
    """Into the folder that is there."""
    folder = opt.save_result(replace(result, verification=None), tmp_path / "later")
    assert opt.load_result(folder).verification is None
    save_verification(result, folder)
    assert opt.load_result(folder).verification == result.verification


def test_nothing_is_written_over(folder: Path, result: opt.Result, tmp_path: Path) -> None:
    """Neither a result nor anything else; an empty folder is taken."""
    with pytest.raises(InvalidRequest, match="exists already"):
        opt.save_result(result, folder)
    (tmp_path / "file").touch()
    with pytest.raises(InvalidRequest, match="exists already"):
        opt.save_result(result, tmp_path / "file")
    (tmp_path / "empty").mkdir()
    opt.save_result(result, tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]


def test_what_is_no_result_is_told(folder: Path, tmp_path: Path, result: opt.Result) -> None:
    """Missing, damaged, of another version."""
    with pytest.raises(InvalidRequest, match="is not the folder of a result"):
        opt.load_result(tmp_path)
    broken = opt.save_result(result, tmp_path / "broken")
    (broken / "policy.nc").write_bytes(b"nothing")
    with pytest.raises(InvalidRequest, match="is not a NetCDF file"):
        opt.load_result(broken)
    (broken / JSON).write_text('{"layout": 99}', encoding="utf-8")
    with pytest.raises(InvalidRequest, match="layout that is not known"):
        opt.load_result(broken)
    (broken / JSON).write_text('{"layout": 1}', encoding="utf-8")
    with pytest.raises(InvalidRequest, match="does not hold what a result has"):
        opt.load_result(broken)
    (broken / JSON).write_text("{", encoding="utf-8")
    with pytest.raises(InvalidRequest, match="is not a JSON file"):
        opt.load_result(broken)


@pytest.mark.parametrize("name", ["result.json", "policy.nc", "shadow_prices.nc", "outcomes.csv"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_links_and_pipes_in_a_folder_are_refused(result: opt.Result, tmp_path: Path, name: str, kind: str) -> None:
    """A folder may come from anybody."""
    folder = opt.save_result(result, tmp_path / "run")
    (folder / name).rename(tmp_path / "moved")
    (folder / name).symlink_to(tmp_path / "moved") if kind == "link" else os.mkfifo(folder / name)
    with pytest.raises(InvalidRequest, match="is a link" if kind == "link" else "is not a regular file"):
        opt.load_result(folder)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("findings", "convex"), "yes"),
        (("findings", "more"), 1),
        (("findings", "ending"), "perfect"),
        (("summary", "objective"), "7"),
        (("summary", "notes"), "one"),
        (("work", "levers"), 1.5),
        (("violations",), [{"limit": 1}]),
        (("provenance", "files"), {"a": 1}),
        (("groups",), {"island": {"warm": "south"}}),
        (("more",), 1),
        (("plan", "horizon"), [[[1]]]),
        (("hashes",), ["a"]),
    ],
)
def test_the_document_is_read_strictly(
    result: opt.Result, tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    """No other types, no other keys, with the place."""
    folder = opt.save_result(result, tmp_path / "run")
    document = json.loads((folder / JSON).read_text(encoding="utf-8"))
    *outer, last = place
    table = document
    for name in outer:
        table = table[name]
    table[last] = value
    (folder / JSON).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InvalidRequest, match=last):
        opt.load_result(folder)


def test_a_folder_knows_its_files(result: opt.Result, tmp_path: Path) -> None:
    """What was changed is told; a replay that belonged to other arrays counts no more."""
    folder = opt.save_result(result, tmp_path / "run")
    hashes = json.loads((folder / JSON).read_text(encoding="utf-8"))["hashes"]
    assert set(hashes) == {path.name for path in folder.iterdir()} - {JSON} | {"plan"}
    assert opt.load_result(folder).status.is_optimal
    (folder / "policy.csv").write_text("time\n", encoding="utf-8")
    found = opt.load_result(folder)
    assert found.stored is not None
    assert found.stored.changed == ("policy.csv",)
    assert not found.status.is_optimal
    (folder / "policy.csv").unlink()
    found = opt.load_result(folder)
    assert found.stored is not None
    assert found.stored.changed == ("policy.csv",)


def test_a_changed_plan_is_told(folder: Path) -> None:
    """Whatever the order of its keys; what the folder has more than its hashes name is not looked at."""
    document = json.loads((folder / JSON).read_text(encoding="utf-8"))
    (folder / "more.txt").touch()

    def changed(plan: dict[str, Any]) -> tuple[str, ...]:
        (folder / JSON).write_text(json.dumps({**document, "plan": plan}), encoding="utf-8")
        found = opt.load_result(folder)
        assert found.stored is not None
        assert (found.verification is None) == bool(found.stored.changed)
        return found.stored.changed

    assert changed(dict(reversed(document["plan"].items()))) == ()
    assert changed({**document["plan"], "horizon": [2.0, 4.0]}) == ("plan",)
    del document["hashes"]["plan"]
    assert changed({**document["plan"], "horizon": [2.0, 4.0]}) == ()


# --- folders of earlier versions --------------------------------------------------------------------------------------

STORED = Path(__file__).parent / "stored"
UNHASHED = "It was saved before results carried hashes: whether its arrays are those that were saved cannot be told."


def test_a_folder_without_hashes_says_so_once() -> None:
    """`stored` was written by an earlier version; its replay counts, since nothing tells that it should not."""
    found = opt.load_result(STORED)
    assert found.notes == (UNHASHED,)
    assert found.stored == Stored("local optimum")
    assert found.verification is not None
    assert found.multipliers.tolist() == found.widths.tolist() == []


def test_a_note_is_told_once(folder: Path) -> None:
    """Though a folder was saved with it."""
    document = json.loads((folder / JSON).read_text(encoding="utf-8"))
    document["hashes"], document["summary"]["notes"] = {}, ["first", UNHASHED]
    (folder / JSON).write_text(json.dumps(document), encoding="utf-8")
    assert opt.load_result(folder).notes == ("first", UNHASHED)


def test_prices_of_earlier_versions_are_told_by_their_names() -> None:
    """A limit is called as it likes, a bound by its kind."""
    kinds = {name: price.attrs["kind"] for name, price in opt.load_result(STORED).shadow_prices.items()}
    assert kinds == {
        "kept": "limit",
        "total": "limit",
        "upper bound of spending": "upper bound",
        "largest fall of spending": "largest fall",
        "largest rise of spending": "largest rise",
        "lower bound of spending": "lower bound",
        "upper bound of spending (2)": "upper bound",
    }


# --- arrays that somebody else wrote ----------------------------------------------------------------------------------


def refused(folder: Path) -> str:
    """Why a folder is none, without what stands around it in every case."""
    sentence = told(lambda: opt.load_result(folder))
    begin, end = f"{folder}: does not hold what a result has: ", " Was it changed by hand?"
    assert sentence.startswith(begin)
    assert sentence.endswith(end)
    return sentence[len(begin) : -len(end)]


@pytest.mark.parametrize("name", ["policy", "trajectories", "baseline", "alternative_1"])
@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda run: run.isel(time=slice(None, None, -1)), ""),
        (lambda run: run.isel(time=[0, 0, 1]), ""),
        (lambda run: run.drop_vars("time"), ": 'income'"),
        (lambda run: run.drop_vars("island"), ": 'income'"),
        (lambda run: run.assign(income=run["income"].isel(time=0, drop=True)), ": 'income'"),
        (lambda run: run.assign(income=run["income"].astype(str)), ": 'income'"),
        (lambda run: run.assign_coords(time=run["time"].astype(str)), ": 'income'"),
    ],
)
def test_what_is_no_run_is_refused(
    result: opt.Result, tmp_path: Path, name: str, change: Callable[[xr.Dataset], xr.Dataset], where: str
) -> None:
    """Times that do not grow or are none, words, elements without names, variables that do not move."""
    small = result.trajectories[["income"]]
    folder = opt.save_result(replace(result, alternatives=(Alternative(1.0, 0.5, small),)), tmp_path / "run")
    change(small.drop_attrs()).to_netcdf(folder / f"{name}.nc")
    assert refused(folder) == f"{name}.nc is no run{where}."


@pytest.mark.parametrize("kind", ["float32", "int32", "uint8"])
def test_all_kinds_of_numbers_are_taken(folder: Path, kind: str) -> None:
    """As another program may have written them."""
    run = xr.Dataset({"income": ("time", np.arange(3).astype(kind))}, {"time": np.arange(3).astype(kind)})
    run.to_netcdf(folder / "baseline.nc")
    assert opt.load_result(folder).baseline["income"].values.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda price: price.assign_attrs(units=1), "the price of 'floor' is none"),
        (lambda price: price.assign_attrs(limit_unit=1), "the price of 'floor' is none"),
        (lambda price: price.assign_attrs(objective=1), "the price of 'floor' is none"),
        (lambda price: price.assign_attrs(objective_unit=1), "the price of 'floor' is none"),
        (lambda price: price.assign_attrs({"discount": np.nan}), "the price of 'floor' is none"),
        (lambda price: price.assign_attrs({"from": np.inf}), "the price of 'floor' is none"),
        (lambda price: price.assign_attrs({"from": "2026a"}), "could not convert string to float: '2026a'"),
        (lambda price: price.assign_attrs(kind="gift"), "'gift' is not a valid RowKind"),
        (lambda price: price.transpose("time", "island"), "the price of 'floor' is none"),
        (lambda price: price.drop_vars("island"), "the price of 'floor' is none"),
        (lambda price: price.drop_vars("time"), "the price of 'floor' is none"),
        (lambda price: price.astype(str), "the price of 'floor' is none"),
        (lambda price: price.drop_attrs(), "'units'"),
    ],
)
def test_what_is_no_price_is_refused(
    result: opt.Result, folder: Path, change: Callable[[xr.DataArray], xr.DataArray], found: str
) -> None:
    """Units that are no words, numbers that are none, elements without names, times that are not last."""
    write_prices(folder, change(result.shadow_prices["floor"]))
    assert refused(folder) == f"{found}."


@pytest.mark.parametrize("name", ["multipliers", "widths"])
@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.arange(3), np.array(["a", "b"])])
def test_multipliers_and_widths_are_rows_of_numbers(
    result: opt.Result, folder: Path, name: str, values: np.ndarray[Any, Any]
) -> None:
    """And nothing else."""
    write_prices(folder, result.shadow_prices["floor"], **{name: values})
    assert refused(folder) == f"the {name} are no row of numbers."


def test_prices_may_be_in_any_unit(result: opt.Result, folder: Path) -> None:
    """Also in one that NetCDF has for spans of time."""
    days = result.shadow_prices["floor"].assign_attrs(units="days")
    write_prices(folder, days)
    assert opt.load_result(folder).shadow_prices["floor"].identical(days)
    opt.save_result(replace(result, shadow_prices={"floor": days}), folder.parent / "days")
    assert opt.load_result(folder.parent / "days").shadow_prices["floor"].identical(days)


def write_prices(folder: Path, price: xr.DataArray, **rows: np.ndarray[Any, Any]) -> None:
    """Other prices, as anybody can write them."""
    path = folder / "shadow_prices.nc"
    arrays = {name: ([f"{name} {i}" for i in range(values.ndim)], values) for name, values in rows.items()}
    xr.Dataset(arrays).to_netcdf(path)
    price.to_dataset(name="price").assign_attrs(limit="floor").to_netcdf(path, group="limit_0", mode="a")


def test_dimensions_may_have_any_name(result: opt.Result, tmp_path: Path) -> None:
    """Also one that NetCDF would take for a folder."""
    of_islands = {name: price for name, price in result.shadow_prices.items() if "island" in price.dims}
    prices = {name: price.rename({"island": "isle/land"}) for name, price in of_islands.items()}
    assert prices
    found = opt.load_result(opt.save_result(replace(result, shadow_prices=prices), tmp_path / "run"))
    assert all(found.shadow_prices[name].identical(price) for name, price in prices.items())


@pytest.mark.parametrize(
    ("name", "value"),
    [("groups", [1]), ("findings", None), ("iterations", [1]), ("verification", {"gap": 1}), ("provenance", {})],
)
def test_what_was_changed_by_hand_is_told(result: opt.Result, tmp_path: Path, name: str, value: object) -> None:
    """Whatever stands there now."""
    folder = opt.save_result(result, tmp_path / "changed")
    document = json.loads((folder / JSON).read_text(encoding="utf-8"))
    (folder / JSON).write_text(json.dumps({**document, name: value}), encoding="utf-8")
    with pytest.raises(InvalidRequest, match="does not hold what a result has"):
        opt.load_result(folder)


def test_the_summary_is_plain(result: opt.Result) -> None:
    """JSON without anything that is no number."""
    json.dumps(summary(result), allow_nan=False)


def told(call: Callable[[], object]) -> str:
    """The sentence of an error."""
    with pytest.raises(InvalidRequest) as caught:
        call()
    return str(caught.value)


def test_a_folder_that_holds_no_result_is_told_word_for_word(result: opt.Result, tmp_path: Path) -> None:
    """Where, what, and what to do."""
    assert told(lambda: opt.load_result(tmp_path)) == (
        f"{tmp_path}: is not the folder of a result. Name the folder that `prosperity optimize` wrote."
    )
    folder = opt.save_result(result, tmp_path / "run")
    document, path = (folder / JSON).read_text(encoding="utf-8"), folder / JSON
    other = (
        f"{path}: has a layout that is not known. It was written by another version of this program; optimize again."
    )
    for text in ("{}", '{"layout": 0}'):
        path.write_text(text, encoding="utf-8")
        assert told(lambda: opt.load_result(folder)) == other
    path.write_text(json.dumps({**json.loads(document), "time_unit": 1}), encoding="utf-8")
    assert told(lambda: opt.load_result(folder)) == (
        f'{path}: does not hold what a result has: "time_unit": found 1; expected a text. Was it changed by hand?'
    )
    path.write_text(document, encoding="utf-8")
    for name in ("shadow_prices", "policy", "trajectories", "baseline"):
        kept = (folder / f"{name}.nc").read_bytes()
        (folder / f"{name}.nc").write_bytes(b"nothing")
        assert told(lambda: opt.load_result(folder)) == (
            f"{folder / name}.nc: is not a NetCDF file that can be read. "
            "Was it changed by hand, or is it of another program?"
        )
        (folder / f"{name}.nc").write_bytes(kept)
    assert opt.load_result(folder).findings == result.findings


@pytest.fixture
def odd(result: opt.Result, tmp_path_factory: pytest.TempPathFactory) -> tuple[opt.Result, opt.Result, Path]:
    """A result with numbers that are none, notes and conflicts, as it is and as its folder gives it back."""
    first, *_ = result.iterations
    assert result.verification is not None
    given = replace(
        result,
        findings=replace(result.findings, ending=Ending.STALLED, kkt_residual=np.inf, violated="x", failure="so"),
        objective=np.inf,
        baseline_objective=-1.5,
        iterations=(replace(first, kkt_residual=np.inf, accepted=False), first),
        violations=(replace(result.violations[0], room=np.inf),),
        work=replace(result.work, seconds={"solve": 1.23456}),
        notes=("one", "两"),
        conflict=("this", "that"),
        groups={"province": {"east": ("a", "b"), "west": ()}},
        verification=replace(
            result.verification, objective=np.inf, notes=("seen",), gap=replace(result.verification.gap, size=np.inf)
        ),
        alternatives=(Alternative(1.0, 0.5, result.policy * 0.5), Alternative(0.5, 0.25, result.policy * 0.25)),
    )
    folder = opt.save_result(given, tmp_path_factory.mktemp("odd") / "run")
    return given, opt.load_result(folder), folder


def test_what_is_no_number_comes_back_as_infinity(odd: tuple[opt.Result, opt.Result, Path]) -> None:
    """And everything else as it was."""
    given, again, folder = odd
    names = ("findings", "objective", "baseline_objective", "iterations", "violations", "work", "notes", "conflict")
    for name in (*names, "groups", "verification", "time_unit", "objective_unit", "provenance", "plan"):
        assert getattr(again, name) == getattr(given, name), name
    assert again.folder == folder
    for other, kept in zip(again.alternatives, given.alternatives, strict=True):
        assert (other.objective, other.distance) == (kept.objective, kept.distance)
        assert other.policy.equals(kept.policy)


def test_the_summary_tells_what_programs_ask_for(odd: tuple[opt.Result, opt.Result, Path]) -> None:
    """Null for what is no number, and the folder, which the file itself does not name."""
    given, again, folder = odd
    known = {
        "status": str(given.status.standing),
        "sentence": given.status.sentence,
        "advice": given.status.advice,
        "objective": None,
        "baseline_objective": -1.5,
        "objective_unit": "Year",
        "kkt_residual": None,
        "largest_limit_violation": given.largest_limit_violation,
        "iterations": 0,  # both are where a search began
        "simulations": given.work.simulations,
        "gradients": given.work.gradients,
        "levers": 36,
        "seconds": {"solve": 1.235, "verify": round(given.seconds["verify"], 3)},
        "replay_gap": None,
        "run": None,
        "notes": ["one", "两"],
        "conflict": ["this", "that"],
        "alternatives": [{"objective": 1.0, "distance": 0.5}, {"objective": 0.5, "distance": 0.25}],
    }
    assert {name: summary(given)[name] for name in known} == known
    assert {name: summary(again)[name] for name in known} == {**known, "run": str(folder)}
    assert summary(replace(given, verification=None))["replay_gap"] is None
    document = json.loads((folder / JSON).read_text(encoding="utf-8"))
    assert {name: document["summary"][name] for name in known} == known
    assert document["layout"] == 1
    assert document["groups"] == {"province": {"east": ["a", "b"], "west": []}}
    assert document["verification"]["gap"]["size"] is None
    assert document["iterations"][0]["kkt_residual"] is None
    assert document["plan"]["horizon"] == [2, 5]
    assert (folder / JSON).read_text(encoding="utf-8").startswith('{\n "layout": 1,\n')
    assert summary(replace(given, verification=results.verified().verification))["replay_gap"] == 1e-12


def test_the_policy_has_a_row_for_each_time(odd: tuple[opt.Result, opt.Result, Path]) -> None:
    """And a header."""
    given, _, folder = odd
    times = given.policy["time"].to_numpy()
    assert len((folder / "policy.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(times)


def test_prices_are_rows_by_element_and_time(result: opt.Result, tmp_path: Path) -> None:
    """In the worth of the start, and in that of their own time."""
    price = result.shadow_prices["floor"].isel(island=[0, 1], time=[0, 2])
    values = np.array([[2.0, 3.0], [4.0, 5.0]])
    price = price.transpose("island", "time").copy(data=values)
    total = price.isel(island=0, drop=True)
    folder = opt.save_result(replace(result, shadow_prices={"floor": price, "sum, all": total}), tmp_path / "run")
    _, *rows = read_rows(folder / "shadow_prices.csv")
    grown = np.exp(price.attrs["discount"] * (price["time"].to_numpy() - price.attrs["from"]))
    first, second = (float(time) for time in price["time"])
    islands_ = [str(name) for name in price["island"].to_numpy()]
    known = [
        ("floor", islands_[0], first, 2.0, 2.0 * grown[0]),
        ("floor", islands_[0], second, 3.0, 3.0 * grown[1]),
        ("floor", islands_[1], first, 4.0, 4.0 * grown[0]),
        ("floor", islands_[1], second, 5.0, 5.0 * grown[1]),
        ("sum, all", "", first, 2.0, 2.0 * grown[0]),
        ("sum, all", "", second, 3.0, 3.0 * grown[1]),
    ]
    assert len(rows) == len(known)
    for (_, cells), (name, element, *numbers) in zip(rows, known, strict=True):
        assert cells[:2] == [name, element]
        assert [float(cell) for cell in cells[2:5]] == pytest.approx(numbers, rel=1e-15)
        assert cells[5] == price.attrs["units"]
    again = opt.load_result(folder).shadow_prices
    assert list(again) == ["floor", "sum, all"]
    assert again["floor"].identical(price)
    assert again["sum, all"].name is None


def test_alternatives_are_told(result: opt.Result) -> None:
    """How good they are, and how far away."""
    from optimize.results.tables import alternatives

    (said,) = alternatives(replace(result, alternatives=(Alternative(1.5, 0.25, result.policy),)))
    assert said == (
        "Another start found a policy worth 1.5 Year, which differs in 25% of all values: alternative_1.nc."
    )
