"""Stocks that cannot be negative serve their outflows in the order named; no matter is made or lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sd_models as sd
from sd_models.errors import InvalidModel, UnreadableModel
from sd_models.rewrites import cut_outflows
from sd_models.system.model import System

HEAD = '<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header><vendor>x</vendor>'
REGIONS = '<dimensions><dim name="region"><elem name="north"/><elem name="south"/></dim></dimensions>'


def loaded(folder: Path, variables: str, *, method: str = "Euler", step: str = "1", dimensions: str = "") -> System:
    """An XMILE model with these variables, run from 0 to 4."""
    specs = f'<sim_specs method="{method}"><start>0</start><stop>4</stop><dt>{step}</dt></sim_specs>'
    path = folder / "case.xmile"
    text = f'{HEAD}<product version="1">y</product></header>{specs}{dimensions}<model><variables>{variables}'
    path.write_text(f"{text}</variables></model></xmile>", encoding="utf-8")
    return sd.load(path)


def stock(name: str, initial: str, flows: str, *, negative: bool = False) -> str:
    """A stock with its flows, as in `+rain -use`."""
    tags = {"+": "inflow", "-": "outflow"}
    listed = "".join(f"<{tags[flow[0]]}>{flow[1:]}</{tags[flow[0]]}>" for flow in flows.split())
    return f'<stock name="{name}"><eqn>{initial}</eqn>{listed}{"" if negative else "<non_negative/>"}</stock>'


def flow(name: str, equation: str, *, backwards: bool = False) -> str:
    """A flow, which may run backwards or not."""
    return f'<flow name="{name}"><eqn>{equation}</eqn>{"" if backwards else "<non_negative/>"}</flow>'


def values(run: xr.Dataset, name: str) -> list[float]:
    """The path of a variable."""
    return [float(value) for value in run[name].to_numpy()]


TANK = stock("tank", "10", "-first -second") + flow("second", "8") + flow("first", "8")


def test_the_outflow_that_is_named_first_goes_first(tmp_path: Path) -> None:
    """What is left goes to the next one, whatever the order of the flows in the file."""
    run = sd.simulate(loaded(tmp_path, TANK))
    assert values(run, "tank") == [10, 0, 0, 0, 0]
    assert values(run, "first") == [8, 0, 0, 0, 0]
    assert values(run, "second") == [2, 0, 0, 0, 0]


def test_the_next_stock_gets_what_flows(tmp_path: Path) -> None:
    """A chain of stocks passes on in a step what comes in during it, and no more than there is."""
    text = stock("up", "10", "-move") + stock("middle", "0", "+move -on") + stock("down", "0", "+on")
    run = sd.simulate(loaded(tmp_path, text + flow("move", "8") + flow("on", "6")))
    assert values(run, "move") == [8, 2, 0, 0, 0]
    assert values(run, "on") == [6, 4, 0, 0, 0]
    assert values(run, "down") == [0, 6, 10, 10, 10]


def test_what_flows_in_can_flow_out_in_the_same_step(tmp_path: Path) -> None:
    """An empty stock passes its inflow on: stock / TIME STEP + inflow is what there is."""
    text = stock("pipe", "0", "+rain -out") + flow("rain", "3") + flow("out", "100")
    run = sd.simulate(loaded(tmp_path, text, step="0.25"))
    assert values(run, "out") == [3] * 17
    assert values(run, "pipe") == [0] * 17


def test_elements_of_arrays_are_cut_each_for_itself(tmp_path: Path) -> None:
    """A flow of an array takes from the same element of its stock."""
    size = '<dimensions><dim name="region"/></dimensions>'
    text = (
        f'<stock name="level">{size}<element subscript="north"><eqn>1</eqn></element><element subscript="south">'
        f"<eqn>9</eqn></element><outflow>use</outflow><non_negative/></stock>"
        f'<flow name="use">{size}<eqn>4</eqn></flow>'
    )
    run = sd.simulate(loaded(tmp_path, text, dimensions=REGIONS))
    assert run["use"].to_numpy().tolist() == [[1, 4], [0, 4], [0, 1], [0, 0], [0, 0]]


def test_a_flow_that_feeds_its_own_stock_does_not_wait_for_itself(tmp_path: Path) -> None:
    """What comes back of an outflow can be used one step later, and a note says so; nothing is made or lost."""
    text = stock("shop", "10", "+back -sold") + stock("gone", "0", "+sold -back", negative=True)
    run = sd.simulate(loaded(tmp_path, text + flow("sold", "8") + flow("back", "sold / 2")))
    assert values(run, "sold") == [8, 6, 3, 1.5, 0.75]
    assert values(run, "back") == [4, 3, 1.5, 0.75, 0.375]
    np.testing.assert_array_equal(run["shop"] + run["gone"], 10)
    assert any("back follows from sold" in note for note in run.attrs["notes"])


def test_stocks_in_a_circle_conserve_what_they_hold(tmp_path: Path) -> None:
    """Two stocks that feed each other are cut, whatever the flows ask for."""
    text = stock("a", "3", "+home -away") + stock("b", "1", "+away -home") + flow("away", "9") + flow("home", "7")
    run = sd.simulate(loaded(tmp_path, text, step="0.5"))
    np.testing.assert_array_equal(run["a"] + run["b"], 4)
    assert min(values(run, "a") + values(run, "b")) >= 0


def test_an_outflow_that_is_read_by_another_goes_before_it(tmp_path: Path) -> None:
    """As in Stella: the order named cannot be followed where the first outflow needs the second one's value."""
    text = stock("tank", "10", "-first -second") + flow("first", "second + 1") + flow("second", "6")
    run = sd.simulate(loaded(tmp_path, text))
    assert values(run, "second")[:2] == [6, 0]
    assert values(run, "first")[:2] == [4, 0]


def test_a_flow_that_runs_backwards_takes_no_more_than_there_is(tmp_path: Path) -> None:
    """An inflow below zero is held to what the stock holds, before outflows; a negative outflow fills it."""
    text = stock("tank", "5", "+exchange -use") + stock("sea", "0", "-exchange", negative=True)
    text += flow("exchange", "-4", backwards=True) + flow("use", "3")
    run = sd.simulate(loaded(tmp_path, text))
    assert values(run, "exchange")[:3] == [-4, 0, 0]
    assert values(run, "use")[:3] == [1, 0, 0]
    assert values(run, "sea") == [0, 4, 4, 4, 4]
    filled = sd.simulate(loaded(tmp_path, stock("tank", "1", "-use") + flow("use", "-2", backwards=True)))
    assert values(filled, "tank") == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("method", ["RK2", "RK4"])
def test_runge_kutta_cuts_at_every_stage(tmp_path: Path, method: str) -> None:
    """What the stock holds at the beginning of a step may flow in it: as by Euler's method where flows do not move."""
    run = sd.simulate(loaded(tmp_path, TANK, method=method))
    assert values(run, "first") == [8, 0, 0, 0, 0]
    moving = stock("tank", "10", "-use") + stock("used", "0", "+use") + flow("use", "3 + 2 * TIME + used")
    run = sd.simulate(loaded(tmp_path, moving, method=method, step="0.5"))
    np.testing.assert_allclose(run["tank"] + run["used"], 10, rtol=1e-15)
    assert run["tank"].min() >= 0
    assert values(run, "tank")[-1] == pytest.approx(0, abs=1e-12)


def test_a_lever_takes_no_more_than_there_is(tmp_path: Path) -> None:
    """A flow with given values keeps them; what flows is a variable of its own, and so do the stocks move."""
    system = loaded(tmp_path, TANK)
    run = sd.simulate(system, levers={"first": np.full(5, 7.0)}, outputs=["tank", "first", "second", "first: taken"])
    assert values(run, "first") == [7] * 5
    assert values(run, "first: taken") == [7, 0, 0, 0, 0]
    assert values(run, "second") == [3, 0, 0, 0, 0]
    assert any("first: taken" in note for note in run.attrs["notes"])
    other = sd.simulate(system, constants={"first": 3.0})
    assert values(other, "first") == [3, 0, 0, 0, 0]


@pytest.mark.parametrize("inputs", [{}, {"constants": {"first": 3.0}}, {"levers": {"first": np.arange(5.0)}}])
def test_the_replay_is_cut_as_well_and_says_so(tmp_path: Path, inputs: dict[str, dict[str, float]]) -> None:
    """PySD alone makes matter; in the replay its flows are cut, and the rest of the run is its own."""
    system = loaded(tmp_path, TANK)
    ours, theirs = sd.simulate(system, **inputs), sd.replay(system, **inputs)
    for name in ("tank", "first", "second"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert any("cut outflows: first, second" in note for note in theirs.attrs["notes"])


def test_derivatives_end_where_the_stock_is_empty(tmp_path: Path) -> None:
    """Once the stock is used up, asking for more brings nothing, and what it held at first is all that counts."""
    text = stock("up", "start", "-move") + stock("down", "0", "+move") + flow("move", "wish")
    text += '<aux name="wish"><eqn>4</eqn></aux><aux name="start"><eqn>10</eqn></aux>'
    found = sd.sensitivities(loaded(tmp_path, text), [sd.Outcome("down")], constants=["wish", "start"])
    assert float(found.gradients["wish"].squeeze()) == 0
    assert float(found.gradients["start"].squeeze()) == 1
    assert found.kinks == ()


def test_cutting_twice_is_cutting_once(tmp_path: Path) -> None:
    """The rewritten stocks name no flows any more."""
    once = cut_outflows(loaded(tmp_path, TANK))
    assert cut_outflows(once) is once


def test_an_initial_value_may_follow_from_the_flow(tmp_path: Path) -> None:
    """While stocks initialize, a flow from which its stock starts is what it asks for."""
    text = stock("tank", "use * 2", "-use") + flow("use", "8")
    assert values(sd.simulate(loaded(tmp_path, text)), "tank") == [16, 8, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected", "error"),
    [
        (stock("tank", "1", "-use -use") + flow("use", "1"), "names an outflow twice", UnreadableModel),
        (stock("tank", "1", "-nothing"), "'nothing' is no flow", UnreadableModel),
        (stock("tank", "1", "-other") + stock("other", "1", ""), "'other' is no flow of it", InvalidModel),
    ],
)
def test_what_cannot_be_cut_is_refused(tmp_path: Path, text: str, expected: str, error: type[Exception]) -> None:
    """A stock that cannot be negative names flows, each once."""
    with pytest.raises(error, match=expected):
        loaded(tmp_path, text)
