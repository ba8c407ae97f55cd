"""The model of `support.tables`, with tables beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tables import MODEL, Tables

import sd_models as sd
from sd_models.system.model import System


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """The model, loaded, with the tables of these texts beside it."""

    def write(**texts: str) -> System:
        (tmp_path / "model.mdl").write_text(MODEL, encoding="utf-8")
        for name, text in texts.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return sd.load(tmp_path / "model.mdl")

    return write
