"""Loop scores equal those that one computes by hand, and rank no noise."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from support.models import loaded

import sd_models as sd
from optimize.explanation.loops import LoopScores, dominant, loop_scores
from optimize.explanation.search import MOMENTS
from sd_models.errors import InvalidRequest
from sd_models.simulator.links import carried, with_all

LONG = """
INITIAL TIME = 0 ~~|
FINAL TIME = 40 ~~|
TIME STEP = 0.25 ~~|
SAVEPER = TIME STEP ~~|
"""
S_CURVE = """
people = INTEG(births - deaths, 10) ~~|
births = 0.3 * people ~~|
deaths = 0.3 * people * crowding ~~|
crowding = people / 1000 ~~|
"""


def scored(folder: Path, text: str, most: int = 100) -> LoopScores:
    """The loops along the model's own run."""
    simulator = sd.compile(loaded(folder, text, controls=LONG))
    return loop_scores(simulator, {"own": simulator.inputs()}, most=most)


def share(found: LoopScores, *variables: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The shares over time of the loop through these variables."""
    (name,) = (loop.name for loop in found.loops if loop.variables == variables)
    return np.asarray(found.shares.sel(run="own", loop=name).isel(element=0).to_numpy())


def test_goal_seeking_is_one_balancing_loop(tmp_path: Path) -> None:
    """All of it, until the gap is rounding."""
    found = scored(tmp_path, "room = INTEG((20 - room) / 4, 90) ~~|")
    assert [loop.name for loop in found.loops] == ["B1"]
    assert share(found, "room") == pytest.approx(-1.0)
    assert [(one.loops, one.start, one.end) for one in found.periods(1.0)] == [(("B1",), 0.0, 40.0)]


def test_dominance_shifts_where_a_curve_bends(tmp_path: Path) -> None:
    """With births bS and deaths bS^2/K the shares are 1/(1 + 2S/K): half at the half, where growth is fastest."""
    found = scored(tmp_path, S_CURVE)
    simulator = sd.compile(loaded(tmp_path, S_CURVE, controls=LONG), outputs=["people"])
    people = np.asarray(simulator.run()["people"])
    growing = share(found, "people", "births")
    assert growing == pytest.approx(1 / (1 + 2 * people[:-1] / 1000))
    fastest = int(np.diff(people).argmax())
    assert growing[fastest - 1] > 0.5 > growing[fastest + 1]
    first, second = found.periods(1.0)[0], found.periods(1.0)[-1]
    assert first.loops == ("R1",)
    assert all(name.startswith("B") for name in second.loops)


def test_scores_do_not_depend_on_how_flows_are_parted(tmp_path: Path) -> None:
    """One net flow, or births and deaths apart."""
    net = "people = INTEG(net, 10) ~~|\nnet = 0.3 * people * (1 - people / 1000) ~~|"
    found = scored(tmp_path, net)
    simulator = sd.compile(loaded(tmp_path, net, controls=LONG), outputs=["people"])
    people = np.asarray(simulator.run()["people"])
    fastest = int(np.diff(people).argmax())
    score = found.scores.isel(run=0, loop=0, element=0).to_numpy()
    assert (score[: fastest - 1] > 0).all()
    assert (score[fastest + 2 :] <= 0).all()
    assert found.loops[0].name == "U1"


def test_two_coupled_loops(tmp_path: Path) -> None:
    """x' = -x/10 + y/5, y' = x/4: the long loop's score is (Δy/5)/Δx' times 1, the short one's -(Δx/10)/Δx'."""
    found = scored(tmp_path, "x = INTEG(y / 5 - x / 10, 8) ~~|\ny = INTEG(x / 4, 1) ~~|")
    simulator = sd.compile(loaded(tmp_path, "x = INTEG(y / 5 - x / 10, 8) ~~|\ny = INTEG(x / 4, 1) ~~|", controls=LONG))
    run = simulator.run()
    x, y = (np.diff(np.asarray(run[name])) for name in ("x", "y"))
    slope = y / 5 - x / 10
    scores = {loop.variables: found.scores.sel(run="own", loop=loop.name).isel(element=0) for loop in found.loops}
    assert scores["x", "y"].to_numpy() == pytest.approx(np.abs(y / 5 / slope), rel=1e-6)
    assert scores["x",].to_numpy() == pytest.approx(-np.abs(x / 10 / slope), rel=1e-6)
    assert np.abs(found.shares).sum("loop").to_numpy() == pytest.approx(1.0)
    assert found.through("y").to_numpy() == pytest.approx(1.0)


def test_noise_has_no_rank(tmp_path: Path) -> None:
    """A balance of large flows that only rounding disturbs explains nothing."""
    text = """
stock = INTEG(inflow - outflow, 1e6 / 3) ~~|
inflow = 0.1 * stock ~~|
outflow = stock / 10 ~~|
far = INTEG((7 - far) / 3, 0) ~~|
"""
    found = scored(tmp_path, text)
    for loop in found.loops:
        if "stock" in loop.variables:
            assert (found.scores.sel(loop=loop.name) == 0).all()
    assert len({loop.group for loop in found.loops}) == 2
    assert share(found, "far")[:20] == pytest.approx(-1.0)


def test_loops_are_told_by_element(tmp_path: Path) -> None:
    """One region grows, another one is full; what they share passes through a sum."""
    text = """{UTF-8}
region: young, full ~~|
first[region] = 10, 1000 ~~|
people[region] = INTEG(growth[region], first[region]) ~~|
growth[region] = 0.2 * people[region] * (1 - people[region] / 1000) + 0.001 * total ~~|
total = SUM(people[region!]) ~~|
"""
    found = scored(tmp_path, text)
    assert found.elements == "region"
    assert found.scores.sizes["element"] == 2
    (own,) = (loop.name for loop in found.loops if loop.variables == ("people", "growth"))
    early = found.shares.sel(run="own", loop=own).isel(time=0)
    assert float(early.sel(element="young")) > 0.5
    assert float(early.sel(element="full")) < -0.5


def test_a_budget_is_told(tmp_path: Path) -> None:
    """All loops where there are few; else nobody reads that all were looked at."""
    assert scored(tmp_path, S_CURVE).searched == "Scored: all 3 feedback loops of the model."
    found = scored(tmp_path, S_CURVE, most=1)
    assert len(found.loops) == 1
    assert "the first 1 of" in found.searched
    assert "other longer ones were not looked at" in found.searched


def dense(count: int, seed: int) -> str:
    """Stocks that all act on each other, at random strengths."""
    random = np.random.default_rng(seed)
    lines = []
    for i in range(count):
        terms = [f"{random.normal() / count:.3f} * s{j}" for j in range(count) if j != i]
        lines.append(f"s{i} = INTEG({' + '.join(terms)}, {random.uniform(1, 2):.3f}) ~~|")
    return "\n".join(lines).replace("+ -", "- ")


def test_a_dense_graph_is_searched_within_bounds(tmp_path: Path) -> None:
    """Fourteen nodes that are all connected have 119 million circuits."""
    text, began = dense(14, 1), perf_counter()
    simulator = sd.compile(loaded(tmp_path, text, controls=LONG))
    tracemalloc.start()
    found = loop_scores(simulator, {"own": simulator.inputs()})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert perf_counter() - began < 60  # some seconds, on a machine that does much else
    assert peak < 300e6
    assert len(found.loops) <= 300
    assert max(len(loop.variables) for loop in found.loops) > 3
    assert "strong ones made of links of these" in found.searched
    assert np.isfinite(found.shares).all()


@pytest.mark.parametrize("seed", range(5))
def test_strongest_loops_are_found_though_there_are_too_many(tmp_path: Path, seed: int) -> None:
    """Of 409 loops the strongest of each moment is among at most 60 that are scored."""
    simulator = sd.compile(loaded(tmp_path, dense(6, seed), controls=LONG))
    runs = {"own": simulator.inputs()}
    every, few = (loop_scores(simulator, runs, most=most) for most in (1000, 40))
    assert every.searched == "Scored: all 409 feedback loops of the model."
    assert len(few.loops) <= 60
    names = {loop.name: loop.variables for loop in every.loops}
    known = {loop.variables for loop in few.loops}
    sizes = np.abs(every.scores).isel(run=0, element=0)
    steps = sizes.sizes["time"]
    chosen = [round(place) for place in np.linspace(0, steps - 1, MOMENTS)]
    best = [names[str(sizes["loop"].to_numpy()[int(sizes.isel(time=k).to_numpy().argmax())])] for k in chosen]
    assert all(loop in known for loop in best)


def test_links_are_told_by_their_share_of_all_into_the_same_variable(tmp_path: Path) -> None:
    """Births 2/3 and deaths 1/3 of a change of the net flow, with their signs; of births there is one cause."""
    text = "people = INTEG(births - deaths, 10) ~~|\nbirths = 0.4 * people ~~|\ndeaths = 0.2 * people ~~|"
    shares = scored(tmp_path, text).link_shares.isel(run=0, element=0)
    assert shares.sel(link="births -> people").to_numpy() == pytest.approx(2 / 3)
    assert shares.sel(link="deaths -> people").to_numpy() == pytest.approx(-1 / 3)
    assert shares.sel(link="people -> births").to_numpy() == pytest.approx(1.0)
    assert shares["cause"].sel(link="births -> people").item() == "births"


def test_links_from_outside_of_loops_have_their_share(tmp_path: Path) -> None:
    """What a given path moves is no part of feedback, and not left out of what moves the stock."""
    text = "stock = INTEG(inflow - stock / 5, 1) ~~|\ninflow = Time / 2 ~~|"
    shares = scored(tmp_path, text).link_shares.isel(run=0, element=0)
    assert np.abs(shares).sum("link").to_numpy() == pytest.approx(1.0)
    assert (shares.sel(link="inflow -> stock") > 0).all()


def test_a_model_without_feedback_has_no_loop(tmp_path: Path) -> None:
    """And no period."""
    found = scored(tmp_path, "level = INTEG(2, 0) ~~|")
    assert found.loops == ()
    assert found.searched == "No variable of the model takes part in a feedback loop."
    assert found.periods(1.0) == ()
    assert found.document("own", 1.0) == {"feedbackLoops": [], "dominantLoopsByPeriod": []}
    with pytest.raises(InvalidRequest, match="none of the loops"):
        found.through("level")


def test_delays_are_part_of_loops(tmp_path: Path) -> None:
    """Stocks that rewrites make of them are followed; what goes round inside of one is no loop of the modeller."""
    found = scored(tmp_path, "stock = INTEG((100 - SMOOTH(stock, 3)) / 5, 20) ~~|")
    (loop,) = found.loops
    assert loop.variables[0] == "stock"
    assert len(loop.variables) == 2
    assert np.isfinite(found.scores).all()
    assert float(abs(found.scores).max()) > 0


def test_loops_in_the_words_of_other_tools(tmp_path: Path) -> None:
    """JSON with the fields that the engines of SD-AI document."""
    document = json.loads(json.dumps(scored(tmp_path, S_CURVE).document("own", 1.0), allow_nan=False))
    first = document["feedbackLoops"][0]
    assert first["links"][0] == {"from": "people", "to": "births", "polarity": "+"}
    assert (first["identifier"], first["polarity"], first["loopset"]) == ("R1", "+", 1)
    assert set(document["dominantLoopsByPeriod"][0]) >= {"dominantLoops", "startTime", "endTime"}
    assert document["dominantLoopsByPeriod"][0]["dominantLoops"] == ["R1"]


def test_what_dominates() -> None:
    """The fewest of one polarity with half of all."""
    assert dominant(np.array([0.0, 0.0])) == []
    assert dominant(np.array([-0.6, 0.4])) == [0]
    assert dominant(np.array([0.25, 0.25, -0.2, -0.2, -0.1])) == [0, 1]


def test_what_links_carry_adds_up_where_equations_are_sums(tmp_path: Path) -> None:
    """Births less deaths: what both carry is the change of the net flow."""
    simulator = with_all(sd.compile(loaded(tmp_path, S_CURVE, controls=LONG)))
    found = carried(simulator, simulator.inputs(), ["people"])
    assert found.parts["births", "people"] + found.parts["deaths", "people"] == pytest.approx(found.changes["people"])


def test_a_run_that_is_too_large_is_not_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so."""
    monkeypatch.setattr("optimize.explanation.loops.LARGEST_RUN", 100)
    found = scored(tmp_path, S_CURVE)
    assert found.loops == ()
    assert "not scored" in found.searched
    assert found.document("own", 1.0) == {"feedbackLoops": [], "dominantLoopsByPeriod": []}
