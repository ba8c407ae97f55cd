"""Parts of a stock's worth by link add up to its costate, and loops of value are those that one computes by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.models import loaded

import optimize as opt
import sd_models as sd
from optimize.explanation.costates import costates, swept
from optimize.explanation.loops import scored
from optimize.explanation.target import Question, question_of, target_of
from optimize.explanation.value import value
from sd_models.errors import InvalidRequest
from sd_models.simulator.links import with_all
from sd_models.simulator.worth import Worth, worth_along
from sd_models.system.model import Method

FISHERY = """{UTF-8}
fish = INTEG(0.4 * fish * (1 - fish / 10) - catch, 3) ~~|
catch = effort * fish * 0.1 ~~|
fleet = INTEG(0.5 * SMOOTH(catch, 3) - fleet / 8, 1) ~~|
effort = SQRT(1 + fleet) ~~|
seen = SAMPLE IF TRUE(fish > 3, fish, 1) ~~|
good = LN(1 + catch + seen) ~~|
"""
REGIONS = """{UTF-8}
region: a, b, c ~~|
kind: x, y ~~|
first[region] = 1, 2, 3 ~~|
start[region, kind] = 1, 2; 3, 4; 5, 6; ~~|
people[region] = INTEG(0.02 * people[region] + 0.01 * total, first[region]) ~~|
total = SUM(people[region!]) ~~|
capital[region, kind] = INTEG(made[region, kind] - capital[region, kind] / 9, start[region, kind]) ~~|
made[region, kind] = SQRT(people[region]) * VMAX(capital[region, kind!]) / 10 ~~|
good = SUM(made[region!, kind!]) + total ~~|
"""


def worth_of(folder: Path, text: str) -> tuple[sd.Simulator, Worth, np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """The worth of what makes `good` at all times, in parts, and the weights."""
    whole = with_all(sd.compile(loaded(folder, text)))
    weights = np.zeros((whole.model.outputs.size, len(whole.times)))
    weights[whole.model.outputs.rows["good"]] = np.linspace(1.0, 2.0, len(whole.times))
    return whole, worth_along(whole, whole.inputs(), weights), weights


@pytest.mark.parametrize("text", [FISHERY, REGIONS])
def test_parts_add_up_to_the_costates(tmp_path: Path, text: str) -> None:
    """Of every stock, element and time, to 1e-9; the costates equal differences of runs (see `test_costates`)."""
    whole, worth, weights = worth_of(tmp_path, text)
    found, _, _ = swept(whole, whole.inputs(), weights)
    for name, rows in whole.model.states.rows.items():
        size = np.abs(found[rows]).max()
        np.testing.assert_allclose(worth.worths[name], found[rows], atol=1e-9 * size, rtol=0)
        np.testing.assert_allclose(sum(worth.through(name).values()), found[rows], atol=1e-9 * size, rtol=0)


def test_worth_of_auxiliaries_equals_differences_of_runs(tmp_path: Path) -> None:
    """A little more of the catch at a time, through a lever that adds to it."""
    text = FISHERY.replace("* fish * 0.1", "* fish * 0.1 + push").replace("{UTF-8}", "{UTF-8}\npush = 0 ~~|")
    _, worth, weights = worth_of(tmp_path, text)
    simulator = sd.compile(loaded(tmp_path, text), levers=["push"], outputs=["good"])
    for k in (1, 3):  # at the first time it would also set where the delay begins
        values = []
        for more in (1e-5, -1e-5):
            path = np.zeros(len(simulator.times))
            path[k] = more
            run = simulator.run(levers={"push": path})
            values.append(float(np.asarray(run["good"]) @ weights.max(axis=0)))
        assert worth.worths["catch"][0, k] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)


def test_what_a_link_carries_is_known_by_hand(tmp_path: Path) -> None:
    """x' = -x/4 and good = 3x: all of its worth comes from good, and its own decay takes some of it away."""
    text = "x = INTEG(0 - x / 4, 2) ~~|\ngood = 3 * x ~~|"
    whole = with_all(sd.compile(loaded(tmp_path, text)))
    weights = np.zeros((whole.model.outputs.size, len(whole.times)))
    weights[whole.model.outputs.rows["good"]] = 1.0
    worth = worth_along(whole, whole.inputs(), weights)
    steps, step = len(whole.times), whole.model.grid.step
    lasting = 3 * np.array([sum((1 - step / 4) ** i for i in range(steps - k)) for k in range(steps)])
    assert worth.worths["x"][0] == pytest.approx(lasting)
    parts = worth.through("x")
    assert parts["good"][0] == pytest.approx(3.0 * np.arange(steps, 0, -1))
    assert parts["x"][0] == pytest.approx(lasting - 3.0 * np.arange(steps, 0, -1))


def test_loops_of_value_are_known_by_hand(tmp_path: Path) -> None:
    """x' = y/5 - x/10, y' = x/4: the worth new to x comes from itself and from y; scores are parts of it."""
    text = "x = INTEG(y / 5 - x / 10, 8) ~~|\ny = INTEG(x / 4, 1) ~~|\ngood = x ~~|"
    whole = with_all(sd.compile(loaded(tmp_path, text)))
    weights = np.zeros((whole.model.outputs.size, len(whole.times)))
    weights[whole.model.outputs.rows["good"], -1] = 1.0
    worth = worth_along(whole, whole.inputs(), weights)
    x, y = (worth.worths[name][0, 1:] for name in ("x", "y"))
    loops = scored({"worth": worth.carried()}, backward=True)
    found = {loop.variables: loops.scores.sel(run="worth", loop=loop.name).to_numpy()[:, 0] for loop in loops.loops}
    new_to_x = y / 4 - x / 10
    chosen = np.abs(new_to_x) > 1e-9
    assert found["x",][chosen] == pytest.approx(-np.abs(x / 10 / new_to_x)[chosen])
    both = np.abs(y / 4 / new_to_x) * 1.0
    moving = chosen & (np.abs(x) > 1e-9)
    assert found["x", "y"][moving] == pytest.approx(both[moving])


@pytest.fixture(scope="module")
def question(islands_result: opt.Result) -> Question:
    """A small solved plan."""
    return question_of(islands_result)


def test_parts_have_names_and_add_up_over_the_horizon(question: Question) -> None:
    """By stock, effect, time and element; shares of one per cent more add up to one in size."""
    target = target_of(question)
    known = costates(question, target)
    found = value(question, target, known)
    assert not found.notes
    assert set(found.through) == set(map(str, known.worth))
    parts = found.through["capital"]
    assert parts.dims == ("effect", "time", "island", "good")
    np.testing.assert_allclose(parts.sum("effect"), known.worth["capital"], atol=1e-9)
    assert np.abs(found.shares("capital")).sum("effect").isel(time=0).item() == pytest.approx(1.0)
    np.testing.assert_allclose(found.of_a_part("capital").sum("effect"), known.of_a_part()["capital"], atol=1e-9)


def test_what_cannot_be_taken_apart_says_so(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another method than Euler's, a run that is too large, parts that do not add up: a note, and no parts."""
    target = target_of(question)
    known = costates(question, target)
    wrong = replace(known, worth=known.worth * 2)
    assert "do not add up to the worth of" in value(question, target, wrong).notes[0]
    assert not value(question, target, wrong).through
    monkeypatch.setattr("sd_models.simulator.worth.LARGEST", 10)
    assert "derivatives" in value(question, target, known).notes[0]
    monkeypatch.setattr("optimize.explanation.value.LARGEST_RUN", 10)
    assert "not told link by link" in value(question, target, known).notes[0]


def test_only_eulers_steps_are_single_moments(tmp_path: Path) -> None:
    """Stages of Runge-Kutta are no links."""
    system = replace(loaded(tmp_path, "x = INTEG(1, 2) ~~|\ngood = x ~~|"), method=Method.RK4)
    whole = with_all(sd.compile(system))
    with pytest.raises(InvalidRequest, match="Euler"):
        worth_along(whole, whole.inputs(), np.ones((whole.model.outputs.size, len(whole.times))))
