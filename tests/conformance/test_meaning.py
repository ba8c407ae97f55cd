"""What the language means where PySD departs and the replay's model is patched: both runs against values by hand.

A run that equals the replay is no proof here, since both are ours in these points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from support.models import written

import sd_models as sd

CONTROLS = "INITIAL TIME = 0 ~~|\nFINAL TIME = 4 ~~|\nTIME STEP = 1 ~~|\nSAVEPER = TIME STEP ~~|\n"

CASES: Mapping[str, tuple[str, str, Mapping[str, Sequence[float]]]] = {
    "a pulse that begins at the end time is given": (
        "p = PULSE TRAIN(0, 1, 2, 4) ~~|",
        CONTROLS,
        {"p": [1, 0, 1, 0, 1]},
    ),
    "nothing is given behind the end time, not even the rest of a pulse": (
        "p = PULSE TRAIN(0, 2, 3, 3) ~~|\nq = PULSE TRAIN(0, 1, 2, 3.9) ~~|",
        CONTROLS,
        {"p": [1, 1, 0, 1, 0], "q": [1, 0, 1, 0, 0]},
    ),
    "a width below a step is one step": (
        "p = PULSE TRAIN(1, 0, 2, 9) ~~|\nq = PULSE(2, 0) ~~|\nr = PULSE TRAIN(1, 0.2, 2, 9) ~~|",
        CONTROLS,
        {"p": [0, 1, 0, 1, 0], "q": [0, 0, 1, 0, 0], "r": [0, 1, 0, 1, 0]},
    ),
    "pulses closer than their width are one": (
        "p = PULSE TRAIN(1, 2, 1, 3) ~~|\nq = PULSE TRAIN(1, 2, 0, 3) ~~|",
        CONTROLS,
        {"p": [0, 1, 1, 1, 0], "q": [0, 1, 1, 1, 0]},
    ),
    "times count half a step ahead": (
        "p = PULSE(1.4, 1) ~~|\nq = PULSE(1.6, 1) ~~|\ns = STEP(3, 1.4) ~~|",
        CONTROLS,
        {"p": [0, 1, 0, 0, 0], "q": [0, 0, 1, 0, 0], "s": [0, 3, 3, 3, 3]},
    ),
    "and binds before or": (
        "p = IF THEN ELSE(Time < 0 :AND: Time < 2 :OR: Time >= 1, 1, 0) ~~|",
        CONTROLS,
        {"p": [0, 1, 1, 1, 1]},
    ),
    "rounding of times moves no pulse": (
        "p = PULSE TRAIN(0, 0.1, 0.3, 0.6) ~~|",
        CONTROLS.replace("STEP = 1", "STEP = 0.1").replace("TIME = 4", "TIME = 0.7"),
        {"p": [1, 0, 0, 1, 0, 0, 1, 0]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_both_runs_have_the_values_by_hand(name: str, tmp_path: Path) -> None:
    """Ours and that of the replay, whose notes say what its model was given."""
    text, controls, expected = CASES[name]
    system = sd.load(written(tmp_path, text, controls=controls))
    ours, theirs = sd.simulate(system), sd.replay(system)
    for variable, values in expected.items():
        assert ours[variable].to_numpy().tolist() == pytest.approx(values, abs=1e-12), variable
        assert theirs[variable].to_numpy().tolist() == pytest.approx(values, abs=1e-12), variable
    assert theirs.attrs["notes"]


def test_test_inputs_hold_over_a_step(tmp_path: Path) -> None:
    """A pulse of one step adds one step of it by Runge-Kutta as well: it changes between steps alone (Vensim)."""
    settings = "\\\\\\---/// Sketch\n///---\\\\\\\n:L<%^E!@\n15:0,0,0,1,0,0\n"
    text = "added = INTEG(PULSE(1, 1) + STEP(1, 3), 0) ~~|"
    path = written(tmp_path, text, controls=CONTROLS + settings)
    system = sd.load(path)
    assert str(system.method) == "rk4"
    assert sd.simulate(system)["added"].to_numpy().tolist() == pytest.approx([0, 0, 1, 1, 2], abs=1e-12)
