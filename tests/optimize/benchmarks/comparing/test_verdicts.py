"""What runs count as: what is claimed, beside what the levers bring and what others reach."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from support.contests import PLAIN

from optimize.benchmarks.comparing.facts import End, Facts, Point
from optimize.benchmarks.comparing.verdicts import Status, judged

OTHER = replace(PLAIN, solver="other")
CONVEX = {"is_convex": True}
GLOBAL = {"is_global": True}


def status(run: Facts, *others: Facts) -> Status:
    """What a run counts as beside others."""
    return judged([run, *others])[0].status


def changed(facts: Facts = PLAIN, **changes) -> Facts:
    """The run with other facts."""
    return replace(facts, **changes)


@pytest.mark.parametrize(
    ("changes", "others", "expected"),
    [
        ({}, [], Status.OK),
        ({}, [{"objective": 9.0}], Status.LOCAL),
        ({"objective": 10.0 + 9e-6}, [{}], Status.OK),
        ({"objective": 10.0 + 11e-6}, [{}], Status.LOCAL),
        ({"ending": "time limit"}, [], Status.OK),
        ({"ending": "time limit"}, [{"objective": 9.0}], Status.TIMEOUT),
        ({"ending": "stalled"}, [{"objective": 9.0}], Status.LOCAL),
        ({"ending": "failed"}, [{"objective": 9.0}], Status.ERROR),
        ({"ending": "failed", "violation": 1.0}, [], Status.ERROR),
        ({"ending": "interrupted", "violation": 1.0}, [], Status.INTERRUPTED),
        # limits
        ({"violation": 1e-6}, [], Status.OK),
        ({"violation": 2e-6}, [], Status.INEXACT),
        ({"violation": 2e-3}, [], Status.WRONG),
        ({"violation": math.inf, "objective": math.nan}, [], Status.WRONG),
        ({"fraction": 1e-5}, [], Status.OK),
        ({"fraction": 0.5}, [], Status.WRONG),
        ({"violation": 2e-3, "ending": "iteration limit"}, [], Status.ERROR),
        # what is told of the objective
        ({"claimed": 10.0 - 9e-6}, [], Status.OK),
        ({"claimed": 10.0 - 2e-5}, [], Status.INEXACT),
        ({"claimed": 9.9}, [], Status.WRONG),
        ({"claimed": 11.0}, [], Status.OK),
        ({"known": 10.0, "claimed": 10.0 - 2e-5}, [], Status.WRONG),
        ({"known": 10.0, "objective": 10.0 - 2e-5, "violation": 3e-6}, [], Status.WRONG),
        ({"known": 10.0, "objective": 10.0 + 2e-5}, [], Status.LOCAL),
        # one optimum for all
        ({**CONVEX, "objective": 10.001}, [{}], Status.INEXACT),
        ({**CONVEX, "objective": 10.1}, [{}], Status.WRONG),
        ({**CONVEX, "objective": 10.1, "ending": "stalled"}, [{}], Status.LOCAL),
        ({**CONVEX, "objective": 10.1}, [{"violation": 1e-7}], Status.LOCAL),  # no witness: it may owe it to that
        ({**GLOBAL, "objective": 10.1}, [{}], Status.WRONG),
        ({**GLOBAL, "objective": 10.0005, "bound": 9.9999}, [{}], Status.OK),
        ({**GLOBAL, "objective": 10.0005, "bound": 9.9}, [{}], Status.INEXACT),
        ({**GLOBAL, "objective": 10.0, "bound": 9.9}, [], Status.OK),
        ({**GLOBAL, "objective": 10.0, "bound": 9.9, "ending": "time limit"}, [{"objective": 9.8}], Status.WRONG),
        (
            {"objective": 10.0, "bound": 9.9, "ending": "time limit", "violation": 1.0},
            [{"objective": 9.8}],
            Status.WRONG,
        ),
        # infeasible, unbounded
        ({"ending": "infeasible", "violation": 1.0}, [], Status.INFEASIBLE),
        ({"ending": "infeasible", "violation": 1.0}, [{}], Status.INFEASIBLE),
        ({"ending": "infeasible", "violation": 1.0, **GLOBAL}, [{}], Status.WRONG),
        ({"ending": "infeasible", "violation": 1.0, **CONVEX}, [{}], Status.WRONG),
        ({"ending": "infeasible", "violation": 0.0}, [], Status.WRONG),
        ({"ending": "infeasible", "violation": 1.0, "truth": "infeasible"}, [], Status.OK),
        ({"ending": "unbounded"}, [], Status.UNBOUNDED),
        ({"ending": "unbounded", "truth": "unbounded"}, [], Status.OK),
        ({"ending": "unbounded", "known": 10.0}, [], Status.WRONG),
        ({"ending": "unbounded", "truth": "infeasible", "violation": 1.0}, [], Status.WRONG),
        ({"ending": "optimal", "truth": "unbounded", **CONVEX}, [], Status.WRONG),
        # no answer
        ({"end": End.TIME}, [], Status.TIMEOUT),
        ({"end": End.MEMORY}, [], Status.MEMORY),
        ({"end": End.CRASHED}, [], Status.ERROR),
        ({"end": End.RAISED}, [], Status.ERROR),
        ({"end": End.UNMADE}, [], Status.ERROR),
        ({"end": End.REFUSED}, [], Status.NOT_ACCEPTED),
        ({"end": End.INTERRUPTED}, [], Status.INTERRUPTED),
    ],
)
def test_a_run_counts_as(changes, others, expected: Status) -> None:
    """Each row: what is special of a run, what others reached, and what that makes of it, with a sentence."""
    found = judged([changed(**changes), *(changed(OTHER, **other) for other in others)])[0]
    assert found.status == expected, found.why
    assert found.why or found.status == Status.OK


def test_more_is_better_where_the_sign_says_so() -> None:
    """The same rules, turned around."""
    more = changed(sign=-1.0, started=0.0)
    assert status(more, changed(more, objective=11.0)) == Status.LOCAL
    assert status(more, changed(more, objective=9.0)) == Status.OK
    assert status(changed(more, claimed=12.0)) == Status.WRONG
    assert status(changed(more, claimed=9.0)) == Status.OK
    assert status(changed(more, bound=10.5, **GLOBAL), changed(more, objective=11.0)) == Status.WRONG


def test_policies_on_the_way_count_as_known() -> None:
    """Also those of a solver that was ended: they were run and keep all limits."""
    ended = changed(OTHER, end=End.TIME, objective=math.nan, points=(Point(1.0, 5, 0, 9.0),))
    assert status(PLAIN, ended) == Status.LOCAL


def test_tolerances_of_small_numbers_are_no_lies() -> None:
    """Solvers' tolerances are absolute: of an optimum of 0.05 half a millionth less may be told, and is but inexact."""
    small = changed(objective=0.05, known=0.05, started=1.0)
    assert status(changed(small, claimed=0.05 - 5e-7)) == Status.INEXACT
    assert status(changed(small, claimed=0.05 - 5e-6)) == Status.WRONG
    assert status(changed(small, bound=0.05 + 5e-7, **GLOBAL), small) == Status.OK
    assert status(changed(small, bound=0.05 + 5e-6, **GLOBAL), small) == Status.WRONG


def test_a_limit_without_a_size_is_not_broken_by_dust() -> None:
    """All of nothing is nothing: what is below a millionth in its own unit is no lie."""
    assert status(changed(violation=1.0, excess=1e-9)) == Status.INEXACT
    assert status(changed(violation=1.0, excess=1e-5)) == Status.WRONG


def test_what_is_called_unbounded_claims_no_bound() -> None:
    """Whatever number a library leaves there."""
    assert status(changed(ending="unbounded", bound=0.0, truth="unbounded", sign=-1.0), PLAIN) == Status.OK


def test_an_optimum_of_zero_is_measured_by_the_way_to_it() -> None:
    """A thousandth of the distance from the start, in no unit of anything."""
    for unit in (1e-9, 1.0, 1e9):
        zero = changed(objective=0.0, started=2.0 * unit)
        assert status(changed(zero, objective=1e-10 * unit), zero) == Status.OK
        assert status(changed(zero, objective=1e-6 * unit), zero) == Status.LOCAL


def test_a_known_optimum_that_a_run_refutes_accuses_nobody() -> None:
    """The better policy keeps its limits: what was known is not so."""
    assert status(changed(known=11.0)) == Status.OK
    assert status(changed(known=11.0, claimed=10.0 - 2e-5)) == Status.INEXACT


def test_what_is_said_of_a_lie_names_both_numbers() -> None:
    """What was told, and what the levers bring; which limit is broken and by how much."""
    assert judged([changed(claimed=5.0)])[0].why == "tells 5; its own levers bring 10."
    (found,) = judged([changed(violation=0.25, breaks="together")])
    assert found.why == "called optimal; 'together' is broken by 2.5e-01 of its size."
