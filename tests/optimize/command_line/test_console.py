"""What people read: numbers of one row in one form, no terminal codes from model files, errors with one advice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from rich.cells import cell_len

from optimize.calibration.tables import Tables
from optimize.command_line.console import (
    number_texts,
    print_calibration,
    print_result,
    print_run,
    print_screening,
    printable,
    tell_error,
)
from optimize.results.tables import Table
from optimize.runs.selection import Row
from optimize.screening.report import Tables as Screened
from sd_models.errors import Fault, InvalidRequest


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.50331, 0.6], ["0.5033", "0.6000"]),
        ([1.0, 2.0], ["1", "2"]),
        ([1234.5, 0.25], ["1,234", "0"]),
        ([12.5, -0.125], ["12.50", "-0.12"]),
        ([0.0, 0.0], ["0", "0"]),
        ([0.0, 1.5e-7], ["0", "1.500e-07"]),
        ([3.2e9, 1.0], ["3.200e+09", "1.000e+00"]),
        ([math.nan, 2.0], ["-", "2"]),
        ([math.inf, 0.5], ["inf", "0.5000"]),
    ],
)
def test_numbers_of_a_row_share_their_decimals(values: list[float], texts: list[str]) -> None:
    """Four digits of the largest; very small and very large rows have exponents."""
    assert number_texts(values) == texts


def test_control_characters_of_a_model_never_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A name may hold codes that clear the screen, and marks that turn the direction of reading."""
    assert printable("a\x1b[2Jb\nc\u202ed") == "a?[2Jb c?d"
    print_run("title\x1b[2J", [0.0], [Row("name\x1b]0;x\x07[bold]", "m\x1b", np.array([1.0]))], [])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "[bold]" in printed


@pytest.mark.parametrize("width", ["20", "80", "200"])
def test_a_path_is_never_broken_into_two_lines(
    width: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor parted from the word before it, in a terminal of any width: people copy it. Titles and tables are wrapped."""
    monkeypatch.setenv("COLUMNS", width)
    written = f"Written: /home/{'long-' * 30}/of mine/run.nc (4 files)"
    rows = [Row("water", "m3", np.array([1.0]))]
    for show in (
        lambda: print_run("a title " * 20, [0.0], rows, [written]),
        lambda: print_result(["a verdict"], [], [], [written]),
        lambda: print_calibration(
            Tables("fish", ("a fact",), (), (), (), (), ""), (("", "", "", "", ""), ("",), ("",)), [written]
        ),
        lambda: print_screening(Screened("lake", ("parameter", "range"), ()), [written]),
    ):
        show()
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1] == written
        assert all(len(line) <= int(width) for line in lines[:-1])


RESULTS = [f"a plan with a long name {number}" for number in range(1, 7)]
LONG = Table(
    "What comes of it",
    ("", "unit", "no policy", *RESULTS, *(f"{name} - {RESULTS[0]}" for name in RESULTS[1:])),
    (
        ("Income of townspeople", "thousand yuan a person and year", *(f"{1000 + n:,}.25" for n in range(12))),
        ("城镇居民收入", "%", *(f"{n}.5e-07" for n in range(12))),
    ),
    12,
)
LIMITS = Table(
    "Limits", ("", *RESULTS), (("floor of the upper valley", *["kept (1,234.5 of 2,000), Henan 2031"] * 6),), 0
)


@pytest.mark.parametrize("width", [20, 40, 80, 120, 400])
@pytest.mark.parametrize("table", [LONG, LIMITS])
def test_a_table_that_is_too_wide_comes_in_blocks(
    width: int, table: Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the names of its rows; no number, no word of a name and no title is cut, whatever the width."""
    monkeypatch.setenv("COLUMNS", str(width))
    print_result((), [table], (), ())
    printed = capsys.readouterr().out
    words = [word for row in table.rows for cell in row for word in cell.split()]
    assert all(
        word in printed.split() for word in (*words, *(word for title in table.headers for word in title.split()))
    )
    rules = [line for line in printed.splitlines() if line.startswith("─")]
    assert printed.split().count(table.rows[0][0].split()[0]) == len(rules)
    assert (len(rules) == 1) == (width == 400)
    if width >= 80:
        assert all(cell_len(line) <= width for line in printed.splitlines())


def test_faults_that_share_their_advice_give_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten equal sentences are no help."""
    faults = [Fault("is wrong.", name, "m.mdl", 3, "Mend it.") for name in ("a", "b")]
    tell_error(InvalidRequest(faults))
    assert capsys.readouterr().err.splitlines() == [
        'InvalidRequest: m.mdl:3, "a": is wrong.',
        'InvalidRequest: m.mdl:3, "b": is wrong.',
        "Mend it.",
    ]
