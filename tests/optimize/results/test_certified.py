"""What a certificate found is told as it was found: curvature, probes, and what levers are called."""

from __future__ import annotations

import numpy as np
import pytest
from support import islands

import optimize as opt
from optimize.certificates.certificate import Certificate
from optimize.certificates.probes import Probed
from optimize.certificates.second_order import SecondOrder
from optimize.problems.optimality import Multipliers, Optimality
from optimize.problems.program import Evaluation
from optimize.results.certified import lever_words, looked
from optimize.results.verdict import Curvature
from sd_models.system.model import System


@pytest.fixture(scope="module")
def problem(islands_system: System) -> opt.Problem:
    """Spending of three goods on three islands, in four years each."""
    return opt.Problem(islands_system, opt.read_plan(islands.small_plan()))


def certificate(second: SecondOrder | None, probes: Probed | None, *blind: int) -> Certificate:
    """One with these findings, two levers of 36 idle."""
    at, none = Evaluation(np.zeros(36), np.zeros(1)), Multipliers(np.zeros(0), np.zeros(0))
    without_slope = np.array(blind, dtype=np.int64)
    return Certificate(at, none, Optimality(0.0, 0.0, 0.0), 14.0, second, probes, np.array([0, 1]), without_slope, 36)


@pytest.mark.parametrize(
    ("second", "curvature"),
    [
        (SecondOrder(0.5, np.zeros(36), 5, 2), Curvature.HOLDS),
        (SecondOrder(0.5, np.zeros(36), 5, 2, complete=False), Curvature.UNKNOWN),
        (SecondOrder(0.5, np.zeros(36), 5, 2, negative=(np.ones(36),)), Curvature.NEGATIVE),
        (SecondOrder(0.5, np.zeros(36), 5, 2, complete=False, negative=(np.ones(36),)), Curvature.NEGATIVE),
    ],
)
def test_curvature_holds_where_a_search_came_to_its_end(
    problem: opt.Problem, second: SecondOrder, curvature: Curvature
) -> None:
    """A negative one needs no more."""
    better = Evaluation(np.ones(36), np.ones(1))
    found = looked(problem, certificate(second, Probed(better, 0.25, 9)), ("MAX in joy",))
    assert found.curvature is curvature
    assert (found.least_curvature, found.directions, found.flat_directions) == (0.5, 5, 2)
    assert (found.probes, found.better, found.worth) == (9, 0.25, 14.0)
    assert found.idle == ("spending[north, rice] in 2 of 4 periods",)
    assert not found.is_idle
    assert found.kinks == ("MAX in joy",)
    blind = looked(problem, certificate(second, None, 2)).curvature
    assert blind is (Curvature.NEGATIVE if second.negative else Curvature.UNKNOWN)


def test_what_was_not_looked_at_is_not_known(problem: opt.Problem) -> None:
    """Neither curvature nor probes."""
    found = looked(problem, certificate(None, None))
    assert found.curvature is Curvature.UNKNOWN
    assert np.isnan(found.least_curvature)
    assert (found.directions, found.flat_directions, found.probes, found.better) == (0, 0, 0, 0.0)
    assert found.kinks == ()


@pytest.mark.parametrize(
    ("levers", "words"),
    [
        ([], ()),
        (range(36), ("spending",)),
        (range(4, 8), ("spending[north, steel]",)),
        ([3, 4, 5, 6, 7], ("spending[north, rice] in 1 of 4 periods", "spending[north, steel]")),
    ],
)
def test_levers_are_called_by_variable_element_and_periods(
    problem: opt.Problem, levers: list[int], words: tuple[str, ...]
) -> None:
    """As far as each is meant."""
    assert lever_words(problem, np.array(list(levers), dtype=np.int64)) == words
