"""The abstract model to a `System`: what becomes of every kind of equation, and every fault with its place."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support.models import faults, loaded

import sd_models as sd
from sd_models.errors import Fault, InvalidModel, ModelError, UnreadableModel, UnsupportedFunction
from sd_models.reading import flattening
from sd_models.system.expression import Call, Number, Ref, Subscript, refs
from sd_models.system.model import Interpolation, Kind, Place, Series, Values

RANGES = "region: north, south, west ~~|\ncoast: north, west ~~|\nsector: farms, mills ~~|\n"
MACRO = ":MACRO: FILL(inflow, time)\nFILL = INTEG(inflow - FILL / time, inflow * time) ~~|\n:END OF MACRO:\n"


# --- what equations become --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x = 3 ~~|", Kind.CONSTANT),
        ("x = -3 ~~|", Kind.CONSTANT),
        ("x = 2 * 3 ~~|", Kind.AUXILIARY),
        ("x = Time ~~|", Kind.AUXILIARY),
        ("x = INTEG(1, 2) ~~|", Kind.STOCK),
        ("x((0,0),(1,1)) ~~|", Kind.TABLE),
        ("x = GET DIRECT CONSTANTS('v.csv', ',', 'B2') ~~|", Kind.CONSTANT),
        ("x := GET DIRECT DATA('v.csv', ',', 'A', 'B2') ~~|", Kind.DATA),
        ("x ~~|", Kind.DATA),
    ],
)
def test_the_equation_says_what_a_variable_is(tmp_path: Path, text: str, kind: Kind) -> None:
    """A number is a constant, also with a sign; an expression of numbers is not folded here."""
    (tmp_path / "v.csv").write_text("Time,x\n0,1\n9,2\n", encoding="utf-8")
    assert loaded(tmp_path, text, data=[tmp_path / "v.csv"])["x"].kind is kind


def test_a_variable_keeps_what_the_modeller_wrote(tmp_path: Path) -> None:
    """Name, unit, limits, documentation, and the place of each of its equations; the last text given wins."""
    text = (
        f"{RANGES}\nbirth rate[north] = 1\n\t~\tperson/(Year*person) [0, ?, 0.1]\n\t~\tA [bracketed] word.|"
        "\nBirth_Rate[south] = 2 ~~|\nbirth  rate[west] = 3 ~ ~ Last. |"
    )
    variable = loaded(tmp_path, text)["BIRTH RATE"]
    assert variable.name == "birth rate"
    assert variable.unit == "person/(Year*person)"
    assert variable.limits == (0.0, None)
    assert variable.documentation == "Last."
    assert [equation.place for equation in variable.equations] == [Place("case.mdl", n) for n in (5, 8, 9)]
    assert variable.place == Place("case.mdl", 5)


def test_a_stock_has_a_flow_and_an_initial_value(tmp_path: Path) -> None:
    """Also where INTEG stands inside another expression: then the stock is a variable of its own, in the rewrite."""
    system = loaded(tmp_path, "a = INTEG(-a / 2, 10) ~~|\nb = 1 + INTEG(a, 0) ~~|")
    (equation,) = system["a"].equations
    assert equation.definition == Call("/", (Call("-", (Ref("a"),)), Number(2.0)))
    assert equation.initial == Number(10.0)
    assert system["b"].kind is Kind.AUXILIARY


def test_active_initial_holds_while_initial_values_are_computed(tmp_path: Path) -> None:
    """As the initial value of an auxiliary; inside an expression, of an auxiliary added for it."""
    system = loaded(tmp_path, "a = ACTIVE INITIAL(Time, 5) ~~|\nb = 1 + ACTIVE INITIAL(Time, 6) ~~|")
    assert system["a"].equations[0].initial == Number(5.0)
    added = system["b: active initial"]
    assert added.equations[0].initial == Number(6.0)
    assert added.origin == "b"


def test_arrays_of_numbers_fill_the_block_in_order(tmp_path: Path) -> None:
    """Rows end with a semicolon; an equation for one element fixes its dimension."""
    text = "a[region, sector] = 1, 2; 3, 4; 5, 6; ~~|\nb[region, farms] = 7, 8, 9 ~~|\nb[region, mills] = 0 ~~|"
    system = loaded(tmp_path, RANGES + text)
    definition = system["a"].equations[0].definition
    assert isinstance(definition, Values)
    assert definition.array.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert system["b"].equations[0].subscripts == ("region", "farms")
    assert sd.simulate(system)["b"].isel(time=0).values.tolist() == [[7, 0], [8, 0], [9, 0]]


def test_a_stock_beside_other_equations_becomes_a_variable_of_its_own(tmp_path: Path) -> None:
    """The variable refers to it, and a run gives both under the modeller's name."""
    text = f"{RANGES}a[north] = INTEG(1, 0) ~~|\na[south] = Time * 2 ~~|\na[west] = 7 ~~|"
    system = loaded(tmp_path, text)
    assert system["a"].kind is Kind.AUXILIARY
    (part,) = system.of_kind(Kind.STOCK)
    assert part.origin == "a"
    assert sd.simulate(system)["a"].isel(time=-1).values.tolist() == [4, 8, 7]


def test_a_data_variable_beside_other_equations_keeps_its_values(tmp_path: Path) -> None:
    """The block of a fixed element has a dimension of length one, which its own variable has not."""
    (tmp_path / "v.csv").write_text("time,0,4\nx,1,9\n", encoding="utf-8")
    text = f"{RANGES}a[north] := GET DIRECT DATA('v.csv', ',', '1', 'B2') ~~|\na[south] = 2 ~~|\na[west] = Time ~~|"
    assert sd.simulate(loaded(tmp_path, text))["a"].isel(time=-1).values.tolist() == [9, 2, 4]


@pytest.mark.parametrize(
    ("table", "x", "y"),
    [
        ("t((0,0),(1,10),(3,50))", [0, 1, 3], [0, 10, 50]),
        ("t([(0,0)-(9,9),(1,2),(3,4)],(0,0),(1,10))", [0, 1], [0, 10]),
        ("t(0,1,3,0,10,50)", [0, 1, 3], [0, 10, 50]),
        ("t([(0,0)-(9,9)],0,1,0,10)", [0, 1], [0, 10]),
        ("t((1,5))", [1], [5]),
        ("t([(0,0)-(9,9)],(1,5))", [1], [5]),
        ("t((3,50),(0,0),(1,10))", [0, 1, 3], [0, 10, 50]),
        ("t((-1e-1,+2),(.5,3.))", [-0.1, 0.5], [2, 3]),
    ],
)
def test_tables_in_every_form(tmp_path: Path, table: str, x: list[float], y: list[float]) -> None:
    """Pairs in any order, pairs behind limits, all x before all y, and a single point."""
    definition = loaded(tmp_path, f"{table} ~~|")["t"].equations[0].definition
    assert isinstance(definition, Series)
    assert definition.x.tolist() == x
    assert definition.y.tolist() == y
    assert definition.interpolation is Interpolation.LINEAR


def test_a_table_inside_an_equation_becomes_a_variable(tmp_path: Path) -> None:
    """Two of them get two names."""
    text = "a = WITH LOOKUP(Time, ((0,0),(1,1))) + WITH LOOKUP(Time, ([(0,0)-(9,9)],(2,3))) ~~|"
    system = loaded(tmp_path, text)
    assert [(v.name, v.origin) for v in system.of_kind(Kind.TABLE)] == [("a: table", "a"), ("a: table 2", "a")]
    assert float(sd.simulate(system)["a"][-1]) == 4


def test_a_name_of_an_element_or_range_is_its_number(tmp_path: Path) -> None:
    """A range counts along the left-hand side, in its full dimension; a variable of the same name goes before it."""
    text = f"{RANGES}a[region] = region * 10 ~~|\nb[coast] = coast ~~|\nc = west ~~|\nwest coast = 5 ~~|\nsouth = 9 ~~|"
    text += "\nd = south ~~|"
    run = sd.simulate(loaded(tmp_path, text)).isel(time=0)
    assert run["a"].values.tolist() == [10, 20, 30]
    assert run["b"].values.tolist() == [1, 3]
    assert float(run["c"]) == 3
    assert float(run["d"]) == 9


def test_names_may_equal_functions_ranges_and_result_dimensions(tmp_path: Path) -> None:
    """A variable `sum` beside SUM, `sector` beside the range; dimensions `time` and `run` get another label."""
    text = (
        f"{RANGES}time: first, second ~~|\nrun: one, two ~~|\nsum = 3 ~~|\nmin = 4 ~~|\nsector = 5 ~~|"
        "\na[sector] = MIN(sum, min) * sector ~~|\nb[time, run] = 1, 2; 3, 4; ~~|\nc = SUM(b[time!, run!]) + Time ~~|"
    )
    run = sd.simulate(loaded(tmp_path, text))
    assert run["a"].dims == ("time", "sector (subscript)")
    assert run["a"].isel(time=0).values.tolist() == [15, 15]
    assert run["b"].dims == ("time", "time (subscript)", "run (subscript)")
    assert run["c"].values[-1] == 14


@pytest.mark.parametrize(
    "name", ['"1st \\"quoted\\" | ~ {name}"', "größe", "人口", "it's", "per $", "a\tb", "a \\\n\tname", "A__B"]
)
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    """Quotes with anything in them, other alphabets, apostrophes, dollars, tabs and line continuations."""
    system = loaded(tmp_path, f"{name} = 3 ~~|\nx = {name} + 1 ~~|")
    assert float(sd.simulate(system)["x"][0]) == 4


# --- subscripts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[region, sector] :EXCEPT: [north, farms], [west, mills] = 1 ~~|", [[np.nan, 1], [1, 1], [1, np.nan]]),
        ("x[region, sector] :EXCEPT: [coast, farms] = 1 ~~|", [[np.nan, 1], [1, 1], [np.nan, 1]]),
        ("x[region, farms] :EXCEPT: [south, farms] = 1 ~~|", [[1], [np.nan], [1]]),
        ("x[coast, sector] :EXCEPT: [coast, mills] = 1, 2; 3, 4; ~~|", [[1, np.nan], [3, np.nan]]),
    ],
)
def test_except_leaves_out_its_groups(tmp_path: Path, text: str, expected: list[list[float]]) -> None:
    """Elements, ranges and both together; what has no equation is missing."""
    found = sd.simulate(loaded(tmp_path, RANGES + text))["x"].isel(time=0).values
    np.testing.assert_array_equal(found[: len(expected), : len(expected[0])], expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x[region] = a[region] * b[farms] ~~|", [10, 20, 30]),
        ("x[coast] = a[coast] ~~|", [1, 3]),
        ("x[region] = c[region, region2] ~~|", [11, 22, 33]),
        ("x[region] = c[region, region] ~~|", [11, 22, 33]),
        ("x[sector] = SUM(a[region!]) * b[sector] ~~|", [60, 120]),
        ("x[sector] = SUM(a[coast!] * b[sector]) ~~|", [40, 80]),
        ("x[region] = SUM(a[region!] * a[region]) ~~|", [6, 12, 18]),
        ("x[region] = SUM(d[region, sector!, region2!]) ~~|", [180, 360, 540]),
        ("x[sector] = SUM(a[region!] * SUM(a[region!] * b[sector])) ~~|", [360, 720]),
        ("x[region] = VMAX(d[region, sector!, north]) - VMIN(d[region, sector!, north]) ~~|", [10, 20, 30]),
        ("x[region] = PROD(a[coast!]) ~~|", [3, 3, 3]),
        ("x[coast] = e[shore] ~~|", [5, 6]),
        ("x[shore] = a[coast] ~~|", [1, 3]),
        ("x[country] = f[bloc] ~~|", [7, 7, 8]),
        ("x[only] = SUM(g[only!]) + g[only] ~~|", [4]),
    ],
)
def test_subscripts_on_the_right(tmp_path: Path, text: str, expected: list[float]) -> None:
    """Fixed, moved, reduced, twice the same range, parts of a range, and ranges that correspond by mapping."""
    given = (
        "region2 <-> region ~~|\ncoast: north, west -> shore ~~|\nshore: sand, rock ~~|\ncountry: c1, c2, c3 ~~|"
        "\nbloc: b1, b2 -> (country: pair, c3) ~~|\npair: c1, c2 ~~|\nonly: one ~~|\ng[only] = 2 ~~|"
        "\na[region] = 1, 2, 3 ~~|\nb[sector] = 10, 20 ~~|\nc[region, region2] = a[region] + 10 * a[region2] ~~|"
        "\nd[region, sector, region2] = a[region] * b[sector] * a[region2] ~~|"
        "\ne[shore] = 5, 6 ~~|\nf[bloc] = 7, 8 ~~|\n"
    )
    ranges = "region: north, south, west ~~|\nsector: farms, mills ~~|\n"
    run = sd.simulate(loaded(tmp_path, ranges + given + text))
    assert run["x"].isel(time=0).values.tolist() == expected


def test_a_subrange_on_the_left_lives_in_its_full_dimension(tmp_path: Path) -> None:
    """Where other equations give the other elements; alone it is a dimension of its own."""
    text = f"{RANGES}a[coast] = 1 ~~|\na[south] = 2 ~~|\nb[coast] = 3 ~~|"
    system = loaded(tmp_path, text)
    assert system["a"].dimensions == ("region",)
    assert system["b"].dimensions == ("coast",)
    assert not system.dimensions["coast"].full


def test_elements_of_one_dimension_twice_on_the_left_get_a_copy(tmp_path: Path) -> None:
    """The elements stay the same; the copy is numbered."""
    cells = "\n".join(
        f"a[{one}, {two}] = {i}{j} ~~|"
        for i, one in enumerate(("farms", "mills"), 1)
        for j, two in enumerate(("farms", "mills"), 1)
    )
    system = loaded(tmp_path, RANGES + cells)
    assert system["a"].dimensions == ("sector", "sector 1")
    assert sd.simulate(system)["a"].isel(time=0).values.tolist() == [[11, 12], [21, 22]]


# --- macros -----------------------------------------------------------------------------------------------------------


def test_every_call_of_a_macro_is_a_copy(tmp_path: Path) -> None:
    """Also two calls in one equation, and calls of a macro that calls another."""
    text = f"{MACRO}:MACRO: TWICE(x)\nTWICE = 2 * FILL(x, wait) ~~|\nwait = 5 ~~|\n:END OF MACRO:\n"
    text += "a = FILL(1, 2) + FILL(1, 3) ~~|\nb = TWICE(1) + TWICE(10) ~~|\nc = FILL(FILL(1, 2), 3) ~~|"
    run = sd.simulate(loaded(tmp_path, text)).isel(time=0)
    assert float(run["a"]) == 5
    assert float(run["b"]) == 110
    assert float(run["c"]) == 6


def test_a_macro_spreads_over_the_axes_of_its_arguments(tmp_path: Path) -> None:
    """Those of the left-hand side and those of a reduction around the call."""
    text = (
        "k[region] = 1, 2, 3 ~~|\nl[sector] = 2, 4 ~~|\na[region, sector] = FILL(k[region], l[sector]) ~~|"
        "\nb = SUM(FILL(k[region!], l[farms])) ~~|"
    )
    run = sd.simulate(loaded(tmp_path, MACRO + RANGES + text)).isel(time=-1)
    assert run["a"].values.tolist() == [[2, 4], [4, 8], [6, 12]]
    assert float(run["b"]) == 12


def test_macros_see_the_time_and_the_names_with_a_dollar(tmp_path: Path) -> None:
    """`name$` is the variable of the main model, as in Vensim; control variables need no dollar."""
    text = ":MACRO: P(x)\nP = x * Time$ + TIME STEP + TIME STEP$ + growth$ + Time ~~|\n:END OF MACRO:\n"
    run = sd.simulate(loaded(tmp_path, f"{text}growth = 100 ~~|\na = P(3) ~~|"))
    assert float(run["a"][-1]) == 3 * 4 + 0.5 + 0.5 + 100 + 4


# --- faults -----------------------------------------------------------------------------------------------------------

MARKED = "a: a1, a2 ~~|\nk[a] = 1 ~~|\n"
UNBOUND = Fault("'a!' stands outside of SUM, PROD, VMIN and VMAX.", "x", "case.mdl", 3, "Leave out the mark.")
FAULTS = {
    "undefined": (
        "population = 1 ~~|\nx = populaton + 1 ~~|",
        Fault("it refers to 'populaton', which is not defined.", "x", "case.mdl", 2, "Did you mean 'population'?"),
    ),
    "undefined, nothing near": ("x = qqq ~~|", Fault("it refers to 'qqq', which is not defined.", "x", "case.mdl", 1)),
    "unknown function": (
        "x = SQRTT(4) ~~|",
        Fault("SQRTT is not known.", "x", "case.mdl", 1, "Did you mean 'SQRT'?", "SQRTT"),
    ),
    "unsupported function": (
        "\nx = RANDOM UNIFORM(0, 1, 2) ~~|",
        Fault(
            "RANDOM UNIFORM cannot be compiled: draws of PySD, Vensim and Stella differ from each other, so no run "
            "could be compared with them.",
            "x",
            "case.mdl",
            1,
            "PySD has it (--engine pysd), if it has all else of the file; or rewrite the equation.",
            "RANDOM UNIFORM",
        ),
    ),
    "too few arguments": (
        "x = MAX(1) ~~|",
        Fault("MAX takes 2 arguments, but 1 are given.", "x", "case.mdl", 1),
    ),
    "too many arguments": (
        "x = 1 ~~|\ny = XIDZ(1, 2, 3, 4) ~~|",
        Fault("XIDZ takes 3 arguments, but 4 are given.", "y", "case.mdl", 2),
    ),
    "unknown subscript on the left": (
        "region: north, south ~~|\nx[regio] = 1 ~~|",
        Fault("there is no subscript 'regio'.", "x", "case.mdl", 2, "Did you mean 'region'?"),
    ),
    "unknown subscript on the right": (
        "region: north, south ~~|\nx[region] = 1 ~~|\ny = x[nort] ~~|",
        Fault("'nort' is not an element of 'region'.", "y", "case.mdl", 3, "Did you mean 'north'?"),
    ),
    "range that reaches beyond": (
        "a: a1, a2, a3 ~~|\npart: a1, a2 ~~|\nx[part] = 1 ~~|\ny[a] = x[a] ~~|",
        Fault("'a3' of 'a' is not an element of 'part'.", "y", "case.mdl", 4),
    ),
    "sum that reaches beyond": (
        "a: a1, a2, a3 ~~|\npart: a1, a2 ~~|\nx[part] = 1 ~~|\ny = SUM(x[a!]) ~~|",
        Fault("'a3' of 'a' is not an element of 'part'.", "y", "case.mdl", 4),
    ),
    "elements of two ranges": (
        "a: a1, a2 ~~|\nb: b1, b2 ~~|\nx[a1] = 1 ~~|\nx[b1] = 2 ~~|",
        Fault("no subscript range holds all of a1, b1.", "x", "case.mdl", 3),
    ),
    "one range twice on the left": (
        "a: a1, a2 ~~|\nx[a, a] = 1 ~~|",
        Fault(
            "one range stands twice in [a, a].",
            "x",
            "case.mdl",
            2,
            "Take a second range with the same elements for one of the places.",
        ),
    ),
    "subscript in no axis": (
        "a: a1, a2 ~~|\nb: b1, b2, b3 ~~|\nx[a] = 1 ~~|\ny[b] = x[a] ~~|",
        Fault(
            "the subscript 'a' does not stand on the left-hand side.",
            "y",
            "case.mdl",
            4,
            "Sum over it with a!, or map it to a range of the left-hand side.",
        ),
    ),
    "array without subscripts": (
        "a: a1, a2 ~~|\nx[a] = 1 ~~|\ny = x + 1 ~~|",
        Fault("'x' is an array over a, but no subscripts are given.", "y", "case.mdl", 3),
    ),
    "array without subscripts in a sum": (
        "a: a1, a2 ~~|\nb: b1, b2 ~~|\nx[a] = 1 ~~|\nz[b] = 1 ~~|\ny = SUM(x * z[b!]) ~~|",
        Fault("'x' is an array over a, but no subscripts are given.", "y", "case.mdl", 5),
    ),
    "too few subscripts": (
        "a: a1, a2 ~~|\nb: b1, b2 ~~|\nx[a, b] = 1 ~~|\ny = x[a1] ~~|",
        Fault("'x' has 2 subscripts, but 1 are given.", "y", "case.mdl", 4),
    ),
    "equations with different subscripts": (
        "a: a1, a2 ~~|\nx[a1] = 1 ~~|\nx = 2 ~~|",
        Fault("its equations have different numbers of subscripts.", "x", "case.mdl", 2),
    ),
    "numbers that do not fit": (
        "a: a1, a2, a3 ~~|\nx[a] = 1, 2 ~~|",
        Fault(
            "2 numbers are given for 3 elements.",
            "x",
            "case.mdl",
            2,
            "Give one number for each element, rows ended by ';'.",
        ),
    ),
    "two equations": (
        "x = 1 ~~|\n\nX = 2 ~~|",
        Fault(
            "another equation, on line 1, defines the same.",
            "x",
            "case.mdl",
            3,
            "Remove one of them, or leave elements out with :EXCEPT:.",
        ),
    ),
    "two equations of one element": (
        "a: a1, a2 ~~|\nx[a] = 1 ~~|\nx[a2] = 2 ~~|",
        Fault(
            "another equation, on line 2, defines the same.",
            "x",
            "case.mdl",
            3,
            "Remove one of them, or leave elements out with :EXCEPT:.",
        ),
    ),
    "EXCEPT of another dimension": (
        "a: a1, a2 ~~|\nb: b1 ~~|\nx[a] :EXCEPT: [b] = 1 ~~|",
        Fault("'b' is no part of 'a'.", "x", "case.mdl", 3),
    ),
    "EXCEPT with too many subscripts": (
        "a: a1, a2 ~~|\nx[a] :EXCEPT: [a1, a2] = 1 ~~|",
        Fault(":EXCEPT: lists groups of other than 1 subscripts.", "x", "case.mdl", 2),
    ),
    "mapping to nothing": (
        "x = 1 ~~|\na: a1, a2 -> b ~~|",
        Fault("it is mapped to 'b', which is no subscript range.", "a", "case.mdl", 2),
    ),
    "mapping of another length": (
        "a: a1, a2 -> (b: b1, b2, b3) ~~|\nb: b1, b2, b3 ~~|",
        Fault(
            "the mapping to 'b' lists 3 elements for 2.", "a", "case.mdl", 1, "List one element or subrange for each."
        ),
    ),
    "copy of nothing": (
        "a <-> b ~~|",
        Fault("it copies the subscript range 'b', which is not defined.", "a", "case.mdl", 1),
    ),
    "ranges in each other": (
        "a: b, c ~~|\nb: a, d ~~|",
        Fault("the subscript ranges a, b contain each other.", "a", "case.mdl", 1),
    ),
    "two ranges of one name": (
        "a: a1, a2 ~~|\nA: b1 ~~|",
        Fault("another subscript range has this name.", "A", "case.mdl", 2, "Rename one of them."),
    ),
    "table without argument": (
        "t((0,0),(1,1)) ~~|\nx = t ~~|",
        Fault("'t' is a table.", "x", "case.mdl", 2, "Read it at an argument: t(x)."),
    ),
    "table with two arguments": (
        "t((0,0),(1,1)) ~~|\nx = t(1, 2) ~~|",
        Fault("the table 't' takes 1 argument, but 2 are given.", "x", "case.mdl", 2),
    ),
    "argument of no table": (
        "a = 1 ~~|\nx = a(2) ~~|",
        Fault("'a' is no table, so it has no arguments.", "x", "case.mdl", 2, "Is an operator missing?"),
    ),
    "the time redefined": (
        '"Time" = 3 ~~|',
        Fault("Time is the time of the run; it has no equation.", '"Time"', "case.mdl", 1, "Take another name."),
    ),
    "data without values": (
        "x = 1 ~~|\ny ~~|",
        Fault(
            "the values of this data variable are not in the model file.",
            "y",
            "case.mdl",
            2,
            "Give a CSV or TAB file that has it: sd.load(..., data=['values.csv']).",
        ),
    ),
    "macro with too few arguments": (
        f"{MACRO}x = FILL(1) ~~|",
        Fault("the macro 'FILL' takes 2 arguments, but 1 are given.", "x", "case.mdl", 4),
    ),
    "macro without arguments": (
        f"{MACRO}x = FILL() ~~|",
        Fault("the macro 'FILL' takes 2 arguments, but 0 are given.", "x", "case.mdl", 4),
    ),
    "macro misspelt": (
        f"{MACRO}x = FIL(1, 2) ~~|",
        Fault("FIL is not known.", "x", "case.mdl", 4, "Did you mean 'FILL'?", "FIL"),
    ),
    "macro without its own equation": (
        ":MACRO: M(a)\nq = a ~~|\n:END OF MACRO:\nx = M(1) ~~|",
        Fault("the macro 'M' has no equation for its own name.", "x", "case.mdl", 4),
    ),
    "macro with a fault": (
        ":MACRO: M(a)\nM = aa ~~|\n:END OF MACRO:\nx = M(1) ~~|",
        Fault("it refers to 'aa', which is not defined.", "x: M: M", "case.mdl", 2),
    ),
    "macro over two axes of one range": (
        f"{MACRO}a: a1, a2 ~~|\nk[a] = 1 ~~|\nx[a] = SUM(FILL(k[a!], k[a])) ~~|",
        Fault("the ranges a!, a meet in one call of 'FILL'.", "x", "case.mdl", 6),
    ),
    "VECTOR SELECT with an unknown action": (
        "a: a1, a2 ~~|\nk[a] = 1 ~~|\nx = VECTOR SELECT(k[a!], k[a!], 0, 11, 0) ~~|",
        Fault("VECTOR SELECT has the numerical action 11; expected 0 to 10.", "x", "case.mdl", 3),
    ),
    "macro whose input has an equation": (
        ":MACRO: M(a)\na = 2 ~~|\nM = a ~~|\n:END OF MACRO:\nx = M(1) ~~|",
        Fault("it is an input of the macro; it has no equation.", "a", "case.mdl", 2, "Take another name."),
    ),
    "VECTOR SELECT with a missing action": (
        "a: a1, a2 ~~|\nk[a] = 1 ~~|\nx = VECTOR SELECT(k[a!], k[a!], 0, :NA:, 0) ~~|",
        Fault("VECTOR SELECT has the numerical action -6.49037e+32; expected 0 to 10.", "x", "case.mdl", 3),
    ),
    "mark outside of a reduction": (f"{MARKED}x = k[a!] + SUM(k[a!]) ~~|", UNBOUND),
    "mark in a delay": (f"{MARKED}x = DELAY1(k[a!], 2) ~~|", UNBOUND),
    "mark in a flow": (f"{MARKED}x = INTEG(k[a!], 2) ~~|", UNBOUND),
    "mark in an initial value": (f"{MARKED}x = INTEG(2, k[a!]) ~~|", UNBOUND),
    "mark in an active initial value": (f"{MARKED}x = ACTIVE INITIAL(2, k[a!]) ~~|", UNBOUND),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_says_where_what_and_what_to_do(tmp_path: Path, case: str) -> None:
    """File, line, variable, what was found, what is expected, and the nearest name of a misspelt one."""
    text, expected = FAULTS[case]
    kind = UnsupportedFunction if "known." in expected.found or "compiled" in expected.found else InvalidModel
    assert faults(kind, lambda: loaded(tmp_path, text.strip("\n"))) == (expected,)


def test_a_variable_with_too_many_elements_is_refused(tmp_path: Path) -> None:
    """Before anything of its size is made."""
    ranges = "".join(f"d{n}: (e{n}a1-e{n}a1000) ~~|\n" for n in range(3))
    (fault,) = faults(InvalidModel, lambda: loaded(tmp_path, f"{ranges}x[d0, d1, d2] = 1 ~~|"))
    assert fault.found == "it has 1000000000 elements; at most 1000000 are allowed."
    assert fault.advice == "Use fewer or smaller dimensions."
    assert (fault.variable, fault.line) == ("x", 4)


def test_a_data_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """It is not enough to say that the values are missing."""
    (tmp_path / "v.csv").write_text("time,y\n0,1\n", encoding="utf-8")
    (fault,) = faults(UnreadableModel, lambda: loaded(tmp_path, "y ~~|", data=[tmp_path / "v.csv"]))
    assert fault.found.startswith("v.csv: cannot read the file beside the model: ")
    assert "'Time'" in fault.found
    assert (fault.file, fault.line, fault.variable) == ("case.mdl", 1, "y")


def test_a_macro_that_calls_itself_is_refused(tmp_path: Path) -> None:
    """After some copies, in words."""
    text = ":MACRO: M(a)\nM = M(a) ~~|\n:END OF MACRO:\nx = M(1) ~~|"
    (fault,) = faults(InvalidModel, lambda: loaded(tmp_path, text))
    assert fault.found.startswith("the macro 'M' calls itself")
    assert fault.line == 2


def test_an_expression_may_be_as_deep_as_a_file_allows(tmp_path: Path) -> None:
    """A hundred brackets in one another, with several operators in each, also in a macro that another one calls."""
    deep = f"{'1 + 2 * 0 ^ (' * 98}{{}}{')' * 98}"
    text = f":MACRO: M(a)\nM = {deep.format('a')} ~~|\n:END OF MACRO:\nx = {deep.format('M(1)')} ~~|"
    assert float(sd.simulate(loaded(tmp_path, text))["x"][0]) == 1


def test_macros_that_call_each_other_too_deeply_are_refused(tmp_path: Path) -> None:
    """With the variable that calls the first of them."""
    macros = "".join(f":MACRO: M{i + 1}(a)\nM{i + 1} = M{i}(a) ~~|\n:END OF MACRO:\n" for i in range(200))
    text = f":MACRO: M0(a)\nM0 = a ~~|\n:END OF MACRO:\n{macros}x = M200(1) ~~|"
    (fault,) = faults(InvalidModel, lambda: loaded(tmp_path, text))
    assert fault.found.startswith("more than 100 macros call each other")
    assert fault.variable == "x"


def test_parts_in_one_another_beyond_the_stack_are_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As deep expressions in deep macros would be: Python's limit leaves fewer calls than there are parts."""

    @contextmanager
    def shallow() -> Iterator[None]:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(len(inspect.stack(0)) + 98 * 4)
        try:
            yield
        finally:
            sys.setrecursionlimit(limit)

    monkeypatch.setattr(flattening, "deep", shallow)
    text = f"y = 1 ~~|\nx = {'ABS(1 + 2 * 0 ^ ' * 98}y{')' * 98} ~~|"
    (fault,) = faults(InvalidModel, lambda: loaded(tmp_path, text))
    assert "too many parts in one another" in fault.found
    assert (fault.variable, fault.line) == ("x", 2)


def test_all_faults_come_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    """One error, its class that of the gravest fault, its text a line for each."""
    text = "a = b ~~|\nc = RANDOM NORMAL(0, 1, 0, 1, 3) ~~|\nd = MIN(1) ~~|\ne = 1 ~~|\nf = g + h ~~|"
    with pytest.raises(ModelError) as caught:
        loaded(tmp_path, text)
    assert type(caught.value) is InvalidModel
    assert [(fault.line, fault.variable) for fault in caught.value.faults] == [(1, "a"), (2, "c"), (3, "d"), (5, "f")]
    lines = str(caught.value).splitlines()
    assert lines[0] == "case.mdl:1, \"a\": it refers to 'b', which is not defined."
    assert len(lines) == 4


def test_equations_that_cannot_be_read_come_together(tmp_path: Path) -> None:
    """With the text at which reading stopped."""
    text = 'a = 1 + ~~|\nb = 2 ~~|\nc = (3 ~~|\n"d, " = MAX(1,,2)) ~~|\nt(1,2,3) ~~|'
    found = faults(UnreadableModel, lambda: loaded(tmp_path, text))
    assert [(fault.line, fault.variable) for fault in found] == [(1, "a"), (3, "c"), (4, '"d, "'), (5, "t")]
    assert all(fault.found.startswith("cannot read '") for fault in found)
    assert "parentheses" in found[0].advice


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("x = 1", 1, "the text 'x = 1 INITIAL TIME = 0' does not end with '~ unit ~ comment |'."),
        ("y = 1 ~~|\n\nx = 1 ~ unit ~ cut", 3, "the text 'x = 1' does not end with '~ unit ~ comment |'."),
        (":MACRO: M(a)\nM = a ~~|\nx = 1 ~~|", 0, "the macro 'M' is not closed."),
    ],
)
def test_a_file_that_is_cut_off_is_no_model(tmp_path: Path, text: str, line: int, found: str) -> None:
    """Neither in an equation nor in a macro."""
    controls = "" if line == 3 else "INITIAL TIME = 0" if line == 1 else "FINAL TIME = 1 ~~|"
    (fault,) = faults(UnreadableModel, lambda: loaded(tmp_path, text, controls=controls))
    assert found in fault.found
    assert line in (0, fault.line)
    assert fault.file == "case.mdl"


def test_mixed_logic_is_read_as_vensim_does_and_noted(tmp_path: Path) -> None:
    """AND binds before OR; PySD reads from the right."""
    text = "x = IF THEN ELSE(1 = 1 :OR: 1 = 1 :AND: 1 = 0, 5, 6) ~~|"
    system = loaded(tmp_path, text)
    assert float(sd.simulate(system)["x"][0]) == 5
    assert any("as in Vensim" in note for note in system.notes)


def test_a_subscript_keeps_range_and_axis(tmp_path: Path) -> None:
    """A part of a range moves along the part, an element is fixed, a mark makes an axis of the reduction."""
    system = loaded(tmp_path, f"{RANGES}a[region] = 1 ~~|\nb[coast] = a[coast] + a[south] + SUM(a[coast!]) ~~|")
    expr = system["b"].equations[0].definition
    assert not isinstance(expr, Values | Series)
    assert [ref.subscripts for ref in refs(expr)] == [
        (Subscript("coast", "coast"),),
        (Subscript("south"),),
        (Subscript("coast", "coast!"),),
    ]


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("GET DATA BETWEEN TIMES(d, Time, 1)", "table(Time + 1)"),
        ("LOOKUP INVERT(d, Time)", "table of its own"),
        ("RANDOM TRIANGULAR(0, 1, 0, 0.5, 1, 7)", "mean"),
        ("NO SUCH THING AT ALL(1)", "PySD has it not either"),
    ],
)
def test_what_pysd_has_not_either_gets_other_advice(tmp_path: Path, call: str, advice: str) -> None:
    """Functions of Vensim are known by name; nobody is sent to PySD with them, which would send them back."""
    (fault,) = faults(UnsupportedFunction, lambda: loaded(tmp_path, f"d((0,0),(4,8)) ~~|\nx = {call} ~~|"))
    assert advice in fault.advice
    assert "--engine" not in fault.advice
