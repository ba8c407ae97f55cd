"""What costs time is loaded when it is used: nobody waits for a solver to read a plan or to see the help."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = frozenset(("casadi", "llvmlite", "pysd", "pyomo"))
# Beside these, what only some models or some results need.
HEAVIER = HEAVY | {"xarray", "pandas", "scipy", "matplotlib", "highspy", "pint"}


def loaded(code: str) -> set[str]:
    """The packages that a program loads, in a process of its own."""
    told = f"{code}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "foreign"),
    [
        ("import sd_models", HEAVIER | {"numpy", "pydantic"}),
        ("import optimize", HEAVIER | {"numpy", "pydantic"}),
        ("import optimize as opt; opt.load_plan('common_prosperity')", HEAVIER | {"numpy"}),
        ("import optimize as opt; opt.Plan", HEAVIER | {"numpy"}),
        ("import sd_models as sd; sd.Measure, sd.Outcome", HEAVIER | {"numpy"}),
        ("import sd_models as sd; sd.TimeSpan, sd.System", HEAVIER),
        ("import sd_models.rewrites, sd_models.numbers.evaluation, sd_models.targets.table", HEAVIER),
        ("import sd_models as sd; sd.library(); sd.latex", HEAVIER),
        ("import optimize as opt; opt.Headline, opt.headline_outcomes; import optimize.headlines.names", HEAVIER),
        ("import sd_models as sd; sd.simulate(sd.load('urbanization'))", frozenset(("networkx",))),
    ],
)
def test_a_name_loads_what_it_needs(code: str, foreign: frozenset[str]) -> None:
    """A plan is read, a time span given, a system rewritten without a word of CasADi, PySD or Pyomo."""
    assert sorted(loaded(code) & foreign) == []


def test_what_loads_is_seen() -> None:
    """The test above can fail."""
    assert {"casadi", "numpy"} <= loaded("import sd_models as sd; sd.compile")


@pytest.mark.parametrize("package", ["sd_models", "optimize"])
def test_a_package_is_there_within_a_third_of_a_second(package: str) -> None:
    """Of a processor, with Python's own start: other work on the machine does not count."""

    def seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", f"import {package}"], check=True, timeout=60)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.3
