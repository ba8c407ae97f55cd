"""A result is stored whole or not at all, in plain files, and comes back as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import islands

import optimize as opt
import sd_models as sd
from optimize.files.rows import read_rows
from optimize.results.folder import JSON, save_verification, summary
from optimize.results.result import Alternative
from optimize.results.verdict import Standing
from optimize.solvers.solver import Ending
from sd_models.errors import InvalidRequest
from sd_models.system.model import System


@pytest.fixture(scope="module")
def result(islands_system: System) -> opt.Result:
    """A verified result."""
    plan = opt.read_plan(islands.small_plan(model=str(islands_system.path)))
    return opt.verify(opt.solve(opt.Problem(islands_system, plan, "mine.toml")))


@pytest.fixture(scope="module")
def folder(result: opt.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder."""
    return opt.save_result(result, tmp_path_factory.mktemp("runs") / "mine")


def test_a_result_comes_back_as_it_was(result: opt.Result, folder: Path) -> None:
    """Arrays bit by bit, everything else by value."""
    again = opt.load_result(folder)
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
    assert document["plan"]["limit"][0]["name"] == "annual budget"
    policy = (folder / "policy.csv").read_text(encoding="utf-8").splitlines()
    assert policy[0].startswith('time,"spending[north, rice]"')
    prices = (folder / "shadow_prices.csv").read_text(encoding="utf-8").splitlines()
    assert prices[0] == "limit,elements,time,price,price at its own time,unit"
    assert any(line.startswith("floor,north,2.0,") for line in prices)
    assert (folder / "trajectories.csv").read_text(encoding="utf-8").startswith("time,")


def test_the_policy_can_be_simulated(folder: Path, islands_system: System) -> None:
    """`prosperity simulate --policy` reads it, and gives the same run."""
    from optimize.runs.policy import lever_paths, read_policy

    stored = opt.load_result(folder)
    levers = lever_paths(read_policy(folder / "policy.csv"), islands_system)
    path = stored.policy["spending"].sel(time=[2, 3, 4, 5])
    np.testing.assert_array_equal(levers["spending"].sel(time=[2, 3, 4, 5]), path)


def test_a_folder_of_an_earlier_version_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """`stored` was written before results were split into data and what is done with it, and before anybody looked at
    second order: it is no more than a stationary point."""
    monkeypatch.chdir(Path(__file__).parent / "stored")
    found = opt.load_result(".")
    assert found.status.standing is Standing.STATIONARY
    assert found.objective == pytest.approx(7.483006756, rel=1e-9)
    assert opt.sayings(found)[0].startswith("upper bound of spending: one more money in 5 raises the sum of joy by")
    again = opt.verify(found)
    assert again.verification is not None
    assert again.verification.objective == pytest.approx(found.objective, rel=1e-12)


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


@pytest.mark.parametrize("name", ["result.json", "policy.nc", "shadow_prices.nc", "trajectories.csv"])
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


def test_a_result_is_verified_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if its plan and its data were named as seen from another one."""
    (tmp_path / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    (tmp_path / "none.csv").write_text("time,none\n0,1\n", encoding="utf-8")
    lines = ['model = "islands.mdl"', 'data = ["none.csv"]', "horizon = [2, 5]", 'objective = { maximize = "welfare" }']
    lever = '[[lever]]\nvariable = "spending"\nupper = 2.0\n'
    (tmp_path / "plan.toml").write_text("\n".join([*lines, lever]), encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    plan = opt.load_plan("plan.toml")
    opt.save_result(opt.solve(opt.Problem(sd.load(plan.model, data=plan.data), plan)), "run")
    monkeypatch.chdir("elsewhere")
    assert opt.verify(opt.load_result("../run")).status.is_optimal


def test_a_changed_model_is_not_verified(result: opt.Result, tmp_path: Path) -> None:
    """The result is about the file as it was."""
    path = tmp_path / "islands.mdl"
    path.write_text(islands.MODEL, encoding="utf-8")
    provenance = {**result.provenance, "model_path": str(path)}
    folder = opt.save_result(replace(result, provenance=provenance), tmp_path / "moved")
    assert opt.verify(opt.load_result(folder)).status.is_optimal
    path.write_text(islands.MODEL.replace("0.1, 0.2, 0.3 ~ 1/Year", "0.1, 0.2, 0.4 ~ 1/Year"), encoding="utf-8")
    with pytest.raises(InvalidRequest, match="changed since the optimization"):
        opt.verify(opt.load_result(folder))


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


@pytest.fixture(scope="module")
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
        "iterations": 2,
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
    assert "tolerance" not in document["plan"]  # what was not said
    assert (folder / JSON).read_text(encoding="utf-8").startswith('{\n "layout": 1,\n')


def test_tables_hold_what_fits_into_columns(odd: tuple[opt.Result, opt.Result, Path]) -> None:
    """Runs with at most one dimension, the policy with all."""
    given, _, folder = odd
    for name in ("trajectories", "baseline"):
        header = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert "total income" in header
        assert "income[north]" in header
        assert "capital[" not in header
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


KILLED = """
import os, random, signal, sys, time
from dataclasses import replace
from pathlib import Path
import optimize as opt

source, target, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
result = opt.load_result(source)
short = {name: getattr(result, name)[["income"]] for name in ("trajectories", "baseline")}
result = replace(result, **short, shadow_prices={"floor": result.shadow_prices["floor"]})
began = time.perf_counter()
opt.save_result(result, target / "first")
length = time.perf_counter() - began
generator = random.Random(0)
for i in range(number):
    child = os.fork()
    if child == 0:
        opt.save_result(result, target / f"run{i}")
        os._exit(0)
    if i % 20:  # every twentieth comes to its end, however busy the machine is
        time.sleep(generator.uniform(0, 1.2 * length))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(length)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that are copied, as on Linux")
def test_a_killed_process_leaves_no_unreadable_result(folder: Path, tmp_path: Path) -> None:
    """A hundred kills at random moments: every folder that has a name can be read, and is complete."""
    code = [sys.executable, "-W", "ignore", "-c", KILLED, folder, tmp_path, "106"]
    done = subprocess.run(list(map(str, code)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    hidden = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert hidden, "no process was killed while it wrote"
    assert len(found) > 1, "no process came to its end"
    reference = opt.load_result(folder)
    for path in found:
        assert opt.load_result(path).policy.equals(reference.policy)


def test_alternatives_are_told(result: opt.Result) -> None:
    """How good they are, and how far away."""
    from optimize.results.tables import alternatives

    (said,) = alternatives(replace(result, alternatives=(Alternative(1.5, 0.25, result.policy),)))
    assert said == (
        "Another start found a policy worth 1.5 Year, which differs in 25% of all values: alternative_1.nc."
    )
