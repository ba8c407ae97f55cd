"""Files and folders are there whole or not at all; what killed processes left is cleared, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from optimize.files import placement
from optimize.files.placement import (
    check_folder,
    check_new_folder,
    check_target,
    in_second_place,
    shortened,
    write_folder_whole,
    write_whole,
)
from sd_models.errors import InvalidRequest

HOLDING = """
import sys, time
from pathlib import Path
from optimize.files.placement import write_folder_whole

def save(folder):
    (folder / "half.txt").write_text("half")
    print("begun", flush=True)
    time.sleep(60)

write_folder_whole(Path(sys.argv[1]), save)
"""


def filled(folder: Path) -> None:
    """A folder with a file."""
    (folder / "file.txt").write_text("whole")


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def aged(path: Path, seconds: float) -> Path:
    """The file or folder as if it had been left so long ago."""
    os.utime(path, (time.time() - seconds,) * 2)
    return path


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("NetCDF: HDF error"), ValueError(), MemoryError()]
)
def test_whatever_fails_is_told_and_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    """Libraries raise what they like: a full disk is a RuntimeError in NetCDF."""

    def failing(path: Path) -> None:
        (path / "half" if path.is_dir() else path).write_text("half")
        raise error

    with pytest.raises(InvalidRequest, match=r"run: cannot be written: .*Is there space"):
        write_folder_whole(tmp_path / "run", failing)
    with pytest.raises(InvalidRequest, match=r"run.csv: cannot be written: .*Is there space"):
        write_whole(tmp_path / "run.csv", failing)
    assert names(tmp_path) == []


def test_files_folders_and_what_holds_them_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut after the rename loses nothing, the folders included that were made on the way."""
    synced = []
    monkeypatch.setattr(placement, "_sync", lambda path: synced.append(path))
    write_folder_whole(tmp_path / "runs" / "new" / "run", filled)
    assert [path.name for path in synced[:1]] == ["file.txt"]
    assert {tmp_path / "runs" / "new", tmp_path / "runs", tmp_path} <= set(synced)
    synced.clear()
    write_whole(tmp_path / "run.csv", lambda path: path.write_text("whole"))
    assert synced[1:] == [tmp_path]


@pytest.mark.parametrize("target", ["there", "missing"])
def test_links_are_refused_before_the_work(tmp_path: Path, target: str) -> None:
    """They would be replaced, and nothing written to where they lead; a folder to write files into may be one."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    with pytest.raises(InvalidRequest, match="is a link"):
        check_new_folder(link)
    (tmp_path / "link.csv").symlink_to(tmp_path / "run.csv")
    with pytest.raises(InvalidRequest, match="is a link"):
        check_target(tmp_path / "link.csv", (".csv",))
    if target == "there":
        check_folder(link)
        check_new_folder(link / "run")  # on the way there it is followed


def test_a_link_that_appears_in_between_leads_nowhere(tmp_path: Path) -> None:
    """Nothing is written to where it leads."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        write_folder_whole(tmp_path / "run", filled)
    assert names(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("name", [".", "..", "x" * 256, "省" * 86], ids=["here", "above", "long", "long in bytes"])
def test_names_that_no_folder_can_have_are_refused_before_the_work(name: str) -> None:
    """With what is wrong."""
    with pytest.raises(InvalidRequest, match=r"names no new file|has a name of 25\d bytes"):
        check_new_folder(Path(name))


@pytest.mark.parametrize("name", ["x" * 255, "省" * 85], ids=["letters", "bytes"])
def test_names_of_full_length_are_written(tmp_path: Path, name: str) -> None:
    """Temporary names are shorter."""
    check_new_folder(tmp_path / name)
    write_folder_whole(tmp_path / name, filled)
    assert names(tmp_path) == [name]


def test_long_and_odd_names_are_shortened() -> None:
    """Whole letters are cut off, and what a disk does not take."""
    assert shortened("省" * 200, 10) == "省省省"
    assert shortened("a/../b\\c:\0\n") == "a_.._b_c___"
    assert shortened("..") == "unnamed"


def test_a_second_place_is_private_and_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the temporary files, under the same name; where that fails too nothing is left there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = in_second_place(Path("runs/mine"), lambda place: write_folder_whole(place, filled))
    assert (place.name, names(place)) == ("mine", ["file.txt"])
    assert place.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(InvalidRequest):
        in_second_place(Path("runs/mine"), lambda place: write_folder_whole(place / "x" / "\0", filled))
    assert names(tmp_path) == [place.parent.name]


# --- what killed processes left behind --------------------------------------------------------------------------------


def left_by_a_killed_process(folder: Path) -> Path:
    """The temporary folder of a process that was killed while it saved."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, folder / "run"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        (temporary,) = folder.iterdir()
        aged(temporary, 2 * placement.MINUTE)
        write_folder_whole(folder / "first", filled)
        assert temporary.exists()  # somebody works on it
        process.send_signal(signal.SIGKILL)
    return temporary


def test_what_a_killed_process_left_is_cleared_by_the_next_save(tmp_path: Path) -> None:
    """As soon as the process is gone, and not before."""
    temporary = left_by_a_killed_process(tmp_path)
    assert temporary.exists()
    write_folder_whole(tmp_path / "second", filled)
    assert names(tmp_path) == ["first", "second"]


def test_nothing_else_is_cleared(tmp_path: Path) -> None:
    """Not what others made, nor what is new, nor where a link leads."""
    mark = "prosperity-" + "0" * 32
    kept = [".hidden", f".run-{'0' * 32}", f"run.{mark}", f".run.{mark}-more", ".run.prosperity-0"]
    for name in kept:
        aged_folder = tmp_path / name
        aged_folder.mkdir()
        aged(aged_folder, 10 * placement.DAY)
    (tmp_path / f".new.{mark}").mkdir()
    (tmp_path / f".new.{mark}.csv").write_text("half")
    (tmp_path / f".link.{mark}").symlink_to(tmp_path / ".hidden")
    os.mkfifo(tmp_path / f".pipe.{mark}")
    before = names(tmp_path)
    write_whole(tmp_path / "run.csv", lambda path: path.write_text("whole"))
    assert names(tmp_path) == sorted([*before, "run.csv"])


def test_files_that_are_a_day_old_are_cleared(tmp_path: Path) -> None:
    """They have no lock."""
    left = tmp_path / f".run.prosperity-{'0' * 32}.csv"
    left.write_text("half")
    aged(left, 2 * placement.DAY)
    write_whole(tmp_path / "run.csv", lambda path: path.write_text("whole"))
    assert names(tmp_path) == ["run.csv"]
