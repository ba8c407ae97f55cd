"""Threads share compiled functions: the same numbers as one after the other, in the same order."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from support.models import loaded

from sd_models import compile
from sd_models.simulator import concurrency
from sd_models.simulator.concurrency import concurrently
from sd_models.simulator.sensitivity import tangents

MODEL = """
region: a, b, c ~~|
k[region] = 0.1, 0.2, 0.3 ~~|
s[region] = INTEG(k[region] * s[region] - SUM(s[region!]) / 50, 1 + k[region]) ~~|
"""


def test_answers_come_in_the_order_of_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is ready first."""
    monkeypatch.setattr(concurrency, "processors", lambda: 2)
    second_done = threading.Event()

    def answer(item: int) -> int:
        if item == 0:
            assert second_done.wait(10)
        else:
            second_done.set()
        return item * 10

    assert concurrently(answer, [0, 1]) == [0, 10]


def test_an_error_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were no threads."""
    monkeypatch.setattr(concurrency, "processors", lambda: 3)
    with pytest.raises(ZeroDivisionError):
        concurrently(lambda item: 1 / item, [1, 0, 2])


def test_threads_compute_what_one_thread_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tangents in chunks of one, by eight threads, again and again."""
    monkeypatch.setattr("sd_models.simulator.sensitivity.DIRECTIONS_AT_ONCE", 1)
    simulator = compile(loaded(tmp_path, MODEL), constants=["k"], outputs=["s"])
    inputs = simulator.inputs()
    run = simulator.trajectories(inputs)
    directions = np.random.default_rng(0).normal(size=(3, 40))
    monkeypatch.setattr(concurrency, "processors", lambda: 1)
    alone = tangents(simulator, inputs, run, directions)
    monkeypatch.setattr(concurrency, "processors", lambda: 8)
    for _ in range(20):
        np.testing.assert_array_equal(tangents(simulator, inputs, run, directions), alone)
