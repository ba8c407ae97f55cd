"""Kernels on disk: used again, never trusted blindly, never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sd_models.targets.native import store

NAME, CODE = "a" * 64, b"machine code"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of kernels of a user."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    return tmp_path / "kernels"


def test_what_was_saved_is_loaded(folder: Path) -> None:
    """In a folder that only the user may read or write."""
    assert store.load(NAME) is None
    store.save(NAME, CODE)
    assert store.load(NAME) == CODE
    assert [path.name for path in folder.iterdir()] == [NAME]
    assert not folder.stat().st_mode & 0o077


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 32 + CODE])
def test_a_file_that_is_not_what_was_written_does_not_count(folder: Path, content: bytes) -> None:
    """Cut off, or changed."""
    store.save(NAME, CODE)
    (folder / NAME).write_bytes(content)
    assert store.load(NAME) is None


def test_files_that_were_swapped_do_not_count(folder: Path) -> None:
    """Each is what was written, under another name."""
    other = "b" * 64
    store.save(NAME, CODE)
    store.save(other, b"other code")
    (folder / NAME).rename(folder / "aside")
    (folder / other).rename(folder / NAME)
    (folder / "aside").rename(folder / other)
    assert store.load(NAME) is store.load(other) is None


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_where_others_may_write_does_not_count(folder: Path, mode: int) -> None:
    """Somebody else might have put code there; nothing is written there either."""
    store.save(NAME, CODE)
    folder.chmod(mode)
    assert store.load(NAME) is None
    store.save("b" * 64, CODE)
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_a_file_that_others_may_write_or_a_link_does_not_count(folder: Path, tmp_path: Path) -> None:
    """Wherever the link goes."""
    store.save(NAME, CODE)
    (folder / NAME).chmod(0o666)
    assert store.load(NAME) is None
    (folder / NAME).chmod(0o600)
    (folder / NAME).rename(tmp_path / "elsewhere")
    (folder / NAME).symlink_to(tmp_path / "elsewhere")
    assert store.load(NAME) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_file_does_not_count(folder: Path) -> None:
    """A pipe, on which reading would wait for ever, and a folder."""
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / NAME, 0o600)
    (folder / ("b" * 64)).mkdir(mode=0o700)
    assert store.load(NAME) is None
    assert store.load("b" * 64) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files here have no owner by number")
def test_a_file_of_somebody_else_does_not_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with the right content."""
    store.save(NAME, CODE)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert store.load(NAME) is None


def test_files_used_longest_ago_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder does not grow without end."""
    monkeypatch.setattr(store, "MOST_FILES", 2)
    for i, name in enumerate("abc"):
        store.save(name * 64, CODE)
        os.utime(folder / (name * 64), (i, i))
    assert store.load("b" * 64) == CODE
    store.save("d" * 64, CODE)
    assert {path.name[0] for path in folder.iterdir()} == {"b", "d"}


def test_a_disk_that_takes_nothing_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file where the folder should be; no folder wished for at all."""
    (tmp_path / "file").write_text("in the way")
    for chosen in (str(tmp_path / "file"), ""):
        monkeypatch.setenv(store.VARIABLE, chosen)
        store.save(NAME, CODE)
        assert store.load(NAME) is None


def test_other_code_compilers_or_processors_have_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody runs what was made for another machine."""
    first = store.name_of("code")
    assert first != store.name_of("other code")
    monkeypatch.setattr(store, "signature", lambda: "another processor")
    assert first != store.name_of("code")
