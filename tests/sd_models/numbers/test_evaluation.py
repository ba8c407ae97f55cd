"""Values of variables at one time, computed by NumPy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.models import faults, loaded

from sd_models.errors import InvalidModel
from sd_models.numbers.evaluation import data_values, numbers

ARRAYS = """
a: a1, a2, a3 ~~|
part: a2, a3 -> early ~~|
early: a1, a2 ~~|
b: b1, b2 ~~|
k[a] = 1, 2, 4 ~~|
m[a, b] = 1, 2; 3, 4; 5, 6; ~~|
curve[a1]((0,0),(1,1)) ~~|
curve[a2]((0,5),(1,7)) ~~|
whole[a1]((0,0),(1,1)) ~~|
whole[a3]((0,5),(1,7)) ~~|
"""
NO = np.nan


@pytest.mark.parametrize(
    ("equation", "values"),
    [
        ("x[a, b] = m[a, b] * k[a]", [1, 2, 6, 8, 20, 24]),
        ("x[b, a] = m[a, b] - k[a]", [0, 1, 1, 1, 2, 2]),
        ("x[b] = SUM(m[a!, b] * k[a!])", [27, 34]),
        ("x = SUM(m[a!, b!]) + VMAX(k[a!])", [25]),
        ("x[a] :EXCEPT: [a2] = k[a]", [1, NO, 4]),
        ("x[a1] = 5 ~~|\nx[part] = x[early] * 2", [5, 10, 20]),
        ("x[a] = IF THEN ELSE(k[a] > 1, k[a], -1)", [-1, 2, 4]),
        ("x[a] = IF THEN ELSE(1 > 2, k[a], -1)", [-1, -1, -1]),
        ("x[a] = whole[a](0.5)", [0.5, NO, 6]),
        ("x[a, b] = curve[a2](m[a, b] / 4)", [5.5, 6, 6.5, 7, 7, 7]),
        ("x[a] = 1 / (k[a] - 2)", [-1, np.inf, 0.5]),
        ("x = LN(-1) + EXP(1000) + Time", [NO]),
        ("x = EXP(1000)", [np.inf]),
        ("x = Time * 2 + TIME STEP", [6.5]),
        ("x = INTEG(1, k[a2] + Time)", [5]),
        ("x = y ~~|\ny = INTEG(1, z) ~~|\nz = 4", [4]),
    ],
)
def test_values_at_a_time(tmp_path: Path, equation: str, values: list[float]) -> None:
    """Arrays are aligned by name; what has no number is infinite or NaN, without a warning."""
    system = loaded(tmp_path, f"{ARRAYS}{equation} ~~|")
    np.testing.assert_array_equal(numbers(system, ["x"], 3.0, 0.5)["x"], values)


def test_data_are_read_at_the_time(tmp_path: Path) -> None:
    """Of an array each element; what has no equation has no value."""
    (tmp_path / "beside.csv").write_text("Time,d\n0,1\n2,5\n")
    system = loaded(tmp_path, "d ~~|\nx = d * 2 ~~|", data=[tmp_path / "beside.csv"])
    assert numbers(system, ["x"], 1.5, 0.5)["x"] == [8]
    times = np.array([0.0, 0.5, 3.0])
    assert data_values(system, system["d"], times).tolist() == [[1], [2], [5]]


def test_a_circle_of_elements_is_an_error(tmp_path: Path) -> None:
    """As a sentence that names the circle."""
    system = loaded(tmp_path, f"{ARRAYS}x[a] = y[a] ~~|\ny[a] = x[a] ~~|")
    (fault,) = faults(InvalidModel, lambda: numbers(system, ["x"], 0.0, 0.5))
    assert "need each other at the same time" in fault.found


@pytest.mark.parametrize("argument", ["m[a, b]", "m[a1, b]", "1"])
def test_only_a_square_matrix_is_inverted(tmp_path: Path, argument: str) -> None:
    """The fault names the variable and its place."""
    left = {"m[a, b]": "x[a, b]", "m[a1, b]": "x[b]", "1": "x"}[argument]
    system = loaded(tmp_path, f"{ARRAYS}{left} = INVERT MATRIX({argument}, 2) ~~|")
    (fault,) = faults(InvalidModel, lambda: numbers(system, ["x"], 0.0, 0.5))
    assert fault.found == "INVERT MATRIX takes a whole matrix over two ranges of the same length."
    assert (fault.variable, fault.file) == ("x", "case.mdl")


def test_a_matrix_without_an_inverse_has_none(tmp_path: Path) -> None:
    """Others beside it have theirs."""
    text = (
        "a: a1, a2 ~~|\nb: b1, b2 ~~|\nc: c1, c2 ~~|\np[c1, a, b] = 1, 2; 2, 4; ~~|\np[c2, a, b] = 2, 0; 0, 4; ~~|\n"
        "x[c, a, b] = INVERT MATRIX(p[c, a, b], 2) ~~|"
    )
    found = numbers(loaded(tmp_path, text), ["x"], 0.0, 0.5)["x"]
    np.testing.assert_array_equal(found, [NO] * 4 + [0.5, 0, 0, 0.25])
