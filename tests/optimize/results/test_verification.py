"""A result is held against PySD's own run of the file, and a result that PySD does not reproduce is told as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from support import islands, results

import optimize as opt
import sd_models as sd
from optimize.files.provenance import digest
from optimize.results import verification
from optimize.results.recomputation import Anew
from optimize.results.result import Stored
from optimize.results.verdict import Standing
from sd_models.dynamics.timing import TimeSpan
from sd_models.errors import InvalidRequest
from sd_models.reference import ahead
from sd_models.system.model import Method, System

SPENT = (0.2, 0.21, 0.22, 0.23)  # of each good on each island, by year from 2 on
DISCOUNT = 0.04

Change = Callable[[xr.Dataset], object]


@pytest.fixture
def result(islands_system: System) -> opt.Result:
    """A result that has not been replayed; its policy keeps all limits."""
    values = np.array([islands.OWN_SPENDING, *(np.full((3, 3), spent) for spent in SPENT)])
    policy = results.verified().policy.copy(data={"spending": values})
    plan = opt.read_plan(islands.small_plan(model=str(islands_system.path), data=["none.csv"]))
    return results.verified(plan=plan, policy=policy, opened=islands_system, verification=None)


@pytest.fixture
def by_hand() -> dict[str, islands.Path]:
    """The run of this policy by the equations in NumPy."""
    spending = np.array([islands.OWN_SPENDING] * 4 + [np.full((3, 3), each) for each in SPENT for _ in range(2)])
    return islands.simulated(np.concatenate([spending, spending[-1:]]), np.full(13, 0.2))


@pytest.fixture
def pysd(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], list[dict[str, Any]]]:
    """Puts another run, our own with changes, in place of PySD's; gives the list of what is asked of it."""

    def put(change: Change) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []

        def run(system: System, **options: Any) -> xr.Dataset:
            asked.append({"system": system, **options})
            system = replace(system, method=Method.EULER)
            found = sd.simulate(system, levers=options["levers"], outputs=options["outputs"], time=options["time"])
            found = found.copy(deep=True).assign_attrs(notes=["PySD said so"])
            change(found)
            return found

        monkeypatch.setattr(ahead, "replay", run)
        return asked

    return put


def times(name: str, factor: float, at: int = 8) -> Change:
    """A variable that is so many times as large at one time."""

    def change(run: xr.Dataset) -> None:
        run[name][at] *= factor

    return change


def objective(by_hand: dict[str, islands.Path]) -> float:
    """The discounted sum of welfare from 2 to 6, in steps of half a year."""
    weights = 0.5 * np.exp(-DISCOUNT * (by_hand["time"][4:-1] - 2))
    return float(weights @ by_hand["welfare"][4:-1])


def test_pysd_agrees(result: opt.Result, by_hand: dict[str, islands.Path]) -> None:
    """On everything that the plan names, at every step; limits and objective are those of PySD's run."""
    found = opt.verify(replace(result, plan=result.plan.model_copy(update={"data": ()}))).verification
    assert found is not None
    assert found.gap.size <= 1e-12
    assert found.gap.variables == 3
    assert found.objective == pytest.approx(objective(by_hand), rel=1e-12)
    assert found.largest_limit_violation == 0.0
    checked = {item.limit: item for item in found.violations}
    assert list(checked) == ["annual budget", "floor", "lower bound of spending", "upper bound of spending"]
    assert checked["floor"].value == pytest.approx(0.6)
    left = by_hand["budget"][4::2][:4] - 9 * np.array(SPENT)  # of each year; less of it is left later
    assert checked["annual budget"].amount - checked["annual budget"].value == pytest.approx(left.min(), rel=0.05)
    assert found.doubts == ()
    assert 0.0 < found.seconds < 60.0
    assert "agrees with ours" in found.sentence


def test_a_policy_that_breaks_a_limit_is_found_out(result: opt.Result) -> None:
    """Whatever the result itself says."""
    greedy = result.policy.copy(deep=True)
    greedy["spending"][1:] = 1.9
    found = opt.verify(replace(result, policy=greedy, plan=result.plan.model_copy(update={"data": ()})))
    assert found.verification is not None
    worst = max(found.verification.violations, key=lambda item: item.size)
    assert worst.limit == "annual budget"
    assert worst.value == pytest.approx(9 * 1.9)
    assert found.largest_limit_violation > 0.1
    assert found.policy.equals(greedy)


class Stopped(ahead.ReplayAhead):
    """A run that was begun and does no work any more."""

    def __init__(self) -> None:
        """There is no process."""

    def finish(self, _levers: ahead.Paths) -> xr.Dataset | None:
        """It is waited for in vain."""
        raise TimeoutError


def test_a_run_that_does_not_come_to_its_end_is_begun_anew(
    result: opt.Result, pysd: Callable[[Change], list[dict[str, Any]]]
) -> None:
    """And a note says so."""
    pysd(lambda run: None)
    found = opt.verify(result, ahead=verification.RunsAhead(Stopped())).verification
    assert found is not None
    assert found.notes == (verification.BEGUN_ANEW, "PySD said so")


def test_pysd_is_asked_for_the_same_run(
    result: opt.Result, pysd: Callable[[Change], list[dict[str, Any]]], islands_system: System
) -> None:
    """The model itself, every step to the end of the horizon, what the plan names, and its data; and its notes stay."""
    asked = pysd(lambda run: None)
    found = opt.verify(result).verification
    assert found is not None
    (options,) = asked
    assert options["system"] is islands_system
    assert options["levers"]["spending"].equals(result.policy["spending"])
    assert sorted(options["outputs"]) == ["budget", "spending", "welfare"]
    assert options["time"] == TimeSpan(stop=6.0, save_every=0.5)
    assert options["data"] == result.plan.data
    assert len(options["data"]) == 1
    assert found.notes == ("PySD said so",)
    assert found.gap.size == 0.0


def test_sizes_of_limits_are_what_the_levers_moved(
    result: opt.Result, by_hand: dict[str, islands.Path], pysd: Callable[[Change], list[dict[str, Any]]]
) -> None:
    """Against the run of the model's own levers: a limit without an amount, which PySD's run misses by 1."""
    limit = {"name": "none", "terms": {"welfare": 1.0}, "at_least": 0.0, "when": "final"}
    pysd(lambda run: run["welfare"].__setitem__(-1, -1.0))
    found = opt.verify(replace(result, plan=opt.read_plan(islands.small_plan(limit=[limit])))).verification
    assert found is not None
    own = islands.simulated(np.full((13, 3, 3), islands.OWN_SPENDING), np.full(13, 0.2))
    assert found.largest_limit_violation == pytest.approx(1.0 / abs(by_hand["welfare"][-1] - own["welfare"][-1]))


def test_a_run_that_pysd_does_not_reproduce_is_refuted(
    result: opt.Result, pysd: Callable[[Change], list[dict[str, Any]]]
) -> None:
    """With the variable and the time of the gap."""
    pysd(times("welfare", 1 + 1e-4, at=5))
    found = opt.verify(result)
    assert found.status.standing is Standing.REFUTED
    assert '"welfare" at 2.5' in found.status.sentence
    assert not found.status.is_optimal


def test_what_pysd_computes_otherwise_is_not_compared(
    result: opt.Result,
    by_hand: dict[str, islands.Path],
    pysd: Callable[[Change], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is named with the reason, and limits and objective are those of our run."""
    monkeypatch.setattr(verification, "departing", lambda system: {"welfare": "PySD counts backwards"})
    pysd(times("welfare", 2.0))
    found = opt.verify(result).verification
    assert found is not None
    assert found.passed
    assert found.gap.variables == 2
    assert found.objective == pytest.approx(objective(by_hand), rel=1e-12)
    reason = "Not compared with PySD: welfare, since PySD counts backwards."
    assert found.notes == ("PySD said so", reason, verification.OUR_RUN)
    monkeypatch.setattr(verification, "departing", lambda system: {"budget": "PySD counts backwards"})
    pysd(times("budget", -1.0))
    found = opt.verify(result).verification
    assert found is not None
    assert found.passed
    assert found.largest_limit_violation == 0.0
    pysd(times("spending", 1.1))
    found = opt.verify(result).verification
    assert found is not None
    assert not found.passed


def test_limits_are_those_of_pysds_run(
    result: opt.Result, by_hand: dict[str, islands.Path], pysd: Callable[[Change], list[dict[str, Any]]]
) -> None:
    """And so is the objective."""
    pysd(times("budget", -1.0))
    found = opt.verify(result).verification
    assert found is not None
    assert found.largest_limit_violation > 0.1
    pysd(times("welfare", 2.0))
    found = opt.verify(result).verification
    assert found is not None
    more = 0.5 * np.exp(-DISCOUNT * 2) * by_hand["welfare"][8]
    assert found.objective == pytest.approx(objective(by_hand) + more, rel=1e-12)


@pytest.mark.parametrize("left_out", [("welfare", "budget"), ("welfare", "budget", "spending")])
def test_nothing_is_verified_where_nothing_is_compared(
    result: opt.Result,
    pysd: Callable[[Change], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    left_out: tuple[str, ...],
) -> None:
    """Levers agree whatever PySD computes. The verdict stays what it was, and notes say why, each once."""
    monkeypatch.setattr(verification, "departing", lambda system: dict.fromkeys(left_out, "it is so"))
    pysd(times("welfare", 2.0))
    noted = replace(result, notes=("a note", "PySD said so"), verification=results.verified().verification)
    found = opt.verify(noted)
    assert found.verification is None
    assert found.status.standing is Standing.UNVERIFIED
    reasons = [f"Not compared with PySD: {name}, since it is so." for name in ("spending", "welfare", "budget")]
    expected = [*(reason for reason in reasons if any(f": {name}," in reason for name in left_out))]
    assert sorted(found.notes) == sorted(["a note", "PySD said so", *expected, verification.NOTHING_COMPARED])
    assert found.notes[:2] == ("a note", "PySD said so")
    assert found.notes[-1] == verification.NOTHING_COMPARED


def test_what_a_folder_says_is_computed_anew(
    result: opt.Result, pysd: Callable[[Change], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the runs with the policy and without; its doubts refute, also where nothing is compared."""
    seen: list[tuple[Any, ...]] = []

    def anew(*told: Any) -> Anew:
        seen.append(told)
        return Anew(replace(result, objective=7.0), ("the objective is 7",))

    monkeypatch.setattr(verification, "anew", anew)
    pysd(lambda run: None)
    opt.verify(result)
    assert seen == []
    stored = replace(result, stored=Stored("local optimum"))
    found = opt.verify(stored)
    ((told, system, ours, own),) = seen
    assert told is stored
    assert system is result.opened
    assert ours["spending"].values[4:12:2, 0, 0].tolist() == list(SPENT)
    assert own["spending"].values[4].tolist() == islands.OWN_SPENDING.tolist()
    assert len(ours["time"]) == len(own["time"]) == 13
    assert found.objective == 7.0
    assert found.verification is not None
    assert found.verification.doubts == ("the objective is 7",)
    assert found.status.standing is Standing.REFUTED
    monkeypatch.setattr(verification, "departing", lambda system: dict.fromkeys(("welfare", "budget"), "it is so"))
    assert opt.verify(stored).status.standing is Standing.REFUTED


# --- the model again --------------------------------------------------------------------------------------------------


def test_the_model_is_opened_again_as_it_was(
    result: opt.Result, islands_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its path, with the data of the plan and the folder of its regions; not where it is at hand."""
    asked: list[tuple[object, ...]] = []

    def load(path: str, *, data: object, regions: object) -> System:
        asked.append((path, data, regions))
        return islands_system

    monkeypatch.setattr(verification, "load", load)
    assert verification.opened(result) is islands_system
    assert asked == []
    assert islands_system.path is not None
    known = {**result.provenance, "model_path": "there.mdl", "files": {"islands.mdl": digest(islands_system.path)}}
    closed = replace(result, opened=None, provenance={**known, "regions_path": "here"})
    assert verification.opened(closed) is islands_system
    earlier = {name: value for name, value in known.items() if name != "regions_path"}
    verification.opened(replace(closed, provenance=earlier))
    assert asked == [("there.mdl", result.plan.data, "here"), ("there.mdl", result.plan.data, None)]


def test_files_that_changed_are_named(
    result: opt.Result, islands_system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of data; one that nobody knew of is one that changed."""
    (tmp_path / "more.csv").write_text("time,more\n0,1\n", encoding="utf-8")
    (tmp_path / "same.csv").write_text("time,same\n0,1\n", encoding="utf-8")
    system = replace(islands_system, files=(tmp_path / "more.csv", tmp_path / "same.csv"))
    monkeypatch.setattr(verification, "load", lambda path, **options: system)
    files = {"islands.mdl": "c74d", "same.csv": digest(tmp_path / "same.csv")}
    with pytest.raises(InvalidRequest) as caught:
        opt.verify(replace(result, opened=None, provenance={**result.provenance, "files": files}))
    assert str(caught.value) == (
        "islands: islands.mdl, more.csv changed since the optimization, so the result is not about this model. "
        "Optimize again."
    )


def test_another_method_is_compared_by_eulers(
    result: opt.Result, by_hand: dict[str, islands.Path], pysd: Callable[[Change], list[dict[str, Any]]]
) -> None:
    """A gap is one of equations; limits and objective are those of our run by the method of the file."""
    assert result.opened is not None
    finer = replace(result, opened=replace(result.opened, method=Method.RK4))
    pysd(lambda run: None)
    found = opt.verify(finer).verification
    assert found is not None
    assert found.gap.size == 0.0
    assert found.notes == ("PySD said so", verification.OTHER_METHOD)
    assert found.objective == pytest.approx(objective(by_hand), rel=1e-2)
    assert found.objective != pytest.approx(objective(by_hand), rel=1e-4)
    pysd(times("welfare", 1 + 1e-4, at=5))
    assert opt.verify(finer).status.standing is Standing.REFUTED


def test_a_file_that_asks_for_another_method_is_not_refuted() -> None:
    """PySD knows Euler's method alone: the equations are compared by it, and a note says so."""
    model = Path(__file__).parents[2] / "models" / "runge_kutta" / "decay.mdl"
    system = sd.load(model)
    plan = opt.starting_plan(system).content
    found = opt.verify(opt.solve(opt.Problem(system, opt.read_plan(plan))))
    assert found.status.standing is Standing.LOCAL
    assert found.verification is not None
    assert found.verification.gap.size <= 1e-9
    assert verification.OTHER_METHOD in found.verification.notes
    assert found.verification.objective == pytest.approx(found.objective, rel=1e-12)


def test_a_model_of_the_library_is_found_wherever_it_is_installed(urbanization_result: opt.Result) -> None:
    """A result outlives the environment that made it; a model that is another one is still refused."""
    result = urbanization_result
    moved = replace(result, opened=None, provenance={**result.provenance, "model_path": "/moved/away/model.mdl"})
    assert verification.opened(moved).name == "urbanization"
    other = replace(moved, provenance={**moved.provenance, "files": {"model.mdl": "another"}})
    with pytest.raises(InvalidRequest, match="changed since the optimization"):
        verification.opened(other)
