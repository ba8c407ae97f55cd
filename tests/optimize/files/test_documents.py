"""TOML files are read strictly, and everything that is wrong with one is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from optimize.files.documents import Document, document_of, read_document
from sd_models.errors import InvalidRequest


class Entry(Document):
    """An entry of a list."""

    name: str
    lower: float | None = None
    transform: Literal["level", "log"] = "log"


class Whole(Document):
    """A whole file."""

    entry: tuple[Entry, ...]
    seed: int = 1


def told(content: dict[str, object]) -> list[str]:
    """The faults of a content."""
    with pytest.raises(InvalidRequest) as raised:
        document_of(content, Whole, file="plan.toml")
    return [str(fault) for fault in raised.value.faults]


def test_a_file_becomes_a_value(tmp_path: Path) -> None:
    """Lists become tuples, whole numbers floats where floats are expected."""
    path = tmp_path / "plan.toml"
    path.write_text('seed = 3\n[[entry]]\nname = "mobility"\nlower = 1\n', encoding="utf-8")
    assert read_document(path, Whole) == Whole(entry=(Entry(name="mobility", lower=1.0),), seed=3)


def test_every_fault_is_told_at_once_with_its_place() -> None:
    """Unknown keys with the nearest one, missing keys, wrong types, numbers that are none, and words that are none."""
    content = {
        "entry": [
            {"name": "mobility", "lowr": 1},
            {"lower": float("nan")},
            {"name": "openness", "transform": "lgo", "lower": "x"},
        ],
        "sed": 1,
        "seed": "1",
    }
    faults = "\n".join(told(content))
    for text in (
        "plan.toml, \"entry 'mobility'\": there is no key 'lowr'. Did you mean 'lower'?",
        "plan.toml, \"entry 2\": the key 'name' is missing.",
        "entry 2, lower",
        "expected a finite number",
        "found 'lgo'; expected 'level' or 'log'. Did you mean 'log'?",
        "found 'x'; expected a number.",
        "plan.toml: there is no key 'sed'. Did you mean 'seed'?",
        "found '1'; expected a whole number.",
    ):
        assert text in faults
    assert len(told(content)) == 7


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"seed = ", "is not a TOML file"),
        (b"\xff\xfe", "is not a TOML file"),
        (b"[" * 100_000, "is not a TOML file"),
        (b"a = " + b"[" * 100_000, "is not a TOML file"),
    ],
)
def test_what_is_no_toml_is_refused(content: bytes, text: str, tmp_path: Path) -> None:
    """With the file's name."""
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match=text):
        read_document(path, Whole)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """Each in its own words."""
    with pytest.raises(InvalidRequest, match="no such file"):
        read_document(tmp_path / "none.toml", Whole)
    with pytest.raises(InvalidRequest, match="not a regular file"):
        read_document(tmp_path, Whole)
