"""Pages are tested in a browser; the model of most is the islands."""

from __future__ import annotations

import pytest
from support import islands
from support.accessibility import axe
from support.browser import browser, page

import optimize as opt
import sd_models as sd
from optimize.pages.payload import Payload
from optimize.pages.subject import Subject, subject_of
from sd_models.system.model import System

__all__ = ["axe", "browser", "page"]

LEVERS = [{"variable": "spending", "upper": 2.0, "ramp": {"relative": 0.5, "absolute": 0.1}}, {"variable": "tax rate"}]


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    """The islands."""
    path = tmp_path_factory.mktemp("islands") / "islands.mdl"
    path.write_text(islands.MODEL, encoding="utf-8")
    return sd.load(path)


@pytest.fixture(scope="session")
def plan() -> opt.Plan:
    """Spending and a tax over four years."""
    return opt.read_plan(islands.small_plan(lever=LEVERS))


@pytest.fixture(scope="session")
def subject(system: System, plan: opt.Plan) -> Subject:
    """The islands with that plan."""
    return subject_of(system, plan)


@pytest.fixture
def payload(subject: Subject) -> Payload:
    """Their page as data."""
    return Payload(subject)
