"""Fixtures of calibration: a folder with the small model, its system, and what to fit to what."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fish import FISH, LAKES, SINGLE, TRUE, write_observations

import sd_models as sd
from sd_models.system.model import System


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own with the model and its numbers."""
    (tmp_path / "numbers").mkdir()
    (tmp_path / "fish.mdl").write_text(FISH, encoding="utf-8")
    (tmp_path / "numbers" / "lakes.csv").write_bytes(LAKES.encode())
    (tmp_path / "numbers" / "single.csv").write_text(SINGLE, encoding="utf-8")
    write_observations(tmp_path / "observed.csv", sd.load(tmp_path / "fish.mdl"), TRUE)
    return tmp_path


@pytest.fixture
def system(folder: Path) -> System:
    """The model, loaded."""
    return sd.load(folder / "fish.mdl")


@pytest.fixture
def content() -> dict[str, object]:
    """A calibration that can find the true values."""
    return {
        "data": "observed.csv",
        "window": {"from": 0, "to": 20},
        "parameter": [
            {"name": "growth rate", "store": {"file": "numbers/single.csv", "row": "growth rate", "column": "value"}},
            {"name": "capacity", "store": {"file": "numbers/lakes.csv"}},
            {"name": "first fish", "store": {"file": "numbers/lakes.csv", "column": "first fish"}},
        ],
        "series": [{"variable": "fish", "total": "sum"}],
    }
