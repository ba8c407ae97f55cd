"""A result that was solved goes through its folder: simulated and verified from there, and whole after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import islands

import optimize as opt
import sd_models as sd
from optimize.results.verdict import Standing
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


def test_a_solved_result_comes_back_as_it_was(result: opt.Result, folder: Path) -> None:
    """Arrays bit by bit, everything else by value, and what follows from both."""
    again = opt.load_result(folder)
    for name in ("policy", "trajectories", "baseline"):
        assert getattr(again, name).equals(getattr(result, name))
    assert list(again.shadow_prices) == list(result.shadow_prices)
    assert all(price.identical(result.shadow_prices[name]) for name, price in again.shadow_prices.items())
    assert again.status == result.status
    assert again.headlines == result.headlines
    assert len(again.headlines) > 1
    assert again.status.is_optimal
    assert result.verification is not None
    assert result.verification.objective == pytest.approx(result.objective, rel=1e-12)
    assert dict(again.provenance) == dict(result.provenance)


def test_the_policy_can_be_simulated(folder: Path, islands_system: System) -> None:
    """`prosperity simulate --policy` reads it, and gives the same run."""
    from optimize.runs.policy import lever_paths, read_policy

    stored = opt.load_result(folder)
    levers = lever_paths(read_policy(folder / "policy.csv"), islands_system)
    path = stored.policy["spending"].sel(time=[2, 3, 4, 5])
    np.testing.assert_allclose(levers["spending"].sel(time=[2, 3, 4, 5]), path, rtol=1e-11, atol=1e-9)
    told = sd.simulate(islands_system, levers=levers, time=sd.TimeSpan(stop=6))["welfare"]
    assert float(told[-1]) == pytest.approx(float(stored.trajectories["welfare"][-1]), rel=1e-9)


def test_a_folder_of_an_earlier_version_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """`stored` was written before results were split into data and what is done with it, and before anybody looked at
    second order: it is no more than a stationary point."""
    monkeypatch.chdir(Path(__file__).parent / "stored")
    found = opt.load_result(".")
    assert found.status.standing is Standing.STATIONARY
    assert found.objective == pytest.approx(7.483006756, rel=1e-9)
    assert opt.sayings(found) == [
        "What limits are worth is not said: the policy is no local optimum (stationary point)."
    ]
    again = opt.verify(found)
    assert again.verification is not None
    assert again.verification.objective == pytest.approx(found.objective, rel=1e-12)


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
