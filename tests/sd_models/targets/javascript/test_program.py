"""Generated models: runs that begin later, levers in columns, tables of numbers; and text that V8 can optimize."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from support.models import loaded

import sd_models as sd
from optimize.benchmarks.embedded import Engine
from sd_models.simulator.simulation import Simulator
from sd_models.targets.javascript.program import JavaScript, encoded, javascript
from sd_models.targets.javascript.schedule import LONGEST

LEVER, OUTCOMES = "public investment", ["welfare rate", "income a head"]


@pytest.fixture(scope="module")
def flagship() -> tuple[JavaScript, Engine, Simulator]:
    system = sd.load("common_prosperity", regions="macro")
    program = javascript(system, levers=[LEVER], constants=["cost of basic services"], outputs=OUTCOMES)
    simulator = sd.compile(system, levers=[LEVER], constants=["cost of basic services"], outputs=OUTCOMES)
    return program, Engine(program), simulator


def paths(simulator: Simulator, seed: int) -> np.ndarray:
    """The model's own levers up to the middle of the run, drawn ones from there on."""
    own = np.concatenate([simulator.defaults[name] for name in simulator.model.levers.rows])
    draw = np.random.default_rng(seed).uniform(0, 0.1, own.shape)
    return np.where(np.arange(own.shape[1]) < own.shape[1] // 2, own, draw)


def test_a_run_that_begins_later_has_the_numbers_of_the_whole(flagship: tuple[JavaScript, Engine, Simulator]) -> None:
    """From the stocks kept at a time, with other levers from there on; to the last bit, and again and again."""
    _, engine, simulator = flagship
    constants = np.array([80.0])
    middle = len(simulator.times) // 2
    engine.keep("middle", middle, paths(simulator, 0), constants)
    at = np.arange(middle, len(simulator.times), 4)
    for seed in (1, 2, 1):
        levers = paths(simulator, seed)
        whole = engine.run(levers, constants, at=at)
        np.testing.assert_array_equal(engine.run(levers, constants, at=at, since="middle"), whole)


def test_the_times_that_are_kept_do_not_matter(flagship: tuple[JavaScript, Engine, Simulator]) -> None:
    """Outputs at some times are those of all times; none are kept where none are asked for."""
    _, engine, simulator = flagship
    levers, constants = paths(simulator, 3), np.array([70.0])
    every = engine.run(levers, constants)
    for at in ([0], [5, 6, 77], [len(simulator.times) - 1], []):
        np.testing.assert_array_equal(engine.run(levers, constants, at=np.array(at, dtype=int)), every[:, at])


def test_a_column_of_levers_may_hold_for_many_times(flagship: tuple[JavaScript, Engine, Simulator]) -> None:
    """As the periods of a plan do."""
    _, engine, simulator = flagship
    count, constants = len(simulator.times), np.array([80.0])
    few = np.random.default_rng(4).uniform(0, 0.1, (simulator.model.levers.size, 3))
    column = np.sort(np.random.default_rng(5).integers(0, 3, count))
    wide = engine.run(few[:, column], constants)
    np.testing.assert_array_equal(engine.run(few, constants, column=column), wide)


def test_two_models_of_one_text_do_not_disturb_each_other(flagship: tuple[JavaScript, Engine, Simulator]) -> None:
    """Each has memory of its own."""
    program, engine, simulator = flagship
    other = Engine(program)
    levers = paths(simulator, 6)
    before = engine.run(levers, np.array([80.0]))
    other.run(paths(simulator, 7), np.array([60.0]))
    np.testing.assert_array_equal(engine.run(levers, np.array([80.0])), before)


def test_no_loop_is_too_long_to_be_optimized(flagship: tuple[JavaScript, Engine, Simulator]) -> None:
    """One loop to a function, of a bounded number of lines; V8 gives up on long functions."""
    program, *_ = flagship
    functions = re.findall(r"^function [bf]\d+\(.*\}$", program.text, flags=re.MULTILINE)
    assert len(functions) > 8
    assert all(len(re.findall(r"[-+*/]", text)) < 20 * LONGEST for text in functions)
    assert len(program.text) < 50_000


def test_names_never_reach_the_text(tmp_path: Path) -> None:
    """The text holds numbers and positions only, whatever a modeller calls his variables."""
    name = "</script><b>\\\"'; alert(1)"
    system = loaded(tmp_path, f'"{name}" = Time * 2 ~~|\nx = "{name}" + 1 ~~|\n')
    assert any("script" in v.name for v in system)
    assert "script" not in javascript(system).text
    assert "alert" not in javascript(system).text


@pytest.mark.parametrize("values", [[0.1, -0.0, np.inf, np.nan, 5e-324], [1, -2, 2**31 - 1], []])
def test_numbers_cross_unchanged(values: list[float]) -> None:
    """As bytes, so that NaN, infinity and the last digit survive."""
    array = np.array(values)
    found = encoded(array)
    kind = np.int32 if found["type"] == "Int32Array" else np.float64
    back = np.frombuffer(base64.b64decode(found["bytes"]), dtype=kind)
    np.testing.assert_array_equal(back, array)
