"""What the tests of the stages share: models written as text, and the faults that they meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import sd_models as sd
from sd_models.errors import Fault, ModelError
from sd_models.system.model import System

CONTROLS = """
INITIAL TIME = 0 ~~|
FINAL TIME = 4 ~~|
TIME STEP = 0.5 ~~|
SAVEPER = TIME STEP ~~|
"""


def written(folder: Path, text: str, *, controls: str = CONTROLS) -> Path:
    """A Vensim file `case.mdl` with these equations, the first of them on line 1."""
    path = folder / "case.mdl"
    path.write_text(f"{text.strip()}\n{controls.lstrip()}", encoding="utf-8")
    return path


def loaded(folder: Path, text: str, *, controls: str = CONTROLS, data: Iterable[str | Path] = ()) -> System:
    """The system of a Vensim file with these equations."""
    return sd.load(written(folder, text, controls=controls), data=data)


def faults(expected: type[ModelError], action: Callable[[], object]) -> tuple[Fault, ...]:
    """The faults that an action raises, in an error of exactly that class."""
    with pytest.raises(ModelError) as caught:
        action()
    assert type(caught.value) is expected, caught.value
    return caught.value.faults
