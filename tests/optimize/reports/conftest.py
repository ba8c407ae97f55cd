"""Reports are tested on two valleys, whose best policy is known by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import valleys
from support.accessibility import axe
from support.browser import browser, page

import optimize as opt

__all__ = ["axe", "browser", "page"]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The valleys as a file, with headlines and names."""
    return valleys.written(tmp_path_factory.mktemp("valleys"))


@pytest.fixture(scope="session")
def result(model: Path) -> opt.Result:
    """Their best policy, replayed in PySD."""
    return opt.verify(valleys.solved(model))
