"""What a folder says and is not so refutes it, whoever wrote it; what is so is confirmed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
from support import islands
from support.known_optima import OPTIMA, problem

import optimize as opt
import sd_models as sd
from optimize.command_line.commands import main
from optimize.command_line.requests import Status
from optimize.files.untrusted import sha256
from optimize.results.document import plan_hash
from optimize.results.verdict import Standing, judge
from optimize.solving.solve import solve

Forgery = Callable[[Path], None]
PLAN = """
model = "islands.mdl"
horizon = [2, 5]
objective = { maximize = "welfare", discount = 0.04 }
lever = [{ variable = "spending", upper = 0.9 }]
limit = [
    { name = "annual budget", sum = "spending", over = ["island", "good"], at_most = "budget" },
    { name = "floor", sum = "spending", over = ["good"], at_least = 0.5 },
]
"""


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a result."""
    folder = tmp_path_factory.mktemp("honest")
    (folder / "islands.mdl").write_text(islands.MODEL, encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    assert main(["optimize", str(folder / "plan.toml"), "--out", str(folder / "run")]) == Status.DONE
    return folder / "run"


@pytest.fixture(scope="module")
def halfway(honest: Path) -> Path:
    """A result of the same plan that is none: another policy that keeps all limits, saved in earnest."""
    from dataclasses import replace

    result = opt.load_result(honest)
    plan = result.plan.model_copy(update={"solver": result.plan.solver.model_copy(update={"iterations": 1})})
    from sd_models.reading.library import load

    found = opt.solve(opt.Problem(load(plan.model), plan))
    assert not found.status.is_optimal
    return opt.save_result(replace(found, plan=result.plan), honest.parent / "halfway")


# --- forgeries --------------------------------------------------------------------------------------------------------


def edited(change: Callable[[dict[str, Any]], None]) -> Forgery:
    """A change of the document."""

    def forge(folder: Path) -> None:
        document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        change(document)
        (folder / "result.json").write_text(json.dumps(document), encoding="utf-8")

    return forge


def rehashed(folder: Path) -> None:
    """The hashes of whatever the folder holds now, as somebody makes them who knows how."""

    def change(document: dict[str, Any]) -> None:
        files = {path.name: sha256(path) for path in folder.iterdir() if path.name != "result.json"}
        document["hashes"] = {**files, "plan": plan_hash(document["plan"])}

    edited(change)(folder)


def put(name: str, values: Callable[[xr.Dataset], xr.Dataset]) -> Forgery:
    """A change of an array, the hashes made to fit."""

    def forge(folder: Path) -> None:
        content = xr.load_dataset(folder / f"{name}.nc", decode_times=False)
        values(content).to_netcdf(folder / f"{name}.nc")
        rehashed(folder)

    return forge


def priced(limit: str, factor: float, *, multipliers: float = 1.0) -> Forgery:
    """Other shadow prices of a limit, in both of their forms, the hashes made to fit."""

    def forge(folder: Path) -> None:
        with netCDF4.Dataset(folder / "shadow_prices.nc", "a") as file:
            (group,) = (group for group in file.groups.values() if group.limit == limit)
            group["price"][...] = group["price"][...] * factor
            file["multipliers"][...] = file["multipliers"][...] * multipliers
        rehashed(folder)

    return forge


def told(name: str, value: object) -> Forgery:
    """Another value in the summary."""
    return edited(lambda document: document["summary"].update({name: value}))


def moved(factor: float) -> Callable[[xr.Dataset], xr.Dataset]:
    """A policy that spends other amounts within the horizon."""

    def change(policy: xr.Dataset) -> xr.Dataset:
        policy["spending"] = policy["spending"].where(policy["time"] < 2, policy["spending"] * factor)
        return policy

    return change


def earlier(policy: xr.Dataset) -> xr.Dataset:
    """A policy that decides before the horizon."""
    policy["spending"] = policy["spending"].where(policy["time"] >= 2, policy["spending"] * 1.1)
    return policy


def another_lever(policy: xr.Dataset) -> xr.Dataset:
    """A policy that decides what the plan does not."""
    return policy.assign({"tax rate": ("time", np.full(policy.sizes["time"], 0.05), {"units": "1/Year"})})


FORGERIES: dict[str, tuple[Forgery, str]] = {
    "convexity": (edited(lambda d: d["findings"].update(convex=True)), "the problem is not convex by its structure"),
    "objective": (told("objective", 99.0), "the objective is "),
    "baseline": (told("baseline_objective", -99.0), "the objective without the policy is "),
    "status": (told("status", "proved optimum"), "the verdict is 'local optimum', not 'proved optimum'"),
    "unknown status": (told("status", "perfect"), "the verdict is 'local optimum', not 'perfect'"),
    "no policy": (
        edited(lambda d: d["findings"].update(ending="infeasible", failure="No policy keeps the floor.")),
        "these do not contradict each other",
    ),
    "without end": (
        edited(lambda d: d["findings"].update(ending="unbounded", failure="spending")),
        "no lever goes on without end",
    ),
    "unit": (told("objective_unit", "money"), "the objective unit is "),
    "policy, no hash": (
        lambda folder: shutil.copy(folder.parent / "halfway" / "policy.nc", folder / "policy.nc"),  # type: ignore[dict-item]
        "policy.nc: not what was saved",
    ),
    "policy": (put("policy", moved(0.9)), "trajectories.nc is not the run of model and policy"),
    "policy beyond": (put("policy", moved(3.0)), "is missed by"),
    "policy before": (put("policy", earlier), "that the plan does not decide"),
    "another lever": (put("policy", another_lever), "the policy has more or less: tax rate"),
    "trajectories": (put("trajectories", lambda run: run * 1.01), "trajectories.nc is not the run"),
    "baseline run": (put("baseline", lambda run: run * 0.99), "baseline.nc is not the run"),
    "price of a limit": (priced("annual budget", 2.0), "the shadow price of 'annual budget' is another"),
    "price and multipliers": (
        priced("annual budget", 2.0, multipliers=2.0),
        "its multipliers leave a KKT residual",
    ),
    "price of a bound": (priced("upper bound of spending", 0.5), "the shadow price of 'upper bound of spending'"),
    "sign of a price": (priced("annual budget", -1.0, multipliers=-1.0), "its multipliers leave a KKT residual"),
    "policy that is no number": (
        put("policy", lambda policy: policy * np.nan),
        "",
    ),
    "no hashes": (edited(lambda d: d.pop("hashes")), ""),
    "plan": (edited(lambda d: d["plan"]["limit"][0].update(at_most=1000.0)), "plan: not what was saved"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refuted(
    name: str, honest: Path, halfway: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is not so; status 1; the folder stays as it is. Without hashes it is told that there are none; of a
    policy without numbers there is nothing to compute."""
    folder = honest.parent / f"forged-{name}"
    shutil.copytree(honest, folder)
    forge, words = FORGERIES[name]
    forge(folder)
    before = (folder / "result.json").read_bytes()
    status = main(["verify", str(folder), "--json"])
    printed = capsys.readouterr()
    if name == "policy that is no number":
        assert status == Status.BAD_INPUT
        assert "NaN" in printed.err
        return
    document = json.loads(printed.out)
    if name == "no hashes":
        assert status == Status.DONE
        assert "saved before results carried hashes" in printed.err
        return
    assert status == Status.NO
    assert any(words in doubt for doubt in document["refuted"]), document["refuted"]
    assert document["status"] == "refuted"
    assert (folder / "result.json").read_bytes() == before


def test_no_residual_and_a_verdict_make_no_optimum(halfway: Path, tmp_path: Path) -> None:
    """A policy that is none, whose folder says convex, residual 0, optimal and proved, all hashes made to fit."""
    folder = halfway.parent / "boasting"
    shutil.copytree(halfway, folder)

    def boast(document: dict[str, Any]) -> None:
        document["findings"].update(convex=True, kkt_residual=0.0, violation=0.0, ending="optimal")
        document["summary"].update(status="proved optimum", kkt_residual=0.0)

    edited(boast)(folder)
    rehashed(folder)
    found = opt.verify(opt.load_result(folder))
    assert found.status.standing is Standing.REFUTED
    assert "the KKT residual is " in found.status.sentence
    assert "not convex" in found.status.sentence
    assert found.kkt_residual > 1e-6
    assert not found.findings.convex


BOWL = """{UTF-8}
use = 1 ~~|
bowl = use * use ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = 1 ~~|
TIME STEP = 1 ~~|
SAVEPER = TIME STEP ~~|
"""


HEIGHT: dict[str, Any] = {
    "horizon": [0, 0],
    "objective": {"maximize": "bowl"},
    "lever": [{"variable": "use", "lower": -1.0, "upper": 2.0}],
}


def test_a_minimum_is_no_maximum_whatever_the_folder_says_of_its_curvature(tmp_path: Path) -> None:
    """First order holds there, limits hold, PySD agrees, and every hash is right."""
    from dataclasses import replace

    (tmp_path / "bowl.mdl").write_text(BOWL, encoding="utf-8")
    plan = opt.read_plan({"model": str(tmp_path / "bowl.mdl"), **HEIGHT})
    system = sd.load(plan.model)
    best = opt.solve(opt.Problem(system, plan))
    idle = best.policy * 0.0
    run = sd.simulate(system, levers={"use": idle["use"]}, time=sd.TimeSpan(stop=1.0))
    prices = {name: price * 0.0 for name, price in best.shadow_prices.items()}
    prices = {name: price.assign_attrs(best.shadow_prices[name].attrs) for name, price in prices.items()}
    forged = replace(best, policy=idle, trajectories=run, objective=0.0, shadow_prices=prices)
    assert judge(forged.findings).standing is Standing.UNVERIFIED
    found = opt.verify(opt.load_result(opt.save_result(forged, tmp_path / "run")))
    assert found.status.standing is Standing.REFUTED
    assert ", not 'local optimum, not replayed yet'" in found.status.sentence


@pytest.mark.parametrize("factor", [1.0, 1e3, -1.0, np.nan])
def test_an_optimum_on_a_kink_is_confirmed_by_stand_ins_that_are_near_enough(factor: float, tmp_path: Path) -> None:
    """Their widths are in the folder; wider ones, or what is no width, prove nothing."""
    from dataclasses import replace

    (tmp_path / "kink.mdl").write_text(
        BOWL.replace("use * use", "10 - MAX(use - 0.4, 2 * (0.4 - use))"), encoding="utf-8"
    )
    plan = opt.read_plan({"model": str(tmp_path / "kink.mdl"), **HEIGHT})
    result = opt.solve(opt.Problem(sd.load(plan.model), plan))
    assert len(result.widths) == 1
    folder = opt.save_result(replace(result, widths=result.widths * factor), tmp_path / "run")
    found = opt.verify(opt.load_result(folder))
    assert found.status.is_optimal == (factor == 1.0)


def test_an_honest_folder_is_confirmed(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As often as one likes, by what was found anew."""
    for _ in range(2):
        assert main(["verify", str(honest), "--json"]) == Status.DONE
        document = json.loads(capsys.readouterr().out)
        assert document["refuted"] == []
        assert document["status"] == "local optimum"
        assert document["kkt_residual"] <= 1e-6
        assert document["model"].endswith("islands.mdl")


def test_an_honest_result_that_is_no_optimum_is_not_refuted(halfway: Path) -> None:
    """It claims nothing that is not so."""
    found = opt.verify(opt.load_result(halfway))
    assert found.verification is not None
    assert found.verification.doubts == ()


@pytest.mark.parametrize("name", OPTIMA)
def test_known_optima_are_confirmed(name: str, tmp_path: Path) -> None:
    """From their folders, with the multipliers and prices that these hold; but for what was added in Python."""
    constraints = OPTIMA[name]().constraints
    result = solve(problem(name), constraints=constraints)
    found = opt.verify(opt.load_result(opt.save_result(result, tmp_path / "run")))
    assert found.verification is not None
    if constraints is None:
        assert found.verification.doubts == ()
        assert found.status.is_optimal == opt.verify(result).status.is_optimal
    elif result.shadow_prices:
        assert any("added to the plan in Python" in doubt for doubt in found.verification.doubts)


def test_alternatives_are_computed_anew(honest: Path) -> None:
    """What they are worth is a claim as well."""
    from dataclasses import replace

    from optimize.results.result import Alternative

    result = opt.load_result(honest)
    same = Alternative(result.objective, 0.0, result.policy)
    folder = opt.save_result(replace(result, alternatives=(same,)), honest.parent / "alternatives")
    verification = opt.verify(opt.load_result(folder)).verification
    assert verification is not None
    assert verification.doubts == ()
    edited(lambda document: document["summary"]["alternatives"][0].update(objective=99.0))(folder)
    verification = opt.verify(opt.load_result(folder)).verification
    assert verification is not None
    assert any(doubt.startswith("alternative 1 is worth ") for doubt in verification.doubts)
