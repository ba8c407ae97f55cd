"""Files and folders are there whole or not at all; what killed processes left is cleared, and nothing else."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
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
from sd_models.errors import Fault, InvalidRequest

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


ANOTHER = "Choose another folder."
REFUSED = {
    "target is a folder": (check_target, "folder.csv", "is a folder. Name a file."),
    "target is a link": (
        check_target,
        "link.csv",
        "is a link, in whose place a file would be put, and nothing where it leads. "
        "Name the file to which it leads, or a new one.",
    ),
    "other ending": (
        check_target,
        "run.TXT",
        "files ending in '.TXT' are not written. Give it one of the endings .nc, .csv.",
    ),
    "no folder for the target": (check_target, "no/run.csv", "its folder does not exist. Create the folder first."),
    "target in a file": (check_target, "file/run.csv", "its folder does not exist. Create the folder first."),
    "target in a locked folder": (check_target, "locked/run.csv", f"its folder cannot be written to. {ANOTHER}"),
    "folder is a file": (check_folder, "file", "is a file. Name a folder."),
    "no folder for the folder": (check_folder, "no/run", "its folder does not exist. Create the folder first."),
    "folder is locked": (check_folder, "locked", f"cannot be written to. {ANOTHER}"),
    "folder in a locked one": (check_folder, "locked/run", f"cannot be written to. {ANOTHER}"),
    "new folder is a file": (
        check_new_folder,
        "file",
        "exists already. Name a new folder; results are never written over.",
    ),
    "new folder is full": (check_new_folder, ".", "exists already. Name a new folder; results are never written over."),
    "new folder in a file": (check_new_folder, "file/run", f"cannot be created. {ANOTHER}"),
    "new folder in a locked one": (check_new_folder, "locked/a/run", f"cannot be created. {ANOTHER}"),
    "new folder is a link": (
        check_new_folder,
        "link.csv",
        "is a link, in whose place a folder would be put, and nothing where it leads. "
        "Name the folder to which it leads, or a new one.",
    ),
    "new folder is the one above": (check_new_folder, "..", "names no new file or folder. Give it a name."),
    "target is the one above": (check_target, "..", "names no new file or folder. Give it a name."),
}


@pytest.mark.parametrize(("check", "name", "told"), REFUSED.values(), ids=REFUSED)
def test_what_could_not_be_written_is_told_before_the_work(
    check: Callable[..., None], name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the path, what is there, and what to do; a folder that may not be written to counts as locked."""
    home = tmp_path / "home"
    for folder in ("folder.csv", "locked"):
        (home / folder).mkdir(parents=True)
    (home / "file").write_text("there")
    (home / "link.csv").symlink_to("folder.csv" if check is check_new_folder else "file")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked" and allowed(path, mode))
    with pytest.raises(InvalidRequest) as caught:
        check(home / name, *(((".nc", ".csv"),) if check is check_target else ()))
    assert str(caught.value) == f"{home / name}: {told}"


@pytest.mark.parametrize("check", [check_folder, check_new_folder, lambda path: check_target(path, ("",))])
def test_a_name_that_is_too_long_is_told_by_its_beginning(check: Callable[[Path], None], tmp_path: Path) -> None:
    """The longest part of the path."""
    name = "a" * 256
    with pytest.raises(InvalidRequest) as caught:
        check(tmp_path / name / "run")
    assert str(caught.value) == (
        f"{name[:40]}...: has a name of 256 bytes; at most 255 can be written. Choose a shorter name."
    )


def test_folders_that_can_be_written_are_accepted(tmp_path: Path) -> None:
    """One that is there, one to be, one to be in folders to be; a new one may be there if it is empty."""
    (tmp_path / "there").mkdir()
    check_folder(Path())
    for name in ("there", "new"):
        check_folder(tmp_path / name)
        check_new_folder(tmp_path / name)
        check_target(tmp_path / f"{name}.NC", (".nc",))
    check_new_folder(tmp_path / "a" / "b" / "run")
    assert names(tmp_path) == ["there"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (RuntimeError("NetCDF:\n HDF  error."), "NetCDF: HDF error"),
        (ValueError(), "ValueError"),
    ],
)
def test_why_something_cannot_be_written_is_told_in_one_line(tmp_path: Path, error: Exception, reason: str) -> None:
    """In the words of the system, or of the library, or else by the kind of the error, which stays its cause."""

    def failing(path: Path) -> None:
        raise error

    with pytest.raises(InvalidRequest) as caught:
        write_whole(tmp_path / "run.csv", failing)
    path = tmp_path / "run.csv"
    assert str(caught.value) == f"{path}: cannot be written: {reason}. Is there space, and may you write there?"
    assert caught.value.__cause__ is error


def test_what_is_wrong_with_a_request_is_told_as_it_is(tmp_path: Path) -> None:
    """Not as something that cannot be written."""
    refusal = InvalidRequest(Fault("is not right."))

    def refusing(path: Path) -> None:
        raise refusal

    with pytest.raises(InvalidRequest) as caught:
        write_folder_whole(tmp_path / "run", refusing)
    assert caught.value is refusal


@pytest.mark.parametrize(("number", "is_told"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_a_disk_that_cannot_sync_is_written_to(
    number: int, is_told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that tried and failed is told, and no file stays open."""

    def fails(descriptor: int) -> None:
        opened.append(descriptor)
        raise OSError(number, "not so")

    opened: list[int] = []
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(InvalidRequest, match="not so") if is_told else nullcontext():
        write_whole(tmp_path / "run.csv", lambda path: path.write_text("whole"))
    assert names(tmp_path) == ([] if is_told else ["run.csv"])
    for descriptor in opened:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_temporary_name_has_the_ending_of_the_file(tmp_path: Path) -> None:
    """By which Matplotlib and NetCDF know what to write; it is hidden, and ours."""
    seen: list[str] = []

    def save(path: Path) -> None:
        seen.append(path.name)
        path.write_text("whole")

    write_whole(tmp_path / ("x" * 50 + ".csv"), save)
    assert re.fullmatch(r"\.x{40}\.prosperity-[0-9a-f]{32}\.csv", seen[0])
    assert placement.OURS.fullmatch(seen[0])


def test_long_and_odd_names_are_shortened() -> None:
    """Whole letters are cut off, and what a disk does not take."""
    assert shortened("省" * 200, 10) == "省省省"
    assert shortened("a/../b\\c:\0\n") == "a_.._b_c___"
    assert shortened("..") == "unnamed"
    assert shortened(" XaX. ") == "XaX"
    assert shortened("\0/:*?|") == "______"


def test_a_second_place_is_private_and_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among the temporary files, under the same name; where that fails too nothing is left there."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = in_second_place(Path("runs/mine"), lambda place: write_folder_whole(place, filled))
    assert (place.name, names(place)) == ("mine", ["file.txt"])
    assert place.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(InvalidRequest):
        in_second_place(Path("runs/mine"), lambda place: write_folder_whole(place / "x" / "\0", filled))
    assert names(tmp_path) == [place.parent.name]
    assert place.parent.name.startswith("prosperity-")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(
        InvalidRequest, match=f"^{re.escape(str(tmp_path / 'missing'))}: cannot be written: No such file"
    ):
        in_second_place(Path("runs/mine"), filled)


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


@pytest.mark.parametrize(
    ("name", "seconds", "stays"),
    [
        ("file.csv", placement.DAY - 60, True),
        ("file.csv", placement.DAY + 60, False),
        ("folder", placement.MINUTE - 20, True),
        ("folder", placement.MINUTE + 20, False),
    ],
)
def test_what_is_left_is_cleared_by_its_age(name: str, seconds: float, stays: bool, tmp_path: Path) -> None:
    """A file after a day, a folder that nobody holds after a minute."""
    stem, _, ending = name.partition(".")
    left = tmp_path / f".{stem}.prosperity-{'0' * 32}{ending and '.' + ending}"
    left.write_text("half") if ending else left.mkdir()
    aged(left, seconds)
    placement.clear(tmp_path)
    assert left.exists() == stays


@pytest.mark.parametrize(("seconds", "stays"), [(2 * placement.MINUTE, True), (2 * placement.DAY, False)])
def test_without_locks_a_folder_has_to_be_a_day_old(
    seconds: float, stays: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is written nevertheless."""

    def fails(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(placement.fcntl, "flock", fails)
    left = tmp_path / f".run.prosperity-{'0' * 32}"
    left.mkdir()
    aged(left, seconds)
    write_folder_whole(tmp_path / "run", filled)
    assert left.exists() == stays
    assert names(tmp_path / "run") == ["file.txt"]


def test_what_belongs_to_somebody_else_is_not_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However old it is."""
    left = tmp_path / f".run.prosperity-{'0' * 32}.csv"
    left.write_text("half")
    aged(left, 2 * placement.DAY)
    monkeypatch.setattr(os, "getuid", lambda: left.stat().st_uid + 1)
    placement.clear(tmp_path)
    assert left.exists()


def test_files_that_are_a_day_old_are_cleared(tmp_path: Path) -> None:
    """They have no lock."""
    left = tmp_path / f".run.prosperity-{'0' * 32}.csv"
    left.write_text("half")
    aged(left, 2 * placement.DAY)
    write_whole(tmp_path / "run.csv", lambda path: path.write_text("whole"))
    assert names(tmp_path) == ["run.csv"]
