"""Tapes: as long with many regions as with few, rows along the dimension that leaves the fewest instructions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.models import faults, loaded

import sd_models as sd
from sd_models.dynamics.functions import Operation
from sd_models.errors import InvalidModel
from sd_models.tape.instructions import ACROSS, Load, Movement, Source
from sd_models.tape.tracing import TapedModel, trace


def taped(folder: Path, text: str, **roles: list[str]) -> TapedModel:
    return trace(loaded(folder, text), **roles)


def regions(count: int) -> str:
    return ", ".join(f"r{i}" for i in range(count))


MANY = """region: {names} ~~|
half: {half} ~~|
other: {others} -> region ~~|
age: young, old ~~|
people[region, age] = INTEG(births[region] - people[region, age] * share[region] * mean, 1) ~~|
births[region] = MIN(SUM(people[region, age!]) * .02, IF THEN ELSE(mean > 1, 2, level[region])) ~~|
level[region] = WITH LOOKUP(mean, ((0, 1), (2, 3))) * share[region] ~~|
mean = SUM(people[region!, age!]) / SUM(people[half!, young]) ~~|
share[region] = 0.1 ~~|
first = people[r1, old] ~~|
mapped[other] = births[region] + SMOOTH(mean, 2) ~~|
"""


def many(count: int) -> str:
    others = ", ".join(f"o{i}" for i in range(count))
    return MANY.format(names=regions(count), half=regions(count // 2), others=others)


def test_a_tape_is_as_long_with_many_regions_as_with_few(tmp_path: Path) -> None:
    """Sums, parts, mappings, tables, conditions and delays: what grows is the rows alone."""
    lengths = set()
    for count in (6, 40, 300):
        folder = tmp_path / str(count)
        folder.mkdir()
        model = taped(folder, many(count), constants=["share"])
        lengths.add((len(model.step.instructions), model.step.counts, len(model.start.instructions)))
        assert max(line.length for line in model.step.instructions) == count
    assert len(lengths) == 1


def test_long_equations_of_one_form_for_each_region_become_one_row(tmp_path: Path) -> None:
    """However many terms they have: within what a model file may hold."""
    sums = {i: " - ".join(f"SIN(x[r{i}] + {i + term})" for term in range(900)) for i in range(3)}
    text = "".join(f"x[r{i}] = INTEG({long}, 1) ~~|\n" for i, long in sums.items())
    model = taped(tmp_path, f"region: {regions(3)} ~~|\n{text}")
    rows, numbers = model.step.counts
    assert rows > 2000
    assert numbers == 0


def test_the_flagship_has_a_tape_for_any_number_of_provinces() -> None:
    """Some thousand instructions over rows, and some hundred sums."""
    model = trace(sd.load("common_prosperity"), levers=["public investment"])
    rows, numbers = model.step.counts
    assert model.lanes.ranges >= {"province"}
    assert 1500 < rows < 1800
    assert numbers < 500
    assert not [line for line in model.step.instructions if line.length not in (0, 31)]


def test_rows_go_along_the_dimension_that_leaves_the_fewest_instructions(tmp_path: Path) -> None:
    """Many variables over a short dimension weigh more than one over a long one; a model without any has numbers."""
    text = "a: a1, a2, a3 ~~|\nb: b1, b2 ~~|\n"
    one = "x[b] = Time ~~|\ny[b] = x[b] + 1 ~~|\nz[b] = y[b] * 2 ~~|\nw[a, b] = Time ~~|\n"
    assert taped(tmp_path, text + one).lanes.ranges == {"b"}
    assert taped(tmp_path, text + "x[a] = Time ~~|\nw[a, b] = Time ~~|\n").lanes.ranges == {"a"}
    assert not taped(tmp_path, "x = Time ~~|\n").lanes.ranges


def test_equations_of_one_form_become_one_row(tmp_path: Path) -> None:
    """Though each element has an equation of its own, with numbers of its own."""
    text = "region: north, east, south ~~|\n"
    each = "".join(f"x[{name}] = growth * {i + 2} + Time ~~|\n" for i, name in enumerate(("north", "east", "south")))
    model = taped(tmp_path, text + each + "growth = 1.5 ~~|\n", constants=["growth"], outputs=["x"])
    assert model.step.counts == (2, 0)


def test_an_instruction_is_recorded_once(tmp_path: Path) -> None:
    """Equal expressions share it; what does not move is a number."""
    text = "x = Time * k + Time * k ~~|\ny = Time * k ~~|\nk = 2 + 1 ~~|\n"
    model = taped(tmp_path, text)
    kinds = [line.operation for line in model.step.instructions]
    assert kinds.count(Operation.MULTIPLY) == 1
    assert model.fixed["k"].tolist() == [3]


def test_what_looks_across_a_row_stands_in_a_later_phase(tmp_path: Path) -> None:
    """So that a target may fuse all of a phase into one loop."""
    model = taped(tmp_path, many(8))
    for tape in (model.start, model.step):
        for number, line in enumerate(tape.instructions):
            later = line.operation in ACROSS
            for argument in line.arguments:
                assert argument < number
                behind = later and tape.instructions[argument].length > 0
                assert tape.phases[number] >= tape.phases[argument] + behind


def test_every_element_of_every_result_is_defined_once(tmp_path: Path) -> None:
    """Stocks and outputs are covered, and no two rows meet."""
    model = taped(tmp_path, many(8))
    for name, size in (("stocks", model.states.size), ("outputs", model.outputs.size)):
        elements = np.concatenate([placed.elements for placed in model.step.results[name]])
        assert sorted(elements.tolist()) == list(range(size))


def test_inputs_are_read_where_they_stand(tmp_path: Path) -> None:
    """The elements that a row loads are those of the layout."""
    text = "region: north, east, south ~~|\nkind: a, b ~~|\nlever[region, kind] = 1 ~~|\n"
    model = taped(tmp_path, f"{text}x[region] = lever[region, b] * 2 ~~|\n", levers=["lever"], outputs=["x"])
    loads = [line.data for line in model.step.instructions if isinstance(line.data, Load)]
    assert [(load.source, load.elements.tolist()) for load in loads] == [(Source.LEVERS, [1, 3, 5])]


def test_a_matrix_that_is_too_large_is_refused_in_words(tmp_path: Path) -> None:
    """Its minors would be too many."""
    text = f"i: {regions(9)} ~~|\nj <-> i ~~|\nm[i, j] = IF THEN ELSE(i = j, 1, 0) * Time ~~|\n"
    text += "x[i, j] = INVERT MATRIX(m[i, j]) ~~|\n"
    (fault,) = faults(InvalidModel, lambda: taped(tmp_path, text))
    assert fault.found.startswith("INVERT MATRIX of 9 rows is too large")
    assert fault.variable == "x"


def test_no_tape_needs_casadi() -> None:
    """Neither the tape nor the JavaScript of a model loads it."""
    program = (
        "import sys, sd_models as sd; from sd_models.targets.javascript.program import javascript;"
        "javascript(sd.load('urbanization')); print('casadi' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize("operator", ["SUM", "PROD", "VMIN", "VMAX"])
def test_a_number_that_stands_for_a_row_is_reduced_as_one(tmp_path: Path, operator: str) -> None:
    """A value that is the same everywhere counts as often as the row is long."""
    text = f"region: north, east, south ~~|\nx[region] = Time ~~|\ny = {operator}(x[region!]) ~~|\n"
    system = loaded(tmp_path, text)
    model = trace(system, outputs=["y"])
    assert not [line for line in model.step.instructions if line.operation in (Movement.SUM, Movement.PRODUCT)]
