"""Files that ask for Runge-Kutta get it: their runs equal an independent one, with right-hand sides written by hand.

PySD knows Euler's method only, so these models stand in a folder of their own and are not compared with its runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import interp1d
from support.agreement import gap

import sd_models as sd
from sd_models.reference.replay import replay
from sd_models.system.model import Method, System

Array: TypeAlias = NDArray[np.float64]
Slope: TypeAlias = Callable[[float, Array], Array]
Stepper: TypeAlias = Callable[[Slope, float, Array, float], Array]

FOLDER = Path(__file__).parents[1] / "models" / "runge_kutta"


def euler(slope: Slope, time: float, y: Array, step: float) -> Array:
    return y + step * slope(time, y)


def heun(slope: Slope, time: float, y: Array, step: float) -> Array:
    first = slope(time, y)
    return y + step / 2 * (first + slope(time + step, y + step * first))


def kutta(slope: Slope, time: float, y: Array, step: float) -> Array:
    first = slope(time, y)
    second = slope(time + step / 2, y + step / 2 * first)
    third = slope(time + step / 2, y + step / 2 * second)
    fourth = slope(time + step, y + step * third)
    return y + step * (first + 2 * second + 2 * third + fourth) / 6


@dataclass(frozen=True)
class Case:
    """A model written by hand: its slope, its first values, its stocks in order, each with its number of elements."""

    slope: Any  # a Slope, or with `changes` a function to one
    start: tuple[float, ...]
    stocks: Mapping[str, int]
    step: float
    stop: float
    stepper: Stepper = kutta
    every: int = 1
    changes: bool = False  # the slope is another one in each step, by the time when it begins

    def trajectories(self) -> Mapping[str, Array]:
        """The stocks at the saved times, (times,) or (times, elements)."""
        y, time, rows = np.array(self.start), 0.0, [np.array(self.start)]
        for _ in range(round(self.stop / self.step)):
            slope = self.slope(time) if self.changes else self.slope
            y = self.stepper(slope, time, y, self.step)
            time += self.step
            rows.append(y)
        blocks = np.split(np.array(rows)[:: self.every], np.cumsum(list(self.stocks.values()))[:-1], axis=1)
        named = zip(self.stocks, blocks, strict=True)
        return {name: block[:, 0] if block.shape[1] == 1 else block for name, block in named}


WIND = np.loadtxt(FOLDER / "wind.csv", delimiter=",", skiprows=1).T
PUSH = ((0.0, 2.1, 5.05, 10.0), (0.0, 1.0, -2.0, 0.5))
gust = interp1d(WIND[0], WIND[2], kind="previous", bounds_error=False, fill_value=(0.0, 0.5))


def decay(_: float, y: Array) -> Array:
    return np.multiply(-0.3, y)


def logistic(_: float, y: Array) -> Array:
    return np.array([0.5, 1.0, 2.0]) * y * (1 - y / np.array([10.0, 100.0, 1000.0]))


def hunting(_: float, y: Array) -> Array:
    prey, hunters = y
    return np.array([0.6 * prey - 0.05 * prey * hunters, 0.01 * prey * hunters - 0.4 * hunters])


def oscillator(beginning: float) -> Slope:
    """STEP(1, 4.3) counts half a TIME STEP ahead and changes between steps alone, whatever the method (Vensim)."""

    def slope(time: float, y: Array) -> Array:
        position, velocity = y
        force = 2 * np.sin(1.3 * time) + np.interp(time, *PUSH) + (beginning + 0.05 > 4.3)
        force += 0.5 * np.interp(time, WIND[0], WIND[1]) + float(gust(time))
        return np.array([velocity, (force - 0.4 * velocity - 3 * position) / 2])

    return slope


def chains(time: float, y: Array) -> Array:
    """Three averages behind each other, each with a third of the time, and the content of a delay."""
    signal = 10 + 5 * np.cos(time)
    one, two, three, content = y
    return np.array([signal - one, one - two, two - three, signal - content / 2])


CASES: Mapping[str, Case] = {
    "decay.mdl": Case(decay, (100.0,), {"amount": 1}, 0.5, 10),
    "decay_fixed.mdl": Case(decay, (100.0,), {"amount": 1}, 0.5, 10),
    "decay_second_order.mdl": Case(decay, (100.0,), {"amount": 1}, 0.5, 10, heun),
    "decay_second_order_fixed.mdl": Case(decay, (100.0,), {"amount": 1}, 0.5, 10, heun),
    "decay_euler.mdl": Case(decay, (100.0,), {"amount": 1}, 0.5, 10, euler),
    "logistic.mdl": Case(logistic, (1.0, 1.0, 1.0), {"size": 3}, 0.25, 10, every=2),
    "oscillator.mdl": Case(oscillator, (1.0, 0.0), {"position": 1, "velocity": 1}, 0.1, 10, changes=True),
    "chains.mdl": Case(chains, (15.0, 15.0, 15.0, 8.0), {"": 2, "smoothed": 1, "twice delayed": 1}, 0.25, 10),
    "hunting.xmile": Case(hunting, (40.0, 9.0), {"prey": 1, "hunters": 1}, 0.125, 20),
    "hunting_second_order.xmile": Case(hunting, (40.0, 9.0), {"prey": 1, "hunters": 1}, 0.125, 20, heun),
    "hunting_first_known.xmile": Case(hunting, (40.0, 9.0), {"prey": 1, "hunters": 1}, 0.125, 20),
}
METHODS: Mapping[Stepper, Method] = {kutta: Method.RK4, heun: Method.RK2, euler: Method.EULER}


@pytest.mark.parametrize("name", CASES)
def test_a_run_equals_the_same_method_by_hand(name: str) -> None:
    """Every stock at every saved time, to 1e-12 of it."""
    case = CASES[name]
    run = sd.simulate(sd.load(FOLDER / name))
    by_hand = case.trajectories()
    if "twice delayed" in by_hand:  # the model shows the outflow, half of the content
        run["twice delayed"] = 2 * run["delayed"]
    worst = {n: gap(run[n].to_numpy(), values) for n, values in by_hand.items() if n}
    assert max(worst.values()) <= 1e-12, worst


@pytest.mark.parametrize("name", CASES)
def test_the_file_chooses_the_method(name: str) -> None:
    """The fourth number of Vensim's settings line 15, or XMILE's method attribute."""
    assert sd.load(FOLDER / name).method is METHODS[CASES[name].stepper]


def test_every_model_of_the_folder_is_compared() -> None:
    """No model of the folder is left out; `discrete` has a test of its own."""
    found = {path.name for ending in ("mdl", "xmile") for path in FOLDER.glob(f"*.{ending}")}
    assert found == {*CASES, "discrete.mdl"}


@pytest.mark.parametrize(("name", "order"), [("decay_euler.mdl", 1), ("decay_second_order.mdl", 2), ("decay.mdl", 4)])
def test_errors_shrink_with_the_order_of_the_method(name: str, order: int) -> None:
    """Half the step brings the distance to 100 exp(-0.3 t) down to 2 ^ -order of it, to about a tenth."""
    system = sd.load(FOLDER / name)
    errors = [abs(_final(system, step) - 100 * np.exp(-3)) for step in (0.5, 0.25)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)


def _final(system: System, step: float) -> float:
    return float(sd.simulate(system, time=sd.TimeSpan(step=step))["amount"][-1])


def test_auxiliaries_are_those_of_the_saved_times() -> None:
    """What is no stock follows from the stocks of the same time, not from the stages within a step."""
    run = sd.simulate(sd.load(FOLDER / "decay.mdl"))
    assert gap(run["outflow"].to_numpy(), 0.3 * run["amount"].to_numpy()) <= 1e-15
    sums = sd.simulate(sd.load(FOLDER / "logistic.mdl"))
    assert gap(sums["total"].to_numpy(), sums["size"].sum("kind").to_numpy()) <= 1e-15


def test_discrete_values_move_once_a_step() -> None:
    """Fixed delays and samples hold what they had at the beginning of the step, in all stages of it."""
    levels, drifts, helds, pipe, held, drift = [1.0], [0.0], [], [2.0, 2.0], -1.0, 0.0
    for _ in range(20):
        level, echo = levels[-1], pipe[0]

        def slope(_: float, y: Array, echo: float = echo, kept: float = held) -> Array:
            sampled = y[0] if y[0] > 1.5 else kept
            return np.array([echo - y[0] / 4, 3.0 - sampled])

        held = level if level > 1.5 else held
        helds.append(held)
        after, drift = kutta(slope, 0.0, np.array([level, drift]), 0.5)
        pipe = [*pipe[1:], level]
        levels.append(float(after))
        drifts.append(float(drift))
    run = sd.simulate(sd.load(FOLDER / "discrete.mdl"))
    assert gap(run["level"].to_numpy(), np.array(levels)) <= 1e-12
    assert gap(run["held"].to_numpy()[:-1], np.array(helds)) <= 1e-12
    assert gap(run["drift"].to_numpy(), np.array(drifts)) <= 1e-12


def test_a_lever_keeps_its_value_within_a_step() -> None:
    """A given path holds from one time to the next, so that a run follows what the plan says."""
    system = sd.load(FOLDER / "decay.mdl")
    path = np.linspace(0.1, 0.6, 21)
    run = sd.simulate(system, levers={"rate": path})
    y = np.array([100.0])
    for rate in path[:-1]:

        def slope(_: float, y: Array, rate: float = rate) -> Array:
            return -rate * y

        y = kutta(slope, 0.0, y, 0.5)
    assert gap(run["amount"].to_numpy()[-1:], y) <= 1e-12


def test_the_replay_says_that_pysd_takes_another_method() -> None:
    """PySD's run of such a file is Euler's, and a note says so."""
    run = replay(FOLDER / "decay.mdl")
    assert "Euler" in "".join(run.attrs["notes"])
    assert gap(run["amount"].to_numpy(), CASES["decay_euler.mdl"].trajectories()["amount"]) <= 1e-12
