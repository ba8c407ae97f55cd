"""Small models for the command line: one that runs, one that only PySD can run, one that stops."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import islands

import optimize as opt
import sd_models as sd
from sd_models.system.model import System

CONTROL = """
INITIAL TIME = 0 ~ Year ~ |
FINAL TIME = 4 ~ Year ~ |
TIME STEP = 1 ~ Year ~ |
SAVEPER = TIME STEP ~ Year ~ |
"""

LAKES = """{UTF-8}
region: north, south, east ~~|
coast: south, east ~~|
inflow[region] = 4, 6, 8 ~ m3/Year ~ Water that arrives. |
loss rate = 0.1 ~ 1/Year ~ Share that seeps away. |
loss[region] = loss rate * water[region] ~ m3/Year ~|
water[region] = INTEG(inflow[region] - loss[region], first water) ~ m3 ~ Water in the lakes. |
first water = 10 ~ m3 ~|
total water = SUM(water[region!]) ~ m3 ~ Water in all lakes. |
price$ = 2 + Time ~ $/m3 ~ |
"""

ALLOCATED = """{UTF-8}
user: a, b ~~|
request[user] = 3, 5 ~~|
profile[user, pprofile] = 1, 1, 1, 0; 1, 2, 1, 0; ~~|
pprofile: ptype, ppriority, pwidth, pextra ~~|
supply = 6 ~~|
shipments[user] = ALLOCATE AVAILABLE(request[user], profile[user, ptype], supply) ~~|
noise = RANDOM NORMAL(0, 1, 0, 1, 0) ~~|
"""

STOPPING = """{UTF-8}
left = INTEG(-1, 2) ~ t ~|
share = 1 / left ~ 1/t ~|
"""


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed does not depend on the terminal that the tests run in."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the models of this file."""
    path = tmp_path_factory.mktemp("models")
    for name, text in (("lakes", LAKES), ("allocated", ALLOCATED), ("stopping", STOPPING)):
        (path / f"{name}.mdl").write_text(text + CONTROL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def lakes_file(folder: Path) -> Path:
    """A model with one dimension that runs."""
    return folder / "lakes.mdl"


@pytest.fixture(scope="session")
def lakes(lakes_file: Path) -> System:
    """The same model, loaded."""
    return sd.load(lakes_file)


@pytest.fixture(scope="session")
def islands_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with two dimensions, levers and limits."""
    path = tmp_path_factory.mktemp("islands") / "islands.mdl"
    path.write_text(islands.MODEL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def islands_system(islands_file: Path) -> System:
    """The same model, loaded."""
    return sd.load(islands_file)


# Results are frozen, so that all tests may look at the same ones: solved once by each process.


@pytest.fixture(scope="session")
def islands_result(islands_system: System) -> opt.Result:
    """The small plan of this model, solved."""
    return opt.solve(opt.Problem(islands_system, opt.read_plan(islands.small_plan())))


@pytest.fixture(scope="session")
def urbanization_result() -> opt.Result:
    """The plan of the library's smallest model, which has tables of headlines and names, solved."""
    return opt.solve(opt.Problem(sd.load("urbanization"), opt.load_plan("urbanization")))
