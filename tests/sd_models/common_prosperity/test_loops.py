"""The loops that the flagship's comments name: closed as told, and what of 2050 each of them moves when it is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from support.flagship import END, FREE, baseline, own, run, spending, system

from sd_models.analysis.loops import influences
from sd_models.common_prosperity.folder import HERE

LOOP = re.compile(r'Loop ([RB]\d+) "([^"]+)": ([^.]+)\.')
HEADING = re.compile(r'([RB]\d+) "([^"]+)"')
FOR_EVER = 1e9
Constants = Mapping[str, object]


@dataclass(frozen=True)
class Cut:
    """Constants that cut a loop, and by how many per cent an outcome of 2050 moves then (measured), with what money."""

    name: str
    outcome: str
    moves: float
    constants: Callable[[], Constants]
    money: float = 0.0

    def moved(self) -> float:
        """The change of the outcome in per cent of the run with the loop."""
        with_loop, without = _run(self.money), run(self.constants(), spending(self.money))
        return 100 * (float(without[self.outcome].sel(time=END)) / float(with_loop[self.outcome].sel(time=END)) - 1)


@cache
def _run(money: float) -> xr.Dataset:
    return run(money=spending(money)) if money else baseline()


def without(*constants: str, value: float = 0.0) -> Callable[[], Constants]:
    """These constants at 0, or at another value."""
    return lambda: dict.fromkeys(constants, value)


def lasting() -> Constants:
    """Programmes that hardly wear out, with as much of them for half the effect as before."""
    factor = 1e3
    measures = own("lifetime of programmes")
    lives = (
        np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]) * (factor - 1) + 1
    )  # culture's cost is also today's
    yearly = (
        "social insurance",
        "equal employment",
        "regional agglomerations",
        "metropolitan areas",
        "county carriers",
    )
    yearly += ("ecological restoration", "civic quality", "rural revitalization", "land rights", "rural enterprise")
    costs = {f"cost of {name}": own(f"cost of {name}") / factor for name in (*yearly, "rural public services")}
    horizon = {"abatement horizon": own("abatement horizon") / factor}
    return {"lifetime of programmes": measures * lives, **costs, **horizon}


# Reinforcing and balancing, as the comments name them. Half of `moves` is what the test asks for.
LOOPS: dict[str, Cut] = {
    "R1": Cut("accumulation", "national GDP", -59.7, without("capital elasticity")),
    "R2": Cut(
        "vicious circle of income and schooling",
        "national rural income",
        -3.1,
        without("income elasticity of education"),
    ),
    "R3": Cut("agglomeration", "national GDP", -5.4, without("agglomeration elasticity")),
    "R4": Cut("public revenue", "national GDP", 9.8, without("restraint")),
    "R5": Cut("infrastructure crowding in", "national GDP", 1.3, without("response to infrastructure")),
    "R6": Cut("citizenization and demand", "national urban income", -0.46, without("consumption gap")),
    "R7": Cut("culture and belonging", "national hukou urban share", -0.67, without("response to belonging")),
    "R8": Cut("land release", "national urban share", -1.2, without("response to land release")),
    "R9": Cut("metropolitan spill-over", "theil between provinces", 16.0, without("normal radiation")),
    "R10": Cut("people attract people", "theil between provinces", -18.0, without("basic mobility")),
    "R11": Cut("innovation", "national GDP", -27.1, without("knowledge elasticity")),
    "R12": Cut("from parents to children", "national rural schooling", -0.91, without("response to parents")),
    "B1": Cut("migration closes the gap", "national urban share", 4.1, without("income elasticity of migration")),
    "B2": Cut("congestion", "national hukou urban share", 1.35, without("response to congestion", "congestion loss")),
    "B3": Cut("pollution", "national GDP", -11.9, without("pollution damage")),
    "B4": Cut("diminishing returns", "national GDP", 3.4, without("reporting time", value=FOR_EVER), money=0.05),
    "B5": Cut("fiscal burden of new citizens", "national public debt", -1.2, without("recurrent cost of a citizen")),
    "B6": Cut("rural ageing", "national urban share", 8.4, lambda: {"ceiling of the urban share": np.ones(31)}),
    "B7": Cut("end of land income", "national GDP", -3.75, without("net share of land income")),
    "B8": Cut("abatement cost", "national CO2", -5.8, without("rise of abatement cost"), money=0.05),
    "B9": Cut("demand", "national GDP", 2.5, without("demand time", value=FOR_EVER)),
    "B10": Cut("wear", "national rural income", 6.0, lasting, money=0.05),
    "B11": Cut("absorption", "national CO2", -0.77, without("elasticity of cost to strain"), money=0.05),
    "B12": Cut("land taken for building", "national income ratio", -1.1, without("land for a resident")),
    "B13": Cut("debt brake", "national public debt", 99.7, without("restraint")),
    "B14": Cut(
        "savings find their use", "national consumption share", -4.0, without("time of savings", value=FOR_EVER)
    ),
}


def test_every_loop_that_a_comment_names_is_closed() -> None:
    """Each variable on its way is a direct cause of the next one, and the last is the first."""
    graph = influences(system())
    found = {}
    for variable in system():
        for label, name, path in LOOP.findall(" ".join(variable.documentation.split())):
            way = [step.strip() for step in path.split("->")]
            assert way[0] == way[-1] == variable.name
            assert len(set(way)) == len(way) - 1, label
            assert [link for link in pairwise(way) if not graph.has_edge(*link)] == [], label
            assert label not in found, label
            found[label] = name
    assert found == {label: loop.name for label, loop in LOOPS.items()}


def test_headings_of_groups_name_loops_that_there_are() -> None:
    """With the names that the comments of the variables have."""
    text = (HERE / "model.mdl").read_text(encoding="utf-8").replace("\\\n", " ")
    named = dict(HEADING.findall(" ".join(text.split())))
    assert named == {label: loop.name for label, loop in LOOPS.items()}


@pytest.mark.parametrize("label", LOOPS)
def test_a_loop_that_is_cut_moves_a_headline_outcome(label: str) -> None:
    """By half of what was measured at least, and in the same direction."""
    loop = LOOPS[label]
    moved = loop.moved()
    assert moved * np.sign(loop.moves) >= abs(loop.moves) / 2, moved


def test_every_loop_turns_the_index_or_an_income() -> None:
    """None is an ornament: at least a per mille of the index, of an income, of people, output or carbon."""
    heads = ("national prosperity index", "national urban income", "national rural income", "national GDP")
    heads += ("national CO2", "national urban share", "national hukou urban share", "national public debt")
    idle = []
    for label, loop in LOOPS.items():
        cut, whole = run(loop.constants(), spending(loop.money)).sel(time=END), _run(loop.money).sel(time=END)
        if max(abs(float(cut[name] / whole[name]) - 1) for name in heads) < 1e-3:
            idle.append(label)
    assert idle == []


# --- R2 ---------------------------------------------------------------------------------------------------------------


def rural(name: str, constants: Constants | None = None, money: xr.DataArray | None = None) -> float:
    """A rural outcome of 2050."""
    return float(run(dict(constants or {}), money)[f"national rural {name}"].sel(time=END))


NO_CIRCLE: Constants = {"income elasticity of education": 0.0, "response to parents": 0.0}


def test_the_vicious_circle_makes_a_loss_of_income_worse() -> None:
    """Rural income that falls behind takes schooling with it, and schooling takes income."""
    loss = {"rural growth on record": own("rural growth on record") - 0.02}
    with_circle = rural("income", loss) / rural("income")
    without_circle = rural("income", {**loss, **NO_CIRCLE}) / rural("income", NO_CIRCLE)
    assert with_circle < without_circle - 0.002
    assert rural("schooling", loss) < rural("schooling") - 0.03


def test_poorer_families_send_their_children_to_school_for_less_time() -> None:
    """In every province, and only by way of the income elasticity of education."""
    poorer = {"later household share": own("later household share") * 0.9}
    name = "schooling of rural children"
    lost = run(poorer)[name].sel(time=END) - baseline()[name].sel(time=END)
    assert float(lost.max()) < -0.01
    cut = {**NO_CIRCLE, "public elasticity of education": 0.0}
    assert abs(run({**poorer, **cut})[name] - run(cut)[name]).max() < 1e-9


def test_schools_for_the_countryside_break_the_vicious_circle() -> None:
    """Rural schooling rises, and by it rural income: the gain beyond that of a run where schooling earns nothing."""
    money, dull = spending(0.01, only="rural public services"), {"return to rural schooling": 0.0}
    gain = rural("income", FREE, money) / rural("income", FREE) - 1
    gain_of_the_dull = rural("income", {**FREE, **dull}, money) / rural("income", {**FREE, **dull}) - 1
    assert rural("schooling", FREE, money) > rural("schooling", FREE) + 0.02
    assert gain > gain_of_the_dull + 0.001


def test_a_generation_decides_how_fast_the_circle_turns() -> None:
    """Children of 25-year-olds replace them sooner than those of 35-year-olds."""
    assert rural("schooling", {"generation": 25.0}) > rural("schooling") + 0.2
