"""The table of solvers: what it says of each, and why one does not take a problem."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from optimize.solvers.choice import SOLVERS, named_solver
from optimize.solvers.rows import Limit, refusal
from optimize.solvers.traits import Size, Trait
from sd_models.errors import InvalidRequest


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_goes_by_its_name(name: str) -> None:
    """In results and on the command line."""
    if SOLVERS[name].version() is None:
        pytest.skip(f"{name} is not installed: {SOLVERS[name].install}")
    assert SOLVERS[name].make().name == name


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(InvalidRequest, match=r"there is no solver 'ipotp'\. Did you mean 'ipopt'"):
        named_solver("ipotp", {})


def test_options_of_others_are_passed_over() -> None:
    assert named_solver("sqp", {"tolerance": 1e-7, "colour": 3}) == SOLVERS["sqp"].make({"tolerance": 1e-7})


def test_a_refusal_says_what_is_missing() -> None:
    """Package, traits, then size."""
    row = SOLVERS["sqp"]
    assert refusal(row) is None
    missing = replace(row, package="no-such-package")
    assert refusal(missing) == "sqp is not installed. Install it: pip install no-such-package."
    assert refusal(replace(row, needs=("no_such_module",))) == f"sqp is not installed. Install it: {row.install}."
    smooth = replace(row, takes=frozenset())
    assert refusal(smooth, {Trait.KINKS, Trait.INTEGERS}) == (
        "sqp does not take this problem. It has whole numbers to decide and kinks."
    )
    small = replace(row, limit=Limit(variables=300, rows=200))
    assert refusal(small, size=Size(300, 200)) is None
    assert refusal(small, size=Size(3000, 201)) == (
        "sqp does not take this problem: beyond the free licence are its 3,000 variables (at most 300) "
        "and 201 constraints (at most 200)."
    )


def test_a_limit_of_a_licence_may_be_lower_for_harder_problems() -> None:
    """As Gurobi's and Xpress's are."""
    row = SOLVERS["gurobi"]
    assert row.limit is not None
    assert row.limit.excess(Size(2000, 2000)) == ""
    assert row.limit.excess(Size(201, 10), {Trait.CURVED}) == "201 variables (at most 200)"
    assert str(row.limit) == (
        "2,000 variables, 2,000 constraints; with functions that are neither linear nor quadratic or quadratic "
        "equations or limits or a quadratic objective 200 variables, 2,000 constraints"
    )


def test_a_solver_that_only_pyomo_knows_goes_by_its_name_there() -> None:
    """One that it does not find is told, one that it does not know gets the nearest."""
    pytest.importorskip("highspy")
    assert named_solver("appsi_highs", {}).name == named_solver("pyomo:appsi_highs", {}).name == "pyomo:appsi_highs"
    with pytest.raises(InvalidRequest, match=r"Pyomo knows the solver 'baron', but does not find it\. Install it"):
        named_solver("baron", {})
    with pytest.raises(InvalidRequest, match=r"Pyomo knows no solver 'barom'\. Did you mean 'baron'"):
        named_solver("pyomo:barom", {})


def test_a_program_in_the_current_folder_is_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan may name a solver and come with a program of that name."""
    (tmp_path / "baron").write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    (tmp_path / "baron").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidRequest, match="does not find it"):
        named_solver("pyomo:baron", {})
    assert not (tmp_path / "ran").exists()
