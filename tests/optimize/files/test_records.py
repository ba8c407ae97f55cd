"""Tables with known columns: every fault is told at once, with its line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from optimize.files.records import read_records
from sd_models.errors import InvalidRequest


def written(folder: Path, text: str) -> Path:
    """A table of that text."""
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_read_by_column(tmp_path: Path) -> None:
    """In any order of columns, without blanks, empty rows and the case of headers; an optional column may lack."""
    (one, two) = read_records(written(tmp_path, "b , A\n x,1 \n,\n\ny,z\n"), ("a", "b"), ("c",))
    assert (one["a"], one["b"], one["c"], one.line) == ("1", "x", "", 2)
    assert (one.number("a"), math.isnan(two.number("a")), two.line) == (1.0, True, 5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["table.csv: is empty. The first row names the columns: name, value, note."]),
        (
            "name,valeu\n",
            ["table.csv:1: there is no column 'valeu'. Did you mean 'value'?", "lacks the column 'value'"],
        ),
        ("name,value,name\n", ["table.csv:1: two columns are called 'name'."]),
        ("name,value\na\nb,1,2\n", ["table.csv:2: the row has 1 cells, the header 2.", "table.csv:3: the row has 3"]),
    ],
)
def test_what_is_wrong_is_told_at_once(text: str, found: list[str], tmp_path: Path) -> None:
    """With the file, the line, and the names that there are."""
    with pytest.raises(InvalidRequest) as caught:
        read_records(written(tmp_path, text), ("name", "value"), ("note",))
    assert len(caught.value.faults) == len(found)
    for fault, expected in zip(caught.value.faults, found, strict=True):
        assert expected in str(fault)


def test_cells_that_must_be_filled_are_faults(tmp_path: Path) -> None:
    """One for each."""
    (record,) = read_records(written(tmp_path, "name,value\n,1\n"), ("name", "value"))
    assert [str(fault) for fault in record.empty(("name", "value"))] == ["table.csv:2: 'name' is empty. Fill it in."]
