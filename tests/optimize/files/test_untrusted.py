"""Files of strangers are regular, of bounded size, and declare no more than can be loaded."""

from __future__ import annotations

import json
import os
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from optimize.files import untrusted
from optimize.files.untrusted import check_arrays, check_regular, read_json, read_regular
from sd_models.errors import InvalidRequest


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder", "device", "missing"])
def test_nothing_but_regular_files_is_opened(tmp_path: Path, kind: str) -> None:
    """At once: a pipe under the name of a file would be waited for without end."""
    path = tmp_path / "result.json"
    (tmp_path / "there").write_text("{}")
    if "link" in kind:
        path.symlink_to(tmp_path / ("there" if kind == "link" else "nowhere"))
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "folder":
        path.mkdir()
    path = Path("/dev/zero") if kind == "device" else path
    with pytest.raises(InvalidRequest, match=r"is a link|is not a regular file|cannot be read"):
        read_regular(path, 100)


def test_large_files_are_refused_by_what_they_say_and_by_what_they_give(tmp_path: Path) -> None:
    """Sparse files are small on the disk only."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(InvalidRequest, match="larger than 1,000 bytes"):
        check_regular(path, 1_000)
    path.write_bytes(b"x" * 1_000)
    assert read_regular(path, 1_000) == b"x" * 1_000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[" * 100_000, "is not a JSON file"),
        ('{"a": ' * 100_000, "is not a JSON file"),
        ('{"a":' + "[" * 60 + "]" * 60 + "}", "lists in lists without end"),
        ("[1]", "is not a JSON object"),
        ("\xff", "is not a JSON file"),
        ('{"a": ' + "9" * 10_000 + "}", "is not a JSON file"),
    ],
    ids=["lists", "objects", "deep", "list", "letters", "digits"],
)
def test_strange_json_is_refused(tmp_path: Path, text: str, found: str) -> None:
    """Too deep, too long a number, no text, no object."""
    path = tmp_path / "result.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidRequest, match=found):
        read_json(path)


def test_json_is_read(tmp_path: Path) -> None:
    """As it is."""
    content = {"a": [1, {"b": None}]}
    (tmp_path / "x.json").write_text(json.dumps(content))
    assert read_json(tmp_path / "x.json") == content


# --- NetCDF -----------------------------------------------------------------------------------------------------------


def declared(path: Path, *sizes: int, chunk: tuple[int, ...] | None = None, groups: int = 0) -> Path:
    """A small file that declares a variable of this shape, or one in each of so many groups."""
    with netCDF4.Dataset(path, "w") as file:
        for group in [file.createGroup(f"g{i}") for i in range(groups)] or [file]:
            for i, size in enumerate(sizes):
                group.createDimension(f"d{i}", size)
            names = tuple(f"d{i}" for i in range(len(sizes)))
            group.createVariable("x", "f8", names, zlib=chunk is not None, chunksizes=chunk)
    return path


def test_what_files_declare_is_added_up_before_it_is_loaded(tmp_path: Path) -> None:
    """In a file, in its groups, in files beside each other; and in the pieces that it is unpacked in."""
    small = declared(tmp_path / "small.nc", 10, 10)
    check_arrays([small])
    for name, files in {
        "one": [declared(tmp_path / "one.nc", 300_000_000, chunk=(1_000,))],
        "product": [declared(tmp_path / "product.nc", 20_000, 20_000, chunk=(10, 10))],
        "groups": [declared(tmp_path / "groups.nc", 100_000_000, chunk=(1_000,), groups=3)],
        "files": [small, *(declared(tmp_path / f"f{i}.nc", 90_000_000, chunk=(1_000,)) for i in range(3))],
    }.items():
        assert sum(path.stat().st_size for path in files) < 200_000, name
        with pytest.raises(InvalidRequest, match="declares more than 200,000,000 numbers"):
            check_arrays(files)


def test_pieces_larger_than_what_they_hold_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter unpacks a whole piece for a single number."""
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("d", None)
        file.createVariable("x", "f8", ("d",), zlib=True, chunksizes=(1_000_000,))[0] = 1.0
    monkeypatch.setattr(untrusted, "NUMBERS", 999_999)
    with pytest.raises(InvalidRequest, match="declares more than"):
        check_arrays([tmp_path / "x.nc"])


def test_types_of_ones_own_are_refused(tmp_path: Path) -> None:
    """Numbers and texts are all that a result holds."""
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("d", 1)
        file.createVariable("x", file.createVLType(np.float64, "many"), ("d",))
    with pytest.raises(InvalidRequest, match="holds neither numbers nor texts"):
        check_arrays([tmp_path / "x.nc"])
    (tmp_path / "y.nc").write_bytes(b"nothing")
    with pytest.raises(InvalidRequest, match="is not a NetCDF file"):
        check_arrays([tmp_path / "y.nc"])
