"""Where we follow Vensim or XMILE against PySD: every such model and variable, the reason, and the values by hand.

A test holds this table from both sides: a variable that stands here must differ from PySD's run, and one that differs
must stand here. Nothing else is left out of the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Values: TypeAlias = Sequence[Any]


@dataclass(frozen=True)
class Departure:
    """Expected values by variable, the saved times first, worked out by hand.

    Where PySD cannot read or run the file (`refused`), every variable but the control variables stands there.
    """

    reason: str
    expected: Mapping[str, Values]
    refused: bool = False


def refused(reason: str, **expected: Values) -> Departure:
    """A file that PySD cannot read or run; an underscore in a name stands for a blank."""
    return Departure(reason, _spelled(expected), refused=True)


def different(reason: str, **expected: Values) -> Departure:
    """A file that PySD runs with other values for these variables."""
    return Departure(reason, _spelled(expected))


def _spelled(expected: Mapping[str, Values]) -> dict[str, Values]:
    return {name.replace("__", ".").replace("_", " "): values for name, values in expected.items()}


def held(value: Any, count: int) -> list[Any]:
    """The same value at every saved time."""
    return [value] * count


DEPARTURES: Mapping[str, Departure] = {
    # --- Vensim -----------------------------------------------------------------------------------------------------
    "comments.mdl": refused(
        "Vensim takes {comments} anywhere in an equation; PySD's grammar knows none.",
        a=[2, 3, 4],
        b=[6, 9, 12],
        c=[7, 10, 13],
    ),
    "delay_n_into_a_stock.mdl": different(
        "A stock gathers what its inflow shows; PySD divides by the old or the new delay time as its objects fall.",
        arrived=[1, 6, 13.5, 13.5 + 20 / 3],
    ),
    "elements_in_circles.mdl": refused(
        "Elements of one variable may start from each other; PySD initializes whole variables.",
        x=[[8, 3, 8], [9, 3, 8], [9.75, 3, 8.5]],
    ),
    "except_alone.mdl": different(
        "What :EXCEPT: leaves out has no value; PySD forgets it where the variable has one equation only.",
        partly=[[1, np.nan, 1], [2, np.nan, 2], [3, np.nan, 3]],
    ),
    "numbers_in_arrays.mdl": refused(
        "A single value stands for every element of an array; PySD spreads Python's numbers, but not NumPy's.",
        level=[0, 2, 4],
        read=[[1, 1], [3, 3], [5, 5]],
        chosen=[[0, 0], [20, 2], [40, 4]],
        weight=held([1, 3], 3),
        smoothed=[[1, 1], [0.5, 0.5], [1.25, 1.25]],
    ),
    "lookups_beyond.mdl": refused(
        "Vensim reads tables beyond their ends, and without interpolation; PySD has none of these functions.",
        beyond=[-4, 0, 4, 8, 9, 10],
        before=[0, 0, 0, 8, 9, 9],
        next=[0, 8, 8, 9, 9, 9],
        plain=[0, 0, 4, 8, 9, 9],
        each=[[0, 1], [4, 2], [8, 3], [12, 4], [16, 5], [20, 6]],
    ),
    "data_bare.mdl": refused(
        "A variable without equation is data in Vensim; PySD's grammar wants a keyword.",
        rainfall=[1, 2, 3, 2.75, 2.5],
        visitors=[[100, 50], [105, 45], [110, 40], [115, 41.25], [120, 42.5]],
        lake=[10, 6, 5, 5.5, 5.5],
        all_visitors=[150, 150, 150, 156.25, 162.5],
    ),
    "element_recursion.mdl": refused(
        "Elements of one variable may follow from each other; PySD computes whole arrays and calls itself for ever.",
        inflow=[8, 9, 10],
        passing=[[8, 4, 2, 1], [9, 4.5, 2.25, 1.125], [10, 5, 2.5, 1.25]],
        left=[[8, 6, 4.5, 3.375], [9, 6.75, 5.0625, 3.796875], [10, 7.5, 5.625, 4.21875]],
        taken=[[2, 1.5, 1.125, 0.84375], [2.25, 1.6875, 1.265625, 0.94921875], [2.5, 1.875, 1.40625, 1.0546875]],
        descending=[[8, 4, 2, 1], [16, 8, 4, 2], [24, 12, 6, 3]],
    ),
    "fixed_delays_of_arrays.mdl": refused(
        "Every element may have a delay time of its own; PySD compares the whole array with one step.",
        signal=[[0, 0, 0], [1, 2, 3], [2, 4, 6], [3, 6, 9], [4, 8, 12], [5, 10, 15]],
        weight=held([1, 2, 3], 6),
        wait=held([1, 2, 4], 6),
        shared=[[9, 9, 9], [9, 9, 9], [0, 0, 0], [1, 2, 3], [2, 4, 6], [3, 6, 9]],
        own=[[-1, -2, -3], [0, -2, -3], [1, 0, -3], [2, 2, -3], [3, 4, 0], [4, 6, 3]],
    ),
    "macro_control.mdl": refused(
        "A macro sees the control variables of the model; PySD builds macros without them.",
        a=[4, 6, 8, 10],
        slow=[4, 4, 4.4, 5.12],
        fast=[8, 8, 12, 16],
        difference=[4, 0, -4, -11.6],
    ),
    "macro_delay.mdl": refused(
        "A macro may hold a delay; PySD builds it with a time step that macros have not.",
        signal=[10, 12, 14, 16],
        heard=[1, 6, 9.5, 12.25],
    ),
    "mapping_explicit.mdl": refused(
        "A mapping may list the elements that correspond; PySD takes them for more elements of the range.",
        output=held([1, 2, 3], 3),
        profit=[[30, 10, 20], [33, 11, 22], [36, 12, 24]],
    ),
    "power_of_a_negative_number.mdl": different(
        "(-3)^2 is 9; PySD loses the parentheses around a negative number.",
        in_parentheses=[9, 9, 9],
    ),
    "tables_flat.mdl": refused(
        "Old files write a table as all x, then all y, and one point is a table too; PySD knows lists of pairs only.",
        read_single=held(7, 5),
        read=[0, 0, 2, 2.5, 3],
        read_with_limits=[1, 2.5, 4, 4 - 2 / 3, 4 - 4 / 3],
        read_signed=[10, 0.5, -0.5, 2, 2],
    ),
    "tables_of_one_element.mdl": refused(
        "One element of a subscripted table may be read at an array of arguments; PySD reads it at one.",
        x=held([-1.5, 2], 3),
        a=[[1.5, 2.5], [6.5, 7.5], [6.5, 7.5]],
    ),
    "tables_steps.mdl": refused(
        "An x that stands twice is a step, from which on the second value holds; PySD wants every x once.",
        read=[0, 0.25, 0.5, 0.75, 5, 5.25, 5.5, 5.75, 6],
        read_two=[1, 1, 3, 3, 3, 3, 0, 0, 0],
    ),
    # --- XMILE ------------------------------------------------------------------------------------------------------
    "arithmetic_of_the_standard.xmile": refused(
        "The XMILE standard has MOD among products, //, IF inside expressions, {comments}, PI, LOG10, DT, STARTTIME "
        "and STOPTIME, and its minus binds as it says; PySD's grammar knows none of these.",
        minus_power=held(-4, 4),
        product_and_mod=held(2, 4),
        safe_quotient=[0, 0, 2, 1.5],
        inside=[41, 41, 21, 21],
        one_after_another=[1, 2, 3, 3],
        with_comment=[0, 2, 4, 6],
        circle=held(2 * np.pi, 4),
        logarithm=list(np.log([1, 2, 3, 4]) / np.log(10)),
        length_of_the_run=held(3, 4),
    ),
    "array_slices.xmile": refused(
        "XMILE has wildcards, numbered dimensions, lists of numbers, MEAN, SIZE and a first value for each element of "
        "a stock; PySD's grammar knows none of these.",
        pairs=[[[1, 2, 3], [t, 5, 6]] for t in (0, 1, 2)],
        rows=held([[1, 2, 3], [4, 5, 6]], 3),
        total=[17, 18, 19],
        of_a_region=[[6, 11], [6, 12], [6, 13]],
        of_plants=held(7, 3),
        mean=held(3.5, 3),
        count=held(3, 3),
        least=[0, 1, 2],
        level=[[1, 2], [2, 2], [3, 3]],
        gain=[[1, 0], [1, 1], [1, 2]],
        numbered=[[0, 0, 0], [10, 10, 10], [20, 20, 20]],
        second=[6, 16, 26],
    ),
    "extremes_of_many.xmile": refused(
        "MIN and MAX of XMILE take any number of values; PySD's one or two.",
        least=[2, 3, 3, 2],
        greatest=held(3, 4),
    ),
    "macro.xmile": refused(
        "XMILE has macros; PySD reads them in Vensim files only.",
        slow=[0, 0, 0.5, 1.375],
        twice=[2, 2, 2, 2.25],
    ),
    "modules.xmile": refused(
        "XMILE connects models by modules; PySD reads the first model only.",
        demand=[10, 11, 12],
        received=[4, 4.4, 4.8],
        supply__orders=[10, 11, 12],
        supply__store=[5, 7, 9.2],
        supply__shipped=[2, 2.2, 2.4],
    ),
    "previous.xmile": refused(
        "PREVIOUS breaks a circle; PySD calls itself for ever.",
        counter=[1, 2, 3, 4],
        before=[-7, 0, 1, 4],
        difference=[0, 1, 1, 1],
    ),
    "tables.xmile": different(
        "A discrete table holds each value up to the next point; PySD draws lines where it stands in an equation.",
        through_steps=[*held(0, 8), *held(2, 8), *held(3, 8), *held(-1, 25)],
    ),
    "tables_extrapolating.xmile": different(
        "An extrapolating table goes on beyond its ends; PySD ends it flat where it stands in an equation.",
        through=[-2, 0, 2, 3, 5, 7],
    ),
}
"""File name to what differs in it."""
