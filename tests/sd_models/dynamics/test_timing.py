"""The time points of a run: start, end, step, and which are saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.models import CONTROLS, faults, loaded

import sd_models as sd
from sd_models.dynamics.timing import MOST_STEPS, TimeSpan, control_values, slack, time_grid, with_time
from sd_models.errors import Fault, InvalidModel, InvalidRequest
from sd_models.system.expression import Number
from sd_models.system.model import Equation, Kind, System, Variable

ADVICE = "Correct the control variables of the model."


def controlled(start: float, stop: float, step: float, save_every: float | None = None) -> System:
    """A system with nothing but control variables."""
    given = {"INITIAL TIME": start, "FINAL TIME": stop, "TIME STEP": step, "SAVEPER": save_every}
    return System(
        "model",
        {
            name: Variable(name, Kind.CONSTANT, (), (Equation((), Number(value)),))
            for name, value in given.items()
            if value is not None
        },
    )


# --- points -----------------------------------------------------------------------------------------------------------


@given(
    st.floats(-1e4, 1e4),
    st.integers(0, 300),
    st.sampled_from((1.0, 0.5, 0.25, 0.125, 0.1, 1 / 3, 0.7, 3.0)),
    st.integers(1, 7),
)
def test_saved_times_are_those_of_pysd(start: float, steps: int, step: float, every: int) -> None:
    """PySD steps while the time, with 1e-5 of a step added, is before the end, saves by the remainder, and rounds."""
    stop, save_every = start + steps * step, every * step
    times, time = [start], start
    while time + step * 1e-5 < stop:
        time += step
        times.append(time)
    since = [(point - start) % save_every for point in times]
    saved = [p for p, s in zip(times, since, strict=True) if s < step * 1e-5 or -s % save_every < step * 1e-5]
    grid = time_grid(controlled(start, stop, step, save_every))
    assert grid.times.tolist() == times
    assert grid.times[grid.saved].tolist() == saved
    assert len(times) == steps + 1
    assert grid.saved_times.tolist() == np.round(saved, -int(np.log10(step * 1e-5))).tolist()


def test_saved_times_are_rounded_to_what_the_step_resolves() -> None:
    """Ten steps of 0.1 end at 1, though their sum does not."""
    grid = time_grid(controlled(0, 1, 0.1))
    assert grid.times[3] != 0.3
    assert grid.saved_times.tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]


@pytest.mark.parametrize(
    ("span", "times"),
    [
        ((0, 1, 0.4), [0, 0.4, 0.8, 1.2]),
        ((0, 0, 1), [0]),
        ((5, 2, 1), [5]),
        ((0, 2, 5), [0, 5]),
        ((-1, 1, 1), [-1, 0, 1]),
    ],
)
def test_a_run_ends_with_the_first_time_that_reaches_the_end(
    span: tuple[float, float, float], times: list[float]
) -> None:
    """Which is the first of all where the end lies before the start."""
    assert time_grid(controlled(*span)).saved_times.tolist() == times


def test_saveper_is_the_step_where_the_model_has_none() -> None:
    """All points are saved."""
    grid = time_grid(controlled(0, 4, 2))
    assert grid.saved.tolist() == [0, 1, 2]
    assert time_grid(controlled(0, 4, 1, 2)).saved.tolist() == [0, 2, 4]
    assert time_grid(controlled(0, 4, 1, 9)).saved.tolist() == [0]


@pytest.mark.parametrize(("start", "step"), [(2000.0, 1e-3), (1900.0, 1e-4), (0.0, 1e-3), (2020.0, 1 / 365)])
def test_a_written_time_is_found_in_the_longest_run(start: float, step: float) -> None:
    """However far summed steps drift from the decimals that people write, each is one point of the run."""
    grid = time_grid(controlled(start, start + MOST_STEPS * step, step))
    written = start + step * np.arange(len(grid.times))
    assert (np.abs(grid.times - written) < slack(grid.times) / 10).all()
    assert slack(grid.times) < step / 100


def test_one_point_has_a_slack_as_well() -> None:
    """That of a step of 1."""
    assert slack(np.array([2020.0])) == 1e-3


# --- control variables ------------------------------------------------------------------------------------------------


def test_control_variables_are_expressions_of_constants_and_of_each_other(tmp_path: Path) -> None:
    """In any order of the file; the end may follow from the start and from stocks."""
    controls = (
        "SAVEPER = 2 * TIME STEP ~~|\nFINAL TIME = Initial_Time + years ~~|\nyears = 3 ~~|"
        "\nINITIAL TIME = 2000 + 20 ~~|\nTIME STEP = 1 / steps a year ~~|\nsteps a year = 4 ~~|"
    )
    values = control_values(loaded(tmp_path, "x = 1 ~~|", controls=controls))
    assert values == {"INITIAL TIME": 2020, "TIME STEP": 0.25, "FINAL TIME": 2023, "SAVEPER": 0.5}


def test_the_end_may_come_nearer_in_a_run(tmp_path: Path) -> None:
    """The run is cut off at the first time that has reached it."""
    controls = "INITIAL TIME = 0 ~~|\nFINAL TIME = 2 + store ~~|\nTIME STEP = 1 ~~|\nSAVEPER = 1 ~~|"
    run = sd.simulate(loaded(tmp_path, "store = INTEG(-1, 6) ~~|", controls=controls))
    assert run["time"].values.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("span", [None, TimeSpan(), TimeSpan(start=1), TimeSpan(stop=2, step=0.5, save_every=1)])
def test_another_time_span_replaces_what_it_gives(tmp_path: Path, span: TimeSpan | None) -> None:
    """And keeps the file's values of the rest."""
    system = loaded(tmp_path, "x = Time ~~|")
    values = control_values(with_time(system, span))
    expected = {"INITIAL TIME": 0.0, "FINAL TIME": 4.0, "TIME STEP": 0.5, "SAVEPER": 0.5}
    names = {"start": "INITIAL TIME", "stop": "FINAL TIME", "step": "TIME STEP", "save_every": "SAVEPER"}
    expected |= {name: value for key, name in names.items() if (value := getattr(span, key, None)) is not None}
    assert values == expected
    assert sd.simulate(system, time=span)["time"].values[-1] == expected["FINAL TIME"]


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0, 1, 0), "INITIAL TIME is 0, FINAL TIME 1, TIME STEP 0, SAVEPER 0"),
        ((0, 1, -1), "INITIAL TIME is 0, FINAL TIME 1, TIME STEP -1, SAVEPER -1"),
        ((0, 1, 1, 0), "INITIAL TIME is 0, FINAL TIME 1, TIME STEP 1, SAVEPER 0"),
        ((0, 1, 1, -2), "INITIAL TIME is 0, FINAL TIME 1, TIME STEP 1, SAVEPER -2"),
        ((np.nan, 1, 1), "INITIAL TIME is nan, FINAL TIME 1, TIME STEP 1, SAVEPER 1"),
        ((0, np.inf, 1), "INITIAL TIME is 0, FINAL TIME inf, TIME STEP 1, SAVEPER 1"),
    ],
)
def test_a_time_span_that_no_run_can_have_is_refused(values: tuple[float, ...], text: str) -> None:
    """With all its numbers."""
    (fault,) = faults(InvalidRequest, lambda: time_grid(controlled(*values)))
    assert fault == Fault(f"{text}; expected numbers, and the last two above 0.", file="model", advice=ADVICE)


def test_a_run_with_too_many_steps_is_refused() -> None:
    """Before a point is made."""
    (fault,) = faults(InvalidRequest, lambda: time_grid(controlled(0, 1e12, 1e-3)))
    assert fault.found == f"the run would take 1e+15 steps; at most {MOST_STEPS} are possible."
    assert fault.advice == "Take a larger TIME STEP or a shorter time span."


@pytest.mark.parametrize(
    ("controls", "found"),
    [
        ("INITIAL TIME = 0 ~~|\nFINAL TIME = 1 ~~|", "the model has no TIME STEP."),
        ("TIME STEP = 1 ~~|", "the model has no INITIAL TIME and no FINAL TIME."),
    ],
)
def test_missing_control_variables_are_named(tmp_path: Path, controls: str, found: str) -> None:
    """All at once; a time span that gives them does."""
    system = loaded(tmp_path, "x = 1 ~~|", controls=controls)
    (fault,) = faults(InvalidRequest, lambda: sd.simulate(system))
    assert fault == Fault(found, file="case", advice="Add it to the model, or give time=TimeSpan(...).")


@pytest.mark.parametrize(
    "equation",
    ["IF THEN ELSE(Time > 1, 1, 0.5)", "INTEG(0, 1)", "STEP(1, 2) + 1", "store", "speed"],
)
def test_a_time_step_that_changes_in_a_run_is_refused(tmp_path: Path, equation: str) -> None:
    """By the time, a stock, or a variable that follows from them."""
    controls = CONTROLS.replace("TIME STEP = 0.5", f"TIME STEP = {equation}")
    system = loaded(tmp_path, "store = INTEG(1, 1) ~~|\nspeed = store + 1 ~~|", controls=controls)
    found = faults(InvalidModel, lambda: sd.compile(system))
    advice = "Make it a constant; only FINAL TIME may follow from the run."
    assert found == (
        Fault("it changes during the run.", "TIME STEP", "case.mdl", 5, advice),
        Fault("it changes during the run.", "SAVEPER", "case.mdl", 6, advice),
    )


@pytest.mark.parametrize("equation", ["FINAL TIME[a] = 1, 2", "FINAL TIME((0,0),(1,1))"])
def test_a_control_variable_is_one_number(tmp_path: Path, equation: str) -> None:
    """No array and no table."""
    controls = CONTROLS.replace("FINAL TIME = 4", equation)
    (fault,) = faults(InvalidModel, lambda: sd.compile(loaded(tmp_path, "a: a1, a2 ~~|\nx = 1 ~~|", controls=controls)))
    assert fault == Fault("it is not one number.", "FINAL TIME", "case.mdl", 4, "Give it one.")


@pytest.mark.parametrize(
    ("controls", "found"),
    [
        ({"TIME STEP": "0.0333333", "FINAL TIME": "1"}, "ends at 1.0333323, not at FINAL TIME 1"),
        ({"TIME STEP": "0.3", "FINAL TIME": "4"}, "does not divide the run"),
        ({"TIME STEP": "1", "FINAL TIME": "4", "SAVEPER": "1.5"}, "does not divide SAVEPER"),
        ({"TIME STEP": "0.1", "FINAL TIME": "4"}, ""),
        ({"TIME STEP": "1/3", "FINAL TIME": "4"}, ""),
        ({"TIME STEP": "0.0333333333", "FINAL TIME": "1"}, ""),
        ({"TIME STEP": "1", "FINAL TIME": "0"}, ""),
    ],
)
def test_a_step_that_does_not_divide_the_run_is_noted(tmp_path: Path, controls: dict[str, str], found: str) -> None:
    """Where the run ends, and which step would do; rounding is none of it."""
    values = {"INITIAL TIME": "0", "SAVEPER": "TIME STEP", **controls}
    text = "".join(f"{name} = {value} ~~|\n" for name, value in values.items())
    notes = sd.simulate(loaded(tmp_path, "x = Time ~~|", controls=text)).attrs["notes"]
    assert any(found in note for note in notes) if found else not notes
