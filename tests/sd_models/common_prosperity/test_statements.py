"""What is said of the default plan's policy under other assumptions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.flagship import system

import sd_models as sd
from sd_models.common_prosperity import statements
from sd_models.common_prosperity.folder import HERE
from sd_models.common_prosperity.tables import LEVER

RANGES = pd.read_csv(HERE / "macro" / "parameters.csv").set_index("parameter")


def money(share: float) -> xr.DataArray:
    """A part of the even split, for four regions."""
    return share * sd.simulate(system("macro"), outputs=["even split"], time=statements.SPAN)["even split"]


def test_the_first_run_has_the_default_assumptions_and_draws_keep_to_their_ranges() -> None:
    cases, values = statements.assumptions(HERE / "macro")
    assert cases[0] == "default"
    assert len(cases) == len(set(cases)) == 1 + 3 * 2
    for name, found in values.items():
        assert len(found) == len(cases) + statements.DRAWS
        assert found[0] == RANGES.loc[name, "value"]
        assert RANGES.loc[name, "low"] <= found.min() <= found.max() <= RANGES.loc[name, "high"]
    moved = [name for name, found in values.items() if len(np.unique(found)) > 1]
    assert moved == list(values)


def test_one_closure_moves_at_a_time() -> None:
    cases, values = statements.assumptions(HERE / "macro")
    firsts = pd.DataFrame({name: found[: len(cases)] for name, found in values.items()}, index=cases)
    moved = firsts != firsts.loc["default"]
    assert moved.drop("default").sum(axis=1).eq(1).all()
    assert all(name.startswith(case.split()[0]) for case in cases[1:] for name in moved.columns[moved.loc[case]])


def test_no_money_brings_nothing_and_breaks_no_promise() -> None:
    """What is to be more is not, and what is to be kept is, but for the pledge, which needs money."""
    head, *rows = statements.statements(money(0.0), HERE / "macro")
    found = {row[0]: row[1:] for row in rows}
    assert len(head) == 1 + 7 + 1
    assert all(len(row) == len(head) for row in rows)
    for statement, (*cases, draws) in found.items():
        if statement.startswith("No province"):
            assert (set(cases), draws) == ({"yes"}, str(statements.DRAWS))
        elif not statement.startswith("Emissions keep"):
            assert set(cases) == {"**no**"}


def test_an_even_split_is_no_better_than_itself() -> None:
    """And better than nothing under every assumption."""
    _, *rows = statements.statements(money(1.0), HERE / "macro")
    found = {row[0]: row[1:] for row in rows}
    assert set(found["The index is higher than with the even split"]) == {"**no**", "0"}
    assert found["The index is higher than without the policy"][-1] == str(statements.DRAWS)


def test_the_nation_and_those_behind_are_told() -> None:
    tables = {name: list(rows) for name, rows in statements.outcomes(money(1.0), HERE / "macro").items()}
    head, *rows = tables["policy"]
    assert head[1:] == ("2030", "2035", "2040", "end of 2050")
    assert [row[0] for row in rows] == [shown for shown, *_ in statements.NATION.values()]
    for row in rows:
        for cell in row[1:]:
            _, even, policy = cell.split(", ") if cell.count(", ") == 2 else ("", "", "")
            assert policy == f"**{even}**"
    _, *behind = tables["behind"]
    gains = [float(row[1]) for row in behind]
    assert gains == sorted(gains)
    assert len(behind) == 4  # of four regions there are no five


def test_the_lever_is_that_of_the_plan() -> None:
    assert LEVER in system("macro").variables


def test_what_is_no_result_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before a page is touched."""
    with pytest.raises(SystemExit):
        statements.main([str(tmp_path)])
    assert "no result of the flagship's plan" in capsys.readouterr().err
