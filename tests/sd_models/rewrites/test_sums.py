"""Sums that are named leave the run as it is, and cut what they tie together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.models import loaded

import sd_models as sd
from sd_models.rewrites import name_sums
from sd_models.simulator.simulation import compile
from sd_models.system.expression import Reduce, nodes
from sd_models.system.model import Series, System, Values

MODEL = """region: north, south, west, east ~~|
good: rice, steel ~~|
people[region] = INTEG(arrivals[region] - leaving[region], start[region]) ~~|
start[region] = 1, 2, 3, 4 ~~|
leaving[region] = 0.1 * people[region] ~~|
arrivals[region] = SUM(leaving[region!]) * pull[region] / SUM(pull[region!]) ~~|
pull[region] = people[region] ^ 0.5 + Time * weight ~~|
weight = 1 / SUM(start[region!]) ~~|
sold[good] = SUM(people[region!] * taste[good]) + SUM(leaving[region!]) ~~|
taste[good] = 1, 2 ~~|
both = SUM(sold[good!]) ~~|
"""


def sums(system: System) -> list[Reduce]:
    """The reductions of all equations but those of the named sums."""
    sides = (e.definition for v in system if ": sum" not in v.name for e in v.equations)
    return [n for s in sides if not isinstance(s, Values | Series) for n in nodes(s) if isinstance(n, Reduce)]


def test_large_sums_that_move_are_named_once_each(tmp_path: Path) -> None:
    """Sums of constants and of few elements stay; the same sum in two equations is one variable."""
    named, twins = name_sums(loaded(tmp_path, MODEL))
    assert set(twins) == {"arrivals: sum", "arrivals: sum 2", "sold: sum"}
    assert named["sold: sum"].dimensions == ("good",)
    assert len(sums(named)) == 2  # of `weight` and `both`


def test_the_run_stays_as_it_is(tmp_path: Path) -> None:
    system = loaded(tmp_path, MODEL)
    named, _ = name_sums(system)
    before, after = sd.simulate(system), sd.simulate(named, outputs=[v.name for v in system])
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_the_second_of_each_is_what_the_first_would_be(tmp_path: Path) -> None:
    named, twins = name_sums(loaded(tmp_path, MODEL))
    run = sd.simulate(named, outputs=[*twins, *twins.values()])
    for name, twin in twins.items():
        np.testing.assert_array_equal(run[name], run[twin])


def test_with_the_sums_given_no_region_depends_on_another(tmp_path: Path) -> None:
    """The Jacobian of the step has a diagonal for the stocks, where it was full."""
    system = loaded(tmp_path, MODEL)
    named, twins = name_sums(system)
    whole, cut = compile(system), compile(named, levers=twins, outputs=twins.values())
    assert whole.model.step.jac_sparsity(0, 0).nnz() == 16
    assert cut.model.step.jac_sparsity(0, 0).nnz() == 4
